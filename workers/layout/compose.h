/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From lines to what the record holds: blocks, lines and spans with their boxes, and the plain
 * text. Spans borrow the plain text's bytes.
 */
#ifndef EBB_WORKERS_LAYOUT_COMPOSE_H
#define EBB_WORKERS_LAYOUT_COMPOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "proto/page.h"
#include "workers/layout/fragments.h"
#include "workers/layout/glyphs.h"
#include "workers/layout/lines.h"

/* The lines of one direction of writing. */
struct compose_part {
    const struct fragment_group *group;
    struct lines lines;
    bool hidden; /* off the page: its blocks are kept, its text is not part of the plain text */
};

/* Fills blocks, text and hidden_count of the record, from parts in reading order. ret_tabular: of
 * each block, whether wide gaps part its lines into cells. ERROR_MEMORY. */
int compose(const struct glyphs *glyphs, const struct compose_part *parts, uint32_t part_count,
            struct arena *arena, struct page_record *record, const bool **ret_tabular,
            struct error *err);

#endif
