/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The headings above a place, from the outermost to the nearest.
 */
#ifndef EBB_WORKERS_INDEX_HEADINGS_H
#define EBB_WORKERS_INDEX_HEADINGS_H

#include "workers/index/window.h"

struct heading_path {
    struct window_heading headings[CHUNK_HEADINGS_MAX]; /* levels rise */
    uint32_t count;
};

/* A heading ends all sections that are not above its own. */
static inline void heading_path_push(struct heading_path *path,
                                     const struct window_heading *heading)
{
    while (path->count > 0 && path->headings[path->count - 1].level >= heading->level) {
        path->count--;
    }
    path->headings[path->count++] = *heading;
}

static inline uint8_t heading_path_level(const struct heading_path *path)
{
    return path->count > 0 ? path->headings[path->count - 1].level : 0;
}

#endif
