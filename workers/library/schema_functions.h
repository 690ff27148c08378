/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a migration asks of C: functions that SQL has not.
 */
#ifndef EBB_WORKERS_LIBRARY_SCHEMA_FUNCTIONS_H
#define EBB_WORKERS_LIBRARY_SCHEMA_FUNCTIONS_H

#include <sqlite3.h>

#include "common/error.h"

/* ebb_chunk_id(sha256, ordinal): the chunk's UUIDv5 as text. ebb_text_sha256(text): SHA-256 in hex
 * of the text with runs of white space folded to a space. */
int schema_functions_add(sqlite3 *db, struct error *err);

#endif
