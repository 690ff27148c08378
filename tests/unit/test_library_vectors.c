/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Vector files beside the library: in step with its rows through commits, rollbacks, compaction and
 * restarts, made again when they are missing, damaged or of other rows.
 */
#include "library_chunks.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "workers/library/care.h"
#include "workers/library/vector_upkeep.h"

static const char *set_path(struct shelf *shelf, const char *model)
{
    struct vector_set set = chunks_set(shelf, "text", model);
    char path[PATH_MAX];

    cr_assert_eq(vector_set_path(library_folder(shelf->library), &set, path, &shelf->err), 0);
    return arena_strdup(shelf->arena, path);
}

static void care_for(struct shelf *shelf)
{
    struct care care = {.budget_ms = 60000};
    bool done = false;

    cr_assert_eq(library_care(shelf->library, &care, &done, &shelf->err), 0, "%s", shelf->err.msg);
    cr_assert(done);
}

Test(library_vectors, a_file_has_what_the_rows_have)
{
    struct shelf shelf;
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 20, "oak");
    chunks_vectors(&shelf, document, 1, 12, "text", CHUNKS_MODEL);
    chunks_vectors(&shelf, document, 13, 20, "text", CHUNKS_MODEL);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    shelf_reopen(&shelf);
    cr_expect_str_eq(library_note(shelf.library), "");
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    shelf_deinit(&shelf);
}

Test(library_vectors, a_transaction_that_never_was_leaves_nothing_that_counts)
{
    struct shelf shelf;
    struct vector_writer *writer;
    struct vector_set set;
    float vector[CHUNKS_DIMENSIONS];
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 10, "oak");
    chunks_vectors(&shelf, document, 1, 5, "text", CHUNKS_MODEL);
    shelf_reopen(&shelf);
    set = chunks_set(&shelf, "text", CHUNKS_MODEL);
    cr_assert_eq(library_begin(shelf.library, false, &shelf.err), 0);
    writer = library_vector_writer(shelf.library, set.id, &shelf.err);
    cr_assert_not_null(writer);
    chunks_vector_of(77, CHUNKS_MODEL, vector);
    cr_assert_eq(vector_writer_put(writer, set.slots, 77, vector, &shelf.err), 0);
    cr_assert_eq(vector_writer_flush(writer, &shelf.err), 0);
    cr_assert_eq(library_vectors_remove(shelf.library, 0, INT64_MAX, &shelf.err), 0);
    library_rollback(shelf.library);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL), "nothing was erased");
    shelf_reopen(&shelf);
    cr_expect_str_eq(library_note(shelf.library), "", "and the files are known to be whole");
    chunks_vectors(&shelf, document, 6, 10, "text", CHUNKS_MODEL);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    shelf_deinit(&shelf);
}

Test(library_vectors, a_missing_file_is_made_again)
{
    struct shelf shelf;
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 30, "oak");
    chunks_vectors(&shelf, document, 1, 30, "text", CHUNKS_MODEL);
    chunks_vectors(&shelf, document, 1, 3, "image", "model-b");
    cr_assert_eq(unlink(set_path(&shelf, CHUNKS_MODEL)), 0);
    shelf_reopen(&shelf);
    cr_expect_not_null(strstr(library_note(shelf.library), "vector set 1 was made again"), "%s",
                       library_note(shelf.library));
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    cr_expect(chunks_file_fits(&shelf, "image", "model-b"));
    shelf_reopen(&shelf);
    cr_expect_str_eq(library_note(shelf.library), "");
    shelf_deinit(&shelf);
}

static void copy_file(struct shelf *from, struct shelf *to, const char *name)
{
    struct buf content;

    buf_init(&content, (size_t)1 << 30);
    cr_assert_eq(file_read(shelf_path(from, name), (size_t)1 << 30, &content, &from->err), 0, "%s",
                 from->err.msg);
    cr_assert_eq(
        file_write_atomic(shelf_path(to, name), content.data, content.size, 0640, false, &to->err),
        0, "%s", to->err.msg);
    buf_deinit(&content);
}

/* Everything below the library's folder as a process that is killed leaves it. */
static void copy_library(struct shelf *from, struct shelf *to)
{
    static const char *const names[] = {"library/library.db", "library/library.db-wal",
                                        "library/vectors/stamp",
                                        "library/vectors/00000001-00000001.vec"};

    library_close(to->library);
    to->library = NULL;
    cr_assert_eq(file_remove_tree(shelf_path(to, "library"), &to->err), 0);
    cr_assert_eq(file_mkdirs(shelf_path(to, "library/vectors"), 0750, &to->err), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        copy_file(from, to, names[i]);
    }
}

Test(library_vectors, after_a_kill_every_slot_is_looked_at)
{
    struct shelf shelf;
    struct shelf killed;
    const char *path;
    int64_t document;
    uint8_t byte;
    int fd;

    shelf_init(&shelf);
    shelf_init(&killed);
    document = chunks_document(&shelf, SHELF_JOB, 1, 40, "oak");
    chunks_vectors(&shelf, document, 1, 40, "text", CHUNKS_MODEL);
    copy_library(&shelf, &killed);
    shelf_reopen(&killed);
    cr_expect_null(strstr(library_note(killed.library), "made again"), "a whole one stays");
    cr_expect(chunks_file_fits(&killed, "text", CHUNKS_MODEL));
    path = set_path(&killed, CHUNKS_MODEL);
    copy_library(&shelf, &killed);
    fd = open(path, O_RDWR | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    cr_assert_eq(pread(fd, &byte, 1, 4096 + 64 * 17 + 40), 1);
    byte ^= 0x10;
    cr_assert_eq(pwrite(fd, &byte, 1, 4096 + 64 * 17 + 40), 1);
    close(fd);
    shelf_reopen(&killed);
    cr_expect_not_null(strstr(library_note(killed.library), "made again"), "%s",
                       library_note(killed.library));
    cr_expect(chunks_file_fits(&killed, "text", CHUNKS_MODEL));
    shelf_deinit(&shelf);
    shelf_deinit(&killed);
}

/* A slot of a vector that went, erased neither by the process that took it nor by the next. */
Test(library_vectors, after_a_kill_what_no_row_has_is_erased)
{
    struct shelf shelf;
    struct shelf killed;
    uint8_t slot[64];
    int64_t document;
    int fd;

    shelf_init(&shelf);
    shelf_init(&killed);
    document = chunks_document(&shelf, SHELF_JOB, 1, 40, "oak");
    chunks_vectors(&shelf, document, 1, 40, "text", CHUNKS_MODEL);
    copy_library(&shelf, &killed);
    fd = open(set_path(&shelf, CHUNKS_MODEL), O_RDONLY | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    cr_assert_eq(pread(fd, slot, sizeof slot, 4096 + 64 * 7), (ssize_t)sizeof slot);
    close(fd);
    cr_assert(chunks_bytes_anywhere(&shelf, slot + 32, 32));
    shelf_deinit(&shelf);
    /* Before it is opened: the row goes, the file stays as it is. */
    shelf_sql(&killed, "DELETE FROM vectors WHERE row & 1099511627775=7");
    shelf_sql(&killed, "UPDATE vector_sets SET live=live-1");
    killed.library = library_open(killed.folder, 0, &killed.err);
    cr_assert_not_null(killed.library, "%s", killed.err.msg);
    cr_expect_not(chunks_bytes_anywhere(&killed, slot + 32, 32));
    cr_expect(chunks_file_fits(&killed, "text", CHUNKS_MODEL));
    shelf_deinit(&killed);
}

/* A successor looks at the files while its predecessor still adds to them: what it saw of the set
 * before is no measure of the rows that it sees after. */
Test(library_vectors, a_set_that_grows_while_it_is_looked_at)
{
    struct shelf shelf;
    struct vector_set before;
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 20, "oak");
    chunks_vectors(&shelf, document, 1, 8, "text", CHUNKS_MODEL);
    before = chunks_set(&shelf, "text", CHUNKS_MODEL);
    chunks_vectors(&shelf, document, 9, 20, "text", CHUNKS_MODEL);
    cr_expect_eq(
        vector_set_erase_dead(shelf.library, library_folder(shelf.library), &before, &shelf.err), 0,
        "%s", shelf.err.msg);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL), "nothing that lives was erased");
    shelf_deinit(&shelf);
}

Test(library_vectors, removing_erases_the_slots)
{
    struct shelf shelf;
    float vector[CHUNKS_DIMENSIONS];
    uint8_t slot[64];
    int64_t kept;
    int64_t gone;
    int fd;

    shelf_init(&shelf);
    kept = chunks_document(&shelf, SHELF_OTHER_JOB, 2, 10, "elm");
    gone = chunks_document(&shelf, SHELF_JOB, 1, 10, "oak");
    chunks_vectors(&shelf, kept, 1, 10, "text", CHUNKS_MODEL);
    chunks_vectors(&shelf, gone, 1, 10, "text", CHUNKS_MODEL);
    chunks_vector_of(library_page_row(gone, 4), CHUNKS_MODEL, vector);
    fd = open(set_path(&shelf, CHUNKS_MODEL), O_RDONLY | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    cr_assert_eq(pread(fd, slot, sizeof slot, 4096 + 64 * 13), (ssize_t)sizeof slot);
    close(fd);
    cr_assert(chunks_bytes_anywhere(&shelf, vector, sizeof vector));
    cr_assert(chunks_bytes_anywhere(&shelf, slot + 32, 32));
    cr_assert_not_null(SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB), "%s", shelf.err.msg);
    cr_expect_not(chunks_bytes_anywhere(&shelf, vector, sizeof vector));
    cr_expect_not(chunks_bytes_anywhere(&shelf, slot + 32, 32));
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    cr_expect_eq(chunks_set(&shelf, "text", CHUNKS_MODEL).live, 10);
    shelf_deinit(&shelf);
}

Test(library_vectors, a_set_without_a_vector_goes_with_its_file)
{
    struct shelf shelf;
    struct stat status;
    const char *path;
    int64_t gone;

    shelf_init(&shelf);
    gone = chunks_document(&shelf, SHELF_JOB, 1, 10, "oak");
    chunks_vectors(&shelf, gone, 1, 10, "text", CHUNKS_MODEL);
    path = set_path(&shelf, CHUNKS_MODEL);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_not_null(SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB), "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM vector_sets"), "0");
    cr_expect_lt(stat(path, &status), 0);
    gone = chunks_document(&shelf, SHELF_JOB, 1, 10, "oak");
    chunks_vectors(&shelf, gone, 1, 10, "text", CHUNKS_MODEL);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    shelf_deinit(&shelf);
}

/* Over a quarter of over 1,024 slots dead: another file, and whoever has the old one goes on. */
Test(library_vectors, dead_slots_are_compacted)
{
    struct shelf shelf;
    struct vector_set before;
    struct vector_set after;
    struct vector_reader *reader;
    struct vector_scan scan = {.k = 1};
    struct vector_candidate found[8];
    float vector[CHUNKS_DIMENSIONS];
    const char *old_path;
    int64_t first;
    int64_t second;
    size_t count = 0;
    bool exact;

    shelf_init(&shelf);
    first = chunks_document(&shelf, SHELF_JOB, 1, 600, "oak");
    second = chunks_document(&shelf, SHELF_OTHER_JOB, 2, 900, "elm");
    chunks_vectors(&shelf, first, 1, 600, "text", CHUNKS_MODEL);
    chunks_vectors(&shelf, second, 1, 900, "text", CHUNKS_MODEL);
    before = chunks_set(&shelf, "text", CHUNKS_MODEL);
    old_path = set_path(&shelf, CHUNKS_MODEL);
    reader = vector_reader_open(old_path, CHUNKS_DIMENSIONS, &shelf.err);
    cr_assert_not_null(reader, "%s", shelf.err.msg);
    cr_assert_not_null(SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB), "%s", shelf.err.msg);
    after = chunks_set(&shelf, "text", CHUNKS_MODEL);
    cr_expect_eq(after.generation, before.generation + 1);
    cr_expect_eq(after.slots, 900);
    cr_expect_eq(after.live, 900);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    cr_expect_lt(access(old_path, F_OK), 0);
    chunks_vector_of(library_page_row(second, 5), CHUNKS_MODEL, vector);
    scan.slots = before.slots;
    scan.query = vector;
    cr_assert_eq(vector_scan(reader, &scan, found, 8, &count, &exact, &shelf.err), 0);
    cr_assert_geq(count, 1);
    cr_expect_eq(found[0].row, library_page_row(second, 5));
    vector_reader_close(reader);
    cr_expect_str_eq(shelf_sql(&shelf, "PRAGMA integrity_check"), "ok");
    shelf_reopen(&shelf);
    cr_expect_str_eq(library_note(shelf.library), "");
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    shelf_deinit(&shelf);
}

/* Holes among the living, and few of them: slots stay where they are but for the last. */
Test(library_vectors, compaction_moves_only_the_last)
{
    struct shelf shelf;
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 1500, "oak");
    chunks_vectors(&shelf, document, 1, 1500, "text", CHUNKS_MODEL);
    for (uint32_t n = 3; n <= 1500; n += 3) {
        int64_t target = library_page_row(document, n);

        cr_assert_eq(library_begin(shelf.library, false, &shelf.err), 0);
        cr_assert_eq(library_vectors_remove(shelf.library, target, target, &shelf.err), 0, "%s",
                     shelf.err.msg);
        cr_assert_eq(library_commit(shelf.library, &shelf.err), 0);
    }
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    care_for(&shelf);
    cr_expect_eq(chunks_set(&shelf, "text", CHUNKS_MODEL).slots, 1000);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT max(row & 1099511627775) FROM vectors"), "999");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM vectors WHERE row & 1099511627775"
                                       "=(target & 4294967295)-1"),
                     "667", "those that were in front stay");
    shelf_deinit(&shelf);
}

static bool refuse(void *context)
{
    (void)context;
    return false;
}

Test(library_vectors, a_cancelled_compaction_changes_nothing)
{
    struct shelf shelf;
    struct care care = {.budget_ms = 60000, .ask = refuse};
    struct vector_set before;
    int64_t document;
    bool done;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 6000, "oak");
    chunks_vectors(&shelf, document, 1, 6000, "text", CHUNKS_MODEL);
    cr_assert_eq(library_begin(shelf.library, false, &shelf.err), 0);
    cr_assert_eq(library_vectors_remove(shelf.library, library_page_row(document, 10),
                                        library_page_row(document, 1800), &shelf.err),
                 0, "%s", shelf.err.msg);
    cr_assert_eq(library_commit(shelf.library, &shelf.err), 0);
    before = chunks_set(&shelf, "text", CHUNKS_MODEL);
    cr_expect_eq(library_care(shelf.library, &care, &done, &shelf.err), -1);
    cr_expect_eq(shelf.err.code, ERROR_CANCELLED);
    cr_expect_eq(chunks_set(&shelf, "text", CHUNKS_MODEL).generation, before.generation);
    cr_expect_eq(chunks_set(&shelf, "text", CHUNKS_MODEL).slots, before.slots);
    care_for(&shelf);
    cr_expect_eq(chunks_set(&shelf, "text", CHUNKS_MODEL).slots, before.live);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    shelf_deinit(&shelf);
}

static bool count_questions(void *context, uint64_t done)
{
    (void)done;
    (*(unsigned *)context)++;
    return true;
}

/* Opening must not take long: 130,000 vectors are looked through before the first change instead,
 * and nobody takes the old file for them meanwhile. */
Test(library_vectors, much_is_put_off_until_the_first_unit)
{
    struct shelf shelf;
    unsigned asked = 0;
    uint64_t damaged;
    struct vector_set_progress progress = {count_questions, &asked};
    const char *path;
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 10, "oak");
    chunks_vectors(&shelf, document, 1, 3, "text", CHUNKS_MODEL);
    path = set_path(&shelf, CHUNKS_MODEL);
    shelf_reopen(&shelf);
    shelf_sql(&shelf, "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i+1 FROM n WHERE i<131999)"
                      " INSERT INTO vectors SELECT (1 << 40)+i, (9 << 32)+i,"
                      " (SELECT vector FROM vectors LIMIT 1) FROM n");
    shelf_sql(&shelf, "UPDATE vector_sets SET slots=132000, live=132000");
    library_close(shelf.library);
    shelf_sql(&shelf, "UPDATE upkeep SET value=value+1 WHERE name='vectors_id'");
    shelf.library = library_open(shelf.folder, 0, &shelf.err);
    cr_assert_not_null(shelf.library, "%s", shelf.err.msg);
    cr_expect_str_eq(library_note(shelf.library), "");
    cr_expect_lt(access(path, F_OK), 0, "what is of other rows is gone");
    cr_assert_eq(library_begin(shelf.library, false, &shelf.err), 0);
    cr_expect_null(library_vector_writer(shelf.library, 1, &shelf.err));
    library_rollback(shelf.library);
    cr_assert_eq(library_vectors_ready(shelf.library, &progress, &shelf.err), 0, "%s",
                 shelf.err.msg);
    cr_expect_gt(asked, 10);
    cr_expect_not_null(strstr(library_note(shelf.library), "made again"));
    path = set_path(&shelf, CHUNKS_MODEL);
    cr_expect_eq(vector_file_check(path, CHUNKS_DIMENSIONS, 132000, &damaged, &shelf.err), 0);
    chunks_vectors(&shelf, document, 4, 10, "text", CHUNKS_MODEL);
    shelf_reopen(&shelf);
    cr_expect_str_eq(library_note(shelf.library), "");
    shelf_deinit(&shelf);
}
