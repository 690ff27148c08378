/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The daemon's list of jobs, page by page, and what people type for a job's id.
 */
#ifndef EBB_CTL_JOB_LIST_H
#define EBB_CTL_JOB_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/uuid.h"
#include "ctl/session.h"

/* A short job (PROTOCOL.md); borrowed until it returns. False ends the walk. */
typedef bool (*job_list_cb)(void *user, struct value job);

struct job_list {
    const char *status; /* NULL: all */
    uint64_t limit;     /* jobs at most; UINT64_MAX for all */
    job_list_cb seen;
    void *user;
};

struct job_list_end {
    uint64_t total;                    /* as the daemon counts */
    char next_cursor[UUID_TEXT_BYTES]; /* "" at the end */
};

/* Newest first. seen must not call the client. */
enum ctl_exit job_list_walk(struct session *session, const struct job_list *list,
                            struct job_list_end *ret_end);

/* The id of the one job whose id is text, or begins or ends with it (4 characters at least). */
enum ctl_exit job_list_resolve(struct session *session, const char *text,
                               char ret_id[UUID_TEXT_BYTES]);

#endif
