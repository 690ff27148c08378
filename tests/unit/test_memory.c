/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Predictions follow the receipts; levels are entered at their bound and left below it.
 */
#include "supervisor/memory.h"

#include <stdio.h>

#include <criterion/criterion.h>

#define MIB (1024ULL * 1024)

static struct settings settings;

static struct memory *make(void)
{
    settings = (struct settings){
        .memory_budget_bytes = 1000 * MIB, .warning_percent = 80, .critical_percent = 90};
    struct memory *memory = memory_create(&settings);
    cr_assert(memory);
    return memory;
}

Test(memory, predicts_the_fallback_without_history)
{
    struct memory *memory = make();
    cr_expect_eq(memory_predict(memory, "pdf", "extract", 3, 512 * MIB), 512 * MIB);
    memory_learn(memory, "pdf", "survey", 3, 10 * MIB);
    cr_expect_eq(memory_predict(memory, "pdf", "extract", 3, 512 * MIB), 512 * MIB);
    memory_destroy(memory);
}

Test(memory, predicts_a_high_peak_and_a_tenth)
{
    struct memory *memory = make();
    for (uint64_t peak = 1; peak <= 20; peak++) {
        memory_learn(memory, "pdf", "extract", 3, peak * 10 * MIB);
    }
    cr_expect_eq(memory_predict(memory, "pdf", "extract", 3, 1), 190 * MIB / 10 * 11);
    memory_destroy(memory);
}

Test(memory, forgets_peaks_that_are_long_past)
{
    struct memory *memory = make();
    memory_learn(memory, "pdf", "extract", 3, 900 * MIB);
    for (int i = 0; i < 40; i++) {
        memory_learn(memory, "pdf", "extract", 3, 10 * MIB);
    }
    cr_expect_eq(memory_predict(memory, "pdf", "extract", 3, 1), 11 * MIB);
    memory_destroy(memory);
}

Test(memory, borrows_from_larger_documents_only)
{
    struct memory *memory = make();
    memory_learn(memory, "pdf", "extract", 8, 100 * MIB);
    cr_expect_eq(memory_predict(memory, "pdf", "extract", 5, 1), 110 * MIB);
    cr_expect_eq(memory_predict(memory, "pdf", "extract", 9, 512 * MIB), 512 * MIB);
    memory_destroy(memory);
}

Test(memory, keeps_its_table_bounded)
{
    struct memory *memory = make();
    char stage[16];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(stage, sizeof(stage), "s%u", i);
        memory_learn(memory, "pdf", stage, 1, 10 * MIB);
    }
    cr_expect_eq(memory_predict(memory, "pdf", "s999", 1, 1), 11 * MIB);
    cr_expect_eq(memory_predict(memory, "pdf", "s0", 1, 7), 7, "the oldest row made room");
    memory_destroy(memory);
}

Test(memory, changes_level_once_and_with_hysteresis)
{
    struct memory *memory = make();
    cr_expect_not(memory_update(memory, 800 * MIB));
    cr_expect(memory_update(memory, 801 * MIB));
    cr_expect_eq(memory_level(memory), MEMORY_LEVEL_WARNING);
    cr_expect_not(memory_update(memory, 790 * MIB), "not left just below the bound");
    cr_expect(memory_update(memory, 740 * MIB));
    cr_expect_eq(memory_level(memory), MEMORY_LEVEL_NORMAL);
    cr_expect(memory_update(memory, 950 * MIB));
    cr_expect_eq(memory_level(memory), MEMORY_LEVEL_CRITICAL);
    cr_expect(memory_update(memory, 1001 * MIB));
    cr_expect_eq(memory_level(memory), MEMORY_LEVEL_OVER);
    cr_expect(memory_update(memory, 860 * MIB));
    cr_expect_eq(memory_level(memory), MEMORY_LEVEL_CRITICAL);
    cr_expect_eq(memory_live_bytes(memory), 860 * MIB);
    memory_destroy(memory);
}
