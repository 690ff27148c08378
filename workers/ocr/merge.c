/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One record of two readings of a page.
 *
 * Blocks keep the order in which each side has them; the blocks of OCR are put between those that
 * stay by where they lie. The plain text is written anew from the blocks. Nothing blocks or logs.
 */
#include "workers/ocr/merge.h"

#include <math.h>
#include <string.h>

#include "workers/layout/text.h"

#define GARBLED_SHARE 0.1F /* of a line's characters: it cannot be read */
#define COVERED 0.5F       /* of a word under native text: it is the same text */
#define BESIDE 0.2F        /* of the smaller width or height: so much common is next to nothing */

/* --- which native text stays --- */

static bool is_unknown(uint32_t c)
{
    return c == 0xFFFD || (c >= 0xE000 && c < 0xF900) || c >= 0xF0000;
}

static bool is_garbled(const struct page_line *line)
{
    uint32_t unknown = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < line->span_count; i++) {
        const char *text = line->spans[i].text;
        const char *end = text + line->spans[i].text_bytes;

        while (text < end) {
            size_t bytes;
            uint32_t c = text_get(text, end, &bytes);

            text += bytes;
            count += !text_is_space(c);
            unknown += is_unknown(c);
        }
    }
    return (float)unknown > GARBLED_SHARE * (float)count;
}

static void keep_readable_lines(struct page_block *block)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < block->line_count; i++) {
        if (!is_garbled(&block->lines[i])) {
            block->lines[kept++] = block->lines[i];
        }
    }
    block->line_count = kept;
}

/* Blocks without lines are images, which stay; what loses all of its lines goes. */
static void keep_native(struct page_record *record)
{
    const char *reason = record->ocr_reason ? record->ocr_reason : "";
    bool none = strcmp(reason, "forced") == 0 || strcmp(reason, "redo") == 0;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < record->block_count; i++) {
        struct page_block *block = &record->blocks[i];
        bool has_text = block->kind != PAGE_BLOCK_IMAGE;

        if (none && has_text) {
            continue;
        }
        if (strcmp(reason, "garbled") == 0 && has_text) {
            keep_readable_lines(block);
        }
        if (has_text && block->line_count == 0) {
            continue;
        }
        record->blocks[kept++] = *block;
    }
    record->block_count = kept;
}

/* --- which words of OCR are new --- */

static float overlap(const struct page_box *a, const struct page_box *b)
{
    float width = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0);
    float height = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0);

    return width > 0 && height > 0 ? width * height : 0;
}

static float area(const struct page_box *box)
{
    return (box->x1 - box->x0) * (box->y1 - box->y0);
}

/* Whether native text that can be seen stands where the word was read. */
static bool is_known(const struct page_record *record, const struct page_span *word)
{
    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];

        if (overlap(&block->box, &word->box) <= 0) {
            continue;
        }
        for (uint32_t i = 0; i < block->line_count; i++) {
            if (overlap(&block->lines[i].box, &word->box) > COVERED * area(&word->box)) {
                return true;
            }
        }
    }
    return false;
}

static void unite(struct page_box *box, const struct page_box *other)
{
    box->x0 = fminf(box->x0, other->x0);
    box->y0 = fminf(box->y0, other->y0);
    box->x1 = fmaxf(box->x1, other->x1);
    box->y1 = fmaxf(box->y1, other->y1);
}

/* Takes known words out of the line; false when nothing is left of it. */
static bool keep_new_words(const struct page_record *record, struct page_line *line)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < line->span_count; i++) {
        if (!is_known(record, &line->spans[i])) {
            line->spans[kept++] = line->spans[i];
        }
    }
    if (kept == line->span_count) {
        return true;
    }
    line->span_count = kept;
    for (uint32_t i = 0; i < kept; i++) {
        if (i == 0) {
            line->box = line->spans[0].box;
        }
        unite(&line->box, &line->spans[i].box);
    }
    return kept > 0;
}

/* false when nothing is left of the block. */
static bool keep_new_lines(const struct page_record *record, struct page_block *block)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < block->line_count; i++) {
        if (keep_new_words(record, &block->lines[i])) {
            block->lines[kept++] = block->lines[i];
        }
    }
    block->line_count = kept;
    for (uint32_t i = 0; i < kept; i++) {
        if (i == 0) {
            block->box = block->lines[0].box;
        }
        unite(&block->box, &block->lines[i].box);
    }
    return kept > 0;
}

/* --- order --- */

/* Whether a reader comes to a first: it is above b in b's column, or beside it to the left. */
static bool is_before(const struct page_box *a, const struct page_box *b)
{
    float across = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0);
    float down = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0);

    if (across > BESIDE * fminf(a->x1 - a->x0, b->x1 - b->x0)) {
        return a->y0 + a->y1 < b->y0 + b->y1;
    }
    if (down > BESIDE * fminf(a->y1 - a->y0, b->y1 - b->y0)) {
        return a->x0 + a->x1 < b->x0 + b->x1;
    }
    return a->y1 <= b->y0;
}

/* Behind how many of the kept blocks a block belongs; not before from. */
static uint32_t place_of(const struct page_block *kept, uint32_t kept_count,
                         const struct page_block *block, uint32_t from)
{
    for (uint32_t i = kept_count; i > from; i--) {
        if (is_before(&kept[i - 1].box, &block->box)) {
            return i;
        }
    }
    return from;
}

static int join_blocks(struct page_record *record, const struct page_record *added,
                       struct arena *arena, struct error *err)
{
    struct page_block *blocks =
        arena_calloc(arena, (size_t)record->block_count + added->block_count + 1, sizeof(*blocks));
    uint32_t count = 0;
    uint32_t done = 0; /* of the record's blocks */

    if (!blocks) {
        return error_set(err, ERROR_MEMORY, "no memory for a page's blocks");
    }
    for (uint32_t i = 0; i < added->block_count; i++) {
        uint32_t place = place_of(record->blocks, record->block_count, &added->blocks[i], done);

        while (done < place) {
            blocks[count++] = record->blocks[done++];
        }
        blocks[count++] = added->blocks[i];
    }
    while (done < record->block_count) {
        blocks[count++] = record->blocks[done++];
    }
    record->blocks = blocks;
    record->block_count = count;
    return 0;
}

/* --- fonts --- */

/* One more font, without a name, for what OCR read; the last one where there can be no more. */
static int add_font(struct page_record *record, struct arena *arena, struct error *err)
{
    struct page_font *fonts;

    if (record->font_count == PAGE_FONTS_MAX) {
        return 0;
    }
    fonts = arena_calloc(arena, (size_t)record->font_count + 1, sizeof(*fonts));
    if (!fonts) {
        return error_set(err, ERROR_MEMORY, "no memory for a page's fonts");
    }
    if (record->font_count > 0) {
        memcpy(fonts, record->fonts, record->font_count * sizeof(*fonts));
    }
    fonts[record->font_count++].name = "";
    record->fonts = fonts;
    return 0;
}

static void set_font(struct page_record *added, uint16_t font)
{
    for (uint32_t b = 0; b < added->block_count; b++) {
        for (uint32_t i = 0; i < added->blocks[b].line_count; i++) {
            struct page_line *line = &added->blocks[b].lines[i];

            for (uint32_t s = 0; s < line->span_count; s++) {
                line->spans[s].font = font;
            }
        }
    }
}

/* --- the plain text --- */

static size_t text_room(const struct page_record *record)
{
    size_t bytes = 1;

    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];

        bytes += 1;
        for (uint32_t i = 0; i < block->line_count; i++) {
            bytes += 1;
            for (uint32_t s = 0; s < block->lines[i].span_count; s++) {
                bytes += block->lines[i].spans[s].text_bytes;
            }
        }
    }
    return bytes;
}

/* The line's text without spaces at its end. A line whose word goes on loses its hyphen too, and
 * ret_joined says that no line break follows. */
static char *put_line(char *out, const struct page_line *line, bool *ret_joined)
{
    char *start = out;

    for (uint32_t s = 0; s < line->span_count; s++) {
        memcpy(out, line->spans[s].text, line->spans[s].text_bytes);
        out += line->spans[s].text_bytes;
    }
    while (out > start && out[-1] == ' ') {
        out--;
    }
    *ret_joined = line->hyphenated;
    if (line->hyphenated && out > start) {
        out--;
        while (out > start && ((unsigned char)*out & 0xC0U) == 0x80U) {
            out--;
        }
    }
    return out;
}

static int write_text(struct page_record *record, struct arena *arena, struct error *err)
{
    char *text = arena_alloc(arena, text_room(record));
    char *out = text;

    if (!text) {
        return error_set(err, ERROR_MEMORY, "no memory for a page's text");
    }
    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];

        for (uint32_t i = 0; i < block->line_count; i++) {
            bool joined;

            out = put_line(out, &block->lines[i], &joined);
            if (!joined || i + 1 == block->line_count) {
                *out++ = '\n';
            }
        }
        if (block->line_count > 0) {
            *out++ = '\n';
        }
    }
    record->text = text;
    record->text_bytes = (uint32_t)(out - text);
    return 0;
}

/* --- the record --- */

static bool has_text(const struct page_record *record)
{
    for (uint32_t i = 0; i < record->block_count; i++) {
        if (record->blocks[i].line_count > 0) {
            return true;
        }
    }
    return false;
}

static void note_reading(struct page_record *record, const struct recognised *read,
                         const char *languages)
{
    record->confidence = read->confidence;
    record->ocr_languages = languages;
    record->ocr_dpi = (uint16_t)fminf(read->dpi + 0.5F, 65535);
    record->ocr_skew_deg = read->turned_deg;
}

int merge_page(struct page_record *record, const struct recognised *read, const char *languages,
               struct arena *arena, struct error *err)
{
    struct page_record added = read->layout;
    uint32_t kept = 0;
    bool native;

    keep_native(record);
    native = has_text(record);
    for (uint32_t i = 0; i < added.block_count; i++) {
        if (!native || keep_new_lines(record, &added.blocks[i])) {
            added.blocks[kept++] = added.blocks[i];
        }
    }
    added.block_count = kept;
    note_reading(record, read, languages);
    record->source = native ? kept > 0 ? "mixed" : "native" : "ocr";
    if (kept > 0) {
        if (add_font(record, arena, err) < 0) {
            return -1;
        }
        set_font(&added, (uint16_t)(record->font_count - 1));
    }
    if (join_blocks(record, &added, arena, err) < 0) {
        return -1;
    }
    if (!native) { /* layout wrote the same, and joined words over blocks too */
        record->text = added.text;
        record->text_bytes = added.text_bytes;
        return 0;
    }
    return write_text(record, arena, err);
}
