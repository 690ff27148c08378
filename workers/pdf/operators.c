/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What each operator does to the state, one function an operator, and the table of them.
 * Diagnostics: fz_warn.
 */
#include <string.h>

#include "workers/pdf/interpreter_state.h"

#define USAGE "View" /* of optional content */

/* --- graphics state --- */

static void op_q(struct stream *stream)
{
    if (stream->interpreter->state_count >= STATES_MAX) {
        stream->unsaved++;
        return;
    }
    interpreter_push_state(stream->interpreter);
}

static void op_Q(struct stream *stream)
{
    if (stream->unsaved > 0) {
        stream->unsaved--;
    } else if (stream->interpreter->state_count > stream->state_floor) {
        stream->interpreter->state_count--;
    }
}

static fz_matrix matrix_of(const float *n)
{
    return fz_make_matrix(n[0], n[1], n[2], n[3], n[4], n[5]);
}

static void op_cm(struct stream *stream)
{
    struct graphics_state *state = state_of(stream);

    state->ctm = fz_concat(matrix_of(stream->numbers), state->ctm);
}

/* The name that an operator was given, as a C string. */
static const char *name_of(const struct stream *stream, int index,
                           char ret_name[OPERAND_NAME_BYTES])
{
    const struct token *token = &stream->names[index];
    size_t length = token->kind == TOKEN_NAME ? token->size_bytes : 0;

    if (length >= OPERAND_NAME_BYTES) {
        length = OPERAND_NAME_BYTES - 1;
    }
    if (length > 0) {
        memcpy(ret_name, token->bytes, length);
    }
    ret_name[length] = '\0';
    return ret_name;
}

static pdf_obj *resource_of(const struct stream *stream, pdf_obj *kind)
{
    fz_context *ctx = stream->interpreter->ctx;
    char name[OPERAND_NAME_BYTES];

    return pdf_dict_gets(ctx, pdf_dict_get(ctx, stream->resources, kind), name_of(stream, 0, name));
}

static void set_font(struct stream *stream, pdf_obj *dict, float size)
{
    struct graphics_state *state;
    struct cached_font *font = font_cache_get(&stream->interpreter->fonts, stream->resources, dict);

    state = state_of(stream);
    state->font = font;
    state->size = size;
}

static void op_gs(struct stream *stream)
{
    fz_context *ctx = stream->interpreter->ctx;
    pdf_obj *font = pdf_dict_get(ctx, resource_of(stream, PDF_NAME(ExtGState)), PDF_NAME(Font));

    if (pdf_is_array(ctx, font)) {
        set_font(stream, pdf_array_get(ctx, font, 0), pdf_array_get_real(ctx, font, 1));
    }
}

/* --- text state --- */

static void op_BT(struct stream *stream)
{
    stream->text = fz_identity;
    stream->line = fz_identity;
}

static void op_Tc(struct stream *stream)
{
    state_of(stream)->char_space = stream->numbers[0];
}

static void op_Tw(struct stream *stream)
{
    state_of(stream)->word_space = stream->numbers[0];
}

static void op_Tz(struct stream *stream)
{
    state_of(stream)->scale = stream->numbers[0] / 100;
}

static void op_TL(struct stream *stream)
{
    state_of(stream)->leading = stream->numbers[0];
}

static void op_Ts(struct stream *stream)
{
    state_of(stream)->rise = stream->numbers[0];
}

static void op_Tr(struct stream *stream)
{
    state_of(stream)->render = (int)fz_clamp(stream->numbers[0], 0, 7);
}

static void op_Tf(struct stream *stream)
{
    set_font(stream, resource_of(stream, PDF_NAME(Font)), stream->numbers[0]);
}

static void move(struct stream *stream, float x, float y)
{
    stream->line = fz_pre_translate(stream->line, x, y);
    stream->text = stream->line;
}

static void op_Td(struct stream *stream)
{
    move(stream, stream->numbers[0], stream->numbers[1]);
}

static void op_TD(struct stream *stream)
{
    state_of(stream)->leading = -stream->numbers[1];
    move(stream, stream->numbers[0], stream->numbers[1]);
}

static void op_Tm(struct stream *stream)
{
    stream->line = matrix_of(stream->numbers);
    stream->text = stream->line;
}

static void op_Tstar(struct stream *stream)
{
    move(stream, 0, -state_of(stream)->leading);
}

/* Also TJ: who writes a string where an array should be, or the reverse, is understood. */
static void op_Tj(struct stream *stream)
{
    if (stream->item_count > 0) {
        show_array(stream);
    } else if (stream->string.kind == TOKEN_STRING) {
        show_string(stream, stream->string.bytes, stream->string.size_bytes);
    }
}

static void op_quote(struct stream *stream)
{
    op_Tstar(stream);
    op_Tj(stream);
}

static void op_double_quote(struct stream *stream)
{
    state_of(stream)->word_space = stream->numbers[0];
    state_of(stream)->char_space = stream->numbers[1];
    op_quote(stream);
}

/* --- colour --- */

static void op_g(struct stream *stream)
{
    paint_set_gray(&state_of(stream)->fill, stream->numbers[0]);
}

static void op_G(struct stream *stream)
{
    paint_set_gray(&state_of(stream)->stroke, stream->numbers[0]);
}

static void op_rg(struct stream *stream)
{
    paint_set_rgb(&state_of(stream)->fill, stream->numbers[0], stream->numbers[1],
                  stream->numbers[2]);
}

static void op_RG(struct stream *stream)
{
    paint_set_rgb(&state_of(stream)->stroke, stream->numbers[0], stream->numbers[1],
                  stream->numbers[2]);
}

static void op_k(struct stream *stream)
{
    paint_set_cmyk(&state_of(stream)->fill, stream->numbers[0], stream->numbers[1],
                   stream->numbers[2], stream->numbers[3]);
}

static void op_K(struct stream *stream)
{
    paint_set_cmyk(&state_of(stream)->stroke, stream->numbers[0], stream->numbers[1],
                   stream->numbers[2], stream->numbers[3]);
}

static void op_cs(struct stream *stream)
{
    char name[OPERAND_NAME_BYTES];

    paint_set_space(&state_of(stream)->fill, stream, name_of(stream, 0, name));
}

static void op_CS(struct stream *stream)
{
    char name[OPERAND_NAME_BYTES];

    paint_set_space(&state_of(stream)->stroke, stream, name_of(stream, 0, name));
}

static void op_sc(struct stream *stream)
{
    paint_set_components(&state_of(stream)->fill, stream);
}

static void op_SC(struct stream *stream)
{
    paint_set_components(&state_of(stream)->stroke, stream);
}

/* --- marked content, images and forms --- */

static bool is_hidden(const struct stream *stream, pdf_obj *group)
{
    const struct interpreter *interpreter = stream->interpreter;

    return group &&
           pdf_is_ocg_hidden(interpreter->ctx, interpreter->doc, stream->resources, USAGE, group);
}

static void op_BMC(struct stream *stream)
{
    stream->hidden += stream->hidden > 0;
}

static void op_BDC(struct stream *stream)
{
    fz_context *ctx = stream->interpreter->ctx;
    char name[OPERAND_NAME_BYTES];

    if (stream->hidden > 0) {
        stream->hidden++;
    } else if (strcmp(name_of(stream, 0, name), "OC") == 0) {
        pdf_obj *properties = pdf_dict_get(ctx, stream->resources, PDF_NAME(Properties));

        stream->hidden +=
            is_hidden(stream, pdf_dict_gets(ctx, properties, name_of(stream, 1, name)));
    }
}

static void op_EMC(struct stream *stream)
{
    stream->hidden -= stream->hidden > 0;
}

static void add_image(struct stream *stream)
{
    fz_rect box = fz_transform_rect(fz_unit_rect, state_of(stream)->ctm);

    if (stream->hidden == 0) {
        glyphs_add_image(stream->interpreter->glyphs,
                         &(struct page_box){box.x0, box.y0, box.x1, box.y1}, stream->page->width_pt,
                         stream->page->height_pt);
    }
}

static bool is_running(const struct stream *stream, int object)
{
    for (int i = 0; i < stream->depth; i++) {
        if (stream->forms[i] == object) {
            return true;
        }
    }
    return false;
}

static void run_form(struct stream *stream, pdf_obj *form)
{
    struct interpreter *interpreter = stream->interpreter;
    fz_context *ctx = interpreter->ctx;
    int forms[FORM_DEPTH_MAX];
    struct stream inner = {.interpreter = interpreter, .page = stream->page, .forms = forms};
    uint32_t floor = interpreter->state_count;
    int object = pdf_to_num(ctx, form);

    if (stream->depth + 1 >= FORM_DEPTH_MAX || is_running(stream, object)) {
        fz_warn(ctx, "a form inside itself, or forms nested too deep");
        return;
    }
    if (stream->depth > 0) {
        memcpy(forms, stream->forms, (size_t)stream->depth * sizeof(*forms));
    }
    forms[stream->depth] = object;
    inner.depth = stream->depth + 1;
    inner.resources = pdf_xobject_resources(ctx, form);
    if (!inner.resources) {
        inner.resources = stream->resources;
    }
    inner.hidden = stream->hidden > 0;
    interpreter_push_state(interpreter);
    inner.state_floor = interpreter->state_count;
    state_of(stream)->ctm = fz_concat(pdf_xobject_matrix(ctx, form), state_of(stream)->ctm);
    interpreter_run_stream(&inner, form);
    interpreter->state_count = floor;
}

static void op_Do(struct stream *stream)
{
    fz_context *ctx = stream->interpreter->ctx;
    pdf_obj *object = resource_of(stream, PDF_NAME(XObject));
    pdf_obj *kind = pdf_dict_get(ctx, object, PDF_NAME(Subtype));

    if (is_hidden(stream, pdf_dict_get(ctx, object, PDF_NAME(OC)))) {
        return;
    }
    if (pdf_name_eq(ctx, kind, PDF_NAME(Image))) {
        add_image(stream);
    } else if (pdf_name_eq(ctx, kind, PDF_NAME(Form))) {
        run_form(stream, object);
    }
}

static void op_BI(struct stream *stream)
{
    tokens_skip_image(stream->tokens);
    add_image(stream);
}

/* A new subpath: what shapes, letters drawn as outlines among them, consist of. */
static void op_m(struct stream *stream)
{
    stream->interpreter->outline_count++;
}

#define KEY(a, b, c)                                                                               \
    ((uint32_t)(uint8_t)(a) | (uint32_t)(uint8_t)(b) << 8 | (uint32_t)(uint8_t)(c) << 16)

/* X(first, second and third letter, handler) */
#define OPERATOR_LIST(X)                                                                           \
    X('q', 0, 0, op_q)                                                                             \
    X('Q', 0, 0, op_Q)                                                                             \
    X('c', 'm', 0, op_cm)                                                                          \
    X('g', 's', 0, op_gs)                                                                          \
    X('B', 'T', 0, op_BT)                                                                          \
    X('T', 'c', 0, op_Tc)                                                                          \
    X('T', 'w', 0, op_Tw)                                                                          \
    X('T', 'z', 0, op_Tz)                                                                          \
    X('T', 'L', 0, op_TL)                                                                          \
    X('T', 's', 0, op_Ts)                                                                          \
    X('T', 'r', 0, op_Tr)                                                                          \
    X('T', 'f', 0, op_Tf)                                                                          \
    X('T', 'd', 0, op_Td)                                                                          \
    X('T', 'D', 0, op_TD)                                                                          \
    X('T', 'm', 0, op_Tm)                                                                          \
    X('T', '*', 0, op_Tstar)                                                                       \
    X('T', 'j', 0, op_Tj)                                                                          \
    X('T', 'J', 0, op_Tj)                                                                          \
    X('\'', 0, 0, op_quote)                                                                        \
    X('"', 0, 0, op_double_quote)                                                                  \
    X('g', 0, 0, op_g)                                                                             \
    X('G', 0, 0, op_G)                                                                             \
    X('r', 'g', 0, op_rg)                                                                          \
    X('R', 'G', 0, op_RG)                                                                          \
    X('k', 0, 0, op_k)                                                                             \
    X('K', 0, 0, op_K)                                                                             \
    X('c', 's', 0, op_cs)                                                                          \
    X('C', 'S', 0, op_CS)                                                                          \
    X('s', 'c', 0, op_sc)                                                                          \
    X('S', 'C', 0, op_SC)                                                                          \
    X('s', 'c', 'n', op_sc)                                                                        \
    X('S', 'C', 'N', op_SC)                                                                        \
    X('B', 'M', 'C', op_BMC)                                                                       \
    X('B', 'D', 'C', op_BDC)                                                                       \
    X('E', 'M', 'C', op_EMC)                                                                       \
    X('D', 'o', 0, op_Do)                                                                          \
    X('B', 'I', 0, op_BI)                                                                          \
    X('m', 0, 0, op_m)

void operator_run(struct stream *stream, const struct token *keyword)
{
    uint32_t key = 0;

    if (keyword->size_bytes > 3) {
        return;
    }
    for (size_t i = 0; i < keyword->size_bytes; i++) {
        key |= (uint32_t)keyword->bytes[i] << (8 * i);
    }
    switch (key) {
#define OPERATOR_CASE(a, b, c, handler)                                                            \
    case KEY(a, b, c):                                                                             \
        handler(stream);                                                                           \
        break;
        OPERATOR_LIST(OPERATOR_CASE)
#undef OPERATOR_CASE
    default: /* paths, clips, shadings: nothing that text depends on */
        break;
    }
}
