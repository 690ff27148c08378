/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/pdf: the images of pages, from small PDFs with images of every kind, and their files.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* After stdio.h, which it needs. */
#include <jpeglib.h>

#include "common/buf.h"
#include "common/file.h"
#include "pdf_sketch.h"

#define SIDE 48 /* pixels of most images here: not tiny */
#define OBJECTS_MAX 16
#define FIRST_IMAGE 5

static struct sketch_document sketch;
static char folder[64];
static struct extractor extractor;
static struct image_options options;

/* The PDF that a test makes: objects 5 and up are images, named /I0, /I1, ... */
static struct buf objects[OBJECTS_MAX];
static uint32_t object_count;

static void setup(void)
{
    sketch_document_init(&sketch);
    snprintf(folder, sizeof(folder), "/tmp/ebb-test-images-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    options = (struct image_options){.folder = folder,
                                     .pixels = 1000000,
                                     .memory_bytes = 16U << 20,
                                     .file_bytes = 1U << 20,
                                     .per_page = 100};
    object_count = FIRST_IMAGE - 1;
}

static void teardown(void)
{
    if (extractor.document) {
        extractor_deinit(&extractor);
    }
    sketch_document_deinit(&sketch);
    cr_assert_eq(file_remove_tree(folder, NULL), 0);
    for (uint32_t i = 0; i < OBJECTS_MAX; i++) {
        buf_deinit(&objects[i]);
    }
}

TestSuite(pdf_images, .init = setup, .fini = teardown);

/* --- making PDFs --- */

/* A stream of these entries; data is written in hex, before filter. */
static void add_stream(const char *entries, const char *filter, const uint8_t *data,
                       size_t size_bytes)
{
    struct buf *object = &objects[object_count++];

    buf_init(object, 1 << 20);
    buf_printf(object, NULL, "<< %s /Filter [/ASCIIHexDecode %s] /Length %zu >>\nstream\n", entries,
               filter, 2 * size_bytes + 1);
    for (size_t i = 0; i < size_bytes; i++) {
        buf_printf(object, NULL, "%02x", data[i]);
    }
    buf_append_str(object, ">\nendstream", NULL);
}

static void add_image(uint32_t width, uint32_t height, const char *more, const uint8_t *data,
                      size_t size_bytes)
{
    char entries[512];

    snprintf(entries, sizeof(entries), "/Type /XObject /Subtype /Image /Width %u /Height %u %s",
             width, height, more);
    add_stream(entries, "", data, size_bytes);
}

/* Waves, so that an image is not plain; never the same for another seed. */
static void draw(uint8_t *data, uint32_t width, uint32_t height, uint32_t components, uint32_t seed)
{
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            for (uint32_t c = 0; c < components; c++) {
                double level = 128 + 70 * sin((x + seed * 7) / 3.0 + c) + 50 * cos(y / 4.0 + seed);

                *data++ = (uint8_t)fmin(fmax(level, 0), 255);
            }
        }
    }
}

static void add_drawn(uint32_t components, const char *more, uint32_t seed)
{
    uint8_t data[SIDE * SIDE * 4];

    draw(data, SIDE, SIDE, components, seed);
    add_image(SIDE, SIDE, more, data, (size_t)SIDE * SIDE * components);
}

#define GRAY "/ColorSpace /DeviceGray /BitsPerComponent 8"
#define RGB "/ColorSpace /DeviceRGB /BitsPerComponent 8"

/* One page of 612 x 792 that shows the images as content says. */
static struct page_record extract_anyhow(const char *content, const char *page_more)
{
    const char *bodies[OBJECTS_MAX];
    struct buf page, stream;
    struct page_record record;

    buf_init(&page, 1 << 16);
    buf_init(&stream, 1 << 16);
    buf_printf(&page, NULL,
               "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R %s "
               "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> "
               ">> /XObject <<",
               page_more);
    for (uint32_t i = FIRST_IMAGE - 1; i < object_count; i++) {
        buf_printf(&page, NULL, " /I%u %u 0 R", i - (FIRST_IMAGE - 1), i + 1);
        bodies[i] = buf_cstr(&objects[i], NULL);
    }
    buf_append_str(&page, " >> >> >>", NULL);
    buf_printf(&stream, NULL, "<< /Length %zu >>\nstream\n%s\nendstream", strlen(content), content);
    bodies[0] = "<< /Type /Catalog /Pages 2 0 R >>";
    bodies[1] = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
    bodies[2] = buf_cstr(&page, NULL);
    bodies[3] = buf_cstr(&stream, NULL);
    sketch_pdf(bodies, object_count, "", sketch.path);
    buf_deinit(&page);
    buf_deinit(&stream);
    cr_assert_null(sketch_document_open(&sketch, NULL, 10));
    extractor_init(&extractor, sketch.document,
                   &(struct extract_options){.page_glyphs = 10000,
                                             .images = options,
                                             .interpreter = {.font_bytes = 1U << 20}});
    extract_page(&extractor, 1, sketch.arena, &record);
    cr_assert_null(record.failure_code, "%s", record.failure_text);
    return record;
}

static struct page_record extract(const char *content, const char *page_more)
{
    struct page_record record = extract_anyhow(content, page_more);

    cr_assert_eq(extractor.images.store.err.code, ERROR_NONE);
    return record;
}

static const struct page_image *only_image(const struct page_record *record)
{
    cr_assert_eq(record->image_record_count, 1, "%u images", record->image_record_count);
    return &record->images[0];
}

static void path_of(const struct page_image *image, char path[160])
{
    snprintf(path, 160, "%s/images/%s.%s", folder, image->key, image->format);
}

/* The stored file, decoded by mupdf. Owns: the caller. */
static fz_pixmap *load(const struct page_image *image)
{
    fz_context *ctx = sketch.document->ctx;
    char path[160];
    fz_image *loaded = NULL;
    fz_pixmap *pixmap = NULL;

    path_of(image, path);
    fz_var(loaded);
    fz_var(pixmap);
    fz_try(ctx)
    {
        loaded = fz_new_image_from_file(ctx, path);
        pixmap = fz_get_unscaled_pixmap_from_image(ctx, loaded);
    }
    fz_always(ctx)
    {
        fz_drop_image(ctx, loaded);
    }
    fz_catch(ctx)
    {
        cr_assert_fail("%s: %s", path, fz_caught_message(ctx));
    }
    return pixmap;
}

/* A byte of the PNG's header: 24 is bits, 25 the kind of colours. */
static int png_header(const struct page_image *image, int at)
{
    struct buf data;
    char path[160];
    int value;

    path_of(image, path);
    buf_init(&data, 1 << 22);
    cr_assert_eq(file_read(path, 1 << 22, &data, NULL), 0);
    value = data.data[at];
    buf_deinit(&data);
    return value;
}

static void expect_box(const struct page_image *image, float x0, float y0, float x1, float y1)
{
    cr_assert_float_eq(image->box.x0, x0, 0.01, "x0 %g", (double)image->box.x0);
    cr_assert_float_eq(image->box.y0, y0, 0.01, "y0 %g", (double)image->box.y0);
    cr_assert_float_eq(image->box.x1, x1, 0.01, "x1 %g", (double)image->box.x1);
    cr_assert_float_eq(image->box.y1, y1, 0.01, "y1 %g", (double)image->box.y1);
}

/* --- places --- */

Test(pdf_images, place_and_resolution)
{
    struct page_record record;
    const struct page_image *image;

    add_drawn(1, GRAY, 1);
    record = extract("q 96 0 0 72 100 200 cm /I0 Do Q", "");
    image = only_image(&record);
    expect_box(image, 100, 520, 196, 592);
    cr_assert_eq(image->role, PAGE_IMAGE_ROLE_CONTENT);
    cr_assert_float_eq(image->dpi, 36, 0.01); /* 48 pixels on 96 points, the smaller one */
    cr_assert_eq(image->angle_deg, 0);
    cr_assert_eq(image->width_px, SIDE);
    cr_assert_eq(image->bits, 8);
    cr_assert_str_eq(image->color_space, "gray");
    cr_assert_str_eq(image->format, "png");
    cr_assert_not(image->masked);
    cr_assert_eq(record.image_count, 1);
}

Test(pdf_images, turned_images_and_pages)
{
    struct page_record record;

    add_drawn(1, GRAY, 1);
    record = extract("q 0 96 -96 0 300 200 cm /I0 Do Q", "");
    /* Turned left by a quarter, as readers see it. */
    cr_assert_eq(only_image(&record)->angle_deg, -90);
    expect_box(only_image(&record), 204, 496, 300, 592);
}

Test(pdf_images, a_turned_page)
{
    struct page_record record;

    add_drawn(1, GRAY, 1);
    record = extract("q 96 0 0 96 100 200 cm /I0 Do Q", "/Rotate 90");
    cr_assert_eq(only_image(&record)->angle_deg, 90);
    expect_box(only_image(&record), 200, 100, 296, 196);
}

Test(pdf_images, clipped_to_the_page_and_off_it)
{
    struct page_record record;

    add_drawn(1, GRAY, 1);
    record = extract("q 100 0 0 100 -40 742 cm /I0 Do Q q 50 0 0 50 700 100 cm /I0 Do Q", "");
    cr_assert_eq(record.image_record_count, 2);
    expect_box(&record.images[0], 0, 0, 60, 50);
    cr_assert_eq(record.images[1].role, PAGE_IMAGE_ROLE_DECORATION);
    cr_assert_str_eq(record.images[1].key, "");
}

Test(pdf_images, drawn_twice_in_one_place)
{
    struct page_record record;

    add_drawn(1, GRAY, 1);
    record = extract("q 96 0 0 96 100 200 cm /I0 Do /I0 Do Q", "");
    only_image(&record);
    cr_assert_eq(record.image_count, 2); /* for OCR's rule, all that is drawn counts */
}

Test(pdf_images, in_forms_and_hidden)
{
    uint8_t content[] = "q 50 0 0 50 10 20 cm /I0 Do Q";
    char entries[] = "/Type /XObject /Subtype /Form /BBox [0 0 600 700] /Matrix [1 0 0 1 100 0] "
                     "/Resources << /XObject << /I0 5 0 R >> >>";
    struct page_record record;

    add_drawn(1, GRAY, 1);
    add_stream(entries, "", content, sizeof(content) - 1);
    record = extract("/I1 Do /OC /Hide BDC q 70 0 0 70 300 300 cm /I0 Do Q EMC", "");
    /* No such group: what is in it is shown. */
    cr_assert_eq(record.image_record_count, 2);
    expect_box(&record.images[0], 110, 722, 160, 772);
}

/* --- kinds --- */

Test(pdf_images, pixels_come_through)
{
    uint8_t data[SIDE * SIDE * 3];
    struct page_record record;
    fz_pixmap *pixmap;

    draw(data, SIDE, SIDE, 3, 2);
    add_image(SIDE, SIDE, RGB, data, sizeof(data));
    record = extract("q 96 0 0 96 100 200 cm /I0 Do Q", "");
    pixmap = load(only_image(&record));
    cr_assert_eq(pixmap->n - pixmap->alpha, 3);
    for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) {
        cr_assert_eq(memcmp(pixmap->samples + i * (size_t)pixmap->n, data + 3 * i, 3), 0);
    }
    fz_drop_pixmap(sketch.document->ctx, pixmap);
}

static void draw_bits(uint8_t *data)
{
    for (uint32_t y = 0; y < SIDE; y++) {
        for (uint32_t x = 0; x < SIDE; x++) {
            if ((x / 5 + y / 7) % 2) {
                data[y * (SIDE / 8) + x / 8] |= (uint8_t)(0x80 >> x % 8);
            }
        }
    }
}

Test(pdf_images, one_bit_stays_one_bit)
{
    uint8_t data[SIDE * SIDE / 8] = {0};
    struct page_record record;
    fz_pixmap *pixmap, *inverted;

    draw_bits(data);
    add_image(SIDE, SIDE, "/ColorSpace /DeviceGray /BitsPerComponent 1", data, sizeof(data));
    add_image(SIDE, SIDE, "/ColorSpace /DeviceGray /BitsPerComponent 1 /Decode [1 0]", data,
              sizeof(data));
    record = extract("q 96 0 0 96 100 200 cm /I0 Do Q q 96 0 0 96 300 200 cm /I1 Do Q", "");
    cr_assert_eq(record.image_record_count, 2);
    cr_assert_eq(png_header(&record.images[0], 24), 1);
    cr_assert_eq(png_header(&record.images[1], 24), 1);
    cr_assert_eq(record.images[0].bits, 1);
    pixmap = load(&record.images[0]);
    inverted = load(&record.images[1]);
    for (int i = 0; i < SIDE; i++) {
        int bit = data[i / 8] >> (7 - i % 8) & 1;

        cr_assert_eq(pixmap->samples[i * pixmap->n], bit ? 255 : 0);
        cr_assert_eq(inverted->samples[i * inverted->n], bit ? 0 : 255);
    }
    fz_drop_pixmap(sketch.document->ctx, pixmap);
    fz_drop_pixmap(sketch.document->ctx, inverted);
}

Test(pdf_images, stencils_are_black_on_white)
{
    uint8_t data[SIDE * SIDE / 8] = {0};
    struct page_record record;
    fz_pixmap *pixmap;

    draw_bits(data);
    add_image(SIDE, SIDE, "/ImageMask true /BitsPerComponent 1", data, sizeof(data));
    record = extract("1 0 0 rg q 96 0 0 96 100 200 cm /I0 Do Q", "");
    cr_assert(only_image(&record)->masked);
    cr_assert_eq(png_header(only_image(&record), 24), 1);
    pixmap = load(only_image(&record));
    cr_assert_eq(pixmap->samples[0], 0); /* a 0 paints */
    cr_assert_eq(pixmap->samples[5 * pixmap->n], 255);
    fz_drop_pixmap(sketch.document->ctx, pixmap);
}

Test(pdf_images, palettes)
{
    uint8_t data[SIDE * SIDE / 4];
    struct page_record record;
    fz_pixmap *pixmap;

    for (uint32_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(0x1B + (i / (SIDE / 4) / 5) * 57);
    }
    add_image(SIDE, SIDE,
              "/ColorSpace [/Indexed /DeviceRGB 3 <ff0000 00ff00 0000ff 102030>] "
              "/BitsPerComponent 2",
              data, sizeof(data));
    record = extract("q 96 0 0 96 100 200 cm /I0 Do Q", "");
    cr_assert_str_eq(only_image(&record)->color_space, "indexed");
    cr_assert_eq(png_header(only_image(&record), 24), 2);
    cr_assert_eq(png_header(only_image(&record), 25), 3);
    pixmap = load(only_image(&record));
    /* 0x1B is 0 1 2 3. */
    cr_assert_eq(memcmp(pixmap->samples, "\xff\0\0", 3), 0);
    cr_assert_eq(memcmp(pixmap->samples + 3 * pixmap->n, "\x10\x20\x30", 3), 0);
    fz_drop_pixmap(sketch.document->ctx, pixmap);
}

Test(pdf_images, cmyk_and_separations_become_rgb)
{
    uint8_t data[SIDE * SIDE * 4];
    struct page_record record;
    fz_pixmap *pixmap;

    draw(data, SIDE, SIDE, 4, 3);
    memset(data, 0, 4); /* no ink */
    add_image(SIDE, SIDE, "/ColorSpace /DeviceCMYK /BitsPerComponent 8", data, sizeof(data));
    add_drawn(1,
              "/ColorSpace [/Separation /Spot /DeviceRGB << /FunctionType 2 /Domain [0 1] "
              "/C0 [1 1 1] /C1 [1 0 0] /N 1 >>] /BitsPerComponent 8",
              4);
    record = extract("q 96 0 0 96 100 200 cm /I0 Do Q q 96 0 0 96 300 200 cm /I1 Do Q", "");
    cr_assert_str_eq(record.images[0].color_space, "cmyk");
    cr_assert_str_eq(record.images[1].color_space, "separation");
    cr_assert_eq(png_header(&record.images[0], 25), 2);
    pixmap = load(&record.images[0]);
    cr_assert_geq(pixmap->samples[0], 250);
    cr_assert_geq(pixmap->samples[2], 250);
    fz_drop_pixmap(sketch.document->ctx, pixmap);
    pixmap = load(&record.images[1]);
    cr_assert_geq(pixmap->samples[0], 250); /* red whatever the tint */
    cr_assert_lt(pixmap->samples[1], 250);
    fz_drop_pixmap(sketch.document->ctx, pixmap);
}

Test(pdf_images, sixteen_bits)
{
    uint8_t data[SIDE * SIDE * 2];
    struct page_record record;
    fz_pixmap *pixmap;

    draw(data, SIDE * 2, SIDE, 1, 5);
    add_image(SIDE, SIDE, "/ColorSpace /DeviceGray /BitsPerComponent 16", data, sizeof(data));
    record = extract("q 96 0 0 96 100 200 cm /I0 Do Q", "");
    cr_assert_eq(only_image(&record)->bits, 16);
    pixmap = load(only_image(&record));
    cr_assert_eq(pixmap->samples[7 * pixmap->n], data[14]);
    fz_drop_pixmap(sketch.document->ctx, pixmap);
}

/* --- masks --- */

/* Opaque left, transparent right, of any size. */
static void add_mask(uint32_t width, uint32_t height, const char *more)
{
    uint8_t *data = calloc(width, height);

    for (uint32_t i = 0; i < width * height; i++) {
        data[i] = i % width < width / 2 ? 255 : 0;
    }
    add_image(width, height, more, data, (size_t)width * height);
    free(data);
}

static void expect_left_half_opaque(const struct page_image *image)
{
    fz_pixmap *pixmap = load(image);
    const uint8_t *row = pixmap->samples + 9L * pixmap->stride;

    cr_assert(image->masked);
    cr_assert_eq(pixmap->alpha, 1);
    cr_assert_eq(pixmap->w, SIDE);
    cr_assert_eq(row[2 * pixmap->n + pixmap->n - 1], 255);
    cr_assert_eq(row[(SIDE - 3) * pixmap->n + pixmap->n - 1], 0);
    fz_drop_pixmap(sketch.document->ctx, pixmap);
}

Test(pdf_images, soft_masks_of_any_size)
{
    struct page_record record;

    add_drawn(3, RGB " /SMask 8 0 R", 1);
    add_drawn(1, GRAY " /SMask 9 0 R", 2);
    add_drawn(3, RGB " /SMask 10 0 R", 3);
    add_mask(SIDE, SIDE, GRAY);
    add_mask(SIDE * 3, SIDE * 2, GRAY);
    add_mask(10, 6, GRAY);
    record = extract("q 96 0 0 96 50 200 cm /I0 Do Q q 96 0 0 96 200 200 cm /I1 Do Q "
                     "q 96 0 0 96 350 200 cm /I2 Do Q",
                     "");
    cr_assert_eq(record.image_record_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        expect_left_half_opaque(&record.images[i]);
    }
    cr_assert_eq(png_header(&record.images[1], 25), 4); /* gray and alpha */
}

Test(pdf_images, stencil_masks)
{
    uint8_t data[SIDE * SIDE / 8];
    struct page_record record;

    for (uint32_t i = 0; i < sizeof(data); i++) {
        data[i] = i % (SIDE / 8) < SIDE / 16 ? 0x00 : 0xFF; /* a 1 hides */
    }
    add_drawn(3, RGB " /Mask 6 0 R", 1);
    add_image(SIDE, SIDE, "/ImageMask true /BitsPerComponent 1", data, sizeof(data));
    record = extract("q 96 0 0 96 100 200 cm /I0 Do Q", "");
    expect_left_half_opaque(only_image(&record));
}

Test(pdf_images, colour_keys)
{
    uint8_t data[SIDE * SIDE];
    struct page_record record;

    draw(data, SIDE, SIDE, 1, 1);
    for (uint32_t i = 0; i < sizeof(data); i++) {
        data[i] = i % SIDE < SIDE / 2 ? data[i] / 2 : 200;
    }
    add_image(SIDE, SIDE, GRAY " /Mask [199 201]", data, sizeof(data));
    record = extract("q 96 0 0 96 100 200 cm /I0 Do Q", "");
    expect_left_half_opaque(only_image(&record));
}

/* --- JPEG --- */

static size_t make_jpeg(int components, bool progressive, uint8_t *out, size_t out_bytes)
{
    uint8_t samples[SIDE * SIDE * 4];
    unsigned char *memory = NULL;
    unsigned long size = 0;
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;

    draw(samples, SIDE, SIDE, (uint32_t)components, 6);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &memory, &size);
    jpeg.image_width = jpeg.image_height = SIDE;
    jpeg.input_components = components;
    jpeg.in_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    if (progressive) {
        jpeg_simple_progression(&jpeg);
    }
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < SIDE) {
        JSAMPROW row = samples + (size_t)jpeg.next_scanline * SIDE * (size_t)components;

        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    cr_assert_leq(size, out_bytes);
    memcpy(out, memory, size);
    free(memory);
    return size;
}

static void add_jpeg(const char *more, const uint8_t *data, size_t size_bytes)
{
    char entries[512];

    snprintf(entries, sizeof(entries),
             "/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 %s", SIDE,
             SIDE, more);
    add_stream(entries, "/DCTDecode", data, size_bytes);
}

Test(pdf_images, jpegs_are_kept_as_they_are)
{
    uint8_t data[2][16384];
    size_t sizes[2] = {make_jpeg(3, false, data[0], sizeof(data[0])),
                       make_jpeg(1, true, data[1], sizeof(data[1]))};
    struct page_record record;

    add_jpeg("/ColorSpace /DeviceRGB", data[0], sizes[0]);
    add_jpeg("/ColorSpace /DeviceGray", data[1], sizes[1]);
    record = extract("q 96 0 0 96 100 200 cm /I0 Do Q q 96 0 0 96 300 200 cm /I1 Do Q", "");
    for (uint32_t i = 0; i < 2; i++) {
        struct buf file;
        char path[160];

        cr_assert_str_eq(record.images[i].format, "jpeg");
        cr_assert_eq(record.images[i].file_bytes, sizes[i]);
        cr_assert_gt(record.images[i].sharpness, 0);
        path_of(&record.images[i], path);
        buf_init(&file, 1 << 20);
        cr_assert_eq(file_read(path, 1 << 20, &file, NULL), 0);
        cr_assert_eq(file.size, sizes[i]);
        cr_assert_eq(memcmp(file.data, data[i], sizes[i]), 0);
        buf_deinit(&file);
    }
}

Test(pdf_images, jpegs_that_clients_would_show_wrong)
{
    uint8_t colours[16384], inks[16384];
    size_t colours_bytes = make_jpeg(3, false, colours, sizeof(colours));
    size_t inks_bytes = make_jpeg(4, false, inks, sizeof(inks));
    struct page_record record;

    add_jpeg("/ColorSpace /DeviceCMYK", inks, inks_bytes);
    add_jpeg("/ColorSpace /DeviceRGB /Decode [1 0 1 0 1 0]", colours, colours_bytes);
    add_jpeg("/ColorSpace /DeviceRGB /SMask 8 0 R", colours, colours_bytes);
    add_mask(SIDE, SIDE, GRAY);
    record = extract("q 96 0 0 96 50 200 cm /I0 Do Q q 96 0 0 96 200 200 cm /I1 Do Q "
                     "q 96 0 0 96 350 200 cm /I2 Do Q",
                     "");
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(record.images[i].role, PAGE_IMAGE_ROLE_CONTENT);
        cr_assert_str_eq(record.images[i].format, "png");
    }
    expect_left_half_opaque(&record.images[2]);
}

/* --- damage and bounds --- */

static bool has_warning(const struct page_record *record, const char *part)
{
    for (uint32_t i = 0; i < record->warning_count; i++) {
        if (strstr(record->warnings[i], part)) {
            return true;
        }
    }
    return false;
}

Test(pdf_images, damaged_ones_cost_only_themselves)
{
    uint8_t noise[64] = {0xFF, 0xD8, 1, 2, 3};
    struct page_record record;

    add_jpeg("/ColorSpace /DeviceRGB", noise, sizeof(noise));
    add_drawn(1, GRAY, 1);
    add_image(SIDE, SIDE, "/ColorSpace /Nonsense /BitsPerComponent 8", noise, sizeof(noise));
    record = extract("q 96 0 0 96 50 200 cm /I0 Do Q q 96 0 0 96 200 200 cm /I1 Do Q "
                     "q 96 0 0 96 350 200 cm /I2 Do Q BT /F1 10 Tf 50 700 Td (text) Tj ET",
                     "");
    cr_assert_eq(record.image_record_count, 3);
    cr_assert_eq(record.images[0].role, PAGE_IMAGE_ROLE_UNREADABLE);
    cr_assert_eq(record.images[1].role, PAGE_IMAGE_ROLE_CONTENT);
    cr_assert_eq(record.images[2].role, PAGE_IMAGE_ROLE_UNREADABLE);
    cr_assert(has_warning(&record, "image 5"));
    cr_assert(has_warning(&record, "image 7"));
    cr_assert(strstr(sketch_document_text(&sketch, &record), "text") != NULL);
}

Test(pdf_images, cut_short)
{
    uint8_t data[SIDE * SIDE];
    struct page_record record;

    draw(data, SIDE, SIDE, 1, 1);
    add_image(SIDE, SIDE, GRAY, data, sizeof(data) / 2);
    record = extract("q 96 0 0 96 50 200 cm /I0 Do Q", "");
    cr_assert_eq(only_image(&record)->role, PAGE_IMAGE_ROLE_CONTENT);
    cr_assert(has_warning(&record, "ends early"));
}

Test(pdf_images, larger_than_allowed)
{
    uint8_t data[16] = {0};
    struct page_record record;

    add_image(60000, 60000, RGB, data, sizeof(data));
    record = extract("q 96 0 0 96 50 200 cm /I0 Do Q", "");
    cr_assert_eq(only_image(&record)->role, PAGE_IMAGE_ROLE_UNREADABLE);
    cr_assert_eq(only_image(&record)->width_px, 60000);
    cr_assert(has_warning(&record, "too many"));
}

Test(pdf_images, a_file_larger_than_allowed)
{
    struct page_record record;

    options.file_bytes = 100;
    add_drawn(3, RGB, 1);
    record = extract("q 96 0 0 96 50 200 cm /I0 Do Q", "");
    cr_assert_eq(only_image(&record)->role, PAGE_IMAGE_ROLE_UNREADABLE);
    cr_assert_str_eq(only_image(&record)->key, "");
}

Test(pdf_images, more_than_a_page_may_have)
{
    struct page_record record;

    options.per_page = 2;
    add_drawn(1, GRAY, 1);
    record = extract("q 50 0 0 50 10 10 cm /I0 Do Q q 50 0 0 50 110 10 cm /I0 Do Q "
                     "q 50 0 0 50 210 10 cm /I0 Do Q",
                     "");
    cr_assert_eq(record.image_record_count, 2);
    cr_assert_eq(record.image_count, 3);
    cr_assert(has_warning(&record, "too many images"));
}

Test(pdf_images, none_are_wanted)
{
    struct page_record record;

    options.per_page = 0;
    add_drawn(1, GRAY, 1);
    record = extract("q 50 0 0 50 10 10 cm /I0 Do Q", "");
    cr_assert_eq(record.image_record_count, 0);
    cr_assert_eq(record.image_count, 1);
    cr_assert_eq(record.warning_count, 0);
}

/* --- roles, slices, places in the text --- */

Test(pdf_images, roles_and_files)
{
    uint8_t plain[SIDE * SIDE];
    uint8_t small[31 * SIDE];
    struct page_record record;

    memset(plain, 77, sizeof(plain));
    draw(small, 31, SIDE, 1, 1);
    add_image(SIDE, SIDE, GRAY, plain, sizeof(plain));
    add_image(31, SIDE, GRAY, small, sizeof(small));
    add_drawn(1, GRAY, 1);
    record = extract("q 96 0 0 96 50 200 cm /I0 Do Q q 96 0 0 96 200 200 cm /I1 Do Q "
                     "q 612 0 0 792 0 0 cm /I2 Do Q",
                     "");
    cr_assert_eq(record.images[0].role, PAGE_IMAGE_ROLE_DECORATION);
    cr_assert_eq(record.images[1].role, PAGE_IMAGE_ROLE_TINY);
    cr_assert_eq(record.images[2].role, PAGE_IMAGE_ROLE_SCAN);
    cr_assert_str_eq(record.images[0].key, "");
    cr_assert_str_eq(record.images[1].key, "");
    cr_assert_neq(record.images[2].key[0], '\0');
    cr_assert_eq(record.block_count, 0); /* a scan has no block */
}

/* Strips of one picture of 48 x 96, cut into four. */
static void add_strips(void)
{
    uint8_t data[96 * SIDE];

    draw(data, 96, SIDE, 1, 1);
    for (uint32_t i = 0; i < 4; i++) {
        add_image(96, SIDE / 4, GRAY, data + i * sizeof(data) / 4, sizeof(data) / 4);
    }
}

Test(pdf_images, slices_are_one_picture)
{
    uint8_t data[96 * SIDE];
    struct page_record record;
    const struct page_image *image;
    fz_pixmap *pixmap;

    add_strips();
    /* Drawn from the bottom up, as some programs do. */
    record = extract("q 192 0 0 24 100 200 cm /I3 Do Q q 192 0 0 24 100 224 cm /I2 Do Q "
                     "q 192 0 0 24 100 248 cm /I1 Do Q q 192 0 0 24 100 272 cm /I0 Do Q",
                     "");
    image = only_image(&record);
    expect_box(image, 100, 496, 292, 592);
    cr_assert_eq(image->role, PAGE_IMAGE_ROLE_CONTENT);
    cr_assert_eq(image->width_px, 96);
    cr_assert_eq(image->height_px, SIDE);
    cr_assert_float_eq(image->dpi, 36, 0.1);
    draw(data, 96, SIDE, 1, 1);
    pixmap = load(image);
    for (size_t i = 0; i < sizeof(data); i++) {
        cr_assert_eq(pixmap->samples[i * (size_t)pixmap->n], data[i]);
    }
    fz_drop_pixmap(sketch.document->ctx, pixmap);
}

Test(pdf_images, slices_apart_are_none)
{
    struct page_record record;

    add_strips();
    record = extract("q 192 0 0 24 100 272 cm /I0 Do Q q 192 0 0 24 100 240 cm /I1 Do Q", "");
    cr_assert_eq(record.image_record_count, 2);
    cr_assert_eq(record.images[0].role, PAGE_IMAGE_ROLE_TINY);
}

Test(pdf_images, captions_and_reading_order)
{
    struct page_record record;
    const struct page_block *block;

    add_drawn(1, GRAY, 1);
    record =
        extract("BT /F1 10 Tf 72 700 Td (What comes before the picture, a line of text.) Tj ET "
                "q 200 0 0 150 72 500 cm /I0 Do Q "
                "BT /F1 10 Tf 72 485 Td (Figure 3: Waves on a lake) Tj ET "
                "BT /F1 10 Tf 72 400 Td (What comes after it, another line of text.) Tj ET",
                "");
    cr_assert_eq(record.block_count, 4);
    block = &record.blocks[1];
    cr_assert_eq(block->kind, PAGE_BLOCK_IMAGE);
    cr_assert_eq(block->image, 0);
    cr_assert_eq(block->line_count, 0);
    cr_assert_str_eq(only_image(&record)->caption, "Figure 3: Waves on a lake");
    cr_assert_eq(record.blocks[2].kind, PAGE_BLOCK_CAPTION);
}

Test(pdf_images, the_same_image_on_and_on)
{
    struct page_record record, again;

    add_drawn(1, GRAY, 1);
    record = extract("q 96 0 0 96 100 200 cm /I0 Do Q", "");
    /* The object is not read again: what is kept of it says the same. */
    extract_page(&extractor, 1, sketch.arena, &again);
    cr_assert_str_eq(only_image(&record)->key, only_image(&again)->key);
    cr_assert_eq(only_image(&record)->perceptual_hash, only_image(&again)->perceptual_hash);
}

Test(pdf_images, inline_images)
{
    char content[8192];
    size_t used = (size_t)snprintf(
        content, sizeof(content), "q 96 0 0 96 100 200 cm BI /W %d /H %d /CS /G /BPC 8 /F /AHx ID ",
        SIDE, SIDE);
    uint8_t data[SIDE * SIDE];
    struct page_record record;

    draw(data, SIDE, SIDE, 1, 1);
    for (size_t i = 0; i < sizeof(data); i++) {
        used += (size_t)snprintf(content + used, sizeof(content) - used, "%02x", data[i]);
    }
    snprintf(content + used, sizeof(content) - used, "> EI Q");
    record = extract(content, "");
    cr_assert_eq(only_image(&record)->role, PAGE_IMAGE_ROLE_CONTENT);
    expect_box(only_image(&record), 100, 496, 196, 592);
    cr_assert_eq(only_image(&record)->width_px, SIDE);
}

Test(pdf_images, what_the_file_system_refuses)
{
    options.folder = "/proc/ebb-no-such-folder";
    add_drawn(1, GRAY, 1);
    extract_anyhow("q 96 0 0 96 100 200 cm /I0 Do Q", "");
    cr_assert_neq(extractor.images.store.err.code, ERROR_NONE);
}
