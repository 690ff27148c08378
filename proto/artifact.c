/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An artifact: written once, read whole or not at all.
 *
 * The first record is ["ebb", version, kind], the last ["end", count, checksum]; what lies between
 * is the unit's. The checksum is FNV-1a, which tells every change of a single byte, and is there
 * for torn and rotten files: a reader still checks each record, as a worker that was taken over
 * can write a checksum too.
 *
 * Invariants: a reader exists only for a file of which every byte has been looked at. Opening and
 * committing may block on the disk. A commit does not sync: the checksum tells what a power cut
 * took, and the unit runs again, which costs less than waiting for the disk after every unit.
 * A file that is cut short while it is read costs the reader SIGBUS, so only a process that may
 * die reads artifacts. Nothing is logged.
 * Source: PROTOCOL.md, "Artifacts".
 */
#include "proto/artifact.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/hash.h"
#include "proto/scan.h"
#include "proto/value.h"

#define LENGTH_BYTES 4U
#define KIND_MAX_BYTES 32
#define MARK_FIRST "ebb"
#define MARK_LAST "end"
#define OWN_RECORD_MAX_BYTES 64 /* the first and the last */
#define FNV_PRIME UINT64_C(0x100000001b3)

struct artifact_writer {
    struct file_writer *file;
    uint64_t records;
    uint64_t checksum; /* of all that was written */
};

struct artifact_reader {
    uint8_t *data; /* the mapping */
    size_t size_bytes;
    size_t at;      /* of the next record */
    size_t last_at; /* of the last record, which is not the unit's */
    uint64_t records;
};

void artifact_name(const char *stage, uint32_t first, uint32_t last,
                   char ret_name[ARTIFACT_NAME_BYTES])
{
    snprintf(ret_name, ARTIFACT_NAME_BYTES, "%.32s-%08" PRIu32 "-%08" PRIu32 ".ebb", stage, first,
             last);
}

/* --- writing --- */

static uint64_t checksum_add(uint64_t checksum, const uint8_t *data, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        checksum = (checksum ^ data[i]) * FNV_PRIME;
    }
    return checksum;
}

static int write_record(struct artifact_writer *writer, const void *data, size_t size_bytes,
                        struct error *err)
{
    uint8_t length[LENGTH_BYTES];

    for (size_t i = 0; i < LENGTH_BYTES; i++) {
        length[i] = (uint8_t)(size_bytes >> (8 * (LENGTH_BYTES - 1 - i)));
    }
    if (file_writer_append(writer->file, length, sizeof(length), err) < 0 ||
        file_writer_append(writer->file, data, size_bytes, err) < 0) {
        return -1;
    }
    writer->checksum = checksum_add(writer->checksum, length, sizeof(length));
    writer->checksum = checksum_add(writer->checksum, data, size_bytes);
    return 0;
}

/* One of our own: [mark, number, and what is packed behind them]. */
static int write_own(struct artifact_writer *writer, const char *mark, uint64_t number,
                     const char *kind, struct error *err)
{
    struct buf record;
    struct pack pack;
    int result;

    buf_init(&record, OWN_RECORD_MAX_BYTES);
    pack_init(&pack, &record);
    pack_array(&pack, 3);
    pack_str(&pack, mark);
    pack_uint(&pack, number);
    if (kind) {
        pack_str(&pack, kind);
    } else {
        pack_uint(&pack, writer->checksum);
    }
    result = pack_finish(&pack, err);
    if (result == 0) {
        result = write_record(writer, record.data, record.size, err);
    }
    buf_deinit(&record);
    return result;
}

struct artifact_writer *artifact_create(const char *path, const char *kind, struct error *err)
{
    struct artifact_writer *writer;

    assert(strlen(kind) >= 1 && strlen(kind) <= KIND_MAX_BYTES);
    writer = calloc(1, sizeof(*writer));
    if (!writer) {
        error_set(err, ERROR_MEMORY, "no memory to write %s", path);
        return NULL;
    }
    writer->checksum = hash_fnv1a("", 0);
    writer->file = file_writer_open(path, 0640, err);
    if (!writer->file || write_own(writer, MARK_FIRST, ARTIFACT_VERSION, kind, err) < 0) {
        artifact_discard(writer);
        return NULL;
    }
    return writer;
}

int artifact_append(struct artifact_writer *writer, const void *data, size_t size_bytes,
                    struct error *err)
{
    if (size_bytes == 0 || size_bytes > ARTIFACT_RECORD_MAX_BYTES) {
        return error_set(err, size_bytes ? ERROR_LIMIT : ERROR_INVALID,
                         "a record of %zu bytes; 1 to %u are allowed", size_bytes,
                         ARTIFACT_RECORD_MAX_BYTES);
    }
    if (write_record(writer, data, size_bytes, err) < 0) {
        return -1;
    }
    writer->records++;
    return 0;
}

int artifact_commit(struct artifact_writer *writer, uint64_t *ret_bytes, struct error *err)
{
    uint64_t bytes;

    if (write_own(writer, MARK_LAST, writer->records, NULL, err) < 0) {
        artifact_discard(writer);
        return -1;
    }
    bytes = file_writer_bytes(writer->file);
    if (file_writer_commit(TAKE_PTR(writer->file), false, err) < 0) {
        artifact_discard(writer);
        return -1;
    }
    free(writer);
    if (ret_bytes) {
        *ret_bytes = bytes;
    }
    return 0;
}

void artifact_discard(struct artifact_writer *writer)
{
    if (writer) {
        file_writer_discard(writer->file);
        free(writer);
    }
}

/* --- reading --- */

/* The record at an offset. False when it is not whole or of a size that is not allowed. */
static bool record_at(const struct artifact_reader *reader, size_t at, const uint8_t **ret_data,
                      size_t *ret_size_bytes)
{
    const uint8_t *length = reader->data + at;
    size_t left_bytes = reader->size_bytes - at;
    size_t size_bytes;

    if (left_bytes < LENGTH_BYTES) {
        return false;
    }
    size_bytes = (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 |
                 (size_t)length[3];
    if (size_bytes == 0 || size_bytes > ARTIFACT_RECORD_MAX_BYTES ||
        size_bytes > left_bytes - LENGTH_BYTES) {
        return false;
    }
    *ret_data = length + LENGTH_BYTES;
    *ret_size_bytes = size_bytes;
    return true;
}

/* Whether the scan is at a STR of exactly this text. */
static bool scan_is(struct scan *scan, const char *text)
{
    size_t size_bytes;
    const char *found = scan_str(scan, 1, KIND_MAX_BYTES, &size_bytes);

    return found && size_bytes == strlen(text) && memcmp(found, text, size_bytes) == 0;
}

static int check_first(struct artifact_reader *reader, const char *kind, struct error *err)
{
    const uint8_t *data;
    size_t size_bytes;
    struct scan scan;

    if (!record_at(reader, 0, &data, &size_bytes)) {
        return error_set(err, ERROR_CORRUPT, "no whole record at its start");
    }
    scan_init(&scan, data, size_bytes, true);
    if (!scan_array_of(&scan, 3) || !scan_is(&scan, MARK_FIRST)) {
        return error_set(err, ERROR_CORRUPT, "it is no artifact");
    }
    if (scan_uint(&scan, 0, UINT64_MAX) != ARTIFACT_VERSION || scan.fault) {
        return error_set(err, ERROR_CORRUPT, "its version is not %d", ARTIFACT_VERSION);
    }
    if (!scan_is(&scan, kind) || !scan_finish(&scan)) {
        return error_set(err, ERROR_CORRUPT, "it is not of the kind \"%s\"", kind);
    }
    reader->at = LENGTH_BYTES + size_bytes;
    return 0;
}

/* Finds the last record and counts those between. */
static int find_last(struct artifact_reader *reader, struct error *err)
{
    size_t at = reader->at;
    uint64_t records = 0;

    for (;;) {
        const uint8_t *data;
        size_t size_bytes;

        if (!record_at(reader, at, &data, &size_bytes)) {
            return error_set(err, ERROR_CORRUPT, "no whole record at byte %zu", at);
        }
        if (at + LENGTH_BYTES + size_bytes == reader->size_bytes) {
            break;
        }
        at += LENGTH_BYTES + size_bytes;
        records++;
    }
    reader->last_at = at;
    reader->records = records;
    return 0;
}

static int check_last(const struct artifact_reader *reader, struct error *err)
{
    const uint8_t *data;
    size_t size_bytes;
    struct scan scan;
    uint64_t records;
    uint64_t checksum;

    if (!record_at(reader, reader->last_at, &data, &size_bytes)) {
        return error_set(err, ERROR_CORRUPT, "no whole record at its end");
    }
    scan_init(&scan, data, size_bytes, true);
    if (!scan_array_of(&scan, 3) || !scan_is(&scan, MARK_LAST)) {
        return error_set(err, ERROR_CORRUPT, "it has no last record");
    }
    records = scan_uint(&scan, 0, UINT64_MAX);
    checksum = scan_uint(&scan, 0, UINT64_MAX);
    if (!scan_finish(&scan) || records != reader->records) {
        return error_set(err, ERROR_CORRUPT, "its last record does not fit the others");
    }
    if (checksum != hash_fnv1a(reader->data, reader->last_at)) {
        return error_set(err, ERROR_CORRUPT, "its checksum is wrong");
    }
    return 0;
}

static int map_file(struct artifact_reader *reader, const char *path, struct error *err)
{
    /* O_NONBLOCK: a FIFO in the file's place must not hold us. */
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    void *data;

    if (fd < 0 && errno == ELOOP) {
        return error_set(err, ERROR_CORRUPT, "it is a symbolic link");
    }
    if (fd < 0 || fstat(fd, &status) < 0) {
        return error_set_errno(err, errno, "cannot open it");
    }
    if (!S_ISREG(status.st_mode) || status.st_size == 0) {
        return error_set(err, ERROR_CORRUPT, "%s",
                         S_ISREG(status.st_mode) ? "it is empty" : "it is no regular file");
    }
    data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        return error_set_errno(err, errno, "cannot map it");
    }
    reader->data = data;
    reader->size_bytes = (size_t)status.st_size;
    return 0;
}

struct artifact_reader *artifact_open(const char *path, const char *kind, struct error *err)
{
    struct artifact_reader *reader = calloc(1, sizeof(*reader));

    if (!reader) {
        error_set(err, ERROR_MEMORY, "no memory to read %s", path);
        return NULL;
    }
    if (map_file(reader, path, err) < 0 || check_first(reader, kind, err) < 0 ||
        find_last(reader, err) < 0 || check_last(reader, err) < 0) {
        error_wrap(err, "artifact %s", path);
        artifact_close(reader);
        return NULL;
    }
    return reader;
}

uint64_t artifact_record_count(const struct artifact_reader *reader)
{
    return reader->records;
}

int artifact_next(struct artifact_reader *reader, const uint8_t **ret_data, size_t *ret_size_bytes)
{
    if (reader->at == reader->last_at || !record_at(reader, reader->at, ret_data, ret_size_bytes)) {
        return 0;
    }
    reader->at += LENGTH_BYTES + *ret_size_bytes;
    return 1;
}

void artifact_close(struct artifact_reader *reader)
{
    if (!reader) {
        return;
    }
    if (reader->data) {
        munmap(reader->data, reader->size_bytes);
    }
    free(reader);
}
