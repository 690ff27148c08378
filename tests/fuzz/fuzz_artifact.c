/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any bytes as an artifact. Mutation does not find checksums, so an input whose first byte is odd
 * gets a last record that fits put behind it; one whose first byte is even is taken as it is. What
 * is opened is read to its end, and holds as many records as it says.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/hash.h"
#include "proto/artifact.h"
#include "proto/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

/* How many records lie in data, the first one left out. */
static uint64_t count_records(const uint8_t *data, size_t size_bytes)
{
    uint64_t records = 0;
    size_t at = 0;

    while (size_bytes - at > 4) {
        size_t length = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 |
                        (size_t)data[at + 2] << 8 | data[at + 3];

        if (length > size_bytes - at - 4) {
            break;
        }
        at += 4 + length;
        records++;
    }
    return records > 0 ? records - 1 : 0;
}

static void append_last(struct buf *file)
{
    uint64_t checksum = hash_fnv1a(file->data, file->size);
    uint64_t records = count_records(file->data, file->size);
    size_t start_bytes = file->size;
    struct pack pack;

    pack_init(&pack, file);
    pack_raw(&pack, "\0\0\0", 4);
    pack_array(&pack, 3);
    pack_str(&pack, "end");
    pack_uint(&pack, records);
    pack_uint(&pack, checksum);
    file->data[start_bytes + 3] = (uint8_t)(file->size - start_bytes - 4);
}

static const char *scratch_path(void)
{
    static char path[64];

    if (!path[0]) {
        snprintf(path, sizeof(path), "/dev/shm/ebb-fuzz-artifact-%ld", (long)getpid());
    }
    return path;
}

static void write_scratch(const struct buf *file)
{
    int fd = open(scratch_path(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    demand(fd >= 0 && fdio_write_full(fd, file->data, file->size, NULL) == 0);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct artifact_reader *reader;
    struct error err = ERROR_INIT;
    const uint8_t *record;
    size_t record_bytes;
    size_t total_bytes = 0;
    uint64_t records = 0;
    struct buf file;

    if (size_bytes < 2) {
        return 0;
    }
    buf_init(&file, size_bytes + 64);
    demand(buf_append(&file, data + 1, size_bytes - 1, NULL) == 0);
    if (data[0] & 1U) {
        append_last(&file);
    }
    write_scratch(&file);
    reader = artifact_open(scratch_path(), "pages", &err);
    unlink(scratch_path());
    if (!reader) {
        demand(err.code == ERROR_CORRUPT);
        buf_deinit(&file);
        return 0;
    }
    while (artifact_next(reader, &record, &record_bytes)) {
        value_tree_destroy(value_decode(record, record_bytes, NULL));
        total_bytes += 4 + record_bytes;
        records++;
    }
    demand(records == artifact_record_count(reader) && total_bytes < file.size);
    artifact_close(reader);
    buf_deinit(&file);
    return 0;
}
