/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What composing a line and composing blocks of lines share. Private to compose.c,
 * compose_line.c and compose_table.c.
 */
#ifndef EBB_WORKERS_LAYOUT_COMPOSE_STATE_H
#define EBB_WORKERS_LAYOUT_COMPOSE_STATE_H

#include "workers/layout/compose.h"

/* Spaces that stand for one gap or indentation in code. */
#define CODE_SPACES_MAX 64U

struct composer {
    const struct glyphs *glyphs;
    struct arena *arena;
    const struct fragment_group *group;
    char *out; /* where the text goes on */
    struct page_block *blocks;
    bool *tabular; /* of each block */
    struct page_line *lines;
    struct page_span *spans;
    uint32_t block_count, line_count, span_count;
    uint32_t hidden_count;
    uint32_t compounds_looked_for;
    bool off_page;
    float code_left; /* along: where the lines of a block of code begin; INFINITY elsewhere */
};

/* Makes box hold other too. */
void compose_unite(struct page_box *box, const struct page_box *other);

/* The box on the page of [left, right] x [top, bottom] in a group's frame. */
struct page_box compose_box(const struct fragment_group *group, float left, float top, float right,
                            float bottom);

/* A block of its own. ERROR_MEMORY. */
int compose_table(struct composer *composer, const struct found_table *found, struct error *err);

/* One line; ret_text: where its text starts. A line without text adds nothing. ERROR_MEMORY. */
int compose_line(struct composer *composer, const struct line *line, const char **ret_text,
                 struct error *err);

#endif
