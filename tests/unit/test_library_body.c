/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document's body: what the structure stage leaves for chunks, block by block, and where each
 * line of it is shown.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <string.h>

#include "proto/artifact.h"
#include "proto/body.h"

#define RECORDS_MAX 64

struct body {
    struct body_block blocks[RECORDS_MAX];
    uint32_t block_count;
    struct body_image images[RECORDS_MAX];
    uint32_t image_count;
};

/* What the last structure_document left. */
static void read_body(struct shelf *shelf, struct body *ret_body)
{
    struct artifact_reader *reader =
        artifact_open(shelf_path(shelf, "body.ebb"), "body", &shelf->err);
    const uint8_t *data;
    size_t size_bytes;

    cr_assert_not_null(reader, "%s", shelf->err.msg);
    *ret_body = (struct body){0};
    while (artifact_next(reader, &data, &size_bytes) == 1) {
        struct body_record record;

        cr_assert_eq(body_record_decode(data, size_bytes, shelf->arena, &record, &shelf->err), 0,
                     "%s", shelf->err.msg);
        if (record.kind == BODY_IMAGE) {
            ret_body->images[ret_body->image_count++] = record.image;
        } else {
            cr_assert_eq(ret_body->image_count, 0, "blocks come first");
            ret_body->blocks[ret_body->block_count++] = record.block;
        }
        cr_assert_lt(ret_body->block_count + ret_body->image_count, RECORDS_MAX);
    }
    artifact_close(reader);
}

static void make_body(struct shelf *shelf, struct page_record *const *records, uint32_t count,
                      struct body *ret_body)
{
    struct structure_unit unit = {.job = SHELF_JOB, .artifact_path = shelf_path(shelf, "body.ebb")};

    cr_assert_eq(shelf_survey(shelf, SHELF_JOB, 1, count), 0, "%s", shelf->err.msg);
    cr_assert_eq(shelf_pages(shelf, SHELF_JOB, 1, count, records, count), 0, "%s", shelf->err.msg);
    shelf->outcome = (struct outcome){0};
    cr_assert_eq(structure_document(shelf->library, &unit, &shelf->outcome, &shelf->err), 0, "%s",
                 shelf->err.msg);
    read_body(shelf, ret_body);
    cr_expect_eq(shelf->outcome.blocks, ret_body->block_count);
    cr_expect_eq(shelf->outcome.images, ret_body->image_count);
}

/* "JOINT|TEXT" of all blocks, a form feed behind each. */
static const char *texts(struct shelf *shelf, const struct body *body)
{
    const char *all = "";

    for (uint32_t b = 0; b < body->block_count; b++) {
        all = arena_printf(shelf->arena, "%s%s|%s\f", all, body->blocks[b].joint,
                           body->blocks[b].text);
    }
    return all;
}

/* "PAGE:TEXT/" of the block's pieces. */
static const char *pieces(struct shelf *shelf, const struct body_block *block)
{
    const char *all = "";

    for (uint32_t i = 0; i < block->piece_count; i++) {
        const struct body_piece *piece = &block->pieces[i];
        uint32_t end = i + 1 < block->piece_count ? piece[1].offset : block->text_bytes;

        all = arena_printf(shelf->arena, "%s%u:%.*s/", all, piece->page, (int)(end - piece->offset),
                           block->text + piece->offset);
    }
    return all;
}

/* Enough body text of 10 pt that other sizes are not the body's. */
#define FILLER "This is a filler of so many words that no other size has more than this one has."

Test(library_body, a_paragraph_goes_on_over_pages_and_words_are_whole)
{
    struct shelf_block first[] = {
        {PAGE_BLOCK_TEXT, FILLER, 10, 0, 0},
        {PAGE_BLOCK_TEXT, "  it goes  on with a hyphen-", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "12", 8, 0, PAGE_MARGIN_BOTTOM},
    };
    struct shelf_block second[] = {
        {PAGE_BLOCK_TEXT, "ated word\nand more.", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "2", 8, 0, PAGE_MARGIN_BOTTOM},
    };
    struct page_record *records[2];
    struct shelf shelf;
    struct body body;

    shelf_init(&shelf);
    records[0] = shelf_page(&shelf, 1, first, 3);
    records[1] = shelf_page(&shelf, 2, second, 2);
    make_body(&shelf, records, 2, &body);
    cr_expect_str_eq(texts(&shelf, &body),
                     "|" FILLER "\f"
                     "\n\n|it goes on with a hyphenated word and more.\f",
                     "%s", texts(&shelf, &body));
    cr_assert_eq(body.block_count, 2);
    cr_expect_str_eq(pieces(&shelf, &body.blocks[1]),
                     "1:it goes on with a hyphen/2:ated word /2:and more./");
    cr_expect_float_eq(body.blocks[1].pieces[2].box.y0, 72.0F + 12.0F, 0.02,
                       "the box is its line's");
    cr_expect_eq(body.blocks[1].kind, PAGE_BLOCK_TEXT);
    shelf_deinit(&shelf);
}

Test(library_body, headings_are_ranked_and_lists_have_their_markers)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_HEADING, "The whole", 20, PAGE_STYLE_BOLD, 0},
        {PAGE_BLOCK_HEADING, "A part", 14, PAGE_STYLE_BOLD, 0},
        {PAGE_BLOCK_TEXT, FILLER, 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "\xE2\x80\xA2 one\nof two", 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "3. three", 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "\xE2\x80\xA2", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "Contents . . . . . . . . . 12", 10, 0, 0},
    };
    struct page_record *record;
    struct shelf shelf;
    struct body body;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, blocks, 7);
    record->blocks[4].level = 1;
    make_body(&shelf, &record, 1, &body);
    cr_expect_str_eq(texts(&shelf, &body),
                     "|The whole\f\n\n|A part\f\n\n|" FILLER "\f\n\n|- one of two\f\n|3. three\f"
                     "\n\n|Contents \xE2\x80\xA6 12\f",
                     "%s", texts(&shelf, &body));
    cr_assert_eq(body.block_count, 6);
    cr_expect_eq(body.blocks[0].kind, PAGE_BLOCK_HEADING);
    cr_expect_eq(body.blocks[0].level, 1);
    cr_expect_eq(body.blocks[1].level, 2);
    cr_expect_eq(body.blocks[3].kind, PAGE_BLOCK_LIST_ITEM);
    cr_expect_eq(body.blocks[4].level, 1);
    cr_expect_str_eq(pieces(&shelf, &body.blocks[3]), "1:- one /1:of two/");
    shelf_deinit(&shelf);
}

/* The header that the second page repeats is not there twice, nor is a row without words. */
Test(library_body, a_table_over_pages_is_one_block)
{
    static const char *const first[] = {"", "Oak", "Ash", "Price", "12", "", "", "", ""};
    static const char *const second[] = {"", "Oak", "Ash", "Weight . . . . . .", "3\nkg", "4"};
    struct shelf_block block = {PAGE_BLOCK_TEXT, "t", 10, 0, 0};
    struct page_record *records[2];
    struct shelf shelf;
    struct body body;

    shelf_init(&shelf);
    for (uint32_t i = 0; i < 2; i++) {
        records[i] = shelf_page(&shelf, i + 1, &block, 1);
        /* From the page's top to its bottom, so that one may go on with the other. */
        records[i]->blocks[0].box = (struct page_box){72, 40, 500, 800};
    }
    shelf_make_table(&shelf, &records[0]->blocks[0], 3, 3, 1, first);
    shelf_make_table(&shelf, &records[1]->blocks[0], 2, 3, 1, second);
    make_body(&shelf, records, 2, &body);
    cr_assert_eq(body.block_count, 1, "%s", texts(&shelf, &body));
    cr_expect_str_eq(texts(&shelf, &body), "|Oak\tAsh\nPrice\t12\nWeight\t3 kg\t4\f", "%s",
                     texts(&shelf, &body));
    cr_expect_eq(body.blocks[0].kind, PAGE_BLOCK_TABLE);
    cr_expect_eq(body.blocks[0].table, 1);
    cr_expect_eq(body.blocks[0].header_rows, 1);
    cr_expect_str_eq(pieces(&shelf, &body.blocks[0]),
                     "1:Oak\tAsh\n/1:Price\t12\n/2:Weight\t3 kg\t4/");
    shelf_deinit(&shelf);
}

Test(library_body, code_stays_as_it_stands)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_CODE, "int main(void)\n{\n    return  0;\n}", 9, PAGE_STYLE_MONO, 0},
        {PAGE_BLOCK_CODE, "int other;", 9, PAGE_STYLE_MONO, 0},
        {PAGE_BLOCK_TEXT, FILLER, 10, 0, 0},
    };
    struct page_record *record;
    struct shelf shelf;
    struct body body;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, blocks, 3);
    make_body(&shelf, &record, 1, &body);
    cr_expect_str_eq(texts(&shelf, &body),
                     "|int main(void)\n{\n    return  0;\n}\n\nint other;\f\n\n|" FILLER "\f", "%s",
                     texts(&shelf, &body));
    cr_expect_eq(body.blocks[0].kind, PAGE_BLOCK_CODE);
    cr_expect_eq(body.blocks[0].piece_count, 5);
    shelf_deinit(&shelf);
}

/* A picture that interrupts comes behind the paragraph, with its caption. */
Test(library_body, captions_are_where_their_pictures_are)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_TEXT, FILLER, 10, 0, 0},
        {PAGE_BLOCK_TEXT, "a sentence that a", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "x", 10, 0, 0},
        {PAGE_BLOCK_CAPTION, "Fig. 1: A picture", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "picture interrupts.", 10, 0, 0},
    };
    struct page_record *record;
    struct shelf shelf;
    struct body body;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, blocks, 5);
    shelf_make_image(&shelf, record, 2, 'c', NULL);
    make_body(&shelf, &record, 1, &body);
    cr_expect_str_eq(texts(&shelf, &body),
                     "|" FILLER "\f\n\n|a sentence that a picture interrupts.\f"
                     "\n\n|Fig. 1: A picture\f",
                     "%s", texts(&shelf, &body));
    cr_assert_eq(body.block_count, 3);
    cr_expect_eq(body.blocks[2].kind, PAGE_BLOCK_CAPTION);
    cr_assert_eq(body.image_count, 1);
    cr_expect_eq(body.images[0].number, 1);
    cr_expect_eq(body.images[0].page, 1);
    cr_expect_eq(body.images[0].width_px, 640);
    cr_expect_str_eq(body.images[0].format, "png");
    cr_expect_eq(body.images[0].key[0], 'c');
    shelf_deinit(&shelf);
}

/* By the place where each is first shown; what repeats on every page is none. */
Test(library_body, images_are_numbered_as_they_are_shown)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_TEXT, "a", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "b", 10, 0, 0},
        {PAGE_BLOCK_TEXT, FILLER, 10, 0, 0},
    };
    static const char shown[4][2] = {{'f', 'e'}, {'f', 'a'}, {'f', 'e'}, {'f', 'b'}};
    struct page_record *records[4];
    struct shelf shelf;
    struct body body;

    shelf_init(&shelf);
    for (uint32_t i = 0; i < 4; i++) {
        records[i] = shelf_page(&shelf, i + 1, blocks, 3);
        shelf_make_image(&shelf, records[i], 0, shown[i][0], NULL);
        shelf_make_image(&shelf, records[i], 1, shown[i][1], NULL);
    }
    make_body(&shelf, records, 4, &body);
    cr_assert_eq(body.image_count, 3);
    cr_expect_eq(body.images[0].key[0], 'e');
    cr_expect_eq(body.images[1].key[0], 'a');
    cr_expect_eq(body.images[2].key[0], 'b');
    cr_expect_eq(body.images[2].page, 4);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(number || role) FROM (SELECT * FROM"
                                       " images ORDER BY key)"),
                     "2content,3content,1content,0decoration");
    shelf_deinit(&shelf);
}

/* The reference goes, and the note says its text alone. */
Test(library_body, footnotes_stand_at_the_end_of_their_page)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_TEXT, "A claim1", 10, 0, 0},
        {PAGE_BLOCK_TEXT, FILLER, 10, 0, 0},
        {PAGE_BLOCK_FOOTNOTE, "1 What is said of it", 8, 0, 0},
        {PAGE_BLOCK_FOOTNOTE, "See also elsewhere", 8, 0, 0},
    };
    struct page_record *record;
    struct page_span *spans;
    struct page_line *line;
    struct shelf shelf;
    struct body body;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, blocks, 4);
    line = &record->blocks[0].lines[0];
    spans = arena_calloc(shelf.arena, 2, sizeof *spans);
    spans[0] = spans[1] = line->spans[0];
    spans[0].text_bytes -= 1;
    spans[1].text += spans[0].text_bytes;
    spans[1].text_bytes = 1;
    spans[1].style = PAGE_STYLE_SUPERSCRIPT;
    line->spans = spans;
    line->span_count = 2;
    make_body(&shelf, &record, 1, &body);
    cr_expect_str_eq(texts(&shelf, &body),
                     "|A claim\f\n\n|" FILLER "\f\n\n|See also elsewhere\f"
                     "\n\n|What is said of it\f",
                     "%s", texts(&shelf, &body));
    cr_assert_eq(body.block_count, 4);
    cr_expect_eq(body.blocks[3].kind, PAGE_BLOCK_FOOTNOTE);
    shelf_deinit(&shelf);
}

Test(library_body, a_document_without_text_has_an_empty_one)
{
    struct page_record *record;
    struct shelf shelf;
    struct body body;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, NULL, 0);
    make_body(&shelf, &record, 1, &body);
    cr_expect_eq(body.block_count, 0);
    cr_expect_eq(body.image_count, 0);
    shelf_deinit(&shelf);
}

/* No page is like this, and a file may say so nevertheless. */
Test(library_body, a_line_larger_than_a_record_is_cut)
{
    const uint32_t size = BODY_TEXT_MAX_BYTES + 100001;
    struct shelf_block block = {PAGE_BLOCK_TEXT, "x", 10, 0, 0};
    struct page_record *record;
    struct shelf shelf;
    struct body body;
    uint32_t sum = 0;
    char *text;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, &block, 1);
    text = arena_alloc(shelf.arena, size + 1);
    cr_assert_not_null(text);
    for (uint32_t i = 0; i + 1 < size; i += 2) {
        memcpy(text + i, "\xC3\xA4", 2);
    }
    text[size - 1] = '.';
    record->blocks[0].lines[0].spans[0].text = text;
    record->blocks[0].lines[0].spans[0].text_bytes = size;
    make_body(&shelf, &record, 1, &body);
    cr_assert_gt(body.block_count, 1);
    for (uint32_t b = 0; b < body.block_count; b++) {
        cr_expect_str_eq(body.blocks[b].joint, "");
        cr_expect_eq(body.blocks[b].piece_count, 1);
        cr_expect_eq(memcmp(body.blocks[b].text, text + sum, body.blocks[b].text_bytes), 0);
        sum += body.blocks[b].text_bytes;
    }
    cr_expect_eq(sum, size);
    shelf_deinit(&shelf);
}

Test(library_body, it_can_be_shown)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_HEADING, "A heading", 20, PAGE_STYLE_BOLD, 0},
        {PAGE_BLOCK_TEXT, FILLER, 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "- an item", 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "- another", 10, 0, 0},
    };
    struct page_record *record;
    struct shelf shelf;
    struct body body;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, blocks, 4);
    make_body(&shelf, &record, 1, &body);
    cr_expect_str_eq(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "body"),
                     "A heading\n\n" FILLER "\n\n- an item\n- another");
    shelf_deinit(&shelf);
}

Test(library_body, running_twice_leaves_the_same)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_HEADING, "A heading", 20, PAGE_STYLE_BOLD, 0},
        {PAGE_BLOCK_TEXT, FILLER, 10, 0, 0},
    };
    struct page_record *record;
    struct shelf shelf;
    struct body body;
    const char *digest;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, blocks, 2);
    make_body(&shelf, &record, 1, &body);
    digest = shelf_digest(&shelf);
    make_body(&shelf, &record, 1, &body);
    cr_expect_str_eq(shelf_digest(&shelf), digest);
    cr_expect_eq(body.block_count, 2);
    shelf_deinit(&shelf);
}

/* The whole unit runs again when it was told to stop in the middle: nothing half is left. */
static bool stop(void *context, uint32_t done)
{
    (void)done;
    ++*(int *)context;
    return false;
}

Test(library_body, a_cancelled_unit_leaves_no_artifact)
{
    struct shelf_block block = {PAGE_BLOCK_TEXT, FILLER, 10, 0, 0};
    struct structure_unit unit = {.job = SHELF_JOB};
    int asked = 0;
    struct shelf shelf;

    shelf_init(&shelf);
    unit.artifact_path = shelf_path(&shelf, "body.ebb");
    unit.progress = stop;
    unit.progress_context = &asked;
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 200), 0);
    for (uint32_t i = 1; i <= 200; i++) {
        struct page_record *record = shelf_page(&shelf, i, &block, 1);

        cr_assert_eq(shelf_pages(&shelf, SHELF_JOB, i, i, &record, 1), 0);
    }
    cr_expect_eq(structure_document(shelf.library, &unit, &shelf.outcome, &shelf.err), -1);
    cr_expect_eq(shelf.err.code, ERROR_CANCELLED, "%s", shelf.err.msg);
    cr_expect_eq(asked, 1);
    cr_expect_null(artifact_open(unit.artifact_path, "body", &shelf.err));
    cr_expect_eq(shelf.err.code, ERROR_NOT_FOUND, "%s", shelf.err.msg);
    shelf_deinit(&shelf);
}
