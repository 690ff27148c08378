/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Results of the library: QUERY, and the file that holds its answer.
 */
#ifndef EBB_CTL_RESULTS_H
#define EBB_CTL_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl/place.h"
#include "ctl/session.h"

struct results_param {
    const char *key;
    const char *value; /* NULL: left out */
};

struct results_query {
    const char *kind;
    const struct results_param *params;
    size_t param_count;
    const char *what; /* for a sentence about a failure: what is asked for, and of what */
    const char *of;
};

/* ret_path: the answer, readable until the session's next query or its end. */
enum ctl_exit results_ask(struct session *session, const struct results_query *query,
                          char ret_path[PLACE_PATH_BYTES]);

/* Copies an answer to standard output, cleaned when that is a terminal. Reports its failures. */
enum ctl_exit results_print(const char *path);
/* Copies it to a file, which appears when it is whole. */
enum ctl_exit results_save(const char *path, const char *to);
/* The same, for its owner's eyes only, and on the disk when it appears. */
enum ctl_exit results_keep(const char *path, const char *to);
/* CTL_EXIT_FAILED, reported, when there is something of that name and no force. */
enum ctl_exit results_may_save(const char *command, const char *to, bool force);

#endif
