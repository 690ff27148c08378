/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Document style: classes, ranks, furniture.
 *
 * Invariants: only style_load reads the database; the rest are functions of their arguments, so
 * that what finish decides and what a renderer applies is the same. Logs nothing.
 */
#include "workers/library/style.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_LINES 2
#define SHORT_BYTES 120
#define LEADER_DOTS 4
#define BLOCK_CLASSES 16 /* of one block that are told apart; further ones cannot be most of it */

uint32_t style_class(float size_pt, bool bold)
{
    float held = isfinite(size_pt) && size_pt > 0 ? fminf(size_pt, 10000.0F) : 0.0F;

    return (uint32_t)lroundf(held * 2.0F) << 1 | (bold ? 1U : 0U);
}

float style_class_size_pt(uint32_t class)
{
    return (float)(class >> 1) / 2.0F;
}

bool style_class_bold(uint32_t class)
{
    return (class & 1U) != 0;
}

uint32_t style_block_class(const struct page_block *block)
{
    struct {
        uint32_t class;
        uint64_t bytes;
    } seen[BLOCK_CLASSES];
    uint32_t count = 0;
    uint32_t best = 0;

    for (uint32_t l = 0; l < block->line_count; l++) {
        for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
            const struct page_span *span = &block->lines[l].spans[s];
            uint32_t class = style_class(span->size_pt, (span->style & PAGE_STYLE_BOLD) != 0);
            uint32_t i = 0;

            while (i < count && seen[i].class != class) {
                i++;
            }
            if (i == count) {
                if (count == BLOCK_CLASSES) {
                    continue;
                }
                seen[count].class = class;
                seen[count++].bytes = 0;
            }
            seen[i].bytes += span->text_bytes;
        }
    }
    for (uint32_t i = 1; i < count; i++) {
        best = seen[i].bytes > seen[best].bytes ? i : best;
    }
    return count > 0 ? seen[best].class : 0;
}

static bool has_letter(const struct page_span *span)
{
    for (uint32_t i = 0; i < span->text_bytes; i++) {
        uint8_t byte = (uint8_t)span->text[i];

        if (byte >= 0x80 || isalpha(byte)) {
            return true;
        }
    }
    return false;
}

/* "Strings . . . . . . 71" */
static bool has_leader(const struct page_span *span)
{
    uint32_t dots = 0;

    for (uint32_t i = 0; i < span->text_bytes; i++) {
        char c = span->text[i];

        dots = c == '.' ? dots + 1 : c == ' ' ? dots : 0;
        if (dots == LEADER_DOTS) {
            return true;
        }
    }
    return false;
}

bool style_block_is_entry(const struct page_block *block)
{
    for (uint32_t l = 0; l < block->line_count; l++) {
        for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
            if (has_leader(&block->lines[l].spans[s])) {
                return true;
            }
        }
    }
    return false;
}

bool style_block_is_short(const struct page_block *block)
{
    uint64_t bytes = 0;
    bool letter = false;

    if (block->kind != PAGE_BLOCK_TEXT || block->line_count > SHORT_LINES) {
        return false;
    }
    for (uint32_t l = 0; l < block->line_count; l++) {
        for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
            bytes += block->lines[l].spans[s].text_bytes;
            letter = letter || (bytes <= SHORT_BYTES && has_letter(&block->lines[l].spans[s]));
        }
    }
    return letter && bytes <= SHORT_BYTES && !style_block_is_entry(block);
}

uint32_t style_promoted_class(uint32_t body_class)
{
    uint32_t half_points = body_class >> 1;

    return (half_points + (half_points + 4) / 5) << 1;
}

struct rank_group {
    uint64_t pages;
    bool has_level;
};

/* The group of each class, counted from 0; returns how many there are. */
static uint32_t make_groups(const struct style_heading *headings, uint32_t heading_count,
                            struct rank_group *groups, uint8_t *group_of)
{
    uint32_t lead = 0; /* the class that opened the group */
    uint32_t count = 0;

    for (uint32_t i = 0; i < heading_count; i++) {
        uint32_t class = headings[i].class;

        if (count == 0 || style_class_bold(class) != style_class_bold(lead) ||
            (class >> 1) * 100 < (lead >> 1) * 93) {
            lead = class;
            groups[count++] = (struct rank_group){0, false};
        }
        groups[count - 1].pages += headings[i].pages;
        group_of[i] = (uint8_t)(count - 1);
    }
    return count;
}

/* Marks the groups on most pages, of equals the first. */
static void choose_groups(struct rank_group *groups, uint32_t count)
{
    for (uint32_t level = 0; level < STYLE_LEVEL_MAX && level < count; level++) {
        uint32_t best = count;

        for (uint32_t g = 0; g < count; g++) {
            if (!groups[g].has_level && (best == count || groups[g].pages > groups[best].pages)) {
                best = g;
            }
        }
        groups[best].has_level = true;
    }
}

void style_rank(struct style_heading *headings, uint32_t heading_count)
{
    struct rank_group groups[STYLE_HEADINGS_MAX];
    uint8_t group_of[STYLE_HEADINGS_MAX];
    uint32_t level = 1;
    uint32_t at = 0; /* the group whose turn it is */

    static_assert(STYLE_HEADINGS_MAX <= UINT8_MAX, "a group's number is one byte");
    choose_groups(groups, make_groups(headings, heading_count, groups, group_of));
    for (uint32_t i = 0; i < heading_count; i++) {
        if (group_of[i] != at) {
            level += groups[at].has_level && level < STYLE_LEVEL_MAX ? 1 : 0;
            at = group_of[i];
        }
        headings[i].level = (uint8_t)level;
    }
}

/* Odd numbers from first to last. */
static uint32_t odd_between(uint32_t first, uint32_t last)
{
    return (uint32_t)(((uint64_t)last + 1) / 2 - first / 2);
}

bool style_repeats(const struct style_occurrence *occurrence)
{
    uint64_t span = (uint64_t)occurrence->last - occurrence->first + 1;

    if (occurrence->pages < STYLE_REPEATS_MIN) {
        return false;
    }
    if (occurrence->odd_pages == occurrence->pages) {
        span = odd_between(occurrence->first, occurrence->last);
    } else if (occurrence->odd_pages == 0) {
        span -= odd_between(occurrence->first, occurrence->last);
    }
    return (uint64_t)occurrence->pages * 2 >= span;
}

/* The row of level 0 is the body's. */
static int load_classes(struct library *library, int64_t document_row, struct document_style *style,
                        struct error *err)
{
    struct statement *list = library_statement(library, STATEMENT_STYLES_LIST);
    int got;

    statement_int(list, 1, document_row);
    while ((got = statement_step(list, err)) > 0) {
        uint8_t level = (uint8_t)statement_column_int(list, 0);
        uint32_t class =
            style_class((float)statement_column_real(list, 1), statement_column_int(list, 2) != 0);

        if (level == 0) {
            style->body_class = class;
        } else if (style->heading_count < STYLE_HEADINGS_MAX) {
            style->headings[style->heading_count++] = (struct style_heading){class, 0, level};
        }
    }
    statement_end(list);
    return got < 0 ? -1 : 0;
}

/* Grows by doubling inside the arena: what was outgrown stays there until the arena goes. */
static int add_furniture(struct document_style *style, uint32_t *capacity, struct arena *arena,
                         struct style_furniture entry, struct error *err)
{
    if (style->furniture_count == *capacity) {
        uint32_t bigger = *capacity ? *capacity * 2 : 32;
        struct style_furniture *moved = arena_calloc(arena, bigger, sizeof *moved);

        if (!moved) {
            return error_set(err, ERROR_MEMORY, "no memory for a document's furniture");
        }
        for (uint32_t i = 0; i < style->furniture_count; i++) {
            moved[i] = style->furniture[i];
        }
        style->furniture = moved;
        *capacity = bigger;
    }
    style->furniture[style->furniture_count++] = entry;
    return 0;
}

static int load_furniture(struct library *library, int64_t document_row, struct arena *arena,
                          struct document_style *style, struct error *err)
{
    struct statement *list = library_statement(library, STATEMENT_FURNITURE_LIST);
    uint32_t capacity = 0;
    int got;

    statement_int(list, 1, document_row);
    while ((got = statement_step(list, err)) > 0 && style->furniture_count < STYLE_FURNITURE_MAX) {
        struct style_furniture entry = {
            .margin = (enum page_margin)statement_column_int(list, 0),
            .key = (uint64_t)statement_column_int(list, 1),
        };

        if (add_furniture(style, &capacity, arena, entry, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(list);
    return got < 0 ? -1 : 0;
}

static int load_repeated(struct library *library, int64_t document_row, struct arena *arena,
                         struct document_style *style, struct error *err)
{
    struct statement *list = library_statement(library, STATEMENT_IMAGES_REPEATED);
    uint32_t capacity = 0;
    int got;

    statement_int(list, 1, document_row);
    statement_int(list, 2, STYLE_REPEATED_MAX);
    while ((got = statement_step(list, err)) > 0) {
        char *key = arena_strdup(arena, statement_column_text(list, 0));

        if (style->repeated_count == capacity) {
            uint32_t bigger = capacity ? capacity * 2 : 32;
            const char **moved = arena_calloc(arena, bigger, sizeof *moved);

            if (moved && capacity > 0) {
                memcpy(moved, style->repeated, capacity * sizeof *moved);
            }
            style->repeated = moved;
            capacity = bigger;
        }
        if (!key || !style->repeated) {
            got = error_set(err, ERROR_MEMORY, "no memory for a document's images");
            break;
        }
        style->repeated[style->repeated_count++] = key;
    }
    statement_end(list);
    return got < 0 ? -1 : 0;
}

int style_load(struct library *library, int64_t document_row, struct arena *arena,
               struct document_style *ret_style, struct error *err)
{
    struct document_style style = {0};

    if (load_classes(library, document_row, &style, err) < 0 ||
        load_furniture(library, document_row, arena, &style, err) < 0 ||
        load_repeated(library, document_row, arena, &style, err) < 0) {
        return -1;
    }
    *ret_style = style;
    return 0;
}

uint8_t style_heading_level(const struct document_style *style, const struct page_block *block)
{
    bool heading = block->kind == PAGE_BLOCK_HEADING;
    uint32_t class;

    if (heading ? style_block_is_entry(block) : !style_block_is_short(block)) {
        return 0;
    }
    class = style_block_class(block);
    if (!heading && class < style_promoted_class(style->body_class)) {
        return 0;
    }
    for (uint32_t i = 0; i < style->heading_count; i++) {
        if (style->headings[i].class == class) {
            return style->headings[i].level;
        }
    }
    return 0;
}

static int compare_furniture(const void *a, const void *b)
{
    const struct style_furniture *x = a;
    const struct style_furniture *y = b;
    int64_t x_key = (int64_t)x->key;
    int64_t y_key = (int64_t)y->key;

    if (x->margin != y->margin) {
        return x->margin < y->margin ? -1 : 1;
    }
    return (x_key > y_key) - (x_key < y_key);
}

static int compare_key(const void *key, const void *entry)
{
    return strcmp(key, *(const char *const *)entry);
}

bool style_is_repeated(const struct document_style *style, const char *key)
{
    return style->repeated_count > 0 && bsearch(key, style->repeated, style->repeated_count,
                                                sizeof *style->repeated, compare_key) != NULL;
}

bool style_is_furniture(const struct document_style *style, const struct page_block *block)
{
    struct style_furniture wanted = {.margin = block->margin, .key = block->margin_key};

    if (block->margin == PAGE_MARGIN_NONE || style->furniture_count == 0) {
        return false;
    }
    return bsearch(&wanted, style->furniture, style->furniture_count, sizeof wanted,
                   compare_furniture) != NULL;
}
