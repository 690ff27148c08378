/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Extract: a page in, its record out.
 *
 * Blocks: reads the file. Diagnostics: none; warnings and failures are in the record.
 */
#include "workers/pdf/extract.h"

#include <string.h>

#include "workers/pdf/device.h"
#include "workers/pdf/page_layout.h"

void extractor_init(struct extractor *extractor, struct document *document, size_t max_glyphs)
{
    memset(extractor, 0, sizeof(*extractor));
    extractor->document = document;
    glyphs_init(&extractor->glyphs, max_glyphs);
}

void extractor_deinit(struct extractor *extractor)
{
    glyphs_deinit(&extractor->glyphs);
}

/* Any format's page, by a device. */
static void run_page(struct extractor *extractor, fz_page *page, struct page_record *record)
{
    fz_context *ctx = extractor->document->ctx;
    fz_rect box = fz_bound_page(ctx, page);
    fz_device *device = NULL;

    fz_var(device);
    record->width_pt = box.x1 - box.x0;
    record->height_pt = box.y1 - box.y0;
    fz_try(ctx)
    {
        device = text_device_create(ctx, &extractor->glyphs, record->width_pt, record->height_pt);
        fz_run_page(ctx, page, device, fz_translate(-box.x0, -box.y0), &extractor->cookie);
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

static void read_page(struct extractor *extractor, uint32_t number, struct page_record *record)
{
    fz_context *ctx = extractor->document->ctx;
    fz_page *page = NULL;

    page = fz_load_page(ctx, extractor->document->fz, (int)number - 1);
    fz_try(ctx)
    {
        run_page(extractor, page, record);
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

/* Fills the extractor's glyphs, and the record's failure when that did not work. */
static void read_page_caught(struct extractor *extractor, uint32_t number, struct arena *arena,
                             struct page_record *record)
{
    fz_context *ctx = extractor->document->ctx;

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
}

int extract_page(struct extractor *extractor, uint32_t number, struct arena *arena,
                 struct page_record *ret_record, struct error *err)
{
    struct document *document = extractor->document;

    *ret_record = (struct page_record){.number = number, .width_pt = 612, .height_pt = 792};
    ret_record->label = labels_find(&document->labels, number, arena);
    warnings_reset(&document->warnings);
    glyphs_reset(&extractor->glyphs);
    read_page_caught(extractor, number, arena, ret_record);
    if (extractor->glyphs.full) {
        warnings_add(&document->warnings, "the page has too many glyphs; the rest is left out");
    }
    if (page_layout(&extractor->glyphs, arena, ret_record, err) < 0) {
        return -1;
    }
    ret_record->ocr_reason = page_ocr_reason(ret_record, 0);
    ret_record->warnings =
        warnings_copy(&document->warnings, arena, &ret_record->warning_count);
    return 0;
}
