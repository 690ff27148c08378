/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SQL of the library (statement.h): pages, their records and marks, and the style made of them.
 */
#ifndef EBB_WORKERS_LIBRARY_SQL_PAGES_H
#define EBB_WORKERS_LIBRARY_SQL_PAGES_H

#include "workers/library/sql_rows.h"

/* X(SYMBOL, "sql") */
#define SQL_PAGES(X)                                                                               \
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
    X(PAGE_STATE, "SELECT p.failure_code, r.record, p.source, p.ocr_reason"                        \
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
    X(DIGEST_PAGES,                                                                                \
      "SELECT r.record, p.id, p.row & 4294967295, p.label, p.width_pt, p.height_pt,"               \
      " p.rotation_deg, p.source, p.ocr_reason, p.glyphs, p.garbled, p.hidden, p.images,"          \
      " p.image_cover, p.chars, p.words, p.failure_code, p.text, p.confidence, p.ocr_languages,"   \
      " p.ocr_dpi"                                                                                 \
      " FROM pages p LEFT JOIN page_records r ON r.row=p.row"                                      \
      " WHERE p." STATEMENT_ROWS " ORDER BY p.row")

#endif
