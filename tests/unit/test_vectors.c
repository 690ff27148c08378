/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Vector files: what is put is found, what may be among the best is never missing, and whatever
 * is torn, erased, foreign or too short does no harm.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "workers/vectors/dot.h"
#include "workers/vectors/format.h"
#include "workers/vectors/vector_file.h"

#define MAX 4096

static char folder[64];
static char path[PATH_MAX];
static struct error err;
static uint64_t state = 88172645463325252U;

static double random_share(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / (double)(UINT64_C(1) << 53);
}

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/ebb-vectors-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(vector_file_path(path, sizeof path, folder, 3, 1, &err), 0);
}

static void remove_folder(void)
{
    cr_assert_eq(file_remove_tree(folder, &err), 0, "%s", err.msg);
}

TestSuite(vectors, .init = make_folder, .fini = remove_folder);

static void random_unit(float *vector, uint32_t dimensions)
{
    for (uint32_t i = 0; i < dimensions; i++) {
        vector[i] = (float)(random_share() + random_share() + random_share() - 1.5);
    }
    cr_assert(vector_normalize(vector, dimensions));
}

/* Few components, as the lexical embedding has them. */
static void sparse_unit(float *vector, uint32_t dimensions)
{
    memset(vector, 0, dimensions * sizeof *vector);
    for (uint32_t i = 0; i < 1 + dimensions / 8; i++) {
        vector[(uint32_t)(random_share() * dimensions)] = (float)(random_share() - 0.5);
    }
    vector[0] += 0.25F;
    cr_assert(vector_normalize(vector, dimensions));
}

/* Near one of a few others, so that many scores are nearly the same. */
static void clustered_unit(float *vector, uint32_t dimensions)
{
    uint64_t held = state;

    state = 1 + (uint64_t)(random_share() * 5);
    for (int i = 0; i < 20; i++) {
        random_share();
    }
    random_unit(vector, dimensions);
    state = held;
    for (uint32_t i = 0; i < dimensions; i++) {
        vector[i] += (float)((random_share() - 0.5) * 0.01);
    }
    cr_assert(vector_normalize(vector, dimensions));
    random_share();
}

typedef void (*maker)(float *vector, uint32_t dimensions);

/* Slot i has row i + 1. Owns: the caller. */
static float *fill(maker make, uint32_t dimensions, uint32_t count)
{
    float *all = calloc((size_t)count * dimensions, sizeof *all);
    struct vector_writer *writer = vector_writer_open(path, dimensions, &err);

    cr_assert(all && writer, "%s", err.msg);
    for (uint32_t i = 0; i < count; i++) {
        make(all + (size_t)i * dimensions, dimensions);
        cr_assert_eq(
            vector_writer_put(writer, i, (int64_t)i + 1, all + (size_t)i * dimensions, &err), 0,
            "%s", err.msg);
    }
    cr_assert_eq(vector_writer_sync(writer, &err), 0, "%s", err.msg);
    vector_writer_close(writer);
    return all;
}

static double dot(const float *left, const float *right, uint32_t dimensions)
{
    double sum = 0;

    for (uint32_t i = 0; i < dimensions; i++) {
        sum += (double)left[i] * right[i];
    }
    return sum;
}

static bool is_odd(void *user, int64_t row)
{
    (void)user;
    return row % 2 == 1;
}

static size_t run(struct vector_scan scan, uint32_t dimensions, struct vector_candidate *found,
                  size_t max, bool *ret_exact)
{
    struct vector_reader *reader = vector_reader_open(path, dimensions, &err);
    size_t count = 0;

    cr_assert_not_null(reader, "%s", err.msg);
    cr_assert_eq(vector_scan(reader, &scan, found, max, &count, ret_exact, &err), 0, "%s", err.msg);
    vector_reader_close(reader);
    return count;
}

static bool is_among(const struct vector_candidate *found, size_t count, int64_t row)
{
    for (size_t i = 0; i < count; i++) {
        if (found[i].row == row) {
            return true;
        }
    }
    return false;
}

/* Every row whose true score is over the k-th best is among the candidates. */
static void check_candidates(const float *all, uint32_t dimensions, uint32_t count,
                             const struct vector_scan *scan, const struct vector_candidate *found,
                             size_t found_count)
{
    uint32_t wanted = 0;

    for (uint32_t i = 0; i < count; i++) {
        double score = dot(all + (size_t)i * dimensions, scan->query, dimensions);
        uint32_t better = 0;

        if (scan->accept && !scan->accept(NULL, (int64_t)i + 1)) {
            cr_assert(!is_among(found, found_count, (int64_t)i + 1));
            continue;
        }
        for (uint32_t j = 0; j < count && better < scan->k; j++) {
            better += (!scan->accept || scan->accept(NULL, (int64_t)j + 1)) &&
                      dot(all + (size_t)j * dimensions, scan->query, dimensions) > score;
        }
        if (better < scan->k) {
            wanted++;
            cr_assert(is_among(found, found_count, (int64_t)i + 1), "row %u of %u dimensions",
                      i + 1, dimensions);
        }
    }
    cr_assert_geq(wanted, scan->k);
    for (size_t i = 0; i < found_count; i++) {
        double score = dot(all + (size_t)found[i].slot * dimensions, scan->query, dimensions);

        cr_assert_eq(found[i].row, (int64_t)found[i].slot + 1);
        cr_assert_leq(fabs(score - found[i].score), found[i].error, "%u dimensions", dimensions);
        cr_assert(i == 0 || found[i - 1].score >= found[i].score);
    }
}

Test(vectors, nothing_that_may_be_among_the_best_is_missing)
{
    static const maker makers[] = {random_unit, sparse_unit, clustered_unit};
    static const uint32_t widths[] = {1, 31, 512, 1000};
    struct vector_candidate *found = calloc(MAX, sizeof *found);

    for (size_t i = 0; i < 12; i++) {
        uint32_t dimensions = widths[i % 4];
        float *all = fill(makers[i / 4], dimensions, 900);
        float query[1000];
        bool exact = false;

        makers[i / 4](query, dimensions);
        for (uint32_t k = 1; k <= 20; k += 19) {
            struct vector_scan scan = {.slots = 900, .query = query, .k = k};
            size_t count = run(scan, dimensions, found, MAX, &exact);

            cr_assert(exact);
            check_candidates(all, dimensions, 900, &scan, found, count);
            scan.accept = is_odd;
            count = run(scan, dimensions, found, MAX, &exact);
            check_candidates(all, dimensions, 900, &scan, found, count);
        }
        free(all);
        unlink(path);
    }
    free(found);
}

Test(vectors, few_candidates_where_scores_differ)
{
    struct vector_candidate *found = calloc(MAX, sizeof *found);
    float *all = fill(random_unit, 512, 3000);
    bool exact = false;
    size_t count = run((struct vector_scan){.slots = 3000, .query = all + 512 * 7, .k = 1}, 512,
                       found, MAX, &exact);

    cr_assert_eq(count, 1);
    cr_assert_eq(found[0].row, 8);
    cr_assert_eq(found[0].slot, 7);
    cr_assert_float_eq(found[0].score, 1, 0.02);
    free(all);
    free(found);
}

Test(vectors, every_way_of_reckoning_gives_the_same)
{
    for (size_t count = DOT_STEP; count <= 4096; count += count < 512 ? DOT_STEP : 512) {
        int8_t components[4096];
        int16_t query[4096];
        int32_t plain;

        for (size_t i = 0; i < count; i++) {
            components[i] = (int8_t)(random_share() * 255 - 127);
            query[i] = (int16_t)(random_share() * 8000 - 4000);
        }
        plain = dot_of_kind(DOT_PLAIN)(components, query, count);
        for (unsigned kind = 0; kind < DOT_KIND_COUNT; kind++) {
            dot_function function = dot_of_kind((enum dot_kind)kind);

            cr_assert(!function || function(components, query, count) == plain, "%u of %zu", kind,
                      count);
        }
    }
    cr_assert_not_null(dot_best());
}

/* The most that 32 bits have to hold. */
Test(vectors, sums_do_not_overflow)
{
    for (uint32_t dimensions = 1; dimensions <= VECTOR_DIMENSIONS_MAX; dimensions *= 2) {
        float vector[VECTOR_DIMENSIONS_MAX];
        float *opposite = calloc(dimensions, sizeof *opposite);
        struct vector_candidate found[2];
        struct vector_writer *writer = vector_writer_open(path, dimensions, &err);
        bool exact;

        for (uint32_t i = 0; i < dimensions; i++) {
            vector[i] = 1 / sqrtf((float)dimensions);
            opposite[i] = -vector[i];
        }
        cr_assert_eq(vector_writer_put(writer, 0, 1, vector, &err), 0);
        cr_assert_eq(vector_writer_put(writer, 1, 2, opposite, &err), 0);
        cr_assert_eq(vector_writer_flush(writer, &err), 0);
        vector_writer_close(writer);
        cr_assert_eq(run((struct vector_scan){.slots = 2, .query = vector, .k = 2}, dimensions,
                         found, 2, &exact),
                     2);
        cr_assert_float_eq(found[0].score, 1, 0.001, "%u: %f", dimensions, found[0].score);
        cr_assert_float_eq(found[1].score, -1, 0.001, "%u: %f", dimensions, found[1].score);
        free(opposite);
        unlink(path);
    }
}

Test(vectors, more_than_there_is_room_for_is_said)
{
    struct vector_candidate found[50];
    float *all = fill(clustered_unit, 64, 2000);
    bool exact = true;
    size_t count =
        run((struct vector_scan){.slots = 2000, .query = all, .k = 40}, 64, found, 50, &exact);

    cr_assert_eq(count, 50);
    cr_assert_not(exact);
    count = run((struct vector_scan){.slots = 30, .query = all, .k = 40}, 64, found, 50, &exact);
    cr_assert_eq(count, 30, "fewer than k are all given");
    cr_assert(exact);
    free(all);
}

/* What was cut for want of room does not matter when better ones come. */
Test(vectors, a_cut_that_the_threshold_passes_is_none)
{
    enum { FAR = 400, NEAR = 8 };
    struct vector_writer *writer = vector_writer_open(path, 32, &err);
    struct vector_candidate found[16];
    float query[32] = {1};
    bool exact = false;

    for (uint32_t i = 0; i < FAR + NEAR; i++) {
        float vector[32] = {i < FAR ? 0.1F : 0.9F};

        vector[1 + i % 31] = sqrtf(1 - vector[0] * vector[0]);
        cr_assert_eq(vector_writer_put(writer, i, (int64_t)i + 1, vector, &err), 0);
    }
    cr_assert_eq(vector_writer_flush(writer, &err), 0);
    vector_writer_close(writer);
    cr_assert_eq(run((struct vector_scan){.slots = FAR + NEAR, .query = query, .k = NEAR}, 32,
                     found, 16, &exact),
                 NEAR);
    cr_assert(exact);
    unlink(path);
}

static void overwrite(uint64_t offset, const void *data, size_t size_bytes)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    cr_assert_eq(pwrite(fd, data, size_bytes, (off_t)offset), (ssize_t)size_bytes);
    close(fd);
}

Test(vectors, torn_and_erased_slots_are_nothing)
{
    struct vector_candidate found[16];
    size_t slot_bytes = format_slot_bytes(48);
    float *all = fill(random_unit, 48, 10);
    struct vector_writer *writer;
    uint64_t slot = 99;
    bool exact;

    cr_assert_eq(vector_file_check(path, 48, 10, &slot, &err), 0, "%s", err.msg);
    for (int field = 0; field < 5; field++) {
        static const size_t offsets[] = {0, 8, 12, 16, 40};
        uint8_t before[4];
        uint64_t at = format_offset(4, slot_bytes) + offsets[field];
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        cr_assert_eq(pread(fd, before, 4, (off_t)at), 4);
        close(fd);
        overwrite(at, "\x7E\x7F\x7F\x7F", 4); /* of a float a very large one */
        cr_assert_eq(vector_file_check(path, 48, 10, &slot, &err), 1);
        cr_assert_eq(slot, 4);
        cr_assert_eq(
            run((struct vector_scan){.slots = 10, .query = all, .k = 10}, 48, found, 16, &exact),
            9);
        cr_assert_not(is_among(found, 9, 5));
        overwrite(at, before, 4);
    }
    overwrite(format_offset(6, slot_bytes) + 8, "\xFF\xFF\xFF\xFF", 4); /* no number */
    cr_assert_eq(
        run((struct vector_scan){.slots = 10, .query = all, .k = 10}, 48, found, 16, &exact), 9);
    writer = vector_writer_open(path, 48, &err);
    cr_assert_eq(vector_writer_erase(writer, 6, &err), 0);
    cr_assert_eq(vector_writer_erase(writer, 2, &err), 0);
    cr_assert_eq(vector_writer_flush(writer, &err), 0);
    vector_writer_close(writer);
    cr_assert_eq(vector_file_check(path, 48, 10, &slot, &err), 0);
    cr_assert_eq(
        run((struct vector_scan){.slots = 10, .query = all, .k = 10}, 48, found, 16, &exact), 8);
    cr_assert(!is_among(found, 8, 7) && !is_among(found, 8, 3));
    free(all);
}

Test(vectors, slots_behind_those_that_count_are_not_looked_at)
{
    struct vector_candidate found[16];
    float *all = fill(random_unit, 48, 10);
    bool exact;

    cr_assert_eq(run((struct vector_scan){.slots = 4, .query = all + 48 * 9, .k = 10}, 48, found,
                     16, &exact),
                 4);
    cr_assert_not(is_among(found, 4, 10));
    cr_assert_eq(
        run((struct vector_scan){.slots = 0, .query = all, .k = 10}, 48, found, 16, &exact), 0);
    free(all);
}

Test(vectors, a_file_that_is_too_short_or_none_is_said)
{
    float *all = fill(random_unit, 48, 10);
    struct vector_reader *reader = vector_reader_open(path, 48, &err);
    struct vector_scan scan = {.slots = 11, .query = all, .k = 1};
    struct vector_candidate found[1];
    uint64_t slot = 0;
    size_t count;
    bool exact;

    cr_assert_eq(vector_scan(reader, &scan, found, 1, &count, &exact, &err), -1);
    cr_assert_eq(err.code, ERROR_CORRUPT, "%s", err.msg);
    scan.slots = UINT64_MAX;
    cr_assert_eq(vector_scan(reader, &scan, found, 1, &count, &exact, &err), -1);
    vector_reader_close(reader);
    cr_assert_eq(vector_file_check(path, 48, 11, &slot, &err), 1);
    cr_assert_eq(slot, 10);
    cr_assert_eq(truncate(path, (off_t)format_offset(7, format_slot_bytes(48)) + 5), 0);
    cr_assert_eq(vector_file_check(path, 48, 10, &slot, &err), 1);
    cr_assert_eq(slot, 7);
    unlink(path);
    cr_assert_null(vector_reader_open(path, 48, &err));
    cr_assert_eq(err.code, ERROR_NOT_FOUND, "%s", err.msg);
    cr_assert_eq(vector_file_check(path, 48, 10, &slot, &err), -1);
    free(all);
}

Test(vectors, another_programs_file_is_refused)
{
    static const struct {
        uint64_t offset;
        const char *bytes;
    } damages[] = {{0, "X"}, {8, "\2"}, {12, "\x40"}, {16, "\1"}, {20, "\1"}, {24, "\1\2\3"}};

    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        free(fill(random_unit, 48, 1));
        overwrite(damages[i].offset, damages[i].bytes, strlen(damages[i].bytes));
        cr_assert_null(vector_reader_open(path, 48, &err));
        cr_assert_eq(err.code, ERROR_CORRUPT, "%zu: %s", i, err.msg);
        cr_assert_null(vector_writer_open(path, 48, &err));
        cr_assert_eq(err.code, ERROR_CORRUPT, "%zu: %s", i, err.msg);
        unlink(path);
    }
    free(fill(random_unit, 48, 1));
    cr_assert_null(vector_writer_open(path, 49, &err));
    cr_assert_eq(err.code, ERROR_CORRUPT);
    cr_assert_eq(truncate(path, 20), 0);
    cr_assert_null(vector_reader_open(path, 48, &err));
    cr_assert_null(vector_writer_open(path, 0, &err));
    cr_assert_eq(err.code, ERROR_INVALID);
    cr_assert_null(vector_reader_open(path, VECTOR_DIMENSIONS_MAX + 1, &err));
}

Test(vectors, what_is_no_vector_of_length_1_is_refused)
{
    struct vector_writer *writer = vector_writer_open(path, 4, &err);
    float vector[4] = {1, 0, 0, 0};

    cr_assert_eq(vector_writer_put(writer, 0, 0, vector, &err), -1);
    cr_assert_eq(vector_writer_put(writer, 0, -1, vector, &err), -1);
    cr_assert_eq(vector_writer_put(writer, UINT64_MAX, 1, vector, &err), -1);
    vector[0] = 2;
    cr_assert_eq(vector_writer_put(writer, 0, 1, vector, &err), -1);
    vector[0] = NAN;
    cr_assert_eq(vector_writer_put(writer, 0, 1, vector, &err), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
    vector_writer_close(writer);
}

/* Slots may come in any order, and be written over. */
Test(vectors, slots_are_put_in_any_order)
{
    struct vector_writer *writer = vector_writer_open(path, 32, &err);
    struct vector_candidate found[8];
    float vector[32] = {1};
    uint64_t slot;
    bool exact;

    cr_assert_eq(vector_writer_put(writer, 5, 50, vector, &err), 0);
    cr_assert_eq(vector_writer_put(writer, 1, 10, vector, &err), 0);
    cr_assert_eq(vector_writer_put(writer, 2, 20, vector, &err), 0);
    cr_assert_eq(vector_writer_put(writer, 5, 51, vector, &err), 0);
    cr_assert_eq(vector_writer_flush(writer, &err), 0);
    vector_writer_close(writer);
    cr_assert_eq(vector_file_check(path, 32, 6, &slot, &err), 0);
    cr_assert_eq(
        run((struct vector_scan){.slots = 6, .query = vector, .k = 8}, 32, found, 8, &exact), 3);
    cr_assert_eq(found[0].row, 10);
    cr_assert_eq(found[1].row, 20);
    cr_assert_eq(found[2].row, 51);
}

struct growth {
    atomic_uint slots;
    const float *query;
};

static void *grow(void *user)
{
    struct growth *growth = user;
    struct vector_writer *writer = vector_writer_open(path, 64, NULL);
    float vector[64] = {0};

    for (uint32_t i = 0; writer && i < 20000; i++) {
        vector[i % 63] = 0;
        vector[(i + 1) % 63] = 1;
        if (vector_writer_put(writer, i, (int64_t)i + 1, vector, NULL) < 0 ||
            (i % 97 == 0 && (vector_writer_flush(writer, NULL) < 0))) {
            break;
        }
        if (i % 97 == 0) {
            atomic_store(&growth->slots, i + 1);
        }
    }
    if (writer && vector_writer_flush(writer, NULL) == 0) {
        atomic_store(&growth->slots, 20000);
    }
    vector_writer_close(writer);
    return NULL;
}

Test(vectors, a_file_grows_while_it_is_scanned)
{
    static struct vector_candidate found[20000];
    struct growth growth = {0};
    float query[64] = {0};
    pthread_t thread;
    uint32_t slots;

    query[63] = 1; /* as far from each: all are candidates */
    vector_writer_close(vector_writer_open(path, 64, &err));
    cr_assert_eq(pthread_create(&thread, NULL, grow, &growth), 0);
    do {
        bool exact = false;

        slots = atomic_load(&growth.slots);
        cr_assert_eq(run((struct vector_scan){.slots = slots, .query = query, .k = 1}, 64, found,
                         20000, &exact),
                     slots, "all that count are whole");
        cr_assert(exact);
    } while (slots < 20000);
    pthread_join(thread, NULL);
}

static bool stop_at_second(void *user, uint64_t slots_done)
{
    int *calls = user;

    cr_assert_gt(slots_done, 0);
    return ++*calls < 2;
}

Test(vectors, a_scan_can_be_stopped_and_keeps_its_memory_small)
{
    enum { SLOTS = 300000 };
    struct vector_writer *writer = vector_writer_open(path, 32, &err);
    struct vector_candidate found[64];
    struct vector_reader *reader;
    float vector[32] = {1};
    int calls = 0;
    struct vector_scan scan = {.slots = SLOTS, .query = vector, .k = 1};
    size_t count;
    bool exact;

    for (uint32_t i = 0; i < SLOTS; i++) {
        float each[32] = {0};

        each[1 + i % 31] = 1;
        cr_assert_eq(vector_writer_put(writer, i, (int64_t)i + 1, each, &err), 0);
    }
    cr_assert_eq(vector_writer_flush(writer, &err), 0);
    vector_writer_close(writer);
    reader = vector_reader_open(path, 32, &err);
    cr_assert_eq(vector_scan(reader, &scan, found, 64, &count, &exact, &err), 0);
    cr_assert_eq(count, 64);
    scan.progress = stop_at_second;
    scan.user = &calls;
    cr_assert_eq(vector_scan(reader, &scan, found, 64, &count, &exact, &err), -1);
    cr_assert_eq(err.code, ERROR_CANCELLED);
    cr_assert_eq(calls, 2);
    vector_reader_close(reader);
}
