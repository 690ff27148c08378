/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the parts of the interpreter share: the graphics state and the processor that mupdf calls.
 * Private to interpreter.c, operators.c, shapes.c, show_text.c and paint.c.
 */
#ifndef EBB_WORKERS_PDF_INTERPRETER_STATE_H
#define EBB_WORKERS_PDF_INTERPRETER_STATE_H

#include "workers/pdf/interpreter.h"

#define PAINT_COMPONENTS 4 /* kept until the colour is needed; with more it is found at once */
#define STATES_MAX 4096U

/* The colour of fills or strokes. */
struct paint {
    fz_colorspace *space; /* owned reference; NULL for a device space or a pattern */
    uint32_t rgb;         /* where known is set */
    float components[PAINT_COMPONENTS];
    bool known;
};

struct graphics_state {
    fz_matrix ctm;
    struct cached_font *font; /* NULL before the first Tf */
    float size, char_space, word_space, scale, leading, rise;
    float line_width;
    int render;
    struct paint fill, stroke;
};

/* One page being run. super.hidden counts the marked content around that is not shown. */
struct text_processor {
    pdf_processor super; /* first: mupdf's pointer to it is one to us */
    struct interpreter *interpreter;
    const struct interpreter_page *page;
    pdf_obj *resources;    /* of the stream at hand */
    pdf_obj *ext_state;    /* whose entries are coming; NULL outside of gs */
    pdf_cycle_list *forms; /* those that are being run, the innermost first */
    int depth;
    uint32_t form_count;
    uint32_t state_floor; /* Q never goes below */
    uint32_t unsaved;     /* q past STATES_MAX */
    fz_matrix text, line; /* Tm and Tlm */
};

static inline struct graphics_state *state_of(const struct text_processor *processor)
{
    return &processor->interpreter->states[processor->interpreter->state_count - 1];
}

/* interpreter.c */
/* For operators of which a page can have any number: asks now and then whether to go on. */
void interpreter_tick(struct interpreter *interpreter);
/* Copies the state at hand, or begins the stack. Throws FZ_ERROR_MEMORY. */
void interpreter_push_state(struct interpreter *interpreter);
/* Drops states until count are left. */
void interpreter_pop_states(struct interpreter *interpreter, uint32_t count);
/* Has mupdf run contents (a stream, or an array of them) with resources (those around where NULL).
 * Throws FZ_ERROR_MEMORY alone: any other error ends just the stream. */
void interpreter_run_stream(struct text_processor *processor, pdf_obj *contents,
                            pdf_obj *resources);

/* operators.c: sets the callbacks. */
void operators_install(pdf_processor *processor);

/* shapes.c: those of paths. */
void shapes_install(pdf_processor *processor);

/* show_text.c: Tj and TJ. */
void show_string(struct text_processor *processor, const char *bytes, size_t size_bytes);
void show_array(struct text_processor *processor, pdf_obj *array);

/* paint.c */
void paint_keep(struct paint *paint, fz_context *ctx);
void paint_drop(struct paint *paint, fz_context *ctx);
void paint_set_gray(struct paint *paint, fz_context *ctx, float gray);
void paint_set_rgb(struct paint *paint, fz_context *ctx, float r, float g, float b);
void paint_set_cmyk(struct paint *paint, fz_context *ctx, float c, float m, float y, float k);
/* cs and CS. space: NULL for patterns, whose colour is taken for black. */
void paint_set_space(struct paint *paint, fz_context *ctx, fz_colorspace *space);
/* sc, scn and their like. */
void paint_set_components(struct paint *paint, fz_context *ctx, int count, const float *components);
/* 0xRRGGBB. */
uint32_t paint_rgb(struct paint *paint, fz_context *ctx);

#endif
