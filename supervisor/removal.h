/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Taking a job away with all it made: its rows in the library (unless only its retention is over),
 * its folder, its rows in state.db. Every step may be repeated, so a removal that a crash cut
 * short is simply asked for again.
 */
#ifndef EBB_SUPERVISOR_REMOVAL_H
#define EBB_SUPERVISOR_REMOVAL_H

#include <stdbool.h>
#include <uv.h>

#include "common/error.h"
#include "common/uuid.h"

struct supervisor;

typedef void (*removal_done_cb)(void *user, const struct error *err);

/* Before the first removal, at start-up: makes the thread that folders are removed on. Later libuv
 * would end the process when no thread can be made. */
int removal_prepare(uv_loop_t *loop, struct error *err);
/* A job in work is cancelled first. done may be NULL. ERROR_NOT_FOUND comes through done. */
int removal_start(struct supervisor *supervisor, const struct uuid *job, bool keep_library,
                  removal_done_cb done, void *user, struct error *err);
bool removal_under_way(const struct supervisor *supervisor, const struct uuid *job);
/* Removes the jobs whose retention is over, keeping what they put into the library. */
void removal_expired(struct supervisor *supervisor);

#endif
