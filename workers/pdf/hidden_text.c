/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Invisible text, found by reading the content's operators and cut out of its bytes.
 *
 * A text object (BT to ET) loses its invisible text only when it has no other: where text is
 * shown after it in the same object may depend on how long it was. A form that shows invisible
 * text and paints nothing is not called any more. Type 3 fonts paint in every mode, and so count
 * as seen. An inline image ends the attempt: its bytes are no operators, and where they end is
 * anybody's guess.
 *
 * Nothing blocks or logs.
 */
#include "workers/pdf/hidden_text.h"

#include <string.h>

#include "common/cleanup.h"

#define STATES_MAX 256
#define NAME_BYTES 128
#define HIDDEN_MODE 3

struct range {
    size_t start, end;
};

struct state {
    int mode;
    bool paints_always; /* the font does */
};

struct scan {
    fz_context *ctx;
    pdf_obj *resources;
    struct state states[STATES_MAX];
    int depth;
    double number; /* the last operands before an operator */
    char name[NAME_BYTES];
    size_t operation; /* where its operands begin */
    size_t end;       /* behind its operator */
    bool in_text, seen_in_text;
    struct range *ranges;
    uint32_t count, capacity;
    uint32_t text_first; /* the range that the text object at hand begins with */
    bool in_form;
    bool paints; /* anything but text */
    bool seen;   /* shows text that is seen */
    bool hidden; /* shows text that is not */
    bool over;   /* it cannot be told */
};

static void scan_content(struct scan *scan, fz_buffer *content);

static void add_range(struct scan *scan)
{
    if (scan->count == scan->capacity) {
        uint32_t bigger = scan->capacity ? scan->capacity * 2 : 64;

        scan->ranges = fz_realloc_array(scan->ctx, scan->ranges, bigger, struct range);
        scan->capacity = bigger;
    }
    scan->ranges[scan->count++] = (struct range){scan->operation, scan->end};
}

/* --- operators --- */

static void on_save(struct scan *scan)
{
    if (scan->depth + 1 == STATES_MAX) {
        scan->over = true;
        return;
    }
    scan->states[scan->depth + 1] = scan->states[scan->depth];
    scan->depth++;
}

static void on_restore(struct scan *scan)
{
    scan->depth -= scan->depth > 0;
}

static void on_mode(struct scan *scan)
{
    scan->states[scan->depth].mode = (int)scan->number;
}

static pdf_obj *resource(struct scan *scan, pdf_obj *kind)
{
    return pdf_dict_gets(scan->ctx, pdf_dict_get(scan->ctx, scan->resources, kind), scan->name);
}

static void on_font(struct scan *scan)
{
    pdf_obj *subtype = pdf_dict_get(scan->ctx, resource(scan, PDF_NAME(Font)), PDF_NAME(Subtype));

    scan->states[scan->depth].paints_always =
        !pdf_is_name(scan->ctx, subtype) || pdf_name_eq(scan->ctx, subtype, PDF_NAME(Type3));
}

static void on_graphics_state(struct scan *scan)
{
    if (pdf_dict_get(scan->ctx, resource(scan, PDF_NAME(ExtGState)), PDF_NAME(Font))) {
        scan->states[scan->depth].paints_always = true;
    }
}

static void on_begin_text(struct scan *scan)
{
    scan->in_text = true;
    scan->seen_in_text = false;
    scan->text_first = scan->count;
}

static void on_end_text(struct scan *scan)
{
    if (scan->seen_in_text) {
        scan->seen = scan->seen || scan->count > scan->text_first;
        scan->count = scan->text_first;
    }
    scan->in_text = false;
}

static void on_show(struct scan *scan)
{
    const struct state *state = &scan->states[scan->depth];

    if (scan->in_text && state->mode == HIDDEN_MODE && !state->paints_always) {
        scan->hidden = true;
        add_range(scan);
    } else {
        scan->seen = scan->seen_in_text = true;
    }
}

static void on_paint(struct scan *scan)
{
    scan->paints = true;
}

static void on_inline_image(struct scan *scan)
{
    scan->over = true;
}

/* Whether the form shows invisible text and nothing else. */
static bool is_hidden_form(struct scan *page, pdf_obj *form)
{
    fz_context *ctx = page->ctx;
    struct scan scan = {.ctx = ctx, .resources = page->resources, .in_form = true};
    fz_buffer *content = NULL;

    scan.states[0] = page->states[page->depth];
    if (pdf_is_dict(ctx, pdf_dict_get(ctx, form, PDF_NAME(Resources)))) {
        scan.resources = pdf_dict_get(ctx, form, PDF_NAME(Resources));
    }
    fz_var(content);
    fz_try(ctx)
    {
        content = pdf_load_stream(ctx, form);
        scan_content(&scan, content);
    }
    fz_always(ctx)
    {
        fz_drop_buffer(ctx, content);
        fz_free(ctx, scan.ranges);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    return scan.hidden && !scan.seen && !scan.paints && !scan.over;
}

static void on_object(struct scan *scan)
{
    pdf_obj *object = resource(scan, PDF_NAME(XObject));
    pdf_obj *subtype = pdf_dict_get(scan->ctx, object, PDF_NAME(Subtype));

    if (scan->in_form || !pdf_name_eq(scan->ctx, subtype, PDF_NAME(Form))) {
        scan->paints = true;
    } else if (is_hidden_form(scan, object)) {
        scan->hidden = true;
        add_range(scan);
    } else {
        scan->paints = true;
    }
}

static const struct {
    const char *name;
    void (*handle)(struct scan *scan);
} OPERATORS[] = {
    {"q", on_save},          {"Q", on_restore},         {"Tr", on_mode},
    {"Tf", on_font},         {"gs", on_graphics_state}, {"BT", on_begin_text},
    {"ET", on_end_text},     {"Tj", on_show},           {"TJ", on_show},
    {"'", on_show},          {"\"", on_show},           {"Do", on_object},
    {"BI", on_inline_image}, {"S", on_paint},           {"s", on_paint},
    {"f", on_paint},         {"F", on_paint},           {"f*", on_paint},
    {"B", on_paint},         {"B*", on_paint},          {"b", on_paint},
    {"b*", on_paint},        {"sh", on_paint},
};

static void run_operator(struct scan *scan, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(OPERATORS); i++) {
        if (strcmp(OPERATORS[i].name, name) == 0) {
            OPERATORS[i].handle(scan);
            break;
        }
    }
    scan->operation = scan->end;
    scan->number = 0;
    scan->name[0] = '\0';
}

/* --- reading --- */

static void scan_stream(struct scan *scan, fz_stream *stream, pdf_lexbuf *lexbuf)
{
    fz_context *ctx = scan->ctx;
    pdf_token token;

    while (!scan->over && (token = pdf_lex(ctx, stream, lexbuf)) != PDF_TOK_EOF) {
        scan->end = (size_t)fz_tell(ctx, stream);
        if (token == PDF_TOK_INT) {
            scan->number = (double)lexbuf->i;
        } else if (token == PDF_TOK_REAL) {
            scan->number = (double)lexbuf->f;
        } else if (token == PDF_TOK_NAME) {
            fz_strlcpy(scan->name, lexbuf->scratch, sizeof(scan->name));
        } else if (token == PDF_TOK_KEYWORD) {
            run_operator(scan, lexbuf->scratch);
        } else if (token == PDF_TOK_ERROR) {
            scan->over = true;
        }
    }
}

static void scan_content(struct scan *scan, fz_buffer *content)
{
    fz_context *ctx = scan->ctx;
    fz_stream *stream = fz_open_buffer(ctx, content);
    pdf_lexbuf lexbuf;

    pdf_lexbuf_init(ctx, &lexbuf, PDF_LEXBUF_SMALL);
    fz_try(ctx)
    {
        scan_stream(scan, stream, &lexbuf);
    }
    fz_always(ctx)
    {
        pdf_lexbuf_fin(ctx, &lexbuf);
        fz_drop_stream(ctx, stream);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    scan->over = scan->over || scan->in_text; /* the text object never ends */
}

static fz_buffer *cut(struct scan *scan, fz_buffer *content)
{
    fz_context *ctx = scan->ctx;
    fz_buffer *rest = fz_new_buffer(ctx, content->len + 1);
    size_t done = 0;

    fz_try(ctx)
    {
        for (uint32_t i = 0; i < scan->count; i++) {
            fz_append_data(ctx, rest, content->data + done, scan->ranges[i].start - done);
            done = scan->ranges[i].end;
        }
        fz_append_data(ctx, rest, content->data + done, content->len - done);
    }
    fz_catch(ctx)
    {
        fz_drop_buffer(ctx, rest);
        fz_rethrow(ctx);
    }
    return rest;
}

fz_buffer *hidden_text_remove(fz_context *ctx, pdf_obj *resources, fz_buffer *content,
                              struct hidden_text_found *ret_found)
{
    struct scan scan = {.ctx = ctx, .resources = resources};
    fz_buffer *rest = NULL;

    fz_var(rest);
    fz_try(ctx)
    {
        scan_content(&scan, content);
        if (!scan.over && scan.count > 0) {
            rest = cut(&scan, content);
        }
    }
    fz_always(ctx)
    {
        fz_free(ctx, scan.ranges);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    ret_found->left = scan.seen || scan.over;
    return rest;
}
