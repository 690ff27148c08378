/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The memory budget: what a process will probably need, what all of them use, and when it is too
 * much. Predictions come from receipts: for each class, stage and size of document the 95th
 * percentile of the last peaks and a tenth more, or the class's memory_max while there is no
 * history. Pure bookkeeping; schedule.c and supervisor.c act upon it.
 */
#ifndef EBB_SUPERVISOR_MEMORY_H
#define EBB_SUPERVISOR_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "supervisor/settings.h"

/* X(SYMBOL, "name"): live memory against the budget, in rising order */
#define MEMORY_LEVEL_LIST(X)                                                                       \
    X(NORMAL, "normal")                                                                            \
    X(WARNING, "warning")   /* over warning_percent: said once */                                  \
    X(CRITICAL, "critical") /* over critical_percent: nothing is admitted, idle workers go */      \
    X(OVER, "over")         /* over the budget: the largest fresh worker is killed */

enum memory_level {
#define MEMORY_LEVEL_ENUM(symbol, name) MEMORY_LEVEL_##symbol,
    MEMORY_LEVEL_LIST(MEMORY_LEVEL_ENUM)
#undef MEMORY_LEVEL_ENUM
};

const char *memory_level_name(enum memory_level level);

struct memory;

/* settings: borrowed, outlives it. NULL when out of memory. */
struct memory *memory_create(const struct settings *settings);
void memory_destroy(struct memory *memory);

/* One more peak of (class, stage, bucket of the document's size). Names of at most 32 bytes; the
 * table is bounded, the oldest row makes room. */
void memory_learn(struct memory *memory, const char *class_name, const char *stage, uint32_t bucket,
                  uint64_t peak_rss_bytes);
/* What a worker of that class will need. fallback_bytes: the class's memory_max. A bucket without
 * history of its own borrows from the nearest larger one that has some. */
uint64_t memory_predict(const struct memory *memory, const char *class_name, const char *stage,
                        uint32_t bucket, uint64_t fallback_bytes);

/* Live memory now. Returns true when the level changed. A level is left only five percent of the
 * budget below where it was entered. */
bool memory_update(struct memory *memory, uint64_t live_bytes);
enum memory_level memory_level(const struct memory *memory);
uint64_t memory_live_bytes(const struct memory *memory);

#endif
