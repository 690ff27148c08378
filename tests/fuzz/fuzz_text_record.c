/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any bytes as a text record: one that is accepted is written back to the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static struct arena *arena;
    struct error err = ERROR_INIT;
    struct text_record record;
    struct buf out;

    if (!arena) {
        arena = arena_create(0);
    }
    arena_reset(arena);
    if (text_record_decode(data, size_bytes, arena, &record, &err) < 0) {
        demand(err.code == ERROR_CORRUPT);
        return 0;
    }
    buf_init(&out, size_bytes + 1);
    demand(text_record_encode(&record, &out, &err) == 0);
    demand(out.size == size_bytes && memcmp(out.data, data, size_bytes) == 0);
    buf_deinit(&out);
    return 0;
}
