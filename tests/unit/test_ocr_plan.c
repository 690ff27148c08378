/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which pages OCR reads. */
#include <criterion/criterion.h>
#include <string.h>

#include "workers/pdf/ocr_plan.h"

#define PROSE                                                                                      \
    "Surfaces are honed, polished or brushed, and all of them are suited to floors and walls.\n"

static struct page_record page(const char *text)
{
    return (struct page_record){.number = 1,
                                .width_pt = 595,
                                .height_pt = 842,
                                .text = text,
                                .text_bytes = (uint32_t)strlen(text),
                                .glyph_count = (uint32_t)strlen(text)};
}

static void expect(const struct page_record *record, enum ocr_mode mode, const char *reason)
{
    const char *found = ocr_plan_reason(record, 0, mode);

    if (reason) {
        cr_assert_not_null(found, "%s was expected", reason);
        cr_assert_str_eq(found, reason);
    } else {
        cr_assert_null(found, "%s", found);
    }
}

Test(ocr_plan, modes_have_names)
{
    enum ocr_mode mode;

    cr_assert(ocr_mode_parse("auto", &mode) && mode == OCR_MODE_AUTO);
    cr_assert(ocr_mode_parse("force", &mode) && mode == OCR_MODE_FORCE);
    cr_assert(ocr_mode_parse("off", &mode) && mode == OCR_MODE_OFF);
    cr_assert(ocr_mode_parse("redo", &mode) && mode == OCR_MODE_REDO);
    cr_assert_not(ocr_mode_parse("", &mode));
    cr_assert_not(ocr_mode_parse("AUTO", &mode));
}

Test(ocr_plan, a_page_with_text_is_left_alone)
{
    struct page_record record = page(PROSE);

    expect(&record, OCR_MODE_AUTO, NULL);
    expect(&record, OCR_MODE_REDO, NULL);
    expect(&record, OCR_MODE_OFF, NULL);
    expect(&record, OCR_MODE_FORCE, "forced");
}

Test(ocr_plan, a_scan_is_read)
{
    struct page_record record = page("");

    record.image_count = 1;
    record.image_cover = 1;
    expect(&record, OCR_MODE_AUTO, "no_text");
    expect(&record, OCR_MODE_REDO, "no_text");
    expect(&record, OCR_MODE_OFF, NULL);
}

Test(ocr_plan, an_empty_page_is_not)
{
    struct page_record record = page("");

    expect(&record, OCR_MODE_AUTO, NULL);
}

Test(ocr_plan, letters_drawn_as_shapes_are_read)
{
    struct page_record record = page("");

    cr_assert_str_eq(ocr_plan_reason(&record, 5000, OCR_MODE_AUTO), "no_text");
    cr_assert_null(ocr_plan_reason(&record, 20, OCR_MODE_AUTO));
}

Test(ocr_plan, a_stamp_on_a_scan_is_not_its_text)
{
    struct page_record record = page("Received 3 May\n");

    record.image_count = 1;
    record.image_cover = 0.9F;
    expect(&record, OCR_MODE_AUTO, "sparse_text");
    record.image_cover = 0.3F;
    expect(&record, OCR_MODE_AUTO, NULL);
}

Test(ocr_plan, text_that_nobody_can_read_is_read)
{
    struct page_record record = page(PROSE);

    record.garbled_count = record.glyph_count / 2;
    expect(&record, OCR_MODE_AUTO, "garbled");
}

Test(ocr_plan, redo_ignores_an_old_layer)
{
    struct page_record record = page(PROSE);

    record.image_count = 1;
    record.image_cover = 1;
    record.hidden_count = 76; /* all but the spaces */
    expect(&record, OCR_MODE_AUTO, NULL);
    expect(&record, OCR_MODE_REDO, "redo");
    record.hidden_count = 20;
    expect(&record, OCR_MODE_REDO, NULL);
}

Test(ocr_plan, size_is_that_of_the_largest_image)
{
    struct page_image images[2] = {{.dpi = 600, .box = {0, 0, 100, 100}},
                                   {.dpi = 200, .box = {0, 0, 595, 842}}};
    struct page_record record = page("");

    record.images = images;
    record.image_record_count = 2;
    cr_assert_eq(ocr_plan_size(&record), 3865); /* 1,653 x 2,339 pixels */
    record.image_record_count = 0;
    cr_assert_eq(ocr_plan_size(&record), 8697);
    record.width_pt = 0;
    cr_assert_eq(ocr_plan_size(&record), 1);
}
