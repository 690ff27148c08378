/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The migrations of library.db.
 *
 * Invariants: a step, once released, never changes: a correction is a further step. A step and
 * its version number become visible together. Blocks on the disk. Logs nothing.
 */
#include "workers/library/schema.h"

#include "common/cleanup.h"
#include "workers/library/schema_functions.h"
#include "workers/library/statement.h"

#define SCHEMA_APPLICATION_ID 0x65626231 /* "ebb1" */

/*
 * A page's row number is its document's shifted left by 32, plus the page's number: the pages of
 * a document lie together in order, and are found with no further index, in the full-text index
 * too. page_records is apart, so that who reads texts does not read past the records. page_marks
 * is what finish needs of the pages' records: see marks.h.
 *
 * In a table WITHOUT ROWID the key's columns come first and in its order: SQLite 3.40's quick_check
 * takes any other for damage.
 */
static const char step_1[] =
    "CREATE TABLE documents("
    " row INTEGER PRIMARY KEY,"
    " id TEXT NOT NULL UNIQUE,"
    " sha256 TEXT NOT NULL,"
    " format TEXT NOT NULL,"
    " size_bytes INTEGER NOT NULL,"
    " page_count INTEGER NOT NULL,"
    " encrypted INTEGER NOT NULL,"
    " repaired INTEGER NOT NULL,"
    " warnings TEXT,"
    " status TEXT NOT NULL DEFAULT 'incomplete',"
    " pages_failed INTEGER NOT NULL DEFAULT 0,"
    " chars INTEGER NOT NULL DEFAULT 0,"
    " words INTEGER NOT NULL DEFAULT 0,"
    " updated_ms INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE document_metadata("
    " document INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY(document, key)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE outline("
    " document INTEGER NOT NULL, ordinal INTEGER NOT NULL,"
    " depth INTEGER NOT NULL, page INTEGER NOT NULL, title TEXT NOT NULL,"
    " PRIMARY KEY(document, ordinal)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE job_documents("
    " job TEXT NOT NULL PRIMARY KEY, document INTEGER NOT NULL, name TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX job_documents_document ON job_documents(document, job);"
    "CREATE TABLE pages("
    " row INTEGER PRIMARY KEY,"
    " document INTEGER NOT NULL GENERATED ALWAYS AS (row >> 32) VIRTUAL,"
    " number INTEGER NOT NULL GENERATED ALWAYS AS (row & 4294967295) VIRTUAL,"
    " id TEXT NOT NULL,"
    " label TEXT,"
    " width_pt REAL,"
    " height_pt REAL,"
    " rotation_deg INTEGER,"
    " source TEXT,"
    " ocr_reason TEXT,"
    " glyphs INTEGER NOT NULL DEFAULT 0,"
    " garbled INTEGER NOT NULL DEFAULT 0,"
    " hidden INTEGER NOT NULL DEFAULT 0,"
    " images INTEGER NOT NULL DEFAULT 0,"
    " image_cover REAL NOT NULL DEFAULT 0,"
    " chars INTEGER NOT NULL DEFAULT 0,"
    " words INTEGER NOT NULL DEFAULT 0,"
    " failure_code TEXT,"
    " failure_text TEXT,"
    " warnings TEXT,"
    " text TEXT NOT NULL DEFAULT ''"
    ") STRICT;"
    "CREATE TABLE page_records(row INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT;"
    "CREATE TABLE page_marks("
    " document INTEGER NOT NULL, page INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " class INTEGER NOT NULL, key INTEGER NOT NULL, weight INTEGER NOT NULL,"
    " PRIMARY KEY(document, page, kind, class, key)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE text_styles("
    " document INTEGER NOT NULL, size_pt REAL NOT NULL, bold INTEGER NOT NULL,"
    " level INTEGER NOT NULL,"
    " PRIMARY KEY(document, size_pt, bold)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE furniture("
    " document INTEGER NOT NULL, margin INTEGER NOT NULL, key INTEGER NOT NULL,"
    " pages INTEGER NOT NULL,"
    " PRIMARY KEY(document, margin, key)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE VIEW indexed_texts AS SELECT row, text FROM pages WHERE text<>'';"
    "CREATE VIRTUAL TABLE pages_fts USING fts5("
    " text, content='indexed_texts', content_rowid='row',"
    " tokenize='unicode61 remove_diacritics 2');"
    /* Merge segments in larger steps: a twentieth less work for who writes, none more for who
       reads. */
    "INSERT INTO pages_fts(pages_fts, rank) VALUES('automerge', 8);";

/*
 * Images, tables, and what OCR said of a page.
 *
 * image_placements holds the places of images that are stored as files, its ordinal the place in
 * the record; table_parts the tables of each page, the block's place in the record; both are
 * written with the page. images is written with it too, but for what only all pages tell (role,
 * repeated, pages, caption), which finish adds; tables is finish's, as are a part's columns
 * ordinal, first_row and skipped_rows.
 *
 * Records of before have none of this, and another form: they go, and their documents are
 * outdated until they are read again. Texts and search stay.
 */
static const char step_2[] =
    "ALTER TABLE pages ADD COLUMN confidence REAL NOT NULL DEFAULT 0;"
    "ALTER TABLE pages ADD COLUMN ocr_languages TEXT;"
    "ALTER TABLE pages ADD COLUMN ocr_dpi INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE images("
    " document INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL,"
    " format TEXT NOT NULL, color_space TEXT NOT NULL,"
    " width_px INTEGER NOT NULL, height_px INTEGER NOT NULL, bits INTEGER NOT NULL,"
    " masked INTEGER NOT NULL, file_bytes INTEGER NOT NULL,"
    " sharpness REAL NOT NULL, contrast REAL NOT NULL, brightness REAL NOT NULL,"
    " noise REAL NOT NULL, quality REAL NOT NULL, perceptual_hash INTEGER NOT NULL,"
    " role TEXT NOT NULL, repeated INTEGER NOT NULL DEFAULT 0, pages INTEGER NOT NULL DEFAULT 0,"
    " caption TEXT,"
    " PRIMARY KEY(document, key)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE image_placements("
    " document INTEGER NOT NULL, page INTEGER NOT NULL, ordinal INTEGER NOT NULL,"
    " key TEXT NOT NULL, role TEXT NOT NULL,"
    " x0 REAL NOT NULL, y0 REAL NOT NULL, x1 REAL NOT NULL, y1 REAL NOT NULL,"
    " dpi REAL NOT NULL, angle_deg INTEGER NOT NULL, caption TEXT,"
    " PRIMARY KEY(document, page, ordinal)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX image_placements_key ON image_placements(document, key, page, ordinal);"
    "CREATE TABLE tables("
    " document INTEGER NOT NULL, ordinal INTEGER NOT NULL, id TEXT NOT NULL,"
    " first_page INTEGER NOT NULL, last_page INTEGER NOT NULL,"
    " rows INTEGER NOT NULL, columns INTEGER NOT NULL, header_rows INTEGER NOT NULL,"
    " ruled INTEGER NOT NULL, spans INTEGER NOT NULL, caption TEXT,"
    " PRIMARY KEY(document, ordinal)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE table_parts("
    " document INTEGER NOT NULL, page INTEGER NOT NULL, block INTEGER NOT NULL,"
    " rows INTEGER NOT NULL, columns INTEGER NOT NULL, header_rows INTEGER NOT NULL,"
    " ruled INTEGER NOT NULL, spans INTEGER NOT NULL,"
    " at_top INTEGER NOT NULL, at_bottom INTEGER NOT NULL,"
    " x0 REAL NOT NULL, y0 REAL NOT NULL, x1 REAL NOT NULL, y1 REAL NOT NULL,"
    " head_key INTEGER NOT NULL, first_row_key INTEGER NOT NULL, caption TEXT,"
    " ordinal INTEGER NOT NULL DEFAULT 0, first_row INTEGER NOT NULL DEFAULT 0,"
    " skipped_rows INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(document, page, block)"
    ") STRICT, WITHOUT ROWID;"
    "UPDATE documents SET status='outdated'"
    " WHERE EXISTS(SELECT 1 FROM page_records"
    " WHERE row BETWEEN documents.row << 32 AND (documents.row << 32) + 4294967295);"
    "DELETE FROM page_records;";

/*
 * Chunks, vectors, tags; the one full-text index is over chunks.
 *
 * A chunk's row number is made as a page's. Only chunks of level 0 are searched. vectors is what
 * counts; the files beside the library that are scanned are made of it: a vector's row number is
 * its set's shifted left by 40, plus its slot in the set's file. target is a chunk's row, of an
 * image the document's shifted left by 32 plus the image's number. upkeep is what the library
 * remembers of its own care. A document's embed says whether its last job wanted vectors.
 *
 * Documents of before have no body to be cut into chunks; so that they stay searchable each of
 * their pages is one, and they are outdated until they are read again.
 */
static const char step_3[] =
    "DROP TABLE pages_fts;"
    "DROP VIEW indexed_texts;"
    "ALTER TABLE documents ADD COLUMN added_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE documents ADD COLUMN embed INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE images ADD COLUMN number INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE document_tags("
    " document INTEGER NOT NULL, tag TEXT NOT NULL,"
    " PRIMARY KEY(document, tag)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE chunks("
    " row INTEGER PRIMARY KEY,"
    " document INTEGER NOT NULL GENERATED ALWAYS AS (row >> 32) VIRTUAL,"
    " ordinal INTEGER NOT NULL GENERATED ALWAYS AS (row & 4294967295) VIRTUAL,"
    " id TEXT NOT NULL,"
    " level INTEGER NOT NULL,"
    " parent INTEGER NOT NULL,"
    " kind TEXT NOT NULL,"
    " first_page INTEGER NOT NULL,"
    " last_page INTEGER NOT NULL,"
    " headings TEXT NOT NULL DEFAULT '',"
    " heading_levels TEXT NOT NULL DEFAULT '',"
    " joint TEXT NOT NULL,"
    " overlap_bytes INTEGER NOT NULL,"
    " text TEXT NOT NULL,"
    " chars INTEGER NOT NULL,"
    " table_ordinal INTEGER NOT NULL,"
    " boxes TEXT NOT NULL,"
    " sha256 TEXT NOT NULL,"
    " duplicate_of INTEGER NOT NULL,"
    " length_quality REAL NOT NULL,"
    " boundary_quality REAL NOT NULL,"
    " completeness_quality REAL NOT NULL"
    ") STRICT;"
    "CREATE VIEW indexed_chunks AS SELECT row, text, headings FROM chunks WHERE level=0;"
    "CREATE VIRTUAL TABLE chunks_fts USING fts5("
    " text, headings, content='indexed_chunks', content_rowid='row',"
    " tokenize='unicode61 remove_diacritics 2');"
    "INSERT INTO chunks_fts(chunks_fts, rank) VALUES('automerge', 8);"
    "CREATE TABLE vector_sets("
    " id INTEGER PRIMARY KEY, kind TEXT NOT NULL, model TEXT NOT NULL,"
    " dimensions INTEGER NOT NULL, generation INTEGER NOT NULL DEFAULT 1,"
    " slots INTEGER NOT NULL DEFAULT 0, live INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE(kind, model, dimensions)"
    ") STRICT;"
    "CREATE TABLE vectors("
    " row INTEGER PRIMARY KEY, target INTEGER NOT NULL, vector BLOB NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX vectors_target ON vectors(target, row >> 40);"
    "CREATE TABLE upkeep("
    " name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "UPDATE documents SET added_ms=updated_ms;"
    "INSERT INTO chunks(row, id, level, parent, kind, first_page, last_page, joint, overlap_bytes,"
    " text, chars, table_ordinal, boxes, sha256, duplicate_of, length_quality, boundary_quality,"
    " completeness_quality)"
    " SELECT (document << 32) + n, ebb_chunk_id(sha256, n), 0, 0, 'text', page, page,"
    " CASE WHEN n=1 THEN '' ELSE char(10, 10) END, 0, body, length(body), 0,"
    " '[[0,' || page || ',0,0,' || width || ',' || height || ']]', ebb_text_sha256(body), 0,"
    " 0, 0, 0 FROM (SELECT p.row >> 32 AS document, p.row & 4294967295 AS page,"
    " trim(p.text, char(9, 10, 11, 12, 13, 32)) AS body, d.sha256,"
    " coalesce(p.width_pt, 0) AS width, coalesce(p.height_pt, 0) AS height,"
    " row_number() OVER (PARTITION BY p.row >> 32 ORDER BY p.row) AS n"
    " FROM pages p JOIN documents d ON d.row=p.row >> 32"
    " WHERE trim(p.text, char(9, 10, 11, 12, 13, 32))<>'');"
    "INSERT INTO chunks_fts(rowid, text, headings) SELECT row, text, headings FROM indexed_chunks;"
    "UPDATE documents SET status='outdated' WHERE status='complete';";

/* Row n brings version n to version n + 1. */
static const char *const steps[] = {step_1, step_2, step_3};

int schema_version(void)
{
    return (int)ARRAY_LEN(steps);
}

/* The one number that sql answers. */
static int read_int(sqlite3 *db, const char *sql, int *ret_value, struct error *err)
{
    sqlite3_stmt *handle = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &handle, NULL);

    if (rc == SQLITE_OK && sqlite3_step(handle) == SQLITE_ROW) {
        *ret_value = sqlite3_column_int(handle, 0);
    }
    rc = rc == SQLITE_OK ? sqlite3_finalize(handle) : rc;
    return rc == SQLITE_OK ? 0 : statement_sqlite_error(db, rc, err);
}

int schema_check(sqlite3 *db, bool *ret_empty, struct error *err)
{
    int application = 0;
    int version = 0;
    int objects = 0;

    if (read_int(db, "PRAGMA application_id", &application, err) < 0 ||
        read_int(db, "PRAGMA user_version", &version, err) < 0 ||
        read_int(db, "SELECT count(*) FROM sqlite_schema", &objects, err) < 0) {
        return -1;
    }
    if (version == 0 && objects == 0 && application == 0) {
        *ret_empty = true;
        return 0;
    }
    if (application != SCHEMA_APPLICATION_ID || version < 1) {
        return error_set(err, ERROR_INVALID, "it is a database, but not one of ebb's");
    }
    if (version > schema_version()) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "its schema has version %d and this ebb-library knows versions up to %d: "
                         "install the newer ebb that wrote it",
                         version, schema_version());
    }
    *ret_empty = false;
    return 0;
}

static int execute(sqlite3 *db, const char *sql, struct error *err)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : statement_sqlite_error(db, rc, err);
}

static int run_step(sqlite3 *db, int version, struct error *err)
{
    char *finish = sqlite3_mprintf("PRAGMA application_id=%d;PRAGMA user_version=%d;COMMIT;",
                                   SCHEMA_APPLICATION_ID, version + 1);
    int rc = -1;

    if (!finish) {
        return error_set(err, ERROR_MEMORY, "no memory for a migration");
    }
    if (execute(db, "BEGIN IMMEDIATE", err) == 0) {
        rc = execute(db, steps[version], err);
        rc = rc == 0 ? execute(db, finish, err) : rc;
        if (rc < 0 && !sqlite3_get_autocommit(db)) {
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    sqlite3_free(finish);
    return rc < 0 ? error_wrap(err, "migration of the library to version %d", version + 1) : 0;
}

int schema_migrate(sqlite3 *db, struct error *err)
{
    int version = 0;

    if (read_int(db, "PRAGMA user_version", &version, err) < 0 ||
        (version < schema_version() && schema_functions_add(db, err) < 0)) {
        return -1;
    }
    for (; version < schema_version(); version++) {
        if (run_step(db, version, err) < 0) {
            return -1;
        }
    }
    return 0;
}
