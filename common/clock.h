/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Time: monotonic for intervals, wall clock for people.
 */
#ifndef EBB_COMMON_CLOCK_H
#define EBB_COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t clock_monotonic_us(void);
uint64_t clock_monotonic_ms(void);
/* Milliseconds since 1970-01-01T00:00:00Z. */
uint64_t clock_wall_ms(void);

#define CLOCK_RFC3339_BYTES 25
/* "2026-01-31T12:34:56.789Z"; the year 9999 ends it. */
void clock_format_rfc3339(uint64_t wall_ms, char ret_text[CLOCK_RFC3339_BYTES]);
/* "850 ms", "12.3 s", "4 min 05 s", "2 h 03 min"; rounded down. */
void clock_format_duration(uint64_t duration_ms, char *ret_text, size_t size_bytes);

#endif
