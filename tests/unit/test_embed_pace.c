/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How often an endpoint is asked: buckets, the breaker, retries. Time is the tests' own. */
#include <criterion/criterion.h>
#include <stdint.h>

#include "workers/embed/breaker.h"
#include "workers/embed/bucket.h"
#include "workers/embed/retry.h"

Test(bucket, no_limit)
{
    struct bucket bucket;

    bucket_init(&bucket, 0, 5);
    for (int i = 0; i < 1000; i++) {
        cr_assert(bucket_wait_ms(&bucket, 5) == 0);
        bucket_take(&bucket, UINT32_MAX, 5);
    }
}

/* Over an hour no more than the limit and a second's share come out, whatever is taken at once. */
Test(bucket, mean_holds)
{
    static const uint32_t limits[] = {1, 7, 60, 500, 1000000};
    static const uint32_t amounts[] = {1, 3, 100};

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        for (size_t j = 0; j < sizeof(amounts) / sizeof(amounts[0]); j++) {
            const uint64_t start_ms = 1000;
            const uint64_t hour_ms = 3600000;
            const uint64_t allowed = 60ULL * limits[i] + limits[i] / 60 + 1 + amounts[j];
            uint64_t now_ms = start_ms;
            uint64_t taken = 0;
            uint64_t rounds = 0;
            struct bucket bucket;

            bucket_init(&bucket, limits[i], now_ms);
            while (now_ms < start_ms + hour_ms && rounds++ < 400000) {
                uint64_t wait_ms = bucket_wait_ms(&bucket, now_ms);

                if (wait_ms == 0) {
                    bucket_take(&bucket, amounts[j], now_ms);
                    taken += amounts[j];
                }
                now_ms += wait_ms;
            }
            cr_expect(taken <= allowed, "%u a minute, %u at once: %llu", limits[i], amounts[j],
                      (unsigned long long)taken);
            cr_expect(rounds > 400000 || taken + 2ULL * amounts[j] >= 59ULL * limits[i],
                      "%u a minute, %u at once: only %llu", limits[i], amounts[j],
                      (unsigned long long)taken);
        }
    }
}

Test(bucket, waits_as_long_as_it_says)
{
    struct bucket bucket;

    bucket_init(&bucket, 60, 0);
    cr_expect(bucket_wait_ms(&bucket, 0) == 0);
    bucket_take(&bucket, 1, 0);
    cr_expect(bucket_wait_ms(&bucket, 0) == 1000);
    cr_expect(bucket_wait_ms(&bucket, 999) == 1);
    cr_expect(bucket_wait_ms(&bucket, 1000) == 0);
    bucket_take(&bucket, 10, 1000);
    cr_expect(bucket_wait_ms(&bucket, 1000) == 10000);
    /* A clock that stands still or goes back, and one that jumps. */
    cr_expect(bucket_wait_ms(&bucket, 500) == 10000);
    cr_expect(bucket_wait_ms(&bucket, UINT64_MAX / 2) == 0);
    bucket_take(&bucket, 1, UINT64_MAX / 2);
    cr_expect(bucket_wait_ms(&bucket, UINT64_MAX / 2) == 1000, "it holds a second's share alone");
}

Test(breaker, opens_after_failures_in_a_row)
{
    struct breaker breaker;

    breaker_init(&breaker, 3, 1000);
    for (int i = 0; i < 10; i++) {
        breaker_failed(&breaker, 0);
        breaker_failed(&breaker, 0);
        cr_assert(breaker_enter(&breaker, 0));
        breaker_succeeded(&breaker);
    }
    breaker_failed(&breaker, 10);
    breaker_failed(&breaker, 20);
    cr_expect(breaker_state(&breaker, 20) == BREAKER_CLOSED);
    breaker_failed(&breaker, 30);
    cr_expect(breaker_state(&breaker, 30) == BREAKER_OPEN);
    cr_expect_not(breaker_enter(&breaker, 1029));
}

Test(breaker, one_try_decides)
{
    struct breaker breaker;

    breaker_init(&breaker, 1, 1000);
    breaker_failed(&breaker, 0);
    cr_expect(breaker_state(&breaker, 1000) == BREAKER_HALF_OPEN);
    cr_expect(breaker_enter(&breaker, 1000));
    cr_expect_not(breaker_enter(&breaker, 1000), "one alone");
    breaker_failed(&breaker, 1500);
    cr_expect_not(breaker_enter(&breaker, 2499));
    cr_expect(breaker_enter(&breaker, 2500));
    breaker_left(&breaker);
    cr_expect(breaker_enter(&breaker, 2500), "the one before was given up");
    breaker_succeeded(&breaker);
    cr_expect(breaker_enter(&breaker, 2500));
    cr_expect(breaker_enter(&breaker, 2500));
}

Test(retry, what_a_status_means)
{
    static const struct {
        long status;
        enum retry_verdict verdict;
    } cases[] = {{200, RETRY_DONE},   {201, RETRY_DONE},   {301, RETRY_NEVER},  {307, RETRY_NEVER},
                 {400, RETRY_SPLIT},  {401, RETRY_NEVER},  {403, RETRY_NEVER},  {404, RETRY_NEVER},
                 {408, RETRY_FAILED}, {413, RETRY_SPLIT},  {422, RETRY_SPLIT},  {429, RETRY_LATER},
                 {500, RETRY_FAILED}, {502, RETRY_FAILED}, {503, RETRY_FAILED}, {0, RETRY_NEVER}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_expect(retry_verdict_of(cases[i].status) == cases[i].verdict, "%ld", cases[i].status);
    }
}

Test(retry, full_jitter_that_grows_to_a_bound)
{
    cr_expect(retry_delay_ms(1, 0, 0, 0) == 0);
    cr_expect(retry_delay_ms(1, UINT32_MAX, 0, 0) == RETRY_FIRST_MS);
    cr_expect(retry_delay_ms(2, UINT32_MAX, 0, 0) == 2 * RETRY_FIRST_MS);
    cr_expect(retry_delay_ms(3, UINT32_MAX / 2, 0, 0) >= 2 * RETRY_FIRST_MS - 1);
    cr_expect(retry_delay_ms(1000, UINT32_MAX, 0, 0) == RETRY_MOST_MS);
    cr_expect(retry_delay_ms(UINT32_MAX, 0, 0, 0) == 0);
}

Test(retry, what_the_endpoint_asks_for_is_bounded)
{
    cr_expect(retry_delay_ms(1, 0, 5000, 60000) == 5000);
    cr_expect(retry_delay_ms(1, 0, UINT64_MAX, 60000) == 60000);
    cr_expect(retry_delay_ms(9, UINT32_MAX, 1, 60000) == RETRY_MOST_MS);
}
