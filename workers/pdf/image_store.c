/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What images are and look like, and their files.
 *
 * Invariants: facts are kept of objects alone, which have a number. Blocks: reads the document,
 * writes files. Diagnostics: why an image
 * cannot be read; err.
 */
#include "workers/pdf/image_store.h"

#include <stdio.h>
#include <string.h>

#include "workers/images/plain.h"
#include "workers/pdf/image_measure.h"
#include "workers/pdf/image_write.h"

void image_store_init(struct image_store *store, fz_context *ctx, pdf_document *doc,
                      const struct image_options *options)
{
    memset(store, 0, sizeof(*store));
    store->ctx = ctx;
    store->doc = doc;
    store->options = *options;
    store->file =
        (struct image_file_options){.folder = options->folder, .max_bytes = options->file_bytes};
}

void image_store_deinit(struct image_store *store)
{
    fz_free(store->ctx, store->kept);
    memset(store, 0, sizeof(*store));
}

/* --- what is kept --- */

static int number_of(const struct image_store *store, const struct image_ref *ref)
{
    return ref->object ? pdf_to_num(store->ctx, ref->object) : 0;
}

static bool find_kept(const struct image_store *store, int object, struct image_facts *ret_facts)
{
    int at = object % IMAGES_KEPT;

    if (!store->kept || object <= 0 || store->kept[at].object != object) {
        return false;
    }
    *ret_facts = store->kept[at].facts;
    return true;
}

static void keep(struct image_store *store, int object, const struct image_facts *facts)
{
    if (object <= 0) {
        return;
    }
    if (!store->kept) {
        store->kept = fz_calloc(store->ctx, IMAGES_KEPT, sizeof(*store->kept));
    }
    store->kept[object % IMAGES_KEPT].object = object;
    store->kept[object % IMAGES_KEPT].facts = *facts;
}

/* --- opening --- */

/* mupdf loads an image's data as a whole before it says anything of it. */
static void check_length(const struct image_store *store, pdf_obj *object)
{
    int64_t bytes = pdf_to_int64(store->ctx, pdf_dict_get(store->ctx, object, PDF_NAME(Length)));

    if (bytes > 0 && (uint64_t)bytes > store->options.memory_bytes) {
        fz_throw(store->ctx, FZ_ERROR_GENERIC, "%lld bytes are too many", (long long)bytes);
    }
}

/* Says what is over a bound by throwing. */
static void check_bounds(const struct image_store *store, const struct image_source *source)
{
    uint64_t pixels = (uint64_t)source->width * source->height;

    if (pixels == 0 || pixels > store->options.pixels) {
        fz_throw(store->ctx, FZ_ERROR_GENERIC, "%u x %u pixels are too many", source->width,
                 source->height);
    }
    if (!source->format && source->decode_bytes > store->options.memory_bytes) {
        fz_throw(store->ctx, FZ_ERROR_GENERIC, "decoding %u x %u pixels needs too much memory",
                 source->width, source->height);
    }
}

static void open_source(const struct image_store *store, const struct image_ref *ref,
                        struct image_source *source)
{
    fz_context *ctx = store->ctx;

    if (ref->object) {
        check_length(store, ref->object);
        image_source_open(source, ctx, store->doc, ref->object);
    } else {
        image_source_open_image(source, ctx, ref->image);
    }
    fz_try(ctx)
    {
        check_bounds(store, source);
    }
    fz_catch(ctx)
    {
        image_source_close(source);
        fz_rethrow(ctx);
    }
}

/* mupdf keeps what it loads; an image is not shown again so soon that this would pay. */
static void close_source(const struct image_store *store, const struct image_ref *ref,
                         struct image_source *source)
{
    image_source_close(source);
    if (ref->object) {
        pdf_remove_item(store->ctx, fz_drop_image_imp, ref->object);
    }
}

static void set_why(const struct image_store *store, struct image_facts *facts)
{
    facts->readable = false;
    snprintf(facts->why, sizeof(facts->why), "%s", fz_caught_message(store->ctx));
}

/* --- measuring --- */

static void describe(const struct image_source *source, struct image_facts *facts)
{
    facts->width = source->width;
    facts->height = source->height;
    facts->bits = source->bits;
    facts->masked = source->masked;
    facts->color_space = source->color_space;
    facts->by_rows = source->by_rows;
}

void image_facts_measure(fz_context *ctx, const struct picture *picture, struct image_facts *facts)
{
    struct error err = ERROR_INIT;
    struct picture gray;

    if (picture_gray(picture, &gray, &err) < 0) {
        fz_throw(ctx, FZ_ERROR_MEMORY, "%s", err.msg);
    }
    quality_measure(&gray, &facts->quality);
    facts->hash = quality_perceptual_hash(&gray);
    slices_edges(&gray, &facts->edges);
    picture_deinit(&gray);
    facts->plain = plain_is(picture);
    facts->measured = true;
}

/* An image whose file is kept as it is, and which takes too much to decode, is not measured. */
static bool is_too_large_to_measure(const struct image_store *store,
                                    const struct image_source *source)
{
    return !source->is_jp2 && source->decode_bytes > store->options.memory_bytes;
}

static void measure(struct image_store *store, const struct image_ref *ref,
                    struct image_facts *facts)
{
    fz_context *ctx = store->ctx;
    struct image_source source;
    struct image_small small = {0};

    open_source(store, ref, &source);
    fz_try(ctx)
    {
        describe(&source, facts);
        if (!is_too_large_to_measure(store, &source)) {
            image_measure_small(&source, store->options.memory_bytes, &small);
            facts->masked = source.masked;
            facts->cut_short = small.cut_short;
            image_facts_measure(ctx, &small.picture, facts);
            facts->plain = facts->plain && !small.rough;
        }
        facts->readable = true;
    }
    fz_always(ctx)
    {
        picture_deinit(&small.picture);
        close_source(store, ref, &source);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

void image_store_measure(struct image_store *store, const struct image_ref *ref,
                         struct image_facts *ret_facts)
{
    fz_context *ctx = store->ctx;
    int object = number_of(store, ref);

    if (find_kept(store, object, ret_facts)) {
        return;
    }
    *ret_facts = (struct image_facts){.color_space = ""};
    fz_try(ctx)
    {
        measure(store, ref, ret_facts);
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        set_why(store, ret_facts);
    }
    keep(store, object, ret_facts);
}

/* --- writing --- */

static void write_file(struct image_store *store, const struct image_ref *ref,
                       struct image_facts *facts)
{
    fz_context *ctx = store->ctx;
    struct image_source source;

    open_source(store, ref, &source);
    fz_try(ctx)
    {
        image_write(store, &source, facts);
    }
    fz_always(ctx)
    {
        close_source(store, ref, &source);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

void image_store_write(struct image_store *store, const struct image_ref *ref,
                       struct image_facts *facts)
{
    fz_context *ctx = store->ctx;

    if (facts->stored) {
        return;
    }
    fz_try(ctx)
    {
        write_file(store, ref, facts);
        facts->stored = true;
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        set_why(store, facts);
    }
    keep(store, number_of(store, ref), facts);
}

/* --- slices --- */

static void write_joined(struct image_store *store, const struct image_ref *refs,
                         struct image_source *sources, uint32_t count, bool vertical,
                         struct image_facts *facts)
{
    for (uint32_t i = 0; i < count; i++) {
        open_source(store, &refs[i], &sources[i]);
    }
    image_write_joined(store, sources, count, vertical, facts);
}

bool image_store_write_joined(struct image_store *store, const struct image_ref *refs,
                              uint32_t count, bool vertical, struct image_facts *facts)
{
    fz_context *ctx = store->ctx;
    struct image_source *sources = fz_calloc(ctx, count, sizeof(*sources));
    struct image_facts joined = *facts;
    bool done = true;

    fz_var(done);
    fz_try(ctx)
    {
        write_joined(store, refs, sources, count, vertical, &joined);
        joined.stored = true;
        *facts = joined;
    }
    fz_always(ctx)
    {
        for (uint32_t i = 0; i < count; i++) {
            if (sources[i].ctx) {
                close_source(store, &refs[i], &sources[i]);
            }
        }
        fz_free(ctx, sources);
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        fz_warn(ctx, "slices of a picture: %s", fz_caught_message(ctx));
        done = false;
    }
    return done;
}
