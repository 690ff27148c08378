/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/pdf from the outside: small PDFs in, codes, surveys and page records out.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pdf_sketch.h"
#include "workers/pdf/document.h"
#include "workers/pdf/extract.h"
#include "workers/pdf/survey.h"

#define CATALOG "<< /Type /Catalog /Pages 2 0 R >>"
#define PAGE "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>"

static char path[SKETCH_PATH_BYTES];
static struct document *document;
static struct extractor extractor;
static struct arena *arena;

static void setup(void)
{
    arena = arena_create(0);
}

static void teardown(void)
{
    if (document) {
        extractor_deinit(&extractor);
        document_close(document);
        document = NULL;
    }
    arena_destroy(arena);
    unlink(path);
}

TestSuite(pdf_document, .init = setup, .fini = teardown);
TestSuite(pdf_extract, .init = setup, .fini = teardown);

/* NULL when the file opened, else the code. */
static const char *open_path(const char *password, uint32_t pages_max)
{
    struct document_options options = {.password = password,
                                       .store_bytes = 16U << 20,
                                       .source_bytes = 1U << 20,
                                       .pages = pages_max};
    struct error err = ERROR_INIT;
    const char *code = NULL;

    if (document_open(path, &options, &document, &code, &err) < 0) {
        cr_assert_neq(err.code, ERROR_NONE);
        cr_assert_neq(err.msg[0], '\0');
        return code;
    }
    extractor_init(
        &extractor, document,
        &(struct extract_options){.page_glyphs = 100000, .interpreter = {.font_bytes = 16U << 20}});
    return NULL;
}

static void expect_code_for(const char *bytes, const char *code)
{
    const char *got;

    sketch_file(bytes, strlen(bytes), path);
    got = open_path(NULL, 1000);
    cr_assert_not_null(got);
    cr_assert_str_eq(got, code);
}

static void expect_pages(const char *const *objects, uint32_t count, uint32_t pages)
{
    const char *code;

    sketch_pdf(objects, count, "", path);
    code = open_path(NULL, 1000);
    cr_assert_null(code, "%s", code ? code : "");
    cr_assert_eq(document->page_count, pages, "%u pages", document->page_count);
}

static struct page_record extract(uint32_t number)
{
    struct page_record record;

    extract_page(&extractor, number, arena, &record);
    return record;
}

static const char *text_of(const struct page_record *record)
{
    return arena_strndup(arena, record->text, record->text_bytes);
}

static struct page_record extract_content(const char *content, const char *page_more,
                                          const char *font_more)
{
    sketch_pdf_page(content, page_more, font_more, path);
    cr_assert_null(open_path(NULL, 10));
    return extract(1);
}

static void expect_text(const char *content, const char *text)
{
    struct page_record record = extract_content(content, "", "");

    cr_assert_null(record.failure_code, "%s", record.failure_text);
    cr_assert_str_eq(text_of(&record), text);
}

/* --- opening --- */

Test(pdf_document, no_document)
{
    expect_code_for("", "not_a_document");
    unlink(path);
    expect_code_for("just a text\n", "not_a_document");
    unlink(path);
    expect_code_for("%PDF-1.4\nand then nothing of a PDF", "not_a_document");
}

Test(pdf_document, unsupported)
{
    expect_code_for("%!PS-Adobe-3.0\n%%EOF\n", "unsupported_format");
}

Test(pdf_document, not_there)
{
    snprintf(path, sizeof(path), "/tmp/ebb-test-pdf-none");
    cr_assert_str_eq(open_path(NULL, 1), "io");
}

Test(pdf_document, too_large)
{
    static char big[(1U << 20) + 1] = "%PDF-1.4";

    sketch_file(big, sizeof(big), path);
    cr_assert_str_eq(open_path(NULL, 1), "too_large");
}

Test(pdf_document, zero_pages)
{
    const char *objects[] = {CATALOG, "<< /Type /Pages /Kids [] /Count 0 >>"};

    sketch_pdf(objects, 2, "", path);
    cr_assert_str_eq(open_path(NULL, 1), "zero_pages");
}

Test(pdf_document, too_many_pages)
{
    const char *objects[] = {CATALOG, "<< /Type /Pages /Kids [3 0 R 3 0 R 3 0 R] /Count 3 >>",
                             PAGE};

    sketch_pdf(objects, 3, "", path);
    cr_assert_str_eq(open_path(NULL, 2), "too_many_pages");
}

Test(pdf_document, a_count_that_lies_is_not_believed)
{
    const char *objects[] = {CATALOG, "<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>", PAGE};

    expect_pages(objects, 3, 1);
}

Test(pdf_document, a_count_below_that_lies_is_not_believed)
{
    const char *objects[] = {CATALOG, "<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 9 >>",
                             "<< /Type /Pages /Parent 2 0 R /Kids [4 0 R] /Count 8 >>",
                             "<< /Type /Page /Parent 3 0 R /MediaBox [0 0 100 100] >>",
                             "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>"};

    expect_pages(objects, 5, 2);
    cr_assert_float_eq(extract(1).width_pt, 100, 0.01);
    cr_assert_float_eq(extract(2).width_pt, 200, 0.01);
}

Test(pdf_document, a_tree_that_bites_its_tail)
{
    const char *objects[] = {CATALOG, "<< /Type /Pages /Kids [2 0 R 3 0 R 2 0 R] /Count 3 >>",
                             PAGE};

    expect_pages(objects, 3, 1);
}

Test(pdf_document, a_tree_that_grows_without_end)
{
    const char *objects[] = {CATALOG,
                             "<< /Type /Pages /Kids [3 0 R 3 0 R 3 0 R 3 0 R] /Count 256 >>",
                             "<< /Type /Pages /Kids [4 0 R 4 0 R 4 0 R 4 0 R] /Count 64 >>",
                             "<< /Type /Pages /Kids [5 0 R 5 0 R 5 0 R 5 0 R] /Count 16 >>",
                             "<< /Type /Pages /Kids [6 0 R 6 0 R 6 0 R 6 0 R] /Count 4 >>",
                             PAGE};

    sketch_pdf(objects, 6, "", path);
    cr_assert_str_eq(open_path(NULL, 100), "too_many_pages");
}

Test(pdf_document, pages_that_no_tree_leads_to_are_found)
{
    const char *objects[] = {CATALOG, "<< /Type /Pages /Kids [2 0 R] /Count 1 >>", PAGE};

    expect_pages(objects, 3, 1);
}

Test(pdf_document, deep_trees_are_walked_by_count)
{
    const char *objects[] = {
        CATALOG,
        "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 3 >>",
        "<< /Type /Pages /Parent 2 0 R /Kids [5 0 R 6 0 R] /Count 2 /MediaBox [0 0 111 111] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 333 333] >>",
        "<< /Type /Page /Parent 3 0 R >>",
        "<< /Type /Page /Parent 3 0 R /MediaBox [0 0 222 222] >>"};

    expect_pages(objects, 6, 3);
    cr_assert(document->tree.believed);
    cr_assert_float_eq(extract(3).width_pt, 333, 0.01);
    cr_assert_float_eq(extract(2).width_pt, 222, 0.01);
    cr_assert_float_eq(extract(1).width_pt, 111, 0.01);
}

Test(pdf_document, a_kid_that_is_no_page_costs_itself)
{
    const char *objects[] = {CATALOG, "<< /Type /Pages /Kids [3 0 R 9 0 R 3 0 R] /Count 3 >>",
                             PAGE};
    struct page_record record;

    expect_pages(objects, 3, 3);
    record = extract(2);
    cr_assert_str_eq(record.failure_code, "damaged");
    cr_assert_neq(record.failure_text[0], '\0');
    cr_assert_eq(record.block_count, 0);
    cr_assert_null(extract(3).failure_code);
}

Test(pdf_document, page_labels)
{
    static const char *const wanted[] = {"i", "ii", "A-7", "A-8", "*", "c"};
    const char *objects[] = {
        "<< /Type /Catalog /Pages 2 0 R /PageLabels << /Nums [0 << /S /r >> "
        "2 << /S /D /P (A-) /St 7 >> 4 << /P (*) >> 5 << /S /a /St 3 >>] >> >>",
        "<< /Type /Pages /Kids [3 0 R 3 0 R 3 0 R 3 0 R 3 0 R 3 0 R] /Count 6 >>", PAGE};

    expect_pages(objects, 3, 6);
    for (uint32_t i = 0; i < 6; i++) {
        cr_assert_str_eq(extract(i + 1).label, wanted[i]);
    }
}

Test(pdf_document, page_labels_that_loop)
{
    const char *objects[] = {"<< /Type /Catalog /Pages 2 0 R /PageLabels 4 0 R >>",
                             "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", PAGE,
                             "<< /Kids [4 0 R 4 0 R] >>"};

    expect_pages(objects, 4, 1);
    cr_assert_null(extract(1).label);
}

/* --- survey --- */

static struct survey_record survey(void)
{
    struct survey_record record;
    struct error err = ERROR_INIT;

    cr_assert_eq(survey_document(document, arena, &record, &err), 0, "%s", err.msg);
    return record;
}

Test(pdf_document, survey_of_metadata_and_outline)
{
    const char *objects[] = {
        "<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R /Dests << /second [5 0 R /Fit] >> >>",
        "<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 >>",
        PAGE,
        "<< /First 6 0 R /Last 7 0 R >>",
        PAGE,
        "<< /Title (One) /Dest [3 0 R /Fit] /Next 7 0 R /First 8 0 R >>",
        "<< /Title <FEFF005A0077006500690020201C> /A << /S /GoTo /D /second >> >>",
        "<< /Title (One and a bit) /A << /S /URI /URI (http://example.org/) >> >>",
        "<< /Title (T) /Author (A) >>"};
    struct survey_record record;

    sketch_pdf(objects, 9, "/Info 9 0 R", path);
    cr_assert_null(open_path(NULL, 10));
    record = survey();
    cr_assert_str_eq(record.format, "PDF 1.7");
    cr_assert_eq(record.page_count, 2);
    cr_assert_not(record.encrypted);
    cr_assert_not(record.repaired);
    cr_assert_eq(record.metadata_count, 2);
    cr_assert_str_eq(record.metadata[0].key, "title");
    cr_assert_str_eq(record.metadata[0].value, "T");
    cr_assert_str_eq(record.metadata[1].key, "author");
    cr_assert_eq(record.outline_count, 3);
    cr_assert_str_eq(record.outline[0].title, "One");
    cr_assert_eq(record.outline[0].page, 1);
    cr_assert_eq(record.outline[1].depth, 1);
    cr_assert_eq(record.outline[1].page, 0);
    cr_assert_str_eq(record.outline[2].title, "Zwei \xe2\x80\x9c");
    cr_assert_eq(record.outline[2].page, 2);
}

Test(pdf_document, outlines_that_loop_end)
{
    const char *objects[] = {"<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>",
                             "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                             PAGE,
                             "<< /First 5 0 R >>",
                             "<< /Title (a) /Next 6 0 R /First 5 0 R >>",
                             "<< /Title (b) /Next 5 0 R /First 4 0 R >>"};

    expect_pages(objects, 6, 1);
    cr_assert_eq(survey().outline_count, 3); /* a, b, and the root as an entry below b */
}

Test(pdf_document, a_damaged_file_is_repaired_and_says_so)
{
    static const char pdf[] = "%PDF-1.4\n1 0 obj\n" CATALOG "\nendobj\n2 0 obj\n"
                              "<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n" PAGE
                              "\nendobj\nstartxref\n99999\n%%EOF\n";
    struct survey_record record;

    sketch_file(pdf, sizeof(pdf) - 1, path);
    cr_assert_null(open_path(NULL, 10));
    record = survey();
    cr_assert_eq(record.page_count, 1);
    cr_assert(record.repaired);
    cr_assert_gt(record.warning_count, 0);
}

/* mupdf encrypts a small PDF for us. */
static void encrypt(const char *user, const char *owner)
{
    fz_context *ctx = fz_new_context(NULL, NULL, FZ_STORE_DEFAULT);
    pdf_write_options options = pdf_default_write_options;
    pdf_document *doc;

    sketch_pdf_page("BT /F1 10 Tf 50 700 Td (secret) Tj ET", "", "", path);
    options.do_encrypt = PDF_ENCRYPT_AES_256;
    options.permissions = ~0;
    snprintf(options.upwd_utf8, sizeof(options.upwd_utf8), "%s", user);
    snprintf(options.opwd_utf8, sizeof(options.opwd_utf8), "%s", owner);
    fz_try(ctx)
    {
        doc = pdf_open_document(ctx, path);
        unlink(path);
        strcat(path, "e");
        pdf_save_document(ctx, doc, path, &options);
        pdf_drop_document(ctx, doc);
    }
    fz_catch(ctx)
    {
        cr_assert_fail("%s", fz_caught_message(ctx));
    }
    fz_drop_context(ctx);
}

Test(pdf_document, passwords)
{
    struct page_record record;

    encrypt("user", "owner");
    cr_assert_str_eq(open_path(NULL, 10), "password_required");
    cr_assert_str_eq(open_path("", 10), "password_required");
    cr_assert_str_eq(open_path("wrong", 10), "password_wrong");
    cr_assert_null(open_path("user", 10));
    cr_assert(document->encrypted);
    record = extract(1);
    cr_assert_str_eq(text_of(&record), "secret\n\n");
    extractor_deinit(&extractor);
    document_close(document);
    cr_assert_null(open_path("owner", 10));
}

Test(pdf_document, encrypted_without_a_password_to_open)
{
    encrypt("", "owner");
    cr_assert_null(open_path(NULL, 10));
    cr_assert(document->encrypted);
    cr_assert(survey().encrypted);
}

/* --- extract --- */

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

    cr_assert_str_eq(text_of(&record), "big\n\nsmall\n\n");
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

    cr_assert_str_eq(text_of(&record), "unseen\nseen\n\n");
    cr_assert(record.blocks[0].lines[0].spans[0].style & PAGE_STYLE_HIDDEN);
    cr_assert_not(record.blocks[0].lines[1].spans[0].style & PAGE_STYLE_HIDDEN);
    cr_assert_eq(record.hidden_count, 6);
}

Test(pdf_extract, glyph_names_where_there_is_no_unicode)
{
    struct page_record record = extract_content(
        "BT /F1 10 Tf 50 700 Td (\001\002\003\004\005) Tj ET", "",
        "/Encoding << /Type /Encoding /Differences [1 /f_i /a.LP /uni0416 /g77 /T_h] >>");

    cr_assert_str_eq(text_of(&record), "fia\xd0\x96\xef\xbf\xbdTh\n\n");
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
    cr_assert_str_eq(text_of(&record), "turned back\n\n");
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
    cr_assert_str_eq(text_of(&record), "before\n\nform\n\n");
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
    cr_assert_str_eq(text_of(&record), "a note\n\n");
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
    const char *text = text_of(&first);
    struct page_record again = extract(1);

    cr_assert_str_eq(text_of(&again), text);
    cr_assert_eq(again.glyph_count, 4);
    cr_assert_eq(again.font_count, 1);
    cr_assert_str_eq(again.fonts[0].name, "Helvetica");
}

Test(pdf_extract, a_cancelled_page_ends_soon)
{
    struct page_record record;

    sketch_pdf_page("BT /F1 10 Tf 50 700 Td (text) Tj ET", "", "", path);
    cr_assert_null(open_path(NULL, 10));
    extractor.cookie.abort = 1;
    record = extract(1);
    cr_assert_str_eq(text_of(&record), "");
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
    sketch_pdf_page(content, "", "", path);
    cr_assert_null(open_path(NULL, 10));
    extractor.interpreter.cancelled = cancel_at_once;
    extractor.interpreter.user = &asked;
    record = extract(1);
    cr_assert_eq(asked, 1);
    cr_assert_lt(record.glyph_count, 2000);
}

Test(pdf_extract, a_page_over_its_memory_costs_itself)
{
    struct arena *small = arena_create(2000);
    struct page_record record;

    sketch_pdf_page("BT /F1 10 Tf 50 700 Td (text) Tj ET", "", "", path);
    cr_assert_null(open_path(NULL, 10));
    extract_page(&extractor, 1, small, &record);
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

    sketch_file(gif, sizeof(gif) - 1, path);
    code = open_path(NULL, 10);
    cr_assert_null(code, "%s", code ? code : "");
    cr_assert_eq(document->page_count, 1);
    record = extract(1);
    cr_assert_null(record.failure_code, "%s", record.failure_text);
    cr_assert_eq(record.image_count, 1);
    cr_assert_str_eq(record.ocr_reason, "no_text");
    cr_assert_str_eq(survey().format, "GIF");
}
