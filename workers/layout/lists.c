/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Lists in lists.
 *
 * An item that starts further in than the item before is inside that one. At the same place,
 * another kind of mark ("(a)" after "1.") opens a list inside, and a kind that is open already
 * closes what was opened since. What stands between items closes lists that it is not inside of.
 * Nothing blocks or logs.
 */
#include "workers/layout/lists.h"

#include <math.h>

#include "workers/layout/look.h"

#define SAME_PLACE 0.6F /* of the size */

enum mark {
    MARK_DIGIT = 1,
    MARK_LOWER,
    MARK_UPPER,
    MARK_BULLET
}; /* bullets: and their character */

struct open_list {
    float start; /* along the line's direction, of its marks */
    uint32_t mark;
};

struct open_lists {
    struct open_list items[PAGE_LIST_LEVEL_MAX + 1];
    uint32_t count;
    const struct page_block *before; /* the item or what else stood last */
};

/* The kind of mark, so that marks of one list are alike. */
static uint32_t mark_of(const struct block_look *look)
{
    uint32_t first = look->start[0];
    uint32_t bracket = first == '(' || first == '[' ? 1 : 0;
    uint32_t c = look->start_count > bracket ? look->start[bracket] : 0;

    bracket <<= 4;
    if (c >= '0' && c <= '9') {
        return MARK_DIGIT | bracket;
    }
    if (c >= 'a' && c <= 'z') {
        return MARK_LOWER | bracket;
    }
    if (c >= 'A' && c <= 'Z') {
        return MARK_UPPER | bracket;
    }
    return MARK_BULLET | c << 8;
}

static float start_of(const struct page_block *block)
{
    const struct page_line *line = &block->lines[0];

    if (line->vertical) {
        return line->box.y0;
    }
    return line->right_to_left ? -line->box.x1 : line->box.x0;
}

/* The level of an item whose marks start at start. */
static uint8_t place(struct open_lists *lists, float start, uint32_t mark, float near)
{
    uint32_t count = lists->count;

    while (count > 0 && start < lists->items[count - 1].start - near) {
        count--;
    }
    if (count > 0 && start < lists->items[count - 1].start + near) {
        uint32_t same = count;

        while (same > 0 && lists->items[same - 1].mark != mark &&
               fabsf(lists->items[same - 1].start - start) < near) {
            same--;
        }
        if (same > 0 && lists->items[same - 1].mark == mark &&
            fabsf(lists->items[same - 1].start - start) < near) {
            count = same;
            lists->count = count;
            return (uint8_t)(count - 1);
        }
    }
    if (count <= PAGE_LIST_LEVEL_MAX) {
        lists->items[count++] = (struct open_list){start, mark};
    }
    lists->count = count;
    return (uint8_t)(count - 1);
}

/* Closes the lists that block, which is no item, does not stand inside of. */
static void close_lists(struct open_lists *lists, const struct page_block *block, float near)
{
    float start = start_of(block);

    if (block->kind == PAGE_BLOCK_HEADING || block->kind == PAGE_BLOCK_TABLE) {
        lists->count = 0;
    }
    while (lists->count > 0 && start < lists->items[lists->count - 1].start + near) {
        lists->count--;
    }
}

void lists_find_levels(struct page_record *record)
{
    struct open_lists lists = {.count = 0};

    for (uint32_t b = 0; b < record->block_count; b++) {
        struct page_block *block = &record->blocks[b];
        struct block_look look;

        if (block->line_count == 0 ||
            (block->margin != PAGE_MARGIN_NONE && block->kind != PAGE_BLOCK_LIST_ITEM)) {
            continue;
        }
        block_look_at(block, &look);
        if (lists.before && (block->box.y1 < lists.before->box.y0 ||
                             block->lines[0].angle_deg != lists.before->lines[0].angle_deg)) {
            lists.count = 0; /* another column */
        }
        lists.before = block;
        if (block->kind == PAGE_BLOCK_LIST_ITEM) {
            block->level =
                place(&lists, start_of(block), mark_of(&look), SAME_PLACE * look.usual_pt);
        } else {
            close_lists(&lists, block, SAME_PLACE * look.usual_pt);
        }
    }
}
