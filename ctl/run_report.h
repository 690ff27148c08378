/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What `ebb run` says at its end: how each document fared, and what that cost.
 */
#ifndef EBB_CTL_RUN_REPORT_H
#define EBB_CTL_RUN_REPORT_H

#include <stdbool.h>

#include "ctl/session.h"
#include "ctl/watch.h"

struct run_report {
    struct session *session;
    const struct watch *watch;
    uint64_t rss_before_bytes, rss_after_bytes; /* the supervisor's; 0 where it did not say */
    uint64_t started_wall_ms;
    bool json; /* one object a document (API.md, "ebb run --json"), one a line */
};

/* The resident memory of the daemon itself. */
enum ctl_exit run_report_rss(struct session *session, uint64_t *ret_rss_bytes);
/* Of the jobs that have ended, to standard output. */
enum ctl_exit run_report_print(const struct run_report *report);

#endif
