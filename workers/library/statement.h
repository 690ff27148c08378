/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The SQL of the library: each statement once, in a list, prepared at its first use and kept.
 * A failed bind is remembered and told by the next step, so that binds need no checks.
 */
#ifndef EBB_WORKERS_LIBRARY_STATEMENT_H
#define EBB_WORKERS_LIBRARY_STATEMENT_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "common/error.h"

/* Rows of pages, page_records and pages_fts that belong to document ?1. */
#define STATEMENT_ROWS "row BETWEEN ?1 << 32 AND (?1 << 32) + 4294967295"

/* X(SYMBOL, "sql") */
#define STATEMENT_LIST(X)                                                                          \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(BEGIN_READ, "BEGIN")                                                                         \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(DOCUMENT_PUT,                                                                                \
      "INSERT INTO documents(id, sha256, format, size_bytes, page_count, encrypted, repaired,"     \
      " warnings, updated_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"                          \
      " ON CONFLICT(id) DO UPDATE SET format=excluded.format, size_bytes=excluded.size_bytes,"     \
      " page_count=excluded.page_count, encrypted=excluded.encrypted,"                             \
      " repaired=excluded.repaired, warnings=excluded.warnings RETURNING row")                     \
    X(METADATA_CLEAR, "DELETE FROM document_metadata WHERE document=?1")                           \
    X(METADATA_PUT, "INSERT OR REPLACE INTO document_metadata VALUES(?1, ?2, ?3)")                 \
    X(METADATA_LIST, "SELECT key, value FROM document_metadata WHERE document=?1 ORDER BY key")    \
    X(OUTLINE_CLEAR, "DELETE FROM outline WHERE document=?1")                                      \
    X(OUTLINE_PUT, "INSERT INTO outline VALUES(?1, ?2, ?3, ?4, ?5)")                               \
    X(OUTLINE_LIST, "SELECT depth, page, title FROM outline WHERE document=?1 ORDER BY ordinal")   \
    X(JOB_PUT, "INSERT INTO job_documents VALUES(?1, ?2, ?3)"                                      \
               " ON CONFLICT(job) DO UPDATE SET document=excluded.document, name=excluded.name")   \
    X(JOB_GET, "SELECT d.row, d.id, d.sha256, d.page_count"                                        \
               " FROM job_documents j JOIN documents d ON d.row=j.document WHERE j.job=?1")        \
    X(JOB_DELETE, "DELETE FROM job_documents WHERE job=?1")                                        \
    X(JOBS_OF_DOCUMENT, "SELECT count(*) FROM job_documents WHERE document=?1")                    \
    X(PAGE_PUT,                                                                                    \
      "INSERT INTO pages(row, id, label, width_pt, height_pt, rotation_deg, source, ocr_reason,"   \
      " glyphs, garbled, hidden, images, image_cover, chars, words, failure_code, failure_text,"   \
      " warnings, text, confidence, ocr_languages, ocr_dpi) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7,"    \
      " ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)"                  \
      " ON CONFLICT(row) DO UPDATE SET id=excluded.id, label=excluded.label,"                      \
      " width_pt=excluded.width_pt, height_pt=excluded.height_pt,"                                 \
      " rotation_deg=excluded.rotation_deg, source=excluded.source,"                               \
      " ocr_reason=excluded.ocr_reason, glyphs=excluded.glyphs, garbled=excluded.garbled,"         \
      " hidden=excluded.hidden, images=excluded.images, image_cover=excluded.image_cover,"         \
      " chars=excluded.chars, words=excluded.words, failure_code=excluded.failure_code,"           \
      " failure_text=excluded.failure_text, warnings=excluded.warnings, text=excluded.text,"       \
      " confidence=excluded.confidence, ocr_languages=excluded.ocr_languages,"                     \
      " ocr_dpi=excluded.ocr_dpi")                                                                 \
    X(PAGE_FAILED_PUT,                                                                             \
      "INSERT INTO pages(row, id, failure_code, failure_text) VALUES(?1, ?2, ?3, ?4)"              \
      " ON CONFLICT(row) DO UPDATE SET failure_code=excluded.failure_code,"                        \
      " failure_text=excluded.failure_text"                                                        \
      " WHERE source IS NULL OR ocr_reason IS NOT NULL AND source='native'")                       \
    X(PAGE_STATE, "SELECT p.failure_code, p.text, r.record, p.source, p.ocr_reason"                \
                  " FROM pages p LEFT JOIN page_records r ON r.row=p.row WHERE p.row=?1")          \
    X(PAGE_TEXTS, "SELECT row & 4294967295, text FROM pages"                                       \
                  " WHERE row BETWEEN ?1 AND ?2 ORDER BY row")                                     \
    X(PAGE_RECORDS,                                                                                \
      "SELECT p.row & 4294967295, p.failure_code, p.failure_text, p.label, r.record,"              \
      " CASE WHEN r.row IS NULL THEN nullif(p.text, '') END"                                       \
      " FROM pages p LEFT JOIN page_records r ON r.row=p.row"                                      \
      " WHERE p.row BETWEEN ?1 AND ?2 ORDER BY p.row")                                             \
    X(PAGE_TOTALS,                                                                                 \
      "SELECT count(source IS NULL OR r.row IS NOT NULL OR NULL), count(failure_code),"            \
      " coalesce(sum(chars), 0), coalesce(sum(words), 0), count(nullif(source, 'native'))"         \
      " FROM pages p LEFT JOIN page_records r ON r.row=p.row WHERE p." STATEMENT_ROWS)             \
    X(PAGE_NUMBERS,                                                                                \
      "SELECT p.row & 4294967295 FROM pages p LEFT JOIN page_records r ON r.row=p.row"             \
      " WHERE p.row BETWEEN ?1 AND ?2 AND (p.source IS NULL OR r.row IS NOT NULL) ORDER BY p.row") \
    X(PAGES_DELETE, "DELETE FROM pages WHERE " STATEMENT_ROWS)                                     \
    X(RECORD_PUT, "INSERT OR REPLACE INTO page_records VALUES(?1, ?2)")                            \
    X(RECORD_GET, "SELECT record FROM page_records WHERE row=?1")                                  \
    X(RECORDS_DELETE, "DELETE FROM page_records WHERE " STATEMENT_ROWS)                            \
    X(FTS_PUT, "INSERT INTO pages_fts(rowid, text) VALUES(?1, ?2)")                                \
    X(FTS_DELETE, "INSERT INTO pages_fts(pages_fts, rowid, text) VALUES('delete', ?1, ?2)")        \
    X(FTS_DELETE_DOCUMENT,                                                                         \
      "INSERT INTO pages_fts(pages_fts, rowid, text)"                                              \
      " SELECT 'delete', row, text FROM pages WHERE text<>'' AND " STATEMENT_ROWS)                 \
    X(MARK_PUT, "INSERT INTO page_marks VALUES(?1, ?2, ?3, ?4, ?5, ?6)"                            \
                " ON CONFLICT DO UPDATE SET weight=weight+excluded.weight")                        \
    X(MARKS_CLEAR, "DELETE FROM page_marks WHERE document=?1 AND page=?2")                         \
    X(MARKS_DELETE, "DELETE FROM page_marks WHERE document=?1")                                    \
    X(MARKS_BODY, "SELECT class, sum(weight) AS n FROM page_marks WHERE document=?1 AND kind=0"    \
                  " GROUP BY class ORDER BY n DESC, class LIMIT 1")                                \
    X(MARKS_HEADINGS,                                                                              \
      "SELECT class, n FROM (SELECT class, count(DISTINCT page) AS n FROM page_marks m"            \
      " WHERE document=?1 AND (kind=1 AND class>?2 OR kind=3 AND class>=?3)"                       \
      " AND NOT EXISTS(SELECT 1 FROM furniture f WHERE f.document=?1 AND f.key=m.key)"             \
      " GROUP BY class ORDER BY n DESC, class DESC LIMIT ?4) ORDER BY class DESC")                 \
    X(MARKS_FURNITURE,                                                                             \
      "SELECT class, key, count(*), min(page), max(page), sum(page & 1) FROM page_marks"           \
      " WHERE document=?1 AND kind=2 GROUP BY class, key HAVING count(*)>=?2 ORDER BY class, key") \
    X(STYLES_CLEAR, "DELETE FROM text_styles WHERE document=?1")                                   \
    X(STYLE_PUT, "INSERT INTO text_styles VALUES(?1, ?2, ?3, ?4)")                                 \
    X(STYLES_LIST, "SELECT level, size_pt, bold FROM text_styles WHERE document=?1"                \
                   " ORDER BY size_pt DESC, bold DESC")                                            \
    X(FURNITURE_CLEAR, "DELETE FROM furniture WHERE document=?1")                                  \
    X(FURNITURE_PUT, "INSERT INTO furniture VALUES(?1, ?2, ?3, ?4)")                               \
    X(FURNITURE_LIST,                                                                              \
      "SELECT margin, key, pages FROM furniture WHERE document=?1 ORDER BY margin, key")           \
    X(IMAGE_PUT,                                                                                   \
      "INSERT INTO images(document, key, id, format, color_space, width_px, height_px, bits,"      \
      " masked, file_bytes, sharpness, contrast, brightness, noise, quality, perceptual_hash,"     \
      " role) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"  \
      " ON CONFLICT(document, key) DO UPDATE SET id=excluded.id, format=excluded.format,"          \
      " color_space=excluded.color_space, width_px=excluded.width_px,"                             \
      " height_px=excluded.height_px, bits=excluded.bits, masked=excluded.masked,"                 \
      " file_bytes=excluded.file_bytes, sharpness=excluded.sharpness,"                             \
      " contrast=excluded.contrast, brightness=excluded.brightness, noise=excluded.noise,"         \
      " quality=excluded.quality, perceptual_hash=excluded.perceptual_hash,"                       \
      " role=min(role, excluded.role)")                                                            \
    X(IMAGES_PRUNE, "DELETE FROM images WHERE document=?1 AND NOT EXISTS(SELECT 1"                 \
                    " FROM image_placements p WHERE p.document=?1 AND p.key=images.key)")          \
    X(IMAGES_FINISH,                                                                               \
      "UPDATE images SET pages=u.pages, repeated=u.repeated,"                                      \
      " role=CASE WHEN u.repeated THEN 'decoration' WHEN u.content THEN 'content'"                 \
      " ELSE 'scan' END,"                                                                          \
      " caption=(SELECT caption FROM image_placements c WHERE c.document=?1 AND c.key=images.key"  \
      " AND c.caption IS NOT NULL ORDER BY c.page, c.ordinal LIMIT 1)"                             \
      " FROM (SELECT p.key, count(DISTINCT p.page) AS pages, max(p.role='content') AS content,"    \
      " max(p.role='content') AND count(DISTINCT p.page)>=?3"                                      \
      " AND (count(DISTINCT p.page)*3>=?2"                                                         \
      " OR min(p.y1<=g.height_pt*?4 OR p.y0>=g.height_pt*(1-?4))) AS repeated"                     \
      " FROM image_placements p JOIN pages g ON g.row=(p.document << 32)+p.page"                   \
      " WHERE p.document=?1 GROUP BY p.key) u WHERE images.document=?1 AND images.key=u.key")      \
    X(IMAGES_DELETE, "DELETE FROM images WHERE document=?1")                                       \
    X(IMAGES_REPEATED,                                                                             \
      "SELECT key FROM images WHERE document=?1 AND repeated ORDER BY key LIMIT ?2")               \
    X(IMAGES_COUNT, "SELECT count(*) FROM images WHERE document=?1 AND role='content'")            \
    X(IMAGES_LIST,                                                                                 \
      "SELECT i.key, i.id, i.format, i.role, i.repeated, i.color_space, i.width_px, i.height_px,"  \
      " i.bits, i.masked, i.file_bytes, i.sharpness, i.contrast, i.brightness, i.noise,"           \
      " i.quality, i.perceptual_hash, i.pages, i.caption, min(p.page << 32 | p.ordinal) AS place"  \
      " FROM images i JOIN image_placements p ON p.document=i.document AND p.key=i.key"            \
      " WHERE i.document=?1 GROUP BY i.key ORDER BY place")                                        \
    X(PLACEMENT_PUT,                                                                               \
      "INSERT INTO image_placements VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")    \
    X(PLACEMENTS_CLEAR, "DELETE FROM image_placements WHERE document=?1 AND page=?2")              \
    X(PLACEMENTS_DELETE, "DELETE FROM image_placements WHERE document=?1")                         \
    X(PLACEMENTS_LIST, "SELECT page, ordinal, key, role, x0, y0, x1, y1, dpi, angle_deg, caption"  \
                       " FROM image_placements WHERE document=?1 ORDER BY page, ordinal")          \
    X(PLACEMENTS_OF_IMAGE,                                                                         \
      "SELECT page, x0, y0, x1, y1, dpi, angle_deg, caption FROM image_placements"                 \
      " WHERE document=?1 AND key=?2 ORDER BY page, ordinal")                                      \
    X(PART_PUT,                                                                                    \
      "INSERT INTO table_parts(document, page, block, rows, columns, header_rows, ruled,"          \
      " spans, at_top, at_bottom, x0, y0, x1, y1, head_key, first_row_key, caption)"               \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"             \
      " ?17)")                                                                                     \
    X(PARTS_CLEAR, "DELETE FROM table_parts WHERE document=?1 AND page=?2")                        \
    X(PARTS_DELETE, "DELETE FROM table_parts WHERE document=?1")                                   \
    X(PARTS_LIST,                                                                                  \
      "SELECT page, block, rows, columns, header_rows, ruled, spans, at_top, at_bottom, x0, x1,"   \
      " head_key, first_row_key, caption FROM table_parts WHERE document=?1 ORDER BY page, block") \
    X(PART_FINISH, "UPDATE table_parts SET ordinal=?4, first_row=?5, skipped_rows=?6"              \
                   " WHERE document=?1 AND page=?2 AND block=?3")                                  \
    X(PARTS_OF_PAGE,                                                                               \
      "SELECT p.block, p.ordinal, p.first_row, p.skipped_rows, t.spans, t.last_page"               \
      " FROM table_parts p JOIN tables t ON t.document=p.document AND t.ordinal=p.ordinal"         \
      " WHERE p.document=?1 AND p.page=?2 ORDER BY p.block")                                       \
    X(PARTS_OF_TABLE,                                                                              \
      "SELECT page, block, skipped_rows, first_row, rows, x0, y0, x1, y1 FROM table_parts"         \
      " WHERE document=?1 AND page BETWEEN ?2 AND ?3 AND ordinal=?4 ORDER BY page, block")         \
    X(PARTS_DIGEST,                                                                                \
      "SELECT page, block, rows, columns, header_rows, ruled, caption, ordinal, first_row,"        \
      " skipped_rows FROM table_parts WHERE document=?1 ORDER BY page, block")                     \
    X(TABLES_CLEAR, "DELETE FROM tables WHERE document=?1")                                        \
    X(TABLE_PUT, "INSERT INTO tables VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")        \
    X(TABLES_LIST,                                                                                 \
      "SELECT ordinal, id, first_page, last_page, rows, columns, header_rows, ruled, spans,"       \
      " caption FROM tables WHERE document=?1 ORDER BY ordinal")                                   \
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
    X(DOCUMENT_ROWS, "SELECT row FROM documents ORDER BY id")                                      \
    X(DIGEST_PAGES,                                                                                \
      "SELECT r.record, p.id, p.row & 4294967295, p.label, p.width_pt, p.height_pt,"               \
      " p.rotation_deg, p.source, p.ocr_reason, p.glyphs, p.garbled, p.hidden, p.images,"          \
      " p.image_cover, p.chars, p.words, p.failure_code, p.text, p.confidence, p.ocr_languages,"   \
      " p.ocr_dpi"                                                                                 \
      " FROM pages p LEFT JOIN page_records r ON r.row=p.row"                                      \
      " WHERE p." STATEMENT_ROWS " ORDER BY p.row")                                                \
    X(SEARCH,                                                                                      \
      "SELECT rowid, bm25(pages_fts) AS score FROM pages_fts"                                      \
      " WHERE pages_fts MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY score, rowid LIMIT ?4")      \
    X(SNIPPET, "SELECT snippet(pages_fts, 0, ?3, ?4, '\xE2\x80\xA6', 32) FROM pages_fts"           \
               " WHERE pages_fts MATCH ?1 AND rowid=?2")                                           \
    X(PAGE_HEAD,                                                                                   \
      "SELECT d.id, (SELECT name FROM job_documents WHERE document=d.row ORDER BY job DESC"        \
      " LIMIT 1), p.label FROM pages p JOIN documents d ON d.row=p.row >> 32 WHERE p.row=?1")

enum statement_name {
#define STATEMENT_ENUM(symbol, sql) STATEMENT_##symbol,
    STATEMENT_LIST(STATEMENT_ENUM)
#undef STATEMENT_ENUM
        STATEMENT_COUNT
};

struct statement {
    sqlite3_stmt *handle; /* NULL while it was never used */
    sqlite3 *db;          /* borrowed */
    int rc;               /* of the first call since begin that failed */
};

/* Sets err from what SQLite answered: ERROR_FULL for a full disk or a library at its limit,
 * ERROR_CORRUPT, ERROR_EXISTS when another process holds the lock, ERROR_MEMORY, else
 * ERROR_SYSTEM. Returns -1. */
int statement_sqlite_error(sqlite3 *db, int rc, struct error *err);

/* Makes it ready for binds and steps; prepares it when it is new. */
void statement_begin(struct statement *statement, enum statement_name name, sqlite3 *db);

/* index: 1 for ?1. Texts and blobs are borrowed until the statement ends; NULL binds NULL. */
void statement_int(struct statement *statement, int index, int64_t value);
void statement_real(struct statement *statement, int index, double value);
void statement_text(struct statement *statement, int index, const char *text);
void statement_text_n(struct statement *statement, int index, const char *text, size_t size_bytes);
void statement_blob(struct statement *statement, int index, const void *data, size_t size_bytes);

/* 1: a row is there, its columns until the next call; 0: no more; -1. */
int statement_step(struct statement *statement, struct error *err);
/* Steps to the end and lets go of what it held. */
int statement_run(struct statement *statement, struct error *err);
/* Lets go of a statement whose rows are not all wanted. */
void statement_end(struct statement *statement);
void statement_finalize(struct statement *statement);

/* Columns of the current row, from 0. Texts live until the next step; NULL for NULL. */
int64_t statement_column_int(struct statement *statement, int column);
double statement_column_real(struct statement *statement, int column);
const char *statement_column_text(struct statement *statement, int column);
const void *statement_column_blob(struct statement *statement, int column, size_t *ret_size_bytes);

#endif
