/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Runs the content of a PDF page for its text alone.
 *
 * A stream is read into memory whole and cut into tokens; operands gather until an operator comes,
 * and the operator's row does the rest. What is wrong is passed over: an unknown operator, too few
 * operands, a missing resource. Forms run in place; one inside itself does not.
 *
 * Invariants: state_count >= 1 while a page runs; numbers past number_count are 0. Blocks: reads
 * the file. Diagnostics: fz_warn.
 */
#include "workers/pdf/interpreter.h"

#include <stdlib.h>
#include <string.h>

#include "workers/pdf/interpreter_state.h"

#define CONTENT_KEEP_BYTES ((size_t)1 << 20)
#define ITEMS_MAX (1U << 20)

void interpreter_init(struct interpreter *interpreter, fz_context *ctx, pdf_document *doc,
                      struct glyphs *glyphs, const fz_cookie *cookie,
                      const struct interpreter_options *options)
{
    memset(interpreter, 0, sizeof(*interpreter));
    interpreter->ctx = ctx;
    interpreter->doc = doc;
    interpreter->glyphs = glyphs;
    interpreter->cookie = cookie;
    font_cache_init(&interpreter->fonts, ctx, doc, options->font_bytes);
    for (int i = 0; i < FORM_DEPTH_MAX; i++) {
        buf_init(&interpreter->content[i], options->content_bytes);
    }
}

void interpreter_deinit(struct interpreter *interpreter)
{
    font_cache_deinit(&interpreter->fonts);
    for (int i = 0; i < FORM_DEPTH_MAX; i++) {
        buf_deinit(&interpreter->content[i]);
    }
    free(interpreter->states);
    memset(interpreter, 0, sizeof(*interpreter));
}

void interpreter_push_state(struct interpreter *interpreter)
{
    if (interpreter->state_count == interpreter->state_capacity) {
        uint32_t bigger = interpreter->state_capacity ? interpreter->state_capacity * 2 : 16;
        struct graphics_state *states =
            reallocarray(interpreter->states, bigger, sizeof(*interpreter->states));

        if (!states) {
            fz_throw(interpreter->ctx, FZ_ERROR_MEMORY, "no memory for the graphics state");
        }
        interpreter->states = states;
        interpreter->state_capacity = bigger;
    }
    if (interpreter->state_count > 0) {
        interpreter->states[interpreter->state_count] =
            interpreter->states[interpreter->state_count - 1];
    }
    interpreter->state_count++;
}

/* --- streams --- */

/* The whole decoded content, in the buffer of this depth. */
static void read_contents(struct stream *stream, pdf_obj *contents)
{
    struct interpreter *interpreter = stream->interpreter;
    fz_context *ctx = interpreter->ctx;
    struct buf *buf = &interpreter->content[stream->depth];
    fz_stream *source = pdf_open_contents_stream(ctx, interpreter->doc, contents);
    size_t available;

    buf_reset(buf, CONTENT_KEEP_BYTES);
    fz_try(ctx)
    {
        while ((available = fz_available(ctx, source, CONTENT_KEEP_BYTES)) > 0) {
            if (buf_append(buf, source->rp, available, NULL) < 0) {
                fz_warn(ctx, "content over the limit; the rest is left out");
                break;
            }
            source->rp += available;
        }
    }
    fz_always(ctx)
    {
        fz_drop_stream(ctx, source);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void clear_operands(struct stream *stream)
{
    for (uint32_t i = 0; i < stream->number_count; i++) {
        stream->numbers[i] = 0;
    }
    stream->number_count = 0;
    stream->names[0].kind = TOKEN_END;
    stream->names[1].kind = TOKEN_END;
    stream->string.kind = TOKEN_END;
    stream->item_count = 0;
}

static void add_item(struct stream *stream, const struct token *token)
{
    struct array_item *item;

    if (stream->item_count == stream->item_capacity) {
        uint32_t bigger = stream->item_capacity ? stream->item_capacity * 2 : 64;
        struct array_item *items;

        if (bigger > ITEMS_MAX) {
            return;
        }
        items = reallocarray(stream->items, bigger, sizeof(*items));
        if (!items) {
            fz_throw(stream->interpreter->ctx, FZ_ERROR_MEMORY, "no memory for an array");
        }
        stream->items = items;
        stream->item_capacity = bigger;
    }
    item = &stream->items[stream->item_count++];
    item->bytes = token->kind == TOKEN_STRING ? token->bytes : NULL;
    item->size_bytes = token->size_bytes;
    item->number = token->number;
}

/* Up to the closing bracket. An operator ends an array that was never closed. Returns what did. */
static enum token_kind read_array(struct stream *stream, struct token *token)
{
    stream->item_count = 0;
    for (;;) {
        tokens_next(stream->tokens, token);
        switch (token->kind) {
        case TOKEN_NUMBER:
        case TOKEN_STRING:
            add_item(stream, token);
            break;
        case TOKEN_END:
        case TOKEN_ARRAY_CLOSE:
        case TOKEN_KEYWORD:
            return token->kind;
        case TOKEN_NAME:
        case TOKEN_ARRAY_OPEN:
        case TOKEN_DICT_OPEN:
        case TOKEN_DICT_CLOSE:
            break;
        }
    }
}

static void skip_dict(struct stream *stream)
{
    struct token token;
    int depth = 1;

    do {
        tokens_next(stream->tokens, &token);
        depth += token.kind == TOKEN_DICT_OPEN;
        depth -= token.kind == TOKEN_DICT_CLOSE;
    } while (depth > 0 && token.kind != TOKEN_END);
}

static void take_operand(struct stream *stream, const struct token *token)
{
    if (token->kind == TOKEN_NUMBER && stream->number_count < OPERANDS_MAX) {
        stream->numbers[stream->number_count++] = token->number;
    } else if (token->kind == TOKEN_NAME) {
        stream->names[stream->names[0].kind == TOKEN_NAME] = *token;
    } else if (token->kind == TOKEN_STRING) {
        stream->string = *token;
    }
}

static void run_tokens(struct stream *stream)
{
    const fz_cookie *cookie = stream->interpreter->cookie;
    struct token token;

    for (;;) {
        tokens_next(stream->tokens, &token);
        if (token.kind == TOKEN_ARRAY_OPEN) {
            read_array(stream, &token);
        }
        switch (token.kind) {
        case TOKEN_END:
            return;
        case TOKEN_KEYWORD:
            if (cookie && cookie->abort) {
                return;
            }
            operator_run(stream, &token);
            clear_operands(stream);
            break;
        case TOKEN_DICT_OPEN:
            skip_dict(stream);
            break;
        case TOKEN_NUMBER:
        case TOKEN_STRING:
        case TOKEN_NAME:
            take_operand(stream, &token);
            break;
        case TOKEN_ARRAY_OPEN:
        case TOKEN_ARRAY_CLOSE:
        case TOKEN_DICT_CLOSE:
            break;
        }
    }
}

void interpreter_run_stream(struct stream *stream, pdf_obj *contents)
{
    struct interpreter *interpreter = stream->interpreter;
    fz_context *ctx = interpreter->ctx;
    struct tokens tokens;

    stream->tokens = &tokens;
    tokens_init(&tokens, NULL, 0);
    fz_try(ctx)
    {
        read_contents(stream, contents);
        tokens_init(&tokens, interpreter->content[stream->depth].data,
                    interpreter->content[stream->depth].size);
        run_tokens(stream);
        if (tokens.failed) {
            fz_throw(ctx, FZ_ERROR_MEMORY, "no memory for the strings of a page");
        }
    }
    fz_always(ctx)
    {
        tokens_deinit(&tokens);
        free(stream->items);
        stream->items = NULL;
        stream->item_capacity = 0;
        stream->item_count = 0;
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        fz_warn(ctx, "content: %s", fz_caught_message(ctx));
    }
}

void interpreter_run(struct interpreter *interpreter, const struct interpreter_page *page)
{
    struct stream stream = {
        .interpreter = interpreter, .page = page, .resources = page->resources, .state_floor = 1};

    font_cache_trim(&interpreter->fonts);
    interpreter->outline_count = 0;
    interpreter->state_count = 0;
    interpreter_push_state(interpreter);
    *state_of(&stream) = (struct graphics_state){.ctm = page->ctm, .scale = 1};
    paint_set_gray(&state_of(&stream)->fill, 0);
    paint_set_gray(&state_of(&stream)->stroke, 0);
    interpreter_run_stream(&stream, page->contents);
}
