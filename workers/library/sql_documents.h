/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SQL of the library (statement.h): what the library says of documents as wholes, and transactions.
 */
#ifndef EBB_WORKERS_LIBRARY_SQL_DOCUMENTS_H
#define EBB_WORKERS_LIBRARY_SQL_DOCUMENTS_H

/* X(SYMBOL, "sql") */
#define SQL_DOCUMENTS(X)                                                                           \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(BEGIN_READ, "BEGIN")                                                                         \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(DOCUMENT_PUT,                                                                                \
      "INSERT INTO documents(id, sha256, format, size_bytes, page_count, encrypted, repaired,"     \
      " warnings, updated_ms, added_ms, embed) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9,"     \
      " ?10) ON CONFLICT(id) DO UPDATE SET format=excluded.format,"                                \
      " size_bytes=excluded.size_bytes, page_count=excluded.page_count,"                           \
      " encrypted=excluded.encrypted, repaired=excluded.repaired, warnings=excluded.warnings,"     \
      " embed=excluded.embed RETURNING row")                                                       \
    X(METADATA_CLEAR, "DELETE FROM document_metadata WHERE document=?1")                           \
    X(METADATA_PUT, "INSERT OR REPLACE INTO document_metadata VALUES(?1, ?2, ?3)")                 \
    X(METADATA_LIST, "SELECT key, value FROM document_metadata WHERE document=?1 ORDER BY key")    \
    X(TAGS_CLEAR, "DELETE FROM document_tags WHERE document=?1")                                   \
    X(TAG_PUT, "INSERT OR IGNORE INTO document_tags VALUES(?1, ?2)")                               \
    X(TAGS_LIST, "SELECT tag FROM document_tags WHERE document=?1 ORDER BY tag")                   \
    X(OUTLINE_CLEAR, "DELETE FROM outline WHERE document=?1")                                      \
    X(OUTLINE_PUT, "INSERT INTO outline VALUES(?1, ?2, ?3, ?4, ?5)")                               \
    X(OUTLINE_LIST, "SELECT depth, page, title FROM outline WHERE document=?1 ORDER BY ordinal")   \
    X(JOB_PUT, "INSERT INTO job_documents VALUES(?1, ?2, ?3)"                                      \
               " ON CONFLICT(job) DO UPDATE SET document=excluded.document, name=excluded.name")   \
    X(JOB_GET, "SELECT d.row, d.id, d.sha256, d.page_count"                                        \
               " FROM job_documents j JOIN documents d ON d.row=j.document WHERE j.job=?1")        \
    X(JOB_DELETE, "DELETE FROM job_documents WHERE job=?1")                                        \
    X(JOBS_OF_DOCUMENT, "SELECT count(*) FROM job_documents WHERE document=?1")                    \
    X(DOCUMENT_FINISH,                                                                             \
      "UPDATE documents SET status='complete', pages_failed=?2, chars=?3, words=?4, updated_ms=?5" \
      " WHERE row=?1")                                                                             \
    X(DOCUMENT_DELETE, "DELETE FROM documents WHERE row=?1")                                       \
    X(DOCUMENT_FIND, "SELECT row, id, sha256, page_count FROM documents WHERE id>=?1 AND id<?2"    \
                     " ORDER BY id LIMIT 2")                                                       \
    X(DOCUMENT_GET,                                                                                \
      "SELECT id, sha256, format, size_bytes, page_count, encrypted, repaired, status,"            \
      " pages_failed, chars, words, warnings,"                                                     \
      " (SELECT name FROM job_documents WHERE document=d.row ORDER BY job DESC LIMIT 1)"           \
      " FROM documents d WHERE row=?1")                                                            \
    X(DOCUMENT_COUNT, "SELECT count(*) FROM documents")                                            \
    X(DOCUMENT_LIST,                                                                               \
      "SELECT d.id, (SELECT name FROM job_documents WHERE document=d.row ORDER BY job DESC"        \
      " LIMIT 1), (SELECT value FROM document_metadata WHERE document=d.row AND key='title'),"     \
      " d.format, d.page_count, d.pages_failed, d.status, d.sha256, d.updated_ms"                  \
      " FROM documents d ORDER BY d.updated_ms DESC, d.id LIMIT ?1 OFFSET ?2")                     \
    X(DOCUMENT_ROWS, "SELECT row FROM documents ORDER BY id")

#endif
