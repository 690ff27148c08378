/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A cursor over msgpack bytes that are not trusted: item by item, without memory of its own.
 * It is what stands before msgpack-c, which believes every count it reads, and what records and
 * messages are checked with. Only for proto/.
 *
 * Accepted is the msgpack of PROTOCOL.md, "Types": no ext types, every STR UTF-8 without NUL, no
 * container that claims more elements than bytes follow, nesting up to SCAN_DEPTH_MAX.
 *
 * The first fault sticks: whatever is asked afterwards fails too, so that a reader may take many
 * items and look at the fault once.
 */
#ifndef EBB_PROTO_SCAN_H
#define EBB_PROTO_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "proto/value.h"

#define SCAN_DEPTH_MAX 32 /* containers around the innermost, itself counted */

struct scan {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    bool minimal;      /* insist on the shortest form of every number and count */
    const char *fault; /* what was wrong, static; NULL while nothing was */
};

struct scan_item {
    enum value_type type; /* never VALUE_ABSENT */
    uint32_t count;       /* bytes of STR, BIN and FLOAT, elements of ARRAY, entries of MAP */
    union {
        uint64_t uint_value; /* UINT */
        int64_t int_value;   /* INT: negative */
        double float_value;
        bool bool_value;
        const uint8_t *data; /* STR and BIN; borrowed from what is scanned */
    };
};

/* data: borrowed as long as the scan is used. */
void scan_init(struct scan *scan, const void *data, size_t size_bytes, bool minimal);
/* Takes a scalar whole, or the head of an array or map, whose elements come next. */
bool scan_next(struct scan *scan, struct scan_item *ret_item);
/* Takes an item with everything in it. outer: containers that the caller has entered already.
 * ret_elements: containers' elements (two for a map's entry) in total; may be NULL. */
bool scan_skip(struct scan *scan, unsigned outer, size_t *ret_elements);
/* Marks a fault of the caller's finding; the first one stays. Returns false. */
bool scan_fail(struct scan *scan, const char *fault);
/* True when nothing was wrong and nothing is left. Leftover bytes become the fault. */
bool scan_finish(struct scan *scan);
size_t scan_left_bytes(const struct scan *scan);
/* Sets err to the fault and where it was. Returns -1. */
int scan_error(const struct scan *scan, enum error_code code, struct error *err);

/* The next item where only one type will do. On failure: a fault, and 0, NULL or false. */
uint64_t scan_uint(struct scan *scan, uint64_t min, uint64_t max);
int64_t scan_int(struct scan *scan, int64_t min, int64_t max);
bool scan_bool(struct scan *scan);
/* A STR of min to max bytes. */
const char *scan_str(struct scan *scan, size_t min_bytes, size_t max_bytes, size_t *ret_size_bytes);
/* Whether NIL is next; takes it then. */
bool scan_nil(struct scan *scan);
/* The number of elements of an array. */
uint32_t scan_array(struct scan *scan, uint32_t max);
/* An array of exactly count. */
bool scan_array_of(struct scan *scan, uint32_t count);

#endif
