/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pages through the engine itself, with English models: scans made here of text drawn here. What
 * is asked of the words is that they are those that were drawn, of their boxes that they lie where
 * the page shows them.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pdf_sketch.h"
#include "workers/languages/languages.h"
#include "workers/ocr/merge.h"
#include "workers/ocr/recognise.h"

/* The text, and how large a page it is drawn on. */
#define WIDTH 300
#define HEIGHT 160
#define CONTENT                                                                                    \
    "BT /F1 12 Tf 16 TL 20 130 Td (Harbour lights were burning low) Tj T* (when the pilot boat "   \
    "came home) Tj T* (with the morning papers, and) Tj T* (nobody asked about the weather.) Tj "  \
    "ET"
#define TEXT                                                                                       \
    "Harbour lights were burning low when the pilot boat came home with the morning papers, and "  \
    "nobody asked about the weather."
#define OTHER "BT /F1 12 Tf 20 100 Td (Seventeen zebras quietly juggled boxes) Tj ET"
#define BOXES_NEAR_PT 3.0F

static struct sketch_document sketch;
static struct engine *engine;
static struct glyphs glyphs;
static struct arena *arena;
static struct recognise_options options;

static void setup(void)
{
    struct error err = ERROR_INIT;

    sketch_document_init(&sketch);
    glyphs_init(&glyphs, 1 << 20);
    arena = arena_create(0);
    engine = engine_create(&(struct engine_options){.models = languages_folder("")}, &err);
    cr_assert_not_null(engine, "%s", err.msg);
    cr_assert(engine_load(engine, "eng", &err) == 0, "%s", err.msg);
    options = (struct recognise_options){.engine = engine,
                                         .glyphs = &glyphs,
                                         .max_pixels = 50000000,
                                         .max_image_bytes = 1 << 29,
                                         .attempt = 1};
}

static void teardown(void)
{
    engine_destroy(engine);
    sketch_document_deinit(&sketch);
    glyphs_deinit(&glyphs);
    arena_destroy(arena);
}

TestSuite(ocr_pages, .init = setup, .fini = teardown);

/* --- documents --- */

/* Opens a PDF of one page that shows content, in the place of the one before. */
static void open_page(const char *content, const char *page_more, const char *resources)
{
    struct buf page, stream;
    const char *objects[5] = {"<< /Type /Catalog /Pages 2 0 R >>",
                              "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"};

    buf_init(&page, 1 << 20);
    buf_init(&stream, 1 << 20);
    buf_printf(&page, NULL,
               "<< /Type /Page /Parent 2 0 R /Contents 4 0 R %s /Resources << %s >> >>", page_more,
               resources[0] ? "/XObject << /Im 5 0 R >>" : "/Font << /F1 5 0 R >>");
    buf_printf(&stream, NULL, "<< /Length %zu >>\nstream\n%s\nendstream", strlen(content), content);
    objects[2] = buf_cstr(&page, NULL);
    objects[3] = buf_cstr(&stream, NULL);
    objects[4] =
        resources[0] ? resources : "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>";
    sketch_document_deinit(&sketch);
    sketch_document_init(&sketch);
    sketch_pdf(objects, 5, "", sketch.path);
    cr_assert_null(sketch_document_open(&sketch, NULL, 10));
    buf_deinit(&page);
    buf_deinit(&stream);
}

static void open_drawn(const char *content)
{
    char more[64];

    snprintf(more, sizeof(more), "/MediaBox [0 0 %d %d]", WIDTH, HEIGHT);
    open_page(content, more, "");
}

/* One row of pixels in hexadecimal digits, of so many bits each. */
static char *put_row(char *out, const unsigned char *samples, int width, int bits)
{
    for (int x = 0; x < width; x += bits == 1 ? 4 : 1) {
        unsigned digits = samples[x];

        if (bits == 1) {
            digits = 0;
            for (int i = 0; i < 4; i++) {
                digits = digits << 1 | (x + i >= width || samples[x + i] > 127);
            }
        } else {
            *out++ = "0123456789ABCDEF"[digits >> 4];
        }
        *out++ = "0123456789ABCDEF"[digits & 15];
    }
    if (bits == 1 && (width + 3) / 4 % 2 == 1) {
        *out++ = 'F'; /* rows begin with a byte */
    }
    return out;
}

/* The open page as an image object, fine ones black and white, else grey. Owns: the caller. */
static char *image_of_page(float dpi)
{
    int bits = dpi > 250 ? 1 : 8;
    fz_context *ctx = sketch.document->ctx;
    fz_matrix ctm = fz_scale(dpi / 72, dpi / 72);
    fz_pixmap *pixmap =
        fz_new_pixmap_from_page_number(ctx, sketch.document->fz, 0, ctm, fz_device_gray(ctx), 0);
    size_t room = (size_t)pixmap->w * (size_t)pixmap->h * 2 + 512;
    char *object = malloc(room);
    char *out;

    cr_assert_not_null(object);
    out = object + snprintf(object, room,
                            "<< /Type /XObject /Subtype /Image /Width %d /Height %d "
                            "/BitsPerComponent %d /ColorSpace /DeviceGray /Filter /ASCIIHexDecode "
                            "/Length %zu >>\nstream\n",
                            pixmap->w, pixmap->h, bits,
                            (size_t)pixmap->h * ((size_t)(pixmap->w * bits + 7) / 8 * 2) + 1);
    for (int y = 0; y < pixmap->h; y++) {
        out = put_row(out, pixmap->samples + (ptrdiff_t)y * pixmap->stride, pixmap->w, bits);
    }
    strcpy(out, ">\nendstream");
    fz_drop_pixmap(ctx, pixmap);
    return object;
}

/* Opens a scan of content at that resolution, shown by matrix on a page with those entries. */
static void open_scan(const char *content, float dpi, const char *matrix, const char *page_more)
{
    char *image;
    char show[128];

    open_drawn(content);
    image = image_of_page(dpi);
    snprintf(show, sizeof(show), "q %s cm /Im Do Q", matrix);
    open_page(show, page_more, image);
    free(image);
}

#define UPRIGHT "300 0 0 160 0 0"
#define BOX "/MediaBox [0 0 300 160]"
#define BOX_TURNED "/MediaBox [0 0 160 300]"

/* --- reading --- */

static int try_page(struct recognised *ret_read, const char **ret_code)
{
    fz_context *ctx = sketch.document->ctx;
    fz_page *page = fz_load_page(ctx, sketch.document->fz, 0);
    struct error err = ERROR_INIT;
    int status = recognise_page(ctx, page, &options, arena, ret_read, ret_code, &err);

    fz_drop_page(ctx, page);
    return status;
}

static struct recognised read_page(void)
{
    struct recognised read;
    const char *code = "";

    cr_assert(try_page(&read, &code) == 0, "%s", code);
    return read;
}

/* The text with each white space as one space. */
static const char *folded(const struct recognised *read)
{
    char *out = arena_alloc(arena, read->layout.text_bytes + 1);
    char *at = out;

    for (uint32_t i = 0; i < read->layout.text_bytes; i++) {
        char c = read->layout.text[i] == '\n' ? ' ' : read->layout.text[i];

        if (c != ' ' || (at > out && at[-1] != ' ')) {
            *at++ = c;
        }
    }
    while (at > out && at[-1] == ' ') {
        at--;
    }
    *at = '\0';
    return out;
}

static struct recognised expect_text(const char *text)
{
    struct recognised read = read_page();

    cr_assert_str_eq(folded(&read), text);
    cr_assert(read.confidence > 80, "%f", (double)read.confidence);
    return read;
}

/* Where "Harbour" was read. */
static struct page_box first_box(const struct recognised *read)
{
    const struct page_span *span = &read->layout.blocks[0].lines[0].spans[0];

    cr_assert(strncmp(span->text, "Harbour", 7) == 0);
    cr_assert(span->confidence > 50);
    return span->box;
}

static void expect_box(const struct recognised *read, struct page_box wanted)
{
    struct page_box box = first_box(read);

    cr_assert(
        fabsf(box.x0 - wanted.x0) < BOXES_NEAR_PT && fabsf(box.y0 - wanted.y0) < BOXES_NEAR_PT &&
            fabsf(box.x1 - wanted.x1) < BOXES_NEAR_PT && fabsf(box.y1 - wanted.y1) < BOXES_NEAR_PT,
        "%.1f %.1f %.1f %.1f", (double)box.x0, (double)box.y0, (double)box.x1, (double)box.y1);
}

/* On the upright page: left at 20, its baseline 30 points from the top. */
#define HARBOUR_WIDTH 44.0F
static const struct page_box HARBOUR = {20, 21, 20 + HARBOUR_WIDTH, 30};

Test(ocr_pages, what_is_drawn)
{
    struct recognised read;

    open_drawn(CONTENT);
    read = expect_text(TEXT);
    cr_assert_float_eq(read.dpi, 300, 0.5);
    cr_assert_eq(read.word_count, 21);
    expect_box(&read, HARBOUR);
    cr_assert(read.layout.blocks[0].ocr);
}

Test(ocr_pages, a_scan_at_its_own_resolution)
{
    struct recognised read;

    open_scan(CONTENT, 200, UPRIGHT, BOX);
    read = expect_text(TEXT);
    cr_assert_float_eq(read.dpi, 200, 0.5);
    cr_assert_float_eq(read.turned_deg, 0, 0.3);
    expect_box(&read, HARBOUR);
}

Test(ocr_pages, a_coarse_scan_is_enlarged)
{
    struct recognised read;

    open_scan(CONTENT, 72, UPRIGHT, BOX);
    read = expect_text(TEXT);
    cr_assert(read.dpi > 120, "%f", (double)read.dpi);
    expect_box(&read, HARBOUR);
}

Test(ocr_pages, a_fine_scan_is_made_smaller)
{
    struct recognised read;

    open_scan(CONTENT, 600, UPRIGHT, BOX);
    read = expect_text(TEXT);
    cr_assert_float_eq(read.dpi, 300, 0.5);
    expect_box(&read, HARBOUR);
}

Test(ocr_pages, a_scan_that_is_cropped)
{
    struct recognised read;

    /* The page begins 10 points from the scan's left and ends 20 under its top. */
    open_scan(CONTENT, 200, UPRIGHT, "/MediaBox [10 0 300 140]");
    read = expect_text(TEXT);
    expect_box(&read, (struct page_box){10, 1, 10 + HARBOUR_WIDTH, 10});
}

Test(ocr_pages, a_page_that_is_turned_in_the_document)
{
    struct recognised read;

    open_scan(CONTENT, 200, "0 300 -160 0 160 0", BOX_TURNED " /Rotate 90");
    read = expect_text(TEXT);
    cr_assert_float_eq(read.turned_deg, 0, 0.3);
    expect_box(&read, HARBOUR);
}

/* The text runs up the page: its first word is at the lower left. */
Test(ocr_pages, a_scan_on_its_side)
{
    struct recognised read;

    open_scan(CONTENT, 200, "0 300 -160 0 160 0", BOX_TURNED);
    read = expect_text(TEXT);
    cr_assert_float_eq(read.turned_deg, 90, 0.3);
    cr_assert_eq(read.layout.blocks[0].lines[0].angle_deg, -90);
    expect_box(&read, (struct page_box){21, 300 - 20 - HARBOUR_WIDTH, 30, 300 - 20});
}

Test(ocr_pages, a_scan_on_its_other_side)
{
    struct recognised read;

    open_scan(CONTENT, 200, "0 -300 160 0 0 300", BOX_TURNED);
    read = expect_text(TEXT);
    cr_assert_float_eq(read.turned_deg, -90, 0.3);
    cr_assert_eq(read.layout.blocks[0].lines[0].angle_deg, 90);
    expect_box(&read, (struct page_box){160 - 30, 20, 160 - 21, 20 + HARBOUR_WIDTH});
}

Test(ocr_pages, a_scan_upside_down)
{
    struct recognised read;

    open_scan(CONTENT, 200, "-300 0 0 -160 300 160", BOX);
    read = expect_text(TEXT);
    cr_assert_float_eq(fabsf(read.turned_deg), 180, 0.3);
    expect_box(&read, (struct page_box){300 - 20 - HARBOUR_WIDTH, 160 - 30, 300 - 20, 160 - 21});
}

Test(ocr_pages, a_scan_laid_crooked)
{
    struct recognised read;

    /* Turned by three degrees, anticlockwise, about the page's lower left corner. */
    open_scan(CONTENT, 200, "299.59 15.70 -8.37 159.78 8 0", "/MediaBox [0 0 310 176]");
    read = expect_text(TEXT);
    cr_assert_float_eq(read.turned_deg, 3, 0.5);
}

Test(ocr_pages, a_blank_page_is_no_failure)
{
    struct recognised read;

    open_scan("", 200, UPRIGHT, BOX);
    read = read_page();
    cr_assert_eq(read.word_count, 0);
    cr_assert_eq(read.layout.block_count, 0);
    cr_assert_eq(read.layout.text_bytes, 0);
}

Test(ocr_pages, a_giant_page_fails_alone)
{
    struct recognised read;
    const char *code = "";

    open_page(CONTENT, "/MediaBox [0 0 100000 100000]", "");
    cr_assert(try_page(&read, &code) < 0);
    cr_assert_str_eq(code, "page_too_large");
}

Test(ocr_pages, an_image_over_the_bound_fails_alone)
{
    struct recognised read;
    const char *code = "";

    open_scan(CONTENT, 200, UPRIGHT, BOX);
    options.max_image_bytes = 1000;
    cr_assert(try_page(&read, &code) < 0);
    cr_assert_str_eq(code, "page_too_large");
}

Test(ocr_pages, later_attempts_are_cheaper)
{
    struct recognised read;

    open_scan(CONTENT, 300, UPRIGHT, BOX);
    options.attempt = 2;
    read = expect_text(TEXT);
    cr_assert_float_eq(read.dpi, 200, 0.5);
}

static bool never(void *user)
{
    (*(int *)user)++;
    return false;
}

Test(ocr_pages, stops_when_it_is_told)
{
    struct recognised read;
    struct error err = ERROR_INIT;
    const char *code = "";
    int asked = 0;

    engine_destroy(engine);
    engine = engine_create(
        &(struct engine_options){.models = languages_folder(""), .go_on = never, .user = &asked},
        &err);
    cr_assert(engine_load(engine, "eng", &err) == 0);
    options.engine = engine;
    open_scan(CONTENT, 200, UPRIGHT, BOX);
    cr_assert(try_page(&read, &code) < 0);
    cr_assert_str_eq(code, "cancelled");
    cr_assert(asked > 0);
}

Test(ocr_pages, says_which_models_it_cannot_load)
{
    struct error err = ERROR_INIT;

    cr_assert(engine_load(engine, "eng+qqq", &err) < 0);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert(strstr(err.msg, "eng+qqq"), "%s", err.msg);
    cr_assert(engine_load(engine, "eng", &err) == 0, "and goes on with others");
    open_scan(CONTENT, 200, UPRIGHT, BOX);
    expect_text(TEXT);
}

/* The page's record as it is written. */
static struct buf encoded(void)
{
    struct recognised read = read_page();
    struct page_record record = {
        .number = 1, .width_pt = WIDTH, .height_pt = HEIGHT, .source = "native", .text = ""};
    struct error err = ERROR_INIT;
    struct buf buf;

    cr_assert(merge_page(&record, &read, "eng", arena, &err) == 0);
    buf_init(&buf, 1 << 20);
    cr_assert(page_record_encode(&record, &buf, &err) == 0, "%s", err.msg);
    return buf;
}

Test(ocr_pages, whatever_was_read_before_the_bytes_are_the_same)
{
    struct buf first, again;

    open_scan(CONTENT, 150, UPRIGHT, BOX);
    first = encoded();
    for (int i = 0; i < 3; i++) {
        open_scan(OTHER, 100 + 50 * (float)i, UPRIGHT, BOX);
        read_page();
    }
    open_scan(CONTENT, 150, UPRIGHT, BOX);
    again = encoded();
    cr_assert_eq(first.size, again.size);
    cr_assert(memcmp(first.data, again.data, first.size) == 0);
    buf_deinit(&first);
    buf_deinit(&again);
}
