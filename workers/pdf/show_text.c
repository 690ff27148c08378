/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Showing text: from codes to glyphs with places. This is where most of the time of a page goes.
 *
 * All glyphs of one operator stand on one baseline; what varies is how far along it. The pen
 * moves in text space (tx), and one factor takes it to the page.
 * Source: ISO 32000-1, 9.4.4.
 */
#include <math.h>
#include <string.h>

#include "workers/pdf/interpreter_state.h"

#define RENDER_INVISIBLE 3
#define RENDER_STROKE 1
#define LENGTH_MIN 1e-6F
#define CODE_BYTES_MAX 4

struct pen {
    struct text_processor *processor;
    struct graphics_state *state;
    struct cached_font *font;
    float tx;     /* how far the pen went, in text space; ty for vertical writing */
    float start;  /* along, where it began */
    float factor; /* from text space to along */
    float size;   /* from parts of the size to text space, horizontal scaling included */
    float em;     /* from parts of the size to along */
    float char_space, word_space; /* in text space */
    bool visible;                 /* glyphs have a direction and a size */
};

static void pen_place(struct pen *pen, fz_matrix m)
{
    struct graphics_state *state = pen->state;
    struct glyphs *glyphs = pen->processor->interpreter->glyphs;
    struct glyph_run run = {.vertical = pen->font->vertical};
    fz_point at = fz_transform_point_xy(0, state->rise, m);
    float x = run.vertical ? -m.c : m.a;
    float y = run.vertical ? -m.d : m.b;
    float length = hypotf(x, y);
    float sign = pen->size < 0 ? -1.0F : 1.0F;
    int font;

    run.size_pt = fabsf(state->size) * sqrtf(fabsf(state->scale)) *
                  sqrtf(fabsf(m.a * m.d - m.b * m.c)) * pen->font->type3_size;
    pen->visible = length > LENGTH_MIN && run.size_pt > LENGTH_MIN && isfinite(run.size_pt) &&
                   isfinite(at.x) && isfinite(at.y) && pen->processor->super.hidden == 0;
    if (!pen->visible) {
        return;
    }
    run.ux = x / length * sign;
    run.uy = y / length * sign;
    run.angle_deg = glyphs_angle(run.ux, run.uy);
    pen->factor = length * sign * (run.vertical ? -1.0F : 1.0F);
    pen->em = fabsf(pen->size) * length;
    pen->start = run.ux * at.x + run.uy * at.y;
    run.color_rgb = paint_rgb(state->render == RENDER_STROKE ? &state->stroke : &state->fill,
                              pen->processor->interpreter->ctx);
    run.style =
        (uint8_t)(pen->font->style | (state->render == RENDER_INVISIBLE ? PAGE_STYLE_HIDDEN : 0));
    run.ascent = pen->font->ascent;
    run.descent = pen->font->descent;
    font = glyphs_font_find(glyphs, pen->font);
    if (font < 0) {
        struct glyph_font added = {.key = pen->font,
                                   .style = pen->font->style,
                                   .ascent = pen->font->ascent,
                                   .descent = pen->font->descent};

        memcpy(added.name, pen->font->name, sizeof(added.name));
        font = glyphs_font_add(glyphs, &added);
    }
    run.font = (uint16_t)(font < 0 ? 0 : font);
    pen->visible = font >= 0;
    glyphs_run_continue(glyphs, &run, -run.uy * at.x + run.ux * at.y, pen->start);
}

static bool pen_begin(struct pen *pen, struct text_processor *processor)
{
    struct graphics_state *state = state_of(processor);

    interpreter_tick(processor->interpreter);
    if (!state->font) {
        fz_warn(processor->interpreter->ctx, "text shown before a font was set");
        return false;
    }
    *pen = (struct pen){.processor = processor, .state = state, .font = state->font};
    if (state->font->vertical) {
        pen->size = state->size;
        pen->char_space = state->char_space;
        pen->word_space = state->word_space;
    } else {
        pen->size = state->size * state->scale;
        pen->char_space = state->char_space * state->scale;
        pen->word_space = state->word_space * state->scale;
    }
    pen_place(pen, fz_concat(processor->text, state->ctm));
    return true;
}

static void pen_end(struct pen *pen)
{
    fz_matrix *text = &pen->processor->text;

    *text = pen->font->vertical ? fz_pre_translate(*text, 0, pen->tx)
                                : fz_pre_translate(*text, pen->tx, 0);
}

static inline void pen_show(struct pen *pen, const struct font_code *code)
{
    struct glyphs *glyphs = pen->processor->interpreter->glyphs;

    if (pen->visible && code->character != 0) {
        float start = pen->start + pen->tx * pen->factor;

        glyphs_add(glyphs, start, start + code->extent * pen->em, code->character);
        for (uint32_t i = 0; i < code->more_count; i++) {
            glyphs_add_more(glyphs, pen->font->more[code->more_first + i]);
        }
    }
    pen->tx += code->advance * pen->size + pen->char_space;
}

static void pen_string(struct pen *pen, const char *string, size_t size_bytes)
{
    struct font_cache *fonts = &pen->processor->interpreter->fonts;
    struct cached_font *font = pen->font;
    const uint8_t *bytes = (const uint8_t *)string;
    const uint8_t *end = bytes + size_bytes;

    if (font->simple) {
        for (; bytes < end; bytes++) {
            pen_show(pen, font_code_get(fonts, font, *bytes));
            if (*bytes == ' ') {
                pen->tx += pen->word_space;
            }
        }
        return;
    }
    while (bytes < end) {
        uint8_t window[CODE_BYTES_MAX]; /* mupdf wants it writable */
        size_t left = (size_t)(end - bytes);
        unsigned code;
        int taken;

        left = left < CODE_BYTES_MAX ? left : CODE_BYTES_MAX;
        memcpy(window, bytes, left);
        taken = pdf_decode_cmap(font->desc->encoding, window, window + left, &code);

        pen_show(pen, font_code_get(fonts, font, code));
        if (taken == 1 && code == ' ') {
            pen->tx += pen->word_space;
        }
        bytes += taken;
    }
}

void show_string(struct text_processor *processor, const char *bytes, size_t size_bytes)
{
    struct pen pen;

    if (pen_begin(&pen, processor)) {
        pen_string(&pen, bytes, size_bytes);
        pen_end(&pen);
    }
}

void show_array(struct text_processor *processor, pdf_obj *array)
{
    fz_context *ctx = processor->interpreter->ctx;
    int count = pdf_array_len(ctx, array);
    struct pen pen;
    float thousandth;

    if (!pen_begin(&pen, processor)) {
        return;
    }
    thousandth = pen.size * 0.001F;
    for (int i = 0; i < count; i++) {
        pdf_obj *item = pdf_array_get(ctx, array, i);

        if (pdf_is_string(ctx, item)) {
            pen_string(&pen, pdf_to_str_buf(ctx, item), pdf_to_str_len(ctx, item));
        } else {
            pen.tx -= pdf_to_real(ctx, item) * thousandth;
        }
    }
    pen_end(&pen);
}
