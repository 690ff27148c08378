/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/pdf/document, page_tree, labels and survey: small PDFs in, codes and surveys out.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pdf_sketch.h"
#include "workers/pdf/survey.h"

#define CATALOG "<< /Type /Catalog /Pages 2 0 R >>"
#define PAGE "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>"

static struct sketch_document sketch;

static void setup(void)
{
    sketch_document_init(&sketch);
}

static void teardown(void)
{
    sketch_document_deinit(&sketch);
}

TestSuite(pdf_document, .init = setup, .fini = teardown);

static struct page_record extract(uint32_t number)
{
    return sketch_document_extract(&sketch, number);
}

static void expect_code_for(const char *bytes, const char *code)
{
    const char *got;

    sketch_file(bytes, strlen(bytes), sketch.path);
    got = sketch_document_open(&sketch, NULL, 1000);
    cr_assert_not_null(got);
    cr_assert_str_eq(got, code);
}

static void expect_pages(const char *const *objects, uint32_t count, uint32_t pages)
{
    const char *code;

    sketch_pdf(objects, count, "", sketch.path);
    code = sketch_document_open(&sketch, NULL, 1000);
    cr_assert_null(code, "%s", code ? code : "");
    cr_assert_eq(sketch.document->page_count, pages, "%u pages", sketch.document->page_count);
}

/* --- opening --- */

Test(pdf_document, no_document)
{
    expect_code_for("", "not_a_document");
    unlink(sketch.path);
    expect_code_for("just a text\n", "not_a_document");
    unlink(sketch.path);
    expect_code_for("%PDF-1.4\nand then nothing of a PDF", "not_a_document");
}

Test(pdf_document, unsupported)
{
    expect_code_for("%!PS-Adobe-3.0\n%%EOF\n", "unsupported_format");
}

Test(pdf_document, not_there)
{
    snprintf(sketch.path, sizeof(sketch.path), "/tmp/ebb-test-pdf-none");
    cr_assert_str_eq(sketch_document_open(&sketch, NULL, 1), "io");
}

Test(pdf_document, too_large)
{
    static char big[(1U << 20) + 1] = "%PDF-1.4";

    sketch_file(big, sizeof(big), sketch.path);
    cr_assert_str_eq(sketch_document_open(&sketch, NULL, 1), "too_large");
}

Test(pdf_document, zero_pages)
{
    const char *objects[] = {CATALOG, "<< /Type /Pages /Kids [] /Count 0 >>"};

    sketch_pdf(objects, 2, "", sketch.path);
    cr_assert_str_eq(sketch_document_open(&sketch, NULL, 1), "zero_pages");
}

Test(pdf_document, too_many_pages)
{
    const char *objects[] = {CATALOG, "<< /Type /Pages /Kids [3 0 R 3 0 R 3 0 R] /Count 3 >>",
                             PAGE};

    sketch_pdf(objects, 3, "", sketch.path);
    cr_assert_str_eq(sketch_document_open(&sketch, NULL, 2), "too_many_pages");
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

    sketch_pdf(objects, 6, "", sketch.path);
    cr_assert_str_eq(sketch_document_open(&sketch, NULL, 100), "too_many_pages");
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
    cr_assert(sketch.document->tree.believed);
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

    cr_assert_eq(survey_document(sketch.document, sketch.arena, &record, &err), 0, "%s", err.msg);
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

    sketch_pdf(objects, 9, "/Info 9 0 R", sketch.path);
    cr_assert_null(sketch_document_open(&sketch, NULL, 10));
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

    sketch_file(pdf, sizeof(pdf) - 1, sketch.path);
    cr_assert_null(sketch_document_open(&sketch, NULL, 10));
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

    sketch_pdf_page("BT /F1 10 Tf 50 700 Td (secret) Tj ET", "", "", sketch.path);
    options.do_encrypt = PDF_ENCRYPT_AES_256;
    options.permissions = ~0;
    snprintf(options.upwd_utf8, sizeof(options.upwd_utf8), "%s", user);
    snprintf(options.opwd_utf8, sizeof(options.opwd_utf8), "%s", owner);
    fz_try(ctx)
    {
        doc = pdf_open_document(ctx, sketch.path);
        unlink(sketch.path);
        strcat(sketch.path, "e");
        pdf_save_document(ctx, doc, sketch.path, &options);
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
    cr_assert_str_eq(sketch_document_open(&sketch, NULL, 10), "password_required");
    cr_assert_str_eq(sketch_document_open(&sketch, "", 10), "password_required");
    cr_assert_str_eq(sketch_document_open(&sketch, "wrong", 10), "password_wrong");
    cr_assert_null(sketch_document_open(&sketch, "user", 10));
    cr_assert(sketch.document->encrypted);
    record = extract(1);
    cr_assert_str_eq(sketch_document_text(&sketch, &record), "secret\n\n");
    extractor_deinit(&sketch.extractor);
    document_close(sketch.document);
    cr_assert_null(sketch_document_open(&sketch, "owner", 10));
}

Test(pdf_document, encrypted_without_a_password_to_open)
{
    encrypt("", "owner");
    cr_assert_null(sketch_document_open(&sketch, NULL, 10));
    cr_assert(sketch.document->encrypted);
    cr_assert(survey().encrypted);
}
