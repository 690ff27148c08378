/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which chunks lack a vector, and the library's stages of moving to another model.
 */
#include "library_chunks.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "proto/artifact.h"
#include "proto/chunk.h"
#include "workers/library/reembed.h"

static const struct missing_progress unasked = {NULL, NULL};
static const struct missing_model other_model = {"model-z", CHUNKS_DIMENSIONS, false};

struct ranges {
    struct reembed_range items[64];
    size_t count;
};

static void add_range(void *context, struct reembed_range range)
{
    struct ranges *ranges = context;

    cr_assert_lt(ranges->count, 64);
    ranges->items[ranges->count++] = range;
}

static uint64_t collect(struct shelf *shelf, const struct missing_model *model,
                        struct ranges *ret_ranges)
{
    uint64_t missing = 0;

    ret_ranges->count = 0;
    cr_assert_eq(reembed_collect(shelf->library, model, &unasked, add_range, ret_ranges, &missing,
                                 &shelf->err),
                 0, "%s", shelf->err.msg);
    return missing;
}

static const char *missing(struct shelf *shelf, const struct missing_model *model,
                           const char *limit, const char *offset)
{
    return CHUNKS_QUERY(shelf, model, "missing", "limit", limit, "offset", offset);
}

Test(library_reembed, chunks_without_a_vector_are_listed)
{
    struct shelf shelf;
    const char *answer;
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 5, "oak");
    answer = missing(&shelf, &chunks_model, "100", "0");
    cr_assert_not_null(answer, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(answer, "\"total\":5"), "%s", answer);
    chunks_vectors(&shelf, document, 2, 4, "text", CHUNKS_MODEL);
    answer = missing(&shelf, &chunks_model, "100", "0");
    cr_expect_not_null(strstr(answer, "\"total\":2"), "%s", answer);
    cr_expect_not_null(strstr(answer, "\"ordinal\":1,\"page\":1"), "%s", answer);
    cr_expect_not_null(strstr(answer, "\"ordinal\":5,\"page\":1"), "%s", answer);
    cr_expect_null(strstr(answer, "\"ordinal\":3"), "%s", answer);
    answer = missing(&shelf, &chunks_model, "1", "1");
    cr_expect_not_null(strstr(answer, "\"total\":2"), "%s", answer);
    cr_expect_null(strstr(answer, "\"ordinal\":1,"), "%s", answer);
    cr_expect_not_null(strstr(answer, "\"ordinal\":5,"), "%s", answer);
    answer = missing(&shelf, &other_model, "100", "0");
    cr_expect_not_null(strstr(answer, "\"total\":5"), "%s", answer);
    shelf_deinit(&shelf);
}

/* The endpoint's dimensions, whatever they are; vectors of images are no texts'. */
Test(library_reembed, a_model_without_dimensions_is_that_of_the_endpoint)
{
    static const struct missing_model any = {CHUNKS_MODEL, 0, false};
    static const struct missing_model others = {CHUNKS_MODEL, CHUNKS_DIMENSIONS + 1, false};
    struct shelf shelf;
    struct ranges ranges;
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 5, "oak");
    chunks_vectors(&shelf, document, 1, 5, "image", CHUNKS_MODEL);
    cr_expect_eq(collect(&shelf, &any, &ranges), 5);
    chunks_vectors(&shelf, document, 1, 5, "text", CHUNKS_MODEL);
    cr_expect_eq(collect(&shelf, &any, &ranges), 0);
    cr_expect_eq(ranges.count, 0);
    cr_expect_eq(collect(&shelf, &others, &ranges), 5);
    shelf_deinit(&shelf);
}

/* Dots and dashes have nothing to be found by; letters of any script have. */
Test(library_reembed, a_text_without_a_word_lacks_nothing)
{
    struct shelf shelf;
    struct ranges ranges;

    shelf_init(&shelf);
    chunks_document(&shelf, SHELF_JOB, 1, 4, "oak");
    shelf_sql(&shelf, "UPDATE chunks SET text='— … —', headings='' WHERE row & 15=1");
    shelf_sql(&shelf, "UPDATE chunks SET text='— … —' WHERE row & 15=2");
    shelf_sql(&shelf, "UPDATE chunks SET text='橡木', headings='' WHERE row & 15=3");
    cr_expect_eq(collect(&shelf, &chunks_model, &ranges), 3);
    shelf_deinit(&shelf);
}

Test(library_reembed, ranges_of_documents_have_about_as_many_chunks)
{
    struct shelf shelf;
    struct ranges ranges;
    char job[] = SHELF_JOB;
    int64_t rows[7];

    shelf_init(&shelf);
    for (unsigned d = 0; d < 7; d++) {
        job[sizeof job - 2] = (char)('1' + d);
        rows[d] = chunks_document(&shelf, job, d + 1, 700, "oak");
    }
    chunks_vectors(&shelf, rows[1], 1, 700, "text", CHUNKS_MODEL);
    cr_expect_eq(collect(&shelf, &chunks_model, &ranges), 4200);
    cr_assert_eq(ranges.count, 2);
    cr_expect_eq(ranges.items[0].first, rows[0]);
    cr_expect_eq(ranges.items[0].last, rows[3]);
    cr_expect_eq(ranges.items[1].first, rows[4]);
    cr_expect_eq(ranges.items[1].last, rows[6]);
    shelf_deinit(&shelf);
}

/* Owed is what has no vector of any model, of documents that want one. */
Test(library_reembed, what_is_owed)
{
    static const struct missing_model owed = {"model-z", CHUNKS_DIMENSIONS, true};
    struct shelf shelf;
    struct ranges ranges;
    struct reembed_settled settled;
    struct reembed_range all = {1, 9};
    const char *answer;
    uint64_t texts = 0;
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 5, "oak");
    chunks_document(&shelf, SHELF_OTHER_JOB, 2, 7, "elm");
    shelf_sql(&shelf, "UPDATE documents SET embed=0 WHERE row=(SELECT max(row) FROM documents)");
    cr_expect_eq(collect(&shelf, &owed, &ranges), 5);
    chunks_vectors(&shelf, document, 1, 3, "text", CHUNKS_MODEL);
    chunks_vectors(&shelf, document, 1, 5, "image", CHUNKS_MODEL);
    cr_expect_eq(collect(&shelf, &other_model, &ranges), 12);
    cr_expect_eq(collect(&shelf, &owed, &ranges), 2);
    cr_assert_eq(ranges.count, 1);
    cr_expect_eq(ranges.items[0].first, document);
    cr_expect_eq(ranges.items[0].last, document);
    answer = CHUNKS_QUERY(&shelf, &other_model, "missing", "owed", "yes", "limit", "100");
    cr_assert_not_null(answer, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(answer, "\"total\":2"), "%s", answer);
    cr_expect_not_null(strstr(answer, "\"ordinal\":4,"), "%s", answer);
    cr_expect_null(strstr(answer, "\"ordinal\":3,"), "%s", answer);
    cr_expect_null(CHUNKS_QUERY(&shelf, &other_model, "missing", "owed", "si", "limit", "100"));
    cr_expect_eq(shelf.err.code, ERROR_INVALID);
    cr_assert_eq(reembed_gather(shelf.library, &owed, &unasked, all,
                                shelf_path(&shelf, "gather.ebb"), &texts, &shelf.err),
                 0, "%s", shelf.err.msg);
    cr_expect_eq(texts, 2);
    chunks_vectors(&shelf, document, 4, 5, "text", other_model.name);
    cr_assert_eq(reembed_settle(shelf.library, &owed, &unasked, &settled, &shelf.err), 0);
    cr_expect_eq(settled.missing, 0);
    cr_expect_eq(settled.removed, 0);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM vectors"), "10");
    shelf_deinit(&shelf);
}

/* Counts the artifact's records and checks each. */
static uint64_t read_texts(struct shelf *shelf, const char *path, int64_t document)
{
    struct artifact_reader *reader = artifact_open(path, "texts", &shelf->err);
    const uint8_t *data;
    size_t size_bytes;
    uint64_t count = 0;

    cr_assert_not_null(reader, "%s", shelf->err.msg);
    while (artifact_next(reader, &data, &size_bytes) == 1) {
        struct text_record text;

        cr_assert_eq(text_record_decode(data, size_bytes, shelf->arena, &text, &shelf->err), 0);
        cr_expect_eq(text.target >> 32, (uint64_t)document);
        cr_expect_str_eq(text.text, arena_printf(shelf->arena, "Part\noak %u",
                                                 (unsigned)(text.target & UINT32_MAX)));
        count++;
    }
    artifact_close(reader);
    return count;
}

Test(library_reembed, gather_writes_what_is_to_be_embedded)
{
    struct shelf shelf;
    struct reembed_range range;
    const char *path;
    int64_t document;
    uint64_t texts = 0;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 9, "oak");
    chunks_document(&shelf, SHELF_OTHER_JOB, 2, 9, "elm");
    chunks_vectors(&shelf, document, 1, 2, "text", CHUNKS_MODEL);
    range = (struct reembed_range){(uint32_t)document, (uint32_t)document};
    path = shelf_path(&shelf, "gather.ebb");
    cr_assert_eq(
        reembed_gather(shelf.library, &chunks_model, &unasked, range, path, &texts, &shelf.err), 0,
        "%s", shelf.err.msg);
    cr_expect_eq(texts, 7);
    cr_expect_eq(read_texts(&shelf, path, document), 7);
    shelf_deinit(&shelf);
}

Test(library_reembed, settle_waits_until_nothing_lacks_a_vector)
{
    struct shelf shelf;
    struct reembed_settled settled;
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 1500, "oak");
    chunks_vectors(&shelf, document, 1, 1500, "text", CHUNKS_MODEL);
    chunks_vectors(&shelf, document, 1, 3, "image", "ebb-visual-512");
    chunks_vectors(&shelf, document, 1, 1499, "text", other_model.name);
    cr_assert_eq(reembed_settle(shelf.library, &other_model, &unasked, &settled, &shelf.err), 0);
    cr_expect_eq(settled.missing, 1);
    cr_expect_eq(settled.removed, 0);
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    chunks_vectors(&shelf, document, 1500, 1500, "text", other_model.name);
    cr_assert_eq(reembed_settle(shelf.library, &other_model, &unasked, &settled, &shelf.err), 0,
                 "%s", shelf.err.msg);
    cr_expect_eq(settled.missing, 0);
    cr_expect_eq(settled.removed, 1500);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(model) FROM"
                                       " (SELECT model FROM vector_sets ORDER BY model)"),
                     "ebb-visual-512,model-z");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM vectors"), "1503");
    cr_expect(chunks_file_fits(&shelf, "text", other_model.name));
    cr_expect(chunks_file_fits(&shelf, "image", "ebb-visual-512"));
    shelf_reopen(&shelf);
    cr_expect_str_eq(library_note(shelf.library), "");
    shelf_deinit(&shelf);
}

static bool once(void *context, uint64_t done)
{
    unsigned *left = context;

    (void)done;
    return (*left)-- > 0;
}

/* Stopped half-way, it goes on from there. */
Test(library_reembed, a_settle_that_was_cancelled_goes_on)
{
    struct shelf shelf;
    struct reembed_settled settled;
    unsigned left = 1;
    const struct missing_progress asked = {once, &left};
    int64_t document;

    shelf_init(&shelf);
    document = chunks_document(&shelf, SHELF_JOB, 1, 5000, "oak");
    chunks_vectors(&shelf, document, 1, 5000, "text", CHUNKS_MODEL);
    chunks_vectors(&shelf, document, 1, 5000, "text", other_model.name);
    cr_expect_eq(reembed_settle(shelf.library, &other_model, &asked, &settled, &shelf.err), -1);
    cr_expect_eq(shelf.err.code, ERROR_CANCELLED);
    cr_expect_str_neq(shelf_sql(&shelf, "SELECT count(*) FROM vectors"), "10000");
    shelf_reopen(&shelf);
    cr_expect(chunks_file_fits(&shelf, "text", other_model.name));
    cr_assert_eq(reembed_settle(shelf.library, &other_model, &unasked, &settled, &shelf.err), 0,
                 "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM vectors"), "5000");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM vector_sets"), "1");
    shelf_deinit(&shelf);
}
