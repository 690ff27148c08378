/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Time: monotonic for intervals, wall clock for people.
 *
 * clock_gettime(2) cannot fail for these two clocks, so nothing here can. Nothing blocks or logs.
 */
#include "common/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* 9999-12-31T23:59:59.999Z, the last moment that RFC 3339 can write. */
#define RFC3339_LAST_MS UINT64_C(253402300799999)

static struct timespec now(clockid_t clock)
{
    struct timespec time = {0, 0};

    clock_gettime(clock, &time);
    return time;
}

uint64_t clock_monotonic_us(void)
{
    struct timespec time = now(CLOCK_MONOTONIC);

    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

uint64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

uint64_t clock_wall_ms(void)
{
    struct timespec time = now(CLOCK_REALTIME);

    return time.tv_sec < 0 ? 0 : (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

void clock_format_rfc3339(uint64_t wall_ms, char ret_text[CLOCK_RFC3339_BYTES])
{
    uint64_t shown_ms = wall_ms < RFC3339_LAST_MS ? wall_ms : RFC3339_LAST_MS;
    time_t seconds = (time_t)(shown_ms / 1000);
    struct tm date;

    memset(&date, 0, sizeof(date));
    gmtime_r(&seconds, &date);
    /* The remainders change nothing; they bound the fields for the compiler. */
    snprintf(ret_text, CLOCK_RFC3339_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)(date.tm_year + 1900) % 10000U, (unsigned)(date.tm_mon + 1) % 100U,
             (unsigned)date.tm_mday % 100U, (unsigned)date.tm_hour % 100U,
             (unsigned)date.tm_min % 100U, (unsigned)date.tm_sec % 100U,
             (unsigned)(shown_ms % 1000));
}

void clock_format_duration(uint64_t duration_ms, char *ret_text, size_t size_bytes)
{
    uint64_t seconds = duration_ms / 1000;
    uint64_t minutes = seconds / 60;

    if (seconds == 0) {
        snprintf(ret_text, size_bytes, "%" PRIu64 " ms", duration_ms);
    } else if (minutes == 0) {
        snprintf(ret_text, size_bytes, "%" PRIu64 ".%" PRIu64 " s", seconds,
                 duration_ms % 1000 / 100);
    } else if (minutes < 60) {
        snprintf(ret_text, size_bytes, "%" PRIu64 " min %02" PRIu64 " s", minutes, seconds % 60);
    } else {
        snprintf(ret_text, size_bytes, "%" PRIu64 " h %02" PRIu64 " min", minutes / 60,
                 minutes % 60);
    }
}
