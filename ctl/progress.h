/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How the work goes, on standard error: drawn in place on a terminal, else a line at the end of
 * each stage.
 */
#ifndef EBB_CTL_PROGRESS_H
#define EBB_CTL_PROGRESS_H

#include "ctl/live.h"
#include "ctl/watch.h"

enum progress_mode {
    PROGRESS_NONE,
    PROGRESS_LINES, /* ends of stages and jobs, as they come */
    PROGRESS_LIVE,
};

struct progress {
    enum progress_mode mode;
    struct live live;
    uint64_t drawn_ms;
    size_t expected; /* documents, while they are still being handed in; 0 when all are known */
};

/* Which is right for standard error, as --quiet and --json ask. */
enum progress_mode progress_choose(bool quiet, bool json);

void progress_init(struct progress *progress, enum progress_mode mode);
void progress_deinit(struct progress *progress);
/* Takes what is drawn off the terminal. */
void progress_clear(struct progress *progress);

/* For watch.show: draws at most ten times a second. */
void progress_show(struct progress *progress, const struct watch *watch);
/* For watch.job_ended. */
void progress_job_ended(struct progress *progress, const struct watch *watch,
                        const struct watch_job *ended, struct value job);

#endif
