/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/clock: forms of moments and durations, and their borders.
 */
#include "common/clock.h"

#include <criterion/criterion.h>
#include <string.h>

Test(clock, rfc3339)
{
    static const struct {
        uint64_t wall_ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1769862896789, "2026-01-31T12:34:56.789Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {4107542399999, "2100-02-28T23:59:59.999Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "9999-12-31T23:59:59.999Z"},
        {UINT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    char text[CLOCK_RFC3339_BYTES];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        clock_format_rfc3339(rows[i].wall_ms, text);
        cr_assert_str_eq(text, rows[i].text);
    }
}

Test(clock, duration)
{
    static const struct {
        uint64_t duration_ms;
        const char *text;
    } rows[] = {
        {0, "0 ms"},
        {850, "850 ms"},
        {999, "999 ms"},
        {1000, "1.0 s"},
        {12345, "12.3 s"},
        {59999, "59.9 s"},
        {60000, "1 min 00 s"},
        {245999, "4 min 05 s"},
        {3599999, "59 min 59 s"},
        {3600000, "1 h 00 min"},
        {7380000, "2 h 03 min"},
        {UINT64_MAX, "5124095576030 h 25 min"},
    };
    char text[40];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        clock_format_duration(rows[i].duration_ms, text, sizeof(text));
        cr_assert_str_eq(text, rows[i].text);
    }
    clock_format_duration(UINT64_MAX, text, 5);
    cr_assert_str_eq(text, "5124");
}

Test(clock, monotonic_never_goes_back)
{
    uint64_t last_us = clock_monotonic_us();

    for (int i = 0; i < 1000; i++) {
        uint64_t us = clock_monotonic_us();

        cr_assert_geq(us, last_us);
        last_us = us;
    }
    cr_assert_leq(last_us / 1000, clock_monotonic_ms());
}

Test(clock, wall_is_after_this_was_written)
{
    cr_assert_gt(clock_wall_ms(), UINT64_C(1700000000000));
}
