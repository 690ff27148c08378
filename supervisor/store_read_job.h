/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One job with all that it has: the reply to JOB. For store_read.c only.
 */
#ifndef EBB_SUPERVISOR_STORE_READ_JOB_H
#define EBB_SUPERVISOR_STORE_READ_JOB_H

#include <stdbool.h>

#include "common/error.h"

struct store_db;
struct store_op;

/* An operation READ_JOB; see store_db_read. ERROR_NOT_FOUND. */
int store_read_job_row(struct store_db *db, struct store_op *op, bool *ret_more, struct error *err);

#endif
