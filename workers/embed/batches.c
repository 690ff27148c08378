/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Texts in batches. Nothing blocks or logs.
 */
#include "workers/embed/batches.h"

#include <assert.h>

static uint32_t tokens_of(const struct batches *batches, uint32_t first, uint32_t count)
{
    uint32_t tokens = 0;

    for (uint32_t i = first; i < first + count; i++) {
        tokens +=
            1 + (uint32_t)request_text_bytes(&batches->texts->items[i]) / REQUEST_BYTES_PER_TOKEN;
    }
    return tokens;
}

static void add(struct batches *batches, uint32_t first, uint32_t count)
{
    assert(batches->count < batches->capacity);
    batches->items[batches->count++] =
        (struct batch){.first = first, .count = count, .tokens = tokens_of(batches, first, count)};
    batches->open++;
}

int batches_init(struct batches *batches, struct texts *texts, uint32_t texts_max,
                 struct arena *arena, struct error *err)
{
    uint32_t first = 0;

    /* Each split takes one more, and there are fewer splits than texts. */
    *batches = (struct batches){.texts = texts, .arena = arena, .capacity = 2 * texts->count};
    batches->items = arena_calloc(arena, batches->capacity, sizeof(batches->items[0]));
    if (!batches->items) {
        return error_set(err, ERROR_MEMORY, "no memory for batches");
    }
    while (first < texts->count) {
        uint32_t count = 1;

        while (first + count < texts->count && count < texts_max &&
               tokens_of(batches, first, count + 1) <= BATCH_TOKENS_MAX) {
            count++;
        }
        add(batches, first, count);
        first += count;
    }
    return 0;
}

void batches_split(struct batches *batches, struct batch *batch)
{
    uint32_t half = batch->count / 2;

    add(batches, batch->first + half, batch->count - half);
    batch->count = half;
    batch->tokens = tokens_of(batches, batch->first, half);
    batch->tries = 0;
    batch->ready_ms = 0;
}

void batches_end(struct batches *batches, struct batch *batch)
{
    for (uint32_t i = batch->first; i < batch->first + batch->count; i++) {
        struct text_item *item = &batches->texts->items[i];

        if (!item->vector) {
            item->reason = batch->reason;
        }
    }
    batch->ended = true;
    batches->open--;
    batches->texts_done += batch->count;
}
