/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Texts in batches, and what becomes of each.
 */
#ifndef EBB_WORKERS_EMBED_BATCHES_H
#define EBB_WORKERS_EMBED_BATCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/embed/request.h"
#include "workers/embed/texts.h"

#define BATCH_TOKENS_MAX 100000U

struct batch {
    uint32_t first, count; /* places in texts */
    uint32_t tokens;       /* about */
    uint32_t tries;
    uint64_t ready_ms;       /* not before; 0: at once */
    struct request *request; /* while it is under way */
    const char *reason;      /* of the last try's failure */
    bool ended;
};

struct batches {
    struct texts *texts;
    struct arena *arena;
    struct batch *items;
    uint32_t count, capacity;
    uint32_t open;       /* not ended */
    uint32_t texts_done; /* in those that are */
};

/* At most so many texts in a batch, and BATCH_TOKENS_MAX. ERROR_MEMORY. */
int batches_init(struct batches *batches, struct texts *texts, uint32_t texts_max,
                 struct arena *arena, struct error *err);
/* Into two, to be tried at once. count is over 1. */
void batches_split(struct batches *batches, struct batch *batch);
/* It has ended; those of its texts that have no vector get its reason. */
void batches_end(struct batches *batches, struct batch *batch);

#endif
