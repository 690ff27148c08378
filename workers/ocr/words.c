/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From words on an image to blocks on a page.
 *
 * The words become runs of glyphs on the upright page, one for each word and with the word's number
 * in the place of the font's, so that layout finds columns, rows, headings and lists among them as
 * among printed text, and still gives each word back as a span. Then spans, lines and blocks get
 * their boxes on the page as it is.
 *
 * A word's box says how high its characters are, which depends on what they are; the size of a
 * phrase is the median of what its words say. Nothing blocks or logs.
 */
#include "workers/ocr/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workers/layout/bidi.h"
#include "workers/layout/page_layout.h"
#include "workers/layout/text.h"
#include "workers/ocr/noise.h"

/* Parts of the size, of the fonts that books and offices use. */
#define CAPITAL_HEIGHT 0.72F
#define SMALL_HEIGHT 0.52F
#define DESCENT 0.21F
#define OTHER_HEIGHT 0.92F /* of scripts whose characters fill their line */
#define SAMPLES_MAX 63
#define SIZE_MIN_PT 1.0F

struct placed {
    const struct ocr_word *word;
    fz_rect box; /* on the upright page */
    float baseline;
};

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

static float median(float *values, uint32_t count)
{
    qsort(values, count, sizeof(*values), by_value);
    return values[count / 2];
}

/* --- sizes --- */

/* How far the characters of a word reach, in parts of the size; 0 where that is unknown. */
static float reach(const struct ocr_word *word)
{
    const char *text = word->text;
    const char *end = text + word->text_bytes;
    float over = 0;
    float under = 0;

    while (text < end) {
        size_t bytes;
        uint32_t c = text_get(text, end, &bytes);

        text += bytes;
        if (c >= 0x590) {
            return OTHER_HEIGHT;
        }
        if (c < 0x80 && strchr("acemnorsuvwxzgpqy", (int)c)) {
            over = fmaxf(over, SMALL_HEIGHT);
        } else if (c >= 0xC0 || (c < 0x80 && c >= '0' && !strchr(":;<=>@\\^_`{|}~[]", (int)c))) {
            over = CAPITAL_HEIGHT;
        }
        if (c < 0x80 && strchr("gjpqy", (int)c)) {
            under = DESCENT;
        } else if (c < 0x80 && strchr("()[]{}|/@Q$;,_\\", (int)c)) {
            return 0; /* fonts do not agree */
        }
    }
    return over > 0 ? over + under : 0;
}

static float phrase_size(const struct placed *placed, uint32_t count)
{
    float samples[SAMPLES_MAX];
    float highest = 0;
    uint32_t taken = 0;

    for (uint32_t i = 0; i < count; i++) {
        float height = placed[i].word->vertical ? placed[i].box.x1 - placed[i].box.x0
                                                : placed[i].box.y1 - placed[i].box.y0;
        float part = placed[i].word->vertical ? OTHER_HEIGHT : reach(placed[i].word);

        highest = fmaxf(highest, height);
        if (part > 0 && taken < SAMPLES_MAX) {
            samples[taken++] = height / part;
        }
    }
    return fmaxf(taken > 0 ? median(samples, taken) : highest, SIZE_MIN_PT);
}

/* --- runs --- */

static bool is_unspaced(uint32_t c)
{
    return c >= 0x2E80 && (c < 0xAC00 || (c >= 0xF900 && c < 0xFB00) || c >= 0xFE30);
}

static uint32_t first_character(const struct ocr_word *word)
{
    size_t bytes;

    return text_get(word->text, word->text + word->text_bytes, &bytes);
}

static uint32_t last_character(const struct ocr_word *word)
{
    const char *text = word->text;
    const char *end = text + word->text_bytes;
    uint32_t c = 0;

    while (text < end) {
        size_t bytes;

        c = text_get(text, end, &bytes);
        text += bytes;
    }
    return c;
}

static bool is_right_to_left(const struct ocr_word *word)
{
    const char *text = word->text;
    const char *end = text + word->text_bytes;

    while (text < end) {
        size_t bytes;

        if (bidi_may_be_right_to_left(text_get(text, end, &bytes))) {
            return true;
        }
        text += bytes;
    }
    return false;
}

/* The word's characters, evenly from start to end; those of right-to-left words stand on the page
 * from right to left, each with its marks. */
static void add_characters(struct glyphs *glyphs, const struct ocr_word *word, float start,
                           float end)
{
    const char *text = word->text;
    const char *text_end = text + word->text_bytes;
    bool backwards = is_right_to_left(word);
    uint32_t count = 0;
    uint32_t characters[256];

    while (text < text_end && count < sizeof(characters) / sizeof(characters[0])) {
        size_t bytes;

        characters[count++] = text_get(text, text_end, &bytes);
        text += bytes;
    }
    float step = (end - start) / (float)count;

    for (uint32_t place = 0; place < count;) {
        uint32_t first = place;
        uint32_t length = 1;

        if (backwards) { /* the cluster that ends place characters before the word's end */
            first = count - 1 - place;
            while (first > 0 && bidi_is_mark(characters[first])) {
                first--;
                length++;
            }
        }
        for (uint32_t i = 0; i < length; i++) {
            float left = start + (float)(place + i) * step;

            glyphs_add(glyphs, left, left + step, characters[first + i]);
        }
        place += length;
    }
}

/* A gap too narrow for layout to see a space in, where there is one all the same. */
static void add_space(struct glyphs *glyphs, const struct placed *before, const struct placed *next,
                      float from, float to, float size)
{
    if (to - from <= GLYPHS_SPACE_GAP * size * 1.05F && to - from > -GLYPHS_STEP_BACK * size &&
        !(is_unspaced(last_character(before->word)) && is_unspaced(first_character(next->word)))) {
        glyphs_add(glyphs, from, fmaxf(from, to), ' ');
    }
}

static void add_phrase(struct glyphs *glyphs, const struct placed *placed, uint32_t count,
                       const struct ocr_word *words)
{
    float baselines[SAMPLES_MAX] = {0};
    uint32_t taken = count < SAMPLES_MAX ? count : SAMPLES_MAX;
    struct glyph_run style = {.size_pt = phrase_size(placed, count),
                              .ascent = CAPITAL_HEIGHT,
                              .descent = DESCENT,
                              .ux = 1,
                              .vertical = placed[0].word->vertical};
    float baseline;

    for (uint32_t i = 0; i < taken; i++) {
        baselines[i] = placed[i].baseline;
    }
    baseline = median(baselines, taken);
    if (style.vertical) {
        style.ux = 0;
        style.uy = 1;
        style.angle_deg = 90;
    }
    for (uint32_t i = 0; i < count; i++) {
        fz_rect box = placed[i].box;
        float start = style.vertical ? box.y0 : box.x0;
        float end = style.vertical ? box.y1 : box.x1;

        style.font = (uint16_t)(placed[i].word - words);
        glyphs_run_begin(glyphs, &style, baseline);
        add_characters(glyphs, placed[i].word, start, end);
        if (i + 1 < count) {
            fz_rect next = placed[i + 1].box;

            add_space(glyphs, &placed[i], &placed[i + 1], end, style.vertical ? next.y0 : next.x0,
                      style.size_pt);
        }
    }
}

static void place(const struct ocr_word *word, fz_matrix to_layout, struct placed *ret_placed)
{
    float width = word->box.x1 - word->box.x0;
    float height = word->box.y1 - word->box.y0;
    float scale = fz_matrix_expansion(to_layout);
    fz_point middle = fz_transform_point_xy((word->box.x0 + word->box.x1) / 2,
                                            (word->box.y0 + word->box.y1) / 2, to_layout);
    fz_point base =
        fz_transform_point_xy((word->box.x0 + word->box.x1) / 2, word->baseline_px, to_layout);

    /* Upright again: the rotation that is left is small, and the box's own size does not grow. */
    ret_placed->word = word;
    ret_placed->box = fz_make_rect(middle.x - width * scale / 2, middle.y - height * scale / 2,
                                   middle.x + width * scale / 2, middle.y + height * scale / 2);
    ret_placed->baseline = word->vertical ? -middle.x : base.y;
}

static int add_runs(const struct ocr_reading *reading, const struct upright *upright,
                    struct glyphs *glyphs, struct arena *arena, struct error *err)
{
    fz_matrix to_layout = fz_concat(upright->to_page, upright->to_layout);
    struct placed *placed = arena_calloc(arena, reading->count, sizeof(*placed));
    uint32_t first = 0;

    if (!placed) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", reading->count);
    }
    for (uint32_t i = 0; i < reading->count; i++) {
        place(&reading->words[i], to_layout, &placed[i]);
    }
    for (uint32_t i = 0; i < reading->count; i++) {
        if (i + 1 == reading->count || !noise_same_phrase(placed[i].word, placed[i + 1].word)) {
            add_phrase(glyphs, &placed[first], i + 1 - first, reading->words);
            first = i + 1;
        }
    }
    return 0;
}

/* --- back onto the page --- */

static struct page_box page_box_of(const struct ocr_word *word, const struct upright *upright)
{
    fz_rect box = fz_transform_rect(
        fz_make_rect(word->box.x0, word->box.y0, word->box.x1, word->box.y1), upright->to_page);

    return (struct page_box){box.x0, box.y0, box.x1, box.y1};
}

static void unite(struct page_box *box, const struct page_box *other)
{
    box->x0 = fminf(box->x0, other->x0);
    box->y0 = fminf(box->y0, other->y0);
    box->x1 = fmaxf(box->x1, other->x1);
    box->y1 = fmaxf(box->y1, other->y1);
}

static void finish_line(struct page_line *line, const struct ocr_reading *reading,
                        const struct upright *upright)
{
    long quarters = lrintf(upright->turned_deg / 90) * 90;
    long angle = (line->angle_deg - quarters) % 360;

    line->angle_deg = (int16_t)(angle <= -180 ? angle + 360 : angle > 180 ? angle - 360 : angle);
    for (uint32_t i = 0; i < line->span_count; i++) {
        struct page_span *span = &line->spans[i];
        const struct ocr_word *word = &reading->words[span->font];

        span->box = page_box_of(word, upright);
        span->confidence = word->confidence;
        span->font = 0;
        if (i == 0) {
            line->box = span->box;
        }
        unite(&line->box, &span->box);
    }
}

static void finish(struct page_record *record, const struct ocr_reading *reading,
                   const struct upright *upright)
{
    for (uint32_t b = 0; b < record->block_count; b++) {
        struct page_block *block = &record->blocks[b];

        block->ocr = true;
        for (uint32_t i = 0; i < block->line_count; i++) {
            finish_line(&block->lines[i], reading, upright);
            if (i == 0) {
                block->box = block->lines[0].box;
            }
            unite(&block->box, &block->lines[i].box);
        }
    }
}

int words_lay_out(const struct ocr_reading *reading, const struct upright *upright,
                  struct glyphs *glyphs, struct arena *arena, struct page_record *ret_record,
                  struct error *err)
{
    struct page_record record = {
        .number = 1, .width_pt = upright->width_pt, .height_pt = upright->height_pt, .text = ""};

    glyphs_reset(glyphs);
    if (reading->count > 0 && (add_runs(reading, upright, glyphs, arena, err) < 0 ||
                               page_layout(glyphs, arena, &record, err) < 0)) {
        return -1;
    }
    finish(&record, reading, upright);
    *ret_record = record;
    return 0;
}
