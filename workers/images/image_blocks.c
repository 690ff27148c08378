/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The images of a page among its text. A block is weighed by where it stands to the image alone;
 * what it says counts only in so far as layout took it for a caption. Nothing blocks or logs.
 */
#include "workers/images/image_blocks.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define OVERLAP_SHARE 0.3F /* of the narrower one, to stand in one column */
#define FAR_PT 36.0F       /* of a block that layout took for a caption */
#define NEAR_PT 20.0F      /* of any other */
#define TOUCH_PT 4.0F      /* a text may reach into the image by so much */
#define INSIDE_SHARE 0.6F  /* of a caption's width lies under the image */
#define ALIGNED_PT                                                                                 \
    4.0F           /* what is over or under an image and no caption stands so near its             \
                      left edge, its right edge or its middle */
#define WIDER 1.3F /* than the image, and a text is not its caption */
#define LINES_MAX 4U
#define CHARS_MAX 300U
#define ABOVE_WEIGHT 1.6F /* as many points over an image count as more: captions stand below */
#define BESIDE_WEIGHT 1.3F
#define CAPTION_WEIGHT 0.25F
#define COMPARED_MAX 20000000U /* images times blocks; with more, images come in drawing order */

static float overlap(float a0, float a1, float b0, float b1)
{
    return fminf(a1, b1) - fmaxf(a0, b0);
}

static bool has_text(const struct page_block *block)
{
    return block->line_count > 0;
}

/* --- captions --- */

static uint32_t chars_of(const struct page_block *block)
{
    uint32_t bytes = 0;

    for (uint32_t l = 0; l < block->line_count; l++) {
        for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
            bytes += block->lines[l].spans[s].text_bytes;
        }
    }
    return bytes;
}

static bool is_shown(const struct page_block *block)
{
    const struct page_line *line = &block->lines[0];

    return line->span_count == 0 || !(line->spans[0].style & PAGE_STYLE_HIDDEN);
}

/* Whether a block can be a caption at all. */
static bool can_be_caption(const struct page_block *block, const struct page_image *image)
{
    float width = image->box.x1 - image->box.x0;

    if (!has_text(block) || !is_shown(block)) {
        return false;
    }
    if (block->kind == PAGE_BLOCK_CAPTION) {
        return true;
    }
    return (block->kind == PAGE_BLOCK_TEXT || block->kind == PAGE_BLOCK_HEADING) &&
           block->line_count <= LINES_MAX && chars_of(block) <= CHARS_MAX &&
           block->box.x1 - block->box.x0 <= WIDER * width;
}

/* Whether a text over or under an image is set by it. */
static bool is_aligned(const struct page_box *text, const struct page_box *box)
{
    float middle = (text->x0 + text->x1) / 2 - (box->x0 + box->x1) / 2;

    return fabsf(text->x0 - box->x0) <= ALIGNED_PT || fabsf(text->x1 - box->x1) <= ALIGNED_PT ||
           fabsf(middle) <= ALIGNED_PT;
}

/* How far a block is from being the image's caption; INFINITY where it cannot be. */
static float caption_distance(const struct page_block *block, const struct page_image *image)
{
    const struct page_box *text = &block->box;
    const struct page_box *box = &image->box;
    float across = overlap(text->x0, text->x1, box->x0, box->x1);
    float down = overlap(text->y0, text->y1, box->y0, box->y1);
    float limit = block->kind == PAGE_BLOCK_CAPTION ? FAR_PT : NEAR_PT;
    float distance = INFINITY;

    if (across >= INSIDE_SHARE * fminf(text->x1 - text->x0, box->x1 - box->x0)) {
        if (block->kind != PAGE_BLOCK_CAPTION && !is_aligned(text, box)) {
            return INFINITY;
        }
        float below = text->y0 - box->y1;
        float above = box->y0 - text->y1;

        if (below >= -TOUCH_PT && below <= limit) {
            distance = fmaxf(below, 0);
        } else if (above >= -TOUCH_PT && above <= limit) {
            distance = fmaxf(above, 0) * ABOVE_WEIGHT + 1;
        }
    } else if (down >= INSIDE_SHARE * fminf(text->y1 - text->y0, box->y1 - box->y0)) {
        float beside = fmaxf(text->x0 - box->x1, box->x0 - text->x1);

        if (beside >= -TOUCH_PT && beside <= limit) {
            /* Of several lines beside an image the first names it. */
            distance = fmaxf(beside, 0) * BESIDE_WEIGHT + 2 +
                       fmaxf(text->y0 - box->y0, 0) / (box->y1 - box->y0);
        }
    }
    return block->kind == PAGE_BLOCK_CAPTION ? distance * CAPTION_WEIGHT : distance;
}

static void append(char *out, size_t *used, const char *text, size_t bytes)
{
    size_t room = PAGE_CAPTION_MAX_BYTES - *used;

    bytes = bytes < room ? bytes : room;
    memcpy(out + *used, text, bytes);
    *used += bytes;
}

/* The block's lines joined by spaces, cut at the bound between characters. */
static const char *text_of(const struct page_block *block, struct arena *arena)
{
    char text[PAGE_CAPTION_MAX_BYTES + 1] = "";
    size_t used = 0;

    for (uint32_t l = 0; l < block->line_count; l++) {
        const struct page_line *line = &block->lines[l];

        if (l > 0 && !block->lines[l - 1].hyphenated) {
            append(text, &used, " ", 1);
        }
        for (uint32_t s = 0; s < line->span_count; s++) {
            append(text, &used, line->spans[s].text, line->spans[s].text_bytes);
        }
    }
    if (used == PAGE_CAPTION_MAX_BYTES) {
        while (used > 0 && ((unsigned char)text[used - 1] & 0xC0) == 0x80) {
            used--;
        }
        used -= used > 0 && (unsigned char)text[used - 1] >= 0xC0;
    }
    while (used > 0 && text[used - 1] == ' ') {
        used--;
    }
    return used > 0 ? arena_strndup(arena, text, used) : NULL;
}

const char *image_blocks_caption(const struct page_record *record, const struct page_image *image,
                                 struct arena *arena)
{
    const struct page_block *nearest = NULL;
    float least = INFINITY;

    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];
        float distance;

        if (!can_be_caption(block, image)) {
            continue;
        }
        distance = caption_distance(block, image);
        if (distance < least) {
            least = distance;
            nearest = block;
        }
    }
    return nearest ? text_of(nearest, arena) : NULL;
}

/* --- reading order --- */

/* Where an image goes: before the block of that index. */
static uint32_t place_beside(const struct page_block *blocks, uint32_t count,
                             const struct page_box *box)
{
    float middle = (box->y0 + box->y1) / 2;

    for (uint32_t b = 0; b < count; b++) {
        const struct page_box *text = &blocks[b].box;
        bool level = overlap(text->y0, text->y1, box->y0, box->y1) > 0;

        if (level && text->x0 >= (box->x0 + box->x1) / 2) {
            return b; /* text to its right */
        }
        if (level && (b + 1 == count ||
                      overlap(blocks[b + 1].box.y0, blocks[b + 1].box.y1, box->y0, box->y1) <= 0)) {
            return b + 1; /* the last text to its left */
        }
    }
    for (uint32_t b = 0; b < count; b++) {
        if (blocks[b].box.y0 > middle) {
            return b;
        }
    }
    return count;
}

static uint32_t place_of(const struct page_block *blocks, uint32_t count,
                         const struct page_box *box)
{
    float middle = (box->y0 + box->y1) / 2;
    float least = INFINITY;
    uint32_t found = count;
    bool any = false;

    for (uint32_t b = 0; b < count; b++) {
        const struct page_box *text = &blocks[b].box;
        bool below = (text->y0 + text->y1) / 2 >= middle;
        float distance = below ? text->y0 - box->y1 : box->y0 - text->y1;

        if (overlap(text->x0, text->x1, box->x0, box->x1) <
            OVERLAP_SHARE * fminf(text->x1 - text->x0, box->x1 - box->x0)) {
            continue;
        }
        distance = fmaxf(distance, 0);
        if (distance < least) {
            least = distance;
            found = below ? b : b + 1;
            any = true;
        }
    }
    return any ? found : place_beside(blocks, count, box);
}

int image_blocks_insert(struct page_record *record, struct arena *arena, struct error *err)
{
    uint32_t count = record->block_count;
    uint32_t content = 0;
    struct page_block *blocks;
    bool many;

    for (uint32_t i = 0; i < record->image_record_count; i++) {
        content += record->images[i].role == PAGE_IMAGE_ROLE_CONTENT;
    }
    if (content == 0) {
        return 0;
    }
    blocks = arena_calloc(arena, (size_t)count + content, sizeof(*blocks));
    if (!blocks) {
        return error_set(err, ERROR_MEMORY, "no memory for %u blocks", count + content);
    }
    if (count > 0) {
        memcpy(blocks, record->blocks, count * sizeof(*blocks));
    }
    many = (uint64_t)content * (count + content) > COMPARED_MAX;
    for (uint32_t i = 0; i < record->image_record_count; i++) {
        struct page_image *image = &record->images[i];
        uint32_t at = count;

        if (image->role != PAGE_IMAGE_ROLE_CONTENT) {
            continue;
        }
        if (!many) {
            image->caption = image_blocks_caption(record, image, arena);
            at = place_of(blocks, count, &image->box);
            memmove(blocks + at + 1, blocks + at, (count - at) * sizeof(*blocks));
        }
        blocks[at] = (struct page_block){.kind = PAGE_BLOCK_IMAGE, .image = i, .box = image->box};
        count++;
    }
    record->blocks = blocks;
    record->block_count = count;
    return 0;
}
