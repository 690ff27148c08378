/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SQL of the library (statement.h): its own care.
 */
#ifndef EBB_WORKERS_LIBRARY_SQL_CARE_H
#define EBB_WORKERS_LIBRARY_SQL_CARE_H

#include "workers/library/sql_rows.h"

/* X(SYMBOL, "sql") */
#define SQL_CARE(X)                                                                                \
    X(UPKEEP_GET, "SELECT value FROM upkeep WHERE name=?1")                                        \
    X(UPKEEP_PUT, "INSERT OR REPLACE INTO upkeep VALUES(?1, ?2)")                                  \
    X(SET_NEXT, "SELECT id FROM vector_sets WHERE id>?1 ORDER BY id LIMIT 1")                      \
    X(SET_SWITCH, "UPDATE vector_sets SET generation=?2, slots=?3, live=?4 WHERE id=?1")           \
    X(SET_ROWS,                                                                                    \
      "SELECT row, target, vector FROM vectors WHERE row BETWEEN ?1 AND ?2 ORDER BY row")          \
    X(SET_SLOTS, "SELECT row FROM vectors INDEXED BY vectors_target WHERE row >> 40=?1")           \
    X(VECTOR_MOVE, "UPDATE vectors SET row=?2 WHERE row=?1")                                       \
    X(SET_OF_MODEL, "SELECT id FROM vector_sets WHERE kind='text' AND model=?1"                    \
                    " AND (?2=0 OR dimensions=?2) ORDER BY id DESC LIMIT 1")                       \
    X(SET_OTHER, "SELECT id FROM vector_sets WHERE kind='text' AND id<>?1 LIMIT 1")                \
    X(SET_CUT, "DELETE FROM vectors WHERE row IN"                                                  \
               " (SELECT row FROM vectors WHERE row BETWEEN ?1 AND ?2 ORDER BY row LIMIT ?3)")     \
    X(SET_LESS, "UPDATE vector_sets SET live=live-?2 WHERE id=?1")                                 \
    X(SET_DELETE, "DELETE FROM vector_sets WHERE id=?1")                                           \
    X(CHUNKS_MISSING, "SELECT f.id, c.text, c.headings FROM chunks_fts_docsize f CROSS JOIN "      \
                      "chunks c ON c.row=f.id"                                                     \
                      " WHERE f.id BETWEEN ?1 AND ?2 AND NOT EXISTS(SELECT 1 FROM vectors v"       \
                      " WHERE v.target=f.id AND v.row >> 40=?3) ORDER BY f.id")                    \
    X(CHUNKS_OWED, "SELECT f.id, c.text, c.headings FROM chunks_fts_docsize f CROSS JOIN "         \
                   "chunks c ON c.row=f.id"                                                        \
                   " WHERE f.id BETWEEN ?1 AND ?2 AND NOT EXISTS(SELECT 1 FROM vectors v"          \
                   " JOIN vector_sets s ON s.id=v.row >> 40 WHERE v.target=f.id AND"               \
                   " s.kind='text') AND (SELECT embed FROM documents d WHERE d.row=f.id >> 32)"    \
                   " ORDER BY f.id")                                                               \
    X(CHUNK_HEAD,                                                                                  \
      "SELECT d.id, (SELECT name FROM job_documents WHERE document=d.row ORDER BY job DESC"        \
      " LIMIT 1), c.id, c.row & 4294967295, c.first_page"                                          \
      " FROM chunks c JOIN documents d ON d.row=c.row >> 32 WHERE c.row=?1")                       \
    X(JSON_TEXTS, "SELECT value FROM json_each(?1)")                                               \
    X(VECTOR_ROWS, "SELECT row FROM vectors WHERE target BETWEEN ?1 AND ?2 LIMIT ?3")              \
    X(FTS_MERGE, "INSERT INTO chunks_fts(chunks_fts, rank) VALUES('merge', ?1)")                   \
    X(FREE_PAGES, "PRAGMA freelist_count")                                                         \
    X(VECTORS_OF, "SELECT s.model, v.vector FROM vectors v JOIN vector_sets s ON s.id=v.row >> 40" \
                  " WHERE v.target=?1 AND s.kind=?2 ORDER BY s.model, s.dimensions")               \
    X(DOCUMENT_AFTER, "SELECT id FROM documents WHERE id>?1 ORDER BY id LIMIT 1")                  \
    X(DOCUMENT_TIMES, "SELECT added_ms, updated_ms FROM documents WHERE row=?1")                   \
    X(EXPORT_PAGES,                                                                                \
      "SELECT row & 4294967295, id, label, width_pt, height_pt, rotation_deg, source,"             \
      " ocr_languages, confidence, failure_code, text FROM pages WHERE " STATEMENT_ROWS            \
      " ORDER BY row")

#endif
