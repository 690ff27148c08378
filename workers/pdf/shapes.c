/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the operators of paths do: lines and rectangles that are painted become rulings. Paths
 * that only clip vanish. Nothing blocks or logs.
 */
#include <math.h>

#include "workers/pdf/interpreter_state.h"

static struct text_processor *processor_of(pdf_processor *super)
{
    return (struct text_processor *)super;
}

static struct path *path_of(pdf_processor *super)
{
    return &processor_of(super)->interpreter->path;
}

static fz_point on_page(pdf_processor *super, float x, float y)
{
    return fz_transform_point_xy(x, y, state_of(processor_of(super))->ctm);
}

static void op_w(fz_context *ctx, pdf_processor *super, float width)
{
    (void)ctx;
    state_of(processor_of(super))->line_width = width;
}

/* A new subpath: what shapes, letters drawn as outlines among them, consist of. */
static void op_m(fz_context *ctx, pdf_processor *super, float x, float y)
{
    struct interpreter *interpreter = processor_of(super)->interpreter;

    (void)ctx;
    interpreter_tick(interpreter);
    interpreter->outline_count++;
    path_move(&interpreter->path, on_page(super, x, y));
}

static void op_l(fz_context *ctx, pdf_processor *super, float x, float y)
{
    (void)ctx;
    path_line(path_of(super), on_page(super, x, y));
}

static void op_c(fz_context *ctx, pdf_processor *super, float x1, float y1, float x2, float y2,
                 float x3, float y3)
{
    (void)ctx;
    (void)x1;
    (void)y1;
    (void)x2;
    (void)y2;
    path_curve(path_of(super), on_page(super, x3, y3));
}

static void op_v_or_y(fz_context *ctx, pdf_processor *super, float x1, float y1, float x3, float y3)
{
    (void)ctx;
    (void)x1;
    (void)y1;
    path_curve(path_of(super), on_page(super, x3, y3));
}

static void op_h(fz_context *ctx, pdf_processor *super)
{
    (void)ctx;
    path_close(path_of(super));
}

static void op_re(fz_context *ctx, pdf_processor *super, float x, float y, float width,
                  float height)
{
    struct text_processor *processor = processor_of(super);

    (void)ctx;
    interpreter_tick(processor->interpreter);
    path_rectangle(path_of(super), state_of(processor)->ctm, x, y, width, height);
}

enum painted { PAINT_STROKED = 1, PAINT_FILLED = 2 };

static void paint_path(fz_context *ctx, pdf_processor *super, unsigned how)
{
    struct text_processor *processor = processor_of(super);
    struct interpreter *interpreter = processor->interpreter;
    struct graphics_state *state = state_of(processor);

    if (interpreter->rulings && super->hidden == 0) {
        if (how & PAINT_FILLED) {
            path_fill(&interpreter->path, paint_rgb(&state->fill, ctx), interpreter->rulings);
        }
        if (how & PAINT_STROKED) {
            path_stroke(&interpreter->path, state->line_width * fz_matrix_expansion(state->ctm),
                        paint_rgb(&state->stroke, ctx), interpreter->rulings);
        }
    }
    path_reset(&interpreter->path);
}

static void op_S(fz_context *ctx, pdf_processor *super)
{
    paint_path(ctx, super, PAINT_STROKED);
}

static void op_s(fz_context *ctx, pdf_processor *super)
{
    path_close(path_of(super));
    paint_path(ctx, super, PAINT_STROKED);
}

static void op_f(fz_context *ctx, pdf_processor *super)
{
    paint_path(ctx, super, PAINT_FILLED);
}

static void op_B(fz_context *ctx, pdf_processor *super)
{
    paint_path(ctx, super, PAINT_FILLED | PAINT_STROKED);
}

static void op_b(fz_context *ctx, pdf_processor *super)
{
    path_close(path_of(super));
    paint_path(ctx, super, PAINT_FILLED | PAINT_STROKED);
}

static void op_n(fz_context *ctx, pdf_processor *super)
{
    paint_path(ctx, super, 0);
}

/* X(mupdf's callback, ours) */
#define SHAPE_LIST(X)                                                                              \
    X(op_w, op_w)                                                                                  \
    X(op_m, op_m)                                                                                  \
    X(op_l, op_l)                                                                                  \
    X(op_c, op_c)                                                                                  \
    X(op_v, op_v_or_y)                                                                             \
    X(op_y, op_v_or_y)                                                                             \
    X(op_h, op_h)                                                                                  \
    X(op_re, op_re)                                                                                \
    X(op_S, op_S)                                                                                  \
    X(op_s, op_s)                                                                                  \
    X(op_F, op_f)                                                                                  \
    X(op_f, op_f)                                                                                  \
    X(op_fstar, op_f)                                                                              \
    X(op_B, op_B)                                                                                  \
    X(op_Bstar, op_B)                                                                              \
    X(op_b, op_b)                                                                                  \
    X(op_bstar, op_b)                                                                              \
    X(op_n, op_n)

void shapes_install(pdf_processor *processor)
{
#define SHAPE_SET(theirs, ours) processor->theirs = ours;
    SHAPE_LIST(SHAPE_SET)
#undef SHAPE_SET
}
