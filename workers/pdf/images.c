/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The images of a page.
 *
 * First come sizes and places, then a look into those that may matter, then slices are joined,
 * roles given, and files written: an image that turns out to be decoration costs no file, and one
 * that is shown on every page is decoded once. Blocks: reads the document, writes files.
 * Diagnostics: fz_warn.
 */
#include "workers/pdf/images.h"

#include <math.h>
#include <string.h>

#include "workers/images/roles.h"
#include "workers/layout/glyphs.h"

#define HELD_BYTES_MAX ((uint64_t)32 << 20)
#define SAME_PLACE_PT 0.5F
#define SLICES_MAX 1024U /* of one picture */
#define INCH_PT 72.0F

/* One of the page's images, on its way into the record. */
struct placed {
    const struct image_shown *shown;
    struct slice slice;
    struct role_place place;
    enum page_image_role role;
    struct image_facts facts;
    float width_pt, height_pt; /* as shown, along its own sides */
    bool maybe_slice;          /* touches the one before or after */
    bool dropped;              /* is part of another, or drawn twice */
};

/* --- collecting --- */

void images_init(struct images *images, fz_context *ctx, pdf_document *doc,
                 const struct image_options *options)
{
    memset(images, 0, sizeof(*images));
    images->ctx = ctx;
    image_store_init(&images->store, ctx, doc, options);
}

void images_reset(struct images *images)
{
    for (uint32_t i = 0; i < images->count; i++) {
        pdf_drop_obj(images->ctx, images->shown[i].ref.object);
        fz_drop_image(images->ctx, images->shown[i].ref.image);
    }
    images->count = 0;
    images->held_bytes = 0;
    images->left_out = false;
}

void images_deinit(struct images *images)
{
    images_reset(images);
    fz_free(images->ctx, images->shown);
    image_store_deinit(&images->store);
    memset(images, 0, sizeof(*images));
}

static bool has_room(struct images *images, fz_image *image)
{
    uint64_t bytes = image ? fz_image_size(images->ctx, image) : 0;

    if (images->count >= images->store.options.per_page ||
        bytes > HELD_BYTES_MAX - images->held_bytes) {
        images->left_out = true;
        return false;
    }
    images->held_bytes += bytes;
    return true;
}

void images_add(struct images *images, pdf_obj *object, fz_image *image, fz_matrix ctm,
                uint32_t glyphs_before)
{
    struct image_shown *shown;

    if (!has_room(images, image)) {
        return;
    }
    if (images->count == images->capacity) {
        uint32_t bigger = images->capacity ? images->capacity * 2 : 16;

        images->shown = fz_realloc(images->ctx, images->shown, bigger * sizeof(*images->shown));
        images->capacity = bigger;
    }
    shown = &images->shown[images->count++];
    shown->ref.object = pdf_keep_obj(images->ctx, object);
    shown->ref.image = fz_keep_image(images->ctx, image);
    shown->ctm = ctm;
    shown->glyphs_before = glyphs_before;
}

/* --- places --- */

static struct page_box clip(struct page_box box, const struct page_record *record)
{
    return (struct page_box){fmaxf(box.x0, 0), fmaxf(box.y0, 0), fminf(box.x1, record->width_pt),
                             fminf(box.y1, record->height_pt)};
}

static void set_size(struct placed *placed, uint32_t width_px, uint32_t height_px)
{
    placed->slice.width_px = placed->place.width_px = width_px;
    placed->slice.height_px = placed->place.height_px = height_px;
}

static void place(fz_context *ctx, const struct image_shown *shown,
                  const struct page_record *record, struct placed *placed)
{
    const fz_matrix *m = &shown->ctm;
    fz_rect rect = fz_transform_rect(fz_unit_rect, *m);
    uint32_t width_px, height_px;

    placed->shown = shown;
    placed->width_pt = hypotf(m->a, m->b);
    placed->height_pt = hypotf(m->c, m->d);
    placed->slice.box = (struct page_box){rect.x0, rect.y0, rect.x1, rect.y1};
    placed->slice.angle_deg =
        placed->width_pt > 0 ? glyphs_angle(m->a / placed->width_pt, m->b / placed->width_pt) : 0;
    placed->slice.mirrored = m->a * m->d - m->b * m->c < 0;
    placed->slice.color_space = "";
    placed->place.box = clip(placed->slice.box, record);
    placed->place.glyphs_before = shown->glyphs_before;
    if (shown->ref.object) {
        image_source_size(ctx, shown->ref.object, &width_px, &height_px);
    } else {
        width_px = (uint32_t)shown->ref.image->w;
        height_px = (uint32_t)shown->ref.image->h;
    }
    set_size(placed, width_px, height_px);
}

static bool is_same_image(fz_context *ctx, const struct image_ref *a, const struct image_ref *b)
{
    return a->image == b->image &&
           (!a->object || pdf_to_num(ctx, a->object) == pdf_to_num(ctx, b->object));
}

static bool is_same_place(const struct page_box *a, const struct page_box *b)
{
    return fabsf(a->x0 - b->x0) < SAME_PLACE_PT && fabsf(a->y0 - b->y0) < SAME_PLACE_PT &&
           fabsf(a->x1 - b->x1) < SAME_PLACE_PT && fabsf(a->y1 - b->y1) < SAME_PLACE_PT;
}

/* How often each is shown; one shown twice in the same place is shown once. */
static void count_times(fz_context *ctx, struct placed *placed, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < count; j++) {
            if (!is_same_image(ctx, &placed[i].shown->ref, &placed[j].shown->ref)) {
                continue;
            }
            placed[i].place.times++;
            placed[i].dropped = placed[i].dropped || (j < i && is_same_place(&placed[i].slice.box,
                                                                             &placed[j].slice.box));
        }
    }
}

/* By geometry alone; what they show is not known yet. */
static void find_neighbours(struct placed *placed, uint32_t count)
{
    enum slice_side side;

    for (uint32_t i = 1; i < count; i++) {
        if (slices_touch(&placed[i - 1].slice, &placed[i].slice, &side)) {
            placed[i - 1].maybe_slice = placed[i].maybe_slice = true;
        }
    }
}

/* --- looking into them --- */

static bool is_off_page(const struct placed *placed)
{
    const struct page_box *box = &placed->place.box;

    return !(box->x1 > box->x0 && box->y1 > box->y0);
}

static void look(struct images *images, struct placed *placed)
{
    image_store_measure(&images->store, &placed->shown->ref, &placed->facts);
    if (!placed->facts.readable) {
        placed->role = PAGE_IMAGE_ROLE_UNREADABLE;
        return;
    }
    set_size(placed, placed->facts.width, placed->facts.height);
    placed->slice.bits = placed->facts.bits;
    placed->slice.masked = placed->facts.masked;
    placed->slice.color_space = placed->facts.color_space;
    placed->place.plain = placed->facts.plain;
    placed->place.contrast = placed->facts.quality.contrast;
}

static void look_into_all(struct images *images, const struct role_page *page,
                          struct placed *placed, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (placed[i].dropped || (images->cancelled && images->cancelled(images->user))) {
            continue;
        }
        placed[i].role = is_off_page(&placed[i]) ? PAGE_IMAGE_ROLE_DECORATION
                                                 : roles_by_place(page, &placed[i].place);
        if (placed[i].role == PAGE_IMAGE_ROLE_CONTENT || placed[i].maybe_slice) {
            look(images, &placed[i]);
        }
    }
}

/* --- slices --- */

/* How many of the images from the first on are slices of one picture; 1 where it is none. */
static uint32_t run_length(const struct placed *placed, uint32_t count, enum slice_side *ret_side)
{
    uint32_t length = 1;

    while (length < count && length < SLICES_MAX) {
        const struct placed *a = &placed[length - 1];
        const struct placed *b = &placed[length];
        enum slice_side side;

        if (a->dropped || b->dropped || !a->facts.measured || !b->facts.measured ||
            !a->facts.by_rows || !b->facts.by_rows || !slices_touch(&a->slice, &b->slice, &side) ||
            (length > 1 && side != *ret_side) ||
            !slices_go_on(&a->slice, &a->facts.edges, &b->slice, &b->facts.edges, side)) {
            break;
        }
        *ret_side = side;
        length++;
    }
    return length;
}

static void grow_box(struct page_box *box, const struct page_box *other)
{
    box->x0 = fminf(box->x0, other->x0);
    box->y0 = fminf(box->y0, other->y0);
    box->x1 = fmaxf(box->x1, other->x1);
    box->y1 = fmaxf(box->y1, other->y1);
}

/* Makes the first of the slices the whole picture. */
static void merge(struct placed *placed, uint32_t count, bool vertical,
                  const struct image_facts *joined, const struct page_record *record)
{
    for (uint32_t i = 1; i < count; i++) {
        grow_box(&placed[0].slice.box, &placed[i].slice.box);
        if (vertical) {
            placed[0].height_pt += placed[i].height_pt;
        } else {
            placed[0].width_pt += placed[i].width_pt;
        }
        placed[i].dropped = true;
    }
    placed[0].facts = *joined;
    placed[0].role = PAGE_IMAGE_ROLE_CONTENT;
    placed[0].place.box = clip(placed[0].slice.box, record);
    placed[0].place.times = 1;
    placed[0].place.plain = joined->plain;
    placed[0].place.contrast = joined->quality.contrast;
    set_size(&placed[0], joined->width, joined->height);
}

static void join_run(struct images *images, struct placed *placed, uint32_t count,
                     enum slice_side side, struct arena *arena, const struct page_record *record)
{
    bool vertical = side == SLICE_TOP || side == SLICE_BOTTOM;
    bool backwards = side == SLICE_TOP || side == SLICE_LEFT;
    struct image_ref *refs = arena_calloc(arena, count, sizeof(*refs));
    struct image_facts joined = placed[0].facts;

    if (!refs) {
        fz_throw(images->ctx, FZ_ERROR_MEMORY, "no memory for the slices of a picture");
    }
    for (uint32_t i = 0; i < count; i++) {
        refs[i] = placed[backwards ? count - 1 - i : i].shown->ref;
    }
    if (image_store_write_joined(&images->store, refs, count, vertical, &joined)) {
        merge(placed, count, vertical, &joined, record);
    }
}

static void join_slices(struct images *images, struct placed *placed, uint32_t count,
                        struct arena *arena, const struct page_record *record)
{
    uint32_t length;

    for (uint32_t i = 0; i < count; i += length) {
        enum slice_side side = SLICE_BOTTOM;

        length = placed[i].maybe_slice ? run_length(placed + i, count - i, &side) : 1;
        if (length > 1) {
            join_run(images, placed + i, length, side, arena, record);
        }
    }
}

/* --- roles and files --- */

static uint32_t images_over(const struct role_page *page, const struct placed *placed,
                            uint32_t count, uint32_t under)
{
    uint32_t over = 0;

    for (uint32_t i = under + 1; i < count; i++) {
        over += !placed[i].dropped && placed[i].role == PAGE_IMAGE_ROLE_CONTENT &&
                !roles_covers(page, &placed[i].place.box);
    }
    return over;
}

/* From the last on: what lies over an image has its role before it. */
static void give_roles(const struct role_page *page, struct placed *placed, uint32_t count)
{
    for (uint32_t i = count; i-- > 0;) {
        if (!placed[i].dropped && placed[i].role == PAGE_IMAGE_ROLE_CONTENT) {
            placed[i].role = roles_of(
                page, &placed[i].place,
                roles_covers(page, &placed[i].place.box) ? images_over(page, placed, count, i) : 0);
        }
    }
}

static void write_files(struct images *images, struct placed *placed, uint32_t count)
{
    for (uint32_t i = 0; i < count && images->store.err.code == ERROR_NONE; i++) {
        if (placed[i].dropped ||
            (placed[i].role != PAGE_IMAGE_ROLE_CONTENT && placed[i].role != PAGE_IMAGE_ROLE_SCAN) ||
            (images->cancelled && images->cancelled(images->user))) {
            continue;
        }
        image_store_write(&images->store, &placed[i].shown->ref, &placed[i].facts);
        if (!placed[i].facts.readable) {
            placed[i].role = PAGE_IMAGE_ROLE_UNREADABLE;
        }
    }
}

/* --- the record --- */

static float dpi_of(const struct placed *placed)
{
    if (!(placed->width_pt > 0) || !(placed->height_pt > 0)) {
        return 0;
    }
    return fminf((float)placed->place.width_px * INCH_PT / placed->width_pt,
                 (float)placed->place.height_px * INCH_PT / placed->height_pt);
}

static void fill(const struct placed *placed, struct page_image *image)
{
    const struct image_facts *facts = &placed->facts;
    bool stored =
        (placed->role == PAGE_IMAGE_ROLE_CONTENT || placed->role == PAGE_IMAGE_ROLE_SCAN) &&
        facts->stored;

    *image = (struct page_image){
        .role = placed->role,
        .format = stored ? facts->format : "",
        .color_space = facts->color_space ? facts->color_space : "",
        .width_px = placed->place.width_px,
        .height_px = placed->place.height_px,
        .bits = facts->bits,
        .masked = facts->masked,
        .file_bytes = stored ? facts->name.bytes : 0,
        .box = placed->place.box,
        .dpi = dpi_of(placed),
        .angle_deg = placed->slice.angle_deg,
    };
    if (is_off_page(placed)) {
        image->box = placed->slice.box;
    }
    if (facts->measured) {
        image->sharpness = facts->quality.sharpness;
        image->contrast = facts->quality.contrast;
        image->brightness = facts->quality.brightness;
        image->noise = facts->quality.noise;
        image->quality = facts->quality.quality;
        image->perceptual_hash = facts->hash;
    }
    if (stored) {
        memcpy(image->key, facts->name.key, sizeof(image->key));
    }
}

static void warn(fz_context *ctx, const struct placed *placed)
{
    const struct image_ref *ref = &placed->shown->ref;
    int number = ref->object ? pdf_to_num(ctx, ref->object) : 0;

    if (placed->role == PAGE_IMAGE_ROLE_UNREADABLE) {
        fz_warn(ctx, "image %d: %s", number, placed->facts.why);
    } else if (placed->facts.cut_short) {
        fz_warn(ctx, "image %d: its data ends early", number);
    }
}

static void fill_record(fz_context *ctx, const struct placed *placed, uint32_t count,
                        struct arena *arena, struct page_record *record)
{
    record->images = arena_calloc(arena, count, sizeof(*record->images));
    if (!record->images) {
        fz_throw(ctx, FZ_ERROR_MEMORY, "no memory for %u images", count);
    }
    record->image_record_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!placed[i].dropped) {
            fill(&placed[i], &record->images[record->image_record_count++]);
            warn(ctx, &placed[i]);
        }
    }
}

static void finish(struct images *images, struct arena *arena, struct page_record *record)
{
    struct role_page page = {
        .width_pt = record->width_pt,
        .height_pt = record->height_pt,
        .visible_glyphs = record->glyph_count > record->hidden_count
                              ? record->glyph_count - record->hidden_count
                              : 0,
    };
    struct placed *placed = arena_calloc(arena, images->count, sizeof(*placed));

    if (!placed) {
        fz_throw(images->ctx, FZ_ERROR_MEMORY, "no memory for %u images", images->count);
    }
    for (uint32_t i = 0; i < images->count; i++) {
        place(images->ctx, &images->shown[i], record, &placed[i]);
    }
    count_times(images->ctx, placed, images->count);
    find_neighbours(placed, images->count);
    look_into_all(images, &page, placed, images->count);
    join_slices(images, placed, images->count, arena, record);
    give_roles(&page, placed, images->count);
    write_files(images, placed, images->count);
    fill_record(images->ctx, placed, images->count, arena, record);
}

void images_finish(struct images *images, struct arena *arena, struct page_record *record)
{
    fz_context *ctx = images->ctx;
    fz_error_cb *report;
    void *user;

    if (images->left_out) {
        fz_warn(ctx, "the page has too many images; the rest is only counted");
    }
    if (images->count == 0) {
        return;
    }
    /* mupdf reports all that is thrown; here it is said once, with the image that it is about. */
    report = fz_error_callback(ctx, &user);
    fz_set_error_callback(ctx, NULL, NULL);
    fz_try(ctx)
    {
        finish(images, arena, record);
    }
    fz_always(ctx)
    {
        fz_set_error_callback(ctx, report, user);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}
