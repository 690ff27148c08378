/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Headers and slots as bytes, and the file's name.
 *
 * format_check_header blocks on the disk. Nothing is logged.
 */
#include "workers/vectors/format.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hash.h"
#include "workers/vectors/vector_file.h"

#define MAGIC "EBBVEC1" /* with its NUL, 8 bytes */
#define FORMAT_VERSION 1U
#define HEADER_USED_BYTES 32U

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "slots are written as they are in memory");
static_assert(sizeof(struct format_slot) == FORMAT_SLOT_HEAD_BYTES, "a slot's head is packed");

struct header {
    char magic[8];
    uint32_t version;
    uint32_t dimensions;
    uint32_t slot_bytes;
    uint32_t zeros;
    uint64_t checksum;
};

static_assert(sizeof(struct header) == HEADER_USED_BYTES, "the header is packed");

int vector_file_path(char *path, size_t size_bytes, const char *library_folder, int64_t set,
                     uint64_t generation, struct error *err)
{
    char name[64];

    snprintf(name, sizeof name, VECTOR_FOLDER "/%08" PRId64 "-%08" PRIu64 ".vec", set, generation);
    return file_join(path, size_bytes, library_folder, name, err);
}

int format_check_dimensions(uint32_t dimensions, struct error *err)
{
    return dimensions > 0 && dimensions <= VECTOR_DIMENSIONS_MAX
               ? 0
               : error_set(err, ERROR_INVALID, "vectors of %u dimensions; 1 to %d can be kept",
                           dimensions, VECTOR_DIMENSIONS_MAX);
}

static struct header header_of(uint32_t dimensions)
{
    struct header header = {
        .magic = MAGIC,
        .version = FORMAT_VERSION,
        .dimensions = dimensions,
        .slot_bytes = (uint32_t)format_slot_bytes(dimensions),
    };

    header.checksum = hash_fnv1a(&header, offsetof(struct header, checksum));
    return header;
}

void format_header(uint32_t dimensions, uint8_t ret_header[FORMAT_HEADER_BYTES])
{
    struct header header = header_of(dimensions);

    memset(ret_header, 0, FORMAT_HEADER_BYTES);
    memcpy(ret_header, &header, sizeof header);
}

int format_check_header(int fd, uint32_t dimensions, struct error *err)
{
    struct header wanted = header_of(dimensions);
    struct header found = {.version = 0};
    ssize_t got = pread(fd, &found, sizeof found, 0);

    if (got < 0) {
        return error_set_errno(err, errno, "cannot read a vector file's header");
    }
    if ((size_t)got < sizeof found || memcmp(found.magic, wanted.magic, sizeof found.magic) != 0) {
        return error_set(err, ERROR_CORRUPT, "it is no vector file");
    }
    if (found.checksum != hash_fnv1a(&found, offsetof(struct header, checksum))) {
        return error_set(err, ERROR_CORRUPT, "the vector file's header is damaged");
    }
    if (memcmp(&found, &wanted, sizeof found) != 0) {
        return error_set(err, ERROR_CORRUPT,
                         "the vector file has version %u and %u dimensions, not %u and %u",
                         found.version, found.dimensions, wanted.version, wanted.dimensions);
    }
    return 0;
}

static uint32_t checksum(const uint8_t *slot, size_t slot_bytes)
{
    uint64_t words[2];
    struct format_slot head;

    memcpy(&head, slot, sizeof head);
    head.checksum = 0;
    words[0] = hash_fnv1a(&head, sizeof head);
    words[1] = hash_fnv1a(slot + sizeof head, slot_bytes - sizeof head);
    words[0] = hash_fnv1a(words, sizeof words);
    return (uint32_t)(words[0] ^ words[0] >> 32);
}

void format_slot(uint8_t *ret_slot, uint32_t dimensions, int64_t row, const float *vector)
{
    int8_t *components = (int8_t *)ret_slot + FORMAT_SLOT_HEAD_BYTES;
    struct quantised quantised = quantise_stored(vector, dimensions, components);
    struct format_slot head = {.row = row, .factor = quantised.factor, .error = quantised.error};

    memcpy(ret_slot, &head, sizeof head);
    head.checksum = checksum(ret_slot, format_slot_bytes(dimensions));
    memcpy(ret_slot, &head, sizeof head);
}

bool format_slot_is_whole(const uint8_t *slot, size_t slot_bytes)
{
    struct format_slot head;

    memcpy(&head, slot, sizeof head);
    return head.row > 0 && head.checksum == checksum(slot, slot_bytes);
}

bool format_slot_is_erased(const uint8_t *slot, size_t slot_bytes)
{
    return slot[0] == 0 && memcmp(slot, slot + 1, slot_bytes - 1) == 0;
}
