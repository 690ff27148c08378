/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any bytes as a vector artifact's head and a record behind it: what is accepted is written back to
 * the same bytes, and a vector that is accepted has the dimensions of its model. The first two
 * bytes, little endian, are how many are the head.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/vector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

static void demand_same(const struct buf *out, const uint8_t *data, size_t size_bytes)
{
    demand(out->size == size_bytes && memcmp(out->data, data, size_bytes) == 0);
}

static void check_vector(const struct vector_record *record, const struct vector_head *head)
{
    demand(record->model < head->model_count);
    demand((record->vector == NULL) != (record->reason == NULL));
    if (record->vector) {
        demand(record->dimensions == head->models[record->model].dimensions);
        for (uint32_t i = 0; i < record->dimensions; i++) {
            demand(isfinite(record->vector[i]));
        }
    }
}

static void read_record(const uint8_t *data, size_t size_bytes, const struct vector_head *head,
                        struct arena *arena)
{
    struct error err = ERROR_INIT;
    struct vector_record record;
    struct buf out;

    if (vector_record_decode(data, size_bytes, head, arena, &record, &err) < 0) {
        demand(err.code == ERROR_CORRUPT);
        return;
    }
    check_vector(&record, head);
    buf_init(&out, size_bytes + 1);
    demand(vector_record_encode(&record, head, &out, &err) == 0);
    demand_same(&out, data, size_bytes);
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static struct arena *arena;
    struct error err = ERROR_INIT;
    struct vector_head head;
    size_t head_bytes;
    struct buf out;

    if (!arena) {
        arena = arena_create(0);
    }
    if (size_bytes < 2) {
        return 0;
    }
    arena_reset(arena);
    head_bytes = data[0] | (size_t)data[1] << 8;
    data += 2;
    size_bytes -= 2;
    if (head_bytes > size_bytes) {
        head_bytes = size_bytes;
    }
    if (vector_head_decode(data, head_bytes, arena, &head, &err) < 0) {
        demand(err.code == ERROR_CORRUPT);
        return 0;
    }
    buf_init(&out, head_bytes + 1);
    demand(vector_head_encode(&head, &out, &err) == 0);
    demand_same(&out, data, head_bytes);
    buf_deinit(&out);
    read_record(data + head_bytes, size_bytes - head_bytes, &head, arena);
    return 0;
}
