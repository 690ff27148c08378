/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Texts to numbers: whole, in range, or an error (ERROR_INVALID unless said otherwise) that says
 * what was expected and what was given.
 */
#ifndef EBB_COMMON_PARSE_H
#define EBB_COMMON_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* Decimal digits and nothing else. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value, struct error *err);
/* "512M", "1.5G", "4096", "64KiB": binary multiples; K, M, G, T in either case, with
 * optional iB or B; at most six digits behind the point, rounded down. */
int parse_bytes(const char *text, uint64_t *ret_bytes, struct error *err);
/* "250ms", "30s", "5min", "1h", "2d"; a bare number is seconds. Fractions as in
 * parse_bytes. */
int parse_duration_ms(const char *text, uint64_t *ret_ms, struct error *err);
/* yes/no, true/false, on/off, 1/0, in either case. */
int parse_bool(const char *text, bool *ret_value, struct error *err);
/* "3-7,12,40-": at most max_ranges ranges of 1-based numbers, first <= last; an open end is
 * UINT32_MAX. ERROR_LIMIT past max_ranges. */
struct parse_range {
    uint32_t first, last;
};
int parse_ranges(const char *text, struct parse_range *ranges, size_t max_ranges, size_t *ret_count,
                 struct error *err);
/* "1.2 GiB", "640 KiB": three significant digits at most. */
void parse_format_bytes(uint64_t bytes, char *ret_text, size_t size_bytes);
/* Levenshtein's edit distance, for "did you mean"; at most 64 bytes of each are compared. */
unsigned parse_edit_distance(const char *a, const char *b);

#endif
