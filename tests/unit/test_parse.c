/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/parse: whole texts, borders, overflow, and messages that say what was expected.
 */
#include "common/parse.h"

#include <criterion/criterion.h>
#include <string.h>

#define KIB UINT64_C(1024)

struct row {
    const char *text;
    uint64_t value;
};

typedef int (*parse_cb)(const char *text, uint64_t *ret_value, struct error *err);

static void check_good(parse_cb parse, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error err = ERROR_INIT;
        uint64_t value = 0;

        cr_assert_eq(parse(rows[i].text, &value, &err), 0, "%s", err.msg);
        cr_assert_eq(value, rows[i].value, "%s", rows[i].text);
    }
}

static void check_bad(parse_cb parse, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error err = ERROR_INIT;
        uint64_t value = 4711;

        cr_assert_eq(parse(texts[i], &value, &err), -1, "%s", texts[i]);
        cr_assert_eq(err.code, ERROR_INVALID);
        cr_assert_eq(strncmp(err.msg, "expected ", 9), 0, "%s", err.msg);
        cr_assert(strstr(err.msg, texts[i]), "%s", err.msg);
        cr_assert_eq(value, 4711);
    }
}

#define CHECK_GOOD(parse, rows) check_good(parse, rows, sizeof(rows) / sizeof((rows)[0]))
#define CHECK_BAD(parse, texts) check_bad(parse, texts, sizeof(texts) / sizeof((texts)[0]))

static int parse_any_u64(const char *text, uint64_t *ret_value, struct error *err)
{
    return parse_u64(text, 0, UINT64_MAX, ret_value, err);
}

Test(parse, u64)
{
    static const struct row good[] = {{"0", 0}, {"007", 7}, {"18446744073709551615", UINT64_MAX}};
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "0x10",
                                      "1e3",
                                      "1.0",
                                      "18446744073709551616",
                                      "99999999999999999999999999999999"};

    CHECK_GOOD(parse_any_u64, good);
    CHECK_BAD(parse_any_u64, bad);
}

Test(parse, u64_range)
{
    struct error err = ERROR_INIT;
    uint64_t value = 0;

    cr_assert_eq(parse_u64("5", 5, 5, &value, &err), 0);
    cr_assert_eq(parse_u64("4", 5, 9, &value, &err), -1);
    cr_assert_str_eq(err.msg, "expected a whole number from 5 to 9, not \"4\"");
    cr_assert_eq(parse_u64("10", 5, 9, &value, NULL), -1);
    cr_assert_eq(value, 5);
}

Test(parse, bytes)
{
    static const struct row good[] = {
        {"0", 0},
        {"4096", 4096},
        {"12B", 12},
        {"64KiB", 64 * KIB},
        {"64KB", 64 * KIB},
        {"64K", 64 * KIB},
        {"64k", 64 * KIB},
        {"512M", 512 * KIB * KIB},
        {"1.5G", 1536 * KIB * KIB},
        {"1.5 GiB", 1536 * KIB * KIB},
        {"0.000001K", 0},
        {"1.000000K", 1024},
        {"2T", 2 * KIB * KIB * KIB * KIB},
        {"16777215T", 16777215 * KIB * KIB * KIB * KIB},
        {"18446744073709551615", UINT64_MAX},
    };
    static const char *const bad[] = {
        "",
        "K",
        "-1K",
        ".5G",
        "1.G",
        "1.5",
        "1.5B",
        "1,5G",
        "1.1234567G",
        "16777216T",
        "1P",
        "1KiBs",
        "1 ",
        " 1",
        "1  K",
        "1.5.5G",
        "0x10",
        "1Ki",
        "18446744073709551616",
        "16777215.999999999T",
    };

    CHECK_GOOD(parse_bytes, good);
    CHECK_BAD(parse_bytes, bad);
}

Test(parse, bytes_fraction_cannot_overflow_either)
{
    uint64_t bytes = 0;

    cr_assert_eq(parse_bytes("16777215.999999T", &bytes, NULL), 0);
    cr_assert_gt(bytes, UINT64_MAX - KIB * KIB * KIB);
}

Test(parse, duration)
{
    static const struct row good[] = {
        {"0", 0},          {"30", 30000},
        {"250ms", 250},    {"30s", 30000},
        {"5min", 300000},  {"1h", 3600000},
        {"1.5h", 5400000}, {"2d", 172800000},
        {"0.25", 250},     {"18446744073709551615ms", UINT64_MAX},
    };
    static const char *const bad[] = {
        "",
        "s",
        "-1s",
        "5m",
        "5M",
        "1H",
        "1.5ms",
        "1h30min",
        "1w",
        "213503982335d",
        "18446744073709551615",
    };

    CHECK_GOOD(parse_duration_ms, good);
    CHECK_BAD(parse_duration_ms, bad);
}

Test(parse, boolean)
{
    static const char *const yes[] = {"yes", "true", "on", "1", "Yes", "TRUE"};
    static const char *const no[] = {"no", "false", "off", "0", "No", "OFF"};
    static const char *const bad[] = {"", "y", "2", "yess", "tru", " yes"};
    struct error err = ERROR_INIT;
    bool value;

    for (size_t i = 0; i < 6; i++) {
        value = false;
        cr_assert_eq(parse_bool(yes[i], &value, &err), 0);
        cr_assert(value);
        cr_assert_eq(parse_bool(no[i], &value, &err), 0);
        cr_assert(!value);
        value = true;
        cr_assert_eq(parse_bool(bad[i], &value, &err), -1);
        cr_assert(value);
        cr_assert_eq(err.code, ERROR_INVALID);
    }
}

Test(parse, ranges)
{
    struct parse_range ranges[4];
    struct error err = ERROR_INIT;
    size_t count = 0;

    cr_assert_eq(parse_ranges("3-7,12,40-", ranges, 4, &count, &err), 0, "%s", err.msg);
    cr_assert_eq(count, 3);
    cr_assert_eq(ranges[0].first, 3);
    cr_assert_eq(ranges[0].last, 7);
    cr_assert_eq(ranges[1].first, 12);
    cr_assert_eq(ranges[1].last, 12);
    cr_assert_eq(ranges[2].first, 40);
    cr_assert_eq(ranges[2].last, UINT32_MAX);
    cr_assert_eq(parse_ranges("4294967295", ranges, 4, &count, &err), 0);
    cr_assert_eq(ranges[0].first, UINT32_MAX);
    cr_assert_eq(parse_ranges("1-,5", ranges, 4, &count, &err), 0);
    cr_assert_eq(count, 2);
    cr_assert_eq(parse_ranges("1,2,3,4", ranges, 4, &count, &err), 0);
    cr_assert_eq(count, 4);
}

Test(parse, ranges_that_are_wrong)
{
    static const char *const bad[] = {
        "",
        "0",
        "0-3",
        "7-3",
        "-3",
        "a",
        "1,",
        ",1",
        "1,,2",
        "1-2-3",
        "1 ",
        "1, 2",
        "1--2",
        "1-a",
        "4294967296",
        "1-4294967296",
        "1-18446744073709551617",
        "99999999999999999999",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct parse_range ranges[4] = {{9, 9}, {9, 9}, {9, 9}, {9, 9}};
        struct error err = ERROR_INIT;
        size_t count = 77;

        cr_assert_eq(parse_ranges(bad[i], ranges, 4, &count, &err), -1, "%s", bad[i]);
        cr_assert_eq(err.code, ERROR_INVALID);
        cr_assert_eq(count, 77);
        cr_assert_eq(ranges[0].first, 9);
    }
}

Test(parse, ranges_that_are_too_many)
{
    struct parse_range ranges[2] = {{9, 9}, {9, 9}};
    struct error err = ERROR_INIT;
    size_t count = 77;

    cr_assert_eq(parse_ranges("1,2,3", ranges, 2, &count, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(count, 77);
    cr_assert_eq(ranges[0].first, 9);
    cr_assert_eq(parse_ranges("1", ranges, 0, &count, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
}

Test(parse, format_bytes)
{
    static const struct row rows[] = {
        {"0 B", 0},
        {"999 B", 999},
        {"1 KiB", 1000},
        {"1 KiB", 1024},
        {"1.5 KiB", 1536},
        {"640 KiB", 640 * KIB},
        {"99.9 KiB", 102298},
        {"999 KiB", 999 * KIB},
        {"1 MiB", 1000 * KIB},
        {"1 MiB", KIB * KIB - 1},
        {"1.2 GiB", 1288490189},
        {"2 TiB", 2 * KIB * KIB * KIB * KIB},
        {"16 EiB", UINT64_MAX},
    };
    char text[32];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        parse_format_bytes(rows[i].value, text, sizeof(text));
        cr_assert_str_eq(text, rows[i].text);
    }
}

/* What is shown has three digits at most, and is read back as nearly the same. */
Test(parse, format_bytes_everywhere)
{
    for (uint64_t bytes = 1; bytes < UINT64_C(1) << 49; bytes += bytes / 97 + 1) {
        char text[32];
        uint64_t back;
        size_t digits = 0;
        double ratio;

        parse_format_bytes(bytes, text, sizeof(text));
        for (const char *p = text; *p; p++) {
            digits += *p >= '0' && *p <= '9';
        }
        cr_assert_leq(digits, 3, "%s", text);
        cr_assert_eq(parse_bytes(text, &back, NULL), 0, "%s", text);
        ratio = (double)back / (double)bytes;
        cr_assert(ratio > 0.94 && ratio < 1.06, "%s", text);
    }
}

Test(parse, edit_distance)
{
    char long_text[200];

    cr_assert_eq(parse_edit_distance("", ""), 0);
    cr_assert_eq(parse_edit_distance("", "abc"), 3);
    cr_assert_eq(parse_edit_distance("abc", ""), 3);
    cr_assert_eq(parse_edit_distance("state-dir", "state-dir"), 0);
    cr_assert_eq(parse_edit_distance("sate-dir", "state-dir"), 1);
    cr_assert_eq(parse_edit_distance("kitten", "sitting"), 3);
    cr_assert_eq(parse_edit_distance("sitting", "kitten"), 3);
    memset(long_text, 'x', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    cr_assert_eq(parse_edit_distance(long_text, ""), 64);
    cr_assert_eq(parse_edit_distance(long_text, long_text), 0);
}
