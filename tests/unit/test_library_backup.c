/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Copies of the library: whole, of one file, checked; put back in place of another library.
 */
#include "library_chunks.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

static const char *no_param(const void *context, const char *key)
{
    (void)context;
    (void)key;
    return NULL;
}

struct asked {
    unsigned left; /* so many more questions are answered with yes */
    unsigned count;
};

static bool answer_progress(void *context, uint32_t done)
{
    struct asked *asked = context;

    (void)done;
    asked->count++;
    return asked->left > 0 && asked->left-- > 0;
}

static int back_up(struct shelf *shelf, const char *path, struct asked *asked)
{
    struct library_query query = {
        .kind = "backup",
        .param = no_param,
        .progress = answer_progress,
        .progress_context = asked,
        .answer_path = path,
    };

    return library_query_run(shelf->library, &query, &shelf->err);
}

static void fill(struct shelf *shelf)
{
    int64_t document = chunks_document(shelf, SHELF_JOB, 1, 3000, "oak");

    chunks_vectors(shelf, document, 1, 3000, "text", CHUNKS_MODEL);
}

/* Of the folder that holds path. */
static unsigned count_files(const char *folder)
{
    DIR *entries = opendir(folder);
    const struct dirent *entry;
    unsigned count = 0;

    cr_assert_not_null(entries);
    while ((entry = readdir(entries)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(entries);
    return count;
}

static const char *answers(struct shelf *shelf)
{
    const char *folder = shelf_path(shelf, "answers");

    cr_assert_eq(file_mkdirs(folder, 0750, &shelf->err), 0);
    return folder;
}

Test(library_backup, a_copy_is_one_whole_file)
{
    struct shelf shelf;
    struct asked asked = {.left = 1000000};
    struct stat status;
    const char *path;
    sqlite3 *db = NULL;
    uint8_t header[20];
    int fd;

    shelf_init(&shelf);
    fill(&shelf);
    answers(&shelf);
    path = shelf_path(&shelf, "answers/copy");
    cr_assert_eq(back_up(&shelf, path, &asked), 0, "%s", shelf.err.msg);
    cr_expect_gt(asked.count, 2, "it says how far it is");
    cr_expect_eq(count_files(answers(&shelf)), 1);
    cr_assert_eq(stat(path, &status), 0);
    cr_expect_eq(status.st_mode & 07, 0, "others may not read it");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert_eq(pread(fd, header, sizeof header, 0), (ssize_t)sizeof header);
    close(fd);
    cr_expect_eq(header[18], 1, "it needs no WAL");
    cr_expect_eq(header[19], 1);
    cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_expect_eq(sqlite3_exec(db, "SELECT * FROM chunks", NULL, NULL, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(db));
    sqlite3_close(db);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL), "the library goes on");
    shelf_deinit(&shelf);
}

/* As docs/library.md says: the file in place, nothing else done. The folder has vector files of
 * another time, under the same names. */
Test(library_backup, restoring_is_putting_the_file_in_place)
{
    struct shelf shelf;
    struct asked asked = {.left = 1000000};
    const char *digest;
    const char *path;
    int64_t other;

    shelf_init(&shelf);
    fill(&shelf);
    digest = shelf_digest(&shelf);
    answers(&shelf);
    path = shelf_path(&shelf, "answers/copy");
    cr_assert_eq(back_up(&shelf, path, &asked), 0, "%s", shelf.err.msg);
    cr_assert_not_null(SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB));
    other = chunks_document(&shelf, SHELF_OTHER_JOB, 2, 40, "elm");
    chunks_vectors(&shelf, other, 1, 40, "text", CHUNKS_MODEL);
    cr_expect_str_neq(shelf_digest(&shelf), digest);
    library_close(shelf.library);
    cr_assert_eq(rename(path, shelf_path(&shelf, "library/library.db")), 0);
    shelf.library = library_open(shelf.folder, 0, &shelf.err);
    cr_assert_not_null(shelf.library, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(library_note(shelf.library), "made again"), "%s",
                       library_note(shelf.library));
    cr_expect_str_eq(shelf_digest(&shelf), digest);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    cr_expect_str_eq(shelf_sql(&shelf, "PRAGMA integrity_check"), "ok");
    shelf_deinit(&shelf);
}

/* A copy that cp or sqlite3 made in the middle of a session has that session's number. */
Test(library_backup, a_copy_of_another_program_is_restored_too)
{
    struct shelf shelf;
    const char *digest;
    const char *copy;
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 60, "oak");
    chunks_vectors(&shelf, document, 1, 50, "text", CHUNKS_MODEL);
    digest = shelf_digest(&shelf);
    copy = shelf_path(&shelf, "copy.db");
    shelf_sql(&shelf, arena_printf(shelf.arena, "VACUUM INTO '%s'", copy));
    cr_assert_not_null(SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB));
    document = chunks_document(&shelf, SHELF_OTHER_JOB, 2, 60, "elm");
    chunks_vectors(&shelf, document, 1, 60, "text", CHUNKS_MODEL);
    library_close(shelf.library);
    cr_assert_eq(rename(copy, shelf_path(&shelf, "library/library.db")), 0);
    shelf.library = library_open(shelf.folder, 0, &shelf.err);
    cr_assert_not_null(shelf.library, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_digest(&shelf), digest);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    shelf_deinit(&shelf);
}

Test(library_backup, a_cancelled_one_leaves_nothing)
{
    struct shelf shelf;
    struct asked asked = {.left = 1000000};
    unsigned steps;

    shelf_init(&shelf);
    fill(&shelf);
    answers(&shelf);
    cr_assert_eq(back_up(&shelf, shelf_path(&shelf, "answers/copy"), &asked), 0);
    cr_assert_eq(unlink(shelf_path(&shelf, "answers/copy")), 0);
    steps = asked.count;
    for (unsigned step = 0; step < steps; step++) {
        asked = (struct asked){.left = step};
        cr_expect_eq(back_up(&shelf, shelf_path(&shelf, "answers/copy"), &asked), -1, "%u", step);
        cr_expect_eq(shelf.err.code, ERROR_CANCELLED, "%u: %s", step, shelf.err.msg);
        cr_expect_eq(count_files(answers(&shelf)), 0, "%u", step);
    }
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    shelf_deinit(&shelf);
}

Test(library_backup, a_full_disk_leaves_nothing)
{
    struct shelf shelf;
    struct asked asked = {.left = 1000000};
    struct rlimit unlimited;
    struct rlimit tight = {.rlim_cur = 1U << 20};

    shelf_init(&shelf);
    fill(&shelf);
    answers(&shelf);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    tight.rlim_max = unlimited.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
    cr_expect_eq(back_up(&shelf, shelf_path(&shelf, "answers/copy"), &asked), -1);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
    cr_expect_eq(count_files(answers(&shelf)), 0);
    cr_assert_eq(back_up(&shelf, shelf_path(&shelf, "answers/copy"), &asked), 0, "%s",
                 shelf.err.msg);
    shelf_deinit(&shelf);
}
