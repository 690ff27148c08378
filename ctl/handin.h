/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Handing documents in: each is copied into the daemon's incoming folder and submitted; up to
 * CLIENT_UNANSWERED_MAX are on their way at a time.
 */
#ifndef EBB_CTL_HANDIN_H
#define EBB_CTL_HANDIN_H

#include <stdint.h>

#include "common/uuid.h"
#include "ctl/params.h"
#include "ctl/session.h"
#include "ctl/sources.h"

struct handin {
    struct session *session;
    const struct sources *sources;
    const char *state_folder;    /* the daemon's */
    const struct params *params; /* NULL: none */
    uint64_t priority;           /* 0 to 9 */
    /* A document is the daemon's now; index into sources. Must not call the client. */
    void (*accepted)(void *user, size_t index, const char job_id[UUID_TEXT_BYTES]);
    /* Called after each document; must not call the client either. May be NULL. */
    void (*pause)(void *user);
    void *user;
};

#define HANDIN_PRIORITY_DEFAULT 5U

/* A document that is refused is reported and the others go on: CTL_EXIT_FAILED at the end then.
 * CTL_EXIT_NO_DAEMON or 128 + signal when it could not go on. ret_accepted: how many were. */
enum ctl_exit handin_all(const struct handin *handin, size_t *ret_accepted);

#endif
