/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What each operator does to the state: the callbacks of our content processor. mupdf passes over
 * operators that have none. Diagnostics: fz_warn.
 */
#include <string.h>

#include "workers/pdf/interpreter_state.h"

/* super is the first member. */
static struct text_processor *processor_of(pdf_processor *super)
{
    return (struct text_processor *)super;
}

static struct graphics_state *super_state(pdf_processor *super)
{
    return state_of(processor_of(super));
}

/* --- graphics state --- */

static void op_q(fz_context *ctx, pdf_processor *super)
{
    struct text_processor *processor = processor_of(super);

    (void)ctx;
    interpreter_tick(processor->interpreter);
    if (processor->interpreter->state_count >= STATES_MAX) {
        processor->unsaved++;
        return;
    }
    interpreter_push_state(processor->interpreter);
}

static void op_Q(fz_context *ctx, pdf_processor *super)
{
    struct text_processor *processor = processor_of(super);
    uint32_t count = processor->interpreter->state_count;

    (void)ctx;
    if (processor->unsaved > 0) {
        processor->unsaved--;
    } else if (count > processor->state_floor) {
        interpreter_pop_states(processor->interpreter, count - 1);
    }
}

static void op_cm(fz_context *ctx, pdf_processor *super, float a, float b, float c, float d,
                  float e, float f)
{
    struct graphics_state *state = super_state(super);

    (void)ctx;
    state->ctm = fz_concat(fz_make_matrix(a, b, c, d, e, f), state->ctm);
}

static void op_gs_begin(fz_context *ctx, pdf_processor *super, const char *name, pdf_obj *ext_state)
{
    (void)ctx;
    (void)name;
    processor_of(super)->ext_state = ext_state;
}

static void op_gs_end(fz_context *ctx, pdf_processor *super)
{
    (void)ctx;
    processor_of(super)->ext_state = NULL;
}

/* --- text state --- */

static void op_BT(fz_context *ctx, pdf_processor *super)
{
    struct text_processor *processor = processor_of(super);

    (void)ctx;
    processor->text = fz_identity;
    processor->line = fz_identity;
}

static void op_Tc(fz_context *ctx, pdf_processor *super, float space)
{
    (void)ctx;
    super_state(super)->char_space = space;
}

static void op_Tw(fz_context *ctx, pdf_processor *super, float space)
{
    (void)ctx;
    super_state(super)->word_space = space;
}

static void op_Tz(fz_context *ctx, pdf_processor *super, float percent)
{
    (void)ctx;
    super_state(super)->scale = percent / 100;
}

static void op_TL(fz_context *ctx, pdf_processor *super, float leading)
{
    (void)ctx;
    super_state(super)->leading = leading;
}

static void op_Ts(fz_context *ctx, pdf_processor *super, float rise)
{
    (void)ctx;
    super_state(super)->rise = rise;
}

static void op_Tr(fz_context *ctx, pdf_processor *super, int render)
{
    (void)ctx;
    super_state(super)->render = render;
}

/* Where mupdf got a font from: the cache wants its dictionary too. */
static pdf_obj *font_dict(fz_context *ctx, const struct text_processor *processor, const char *name)
{
    if (processor->ext_state) {
        return pdf_array_get(ctx, pdf_dict_get(ctx, processor->ext_state, PDF_NAME(Font)), 0);
    }
    return pdf_dict_gets(ctx, pdf_dict_get(ctx, processor->resources, PDF_NAME(Font)), name);
}

static void op_Tf(fz_context *ctx, pdf_processor *super, const char *name, pdf_font_desc *desc,
                  float size)
{
    struct text_processor *processor = processor_of(super);
    struct font_cache *fonts = &processor->interpreter->fonts;
    struct cached_font *font = font_cache_find(fonts, desc);

    if (!font) {
        font = font_cache_add(fonts, desc, font_dict(ctx, processor, name));
    }
    super_state(super)->font = font;
    super_state(super)->size = size;
}

static void move(struct text_processor *processor, float x, float y)
{
    processor->line = fz_pre_translate(processor->line, x, y);
    processor->text = processor->line;
}

static void op_Td(fz_context *ctx, pdf_processor *super, float x, float y)
{
    (void)ctx;
    move(processor_of(super), x, y);
}

static void op_TD(fz_context *ctx, pdf_processor *super, float x, float y)
{
    (void)ctx;
    super_state(super)->leading = -y;
    move(processor_of(super), x, y);
}

static void op_Tm(fz_context *ctx, pdf_processor *super, float a, float b, float c, float d,
                  float e, float f)
{
    struct text_processor *processor = processor_of(super);

    (void)ctx;
    processor->line = fz_make_matrix(a, b, c, d, e, f);
    processor->text = processor->line;
}

static void op_Tstar(fz_context *ctx, pdf_processor *super)
{
    (void)ctx;
    move(processor_of(super), 0, -super_state(super)->leading);
}

static void op_Tj(fz_context *ctx, pdf_processor *super, char *bytes, size_t size_bytes)
{
    (void)ctx;
    show_string(processor_of(super), bytes, size_bytes);
}

static void op_TJ(fz_context *ctx, pdf_processor *super, pdf_obj *array)
{
    if (pdf_is_string(ctx, array)) { /* where an array should be */
        show_string(processor_of(super), pdf_to_str_buf(ctx, array), pdf_to_str_len(ctx, array));
    } else {
        show_array(processor_of(super), array);
    }
}

static void op_quote(fz_context *ctx, pdf_processor *super, char *bytes, size_t size_bytes)
{
    op_Tstar(ctx, super);
    op_Tj(ctx, super, bytes, size_bytes);
}

static void op_double_quote(fz_context *ctx, pdf_processor *super, float word_space,
                            float char_space, char *bytes, size_t size_bytes)
{
    super_state(super)->word_space = word_space;
    super_state(super)->char_space = char_space;
    op_quote(ctx, super, bytes, size_bytes);
}

/* --- colour --- */

static void op_g(fz_context *ctx, pdf_processor *super, float gray)
{
    paint_set_gray(&super_state(super)->fill, ctx, gray);
}

static void op_G(fz_context *ctx, pdf_processor *super, float gray)
{
    paint_set_gray(&super_state(super)->stroke, ctx, gray);
}

static void op_rg(fz_context *ctx, pdf_processor *super, float r, float g, float b)
{
    paint_set_rgb(&super_state(super)->fill, ctx, r, g, b);
}

static void op_RG(fz_context *ctx, pdf_processor *super, float r, float g, float b)
{
    paint_set_rgb(&super_state(super)->stroke, ctx, r, g, b);
}

static void op_k(fz_context *ctx, pdf_processor *super, float c, float m, float y, float k)
{
    paint_set_cmyk(&super_state(super)->fill, ctx, c, m, y, k);
}

static void op_K(fz_context *ctx, pdf_processor *super, float c, float m, float y, float k)
{
    paint_set_cmyk(&super_state(super)->stroke, ctx, c, m, y, k);
}

static void op_cs(fz_context *ctx, pdf_processor *super, const char *name, fz_colorspace *space)
{
    (void)name;
    paint_set_space(&super_state(super)->fill, ctx, space);
}

static void op_CS(fz_context *ctx, pdf_processor *super, const char *name, fz_colorspace *space)
{
    (void)name;
    paint_set_space(&super_state(super)->stroke, ctx, space);
}

static void op_sc(fz_context *ctx, pdf_processor *super, int count, float *components)
{
    paint_set_components(&super_state(super)->fill, ctx, count, components);
}

static void op_SC(fz_context *ctx, pdf_processor *super, int count, float *components)
{
    paint_set_components(&super_state(super)->stroke, ctx, count, components);
}

/* --- images and forms --- */

/* One of object and image is NULL. */
static void add_image(struct text_processor *processor, pdf_obj *object, fz_image *image)
{
    struct interpreter *interpreter = processor->interpreter;
    fz_matrix ctm = state_of(processor)->ctm;
    fz_rect box = fz_transform_rect(fz_unit_rect, ctm);

    interpreter_tick(interpreter);
    if (processor->super.hidden > 0) {
        return;
    }
    glyphs_add_image(interpreter->glyphs, &(struct page_box){box.x0, box.y0, box.x1, box.y1},
                     processor->page->width_pt, processor->page->height_pt);
    if (interpreter->shown) {
        /* The unit square has its origin at the image's bottom left. */
        ctm = fz_pre_scale(fz_pre_translate(ctm, 0, 1), 1, -1);
        images_add(interpreter->shown, object, image, ctm, interpreter->glyphs->glyph_count);
    }
}

static void op_BI(fz_context *ctx, pdf_processor *super, fz_image *image, const char *space)
{
    (void)ctx;
    (void)space;
    add_image(processor_of(super), NULL, image);
}

static void op_Do_image(fz_context *ctx, pdf_processor *super, const char *name, fz_image *image)
{
    (void)ctx;
    (void)name;
    add_image(processor_of(super), NULL, image);
}

/* Runs a form between its own states; what it leaves open ends with it. */
static void run_form(struct text_processor *processor, pdf_obj *form)
{
    struct interpreter *interpreter = processor->interpreter;
    fz_context *ctx = interpreter->ctx;
    struct text_processor saved = *processor;
    uint32_t count = interpreter->state_count;

    interpreter_push_state(interpreter);
    processor->depth++;
    processor->state_floor = interpreter->state_count;
    processor->unsaved = 0;
    fz_try(ctx)
    {
        state_of(processor)->ctm =
            fz_concat(pdf_xobject_matrix(ctx, form), state_of(processor)->ctm);
        interpreter_run_stream(processor, form, pdf_xobject_resources(ctx, form));
    }
    fz_always(ctx)
    {
        interpreter_pop_states(interpreter, count);
        processor->depth = saved.depth;
        processor->state_floor = saved.state_floor;
        processor->unsaved = saved.unsaved;
        processor->text = saved.text;
        processor->line = saved.line;
        processor->super.hidden = saved.super.hidden;
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void op_Do_form(fz_context *ctx, pdf_processor *super, const char *name, pdf_obj *form,
                       pdf_obj *resources)
{
    struct text_processor *processor = processor_of(super);
    pdf_cycle_list *around = processor->forms;
    pdf_cycle_list here;
    pdf_obj *image = image_resources_image(ctx, form);

    (void)name;
    (void)resources; /* those of the stream at hand */
    if (image) {
        add_image(processor, image, NULL);
        return;
    }
    if (super->hidden > 0) {
        return;
    }
    if (processor->depth >= FORM_DEPTH_MAX || processor->form_count >= FORM_COUNT_MAX ||
        pdf_cycle(ctx, &here, around, form)) {
        fz_warn(ctx, "a form inside itself, or too many forms");
        return;
    }
    processor->form_count++;
    processor->forms = &here;
    fz_try(ctx)
    {
        run_form(processor, form);
    }
    fz_always(ctx)
    {
        processor->forms = around;
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* X(mupdf's callback, ours) */
#define OPERATOR_LIST(X)                                                                           \
    X(op_q, op_q)                                                                                  \
    X(op_Q, op_Q)                                                                                  \
    X(op_cm, op_cm)                                                                                \
    X(op_gs_begin, op_gs_begin)                                                                    \
    X(op_gs_end, op_gs_end)                                                                        \
    X(op_BT, op_BT)                                                                                \
    X(op_Tc, op_Tc)                                                                                \
    X(op_Tw, op_Tw)                                                                                \
    X(op_Tz, op_Tz)                                                                                \
    X(op_TL, op_TL)                                                                                \
    X(op_Ts, op_Ts)                                                                                \
    X(op_Tr, op_Tr)                                                                                \
    X(op_Tf, op_Tf)                                                                                \
    X(op_Td, op_Td)                                                                                \
    X(op_TD, op_TD)                                                                                \
    X(op_Tm, op_Tm)                                                                                \
    X(op_Tstar, op_Tstar)                                                                          \
    X(op_Tj, op_Tj)                                                                                \
    X(op_TJ, op_TJ)                                                                                \
    X(op_squote, op_quote)                                                                         \
    X(op_dquote, op_double_quote)                                                                  \
    X(op_g, op_g)                                                                                  \
    X(op_G, op_G)                                                                                  \
    X(op_rg, op_rg)                                                                                \
    X(op_RG, op_RG)                                                                                \
    X(op_k, op_k)                                                                                  \
    X(op_K, op_K)                                                                                  \
    X(op_cs, op_cs)                                                                                \
    X(op_CS, op_CS)                                                                                \
    X(op_sc_color, op_sc)                                                                          \
    X(op_SC_color, op_SC)                                                                          \
    X(op_BI, op_BI)                                                                                \
    X(op_Do_image, op_Do_image)                                                                    \
    X(op_Do_form, op_Do_form)

void operators_install(pdf_processor *processor)
{
#define OPERATOR_SET(theirs, ours) processor->theirs = ours;
    OPERATOR_LIST(OPERATOR_SET)
#undef OPERATOR_SET
}
