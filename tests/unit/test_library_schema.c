/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Opening: migrations from nothing, newer and foreign files refused, damage told and left alone.
 */
#include "library_fixture.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hash.h"
#include "workers/library/schema.h"

static const char *hash_of_file(struct fixture *fixture, const char *name)
{
    char hex[HASH_SHA256_HEX_BYTES];

    cr_assert_eq(hash_sha256_file(fixture_path(fixture, name), hex, NULL, &fixture->err), 0);
    return arena_strdup(fixture->arena, hex);
}

/* Opening fails with that code and leaves the file as it is. */
static void expect_refusal(struct fixture *fixture, enum error_code code, const char *part)
{
    const char *before = hash_of_file(fixture, "library/library.db");

    fixture->library = library_open(fixture->folder, 0, &fixture->err);
    cr_assert_null(fixture->library);
    cr_expect_eq(fixture->err.code, code, "%s", fixture->err.msg);
    cr_expect_not_null(strstr(fixture->err.msg, part), "%s", fixture->err.msg);
    cr_expect_str_eq(hash_of_file(fixture, "library/library.db"), before);
}

Test(library_schema, a_new_library_has_the_latest_version)
{
    struct fixture fixture;
    struct stat status;
    char version[16];

    fixture_init(&fixture);
    snprintf(version, sizeof version, "%d", schema_version());
    cr_expect_str_eq(fixture_sql(&fixture, "PRAGMA user_version"), version);
    cr_expect_str_eq(fixture_sql(&fixture, "PRAGMA application_id"), "1700946481");
    cr_expect_str_eq(fixture_sql(&fixture, "PRAGMA journal_mode"), "wal");
    cr_expect_str_eq(library_note(fixture.library), "");
    cr_assert_eq(stat(fixture_path(&fixture, "library/library.db"), &status), 0);
    cr_expect_eq(status.st_mode & 07, 0, "others may not read it");
    fixture_deinit(&fixture);
}

Test(library_schema, opening_again_changes_nothing)
{
    struct fixture fixture;
    const char *before;

    fixture_init(&fixture);
    library_close(fixture.library);
    before = hash_of_file(&fixture, "library/library.db");
    fixture.library = library_open(fixture.folder, 0, &fixture.err);
    cr_assert_not_null(fixture.library);
    library_close(fixture.library);
    cr_expect_str_eq(hash_of_file(&fixture, "library/library.db"), before);
    fixture.library = NULL;
    fixture_deinit(&fixture);
}

/* Version 0 with nothing in it is what a crash before the first migration leaves. */
Test(library_schema, an_empty_file_is_migrated)
{
    struct fixture fixture;

    fixture_init(&fixture);
    library_close(fixture.library);
    cr_assert_eq(truncate(fixture_path(&fixture, "library/library.db"), 0), 0);
    fixture.library = library_open(fixture.folder, 0, &fixture.err);
    cr_assert_not_null(fixture.library, "%s", fixture.err.msg);
    cr_expect_eq(fixture_survey(&fixture, FIXTURE_JOB, 1, 3), 0, "%s", fixture.err.msg);
    fixture_deinit(&fixture);
}

Test(library_schema, a_newer_schema_is_refused)
{
    struct fixture fixture;

    fixture_init(&fixture);
    library_close(fixture.library);
    fixture_sql(&fixture, "PRAGMA user_version=9999");
    expect_refusal(&fixture, ERROR_UNSUPPORTED, "9999");
    fixture_deinit(&fixture);
}

Test(library_schema, another_programs_database_is_refused)
{
    struct fixture fixture;

    fixture_init(&fixture);
    library_close(fixture.library);
    fixture_sql(&fixture, "PRAGMA application_id=1");
    expect_refusal(&fixture, ERROR_INVALID, "not one of ebb's");
    fixture_sql(&fixture, "PRAGMA application_id=1700946481");
    fixture_sql(&fixture, "PRAGMA user_version=0");
    expect_refusal(&fixture, ERROR_INVALID, "not one of ebb's");
    fixture_deinit(&fixture);
}

Test(library_schema, a_file_that_is_no_database_is_refused)
{
    struct fixture fixture;
    const char *path;

    fixture_init(&fixture);
    library_close(fixture.library);
    path = fixture_path(&fixture, "library/library.db");
    cr_assert_eq(file_write_atomic(path, "These are notes of mine.", 24, 0640, false, &fixture.err),
                 0);
    expect_refusal(&fixture, ERROR_CORRUPT, "restore it from a copy");
    fixture_deinit(&fixture);
}

/* Copies the library as a process that dies would leave it: with its WAL. */
static void copy_open_library(struct fixture *fixture, const char *folder)
{
    static const char *const names[] = {"library.db", "library.db-wal"};

    for (size_t i = 0; i < 2; i++) {
        struct buf content;
        char from[PATH_MAX];
        char to[PATH_MAX];

        snprintf(from, sizeof from, "%.2000s/library/%s", fixture->folder, names[i]);
        snprintf(to, sizeof to, "%.2000s/library/%s", folder, names[i]);
        buf_init(&content, 64U << 20);
        cr_assert_eq(file_read(from, 64U << 20, &content, &fixture->err), 0);
        cr_assert_eq(file_mkdirs(folder, 0750, &fixture->err), 0);
        cr_assert_eq(file_write_atomic(to, content.data, content.size, 0640, false, &fixture->err),
                     0, "%s", fixture->err.msg);
        buf_deinit(&content);
    }
}

static const char *crashed_copy(struct fixture *fixture)
{
    const char *folder = fixture_path(fixture, "crashed");

    cr_assert_eq(file_mkdirs(fixture_path(fixture, "crashed/library"), 0750, &fixture->err), 0);
    copy_open_library(fixture, folder);
    return folder;
}

Test(library_schema, after_a_crash_it_is_checked_and_whole)
{
    struct fixture fixture;
    struct library *copy;
    const char *digest;

    fixture_init(&fixture);
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_JOB, 1, 1), 0);
    cr_assert_eq(fixture_simple_page(&fixture, FIXTURE_JOB, 1, "Some words"), 0);
    digest = fixture_digest(&fixture);
    copy = library_open(crashed_copy(&fixture), 0, &fixture.err);
    cr_assert_not_null(copy, "%s", fixture.err.msg);
    cr_expect_not_null(strstr(library_note(copy), "sound"));
    library_close(fixture.library);
    fixture.library = copy;
    cr_expect_str_eq(fixture_digest(&fixture), digest);
    fixture_deinit(&fixture);
}

Test(library_schema, damage_found_after_a_crash_is_told)
{
    struct fixture fixture;
    char path[PATH_MAX];
    const char *folder;
    int fd;

    fixture_init(&fixture);
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_JOB, 1, 400), 0);
    for (uint32_t i = 1; i <= 400; i++) {
        cr_assert_eq(fixture_simple_page(&fixture, FIXTURE_JOB, i, "Some words of a page"), 0);
    }
    fixture_reopen(&fixture); /* all of it in the file now */
    cr_assert_eq(fixture_finish(&fixture, FIXTURE_JOB, NULL, 0), 0, "%s", fixture.err.msg);
    folder = crashed_copy(&fixture);
    snprintf(path, sizeof path, "%.2000s/library/library.db", folder);
    fd = open(path, O_RDWR | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    for (off_t page = 20; page < 40; page++) {
        cr_assert_eq(pwrite(fd, "garbage garbage garbage garbage", 31, page * 4096), 31);
    }
    close(fd);
    cr_expect_null(library_open(folder, 0, &fixture.err));
    cr_expect_eq(fixture.err.code, ERROR_CORRUPT, "%s", fixture.err.msg);
    cr_expect_not_null(strstr(fixture.err.msg, "restore it from a copy"), "%s", fixture.err.msg);
    fixture_deinit(&fixture);
}

Test(library_schema, a_folder_that_cannot_be_made_is_told)
{
    struct error err = ERROR_INIT;

    cr_expect_null(library_open("/proc/ebb-cannot-be-here", 0, &err));
    cr_expect_not_null(strstr(err.msg, "/proc/ebb-cannot-be-here"), "%s", err.msg);
}
