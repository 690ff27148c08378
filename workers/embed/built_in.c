/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Vectors without an endpoint. Nothing blocks or logs.
 */
#include "workers/embed/built_in.h"

#include "workers/embedding/lexical.h"

#define TELL_EVERY 256U

int built_in_embed(struct texts *texts, struct arena *arena,
                   bool (*told)(void *user, uint32_t done), void *user, struct error *err)
{
    texts->dimensions = LEXICAL_DIMENSIONS;
    for (uint32_t i = 0; i < texts->count; i++) {
        struct text_item *item = &texts->items[i];
        float *vector = arena_calloc(arena, LEXICAL_DIMENSIONS, sizeof(*vector));

        if (!vector) {
            return error_set(err, ERROR_MEMORY, "no memory for vectors");
        }
        if (lexical_embed(item->text, item->text_bytes, vector)) {
            item->vector = vector;
        } else {
            item->reason = "no_words: neither a letter nor a digit is in it";
        }
        if ((i + 1) % TELL_EVERY == 0 && !told(user, i + 1)) {
            return error_set(err, ERROR_CANCELLED, "cancelled");
        }
    }
    return 0;
}
