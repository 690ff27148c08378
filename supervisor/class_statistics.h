/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What has become of a class's workers: counts that balance, and times. Of this run of ebbd: they
 * begin anew with it (what each process cost lasts, as its receipt).
 *
 * created == gone + the processes that there are; leases == releases + the workers that are leased.
 * Source: PROTOCOL.md, "Control", POOLS.
 */
#ifndef EBB_SUPERVISOR_CLASS_STATISTICS_H
#define EBB_SUPERVISOR_CLASS_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/value.h"

/* Why a pool worker was replaced, or a worker went. */
#define RECYCLE_LIST(X)                                                                            \
    X(UNITS, "units")                                                                              \
    X(AGE, "age")                                                                                  \
    X(RSS, "rss")                                                                                  \
    X(IDLE, "idle")                                                                                \
    X(HEALTH, "health")                                                                            \
    X(SETTINGS, "settings")                                                                        \
    X(DIED, "died")

enum recycle {
#define RECYCLE_ENUM(symbol, name) RECYCLE_##symbol,
    RECYCLE_LIST(RECYCLE_ENUM)
#undef RECYCLE_ENUM
        RECYCLE_COUNT
};

const char *recycle_name(enum recycle reason);

/* Times by powers of two: the first is what took less than 64 us, each next one up to twice as
 * much, the last 64 s and more. */
#define WAIT_TIMES 22

/* The last of many times, of which the median is wanted: a ring. */
#define RECENT_TIMES 32
struct recent_times {
    uint32_t us[RECENT_TIMES];
    uint64_t count; /* all that were added */
};

struct class_statistics {
    uint64_t created, gone;
    uint64_t recycled[RECYCLE_COUNT]; /* of those that are gone */
    uint64_t leases, releases;
    uint64_t reuses;  /* leases of a worker that had been leased before */
    uint64_t waits;   /* units and queries that found no worker and had to wait for one */
    uint64_t wait_us; /* of those that got one, altogether */
    uint64_t wait_times[WAIT_TIMES]; /* of the same */
    uint64_t busy_us;                /* of leases that have ended */
    uint64_t live_us;                /* of workers that are gone */
    struct recent_times start, unload;
    uint64_t young_deaths;
    uint64_t throttled_ms; /* altogether */
};

void recent_times_add(struct recent_times *times, uint64_t us);
/* 0 where there are none. */
uint64_t recent_times_median(const struct recent_times *times);

/* A lease that had to wait (waited_us > 0), or did not. */
void class_statistics_leased(struct class_statistics *statistics, uint64_t waited_us, bool again);
/* The least time that so many percent of the waits did not take longer than, as far as the buckets
 * tell: their upper ends. 0 where nobody waited. */
uint64_t class_statistics_wait_us(const struct class_statistics *statistics, unsigned percent);
/* What starting and ending processes anew for each lease would have taken in their stead. */
uint64_t class_statistics_saved_us(const struct class_statistics *statistics);

#define CLASS_STATISTICS_KEYS 19
/* So many keys of a map that is open. busy_us and live_us: of the workers that there are. */
void class_statistics_pack(const struct class_statistics *statistics, uint64_t busy_us,
                           uint64_t live_us, struct pack *pack);

#endif
