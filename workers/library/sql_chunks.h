/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SQL of the library (statement.h): chunks and the full-text index over them, which is to be told
 * of each text that goes.
 */
#ifndef EBB_WORKERS_LIBRARY_SQL_CHUNKS_H
#define EBB_WORKERS_LIBRARY_SQL_CHUNKS_H

#include "workers/library/sql_rows.h"

/* X(SYMBOL, "sql") */
#define SQL_CHUNKS(X)                                                                              \
    X(CHUNK_PUT,                                                                                   \
      "INSERT OR REPLACE INTO chunks(row, id, level, parent, kind, first_page, last_page,"         \
      " headings, heading_levels, joint, overlap_bytes, text, chars, table_ordinal, boxes,"        \
      " sha256, duplicate_of, length_quality, boundary_quality, completeness_quality)"             \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"   \
      " ?19, ?20)")                                                                                \
    X(CHUNK_GET, "SELECT level, text, headings FROM chunks WHERE row=?1")                          \
    X(CHUNKS_LAST, "SELECT max(row) FROM chunks WHERE " STATEMENT_ROWS)                            \
    X(CHUNKS_COUNT, "SELECT count(*), count(nullif(level, 0)) FROM chunks WHERE " STATEMENT_ROWS)  \
    X(CHUNKS_LIST,                                                                                 \
      "SELECT c.id, c.row & 4294967295, c.level, c.parent, c.kind, c.first_page, c.last_page,"     \
      " c.headings, c.text, c.joint, c.overlap_bytes, c.boxes, c.sha256, c.duplicate_of,"          \
      " c.length_quality, c.boundary_quality, c.completeness_quality,"                             \
      " EXISTS(SELECT 1 FROM vectors v JOIN vector_sets s ON s.id=v.row >> 40"                     \
      " WHERE v.target=c.row AND s.kind='text')"                                                   \
      " FROM chunks c WHERE c." STATEMENT_ROWS " ORDER BY c.row")                                  \
    X(CHUNKS_DIGEST,                                                                               \
      "SELECT row & 4294967295, id, level, parent, kind, first_page, last_page, headings,"         \
      " heading_levels, joint, overlap_bytes, text, chars, table_ordinal, boxes, sha256,"          \
      " duplicate_of, length_quality, boundary_quality, completeness_quality"                      \
      " FROM chunks WHERE " STATEMENT_ROWS " ORDER BY row")                                        \
    X(CHUNKS_CUT, "DELETE FROM chunks WHERE row BETWEEN ?1 AND ?2")                                \
    X(CHUNKS_DELETE, "DELETE FROM chunks WHERE " STATEMENT_ROWS)                                   \
    X(FTS_PUT, "INSERT INTO chunks_fts(rowid, text, headings) VALUES(?1, ?2, ?3)")                 \
    X(FTS_DELETE,                                                                                  \
      "INSERT INTO chunks_fts(chunks_fts, rowid, text, headings) VALUES('delete', ?1, ?2, ?3)")    \
    X(FTS_CUT,                                                                                     \
      "INSERT INTO chunks_fts(chunks_fts, rowid, text, headings)"                                  \
      " SELECT 'delete', row, text, headings FROM indexed_chunks WHERE row BETWEEN ?1 AND ?2")     \
    X(FTS_DELETE_DOCUMENT,                                                                         \
      "INSERT INTO chunks_fts(chunks_fts, rowid, text, headings)"                                  \
      " SELECT 'delete', row, text, headings FROM indexed_chunks WHERE " STATEMENT_ROWS)

#endif
