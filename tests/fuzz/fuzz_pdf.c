/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Own code of ebb-pdf over any bytes. The first byte says what they are: names and texts, or a
 * drawing for layout, which must give a record that can be written and read back. (What reads
 * PDF is mupdf, which has fuzzers of its own.)
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/page.h"
#include "workers/mupdf/format.h"
#include "workers/pdf/glyph_names.h"
#include "workers/layout/glyphs.h"
#include "workers/layout/page_layout.h"
#include "workers/layout/text.h"

#define STROKE_BYTES 8
#define WIDTH_PT 600.0F
#define HEIGHT_PT 800.0F

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

/* A glyph name, a file's first bytes, two lines of text. */
static void run_texts(const uint8_t *data, size_t size_bytes)
{
    const char *text = (const char *)data;
    size_t half = size_bytes / 2;
    size_t kept = 0;
    uint32_t characters[GLYPH_NAME_CHARACTERS_MAX];
    uint32_t count;
    char name[256] = "";

    memcpy(name, data, size_bytes < sizeof(name) ? size_bytes : sizeof(name) - 1);
    count = glyph_name_characters(name, characters);
    demand(count <= GLYPH_NAME_CHARACTERS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        char utf8[TEXT_EXPANDED_BYTES];

        demand(characters[i] > 0 && characters[i] <= 0x10FFFF);
        demand(text_put_plain(utf8, characters[i]) <= utf8 + sizeof(utf8));
    }
    format_find(data, size_bytes, data, size_bytes);
    if (text_is_hyphenated(text, text + half, text + half, text + size_bytes, &kept)) {
        demand(kept < half);
    }
}

/* Characters of all kinds: Latin, hyphens, bullets, right-to-left, ideographs, ligatures. */
static uint32_t character_of(uint8_t byte)
{
    static const uint32_t kinds[] = {' ',    '-',    0x2022, 0x5D0,  0x627,   0x301, 0x4E00,
                                     0xFB03, 0xFDFA, 0xFFFD, 0xA0,   0xAD,    '.',   '1',
                                     '(',    ')',    0xE000, 0xD800, 0x10FFFF};

    return byte < 0x80 ? byte : kinds[byte % (sizeof(kinds) / sizeof(kinds[0]))];
}

/* A few characters somewhere on or off the page, in some style and direction. */
static void draw(struct glyphs *glyphs, const uint8_t stroke[STROKE_BYTES])
{
    static const float directions[8][2] = {{1, 0},  {1, 0},  {1, 0},       {0, 1},
                                           {0, -1}, {-1, 0}, {0.8F, 0.6F}, {0.99F, 0.141F}};
    const float *direction = directions[stroke[3] & 7];
    struct glyph_run run = {.ux = direction[0],
                            .uy = direction[1],
                            .size_pt = (float)(stroke[2] & 31) + 0.5F,
                            .ascent = 0.8F,
                            .descent = 0.2F,
                            .style = (uint8_t)(stroke[4] & 0x7F),
                            .vertical = (stroke[3] & 0x18) == 0x18};
    float along = (float)stroke[0] * 3 - 60;
    float across = (float)stroke[1] * 4 - 100;

    run.angle_deg = glyphs_angle(run.ux, run.uy);
    glyphs_run_continue(glyphs, &run, across, along);
    for (int i = 5; i < STROKE_BYTES; i++) {
        float step = run.size_pt * (float)(stroke[3] >> 5) / 4;

        if (stroke[i] == 0xFF) {
            glyphs_add_more(glyphs, 'i');
            continue;
        }
        glyphs_add(glyphs, along, along + run.size_pt / 2, character_of(stroke[i]));
        along += stroke[4] & 0x80 ? -step : step;
    }
    if (stroke[2] & 0x80) {
        struct page_box box = {along, across, along + (float)stroke[5], across + (float)stroke[6]};

        glyphs_add_image(glyphs, &box, WIDTH_PT, HEIGHT_PT);
    }
}

static void check_record(const struct page_record *record, struct arena *arena)
{
    struct page_record back;
    struct error err = ERROR_INIT;
    struct buf out;

    for (uint32_t b = 0; b < record->block_count; b++) {
        demand(record->blocks[b].line_count > 0);
        for (uint32_t l = 0; l < record->blocks[b].line_count; l++) {
            demand(record->blocks[b].lines[l].span_count > 0);
        }
    }
    page_ocr_reason(record, 0);
    buf_init(&out, (size_t)64 << 20);
    demand(page_record_encode(record, &out, &err) == 0);
    demand(page_record_decode(out.data, out.size, arena, &back, &err) == 0);
    demand(back.text_bytes == record->text_bytes);
    demand(memcmp(back.text, record->text, record->text_bytes) == 0);
    buf_deinit(&out);
}

static void run_layout(const uint8_t *data, size_t size_bytes)
{
    static struct arena *arena;
    static struct glyphs glyphs;
    struct glyph_font font = {.key = &glyphs, .name = "F", .ascent = 0.8F, .descent = 0.2F};
    struct page_record record = {.number = 1, .width_pt = WIDTH_PT, .height_pt = HEIGHT_PT};
    struct error err = ERROR_INIT;

    if (!arena) {
        arena = arena_create(0);
        glyphs_init(&glyphs, 100000);
    }
    arena_reset(arena);
    glyphs_reset(&glyphs);
    demand(glyphs_font_add(&glyphs, &font) == 0);
    for (; size_bytes >= STROKE_BYTES; size_bytes -= STROKE_BYTES, data += STROKE_BYTES) {
        draw(&glyphs, data);
    }
    demand(page_layout(&glyphs, arena, &record, &err) == 0);
    check_record(&record, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    if (size_bytes == 0) {
        return 0;
    }
    if (data[0] & 1) {
        run_texts(data + 1, size_bytes - 1);
    } else {
        run_layout(data + 1, size_bytes - 1);
    }
    return 0;
}
