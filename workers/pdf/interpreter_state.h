/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the parts of the interpreter share: the graphics state and the operands of the operator
 * at hand. Private to interpreter.c, operators.c, show_text.c and paint.c.
 */
#ifndef EBB_WORKERS_PDF_INTERPRETER_STATE_H
#define EBB_WORKERS_PDF_INTERPRETER_STATE_H

#include "workers/pdf/tokens.h"
#include "workers/pdf/interpreter.h"

#define PAINT_COMPONENTS 4U /* kept until the colour is needed; with more it is found at once */
#define OPERANDS_MAX 32U
#define OPERAND_NAME_BYTES 128U
#define STATES_MAX 4096U

/* The colour of fills or strokes. */
struct paint {
    pdf_obj *space; /* borrowed from the resources; NULL for a device space */
    uint32_t rgb;   /* where known is set */
    float components[PAINT_COMPONENTS];
    uint8_t count;
    bool known;
};

struct graphics_state {
    fz_matrix ctm;
    struct cached_font *font; /* NULL before the first Tf */
    float size, char_space, word_space, scale, leading, rise;
    int render;
    struct paint fill, stroke;
};

struct array_item {
    const uint8_t *bytes; /* NULL for a number */
    size_t size_bytes;
    float number;
};

/* One content stream being run. */
struct stream {
    struct interpreter *interpreter;
    const struct interpreter_page *page;
    struct tokens *tokens; /* where the tokens come from */
    pdf_obj *resources;
    const int *forms; /* object numbers of the forms that this one is in, itself the last */
    int depth;
    uint32_t state_floor; /* Q never goes below */
    fz_matrix text, line; /* Tm and Tlm */
    int hidden;           /* depth of marked content that is not shown */
    uint32_t unsaved;     /* q past STATES_MAX */
    /* operands */
    float numbers[OPERANDS_MAX];
    uint32_t number_count;
    struct token names[2]; /* kind is TOKEN_END where there is none */
    struct token string;
    struct array_item *items; /* of the last array; grown as needed */
    uint32_t item_count, item_capacity;
};

static inline struct graphics_state *state_of(const struct stream *stream)
{
    return &stream->interpreter->states[stream->interpreter->state_count - 1];
}

/* interpreter.c */
/* Copies the state at hand, or begins the stack. Throws FZ_ERROR_MEMORY. */
void interpreter_push_state(struct interpreter *interpreter);
/* Reads and runs contents (a stream, or an array of them). Throws FZ_ERROR_MEMORY alone. */
void interpreter_run_stream(struct stream *stream, pdf_obj *contents);

/* operators.c: the operator of that name with the stream's operands; unknown ones do nothing. */
void operator_run(struct stream *stream, const struct token *keyword);

/* show_text.c: Tj and TJ. */
void show_string(struct stream *stream, const uint8_t *bytes, size_t size_bytes);
void show_array(struct stream *stream);

/* paint.c */
void paint_set_gray(struct paint *paint, float gray);
void paint_set_rgb(struct paint *paint, float r, float g, float b);
void paint_set_cmyk(struct paint *paint, float c, float m, float y, float k);
/* cs and CS. */
void paint_set_space(struct paint *paint, struct stream *stream, const char *name);
/* sc, scn and their like; a pattern's colour is taken for black. */
void paint_set_components(struct paint *paint, struct stream *stream);
/* 0xRRGGBB. */
uint32_t paint_rgb(struct paint *paint, fz_context *ctx);

#endif
