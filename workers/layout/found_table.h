/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tables in the layout of a page: what a finder of tables hands over, and when it is asked.
 * Layout itself finds none; workers/tables does.
 *
 * A table takes the text of its cells out of the page's fragments and leaves one fragment, or one
 * line, in their place.
 */
#ifndef EBB_WORKERS_LAYOUT_FOUND_TABLE_H
#define EBB_WORKERS_LAYOUT_FOUND_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/fragments.h"
#include "workers/layout/glyphs.h"
#include "workers/layout/lines.h"

struct found_cell {
    uint16_t row, column, row_span, column_span;
    bool header;
    float left, top, right, bottom; /* in the frame */
    struct line *lines;             /* from top to bottom, with their fragments */
    uint32_t line_count;
};

struct found_table {
    uint16_t rows, columns;
    bool ruled;
    struct found_cell *cells; /* by row, then column */
    uint32_t cell_count;
    uint32_t line_count; /* of all cells */
    float left, top, right, bottom;
};

/* Memory comes from arena. ERROR_MEMORY. */
struct table_finder {
    /* Before the reading order is looked for: takes fragments out and puts one for each table in;
     * the array may be replaced by another in arena.
     * glyphs: a copy whose runs may be replaced by others in arena, to which parts of runs are
     * appended. */
    int (*in_fragments)(const void *user, struct glyphs *glyphs, const struct fragment_group *group,
                        struct fragment ***fragments, uint32_t *count, struct arena *arena,
                        struct error *err);
    /* After that: does the same with lines. */
    int (*in_lines)(const void *user, struct glyphs *glyphs, const struct fragment_group *group,
                    struct lines *lines, struct arena *arena, struct error *err);
    const void *user;
};

#endif
