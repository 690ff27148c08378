/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pages that are pictures: mupdf's own pages, scaled.
 *
 * Blocks: reads the file through inner. Diagnostics: none.
 */
#include "workers/mupdf/image_document.h"

#define UNKNOWN_DPI_AT_MOST 96
#define A3_LONG_SIDE_PT 1191.0F
#define A4_LONG_SIDE_PT 842.0F

struct image_document {
    fz_document super;
    fz_document *inner;
};

struct image_page {
    fz_page super;
    fz_page *inner;
    float scale;
};

struct looking_device {
    fz_device super;
    struct shown_image shown;
};

static void look_fill_image(fz_context *ctx, fz_device *device, fz_image *image, fz_matrix ctm,
                            float alpha, fz_color_params params)
{
    struct looking_device *looking = (struct looking_device *)device;

    (void)alpha;
    (void)params;
    fz_drop_image(ctx, looking->shown.image);
    looking->shown.image = fz_keep_image(ctx, image);
    looking->shown.ctm = ctm;
}

struct shown_image image_page_look(fz_context *ctx, fz_page *page)
{
    struct looking_device *device = fz_new_derived_device(ctx, struct looking_device);
    struct shown_image shown = {NULL, fz_identity};

    device->super.fill_image = look_fill_image;
    fz_try(ctx)
    {
        fz_run_page_contents(ctx, page, &device->super, fz_identity, NULL);
        fz_close_device(ctx, &device->super);
    }
    fz_always(ctx)
    {
        shown = device->shown;
        fz_drop_device(ctx, &device->super);
    }
    fz_catch(ctx)
    {
        fz_drop_image(ctx, shown.image);
        fz_rethrow(ctx);
    }
    return shown;
}

static float scale_of(fz_context *ctx, fz_page *page)
{
    fz_rect box = fz_bound_page(ctx, page);
    float longer = fz_max(box.x1 - box.x0, box.y1 - box.y0);
    struct shown_image shown;
    int x_dpi = 0;
    int y_dpi = 0;

    if (longer <= A3_LONG_SIDE_PT) {
        return 1;
    }
    shown = image_page_look(ctx, page);
    if (shown.image) {
        fz_image_resolution(shown.image, &x_dpi, &y_dpi);
    }
    fz_drop_image(ctx, shown.image);
    return x_dpi <= UNKNOWN_DPI_AT_MOST && y_dpi <= UNKNOWN_DPI_AT_MOST ? A4_LONG_SIDE_PT / longer
                                                                        : 1;
}

static fz_rect page_bound(fz_context *ctx, fz_page *page)
{
    struct image_page *self = (struct image_page *)page;

    return fz_transform_rect(fz_bound_page(ctx, self->inner), fz_scale(self->scale, self->scale));
}

static void page_run(fz_context *ctx, fz_page *page, fz_device *device, fz_matrix ctm,
                     fz_cookie *cookie)
{
    struct image_page *self = (struct image_page *)page;

    fz_run_page_contents(ctx, self->inner, device, fz_pre_scale(ctm, self->scale, self->scale),
                         cookie);
}

static void page_drop(fz_context *ctx, fz_page *page)
{
    fz_drop_page(ctx, ((struct image_page *)page)->inner);
}

static fz_page *document_load_page(fz_context *ctx, fz_document *document, int chapter, int number)
{
    fz_page *inner =
        fz_load_chapter_page(ctx, ((struct image_document *)document)->inner, chapter, number);
    struct image_page *page = NULL;

    fz_var(page);
    fz_try(ctx)
    {
        float scale = scale_of(ctx, inner);

        page = fz_new_derived_page(ctx, struct image_page, document);
        page->super.bound_page = page_bound;
        page->super.run_page_contents = page_run;
        page->super.drop_page = page_drop;
        page->inner = inner;
        page->scale = scale;
    }
    fz_catch(ctx)
    {
        fz_drop_page(ctx, inner);
        fz_rethrow(ctx);
    }
    return &page->super;
}

static int document_count_pages(fz_context *ctx, fz_document *document, int chapter)
{
    return fz_count_chapter_pages(ctx, ((struct image_document *)document)->inner, chapter);
}

static int document_lookup_metadata(fz_context *ctx, fz_document *document, const char *key,
                                    char *ret_value, int size_bytes)
{
    return fz_lookup_metadata(ctx, ((struct image_document *)document)->inner, key, ret_value,
                              size_bytes);
}

static void document_drop(fz_context *ctx, fz_document *document)
{
    fz_drop_document(ctx, ((struct image_document *)document)->inner);
}

fz_document *image_document_wrap(fz_context *ctx, fz_document *inner)
{
    struct image_document *document = NULL;

    fz_var(document);
    fz_try(ctx)
    {
        document = fz_new_derived_document(ctx, struct image_document);
    }
    fz_catch(ctx)
    {
        fz_drop_document(ctx, inner);
        fz_rethrow(ctx);
    }
    document->super.drop_document = document_drop;
    document->super.count_pages = document_count_pages;
    document->super.load_page = document_load_page;
    document->super.lookup_metadata = document_lookup_metadata;
    document->inner = inner;
    return &document->super;
}
