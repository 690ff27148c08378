/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/pdf/extract: pages of small PDFs in, records out.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pdf_sketch.h"

#define CATALOG "<< /Type /Catalog /Pages 2 0 R >>"

static struct sketch_document sketch;

static void setup(void)
{
    sketch_document_init(&sketch);
}

static void teardown(void)
{
    sketch_document_deinit(&sketch);
}

TestSuite(pdf_extract, .init = setup, .fini = teardown);

static struct page_record extract(uint32_t number)
{
    return sketch_document_extract(&sketch, number);
}

static void expect_pages(const char *const *objects, uint32_t count, uint32_t pages)
{
    const char *code;

    sketch_pdf(objects, count, "", sketch.path);
    code = sketch_document_open(&sketch, NULL, 1000);
    cr_assert_null(code, "%s", code ? code : "");
    cr_assert_eq(sketch.document->page_count, pages, "%u pages", sketch.document->page_count);
}

static struct page_record extract_content(const char *content, const char *page_more,
                                          const char *font_more)
{
    sketch_pdf_page(content, page_more, font_more, sketch.path);
    cr_assert_null(sketch_document_open(&sketch, NULL, 10));
    return extract(1);
}

static void expect_text(const char *content, const char *text)
{
    struct page_record record = extract_content(content, "", "");

    cr_assert_null(record.failure_code, "%s", record.failure_text);
    cr_assert_str_eq(sketch_document_text(&sketch, &record), text);
}

Test(pdf_extract, strings_arrays_and_line_operators)
{
    expect_text("BT /F1 10 Tf 12 TL 50 700 Td (one) Tj T* (two) Tj (three) ' 0 0 (four) \" ET",
                "one\ntwo\nthree\nfour\n\n");
}

Test(pdf_extract, gaps_in_arrays)
{
    expect_text("BT /F1 10 Tf 50 700 Td [(ker) -20 (ning) -300 (and) 50 (space)] TJ ET",
                "kerning andspace\n\n");
}

Test(pdf_extract, words_placed_one_by_one)
{
    expect_text("BT /F1 10 Tf 1 0 0 1 50 700 Tm (far) Tj 1 0 0 1 66 700 Tm (away) Tj ET",
                "far away\n\n");
}

Test(pdf_extract, matrices_states_and_text_state)
{
    struct page_record record =
        extract_content("q 2 0 0 2 0 0 cm BT /F1 10 Tf 50 100 Td 5 Ts 50 Tz (big) Tj ET Q "
                        "BT /F1 10 Tf 50 100 Td (small) Tj ET",
                        "", "");
    const struct page_span *big = &record.blocks[0].lines[0].spans[0];

    cr_assert_str_eq(sketch_document_text(&sketch, &record), "big\n\nsmall\n\n");
    cr_assert_float_eq(big->size_pt, 20 * 0.7071F, 0.01);
    cr_assert_float_eq(big->box.x0, 100, 0.1);
    cr_assert_float_eq(record.blocks[1].lines[0].spans[0].size_pt, 10, 0.01);
}

Test(pdf_extract, colours_of_text)
{
    struct page_record record =
        extract_content("BT /F1 10 Tf 50 700 Td 1 0 0 rg (red ) Tj 0 g (black ) Tj "
                        "1 0 0 0 k (cyan ) Tj /DeviceRGB cs 0 0 1 sc (blue ) Tj "
                        "0 1 0 RG 1 Tr (green) Tj ET",
                        "", "");
    static const uint32_t wanted[] = {0xFF0000, 0x000000, 0x00FFFF, 0x0000FF, 0x00FF00};

    cr_assert_eq(record.blocks[0].lines[0].span_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        cr_assert_eq(record.blocks[0].lines[0].spans[i].color_rgb, wanted[i], "span %u is %06x", i,
                     record.blocks[0].lines[0].spans[i].color_rgb);
    }
}

Test(pdf_extract, invisible_text_is_marked)
{
    struct page_record record = extract_content(
        "BT /F1 10 Tf 50 700 Td 3 Tr (unseen) Tj 0 -20 Td 0 Tr (seen) Tj ET", "", "");

    cr_assert_str_eq(sketch_document_text(&sketch, &record), "unseen\nseen\n\n");
    cr_assert(record.blocks[0].lines[0].spans[0].style & PAGE_STYLE_HIDDEN);
    cr_assert_not(record.blocks[0].lines[1].spans[0].style & PAGE_STYLE_HIDDEN);
    cr_assert_eq(record.hidden_count, 6);
}

Test(pdf_extract, glyph_names_where_there_is_no_unicode)
{
    struct page_record record = extract_content(
        "BT /F1 10 Tf 50 700 Td (\001\002\003\004\005) Tj ET", "",
        "/Encoding << /Type /Encoding /Differences [1 /f_i /a.LP /uni0416 /g77 /T_h] >>");

    cr_assert_str_eq(sketch_document_text(&sketch, &record), "fia\xd0\x96\xef\xbf\xbdTh\n\n");
    cr_assert_eq(record.glyph_count, 5);
    cr_assert_eq(record.garbled_count, 1);
}

Test(pdf_extract, pages_without_known_characters_are_garbled)
{
    struct page_record record =
        extract_content("BT /F1 10 Tf 50 700 Td (\001\002\001\002 ab) Tj ET", "",
                        "/Encoding << /Type /Encoding /Differences [1 /g1 /g2] >>");

    cr_assert_eq(record.garbled_count, 4);
    cr_assert_str_eq(record.ocr_reason, "garbled");
}

Test(pdf_extract, rotation_is_applied)
{
    struct page_record record =
        extract_content("BT /F1 10 Tf 0 1 -1 0 100 50 Tm (turned back) Tj ET", "/Rotate 90", "");

    cr_assert_eq(record.rotation_deg, 90);
    cr_assert_float_eq(record.width_pt, 792, 0.01);
    cr_assert_float_eq(record.height_pt, 612, 0.01);
    cr_assert_str_eq(sketch_document_text(&sketch, &record), "turned back\n\n");
    cr_assert_eq(record.blocks[0].lines[0].angle_deg, 0);
    cr_assert_float_eq(record.blocks[0].box.x0, 50, 0.1);
}

Test(pdf_extract, crop_and_unit)
{
    struct page_record record = extract_content("BT /F1 10 Tf 110 650 Td (x) Tj ET",
                                                "/CropBox [100 100 300 700] /UserUnit 2", "");

    cr_assert_float_eq(record.width_pt, 400, 0.01);
    cr_assert_float_eq(record.height_pt, 1200, 0.01);
    cr_assert_float_eq(record.blocks[0].box.x0, 20, 0.1);
    cr_assert_float_eq(record.blocks[0].lines[0].spans[0].size_pt, 20, 0.01);
}

Test(pdf_extract, inline_images_count)
{
    struct page_record record =
        extract_content("q 612 0 0 792 0 0 cm BI /W 2 /H 1 /BPC 8 /CS /G ID \x7f\x80 EI Q", "", "");

    cr_assert_eq(record.image_count, 1);
    cr_assert_float_eq(record.image_cover, 1, 0.01);
    cr_assert_str_eq(record.ocr_reason, "no_text");
}

static const char *const WITH_FORMS[] = {
    "<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [8 0 R] /D << /OFF [8 0 R] >> >> >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents [4 0 R 5 0 R] /Resources << "
    "/Font << /F1 6 0 R >> /XObject << /Fm 7 0 R /Im 9 0 R >> /Properties << /Oc 8 0 R >> >> >>",
    "<< /Length 45 >>\nstream\nBT /F1 10 Tf 50 700 Td (before) Tj ET /Fm Do \nendstream",
    "<< /Length 89 >>\nstream\n/OC /Oc BDC BT /F1 10 Tf 50 500 Td (never) Tj ET EMC "
    "q 306 0 0 396 0 0 cm /Im Do Q       \nendstream",
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    "<< /Type /XObject /Subtype /Form /BBox [0 0 100 100] /Matrix [1 0 0 1 0 -50] /Resources << "
    "/Font << /F1 6 0 R >> /XObject << /Fm 7 0 R >> >> /Length 49 >>\nstream\n"
    "BT /F1 10 Tf 50 700 Td (form) Tj ET /Fm Do  Q Q Q\nendstream",
    "<< /Type /OCG /Name (hidden) >>",
    "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace "
    "/DeviceGray /Filter /JPXDecode /Length 3 >>\nstream\nbad\nendstream"};

Test(pdf_extract, forms_images_and_hidden_layers)
{
    struct page_record record;

    expect_pages(WITH_FORMS, 9, 1);
    record = extract(1);
    cr_assert_null(record.failure_code);
    cr_assert_str_eq(sketch_document_text(&sketch, &record), "before\n\nform\n\n");
    cr_assert_eq(record.image_count, 1);
    cr_assert_float_eq(record.image_cover, 0.25, 0.02);
    cr_assert_gt(record.warning_count, 0); /* the form is inside itself */
}

static const char NOTE[] =
    "<< /Type /XObject /Subtype /Form /BBox [0 0 200 50] /Resources << /Font << /F1 6 0 R >> >> "
    "/Length 39 >>\nstream\nBT /F1 10 Tf 10 20 Td (a note) Tj ET   \nendstream";

Test(pdf_extract, annotations_and_fields_show_their_text)
{
    const char *objects[] = {
        CATALOG,
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Annots [4 0 R 7 0 R] >>",
        "<< /Type /Annot /Subtype /FreeText /Rect [50 600 250 650] /AP << /N 5 0 R >> >>",
        NOTE,
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /Annot /Subtype /Link /Rect [0 0 10 10] >>"};
    struct page_record record;

    expect_pages(objects, 7, 1);
    record = extract(1);
    cr_assert_str_eq(sketch_document_text(&sketch, &record), "a note\n\n");
    cr_assert_float_eq(record.blocks[0].box.x0, 60, 0.5);
}

Test(pdf_extract, broken_content_costs_only_what_is_broken)
{
    expect_text("BT /F1 10 Tf 50 700 Td (good) Tj ) ] >> /Nope Do /Nope gs }{ 1 2 3 foo "
                "0 -20 Td [(lost) (too) Tj (also good) Tj ET",
                "good\nalso good\n\n");
}

Test(pdf_extract, text_without_font_or_size_is_no_harm)
{
    expect_text("(nothing) Tj BT (nothing) Tj /F1 0 Tf (zero) Tj /F1 10 Tf 0 0 0 0 50 700 Tm "
                "(flat) Tj 1 0 0 1 50 700 Tm (text) Tj ET",
                "text\n\n");
}

Test(pdf_extract, states_pushed_without_end)
{
    static char content[65536];
    size_t length = 0;

    for (int i = 0; i < 20000; i++) {
        length += (size_t)snprintf(content + length, sizeof(content) - length, "q ");
    }
    for (int i = 0; i < 10000; i++) {
        length += (size_t)snprintf(content + length, sizeof(content) - length, "Q ");
    }
    snprintf(content + length, sizeof(content) - length, "BT /F1 10 Tf 50 700 Td (end) Tj ET");
    expect_text(content, "end\n\n");
}

Test(pdf_extract, pages_do_not_leak_into_each_other)
{
    struct page_record first = extract_content("BT /F1 10 Tf 50 700 Td (text) Tj ET", "", "");
    const char *text = sketch_document_text(&sketch, &first);
    struct page_record again = extract(1);

    cr_assert_str_eq(sketch_document_text(&sketch, &again), text);
    cr_assert_eq(again.glyph_count, 4);
    cr_assert_eq(again.font_count, 1);
    cr_assert_str_eq(again.fonts[0].name, "Helvetica");
}

Test(pdf_extract, a_cancelled_page_ends_soon)
{
    struct page_record record;

    sketch_pdf_page("BT /F1 10 Tf 50 700 Td (text) Tj ET", "", "", sketch.path);
    cr_assert_null(sketch_document_open(&sketch, NULL, 10));
    sketch.extractor.cookie.abort = 1;
    record = extract(1);
    cr_assert_str_eq(sketch_document_text(&sketch, &record), "");
}

static bool cancel_at_once(void *user)
{
    ++*(int *)user;
    return true;
}

Test(pdf_extract, who_cancels_is_asked_in_a_long_page)
{
    static char content[200000];
    size_t length = (size_t)snprintf(content, sizeof(content), "BT /F1 10 Tf 1 0 0 1 50 700 Tm ");
    int asked = 0;
    struct page_record record;

    while (length < sizeof(content) - 100) {
        length += (size_t)snprintf(content + length, sizeof(content) - length, "(x) Tj ");
    }
    sketch_pdf_page(content, "", "", sketch.path);
    cr_assert_null(sketch_document_open(&sketch, NULL, 10));
    sketch.extractor.interpreter.cancelled = cancel_at_once;
    sketch.extractor.interpreter.user = &asked;
    record = extract(1);
    cr_assert_eq(asked, 1);
    cr_assert_lt(record.glyph_count, 2000);
}

Test(pdf_extract, a_page_over_its_memory_costs_itself)
{
    struct arena *small = arena_create(2000);
    struct page_record record;

    sketch_pdf_page("BT /F1 10 Tf 50 700 Td (text) Tj ET", "", "", sketch.path);
    cr_assert_null(sketch_document_open(&sketch, NULL, 10));
    extract_page(&sketch.extractor, 1, small, &record);
    cr_assert_str_eq(record.failure_code, "memory_exceeded");
    cr_assert_eq(record.block_count, 0);
    cr_assert_eq(record.text_bytes, 0);
    arena_destroy(small);
    cr_assert_null(extract(1).failure_code);
}

Test(pdf_extract, images_are_documents_too)
{
    /* A GIF of one pixel. */
    static const unsigned char gif[] = "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0"
                                       "\0\2\2D\1\0;";
    struct page_record record;
    const char *code;

    sketch_file(gif, sizeof(gif) - 1, sketch.path);
    code = sketch_document_open(&sketch, NULL, 10);
    cr_assert_null(code, "%s", code ? code : "");
    cr_assert_eq(sketch.document->page_count, 1);
    record = extract(1);
    cr_assert_null(record.failure_code, "%s", record.failure_text);
    cr_assert_eq(record.image_count, 1);
    cr_assert_str_eq(record.ocr_reason, "no_text");
    cr_assert_str_eq(sketch.document->format.name, "GIF");
}
