/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Waits fall into powers of two, percentiles are their upper ends, medians are of the last times,
 * and what pooling saved is reuses times what a process costs.
 */
#include "supervisor/class_statistics.h"

#include <criterion/criterion.h>

#include "common/buf.h"

Test(class_statistics, waits_by_powers_of_two)
{
    static const struct {
        uint64_t us;
        unsigned place;
    } rows[] = {{1, 0},         {63, 0},        {64, 1},         {127, 1},
                {128, 2},       {999, 4},       {33554431, 19},  {33554432, 20},
                {67108863, 20}, {67108864, 21}, {134217728, 21}, {UINT64_MAX / 4, 21}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct class_statistics statistics = {0};
        class_statistics_leased(&statistics, rows[i].us, false);
        cr_expect_eq(statistics.wait_times[rows[i].place], 1, "%llu us",
                     (unsigned long long)rows[i].us);
        cr_expect_eq(statistics.wait_us, rows[i].us);
    }
}

Test(class_statistics, who_did_not_wait_is_no_wait)
{
    struct class_statistics statistics = {0};
    class_statistics_leased(&statistics, 0, true);
    cr_expect_eq(statistics.leases, 1);
    cr_expect_eq(statistics.reuses, 1);
    cr_expect_eq(class_statistics_wait_us(&statistics, 50), 0);
    for (size_t i = 0; i < WAIT_TIMES; i++) {
        cr_expect_eq(statistics.wait_times[i], 0);
    }
}

Test(class_statistics, percentiles_are_upper_ends)
{
    struct class_statistics statistics = {0};
    for (int i = 0; i < 98; i++) {
        class_statistics_leased(&statistics, 100, true);
    }
    class_statistics_leased(&statistics, 5000, true);
    class_statistics_leased(&statistics, 5000000, true);
    cr_expect_eq(class_statistics_wait_us(&statistics, 50), 128);
    cr_expect_eq(class_statistics_wait_us(&statistics, 98), 128);
    cr_expect_eq(class_statistics_wait_us(&statistics, 99), 8192);
    cr_expect_eq(class_statistics_wait_us(&statistics, 100), 8388608);
}

Test(class_statistics, the_median_is_of_the_last_times)
{
    struct recent_times times = {0};
    cr_expect_eq(recent_times_median(&times), 0);
    recent_times_add(&times, 7);
    cr_expect_eq(recent_times_median(&times), 7);
    for (uint64_t i = 0; i < 100; i++) {
        recent_times_add(&times, 1000000);
    }
    for (uint64_t i = 0; i < RECENT_TIMES; i++) {
        recent_times_add(&times, i);
    }
    cr_expect_eq(recent_times_median(&times), RECENT_TIMES / 2);
    recent_times_add(&times, UINT64_MAX);
    cr_expect_eq(times.us[(times.count - 1) % RECENT_TIMES], UINT32_MAX);
}

Test(class_statistics, what_was_saved)
{
    struct class_statistics statistics = {.reuses = 10};
    recent_times_add(&statistics.start, 3000);
    cr_expect_eq(class_statistics_saved_us(&statistics), 30000);
    recent_times_add(&statistics.unload, 500);
    cr_expect_eq(class_statistics_saved_us(&statistics), 35000);
}

/* It writes as many keys as it says. */
Test(class_statistics, packs_a_whole_map)
{
    struct class_statistics statistics = {.busy_us = 300, .live_us = 500};
    struct buf data;
    struct pack pack;
    buf_init(&data, 8192);
    pack_init(&pack, &data);
    pack_map(&pack, CLASS_STATISTICS_KEYS);
    class_statistics_pack(&statistics, 100, 300, &pack);
    cr_assert_eq(pack_finish(&pack, NULL), 0);
    struct value_tree *tree = value_decode(data.data, data.size, NULL);
    cr_assert_not_null(tree);
    struct value map = value_root(tree);
    cr_expect_eq(value_count(map), CLASS_STATISTICS_KEYS);
    cr_expect_eq(value_uint(value_get(map, "busy_us"), 0), 400);
    cr_expect_eq(value_uint(value_get(map, "live_us"), 0), 800);
    cr_expect_eq(value_uint(value_get(map, "busy_percent"), 0), 50);
    cr_expect_eq(value_count(value_get(map, "wait_times")), WAIT_TIMES);
    cr_expect_eq(value_count(value_get(map, "recycled")), RECYCLE_COUNT);
    value_tree_destroy(tree);
    buf_deinit(&data);
}
