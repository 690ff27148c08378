/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Vectors without an endpoint: ebb-lexical-512.
 */
#ifndef EBB_WORKERS_EMBED_BUILT_IN_H
#define EBB_WORKERS_EMBED_BUILT_IN_H

#include <stdbool.h>

#include "workers/embed/texts.h"

/* Gives each text its vector or a reason. told: how many are done, now and then; false ends it with
 * ERROR_CANCELLED. ERROR_MEMORY. */
int built_in_embed(struct texts *texts, struct arena *arena,
                   bool (*told)(void *user, uint32_t done), void *user, struct error *err);

#endif
