/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Runs the content of a PDF page for its text alone.
 *
 * mupdf reads a stream piece by piece and calls the processor for each operator that has a
 * callback. Forms run in place, one mupdf call inside the other; one inside itself does not.
 *
 * Invariants: state_count >= 1 while a page runs, and 0 otherwise. Blocks: reads the file.
 * Diagnostics: fz_warn.
 */
#include "workers/pdf/interpreter.h"

#include <stdlib.h>
#include <string.h>

#include "workers/pdf/interpreter_state.h"

#define USAGE "View" /* of optional content */
#define TICKS_ASKED 1024U

void interpreter_init(struct interpreter *interpreter, fz_context *ctx, pdf_document *doc,
                      struct glyphs *glyphs, fz_cookie *cookie,
                      const struct interpreter_options *options)
{
    memset(interpreter, 0, sizeof(*interpreter));
    interpreter->ctx = ctx;
    interpreter->doc = doc;
    interpreter->glyphs = glyphs;
    interpreter->cookie = cookie;
    interpreter->cancelled = options->cancelled;
    interpreter->user = options->user;
    font_cache_init(&interpreter->fonts, ctx, options->font_bytes);
    image_resources_init(&interpreter->images, ctx);
}

void interpreter_deinit(struct interpreter *interpreter)
{
    font_cache_deinit(&interpreter->fonts);
    image_resources_deinit(&interpreter->images);
    path_deinit(&interpreter->path);
    free(interpreter->states);
    memset(interpreter, 0, sizeof(*interpreter));
}

void interpreter_tick(struct interpreter *interpreter)
{
    if (++interpreter->ticks % TICKS_ASKED == 0 && interpreter->cancelled &&
        interpreter->cancelled(interpreter->user)) {
        interpreter->cookie->abort = 1;
    }
}

/* --- graphics state --- */

void interpreter_push_state(struct interpreter *interpreter)
{
    struct graphics_state *state;

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
    state = &interpreter->states[interpreter->state_count++];
    if (interpreter->state_count == 1) {
        *state = (struct graphics_state){.ctm = fz_identity, .scale = 1, .line_width = 1};
        paint_set_gray(&state->fill, interpreter->ctx, 0);
        paint_set_gray(&state->stroke, interpreter->ctx, 0);
        return;
    }
    *state = state[-1];
    paint_keep(&state->fill, interpreter->ctx);
    paint_keep(&state->stroke, interpreter->ctx);
}

void interpreter_pop_states(struct interpreter *interpreter, uint32_t count)
{
    while (interpreter->state_count > count) {
        struct graphics_state *state = &interpreter->states[--interpreter->state_count];

        paint_drop(&state->fill, interpreter->ctx);
        paint_drop(&state->stroke, interpreter->ctx);
    }
}

/* --- streams --- */

void interpreter_run_stream(struct text_processor *processor, pdf_obj *contents, pdf_obj *resources)
{
    struct interpreter *interpreter = processor->interpreter;
    fz_context *ctx = interpreter->ctx;
    pdf_obj *around = processor->resources;
    pdf_obj *own = NULL;

    fz_var(own);
    fz_try(ctx)
    {
        if (resources) {
            own = image_resources_get(&interpreter->images, resources);
            processor->resources = own;
        }
        pdf_process_contents(ctx, &processor->super, interpreter->doc, processor->resources,
                             contents, interpreter->cookie);
    }
    fz_always(ctx)
    {
        processor->resources = around;
        pdf_drop_obj(ctx, own);
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        fz_warn(ctx, "content: %s", fz_caught_message(ctx));
    }
}

void interpreter_run(struct interpreter *interpreter, const struct interpreter_page *page)
{
    fz_context *ctx = interpreter->ctx;
    struct text_processor *processor = pdf_new_processor(ctx, sizeof(*processor));

    processor->super.usage = USAGE;
    processor->interpreter = interpreter;
    processor->page = page;
    processor->state_floor = 1;
    processor->text = fz_identity;
    processor->line = fz_identity;
    operators_install(&processor->super);
    shapes_install(&processor->super);
    font_cache_trim(&interpreter->fonts);
    interpreter->outline_count = 0;
    path_reset(&interpreter->path);
    fz_try(ctx)
    {
        interpreter_push_state(interpreter);
        state_of(processor)->ctm = page->ctm;
        interpreter_run_stream(processor, page->contents, page->resources);
    }
    fz_always(ctx)
    {
        interpreter_pop_states(interpreter, 0);
        pdf_drop_processor(ctx, &processor->super);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}
