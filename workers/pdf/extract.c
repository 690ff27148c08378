/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Extract: a page in, its record out.
 *
 * Blocks: reads the file. Diagnostics: none; warnings and failures are in the record.
 */
#include "workers/pdf/extract.h"

#include <string.h>

#include "workers/pdf/content_bound.h"
#include "workers/pdf/device.h"
#include "workers/images/image_blocks.h"
#include "workers/layout/page_layout.h"
#include "workers/tables/tables.h"
#include "workers/pdf/ocr_plan.h"

#define CACHED_PAGES 128U

void extractor_init(struct extractor *extractor, struct document *document,
                    const struct extract_options *options)
{
    memset(extractor, 0, sizeof(*extractor));
    extractor->document = document;
    extractor->content_bytes = options->content_bytes;
    glyphs_init(&extractor->glyphs, options->page_glyphs);
    rulings_init(&extractor->rulings);
    images_init(&extractor->images, document->ctx, document->pdf, &options->images);
    extractor->images.cancelled = options->interpreter.cancelled;
    extractor->images.user = options->interpreter.user;
    extractor->shown = options->images.per_page > 0 ? &extractor->images : NULL;
    if (document->pdf) {
        interpreter_init(&extractor->interpreter, document->ctx, document->pdf, &extractor->glyphs,
                         &extractor->cookie, &options->interpreter);
        extractor->interpreter.shown = extractor->shown;
        extractor->interpreter.rulings = &extractor->rulings;
    }
}

void extractor_deinit(struct extractor *extractor)
{
    if (extractor->document->pdf) {
        interpreter_deinit(&extractor->interpreter);
    }
    images_deinit(&extractor->images);
    glyphs_deinit(&extractor->glyphs);
    rulings_deinit(&extractor->rulings);
}

/* --- any format, by mupdf's own interpreter and a device --- */

/* What of a page goes to the device. */
typedef void run_fn(fz_context *ctx, fz_page *page, fz_device *device, fz_matrix ctm,
                    fz_cookie *cookie);

static void run_annotations(fz_context *ctx, fz_page *page, fz_device *device, fz_matrix ctm,
                            fz_cookie *cookie)
{
    fz_run_page_annots(ctx, page, device, ctm, cookie);
    fz_run_page_widgets(ctx, page, device, ctm, cookie);
}

static void run_with_device(struct extractor *extractor, fz_page *page, run_fn *run,
                            const struct page_record *record, fz_matrix ctm)
{
    fz_context *ctx = extractor->document->ctx;
    fz_device *device = text_device_create(ctx, &extractor->glyphs, extractor->shown,
                                           record->width_pt, record->height_pt);

    if (run != run_annotations) {
        text_device_collect_rulings(device, &extractor->rulings);
    }
    fz_try(ctx)
    {
        run(ctx, page, device, ctm, &extractor->cookie);
        fz_close_device(ctx, device);
    }
    fz_always(ctx)
    {
        fz_drop_device(ctx, device);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void read_any_page(struct extractor *extractor, uint32_t number, struct page_record *record)
{
    fz_context *ctx = extractor->document->ctx;
    fz_page *page = fz_load_page(ctx, extractor->document->fz, (int)number - 1);

    fz_try(ctx)
    {
        fz_rect box = fz_bound_page(ctx, page);

        record->width_pt = box.x1 - box.x0;
        record->height_pt = box.y1 - box.y0;
        rulings_reset(&extractor->rulings, record->width_pt, record->height_pt);
        run_with_device(extractor, page, fz_run_page, record, fz_translate(-box.x0, -box.y0));
    }
    fz_always(ctx)
    {
        fz_drop_page(ctx, page);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* --- PDF --- */

static uint16_t rotation_of(fz_context *ctx, pdf_obj *page)
{
    int rotation = pdf_to_int(ctx, pdf_dict_get_inheritable(ctx, page, PDF_NAME(Rotate))) % 360;

    return (uint16_t)((rotation + 360 + 45) / 90 * 90 % 360);
}

/* Whether anything of the page's annotations may show text: links and pop-ups do not. */
static bool has_visible_annotations(fz_context *ctx, pdf_obj *page)
{
    pdf_obj *annotations = pdf_dict_get(ctx, page, PDF_NAME(Annots));
    int count = pdf_array_len(ctx, annotations);

    for (int i = 0; i < count; i++) {
        pdf_obj *kind = pdf_dict_get(ctx, pdf_array_get(ctx, annotations, i), PDF_NAME(Subtype));

        if (!pdf_name_eq(ctx, kind, PDF_NAME(Link)) && !pdf_name_eq(ctx, kind, PDF_NAME(Popup))) {
            return true;
        }
    }
    return false;
}

/* Text of annotations and form fields, as mupdf shows them; a damaged one costs only these. */
static void read_annotations(struct extractor *extractor, uint32_t number, pdf_obj *object,
                             const struct page_record *record)
{
    fz_context *ctx = extractor->document->ctx;
    fz_page *page = NULL;

    fz_var(page);
    fz_try(ctx)
    {
        page = fz_load_page(ctx, extractor->document->fz, (int)number - 1);
        if (pdf_objcmp(ctx, pdf_page_from_fz_page(ctx, page)->obj, object) == 0) {
            run_with_device(extractor, page, run_annotations, record, fz_identity);
        }
    }
    fz_always(ctx)
    {
        fz_drop_page(ctx, page);
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        fz_warn(ctx, "annotations: %s", fz_caught_message(ctx));
    }
}

/* mupdf keeps every object that it ever read; a worker that reads many pages lets go of them from
 * time to time. What is referred to (fonts, the page tree's leaf) stays. */
static void bound_object_cache(struct extractor *extractor)
{
    if (++extractor->pages_cached >= CACHED_PAGES) {
        extractor->pages_cached = 0;
        pdf_clear_xref(extractor->document->ctx, extractor->document->pdf);
    }
}

static void read_pdf_page(struct extractor *extractor, uint32_t number, struct page_record *record)
{
    fz_context *ctx = extractor->document->ctx;
    pdf_obj *object;
    struct interpreter_page page;
    fz_rect box;

    bound_object_cache(extractor);
    object = page_tree_find(&extractor->document->tree, number);
    pdf_page_obj_transform(ctx, object, &box, &page.ctm);
    box = fz_transform_rect(box, page.ctm);
    record->width_pt = page.width_pt = box.x1 - box.x0;
    record->height_pt = page.height_pt = box.y1 - box.y0;
    record->rotation_deg = rotation_of(ctx, object);
    rulings_reset(&extractor->rulings, record->width_pt, record->height_pt);
    page.resources = pdf_dict_get_inheritable(ctx, object, PDF_NAME(Resources));
    page.contents = pdf_dict_get(ctx, object, PDF_NAME(Contents));
    if (extractor->content_bytes > 0 &&
        content_exceeds(ctx, page.contents, extractor->content_bytes)) {
        record->failure_code = "page_too_large";
        record->failure_text = "what its content unpacks to is over page_content_bytes";
        return;
    }
    if (page.contents) {
        interpreter_run(&extractor->interpreter, &page);
    }
    if (has_visible_annotations(ctx, object)) {
        read_annotations(extractor, number, object, record);
    }
}

static void read_page(struct extractor *extractor, uint32_t number, struct page_record *record)
{
    if (extractor->document->pdf) {
        read_pdf_page(extractor, number, record);
    } else {
        read_any_page(extractor, number, record);
    }
}

/* Fills the extractor's glyphs, and the record's failure when that did not work. */
static void read_page_caught(struct extractor *extractor, uint32_t number, struct arena *arena,
                             struct page_record *record)
{
    fz_context *ctx = extractor->document->ctx;

    extractor->document->heap.starved = false;
    fz_try(ctx)
    {
        read_page(extractor, number, record);
    }
    fz_catch(ctx)
    {
        record->failure_code = document_caught_code(ctx);
        record->failure_text = arena_strdup(arena, fz_caught_message(ctx));
    }
    fz_flush_warnings(ctx);
    if (extractor->document->heap.starved && !record->failure_code) {
        record->failure_code = "memory_exceeded";
        record->failure_text = "what the page shows needs more memory than a worker may have";
    }
}

/* A page too large for the arena costs only itself. */
static void lay_out_page(struct extractor *extractor, struct arena *arena,
                         struct page_record *record)
{
    struct table_finder finder = tables_finder(&extractor->rulings);
    struct page_record before = *record;
    struct error err = ERROR_INIT;

    if (page_layout_with_tables(&extractor->glyphs, &finder, arena, record, &err) < 0) {
        *record = before;
        record->source = "native";
        record->text = "";
        record->failure_code = "memory_exceeded";
        record->failure_text = "the page's layout needs more memory than a page may have";
    }
}

/* The page's images, their files and their places in the text. What of it takes too much memory
 * costs only the images. */
static void add_images(struct extractor *extractor, struct arena *arena, struct page_record *record)
{
    fz_context *ctx = extractor->document->ctx;
    struct warnings *warnings = &extractor->document->warnings;
    struct error err = ERROR_INIT;

    if (!extractor->shown) {
        return;
    }
    fz_try(ctx)
    {
        images_finish(extractor->shown, arena, record);
    }
    fz_catch(ctx)
    {
        warnings_add(warnings, fz_caught_message(ctx));
    }
    fz_flush_warnings(ctx);
    if (image_blocks_insert(record, arena, &err) < 0) {
        warnings_add(warnings, err.msg);
    }
    images_reset(extractor->shown);
}

void extract_page(struct extractor *extractor, uint32_t number, struct arena *arena,
                  struct page_record *ret_record)
{
    struct document *document = extractor->document;

    *ret_record = (struct page_record){.number = number, .width_pt = 612, .height_pt = 792};
    ret_record->label = labels_find(&document->labels, number, arena);
    warnings_reset(&document->warnings);
    glyphs_reset(&extractor->glyphs);
    rulings_reset(&extractor->rulings, ret_record->width_pt, ret_record->height_pt);
    images_reset(&extractor->images);
    read_page_caught(extractor, number, arena, ret_record);
    if (extractor->glyphs.full) {
        warnings_add(&document->warnings, "the page has too many glyphs; the rest is left out");
    }
    lay_out_page(extractor, arena, ret_record);
    ret_record->ocr_reason =
        ocr_plan_reason(ret_record, extractor->interpreter.outline_count, extractor->ocr_mode);
    add_images(extractor, arena, ret_record);
    ret_record->warnings = warnings_copy(&document->warnings, arena, &ret_record->warning_count);
}
