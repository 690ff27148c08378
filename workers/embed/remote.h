/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Vectors from an endpoint: any that speaks OpenAI's /v1/embeddings. Texts go there in batches,
 * several at once over connections that are kept, within the limits that the settings have; what
 * fails is tried again, and what keeps failing is left without a vector.
 */
#ifndef EBB_WORKERS_EMBED_REMOTE_H
#define EBB_WORKERS_EMBED_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/embed/options.h"
#include "workers/embed/texts.h"

struct remote;

/* Before threads may be started and the sandbox closes. options: borrowed. key: NULL or "" for
 * none; copied, and overwritten in the end. */
struct remote *remote_create(const struct embed_options *options, const char *key,
                             struct error *err);
void remote_destroy(struct remote *remote); /* NULL is a no-op */

struct remote_call {
    struct texts *texts;
    struct arena *arena; /* of vectors and reasons */
    uint64_t give_up_ms; /* clock_monotonic_ms: nothing is waited for beyond that */
    uint32_t attempts;   /* of a batch */
    /* A request begins with the text at place item, done have their vector or were given up. Called
     * a few times a second in any case. False: cancelled. */
    bool (*told)(void *user, uint32_t item, uint32_t done);
    void *user;
};

/* Gives each text its vector or a reason. What the endpoint says or does is no failure of this:
 * ERROR_CANCELLED, ERROR_MEMORY, ERROR_UNSUPPORTED. */
int remote_embed(struct remote *remote, const struct remote_call *call, struct error *err);

#endif
