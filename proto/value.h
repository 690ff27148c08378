/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A read-only view of decoded msgpack, and a writer of it. Everything outside proto/ sees
 * msgpack through these two, so that no other file needs the library.
 *
 * A view never outlives the frame or artifact it was decoded from. Every getter is total: on a
 * value of another type it answers its fallback, so that no input can crash the reader; code
 * that must know checks value_type first.
 */
#ifndef EBB_PROTO_VALUE_H
#define EBB_PROTO_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"

enum value_type {
    VALUE_ABSENT, /* no such key or index */
    VALUE_NIL,
    VALUE_BOOL,
    VALUE_UINT,
    VALUE_INT, /* negative integers only */
    VALUE_FLOAT,
    VALUE_STR,
    VALUE_BIN,
    VALUE_ARRAY,
    VALUE_MAP,
};

struct value {
    const void *object; /* msgpack's; NULL for absent */
};

enum value_type value_type(struct value value);
bool value_present(struct value value);

/* Map member by key (linear: maps are small); absent where there is none. */
struct value value_get(struct value map, const char *key);
/* Array element, or absent. */
struct value value_at(struct value array, size_t index);
/* Map entry by position: the key (which may be of any type) and its value. */
bool value_entry(struct value map, size_t index, struct value *ret_key, struct value *ret_value);
/* Elements of an array or map, bytes of a string or binary, else 0. */
size_t value_count(struct value value);

uint64_t value_uint(struct value value, uint64_t fallback);
int64_t value_int(struct value value, int64_t fallback);
double value_float(struct value value, double fallback); /* integers too */
bool value_bool(struct value value, bool fallback);
/* Bytes of a string or binary; not terminated. NULL and 0 when it is neither. */
const char *value_str(struct value value, size_t *ret_size_bytes);
/* Copies a STR, terminated and cut to size at a character; false when it is none or was cut.
 * ret_text is always a valid string afterwards. */
bool value_str_copy(struct value value, char *ret_text, size_t size_bytes);
bool value_str_equal(struct value value, const char *text);

/* A decoded msgpack object with its memory. */
struct value_tree;
/* Decodes exactly one object from data; ERROR_PROTOCOL for trailing bytes, truncation, nesting
 * over 32 levels, ext types, STR that is not UTF-8 or has a NUL in it. Takes at most 24 bytes of
 * memory for each byte of data. Strings are borrowed from data, which must outlive the tree. */
struct value_tree *value_decode(const void *data, size_t size_bytes, struct error *err);
/* Decodes the first object of data and says how many bytes it took. */
struct value_tree *value_decode_next(const void *data, size_t size_bytes, size_t *ret_used_bytes,
                                     struct error *err);
struct value value_root(const struct value_tree *tree);
void value_tree_destroy(struct value_tree *tree);

/*
 * The writer. Counts are given ahead, as msgpack wants them. A failed append is remembered and
 * told by pack_finish, so that the calls between need no checks.
 */
struct pack {
    struct buf *out; /* borrowed */
    bool failed;
    struct error err;
};

void pack_init(struct pack *pack, struct buf *out);
int pack_finish(const struct pack *pack, struct error *err);

void pack_map(struct pack *pack, size_t entries);
void pack_array(struct pack *pack, size_t elements);
void pack_nil(struct pack *pack);
void pack_bool(struct pack *pack, bool value);
void pack_uint(struct pack *pack, uint64_t value);
void pack_int(struct pack *pack, int64_t value);
void pack_float(struct pack *pack, float value);   /* 5 bytes */
void pack_double(struct pack *pack, double value); /* 9 bytes */
/* Bytes that are not UTF-8, and NUL, become U+FFFD. */
void pack_str(struct pack *pack, const char *text);
void pack_str_n(struct pack *pack, const char *text, size_t size_bytes);
/* At most max_bytes of it, cut at a character. */
void pack_str_cut(struct pack *pack, const char *text, size_t max_bytes);
void pack_bin(struct pack *pack, const void *data, size_t size_bytes);
/* A value seen elsewhere, as it was; nil for one that is absent. */
void pack_value(struct pack *pack, struct value value);
/* Bytes that already are one msgpack object. */
void pack_raw(struct pack *pack, const void *data, size_t size_bytes);

/* key and value of a map entry in one call. */
void pack_key_uint(struct pack *pack, const char *key, uint64_t value);
void pack_key_str(struct pack *pack, const char *key, const char *text); /* NULL packs nil */
void pack_key_bool(struct pack *pack, const char *key, bool value);
void pack_key_double(struct pack *pack, const char *key, double value);

#endif
