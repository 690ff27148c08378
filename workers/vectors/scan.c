/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Scanning a vector file: each slot's score from 8 bits, a window of the file mapped at a time.
 *
 * Invariants: no more than a window is mapped, and only what the file held when the scan began. A
 * slot that might be a candidate is looked at whole: one that is being written over while it is
 * read, or is damaged, is passed over, as is an erased one. Blocks on the disk. Logs nothing.
 */
#include "workers/vectors/vector_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "workers/vectors/best.h"
#include "workers/vectors/format.h"

#define WINDOW_BYTES ((size_t)4 << 20)
#define PROGRESS_SLOTS (UINT64_C(1) << 16)

struct vector_reader {
    int fd;
    uint32_t dimensions;
    size_t slot_bytes;
};

struct vector_reader *vector_reader_open(const char *path, uint32_t dimensions, struct error *err)
{
    struct vector_reader *reader;

    if (format_check_dimensions(dimensions, err) < 0) {
        return NULL;
    }
    reader = calloc(1, sizeof *reader);
    if (!reader) {
        error_set(err, ERROR_MEMORY, "no memory for a vector file");
        return NULL;
    }
    reader->dimensions = dimensions;
    reader->slot_bytes = format_slot_bytes(dimensions);
    reader->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (reader->fd < 0) {
        error_set_errno(err, errno, "cannot open %s", path);
    } else if (format_check_header(reader->fd, dimensions, err) < 0) {
        error_wrap(err, "%s", path);
    } else {
        return reader;
    }
    vector_reader_close(reader);
    return NULL;
}

void vector_reader_close(struct vector_reader *reader)
{
    if (!reader) {
        return;
    }
    if (reader->fd >= 0) {
        close(reader->fd);
    }
    free(reader);
}

/* What a scan works with. */
struct pass {
    const struct vector_scan *scan;
    size_t slot_bytes;
    size_t components; /* of a slot, filled up */
    dot_function dot;
    struct quantised_query query;
    struct best best;
};

static void scan_slots(struct pass *pass, const uint8_t *slots, uint64_t first, size_t count)
{
    const struct quantised_query *query = &pass->query;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *slot = slots + i * pass->slot_bytes;
        struct vector_candidate candidate = {.slot = first + i};
        struct format_slot head;
        int32_t sum;

        memcpy(&head, slot, sizeof head);
        if (head.row <= 0) {
            continue;
        }
        sum = pass->dot((const int8_t *)slot + FORMAT_SLOT_HEAD_BYTES, query->components,
                        pass->components);
        candidate.row = head.row;
        candidate.score = (float)sum * head.factor * query->factor;
        candidate.error = head.error * query->length + query->error + QUANTISE_ROUNDING;
        /* Written so that what is no number is passed over too. */
        if (candidate.score + candidate.error >= pass->best.threshold &&
            (!pass->scan->accept || pass->scan->accept(pass->scan->user, head.row)) &&
            format_slot_is_whole(slot, pass->slot_bytes)) {
            best_offer(&pass->best, &candidate);
        }
    }
}

static int scan_window(struct pass *pass, int fd, uint64_t first, size_t count, struct error *err)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t offset = format_offset(first, pass->slot_bytes);
    size_t skipped = (size_t)(offset % page);
    size_t bytes = skipped + count * pass->slot_bytes;
    uint8_t *window =
        mmap(NULL, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, (off_t)(offset - skipped));

    if (window == MAP_FAILED) {
        return error_set_errno(err, errno, "cannot map a vector file");
    }
    scan_slots(pass, window + skipped, first, count);
    munmap(window, bytes);
    return 0;
}

static int scan_file(struct pass *pass, int fd, struct error *err)
{
    const struct vector_scan *scan = pass->scan;
    size_t window = WINDOW_BYTES / pass->slot_bytes;
    uint64_t told = 0;

    for (uint64_t slot = 0; slot < scan->slots;) {
        size_t count = scan->slots - slot < window ? (size_t)(scan->slots - slot) : window;

        if (scan_window(pass, fd, slot, count, err) < 0) {
            return -1;
        }
        slot += count;
        if (scan->progress && slot - told >= PROGRESS_SLOTS) {
            told = slot;
            if (!scan->progress(scan->user, slot)) {
                return error_set(err, ERROR_CANCELLED, "the scan was cancelled");
            }
        }
    }
    return 0;
}

/* Mapping behind a file's end would end the process. */
static int check_size(const struct vector_reader *reader, uint64_t slots, struct error *err)
{
    struct stat status;

    if (fstat(reader->fd, &status) < 0) {
        return error_set_errno(err, errno, "cannot look at a vector file");
    }
    if (slots > FORMAT_SLOTS_MAX ||
        (uint64_t)status.st_size < format_offset(slots, reader->slot_bytes)) {
        return error_set(err, ERROR_CORRUPT,
                         "the vector file has fewer than the %llu slots that "
                         "the library counts",
                         (unsigned long long)slots);
    }
    return 0;
}

int vector_scan(struct vector_reader *reader, const struct vector_scan *scan,
                struct vector_candidate *ret_candidates, size_t max, size_t *ret_count,
                bool *ret_exact, struct error *err)
{
    AUTO_FREE struct pass *pass = NULL;
    int result;

    if (scan->k == 0 || max == 0 || !quantise_is_unit(scan->query, reader->dimensions)) {
        return error_set(err, ERROR_INVALID, "a scan wants a vector of length 1 and k over 0");
    }
    if (check_size(reader, scan->slots, err) < 0) {
        return -1;
    }
    pass = calloc(1, sizeof *pass);
    if (!pass) {
        return error_set(err, ERROR_MEMORY, "no memory for a scan");
    }
    pass->scan = scan;
    pass->slot_bytes = reader->slot_bytes;
    pass->components = quantise_padded(reader->dimensions);
    pass->dot = dot_best();
    if (best_init(&pass->best, scan->k, max, err) < 0) {
        return -1;
    }
    quantise_query(scan->query, reader->dimensions, &pass->query);
    result = scan_file(pass, reader->fd, err);
    if (result == 0) {
        best_finish(&pass->best, ret_candidates, ret_count, ret_exact);
    }
    best_deinit(&pass->best);
    return result;
}
