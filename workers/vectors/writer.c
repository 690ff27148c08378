/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Writing a vector file, and looking through one.
 *
 * Slots that follow one another are gathered and written at once. Invariants: the buffer holds the
 * slots first_slot and up, count of them; a file is never made shorter, so that who maps it is
 * safe. Everything blocks on the disk. Logs nothing.
 */
#include "workers/vectors/vector_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdio.h"
#include "common/file.h"
#include "workers/vectors/format.h"

#define BUFFER_BYTES ((size_t)1 << 18)

struct vector_writer {
    int fd;
    uint32_t dimensions;
    size_t slot_bytes;
    uint8_t *buffer;
    uint64_t first_slot;
    size_t count, capacity; /* slots in the buffer */
};

static int make_folder_of(const char *path, struct error *err)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path) {
        return 0;
    }
    if ((size_t)(slash - path) >= sizeof folder) {
        return error_set(err, ERROR_LIMIT, "the path of a vector file is too long");
    }
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return file_mkdirs(folder, 0750, err);
}

/* Of a new file the header is written, of another read. */
static int begin_file(int fd, uint32_t dimensions, struct error *err)
{
    uint8_t header[FORMAT_HEADER_BYTES];
    struct stat status;

    if (fstat(fd, &status) < 0) {
        return error_set_errno(err, errno, "cannot look at a vector file");
    }
    if (status.st_size > 0) {
        return format_check_header(fd, dimensions, err);
    }
    format_header(dimensions, header);
    return fdio_write_full(fd, header, sizeof header, err);
}

struct vector_writer *vector_writer_open(const char *path, uint32_t dimensions, struct error *err)
{
    struct vector_writer *writer;
    size_t slot_bytes = format_slot_bytes(dimensions);

    if (format_check_dimensions(dimensions, err) < 0 || make_folder_of(path, err) < 0) {
        return NULL;
    }
    writer = calloc(1, sizeof *writer);
    if (!writer) {
        error_set(err, ERROR_MEMORY, "no memory for a vector file");
        return NULL;
    }
    *writer = (struct vector_writer){.dimensions = dimensions,
                                     .slot_bytes = slot_bytes,
                                     .capacity = BUFFER_BYTES / slot_bytes,
                                     .buffer = malloc(BUFFER_BYTES),
                                     .fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640)};
    if (writer->fd < 0) {
        error_set_errno(err, errno, "cannot open %s", path);
    } else if (!writer->buffer) {
        error_set(err, ERROR_MEMORY, "no memory for a vector file");
    } else if (begin_file(writer->fd, dimensions, err) < 0) {
        error_wrap(err, "%s", path);
    } else {
        return writer;
    }
    vector_writer_close(writer);
    return NULL;
}

int vector_writer_flush(struct vector_writer *writer, struct error *err)
{
    const uint8_t *data = writer->buffer;
    size_t left = writer->count * writer->slot_bytes;
    off_t offset = (off_t)format_offset(writer->first_slot, writer->slot_bytes);

    while (left > 0) {
        ssize_t wrote = pwrite(writer->fd, data, left, offset);

        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return error_set_errno(err, wrote < 0 ? errno : ENOSPC, "cannot write vectors");
        }
        data += wrote;
        left -= (size_t)wrote;
        offset += wrote;
    }
    writer->count = 0;
    return 0;
}

/* Room for the slot in the buffer, behind the one before or alone. */
static uint8_t *slot_room(struct vector_writer *writer, uint64_t slot, struct error *err)
{
    if (slot >= FORMAT_SLOTS_MAX) {
        error_set(err, ERROR_LIMIT, "a vector file has no slot %llu", (unsigned long long)slot);
        return NULL;
    }
    if ((slot != writer->first_slot + writer->count || writer->count == writer->capacity) &&
        vector_writer_flush(writer, err) < 0) {
        return NULL;
    }
    if (writer->count == 0) {
        writer->first_slot = slot;
    }
    return writer->buffer + writer->count++ * writer->slot_bytes;
}

int vector_writer_put(struct vector_writer *writer, uint64_t slot, int64_t row, const float *vector,
                      struct error *err)
{
    uint8_t *room;

    if (row <= 0 || !quantise_is_unit(vector, writer->dimensions)) {
        return error_set(err, ERROR_INVALID, "row %lld has no vector of length 1", (long long)row);
    }
    room = slot_room(writer, slot, err);
    if (!room) {
        return -1;
    }
    format_slot(room, writer->dimensions, row, vector);
    return 0;
}

int vector_writer_erase(struct vector_writer *writer, uint64_t slot, struct error *err)
{
    uint8_t *room = slot_room(writer, slot, err);

    if (!room) {
        return -1;
    }
    memset(room, 0, writer->slot_bytes);
    return 0;
}

int vector_writer_sync(struct vector_writer *writer, struct error *err)
{
    if (vector_writer_flush(writer, err) < 0) {
        return -1;
    }
    return fsync(writer->fd) < 0 ? error_set_errno(err, errno, "cannot sync vectors") : 0;
}

void vector_writer_close(struct vector_writer *writer)
{
    if (!writer) {
        return;
    }
    if (writer->fd >= 0) {
        close(writer->fd);
    }
    free(writer->buffer);
    free(writer);
}

/* As many slots as fit from slot on; less than asked for only at the file's end. */
static int read_slots(int fd, uint64_t slot, size_t slot_bytes, uint8_t *buffer, size_t wanted,
                      size_t *ret_count, struct error *err)
{
    size_t got = 0;

    while (got < wanted * slot_bytes) {
        ssize_t more = pread(fd, buffer + got, wanted * slot_bytes - got,
                             (off_t)(format_offset(slot, slot_bytes) + got));

        if (more < 0 && errno == EINTR) {
            continue;
        }
        if (more < 0) {
            return error_set_errno(err, errno, "cannot read vectors");
        }
        if (more == 0) {
            break;
        }
        got += (size_t)more;
    }
    *ret_count = got / slot_bytes;
    return 0;
}

/* 0, 1 or -1, as vector_file_check. */
static int check_slots(int fd, size_t slot_bytes, uint64_t slots, uint8_t *buffer,
                       uint64_t *ret_slot, struct error *err)
{
    size_t capacity = BUFFER_BYTES / slot_bytes;

    for (uint64_t slot = 0; slot < slots;) {
        size_t wanted = slots - slot < capacity ? (size_t)(slots - slot) : capacity;
        size_t count = 0;

        if (read_slots(fd, slot, slot_bytes, buffer, wanted, &count, err) < 0) {
            return -1;
        }
        for (size_t i = 0; i < wanted; i++, slot++) {
            const uint8_t *each = buffer + i * slot_bytes;

            if (i >= count || (!format_slot_is_erased(each, slot_bytes) &&
                               !format_slot_is_whole(each, slot_bytes))) {
                *ret_slot = slot;
                return 1;
            }
        }
    }
    return 0;
}

int vector_file_check(const char *path, uint32_t dimensions, uint64_t slots, uint64_t *ret_slot,
                      struct error *err)
{
    AUTO_CLOSE int fd = -1;
    AUTO_FREE uint8_t *buffer = NULL;

    if (format_check_dimensions(dimensions, err) < 0) {
        return -1;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open %s", path);
    }
    if (format_check_header(fd, dimensions, err) < 0) {
        return error_wrap(err, "%s", path);
    }
    buffer = malloc(BUFFER_BYTES);
    if (!buffer) {
        return error_set(err, ERROR_MEMORY, "no memory to check a vector file");
    }
    return check_slots(fd, format_slot_bytes(dimensions), slots, buffer, ret_slot, err);
}
