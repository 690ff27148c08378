/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The schema of library.db and how older ones become it (docs/library.md, "Tables"). The version
 * is SQLite's user_version; application_id says whose file it is.
 */
#ifndef EBB_WORKERS_LIBRARY_SCHEMA_H
#define EBB_WORKERS_LIBRARY_SCHEMA_H

#include <stdbool.h>

#include <sqlite3.h>

#include "common/error.h"

/* The version that this program reads and writes. */
int schema_version(void);

/* Reads only. ret_empty: a file with nothing in it yet. ERROR_CORRUPT when it is damaged or no
 * database, ERROR_INVALID when it is a database of something else, ERROR_UNSUPPORTED when its
 * schema is newer than ours. */
int schema_check(sqlite3 *db, bool *ret_empty, struct error *err);

/* Brings the database to our version, each step in a transaction of its own: killed between two,
 * it goes on from there the next time. To be called after schema_check. */
int schema_migrate(sqlite3 *db, struct error *err);

#endif
