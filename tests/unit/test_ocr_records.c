/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Finding extract's record of a page. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "proto/artifact.h"
#include "workers/ocr/records.h"

static char folder[64];
static struct records records;
static struct arena *arena;

static void setup(void)
{
    strcpy(folder, "/tmp/ebb-test-records-XXXXXX");
    cr_assert(mkdtemp(folder));
    records_init(&records);
    arena = arena_create(0);
}

static void teardown(void)
{
    records_deinit(&records);
    arena_destroy(arena);
    file_remove_tree(folder, NULL);
}

TestSuite(ocr_records, .init = setup, .fini = teardown);

static void path_of(uint32_t first, uint32_t last, char ret_path[192])
{
    char name[ARTIFACT_NAME_BYTES];

    artifact_name("extract", first, last, name);
    snprintf(ret_path, 192, "%s/%s", folder, name);
}

/* An artifact with the pages first to last, each with its label. */
static void write_pages(uint32_t first, uint32_t last, const char *label)
{
    struct error err = ERROR_INIT;
    struct artifact_writer *writer;
    char path[192];
    struct buf buf;

    path_of(first, last, path);
    writer = artifact_create(path, "pages", &err);
    cr_assert_not_null(writer, "%s", err.msg);
    buf_init(&buf, 1 << 20);
    for (uint32_t number = first; number <= last; number++) {
        struct page_record record = {.number = number,
                                     .label = label,
                                     .width_pt = 100,
                                     .height_pt = 100,
                                     .source = "native",
                                     .text = ""};

        buf_reset(&buf, 1 << 20);
        cr_assert(page_record_encode(&record, &buf, &err) == 0, "%s", err.msg);
        cr_assert(artifact_append(writer, buf.data, buf.size, &err) == 0);
    }
    buf_deinit(&buf);
    cr_assert(artifact_commit(writer, NULL, &err) == 0, "%s", err.msg);
}

static void expect(uint32_t number, const char *label)
{
    struct page_record record;
    struct error err = ERROR_INIT;

    cr_assert(records_find(&records, folder, number, arena, &record, &err) == 0, "%s", err.msg);
    cr_assert_eq(record.number, number);
    cr_assert_str_eq(record.label, label);
}

Test(ocr_records, finds_the_page)
{
    write_pages(1, 16, "a");
    write_pages(17, 20, "b");
    expect(1, "a");
    expect(16, "a");
    expect(20, "b");
}

Test(ocr_records, sees_artifacts_that_come_later)
{
    write_pages(1, 2, "a");
    expect(2, "a");
    write_pages(3, 4, "b");
    expect(4, "b");
}

Test(ocr_records, the_shortest_range_is_the_latest_try)
{
    write_pages(1, 16, "whole");
    write_pages(5, 8, "quarter");
    write_pages(5, 5, "one");
    expect(5, "one");
    expect(6, "quarter");
    expect(9, "whole");
}

Test(ocr_records, gets_over_a_damaged_one)
{
    char path[192];
    int fd;

    write_pages(1, 4, "good");
    path_of(2, 3, path);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert(fd >= 0);
    cr_assert(write(fd, "nonsense", 8) == 8);
    close(fd);
    expect(2, "good");
}

Test(ocr_records, ignores_other_files)
{
    static const char *const names[] = {"extract-00000001-00000009.ebb.tmp-1-1", "extract-1-9.ebb",
                                        "survey-00000001-00000001.ebb", "source"};
    struct page_record record;
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[192];

        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        cr_assert(file_write_atomic(path, "x", 1, 0600, false, &err) == 0);
    }
    cr_assert(records_find(&records, folder, 1, arena, &record, &err) < 0);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    write_pages(1, 9, "a");
    expect(3, "a");
}

Test(ocr_records, says_that_there_is_none)
{
    struct page_record record;
    struct error err = ERROR_INIT;

    write_pages(1, 2, "a");
    cr_assert(records_find(&records, folder, 3, arena, &record, &err) < 0);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert_str_eq(err.msg, "no artifact of extract holds page 3");
}
