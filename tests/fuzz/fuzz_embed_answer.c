/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any bytes as an endpoint's answer: what is taken has the dimensions that were told and length 1.
 * The first two bytes say what is expected.
 */
#include <math.h>
#include <stdlib.h>

#include "common/arena.h"
#include "workers/embed/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct arena *arena = arena_create(16 << 20);
    struct error err = ERROR_INIT;
    struct answer expected;
    const float *vectors;
    uint32_t dimensions;
    char text[64];

    if (!arena || size_bytes < 2) {
        arena_destroy(arena);
        return 0;
    }
    expected = (struct answer){.count = data[0] % 4U + 1, .dimensions = data[1] % 4U};
    data += 2;
    size_bytes -= 2;
    answer_complaint(data, size_bytes, text, sizeof(text));
    if (answer_read(&expected, data, size_bytes, arena, &vectors, &dimensions, &err) == 0) {
        demand(dimensions > 0 && (expected.dimensions == 0 || dimensions == expected.dimensions));
        for (uint32_t i = 0; i < expected.count; i++) {
            double square = 0;

            for (uint32_t j = 0; j < dimensions; j++) {
                double value = (double)vectors[i * dimensions + j];

                square += value * value;
            }
            demand(fabs(square - 1) < 1e-3);
        }
    } else {
        demand(err.code == ERROR_PROTOCOL || err.code == ERROR_MEMORY);
    }
    arena_destroy(arena);
    return 0;
}
