/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/pdf/assemble, text_layer and pdf_writer: a source and artifacts of ocr in, a PDF out that
 * is opened and extracted again.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "pdf_sketch.h"
#include "proto/artifact.h"
#include "workers/pdf/assemble.h"

#define FOLDER_BYTES 64
#define PATH_BYTES 256

struct word {
    const char *text;
    struct page_box box;
};

static char folder[FOLDER_BYTES];
static struct sketch_document source;
static struct sketch_document made;
static struct arena *arena;
static uint32_t failed_page;
static char failed_text[256];
static uint32_t pages_until_cancelled;
static const char *ocr_reason;

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/ebb-test-assemble-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    sketch_document_init(&source);
    sketch_document_init(&made);
    arena = arena_create(64U << 20);
    pages_until_cancelled = UINT32_MAX;
    ocr_reason = "no_text";
}

static void teardown(void)
{
    sketch_document_deinit(&source);
    sketch_document_deinit(&made);
    arena_destroy(arena);
    cr_assert_eq(file_remove_tree(folder, NULL), 0);
}

TestSuite(pdf_assemble, .init = setup, .fini = teardown);

/* --- what ocr leaves --- */

static void write_artifact(const struct page_record *record)
{
    char name[ARTIFACT_NAME_BYTES];
    char path[PATH_BYTES];
    struct artifact_writer *writer;
    struct error err = ERROR_INIT;
    struct buf buf;

    buf_init(&buf, 1 << 20);
    artifact_name("ocr", record->number, record->number, name);
    cr_assert_eq(file_join(path, sizeof(path), folder, name, &err), 0);
    writer = artifact_create(path, "pages", &err);
    cr_assert_not_null(writer, "%s", err.msg);
    cr_assert_eq(page_record_encode(record, &buf, &err), 0, "%s", err.msg);
    cr_assert_eq(artifact_append(writer, buf.data, buf.size, &err), 0);
    cr_assert_eq(artifact_commit(writer, NULL, &err), 0);
    buf_deinit(&buf);
}

/* A page of one line: spaces stand behind the words. */
static void write_line(uint32_t number, float width_pt, float height_pt, int16_t angle_deg,
                       const struct word *words, uint32_t count)
{
    struct page_span spans[8];
    struct page_line line = {.angle_deg = angle_deg, .spans = spans, .span_count = count};
    struct page_block block = {.ocr = true, .lines = &line, .line_count = 1};
    struct page_font font = {"", 0};
    struct page_record record = {.number = number,
                                 .width_pt = width_pt,
                                 .height_pt = height_pt,
                                 .source = "ocr",
                                 .ocr_reason = ocr_reason,
                                 .fonts = &font,
                                 .font_count = 1,
                                 .blocks = &block,
                                 .block_count = 1,
                                 .text = ""};

    for (uint32_t i = 0; i < count; i++) {
        spans[i] = (struct page_span){.text = words[i].text,
                                      .text_bytes = (uint32_t)strlen(words[i].text),
                                      .size_pt = 12,
                                      .box = words[i].box,
                                      .confidence = 90};
    }
    line.box = block.box = words[0].box;
    write_artifact(&record);
}

static const struct word PLAIN[] = {{"The ", {100, 200, 118, 212}},
                                    {"quick ", {124, 200, 154, 212}},
                                    {"fox", {160, 200, 178, 212}}};

/* --- assembling --- */

static bool progress(void *user, uint32_t page, uint32_t pages_done)
{
    (void)user;
    cr_assert_eq(page, pages_done + 1);
    return pages_done < pages_until_cancelled;
}

static void page_failed(void *user, uint32_t page, const char *text)
{
    (void)user;
    failed_page = page;
    snprintf(failed_text, sizeof(failed_text), "%s", text);
}

static int assemble(const char *password, struct assemble_result *ret_result, struct error *err)
{
    struct assemble_job job = {.document = source.document,
                               .source = source.path,
                               .folder = folder,
                               .languages = "deu+eng",
                               .password = password,
                               .arena = arena,
                               .progress = progress,
                               .page_failed = page_failed};

    return assemble_document(&job, ret_result, err);
}

/* Assembles and opens what came of it. */
static struct assemble_result assemble_well(const char *password)
{
    struct assemble_result result;
    struct error err = ERROR_INIT;
    const char *code;

    cr_assert_eq(assemble(password, &result, &err), 0, "%s", err.msg);
    cr_assert_lt(snprintf(made.path, sizeof(made.path), "%s/" ASSEMBLE_NAME, folder),
                 (int)sizeof(made.path));
    code = sketch_document_open(&made, password, 1000);
    cr_assert_null(code, "%s", code ? code : "");
    cr_assert_not(pdf_was_repaired(made.document->ctx, made.document->pdf));
    return result;
}

static const char *made_text(uint32_t page)
{
    struct page_record record = sketch_document_extract(&made, page);

    cr_assert_null(record.failure_code, "%s", record.failure_text);
    return sketch_document_text(&made, &record);
}

static void open_source(const char *password)
{
    const char *code = sketch_document_open(&source, password, 1000);

    cr_assert_null(code, "%s", code ? code : "");
}

static void read_file(const char *path, struct buf *ret_buf)
{
    buf_init(ret_buf, 1 << 20);
    cr_assert_eq(file_read(path, 1 << 20, ret_buf, NULL), 0);
}

Test(pdf_assemble, what_was_read_is_there_and_the_source_is_as_it_was)
{
    struct assemble_result result;
    struct page_record record;
    struct buf before, after;

    sketch_pdf_page("BT /F1 10 Tf 50 700 Td (printed) Tj ET", "", "", source.path);
    open_source(NULL);
    write_line(1, 612, 792, 0, PLAIN, 3);
    result = assemble_well(NULL);
    cr_assert_eq(result.pages_read, 1);
    cr_assert_eq(result.words, 3);
    record = sketch_document_extract(&made, 1);
    cr_assert_str_eq(sketch_document_text(&made, &record), "printed\n\nThe quick fox\n\n");
    cr_assert_eq(record.hidden_count, 11);
    cr_assert_float_eq(record.blocks[1].box.x0, 100, 0.5);
    cr_assert_float_eq(record.blocks[1].box.y0, 200, 0.5);
    cr_assert_float_eq(record.blocks[1].box.x1, 178, 0.5);
    cr_assert_float_eq(record.blocks[1].box.y1, 212, 0.5);
    read_file(source.path, &before);
    read_file(made.path, &after);
    cr_assert_eq(result.bytes, after.size);
    cr_assert_gt(after.size, before.size);
    cr_assert_eq(memcmp(before.data, after.data, before.size), 0);
    buf_deinit(&before);
    buf_deinit(&after);
}

Test(pdf_assemble, metadata_says_who_made_it_and_in_which_language)
{
    fz_context *ctx;
    pdf_obj *trailer;
    const char *objects[] = {"<< /Type /Catalog /Pages 2 0 R >>",
                             "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                             "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>",
                             "<< /Title (A title) /Producer (scanner) >>"};

    sketch_pdf(objects, 4, "/Info 4 0 R", source.path);
    open_source(NULL);
    write_line(1, 612, 792, 0, PLAIN, 3);
    assemble_well(NULL);
    ctx = made.document->ctx;
    trailer = pdf_trailer(ctx, made.document->pdf);
    cr_assert_str_eq(pdf_to_text_string(ctx, pdf_dict_getp(ctx, trailer, "Root/Lang")), "de");
    cr_assert_str_eq(pdf_to_text_string(ctx, pdf_dict_getp(ctx, trailer, "Info/Title")), "A title");
    cr_assert_str_eq(pdf_to_text_string(ctx, pdf_dict_getp(ctx, trailer, "Info/Producer")),
                     "scanner; made searchable by ebb " EBB_VERSION);
}

Test(pdf_assemble, scripts_of_all_kinds)
{
    static const struct word words[] = {{"Stra\xc3\x9f"
                                         "e ",
                                         {100, 100, 130, 110}},
                                        {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d ", {140, 100, 164, 110}},
                                        {"\xe6\x97\xa5\xe6\x9c\xac ", {170, 100, 190, 110}},
                                        {"\xf0\xa0\x80\x8b", {196, 100, 206, 110}}};

    sketch_pdf_page("", "", "", source.path);
    open_source(NULL);
    write_line(1, 612, 792, 0, words, 4);
    assemble_well(NULL);
    cr_assert_str_eq(made_text(1), "Stra\xc3\x9f"
                                   "e \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xe6\x97\xa5\xe6\x9c\xac "
                                   "\xf0\xa0\x80\x8b\n\n");
}

Test(pdf_assemble, no_space_where_the_line_has_none)
{
    static const struct word words[] = {{"\xe6\x97\xa5", {100, 100, 112, 112}},
                                        {"\xe6\x9c\xac", {112, 100, 124, 112}}};

    sketch_pdf_page("", "", "", source.path);
    open_source(NULL);
    write_line(1, 612, 792, 0, words, 2);
    assemble_well(NULL);
    cr_assert_str_eq(made_text(1), "\xe6\x97\xa5\xe6\x9c\xac\n\n");
}

/* A page that is shown turned, scaled and cut: the words stand where they are seen. */
Test(pdf_assemble, pages_that_are_turned)
{
    static const char *const pages[] = {"/Rotate 90", "/Rotate 180", "/Rotate 270",
                                        "/CropBox [50 60 400 700]", "/UserUnit 2"};

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct page_record record;

        sketch_pdf_page("", pages[i], "", source.path);
        open_source(NULL);
        write_line(1, 612, 792, 0, PLAIN, 3);
        assemble_well(NULL);
        record = sketch_document_extract(&made, 1);
        cr_assert_str_eq(sketch_document_text(&made, &record), "The quick fox\n\n", "%s", pages[i]);
        cr_assert_float_eq(record.blocks[0].box.x0, 100, 0.5, "%s", pages[i]);
        cr_assert_float_eq(record.blocks[0].box.y1, 212, 0.5, "%s", pages[i]);
        teardown();
        setup();
    }
}

Test(pdf_assemble, lines_that_are_turned)
{
    static const struct word down[] = {{"The ", {300, 100, 312, 118}},
                                       {"quick ", {300, 124, 312, 154}},
                                       {"fox", {300, 160, 312, 178}}};
    struct page_record record;

    sketch_pdf_page("", "", "", source.path);
    open_source(NULL);
    write_line(1, 612, 792, 90, down, 3);
    assemble_well(NULL);
    record = sketch_document_extract(&made, 1);
    cr_assert_str_eq(sketch_document_text(&made, &record), "The quick fox\n\n");
    cr_assert_eq(record.blocks[0].lines[0].angle_deg, 90);
    cr_assert_float_eq(record.blocks[0].box.x0, 300, 0.5);
    cr_assert_float_eq(record.blocks[0].box.y1, 178, 0.5);
}

/* --- pages that were read again --- */

/* The text of a page with that content, and how many pages keep text of their own. */
static const char *read_again(const char *content, const char *reason, uint32_t *ret_with_both)
{
    sketch_pdf_page(content, "", "", source.path);
    open_source(NULL);
    ocr_reason = reason;
    write_line(1, 612, 792, 0, PLAIN, 3);
    *ret_with_both = assemble_well(NULL).pages_with_both;
    return made_text(1);
}

Test(pdf_assemble, an_older_reading_goes)
{
    uint32_t with_both;

    cr_assert_str_eq(
        read_again("q BT 3 Tr /F1 10 Tf 50 700 Td (the 0ld) Tj T* [(re) 5 (ad)] TJ ET Q "
                   "0 0 9 9 re f",
                   "redo", &with_both),
        "The quick fox\n\n");
    cr_assert_eq(with_both, 0);
}

Test(pdf_assemble, an_older_reading_stays_where_nothing_was_read_again)
{
    uint32_t with_both;

    cr_assert_str_eq(
        read_again("BT 3 Tr /F1 10 Tf 50 700 Td (old) Tj ET", "sparse_text", &with_both),
        "old\n\nThe quick fox\n\n");
    cr_assert_eq(with_both, 0);
}

Test(pdf_assemble, text_that_is_seen_stays)
{
    static const char *const seen[] = {
        "BT /F1 10 Tf 50 700 Td (seen) Tj ET",
        /* where the second word stands depends on the first one */
        "BT 3 Tr /F1 10 Tf 50 700 Td (se) Tj 0 Tr (en) Tj ET",
        /* the mode ends with what was saved */
        "q 3 Tr Q BT /F1 10 Tf 50 700 Td (seen) Tj ET",
        /* no font of which it is known that it can be invisible */
        "BT 3 Tr /F9 10 Tf () Tj /F1 10 Tf 50 700 Td (seen) Tj ET",
        /* what follows an inline image is not looked at */
        "BI /W 1 /H 1 /CS /G /BPC 8 ID x EI BT 3 Tr /F1 10 Tf 50 700 Td (seen) Tj ET"};

    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
        uint32_t with_both;

        cr_assert_str_eq(read_again(seen[i], "forced", &with_both), "seen\n\nThe quick fox\n\n",
                         "%s", seen[i]);
        cr_assert_eq(with_both, 1, "%s", seen[i]);
        teardown();
        setup();
    }
}

Test(pdf_assemble, forms_of_invisible_text_are_not_called)
{
    const char *objects[] = {
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> /XObject << /Old 6 0 R /Drawn 7 0 R >> >> >>",
        "<< /Length 19 >>\nstream\n/Old Do\n/Drawn Do\n\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Length 44 >>\nstream\n"
        "BT 3 Tr /F1 10 Tf 50 700 Td (old) Tj ET     \nendstream",
        "<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Length 46 >>\nstream\n"
        "1 1 9 9 re f BT /F1 10 Tf 50 600 Td (new) Tj ET\nendstream"};

    sketch_pdf(objects, 7, "", source.path);
    open_source(NULL);
    ocr_reason = "redo";
    write_line(1, 612, 792, 0, PLAIN, 3);
    assemble_well(NULL);
    cr_assert_str_eq(made_text(1), "new\n\nThe quick fox\n\n");
}

Test(pdf_assemble, nothing_read_is_a_copy)
{
    struct assemble_result result;
    struct buf before, after;

    sketch_pdf_page("BT /F1 10 Tf 50 700 Td (printed) Tj ET", "", "", source.path);
    open_source(NULL);
    result = assemble_well(NULL);
    cr_assert_eq(result.pages_read, 0);
    read_file(source.path, &before);
    read_file(made.path, &after);
    cr_assert_eq(before.size, after.size);
    cr_assert_eq(memcmp(before.data, after.data, before.size), 0);
    buf_deinit(&before);
    buf_deinit(&after);
}

Test(pdf_assemble, an_artifact_that_is_damaged_costs_its_page)
{
    const char *objects[] = {"<< /Type /Catalog /Pages 2 0 R >>",
                             "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
                             "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>",
                             "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>"};
    char path[PATH_BYTES];

    sketch_pdf(objects, 4, "", source.path);
    open_source(NULL);
    write_line(2, 612, 792, 0, PLAIN, 3);
    snprintf(path, sizeof(path), "%s/ocr-00000001-00000001.ebb", folder);
    cr_assert_eq(file_write_atomic(path, "torn", 4, 0600, false, NULL), 0);
    cr_assert_eq(assemble_well(NULL).pages_read, 1);
    cr_assert_eq(failed_page, 1);
    cr_assert_neq(failed_text[0], '\0');
    cr_assert_str_eq(made_text(1), "");
    cr_assert_str_eq(made_text(2), "The quick fox\n\n");
}

Test(pdf_assemble, a_page_that_stands_twice_is_updated_once)
{
    const char *objects[] = {"<< /Type /Catalog /Pages 2 0 R >>",
                             "<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>",
                             "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>"};

    sketch_pdf(objects, 3, "", source.path);
    open_source(NULL);
    write_line(1, 612, 792, 0, PLAIN, 3);
    write_line(2, 612, 792, 0, PLAIN, 3);
    cr_assert_eq(assemble_well(NULL).pages_read, 1);
    cr_assert_str_eq(made_text(2), "The quick fox\n\n");
}

Test(pdf_assemble, a_damaged_source_is_written_anew)
{
    static const char pdf[] =
        "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n"
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n"
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>\nendobj\n"
        "startxref\n99999\n%%EOF\n";

    sketch_file(pdf, sizeof(pdf) - 1, source.path);
    open_source(NULL);
    cr_assert(pdf_was_repaired(source.document->ctx, source.document->pdf));
    write_line(1, 612, 792, 0, PLAIN, 3);
    cr_assert_eq(assemble_well(NULL).pages_read, 1);
    cr_assert_str_eq(made_text(1), "The quick fox\n\n");
}

/* mupdf encrypts the source. */
static void encrypt(int method)
{
    pdf_write_options options = pdf_default_write_options;
    fz_context *ctx = fz_new_context(NULL, NULL, FZ_STORE_DEFAULT);
    pdf_document *doc;

    sketch_pdf_page("BT /F1 10 Tf 50 700 Td (printed) Tj ET", "", "", source.path);
    options.do_encrypt = method;
    options.permissions = ~0;
    snprintf(options.upwd_utf8, sizeof(options.upwd_utf8), "user");
    snprintf(options.opwd_utf8, sizeof(options.opwd_utf8), "owner");
    fz_try(ctx)
    {
        doc = pdf_open_document(ctx, source.path);
        unlink(source.path);
        strcat(source.path, "e");
        pdf_save_document(ctx, doc, source.path, &options);
        pdf_drop_document(ctx, doc);
    }
    fz_catch(ctx)
    {
        cr_assert_fail("%s", fz_caught_message(ctx));
    }
    fz_drop_context(ctx);
}

Test(pdf_assemble, what_is_encrypted_stays_so)
{
    static const int methods[] = {PDF_ENCRYPT_RC4_40, PDF_ENCRYPT_RC4_128, PDF_ENCRYPT_AES_128,
                                  PDF_ENCRYPT_AES_256};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        encrypt(methods[i]);
        open_source("user");
        write_line(1, 612, 792, 0, PLAIN, 3);
        assemble_well("user");
        cr_assert(made.document->encrypted);
        cr_assert_str_eq(made_text(1), "printed\n\nThe quick fox\n\n");
        teardown();
        setup();
    }
}

Test(pdf_assemble, cancelled_leaves_nothing)
{
    struct assemble_result result;
    struct error err = ERROR_INIT;
    char path[PATH_BYTES];

    sketch_pdf_page("", "", "", source.path);
    open_source(NULL);
    write_line(1, 612, 792, 0, PLAIN, 3);
    pages_until_cancelled = 0;
    cr_assert_eq(assemble("", &result, &err), -1);
    cr_assert_eq(err.code, ERROR_CANCELLED);
    snprintf(path, sizeof(path), "%s/" ASSEMBLE_NAME, folder);
    cr_assert_eq(access(path, F_OK), -1);
}

/* --- pictures --- */

Test(pdf_assemble, pictures_become_pages)
{
    static const char maps[] = "P5\n4 2\n255\n\x10\x20\x30\x40\x50\x60\x70\x80"
                               "P5\n2 4\n255\n\0\377\0\377\0\377\0\377";
    static const struct word word[] = {{"x", {0.5F, 0.5F, 1.5F, 1}}};
    struct assemble_result result;

    sketch_file(maps, sizeof(maps) - 1, source.path);
    open_source(NULL);
    cr_assert_eq(source.document->page_count, 2);
    write_line(2, 1.5F, 3, 0, word, 1);
    result = assemble_well(NULL);
    cr_assert_eq(result.pages_read, 1);
    cr_assert_eq(made.document->page_count, 2);
    for (uint32_t page = 1; page <= 2; page++) {
        struct page_record want = sketch_document_extract(&source, page);
        struct page_record got = sketch_document_extract(&made, page);

        cr_assert_float_eq(got.width_pt, want.width_pt, 0.01);
        cr_assert_float_eq(got.height_pt, want.height_pt, 0.01);
        cr_assert_eq(got.image_count, 1);
        cr_assert_float_eq(got.image_cover, 1, 0.01);
    }
    cr_assert_str_eq(made_text(2), "x\n\n");
}

Test(pdf_assemble, text_that_flows_has_no_pages_to_keep)
{
    struct assemble_result result;
    struct error err = ERROR_INIT;
    static const char html[] = "<!doctype html><html><body><p>Text.</p></body></html>";

    sketch_file(html, sizeof(html) - 1, source.path);
    open_source(NULL);
    cr_assert_not(assemble_possible(source.document));
    cr_assert_eq(assemble("", &result, &err), -1);
    cr_assert_eq(err.code, ERROR_UNSUPPORTED);
}
