/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SQL of the library (statement.h): images and tables, and where they are shown.
 */
#ifndef EBB_WORKERS_LIBRARY_SQL_PARTS_H
#define EBB_WORKERS_LIBRARY_SQL_PARTS_H

/* X(SYMBOL, "sql") */
#define SQL_PARTS(X)                                                                               \
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
    X(IMAGES_NUMBERED, "SELECT count(*) FROM images WHERE document=?1 AND number>0")               \
    X(IMAGES_NUMBER,                                                                               \
      "UPDATE images SET number=u.number FROM (SELECT i.key, CASE i.role WHEN 'content' THEN"      \
      " row_number() OVER (PARTITION BY i.role ORDER BY min(p.page << 32 | p.ordinal)) ELSE 0 END" \
      " AS number FROM images i JOIN image_placements p ON p.document=i.document AND p.key=i.key"  \
      " WHERE i.document=?1 GROUP BY i.key) u WHERE images.document=?1 AND images.key=u.key")      \
    X(IMAGES_CONTENT,                                                                              \
      "SELECT i.number, i.key, i.format, i.width_px, i.height_px, min(p.page) FROM images i"       \
      " JOIN image_placements p ON p.document=i.document AND p.key=i.key"                          \
      " WHERE i.document=?1 AND i.number>0 GROUP BY i.key ORDER BY i.number")                      \
    X(IMAGES_LIST,                                                                                 \
      "SELECT i.key, i.id, i.format, i.role, i.repeated, i.color_space, i.width_px, i.height_px,"  \
      " i.bits, i.masked, i.file_bytes, i.sharpness, i.contrast, i.brightness, i.noise,"           \
      " i.quality, i.perceptual_hash, i.pages, i.caption, i.number,"                               \
      " min(p.page << 32 | p.ordinal) AS place"                                                    \
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
    X(TABLES_COUNT, "SELECT count(*) FROM tables WHERE document=?1")                               \
    X(TABLE_PUT, "INSERT INTO tables VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")        \
    X(TABLES_LIST,                                                                                 \
      "SELECT ordinal, id, first_page, last_page, rows, columns, header_rows, ruled, spans,"       \
      " caption FROM tables WHERE document=?1 ORDER BY ordinal")

#endif
