/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Opening: migrations from nothing, newer and foreign files refused, damage told and left alone.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hash.h"
#include "workers/library/schema.h"

static const char *hash_of_file(struct shelf *shelf, const char *name)
{
    char hex[HASH_SHA256_HEX_BYTES];

    cr_assert_eq(hash_sha256_file(shelf_path(shelf, name), hex, NULL, &shelf->err), 0);
    return arena_strdup(shelf->arena, hex);
}

/* Opening fails with that code and leaves the file as it is. */
static void expect_refusal(struct shelf *shelf, enum error_code code, const char *part)
{
    const char *before = hash_of_file(shelf, "library/library.db");

    shelf->library = library_open(shelf->folder, 0, &shelf->err);
    cr_assert_null(shelf->library);
    cr_expect_eq(shelf->err.code, code, "%s", shelf->err.msg);
    cr_expect_not_null(strstr(shelf->err.msg, part), "%s", shelf->err.msg);
    cr_expect_str_eq(hash_of_file(shelf, "library/library.db"), before);
}

Test(library_schema, a_new_library_has_the_latest_version)
{
    struct shelf shelf;
    struct stat status;
    char version[16];

    shelf_init(&shelf);
    snprintf(version, sizeof version, "%d", schema_version());
    cr_expect_str_eq(shelf_sql(&shelf, "PRAGMA user_version"), version);
    cr_expect_str_eq(shelf_sql(&shelf, "PRAGMA application_id"), "1700946481");
    cr_expect_str_eq(shelf_sql(&shelf, "PRAGMA journal_mode"), "wal");
    cr_expect_str_eq(library_note(shelf.library), "");
    cr_assert_eq(stat(shelf_path(&shelf, "library/library.db"), &status), 0);
    cr_expect_eq(status.st_mode & 07, 0, "others may not read it");
    shelf_deinit(&shelf);
}

Test(library_schema, opening_again_changes_nothing)
{
    struct shelf shelf;
    const char *before;

    shelf_init(&shelf);
    library_close(shelf.library);
    before = hash_of_file(&shelf, "library/library.db");
    shelf.library = library_open(shelf.folder, 0, &shelf.err);
    cr_assert_not_null(shelf.library);
    library_close(shelf.library);
    cr_expect_str_eq(hash_of_file(&shelf, "library/library.db"), before);
    shelf.library = NULL;
    shelf_deinit(&shelf);
}

/* Version 0 with nothing in it is what a crash before the first migration leaves. */
Test(library_schema, an_empty_file_is_migrated)
{
    struct shelf shelf;

    shelf_init(&shelf);
    library_close(shelf.library);
    cr_assert_eq(truncate(shelf_path(&shelf, "library/library.db"), 0), 0);
    shelf.library = library_open(shelf.folder, 0, &shelf.err);
    cr_assert_not_null(shelf.library, "%s", shelf.err.msg);
    cr_expect_eq(shelf_survey(&shelf, SHELF_JOB, 1, 3), 0, "%s", shelf.err.msg);
    shelf_deinit(&shelf);
}

Test(library_schema, a_newer_schema_is_refused)
{
    struct shelf shelf;

    shelf_init(&shelf);
    library_close(shelf.library);
    shelf_sql(&shelf, "PRAGMA user_version=9999");
    expect_refusal(&shelf, ERROR_UNSUPPORTED, "9999");
    shelf_deinit(&shelf);
}

Test(library_schema, another_programs_database_is_refused)
{
    struct shelf shelf;

    shelf_init(&shelf);
    library_close(shelf.library);
    shelf_sql(&shelf, "PRAGMA application_id=1");
    expect_refusal(&shelf, ERROR_INVALID, "not one of ebb's");
    shelf_sql(&shelf, "PRAGMA application_id=1700946481");
    shelf_sql(&shelf, "PRAGMA user_version=0");
    expect_refusal(&shelf, ERROR_INVALID, "not one of ebb's");
    shelf_deinit(&shelf);
}

Test(library_schema, a_file_that_is_no_database_is_refused)
{
    struct shelf shelf;
    const char *path;

    shelf_init(&shelf);
    library_close(shelf.library);
    path = shelf_path(&shelf, "library/library.db");
    cr_assert_eq(file_write_atomic(path, "These are notes of mine.", 24, 0640, false, &shelf.err),
                 0);
    expect_refusal(&shelf, ERROR_CORRUPT, "restore it from a copy");
    shelf_deinit(&shelf);
}

/* A library of an older version, made by that version's statements, and opened. */
static void make_version(struct shelf *shelf, const char *file)
{
    struct buf sql;
    sqlite3 *db = NULL;

    library_close(shelf->library);
    cr_assert_eq(file_remove_tree(shelf_path(shelf, "library"), &shelf->err), 0);
    cr_assert_eq(file_mkdirs(shelf_path(shelf, "library"), 0750, &shelf->err), 0);
    buf_init(&sql, 1U << 20);
    cr_assert_eq(file_read(arena_printf(shelf->arena, EBB_TEST_SOURCE_DIR "/tests/data/%s", file),
                           1U << 20, &sql, &shelf->err),
                 0, "%s", shelf->err.msg);
    cr_assert_eq(sqlite3_open(shelf_path(shelf, "library/library.db"), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, buf_cstr(&sql, &shelf->err), NULL, NULL, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(db));
    sqlite3_close(db);
    buf_deinit(&sql);
    shelf->library = library_open(shelf->folder, 0, &shelf->err);
    cr_assert_not_null(shelf->library, "%s", shelf->err.msg);
}

Test(library_schema, version_1_is_brought_up_to_date)
{
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    make_version(&shelf, "library-1.sql");
    cr_expect_str_eq(shelf_sql(&shelf, "PRAGMA user_version"), "3");
    cr_expect_str_eq(shelf_sql(&shelf, "PRAGMA quick_check"), "ok");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(status) FROM documents"),
                     "outdated,incomplete");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM page_records"), "0");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT sum(confidence)+sum(ocr_dpi) FROM pages"), "0.0");
    cr_expect_str_eq(shelf_sql(&shelf,
                               "SELECT c.first_page || c.text FROM chunks_fts f JOIN chunks c"
                               " ON c.row=f.rowid WHERE chunks_fts MATCH 'oak'"),
                     "2Solid oak, waxed");
    cr_expect_str_eq(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "pages", "2"),
                     "Solid oak, waxed\n\n");
    cr_expect_str_eq(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "markdown"),
                     "<!-- page 1 -->\n\nWalnut veneer\n\noiled\n\n"
                     "<!-- page 2 -->\n\nSolid oak, waxed\n\n");
    answer = SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "json");
    cr_assert_not_null(answer, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(answer, "\"status\":\"outdated\""), "%s", answer);
    cr_expect_not_null(strstr(answer, "\"text\":\"Solid oak, waxed\\n\\n\""), "%s", answer);
    shelf_deinit(&shelf);
}

/* Each page that has text is a chunk: found, and named as `chunk` would name it. */
Test(library_schema, version_2_is_brought_up_to_date)
{
    struct shelf shelf;
    char id[UUID_TEXT_BYTES];
    struct uuid uuid;

    shelf_init(&shelf);
    make_version(&shelf, "library-2.sql");
    cr_expect_str_eq(shelf_sql(&shelf, "PRAGMA user_version"), "3");
    cr_expect_str_eq(shelf_sql(&shelf, "PRAGMA integrity_check"), "ok");
    shelf_sql(&shelf, "INSERT INTO chunks_fts(chunks_fts, rank) VALUES('integrity-check', 1)");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(status) FROM documents"),
                     "outdated,incomplete");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(added_ms=updated_ms) FROM documents"),
                     "1,1");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(document || '.' || ordinal || '.' ||"
                                       " first_page || '.' || last_page || '.' || level)"
                                       " FROM chunks"),
                     "1.1.1.1.0,1.2.2.2.0,2.1.1.1.0");
    cr_expect_str_eq(shelf_sql(&shelf,
                               "SELECT group_concat(joint, '|') || text || boxes FROM chunks"
                               " WHERE document=2"),
                     "Ash, as it grows[[0,1,0,0,595.32,841.92]]");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT text FROM chunks WHERE row=4294967298"),
                     "Solid oak, waxed\n\nt");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(rowid) FROM chunks_fts"
                                       " WHERE chunks_fts MATCH 'oak OR ash'"),
                     "4294967298,8589934593");
    uuid_library(shelf_sha256(&shelf, 1), "chunk", 2, &uuid);
    uuid_format(&uuid, id);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT id FROM chunks WHERE row=4294967298"), id);
    cr_expect_not_null(
        strstr(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "markdown"),
               "# Walnut veneer"),
        "records stay");
    shelf_deinit(&shelf);
}

/* The same text, however its white space lies. */
Test(library_schema, a_migrated_chunk_has_the_hash_of_its_words)
{
    struct shelf shelf;
    char hex[HASH_SHA256_HEX_BYTES];
    uint8_t digest[HASH_SHA256_BYTES];

    shelf_init(&shelf);
    make_version(&shelf, "library-2.sql");
    hash_sha256_of("Solid oak, waxed t", 18, digest);
    hash_hex(digest, sizeof digest, hex);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT sha256 FROM chunks WHERE row=4294967298"), hex);
    shelf_deinit(&shelf);
}

/* Whoever hands the file in again gets all that the old one had not; a finish that comes before
 * every page has its record says which is missing. */
Test(library_schema, an_outdated_document_is_read_again)
{
    struct shelf shelf;

    shelf_init(&shelf);
    make_version(&shelf, "library-1.sql");
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 2), 0);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM documents"), "2");
    cr_assert_eq(shelf_simple_page(&shelf, SHELF_JOB, 1, "Walnut veneer"), 0);
    cr_expect_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), -1);
    cr_expect_str_eq(shelf.outcome.code, "rows_missing");
    cr_expect_not_null(strstr(shelf.err.msg, "first that it has not is 2"), "%s", shelf.err.msg);
    cr_assert_eq(shelf_simple_page(&shelf, SHELF_JOB, 2, "Solid oak, waxed"), 0);
    cr_expect_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT status FROM documents WHERE page_count=2"),
                     "complete");
    shelf_deinit(&shelf);
}

/* Copies the library as a process that dies would leave it: with its WAL. */
static void copy_open_library(struct shelf *shelf, const char *folder)
{
    static const char *const names[] = {"library.db", "library.db-wal"};

    for (size_t i = 0; i < 2; i++) {
        struct buf content;
        char from[PATH_MAX];
        char to[PATH_MAX];

        snprintf(from, sizeof from, "%.2000s/library/%s", shelf->folder, names[i]);
        snprintf(to, sizeof to, "%.2000s/library/%s", folder, names[i]);
        buf_init(&content, 64U << 20);
        cr_assert_eq(file_read(from, 64U << 20, &content, &shelf->err), 0);
        cr_assert_eq(file_mkdirs(folder, 0750, &shelf->err), 0);
        cr_assert_eq(file_write_atomic(to, content.data, content.size, 0640, false, &shelf->err), 0,
                     "%s", shelf->err.msg);
        buf_deinit(&content);
    }
}

static const char *crashed_copy(struct shelf *shelf)
{
    const char *folder = shelf_path(shelf, "crashed");

    cr_assert_eq(file_mkdirs(shelf_path(shelf, "crashed/library"), 0750, &shelf->err), 0);
    copy_open_library(shelf, folder);
    return folder;
}

Test(library_schema, after_a_crash_it_is_checked_and_whole)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_TEXT, "A running head", 8, 0, PAGE_MARGIN_TOP},
        {PAGE_BLOCK_HEADING, "A heading", 20, PAGE_STYLE_BOLD, 0},
        {PAGE_BLOCK_TEXT, "Text, and more of it than of what stands above it", 10, 0, 0},
    };
    struct page_record *record;
    struct shelf shelf;
    struct library *copy;
    const char *digest;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, blocks, 3);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    cr_assert_eq(shelf_pages(&shelf, SHELF_JOB, 1, 1, &record, 1), 0);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    digest = shelf_digest(&shelf);
    copy = library_open(crashed_copy(&shelf), 0, &shelf.err);
    cr_assert_not_null(copy, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(library_note(copy), "sound"));
    library_close(shelf.library);
    shelf.library = copy;
    cr_expect_str_eq(shelf_digest(&shelf), digest);
    shelf_deinit(&shelf);
}

Test(library_schema, damage_found_after_a_crash_is_told)
{
    struct shelf shelf;
    char path[PATH_MAX];
    const char *folder;
    int fd;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 400), 0);
    for (uint32_t i = 1; i <= 400; i++) {
        cr_assert_eq(shelf_simple_page(&shelf, SHELF_JOB, i, "Some words of a page"), 0);
    }
    shelf_reopen(&shelf); /* all of it in the file now */
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    folder = crashed_copy(&shelf);
    snprintf(path, sizeof path, "%.2000s/library/library.db", folder);
    fd = open(path, O_RDWR | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    for (off_t page = 20; page < 40; page++) {
        cr_assert_eq(pwrite(fd, "garbage garbage garbage garbage", 31, page * 4096), 31);
    }
    close(fd);
    cr_expect_null(library_open(folder, 0, &shelf.err));
    cr_expect_eq(shelf.err.code, ERROR_CORRUPT, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(shelf.err.msg, "restore it from a copy"), "%s", shelf.err.msg);
    shelf_deinit(&shelf);
}

Test(library_schema, a_folder_that_cannot_be_made_is_told)
{
    struct error err = ERROR_INIT;

    cr_expect_null(library_open("/proc/ebb-cannot-be-here", 0, &err));
    cr_expect_not_null(strstr(err.msg, "/proc/ebb-cannot-be-here"), "%s", err.msg);
}
