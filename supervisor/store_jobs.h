/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Jobs as rows of state.db. For the store*.c that speak SQL.
 */
#ifndef EBB_SUPERVISOR_STORE_JOBS_H
#define EBB_SUPERVISOR_STORE_JOBS_H

#include "supervisor/store_sql.h"

/* 1 and its status; 0 when there is no such job. ret_failures may be NULL. */
int store_status_read(struct store_db *db, const struct uuid *job, enum job_status *ret_status,
                      uint64_t *ret_failures, struct error *err);
/* Times of 0 are left as they are. */
int store_status_set(struct store_db *db, const struct uuid *job, enum job_status from,
                     enum job_status to, uint64_t started_ms, uint64_t finished_ms,
                     struct error *err);
/* A statement whose only parameter is the job. ret_changes may be NULL. */
int store_run_for_job(struct store_db *db, enum sql which, const struct uuid *job, int *ret_changes,
                      struct error *err);

/* A unit's state and step as state.db names them. */
const char *store_unit_state_word(uint8_t state);
const char *store_unit_step_word(uint8_t step);

/* Rows of the table in store_write.c. */
int store_write_accept(struct store_db *db, struct store_op *op, struct error *err);
int store_write_take(struct store_db *db, struct store_op *op, struct error *err);
int store_write_resume(struct store_db *db, struct store_op *op, struct error *err);
int store_write_cancel(struct store_db *db, struct store_op *op, struct error *err);
int store_write_delete(struct store_db *db, struct store_op *op, struct error *err);

#endif
