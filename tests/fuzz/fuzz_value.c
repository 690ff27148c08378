/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any bytes as msgpack: what is decoded can be walked in full, is no deeper and no larger than
 * promised, and is written back to something that decodes and is written the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scan.h"
#include "proto/utf8.h"
#include "proto/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

/* Returns the number of values. */
static size_t walk(struct value value, unsigned depth)
{
    size_t count = 1;
    size_t size_bytes;
    const char *text;
    struct value key;
    struct value entry;
    char copy[16];

    demand(value_present(value) && value_type(value) != VALUE_ABSENT && depth <= SCAN_DEPTH_MAX);
    text = value_str(value, &size_bytes);
    if (value_type(value) == VALUE_STR) {
        demand(utf8_valid(text, size_bytes));
        demand(value_str_copy(value, copy, sizeof(copy)) == (size_bytes < sizeof(copy)));
        demand(utf8_valid(copy, strlen(copy)));
    }
    (void)value_uint(value, 0);
    (void)value_int(value, 0);
    (void)value_float(value, 0);
    (void)value_bool(value, false);
    (void)value_get(value, "key");
    if (value_type(value) == VALUE_ARRAY) {
        for (size_t i = 0; i < value_count(value); i++) {
            count += walk(value_at(value, i), depth + 1);
        }
    }
    for (size_t i = 0; value_entry(value, i, &key, &entry); i++) {
        count += walk(key, depth + 1) + walk(entry, depth + 1);
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct value_tree *tree;
    struct value_tree *again;
    struct error err = ERROR_INIT;
    struct buf first;
    struct buf second;
    struct pack pack;
    struct scan scan;
    size_t used_bytes = 0;
    size_t elements = 0;

    tree = value_decode_next(data, size_bytes, &used_bytes, &err);
    if (!tree) {
        demand(err.code == ERROR_PROTOCOL);
        demand(!value_decode(data, size_bytes, NULL));
        return 0;
    }
    scan_init(&scan, data, size_bytes, false);
    demand(scan_skip(&scan, 0, &elements) && used_bytes <= size_bytes);
    demand(walk(value_root(tree), 0) == elements + 1 && elements < used_bytes);
    buf_init(&first, SIZE_MAX);
    buf_init(&second, SIZE_MAX);
    pack_init(&pack, &first);
    pack_value(&pack, value_root(tree));
    demand(pack_finish(&pack, NULL) == 0 && first.size <= used_bytes);
    scan_init(&scan, first.data, first.size, true);
    demand(scan_skip(&scan, 0, NULL) && scan_finish(&scan));
    again = value_decode(first.data, first.size, NULL);
    demand(again != NULL);
    pack_init(&pack, &second);
    pack_value(&pack, value_root(again));
    demand(second.size == first.size && memcmp(second.data, first.data, first.size) == 0);
    value_tree_destroy(again);
    value_tree_destroy(tree);
    buf_deinit(&first);
    buf_deinit(&second);
    return 0;
}
