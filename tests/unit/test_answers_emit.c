/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The writer of JSON that answers are made with.
 */
#include "workers/answers/emit.h"

#include <criterion/criterion.h>
#include <math.h>

Test(answers_emit, values)
{
    static const struct {
        double value;
        const char *expected;
    } hundredths[] = {
        {0, "0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {2.25, "2.25"},
        {595.32F, "595.32"},
        {0.004, "0"},
        {-0.001, "0"},
        {0.05, "0.05"},
        {1e14, "100000000000000"},
        {1e300, "null"},
        {NAN, "null"},
        {10.1, "10.1"},
        {-0.07, "-0.07"},
    };
    struct error err = ERROR_INIT;
    struct emit emit;
    struct buf out;

    buf_init(&out, 1U << 20);
    for (size_t i = 0; i < sizeof hundredths / sizeof hundredths[0]; i++) {
        out.size = 0;
        emit_init(&emit, &out);
        emit_hundredths(&emit, hundredths[i].value);
        cr_expect_str_eq(buf_cstr(&out, &err), hundredths[i].expected);
    }
    out.size = 0;
    emit_init(&emit, &out);
    emit_open(&emit, '[');
    emit_str(&emit, "a\"b\\c\n\x01\x7F\xC3\xA9\xFF");
    emit_str(&emit, NULL);
    emit_int(&emit, INT64_MIN);
    emit_uint(&emit, UINT64_MAX);
    emit_bool(&emit, true);
    emit_open(&emit, '{');
    emit_key_text(&emit, "k\"");
    emit_double(&emit, 1.5);
    emit_key_uint(&emit, "n", 0);
    emit_close(&emit, '}');
    emit_open(&emit, '[');
    emit_close(&emit, ']');
    emit_close(&emit, ']');
    cr_assert_eq(emit_finish(&emit, &err), 0);
    cr_expect_str_eq(buf_cstr(&out, &err),
                     "[\"a\\\"b\\\\c\\n\\u0001\\u007f\xC3\xA9\xEF\xBF\xBD\",null,"
                     "-9223372036854775808,18446744073709551615,true,{\"k\\\"\":1.5,\"n\":0},[]]");
    buf_deinit(&out);
}

Test(answers_emit, it_remembers_its_first_failure)
{
    struct error err = ERROR_INIT;
    struct emit emit;
    struct buf out;

    buf_init(&out, 8);
    emit_init(&emit, &out);
    emit_str(&emit, "too long for it");
    emit_str(&emit, "x");
    cr_expect_eq(emit_finish(&emit, &err), -1);
    cr_expect_eq(err.code, ERROR_LIMIT);
    buf_deinit(&out);
}

/* What is no text is still a string; characters of several bytes stay whole. */
Test(answers_emit, bytes_that_are_no_text)
{
    struct error err = ERROR_INIT;
    struct emit emit;
    struct buf out;

    buf_init(&out, 1U << 10);
    emit_init(&emit, &out);
    emit_open(&emit, '[');
    emit_str_n(&emit, NULL, 0);
    emit_str_n(&emit, "\xF0\x9F\x8C\xB3\0x", 6);
    emit_str_n(&emit, "\xF0\x9F\"", 3);
    emit_str_n(&emit, "\xED\xA0\x80", 3);
    emit_double(&emit, 0.016393);
    emit_double(&emit, INFINITY);
    emit_close(&emit, ']');
    cr_assert_eq(emit_finish(&emit, &err), 0);
    cr_expect_str_eq(buf_cstr(&out, &err), "[\"\",\"\xF0\x9F\x8C\xB3\uFFFDx\",\"\uFFFD\uFFFD\\\"\","
                                           "\"\uFFFD\uFFFD\uFFFD\",0.016393,null]");
    buf_deinit(&out);
}
