/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A ZIP archive's directory. It stands at the archive's end, in front of a record that may be
 * followed by a comment. Sizes and counts of the 64-bit extension are not followed: an entry that
 * needs it claims 4 GiB here, which is over every bound.
 *
 * Blocks: reads the file. Diagnostics: none.
 */
#include "workers/mupdf/zip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/fdio.h"

#define END_BYTES 22U
#define COMMENT_BYTES_MAX 65535U
#define ENTRY_BYTES 46U

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
}

static int read_part(int fd, uint64_t offset, void *data, size_t size_bytes, struct error *err)
{
    if (lseek(fd, (off_t)offset, SEEK_SET) < 0) {
        return error_set_errno(err, errno, "cannot seek in the archive");
    }
    return fdio_read_full(fd, data, size_bytes, err);
}

/* Where the directory is. */
static int find_directory(int fd, uint64_t size_bytes, uint64_t *ret_offset, size_t *ret_bytes,
                          struct error *err)
{
    size_t tail_bytes = END_BYTES + COMMENT_BYTES_MAX;
    AUTO_FREE uint8_t *tail = NULL;

    if (size_bytes < END_BYTES) {
        return error_set(err, ERROR_CORRUPT, "the archive is cut short");
    }
    if (size_bytes < tail_bytes) {
        tail_bytes = (size_t)size_bytes;
    }
    tail = calloc(1, tail_bytes);
    if (!tail) {
        return error_set(err, ERROR_MEMORY, "no memory for an archive's directory");
    }
    if (read_part(fd, size_bytes - tail_bytes, tail, tail_bytes, err) < 0) {
        return -1;
    }
    for (size_t back = END_BYTES; back <= tail_bytes; back++) {
        const uint8_t *end = tail + tail_bytes - back;
        uint64_t bytes = get32(end + 12);
        uint64_t offset = get32(end + 16);

        if (memcmp(end, "PK\5\6", 4) == 0 && offset + bytes <= size_bytes) {
            *ret_offset = offset;
            *ret_bytes = (size_t)bytes;
            return 0;
        }
    }
    return error_set(err, ERROR_CORRUPT, "the archive has no directory");
}

static int list_entries(const uint8_t *directory, size_t size_bytes,
                        void (*each)(void *user, const struct zip_entry *entry), void *user,
                        struct error *err)
{
    size_t done = 0;

    while (size_bytes - done >= ENTRY_BYTES) {
        const uint8_t *p = directory + done;
        struct zip_entry entry = {.name = (const char *)p + ENTRY_BYTES,
                                  .name_bytes = get16(p + 28),
                                  .unpacked_bytes = get32(p + 24)};
        size_t bytes = ENTRY_BYTES + entry.name_bytes + get16(p + 30) + get16(p + 32);

        if (memcmp(p, "PK\1\2", 4) != 0 || bytes > size_bytes - done) {
            break;
        }
        each(user, &entry);
        done += bytes;
    }
    if (done == 0) {
        return error_set(err, ERROR_CORRUPT, "the archive's directory is damaged or empty");
    }
    return 0;
}

int zip_list(int fd, uint64_t size_bytes, void (*each)(void *user, const struct zip_entry *entry),
             void *user, struct error *err)
{
    AUTO_FREE uint8_t *directory = NULL;
    uint64_t offset = 0;
    size_t bytes = 0;

    if (find_directory(fd, size_bytes, &offset, &bytes, err) < 0) {
        return -1;
    }
    if (bytes > ZIP_DIRECTORY_BYTES_MAX) {
        return error_set(err, ERROR_LIMIT, "the archive's directory is over the limit");
    }
    directory = calloc(1, bytes + 1);
    if (!directory) {
        return error_set(err, ERROR_MEMORY, "no memory for an archive's directory");
    }
    if (bytes > 0 && read_part(fd, offset, directory, bytes, err) < 0) {
        return -1;
    }
    return list_entries(directory, bytes, each, user, err);
}
