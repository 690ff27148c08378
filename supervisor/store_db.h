/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * state.db as the store's thread sees it: transactions of operations, without a word of SQL.
 * Everything here blocks on the disk and belongs to one thread at a time. For store*.c only.
 */
#ifndef EBB_SUPERVISOR_STORE_DB_H
#define EBB_SUPERVISOR_STORE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "supervisor/store.h"
#include "supervisor/store_op.h"

struct store_db;

/* state_dir and options are borrowed for the life of the database. Errors: store_open. */
int store_db_open(const struct store_options *options, struct store_db **ret_db, struct error *err);
void store_db_close(struct store_db *db);

/* Jobs by status, those of the open transaction included. */
const struct store_counts *store_db_counts(const struct store_db *db);
uint64_t store_db_last_sequence(const struct store_db *db);

/* durable: the commit is on the disk when it returns; else it may be lost with the power, never
 * torn. */
int store_db_begin(struct store_db *db, bool durable, struct error *err);
int store_db_commit(struct store_db *db, struct error *err);
/* Back to before begin, counts too. No-op outside a transaction. */
void store_db_rollback(struct store_db *db);
/* Does a write. -1 with store_db_failing: the whole transaction must be rolled back. -1 without:
 * this operation is refused, its effects are undone, the transaction goes on. */
int store_db_write(struct store_db *db, struct store_op *op, struct error *err);
/* Whether the last error was the disk's or the file's and not the operation's. */
bool store_db_failing(const struct store_db *db);

/* Does a read, outside any transaction, into op's answer. ret_more: it has read its slice and
 * wants to be called again. */
int store_db_read(struct store_db *db, struct store_op *op, bool *ret_more, struct error *err);

/* A slice of keeping house (retention, downsampling), in a transaction of its own; at most some
 * milliseconds. ret_more: there is more to do now. */
int store_db_keep(struct store_db *db, uint64_t now_ms, bool *ret_more, struct error *err);

/* Whether a row of the job is there. */
int store_db_has_job(struct store_db *db, const struct uuid *id, bool *ret_has, struct error *err);

#endif
