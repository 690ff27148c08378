/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Predictions and levels.
 *
 * Invariants: the table has at most ROWS rows of PEAKS peaks each, so its size is fixed. Peaks are
 * kept in KiB.
 */
#include "supervisor/memory.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 128
#define PEAKS 32
#define NAME_BYTES 33
#define HYSTERESIS_PERCENT 5

struct row {
    char class_name[NAME_BYTES];
    char stage[NAME_BYTES];
    uint32_t bucket;
    uint32_t peaks_kib[PEAKS]; /* a ring */
    uint64_t count;            /* learned altogether; 0 for an unused row */
    uint64_t used;             /* memory->clock at its last learning */
};

struct memory {
    const struct settings *settings;
    struct row rows[ROWS];
    uint64_t clock;
    uint64_t live_bytes;
    enum memory_level level;
};

const char *memory_level_name(enum memory_level level)
{
    static const char *const names[] = {
#define MEMORY_LEVEL_NAME(symbol, name) [MEMORY_LEVEL_##symbol] = name,
        MEMORY_LEVEL_LIST(MEMORY_LEVEL_NAME)
#undef MEMORY_LEVEL_NAME
    };
    return names[level];
}

struct memory *memory_create(const struct settings *settings)
{
    struct memory *memory = calloc(1, sizeof(*memory));
    if (memory) {
        memory->settings = settings;
    }
    return memory;
}

void memory_destroy(struct memory *memory)
{
    free(memory);
}

static bool same_kind(const struct row *row, const char *class_name, const char *stage)
{
    return row->count > 0 && strcmp(row->class_name, class_name) == 0 &&
           strcmp(row->stage, stage) == 0;
}

static struct row *row_to_learn(struct memory *memory, const char *class_name, const char *stage,
                                uint32_t bucket)
{
    struct row *oldest = &memory->rows[0];
    for (size_t i = 0; i < ROWS; i++) {
        struct row *row = &memory->rows[i];
        if (same_kind(row, class_name, stage) && row->bucket == bucket) {
            return row;
        }
        if (row->used < oldest->used) {
            oldest = row;
        }
    }
    memset(oldest, 0, sizeof(*oldest));
    strncpy(oldest->class_name, class_name, NAME_BYTES - 1);
    strncpy(oldest->stage, stage, NAME_BYTES - 1);
    oldest->bucket = bucket;
    return oldest;
}

void memory_learn(struct memory *memory, const char *class_name, const char *stage, uint32_t bucket,
                  uint64_t peak_rss_bytes)
{
    struct row *row = row_to_learn(memory, class_name, stage, bucket);
    uint64_t kib = peak_rss_bytes / 1024;
    row->peaks_kib[row->count++ % PEAKS] = kib < UINT32_MAX ? (uint32_t)kib : UINT32_MAX;
    row->used = ++memory->clock;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static uint64_t high_peak_bytes(const struct row *row)
{
    uint32_t sorted[PEAKS];
    size_t count = row->count < PEAKS ? (size_t)row->count : PEAKS;
    memcpy(sorted, row->peaks_kib, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare_u32);
    uint64_t kib = sorted[(count * 95 + 99) / 100 - 1];
    return (kib + kib / 10) * 1024;
}

uint64_t memory_predict(const struct memory *memory, const char *class_name, const char *stage,
                        uint32_t bucket, uint64_t fallback_bytes)
{
    const struct row *nearest = NULL;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &memory->rows[i];
        if (same_kind(row, class_name, stage) && row->bucket >= bucket &&
            (!nearest || row->bucket < nearest->bucket)) {
            nearest = row;
        }
    }
    return nearest ? high_peak_bytes(nearest) : fallback_bytes;
}

/* The bound of a level, lowered by the hysteresis for one that is held already. */
static bool above(const struct memory *memory, uint64_t percent, enum memory_level level)
{
    uint64_t budget_bytes = memory->settings->memory_budget_bytes;
    if (memory->level >= level) {
        percent = percent > HYSTERESIS_PERCENT ? percent - HYSTERESIS_PERCENT : 0;
    }
    return memory->live_bytes > budget_bytes / 100 * percent;
}

bool memory_update(struct memory *memory, uint64_t live_bytes)
{
    memory->live_bytes = live_bytes;
    enum memory_level level = MEMORY_LEVEL_NORMAL;
    if (live_bytes > memory->settings->memory_budget_bytes) {
        level = MEMORY_LEVEL_OVER; /* without hysteresis: each sample over it costs a worker */
    } else if (above(memory, memory->settings->critical_percent, MEMORY_LEVEL_CRITICAL)) {
        level = MEMORY_LEVEL_CRITICAL;
    } else if (above(memory, memory->settings->warning_percent, MEMORY_LEVEL_WARNING)) {
        level = MEMORY_LEVEL_WARNING;
    }
    bool changed = level != memory->level;
    memory->level = level;
    return changed;
}

enum memory_level memory_level(const struct memory *memory)
{
    return memory->level;
}

uint64_t memory_live_bytes(const struct memory *memory)
{
    return memory->live_bytes;
}
