/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SQL of the library (statement.h): what row numbers made of a document's and an ordinal
 * (schema.c) have in common.
 */
#ifndef EBB_WORKERS_LIBRARY_SQL_ROWS_H
#define EBB_WORKERS_LIBRARY_SQL_ROWS_H

/* Rows of pages, page_records and chunks that belong to document ?1. */
#define STATEMENT_ROWS "row BETWEEN ?1 << 32 AND (?1 << 32) + 4294967295"

#endif
