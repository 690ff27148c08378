/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From runs to fragments: texts that were drawn one after the other on one baseline without a
 * wide gap, and so surely belong together. A fragment is a range of runs. Fragments are kept by
 * direction of writing; in the frame of their direction (glyphs.h) text of any angle, and
 * vertical text, is laid out like upright text: along from left to right, across from top to
 * bottom.
 */
#ifndef EBB_WORKERS_LAYOUT_FRAGMENTS_H
#define EBB_WORKERS_LAYOUT_FRAGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "workers/layout/glyphs.h"

struct found_table;

struct fragment {
    const struct found_table *table; /* that it stands for; its runs are some of that one's */
    uint32_t run_first, run_count;
    float left, right;    /* along, without spaces at the ends */
    float top, bottom;    /* across: the lower-case letters' band and what rises over it */
    float baseline;       /* across; of its largest part */
    float size_pt;        /* of its largest part */
    float initial_bottom; /* of an initial that initials_place moved up: how far it reaches; else
                             not under the baseline */
    uint32_t chars;       /* without spaces */
    uint32_t letters;     /* of these; digits and punctuation are none */
    uint32_t dots;        /* of these */
    uint32_t order;       /* in drawing order */
    bool off_page;        /* wholly outside the page */
    bool leader;          /* dots alone, which lead from one text to another */
};

struct fragment_group {
    float ux, uy; /* the frame's direction */
    int16_t angle_deg;
    bool vertical;
    struct fragment *items; /* in drawing order */
    uint32_t count;
    uint32_t chars;
};

/* Fragments by direction, the one with most characters first. Texts drawn twice in the same place
 * (shadows, poor man's bold) are taken once. ret_groups: in arena. ERROR_MEMORY. */
int fragments_build(const struct glyphs *glyphs, float width_pt, float height_pt,
                    struct arena *arena, struct fragment_group **ret_groups,
                    uint32_t *ret_group_count, struct error *err);

#endif
