/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Statistics of a class. Pure arithmetic: nothing blocks or is logged.
 */
#include "supervisor/class_statistics.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_WAIT_US UINT64_C(64)

static const char *const RECYCLE_NAMES[RECYCLE_COUNT] = {
#define RECYCLE_NAME(symbol, name) [RECYCLE_##symbol] = name,
    RECYCLE_LIST(RECYCLE_NAME)
#undef RECYCLE_NAME
};

const char *recycle_name(enum recycle reason)
{
    return RECYCLE_NAMES[reason];
}

/* --- the last of many --- */

void recent_times_add(struct recent_times *times, uint64_t us)
{
    times->us[times->count++ % RECENT_TIMES] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

uint64_t recent_times_median(const struct recent_times *times)
{
    uint32_t sorted[RECENT_TIMES];
    size_t count = times->count < RECENT_TIMES ? (size_t)times->count : RECENT_TIMES;
    if (count == 0) {
        return 0;
    }
    memcpy(sorted, times->us, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare_u32);
    return sorted[count / 2];
}

/* --- waits --- */

static unsigned wait_bucket(uint64_t us)
{
    unsigned bucket = 0;
    for (uint64_t end_us = FIRST_WAIT_US; us >= end_us && bucket < WAIT_TIMES - 1; end_us *= 2) {
        bucket++;
    }
    return bucket;
}

void class_statistics_leased(struct class_statistics *statistics, uint64_t waited_us, bool again)
{
    statistics->leases++;
    statistics->reuses += again;
    if (waited_us > 0) {
        statistics->wait_us += waited_us;
        statistics->wait_times[wait_bucket(waited_us)]++;
    }
}

uint64_t class_statistics_wait_us(const struct class_statistics *statistics, unsigned percent)
{
    uint64_t total = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < WAIT_TIMES; i++) {
        total += statistics->wait_times[i];
    }
    for (size_t i = 0; total > 0 && i < WAIT_TIMES; i++) {
        sum += statistics->wait_times[i];
        if (sum * 100 >= total * percent) {
            return FIRST_WAIT_US << i;
        }
    }
    return 0;
}

uint64_t class_statistics_saved_us(const struct class_statistics *statistics)
{
    return statistics->reuses *
           (recent_times_median(&statistics->start) + recent_times_median(&statistics->unload));
}

/* --- for people --- */

static void pack_recycled(const struct class_statistics *statistics, struct pack *pack)
{
    pack_str(pack, "recycled");
    pack_map(pack, RECYCLE_COUNT);
    for (int reason = 0; reason < RECYCLE_COUNT; reason++) {
        pack_key_uint(pack, RECYCLE_NAMES[reason], statistics->recycled[reason]);
    }
}

static void pack_waits(const struct class_statistics *statistics, struct pack *pack)
{
    pack_key_uint(pack, "waits", statistics->waits);
    pack_key_uint(pack, "wait_ms", statistics->wait_us / 1000);
    pack_key_uint(pack, "wait_us_p50", class_statistics_wait_us(statistics, 50));
    pack_key_uint(pack, "wait_us_p99", class_statistics_wait_us(statistics, 99));
    pack_str(pack, "wait_times");
    pack_array(pack, WAIT_TIMES);
    for (size_t i = 0; i < WAIT_TIMES; i++) {
        pack_uint(pack, statistics->wait_times[i]);
    }
}

void class_statistics_pack(const struct class_statistics *statistics, uint64_t busy_us,
                           uint64_t live_us, struct pack *pack)
{
    busy_us += statistics->busy_us;
    live_us += statistics->live_us;
    pack_key_uint(pack, "created", statistics->created);
    pack_key_uint(pack, "gone", statistics->gone);
    pack_recycled(statistics, pack);
    pack_key_uint(pack, "leases", statistics->leases);
    pack_key_uint(pack, "releases", statistics->releases);
    pack_key_uint(pack, "reuses", statistics->reuses);
    pack_waits(statistics, pack);
    pack_key_uint(pack, "busy_us", busy_us);
    pack_key_uint(pack, "live_us", live_us);
    pack_key_uint(pack, "busy_percent", live_us > 0 ? busy_us * 100 / live_us : 0);
    pack_key_uint(pack, "start_us_median", recent_times_median(&statistics->start));
    pack_key_uint(pack, "unload_us_median", recent_times_median(&statistics->unload));
    pack_key_uint(pack, "saved_ms", class_statistics_saved_us(statistics) / 1000);
    pack_key_uint(pack, "young_deaths", statistics->young_deaths);
    pack_key_uint(pack, "throttled_ms", statistics->throttled_ms);
}
