/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A job (PROTOCOL.md, "A job") for people, in parts.
 */
#ifndef EBB_CTL_JOB_VIEW_H
#define EBB_CTL_JOB_VIEW_H

#include <stdio.h>

#include "ctl/exit.h"
#include "proto/value.h"

/* How the jobs' end is told to the caller: failed, with page failures, or well. */
enum ctl_exit job_view_exit(struct value job);
/* "completed", "failed: password_required: …": one line's text, not cleaned. */
void job_view_outcome(struct value job, char *ret_text, size_t size_bytes);

void job_view_fields(FILE *file, struct value job);
/* What was counted in it, in a line. */
void job_view_counts(FILE *file, struct value job);
void job_view_stages(FILE *file, struct value job);
/* Warnings and failed pages, at most max_lines of each. */
void job_view_troubles(FILE *file, struct value job, size_t max_lines);

#endif
