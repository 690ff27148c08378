/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Jobs on their way in: what a client hands over, and what ebbd gives itself to do.
 */
#ifndef EBB_SUPERVISOR_SUBMIT_H
#define EBB_SUPERVISOR_SUBMIT_H

#include "common/error.h"
#include "common/uuid.h"
#include "proto/message.h"
#include "supervisor/store.h"

struct supervisor;
struct request;

/* SUBMIT: answers once (control.h). */
void submit_handle(struct request *request, const struct message *message);
/* A job that embeds what is owed (owed.h), asked for by nobody. done tells what became of it, with
 * ERROR_EXISTS where one has not ended; on failure of the call itself it is not called. */
int submit_owed(struct supervisor *supervisor, struct uuid *ret_id, store_done_cb done, void *user,
                struct error *err);

#endif
