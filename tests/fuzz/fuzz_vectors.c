/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any bytes as a vector file: it is refused, or scanned without harm, and what a scan hands back
 * are rows over 0 of slots that the check finds whole. The first byte says whether the header is
 * made whole first, and how many slots are asked for.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workers/vectors/format.h"
#include "workers/vectors/vector_file.h"

#define DIMENSIONS 32U
#define CANDIDATES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

static int make_file(const uint8_t *data, size_t size_bytes, bool header)
{
    int fd = memfd_create("vectors", MFD_CLOEXEC);
    uint8_t bytes[FORMAT_HEADER_BYTES];

    demand(fd >= 0);
    if (header) {
        format_header(DIMENSIONS, bytes);
        demand(write(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes);
    }
    demand(write(fd, data, size_bytes) == (ssize_t)size_bytes);
    return fd;
}

static void scan(struct vector_reader *reader, uint64_t slots, const char *path)
{
    struct vector_candidate candidates[CANDIDATES];
    float query[DIMENSIONS] = {0.6F, -0.8F};
    struct vector_scan wanted = {.slots = slots, .query = query, .k = 3};
    struct error err = ERROR_INIT;
    uint64_t damaged = slots;
    size_t count = 0;
    bool exact;

    if (vector_scan(reader, &wanted, candidates, CANDIDATES, &count, &exact, &err) < 0) {
        demand(err.code == ERROR_CORRUPT);
        return;
    }
    demand(vector_file_check(path, DIMENSIONS, slots, &damaged, &err) >= 0);
    demand(count <= slots && count <= CANDIDATES);
    for (size_t i = 0; i < count; i++) {
        demand(candidates[i].row > 0 && candidates[i].slot < slots);
        demand(candidates[i].slot != damaged);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct error err = ERROR_INIT;
    struct vector_reader *reader;
    char path[64];
    int fd;

    if (size_bytes == 0) {
        return 0;
    }
    fd = make_file(data + 1, size_bytes - 1, data[0] & 1);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    reader = vector_reader_open(path, DIMENSIONS, &err);
    if (reader) {
        scan(reader, data[0] >> 1, path);
    } else {
        demand(err.code == ERROR_CORRUPT);
    }
    vector_reader_close(reader);
    close(fd);
    return 0;
}
