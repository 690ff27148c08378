/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/artifact: what was committed is read; anything else in its place is refused.
 */
#include "proto/artifact.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/file.h"

static char folder[] = "/tmp/ebb-artifact-XXXXXX";
static char path[sizeof(folder) + 16];

static void begin(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/unit.ebb", folder);
}

static void end(void)
{
    cr_assert_eq(file_remove_tree(folder, NULL), 0);
}

static int files_in_folder(void)
{
    DIR *listing = opendir(folder);
    int count = -2; /* . and .. */

    cr_assert_not_null(listing);
    while (readdir(listing)) {
        count++;
    }
    closedir(listing);
    return count;
}

/* An artifact of the kind "pages" with these texts as records. */
static uint64_t write_texts(const char *const *texts, size_t count)
{
    struct error err = ERROR_INIT;
    struct artifact_writer *writer = artifact_create(path, "pages", &err);
    uint64_t bytes = 0;

    cr_assert_not_null(writer, "%s", err.msg);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(artifact_append(writer, texts[i], strlen(texts[i]), &err), 0, "%s", err.msg);
    }
    cr_assert_eq(artifact_commit(writer, &bytes, &err), 0, "%s", err.msg);
    return bytes;
}

static void refused(const char *kind, enum error_code code)
{
    struct error err = ERROR_INIT;

    cr_assert_null(artifact_open(path, kind, &err));
    cr_assert_eq(err.code, code, "%s", err.msg);
    cr_assert(strstr(err.msg, path), "%s", err.msg);
}

Test(artifact, names)
{
    char name[ARTIFACT_NAME_BYTES];

    artifact_name("extract", 17, 32, name);
    cr_assert_str_eq(name, "extract-00000017-00000032.ebb");
    artifact_name("s", UINT32_MAX, UINT32_MAX, name);
    cr_assert_str_eq(name, "s-4294967295-4294967295.ebb");
}

Test(artifact, round_trip, .init = begin, .fini = end)
{
    static const char *const texts[] = {"\xa5hello", "\xc0", "\x92\x01\x02"};
    uint64_t bytes = write_texts(texts, 3);
    struct error err = ERROR_INIT;
    struct artifact_reader *reader = artifact_open(path, "pages", &err);
    const uint8_t *data;
    size_t size_bytes;
    struct stat status;

    cr_assert_not_null(reader, "%s", err.msg);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq((uint64_t)status.st_size, bytes);
    cr_assert_eq(status.st_mode & 07U, 0);
    cr_assert_eq(artifact_record_count(reader), 3);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(artifact_next(reader, &data, &size_bytes), 1);
        cr_assert_eq(size_bytes, strlen(texts[i]));
        cr_assert_eq(memcmp(data, texts[i], size_bytes), 0);
    }
    cr_assert_eq(artifact_next(reader, &data, &size_bytes), 0);
    cr_assert_eq(artifact_next(reader, &data, &size_bytes), 0);
    artifact_close(reader);
    artifact_close(NULL);
    cr_assert_eq(files_in_folder(), 1);
}

Test(artifact, no_records, .init = begin, .fini = end)
{
    struct artifact_reader *reader;
    const uint8_t *data;
    size_t size_bytes;

    write_texts(NULL, 0);
    reader = artifact_open(path, "pages", NULL);
    cr_assert_not_null(reader);
    cr_assert_eq(artifact_record_count(reader), 0);
    cr_assert_eq(artifact_next(reader, &data, &size_bytes), 0);
    artifact_close(reader);
}

/* A record that looks like the last one is a record like any other. */
Test(artifact, a_record_that_looks_like_the_last, .init = begin, .fini = end)
{
    static const char *const texts[] = {"\x93\xa3"
                                        "end\x01\x02",
                                        "\xc0"};
    struct artifact_reader *reader;

    write_texts(texts, 2);
    reader = artifact_open(path, "pages", NULL);
    cr_assert_not_null(reader);
    cr_assert_eq(artifact_record_count(reader), 2);
    artifact_close(reader);
}

Test(artifact, large_records, .init = begin, .fini = end)
{
    static uint8_t record[300000];
    struct artifact_writer *writer = artifact_create(path, "survey", NULL);
    struct artifact_reader *reader;
    const uint8_t *data;
    size_t size_bytes;

    for (size_t size = 1; size < sizeof(record); size = size * 3 + 1) {
        memset(record, (int)(size & 0xffU), sizeof(record));
        cr_assert_eq(artifact_append(writer, record, size, NULL), 0);
    }
    cr_assert_eq(artifact_commit(writer, NULL, NULL), 0);
    reader = artifact_open(path, "survey", NULL);
    cr_assert_not_null(reader);
    for (size_t size = 1; size < sizeof(record); size = size * 3 + 1) {
        cr_assert_eq(artifact_next(reader, &data, &size_bytes), 1);
        cr_assert_eq(size_bytes, size);
        cr_assert_eq(data[size - 1], size & 0xffU);
    }
    artifact_close(reader);
}

Test(artifact, records_that_are_none, .init = begin, .fini = end)
{
    struct artifact_writer *writer = artifact_create(path, "pages", NULL);
    struct error err = ERROR_INIT;

    cr_assert_eq(artifact_append(writer, "", 0, &err), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
    cr_assert_eq(artifact_append(writer, path, ARTIFACT_RECORD_MAX_BYTES + 1, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(artifact_append(writer, "\xc0", 1, &err), 0);
    cr_assert_eq(artifact_commit(writer, NULL, &err), 0);
}

Test(artifact, nothing_is_seen_before_the_commit, .init = begin, .fini = end)
{
    struct artifact_writer *writer = artifact_create(path, "pages", NULL);

    cr_assert_eq(artifact_append(writer, "\xc0", 1, NULL), 0);
    cr_assert_neq(access(path, F_OK), 0);
    refused("pages", ERROR_NOT_FOUND);
    artifact_discard(writer);
    artifact_discard(NULL);
    cr_assert_eq(files_in_folder(), 0);
}

Test(artifact, a_commit_replaces_what_was_there, .init = begin, .fini = end)
{
    static const char *const first[] = {"\xa5hello"};
    static const char *const second[] = {"\xc0", "\xc0"};
    struct artifact_reader *old;
    struct artifact_reader *new;
    const uint8_t *data;
    size_t size_bytes;

    write_texts(first, 1);
    old = artifact_open(path, "pages", NULL);
    write_texts(second, 2);
    new = artifact_open(path, "pages", NULL);
    cr_assert_eq(artifact_record_count(new), 2);
    cr_assert_eq(artifact_next(old, &data, &size_bytes), 1);
    cr_assert_eq(memcmp(data, "\xa5hello", size_bytes), 0);
    artifact_close(old);
    artifact_close(new);
    cr_assert_eq(files_in_folder(), 1);
}

Test(artifact, a_folder_that_is_not_there)
{
    struct error err = ERROR_INIT;

    cr_assert_null(artifact_create("/nowhere/unit.ebb", "pages", &err));
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert_null(artifact_open("/nowhere/unit.ebb", "pages", &err));
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
}

Test(artifact, of_another_kind, .init = begin, .fini = end)
{
    write_texts(NULL, 0);
    refused("survey", ERROR_CORRUPT);
    refused("page", ERROR_CORRUPT);
    refused("pagess", ERROR_CORRUPT);
}

Test(artifact, things_that_are_no_files, .init = begin, .fini = end)
{
    cr_assert_eq(mkdir(path, 0700), 0);
    refused("pages", ERROR_CORRUPT);
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0); /* does not hold us */
    refused("pages", ERROR_CORRUPT);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(symlink("/etc/passwd", path), 0);
    refused("pages", ERROR_CORRUPT);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(file_write_atomic(path, "", 0, 0600, false, NULL), 0);
    refused("pages", ERROR_CORRUPT);
    cr_assert_eq(file_write_atomic(path, "%PDF-1.7", 8, 0600, false, NULL), 0);
    refused("pages", ERROR_CORRUPT);
}

static void put_file(const void *data, size_t size_bytes)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(file_write_atomic(path, data, size_bytes, 0600, false, &err), 0, "%s", err.msg);
}

/* Two small records; every byte in turn is changed in each bit and to the extremes, every length
 * from none to one short is tried, and so are bytes behind the end. */
Test(artifact, damage_at_every_byte_is_seen, .init = begin, .fini = end)
{
    static const char *const texts[] = {"\xa5hello", "\x92\x01\xcd\x01\x02"};
    struct buf whole;

    write_texts(texts, 2);
    buf_init(&whole, 4096);
    cr_assert_eq(file_read(path, 4096, &whole, NULL), 0);
    for (size_t at = 0; at < whole.size; at++) {
        uint8_t right = whole.data[at];

        for (unsigned wrong = 0; wrong < 256; wrong++) {
            if (wrong != right) {
                whole.data[at] = (uint8_t)wrong;
                put_file(whole.data, whole.size);
                refused("pages", ERROR_CORRUPT);
            }
        }
        whole.data[at] = right;
        put_file(whole.data, at);
        refused("pages", ERROR_CORRUPT);
    }
    put_file(whole.data, whole.size);
    artifact_close(artifact_open(path, "pages", NULL));
    cr_assert_eq(buf_append(&whole, "\0", 1, NULL), 0);
    put_file(whole.data, whole.size);
    refused("pages", ERROR_CORRUPT);
    cr_assert_eq(buf_append(&whole, "\0\0\1\xc0", 4, NULL), 0);
    put_file(whole.data, whole.size);
    refused("pages", ERROR_CORRUPT);
    buf_deinit(&whole);
}

/* A record left out, doubled, or moved. */
Test(artifact, records_in_another_order_are_seen, .init = begin, .fini = end)
{
    static const char *const texts[] = {"\xa1"
                                        "a",
                                        "\xa1"
                                        "b"};
    struct buf whole;
    uint8_t *first;

    write_texts(texts, 2);
    buf_init(&whole, 4096);
    cr_assert_eq(file_read(path, 4096, &whole, NULL), 0);
    first = memmem(whole.data, whole.size,
                   "\0\0\0\2\xa1"
                   "a",
                   6);
    cr_assert_not_null(first);
    first[5] = 'b';
    first[11] = 'a';
    put_file(whole.data, whole.size);
    refused("pages", ERROR_CORRUPT);
    first[5] = 'a';
    put_file(whole.data, whole.size);
    refused("pages", ERROR_CORRUPT);
    first[11] = 'b';
    memmove(first, first + 6, whole.size - (size_t)(first - whole.data) - 6);
    put_file(whole.data, whole.size - 6);
    refused("pages", ERROR_CORRUPT);
    buf_deinit(&whole);
}
