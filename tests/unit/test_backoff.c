/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Delays double from the first to the longest and stay there; one success forgets them.
 */
#include "supervisor/backoff.h"

#include <criterion/criterion.h>

Test(backoff, doubles_up_to_its_maximum)
{
    struct backoff backoff;
    backoff_init(&backoff, 100, 1000);
    const uint64_t delays[] = {100, 200, 400, 800, 1000, 1000};
    for (unsigned i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        backoff_failed(&backoff, 5000);
        cr_expect_eq(backoff.delay_ms, delays[i]);
        cr_expect_eq(backoff.until_ms, 5000 + delays[i]);
        cr_expect_eq(backoff.failures, i + 1);
    }
}

Test(backoff, waits_until_its_time_and_not_longer)
{
    struct backoff backoff;
    backoff_init(&backoff, 100, 1000);
    cr_expect_not(backoff_waiting(&backoff, 0));
    backoff_failed(&backoff, 1000);
    cr_expect(backoff_waiting(&backoff, 1099));
    cr_expect_not(backoff_waiting(&backoff, 1100));
}

Test(backoff, forgets_after_a_success)
{
    struct backoff backoff;
    backoff_init(&backoff, 100, 1000);
    backoff_failed(&backoff, 1);
    backoff_failed(&backoff, 1);
    backoff_succeeded(&backoff);
    cr_expect_not(backoff_waiting(&backoff, 1));
    backoff_failed(&backoff, 1);
    cr_expect_eq(backoff.delay_ms, 100);
}

Test(backoff, does_not_overflow)
{
    struct backoff backoff;
    backoff_init(&backoff, UINT64_MAX / 2 + 1, UINT64_MAX / 2 + 2);
    for (int i = 0; i < 100; i++) {
        backoff_failed(&backoff, 0);
        cr_expect_leq(backoff.delay_ms, UINT64_MAX / 2 + 2);
        cr_expect_gt(backoff.delay_ms, 0);
    }
}
