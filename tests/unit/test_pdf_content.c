/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/pdf/interpreter and what it is made of: what is in the content of a page comes out as
 * text in its place, and content made to harm does none.
 */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "pdf_sketch.h"
#include "workers/mupdf/document.h"
#include "workers/pdf/extract.h"

#define CATALOG "<< /Type /Catalog /Pages 2 0 R >>"
#define PAGES "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
#define HELVETICA "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
#define WIDTH_A 5.56F /* of an "a" in Helvetica of 10 pt */

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

TestSuite(pdf_content, .init = setup, .fini = teardown);

/* --- small PDFs --- */

static const char *format(const char *text, ...) __attribute__((format(printf, 1, 2)));

static const char *format(const char *text, ...)
{
    static char line[16384];
    va_list args;

    va_start(args, text);
    vsnprintf(line, sizeof(line), text, args);
    va_end(args);
    return arena_strdup(arena, line);
}

static const char *stream(const char *entries, const char *content)
{
    return format("<< %s /Length %zu >>\nstream\n%s\nendstream", entries, strlen(content), content);
}

static const char *form(const char *entries, const char *content)
{
    return stream(format("/Type /XObject /Subtype /Form /BBox [0 0 612 792] %s", entries), content);
}

static struct page_record extract(void)
{
    struct document_options options = {
        .store_bytes = 16U << 20, .source_bytes = 1U << 20, .pages = 1};
    struct error err = ERROR_INIT;
    struct page_record record;
    const char *code = NULL;

    cr_assert_eq(document_open(path, &options, &document, &code, &err), 0, "%s", err.msg);
    extractor_init(
        &extractor, document,
        &(struct extract_options){.page_glyphs = 100000, .interpreter = {.font_bytes = 1U << 20}});
    extract_page(&extractor, 1, arena, &record);
    cr_assert_null(record.failure_code, "%s", record.failure_text);
    return record;
}

static struct page_record extract_content(const char *content)
{
    sketch_pdf_page(content, "", "", path);
    return extract();
}

/* A page with that content; more: objects from the fifth on, resources: what names them. Font F1
 * is Helvetica. */
static struct page_record extract_objects(const char *content, const char *resources,
                                          const char *const *more, uint32_t count)
{
    const char *objects[32] = {CATALOG, PAGES};

    objects[2] = format("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
                        "/Resources << /Font << /F1 " HELVETICA " /F2 5 0 R >> %s >> >>",
                        resources);
    objects[3] = stream("", content);
    for (uint32_t i = 0; i < count; i++) {
        objects[4 + i] = more[i];
    }
    sketch_pdf(objects, 4 + count, "", path);
    return extract();
}

static const char *text_of(const struct page_record *record)
{
    return arena_strndup(arena, record->text, record->text_bytes);
}

static void expect_text(const char *content, const char *text)
{
    struct page_record record = extract_content(content);

    cr_assert_str_eq(text_of(&record), text);
}

static const struct page_span *span_of(const struct page_record *record, uint32_t block)
{
    cr_assert_lt(block, record->block_count);
    return &record->blocks[block].lines[0].spans[0];
}

static bool warned(const struct page_record *record, const char *part)
{
    for (uint32_t i = 0; i < record->warning_count; i++) {
        if (strstr(record->warnings[i], part)) {
            return true;
        }
    }
    return false;
}

/* --- text state --- */

Test(pdf_content, character_space)
{
    struct page_record record = extract_content("BT /F1 10 Tf 1 Tc 50 700 Td (aaa) Tj ET");

    cr_assert_str_eq(text_of(&record), "aaa\n\n");
    cr_assert_float_eq(span_of(&record, 0)->box.x1, 50 + 3 * WIDTH_A + 2, 0.05);
}

Test(pdf_content, word_space_is_for_the_space_alone)
{
    struct page_record record = extract_content("BT /F1 10 Tf 4 Tw 50 700 Td (a aa) Tj ET");

    cr_assert_str_eq(text_of(&record), "a aa\n\n");
    cr_assert_float_eq(span_of(&record, 0)->box.x1, 50 + 3 * WIDTH_A + 2.78F + 4, 0.05);
}

Test(pdf_content, horizontal_scale_takes_spaces_along)
{
    struct page_record record =
        extract_content("BT /F1 10 Tf 50 Tz 2 Tc 4 Tw 50 700 Td (a a) Tj ET");

    cr_assert_str_eq(text_of(&record), "a a\n\n");
    cr_assert_float_eq(span_of(&record, 0)->box.x1, 50 + WIDTH_A + 1.39F + 2 + 2, 0.05);
}

Test(pdf_content, rise_moves_up)
{
    struct page_record record = extract_content("BT /F1 10 Tf 50 700 Td (a) Tj ET "
                                                "BT /F1 10 Tf 7 Ts 50 500 Td (b) Tj ET");

    cr_assert_float_eq(span_of(&record, 1)->box.y0 - span_of(&record, 0)->box.y0, 200 - 7, 0.05);
}

Test(pdf_content, numbers_in_arrays_move)
{
    struct page_record record =
        extract_content("BT /F1 10 Tf 50 700 Td [-1000 (a) 556 (a) -100 (a)] TJ ET");
    const struct page_block *block = &record.blocks[0];

    cr_assert_float_eq(block->box.x0, 60, 0.05);
    cr_assert_float_eq(block->box.x1, 60 + 2 * WIDTH_A + 1, 0.05);
}

Test(pdf_content, quotes_set_spaces_and_go_to_the_next_line)
{
    struct page_record record =
        extract_content("BT /F1 10 Tf 20 TL 50 700 Td (a) Tj 3 1 (a a) \" ET");

    cr_assert_str_eq(text_of(&record), "a\na a\n\n");
    cr_assert_float_eq(record.blocks[0].lines[1].spans[0].box.x1, 50 + 2 * WIDTH_A + 2.78F + 3 + 2,
                       0.05);
}

Test(pdf_content, all_render_modes_are_text)
{
    for (int mode = 0; mode < 8; mode++) {
        struct page_record record = extract_content(
            format("1 0 0 rg 0 0 1 RG BT /F1 10 Tf %d Tr 50 700 Td (a) Tj ET", mode));
        const struct page_span *span = span_of(&record, 0);

        cr_assert_str_eq(text_of(&record), "a\n\n");
        cr_assert_eq((span->style & PAGE_STYLE_HIDDEN) != 0, mode == 3, "mode %d", mode);
        cr_assert_eq(span->color_rgb, mode == 1 ? 0x0000FF : 0xFF0000, "mode %d", mode);
        teardown();
        setup();
    }
}

Test(pdf_content, colour_spaces_of_the_file)
{
    static const char *const more[] = {
        HELVETICA,
        ("[/Separation /Spot /DeviceRGB << /FunctionType 2 /Domain [0 1] /N 1 /C0 [1 1 1] "
         "/C1 [1 0 0] >>]"),
        "[/Indexed /DeviceRGB 1 <00FF000000FF>]"};
    struct page_record record = extract_objects(
        "BT /F1 10 Tf 50 700 Td /Cs1 cs 1 scn (red ) Tj q /Cs2 cs 1 sc (blue ) Tj Q (red ) Tj "
        "/Pattern cs /Nope scn (black) Tj ET",
        "/ColorSpace << /Cs1 6 0 R /Cs2 7 0 R >>", more, 3);
    static const uint32_t wanted[] = {0xFF0000, 0x0000FF, 0xFF0000, 0x000000};

    cr_assert_str_eq(text_of(&record), "red blue red black\n\n");
    cr_assert_eq(record.blocks[0].lines[0].span_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(record.blocks[0].lines[0].spans[i].color_rgb, wanted[i], "span %u is %06x", i,
                     record.blocks[0].lines[0].spans[i].color_rgb);
    }
}

Test(pdf_content, a_font_by_graphics_state)
{
    static const char *const more[] = {
        ("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica "
         "/Encoding << /Type /Encoding /Differences [1 /T_h] >> >>")};
    struct page_record record = extract_objects(
        "BT /G gs 50 700 Td (\001a) Tj ET", "/ExtGState << /G << /Font [5 0 R 20] >> >>", more, 1);

    cr_assert_str_eq(text_of(&record), "Tha\n\n");
    cr_assert_float_eq(span_of(&record, 0)->size_pt, 20, 0.01);
}

/* --- fonts --- */

Test(pdf_content, composite_fonts)
{
    const char *more[] = {
        "<< /Type /Font /Subtype /Type0 /BaseFont /Some /Encoding /Identity-H "
        "/DescendantFonts [6 0 R] /ToUnicode 7 0 R >>",
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Some /CIDSystemInfo << /Registry (Adobe) "
        "/Ordering (Identity) /Supplement 0 >> /DW 1000 /W [1 [500 250]] /FontDescriptor << /Type "
        "/FontDescriptor "
        "/FontName /Some /Flags 32 /Ascent 800 /Descent -200 /FontBBox [0 -200 1000 800] >> >>",
        stream("", "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> "
                   "<FFFF> endcodespacerange 2 beginbfchar <0001> <0416> <0002> <00660069> "
                   "endbfchar endcmap end")};
    struct page_record record =
        extract_objects("BT /F2 10 Tf 9 Tw 50 700 Td <000100020001> Tj ET", "", more, 3);

    cr_assert_str_eq(text_of(&record), "\xd0\x96"
                                       "fi\xd0\x96\n\n");
    cr_assert_float_eq(span_of(&record, 0)->box.x1, 50 + 12.5F, 0.05);
    cr_assert_eq(record.glyph_count, 3);
}

Test(pdf_content, drawn_fonts)
{
    const char *more[] = {
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 100 100] /FontMatrix [0.01 0 0 0.01 0 0] "
        "/FirstChar 97 /LastChar 98 /Widths [100 50] /CharProcs << /a 6 0 R /b 6 0 R >> "
        "/Encoding << /Type /Encoding /Differences [97 /a /b] >> /Resources << >> >>",
        stream("", "100 0 0 0 100 100 d1 0 0 100 100 re f")};
    struct page_record record = extract_objects("BT /F2 10 Tf 50 700 Td (abba) Tj ET", "", more, 2);

    cr_assert_str_eq(text_of(&record), "abba\n\n");
    cr_assert_float_eq(span_of(&record, 0)->box.x1, 50 + 30, 0.05);
}

Test(pdf_content, an_unknown_font_does_not_replace_the_page)
{
    struct page_record record =
        extract_content("BT /F1 10 Tf 50 700 Td (good) Tj /Nope 10 Tf (lost) Tj "
                        "/F1 10 Tf 1 0 0 1 50 600 Tm (again) Tj ET");

    cr_assert_not_null(strstr(text_of(&record), "good"));
    cr_assert_not_null(strstr(text_of(&record), "again"));
}

/* --- forms --- */

Test(pdf_content, forms_inherit_resources_and_leave_nothing_behind)
{
    const char *more[] = {HELVETICA,
                          form("/Matrix [1 0 0 1 0 -150]",
                               "BT /F1 10 Tf 50 750 Td (outer) Tj ET q 1 0 0 1 0 -100 cm /B Do"),
                          form("/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 "
                               "/BaseFont /Courier >> >> >>",
                               "1 Tc q q BT /F1 10 Tf 50 750 Td (inner) Tj")};
    struct page_record record =
        extract_objects("BT /F1 10 Tf 50 700 Td (be ) Tj /A Do (fore) Tj ET "
                        "BT 50 400 Td (after) Tj ET",
                        "/XObject << /A 6 0 R /B 7 0 R >>", more, 3);

    cr_assert_str_eq(text_of(&record), "be fore\n\nouter\n\ninner\n\nafter\n\n");
    cr_assert_float_eq(span_of(&record, 1)->box.x1 - 50, 23.34F, 1); /* 600 from the bottom */
    cr_assert_float_eq(span_of(&record, 2)->box.y0 - span_of(&record, 1)->box.y0, 100, 2);
    cr_assert_str_eq(record.fonts[span_of(&record, 2)->font].name, "Courier");
    cr_assert_float_eq(span_of(&record, 3)->box.x1, 50 + 20.01F, 0.05); /* Tc ended too */
}

Test(pdf_content, forms_inside_each_other_end)
{
    const char *more[] = {HELVETICA, form("", "BT /F1 10 Tf 50 700 Td (a) Tj ET /B Do /A Do"),
                          form("", "BT /F1 10 Tf 50 600 Td (b) Tj ET /A Do /B Do /A Do")};
    struct page_record record =
        extract_objects("/A Do", "/XObject << /A 6 0 R /B 7 0 R >>", more, 3);

    cr_assert_str_eq(text_of(&record), "a\n\nb\n\n");
    cr_assert(warned(&record, "form"));
}

Test(pdf_content, forms_that_multiply_end)
{
    const char *more[20] = {HELVETICA};
    char names[1024] = "/XObject << ";
    uint64_t start_us = clock_monotonic_us();
    struct page_record record;

    for (int i = 1; i < 20; i++) {
        snprintf(names + strlen(names), sizeof(names) - strlen(names), "/X%d %d 0 R ", i, i + 5);
        more[i] = form("", format("/X%d Do /X%d Do /X%d Do /X%d Do", i + 1, i + 1, i + 1, i + 1));
    }
    strcat(names, ">>");
    more[19] = form("", "q Q");
    record = extract_objects("/X1 Do BT /F1 10 Tf 50 700 Td (end) Tj ET", names, more, 20);
    cr_assert_str_eq(text_of(&record), "end\n\n");
    cr_assert(warned(&record, "too many forms"));
    cr_assert_lt(clock_monotonic_us() - start_us, 60000000);
}

Test(pdf_content, a_form_that_is_no_stream_costs_itself)
{
    static const char *const more[] = {HELVETICA, "<< /Type /XObject /Subtype /Form >>"};
    struct page_record record = extract_objects("/A Do BT /F1 10 Tf 50 700 Td (end) Tj ET",
                                                "/XObject << /A 6 0 R >>", more, 2);

    cr_assert_str_eq(text_of(&record), "end\n\n");
}

/* --- images and layers --- */

Test(pdf_content, inline_images_between_text)
{
    struct page_record record =
        extract_content("BT /F1 10 Tf 50 700 Td (one) Tj ET q 306 0 0 396 0 0 cm BI /W 5 /H 1 "
                        "/BPC 8 /CS /G ID a EI  EI Q BT /F1 10 Tf 50 680 Td (two) Tj ET BI /W 1 "
                        "/H 1 /IM true /F /AHx ID 80> EI BT /F1 10 Tf 50 660 Td (three) Tj ET");

    cr_assert_str_eq(text_of(&record), "one\ntwo\nthree\n\n");
    cr_assert_eq(record.image_count, 2);
    cr_assert_float_eq(record.image_cover, 0.25, 0.02);
}

#define IMAGE                                                                                      \
    "/Type /XObject /Subtype /Image /Width 0 /Height 1 /BitsPerComponent 8 /ColorSpace /Nope "

/* mupdf can load neither image; a warning would say that it tried. */
Test(pdf_content, images_are_measured_and_not_loaded)
{
    const char *more[] = {HELVETICA, stream(IMAGE, "x"), stream(IMAGE "/Filter /JPXDecode", "x"),
                          form("", "/Im Do")};
    struct page_record record =
        extract_objects("q 306 0 0 396 0 0 cm /Im Do Q q 306 0 0 396 306 396 cm /Jpx Do /Fm Do Q",
                        "/XObject << /Im 6 0 R /Jpx 7 0 R /Fm 8 0 R >>", more, 4);

    cr_assert_eq(record.image_count, 3);
    cr_assert_float_eq(record.image_cover, 0.5, 0.03);
    cr_assert_eq(record.warning_count, 0);
}

Test(pdf_content, hidden_layers)
{
    const char *objects[] = {
        "<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [4 0 R] /D << /OFF [4 0 R] >> >> >>",
        PAGES,
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources << /Font "
        "<< /F1 " HELVETICA " >> /Properties << /Oc 4 0 R >> /XObject << /Im 6 0 R /Fm 7 0 R "
        "/Leak 8 0 R /Shown 9 0 R >> >> >>",
        "<< /Type /OCG /Name (hidden) >>",
        stream("", "BT /F1 10 Tf 50 700 Td (seen ) Tj /OC /Oc BDC /P BMC (never ) Tj EMC (nor ) Tj "
                   "EMC EMC (again ) Tj /Im Do /Fm Do /Leak Do (and this) Tj "
                   "/OC /Oc BDC /Shown Do (but not this) Tj ET"),
        stream(IMAGE "/OC 4 0 R", "x"),
        form("/OC 4 0 R", "BT /F1 10 Tf 50 500 Td (form) Tj ET"),
        form("", "/OC /Oc BDC BT /F1 10 Tf 50 400 Td (leak) Tj ET"),
        form("", "EMC BT /F1 10 Tf 50 300 Td (shown) Tj ET")};
    struct page_record record;

    sketch_pdf(objects, 9, "", path);
    record = extract();
    cr_assert_not_null(strstr(text_of(&record), "seen"));
    cr_assert_not_null(strstr(text_of(&record), "again and this"));
    cr_assert_eq(record.glyph_count, strlen("seen again and this"));
    cr_assert_eq(record.image_count, 0);
}

/* --- broken content --- */

Test(pdf_content, broken_operators_in_the_middle)
{
    expect_text("Q Q ET BT /F1 10 Tf 50 700 Td (one) Tj nonsense 1 2 foo (two) Tj cm (three) Tj",
                "onetwo\n\n");
}

Test(pdf_content, unfinished_strings_and_arrays_end_with_the_content)
{
    expect_text("BT /F1 10 Tf 50 700 Td (good) Tj [(a) -20 (b", "good\n\n");
}

Test(pdf_content, operands_without_end)
{
    static char content[16384];
    size_t length = (size_t)snprintf(content, sizeof(content), "BT /F1 10 Tf 50 700 Td (a) Tj ");

    while (length < 12000) {
        length += (size_t)snprintf(content + length, sizeof(content) - length, "1 ");
    }
    snprintf(content + length, sizeof(content) - length, " 0 g /F1 10 Tf (b) Tj ET");
    cr_assert_not_null(strchr(text_of(&(struct page_record[]){extract_content(content)}[0]), 'a'));
}

Test(pdf_content, long_strings_are_whole)
{
    static char content[8192] = "BT /F1 1 Tf 50 700 Td (";
    size_t length = strlen(content);
    struct page_record record;

    memset(content + length, 'a', 1000);
    strcpy(content + length + 1000, ") Tj ET");
    record = extract_content(content);
    cr_assert_eq(record.glyph_count, 1000);
}
