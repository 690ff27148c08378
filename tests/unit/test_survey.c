/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/survey: records there and back, and that nothing else is taken for one.
 */
#include "proto/survey.h"

#include <criterion/criterion.h>
#include <string.h>

#include "proto_samples.h"

static struct arena *arena;
static struct buf wire;

static void begin(void)
{
    arena = arena_create((size_t)16 << 20);
    buf_init(&wire, (size_t)64 << 20);
}

static void end(void)
{
    arena_destroy(arena);
    buf_deinit(&wire);
}

static struct survey_record round_trip(const struct survey_record *survey)
{
    struct error err = ERROR_INIT;
    struct survey_record read;
    struct buf again;

    wire.size = 0;
    cr_assert_eq(survey_record_encode(survey, &wire, &err), 0, "%s", err.msg);
    cr_assert_eq(survey_record_decode(wire.data, wire.size, arena, &read, &err), 0, "%s", err.msg);
    buf_init(&again, wire.max);
    cr_assert_eq(survey_record_encode(&read, &again, &err), 0, "%s", err.msg);
    cr_assert_eq(again.size, wire.size);
    cr_assert_eq(memcmp(again.data, wire.data, wire.size), 0);
    buf_deinit(&again);
    return read;
}

Test(survey, round_trip, .init = begin, .fini = end)
{
    const struct survey_record *survey = sample_survey();
    struct survey_record read = round_trip(survey);

    cr_assert_str_eq(read.sha256, survey->sha256);
    cr_assert_eq(read.size_bytes, survey->size_bytes);
    cr_assert_str_eq(read.format, survey->format);
    cr_assert_eq(read.page_count, survey->page_count);
    cr_assert_eq(read.encrypted, survey->encrypted);
    cr_assert_eq(read.repaired, survey->repaired);
    cr_assert_eq(read.metadata_count, 2);
    cr_assert_str_eq(read.metadata[0].key, "title");
    cr_assert_str_eq(read.metadata[0].value, "On T\xc3\xad"
                                             "des");
    cr_assert_str_eq(read.metadata[1].value, "");
    cr_assert_eq(read.outline_count, 2);
    cr_assert_eq(read.outline[1].page, 0);
    cr_assert_eq(read.outline[1].depth, 1);
    cr_assert_str_eq(read.outline[1].title, "1.1 nowhere");
    cr_assert_eq(read.warning_count, 2);
    cr_assert_str_eq(read.warnings[0], survey->warnings[0]);
}

Test(survey, the_least_survey, .init = begin, .fini = end)
{
    struct survey_record survey = {.format = ""};
    struct survey_record read;

    memcpy(survey.sha256, sample_survey()->sha256, sizeof(survey.sha256));
    read = round_trip(&survey);
    cr_assert_eq(read.metadata_count + read.outline_count + read.warning_count, 0);
}

Test(survey, the_longest_outline, .init = begin, .fini = end)
{
    static struct survey_outline outline[SURVEY_OUTLINE_MAX + 1];
    struct survey_record survey = *sample_survey();
    struct error err = ERROR_INIT;

    for (uint32_t i = 0; i <= SURVEY_OUTLINE_MAX; i++) {
        outline[i] = (struct survey_outline){i, UINT16_MAX, "x"};
    }
    survey.outline = outline;
    survey.outline_count = SURVEY_OUTLINE_MAX;
    cr_assert_eq(round_trip(&survey).outline[SURVEY_OUTLINE_MAX - 1].page, SURVEY_OUTLINE_MAX - 1);
    survey.outline_count++;
    wire.size = 0;
    cr_assert_eq(survey_record_encode(&survey, &wire, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(wire.size, 0);
}

Test(survey, texts_are_cut, .init = begin, .fini = end)
{
    struct survey_pair pair = {.key = "title", .value = sample_text(8000)};
    struct survey_record survey = *sample_survey();

    survey.metadata = &pair;
    survey.metadata_count = 1;
    survey.format = sample_text(8000);
    survey = round_trip(&survey);
    cr_assert_eq(strlen(survey.metadata[0].value), SURVEY_VALUE_MAX_BYTES);
    cr_assert_eq(strlen(survey.format), SURVEY_FORMAT_MAX_BYTES);
}

static void not_encoded(const struct survey_record *survey, enum error_code code)
{
    struct error err = ERROR_INIT;

    wire.size = 0;
    cr_assert_eq(survey_record_encode(survey, &wire, &err), -1);
    cr_assert_eq(err.code, code);
    cr_assert_eq(wire.size, 0);
}

Test(survey, what_no_survey_can_be, .init = begin, .fini = end)
{
    struct survey_record survey = *sample_survey();

    survey.sha256[63] = 'F';
    not_encoded(&survey, ERROR_INVALID);
    survey.sha256[63] = '\0';
    not_encoded(&survey, ERROR_INVALID);
    survey = *sample_survey();
    survey.format = NULL;
    not_encoded(&survey, ERROR_INVALID);
    survey = *sample_survey();
    survey.metadata_count = SURVEY_METADATA_MAX + 1;
    not_encoded(&survey, ERROR_LIMIT);
    survey = *sample_survey();
    survey.warning_count = SURVEY_WARNINGS_MAX + 1;
    not_encoded(&survey, ERROR_LIMIT);
    buf_deinit(&wire);
    buf_init(&wire, 50);
    not_encoded(sample_survey(), ERROR_LIMIT);
}

Test(survey, cut_short_longer_or_changed, .init = begin, .fini = end)
{
    struct survey_record read;
    struct buf again;

    cr_assert_eq(survey_record_encode(sample_survey(), &wire, NULL), 0);
    for (size_t size_bytes = 0; size_bytes < wire.size; size_bytes++) {
        struct error err = ERROR_INIT;

        cr_assert_eq(survey_record_decode(wire.data, size_bytes, arena, &read, &err), -1);
        cr_assert_eq(err.code, ERROR_CORRUPT);
    }
    buf_init(&again, wire.max);
    for (size_t bit = 0; bit < 8 * wire.size; bit++) {
        wire.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (survey_record_decode(wire.data, wire.size, arena, &read, NULL) == 0) {
            again.size = 0;
            cr_assert_eq(survey_record_encode(&read, &again, NULL), 0);
            cr_assert_eq(again.size, wire.size);
            cr_assert_eq(memcmp(again.data, wire.data, wire.size), 0);
        }
        wire.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    cr_assert_eq(buf_append(&wire, "\xc0", 1, NULL), 0);
    cr_assert_eq(survey_record_decode(wire.data, wire.size, arena, &read, NULL), -1);
    buf_deinit(&again);
}
