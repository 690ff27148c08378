/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Texts to numbers: whole, in range, or an error that says what was expected.
 *
 * Invariants: every byte of the text is accounted for; no sign, no octal, no locale; nothing
 * wraps around. Nothing blocks or logs.
 */
#include "common/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"

/* Six digits and a factor up to 2^40 stay below 2^60. */
#define FRACTION_DIGITS_MAX 6
#define FRACTION_SCALE UINT64_C(1000000)

#define EDIT_BYTES_MAX 64

struct unit {
    const char *suffix;
    uint64_t factor;
};

#define KIB UINT64_C(1024)

static const struct unit byte_units[] = {
    {"", 1},
    {"B", 1},
    {"K", KIB},
    {"KB", KIB},
    {"KiB", KIB},
    {"M", KIB *KIB},
    {"MB", KIB *KIB},
    {"MiB", KIB *KIB},
    {"G", KIB *KIB *KIB},
    {"GB", KIB *KIB *KIB},
    {"GiB", KIB *KIB *KIB},
    {"T", KIB *KIB *KIB *KIB},
    {"TB", KIB *KIB *KIB *KIB},
    {"TiB", KIB *KIB *KIB *KIB},
};

static const struct unit duration_units[] = {
    {"", 1000}, {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits at *text, at least one. Moves *text behind them; -1 when there is none or it overflows. */
static int scan_digits(const char **text, uint64_t *ret_value)
{
    const char *p = *text;
    uint64_t value = 0;

    if (!is_digit(*p)) {
        return -1;
    }
    for (; is_digit(*p); p++) {
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value)) {
            return -1;
        }
    }
    *text = p;
    *ret_value = value;
    return 0;
}

/* Digits behind a point, in millionths; 0 when there is no point. */
static int scan_fraction(const char **text, uint64_t *ret_millionths)
{
    const char *p = *text;
    uint64_t value = 0;
    unsigned digits = 0;

    if (*p == '.') {
        for (p++; is_digit(*p); p++) {
            if (++digits > FRACTION_DIGITS_MAX) {
                return -1;
            }
            value = value * 10 + (uint64_t)(*p - '0');
        }
        if (digits == 0) {
            return -1;
        }
        for (; digits < FRACTION_DIGITS_MAX; digits++) {
            value *= 10;
        }
    }
    *text = p;
    *ret_millionths = value;
    return 0;
}

/* A number and one of the units; a fraction needs a unit that can be divided. */
static int scan_quantity(const char *text, const struct unit *units, size_t count,
                         int (*compare)(const char *, const char *), uint64_t *ret_value)
{
    uint64_t whole;
    uint64_t millionths;

    if (scan_digits(&text, &whole) < 0 || scan_fraction(&text, &millionths) < 0) {
        return -1;
    }
    if (text[0] == ' ' && text[1]) {
        text++;
    }
    for (size_t i = 0; i < count; i++) {
        if (compare(text, units[i].suffix) != 0) {
            continue;
        }
        if (millionths > 0 && units[i].factor == 1) {
            return -1;
        }
        millionths = millionths * units[i].factor / FRACTION_SCALE;
        if (__builtin_mul_overflow(whole, units[i].factor, &whole) ||
            __builtin_add_overflow(whole, millionths, &whole)) {
            return -1;
        }
        *ret_value = whole;
        return 0;
    }
    return -1;
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value, struct error *err)
{
    const char *p = text;
    uint64_t value;

    if (scan_digits(&p, &value) < 0 || *p || value < min || value > max) {
        return error_set(err, ERROR_INVALID,
                         "expected a whole number from %" PRIu64 " to %" PRIu64 ", not \"%.60s\"",
                         min, max, text);
    }
    *ret_value = value;
    return 0;
}

int parse_bytes(const char *text, uint64_t *ret_bytes, struct error *err)
{
    if (scan_quantity(text, byte_units, ARRAY_LEN(byte_units), strcasecmp, ret_bytes) < 0) {
        return error_set(err, ERROR_INVALID,
                         "expected a size such as 4096, 512M or 1.5G, not \"%.60s\"", text);
    }
    return 0;
}

int parse_duration_ms(const char *text, uint64_t *ret_ms, struct error *err)
{
    if (scan_quantity(text, duration_units, ARRAY_LEN(duration_units), strcmp, ret_ms) < 0) {
        return error_set(err, ERROR_INVALID,
                         "expected a duration such as 250ms, 30s, 5min, 1h or 2d, not \"%.60s\"",
                         text);
    }
    return 0;
}

int parse_bool(const char *text, bool *ret_value, struct error *err)
{
    static const struct {
        const char *text;
        bool value;
    } words[] = {
        {"yes", true}, {"no", false},  {"true", true}, {"false", false},
        {"on", true},  {"off", false}, {"1", true},    {"0", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcasecmp(words[i].text, text) == 0) {
            *ret_value = words[i].value;
            return 0;
        }
    }
    return error_set(err, ERROR_INVALID, "expected yes or no, not \"%.60s\"", text);
}

static int scan_range(const char **text, struct parse_range *ret_range)
{
    const char *p = *text;
    uint64_t first;
    uint64_t last;

    if (scan_digits(&p, &first) < 0) {
        return -1;
    }
    last = first;
    if (*p == '-') {
        p++;
        last = UINT32_MAX;
        if (is_digit(*p) && scan_digits(&p, &last) < 0) {
            return -1;
        }
    }
    if (first < 1 || first > last || last > UINT32_MAX) {
        return -1;
    }
    *text = p;
    ret_range->first = (uint32_t)first;
    ret_range->last = (uint32_t)last;
    return 0;
}

/* Counts the ranges and, where ranges is not NULL, stores them. 0 when the text is not right. */
static size_t scan_ranges(const char *text, struct parse_range *ranges)
{
    size_t count = 0;

    for (;;) {
        struct parse_range range;

        if (scan_range(&text, &range) < 0) {
            return 0;
        }
        if (ranges) {
            ranges[count] = range;
        }
        count++;
        if (*text == '\0') {
            return count;
        }
        if (*text++ != ',') {
            return 0;
        }
    }
}

int parse_ranges(const char *text, struct parse_range *ranges, size_t max_ranges, size_t *ret_count,
                 struct error *err)
{
    size_t count = scan_ranges(text, NULL);

    if (count == 0) {
        return error_set(err, ERROR_INVALID, "expected ranges such as 3-7,12,40-, not \"%.60s\"",
                         text);
    }
    if (count > max_ranges) {
        return error_set(err, ERROR_LIMIT, "%zu ranges are more than the %zu allowed", count,
                         max_ranges);
    }
    *ret_count = scan_ranges(text, ranges);
    return 0;
}

void parse_format_bytes(uint64_t bytes, char *ret_text, size_t size_bytes)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    uint64_t tenths = 0;
    size_t i;

    if (bytes < 1000) {
        snprintf(ret_text, size_bytes, "%" PRIu64 " B", bytes);
        return;
    }
    for (i = 0; i < ARRAY_LEN(names); i++) {
        unsigned shift = 10 * (unsigned)(i + 1);
        uint64_t rest = bytes & ((UINT64_C(1) << shift) - 1);

        tenths = (bytes >> shift) * 10 + ((rest * 10 + (UINT64_C(1) << (shift - 1))) >> shift);
        if (tenths < 9995) {
            break;
        }
    }
    if (tenths >= 1000) {
        snprintf(ret_text, size_bytes, "%" PRIu64 " %s", (tenths + 5) / 10, names[i]);
    } else if (tenths % 10 == 0) {
        snprintf(ret_text, size_bytes, "%" PRIu64 " %s", tenths / 10, names[i]);
    } else {
        snprintf(ret_text, size_bytes, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10,
                 names[i]);
    }
}

/* Levenshtein's distance, a row of the table at a time. */
unsigned parse_edit_distance(const char *a, const char *b)
{
    size_t a_bytes = strnlen(a, EDIT_BYTES_MAX);
    size_t b_bytes = strnlen(b, EDIT_BYTES_MAX);
    unsigned row[EDIT_BYTES_MAX + 1];

    for (size_t j = 0; j <= b_bytes; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_bytes; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_bytes; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best) {
                best = row[j] + 1;
            }
            if (row[j - 1] + 1 < best) {
                best = row[j - 1] + 1;
            }
            row[j] = best;
        }
    }
    return row[b_bytes];
}
