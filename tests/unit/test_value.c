/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/value: decoding, getters that never fail, the packer; proto/scan and proto/utf8 beneath.
 */
#include "proto/value.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "common/cleanup.h"
#include "proto/scan.h"
#include "proto/utf8.h"

static struct buf out;
static struct pack pack;

static void begin(void)
{
    buf_init(&out, (size_t)1 << 20);
    pack_init(&pack, &out);
}

static void end(void)
{
    buf_deinit(&out);
}

static struct value_tree *decoded(void)
{
    struct error err = ERROR_INIT;
    struct value_tree *tree;

    cr_assert_eq(pack_finish(&pack, &err), 0, "%s", err.msg);
    tree = value_decode(out.data, out.size, &err);
    cr_assert_not_null(tree, "%s", err.msg);
    return tree;
}

static void refused(const char *bytes, size_t size_bytes, const char *part)
{
    struct error err = ERROR_INIT;

    cr_assert_null(value_decode(bytes, size_bytes, &err));
    cr_assert_eq(err.code, ERROR_PROTOCOL);
    cr_assert(strstr(err.msg, part), "\"%s\" is not in \"%s\"", part, err.msg);
}

#define REFUSED(bytes, part) refused(bytes, sizeof(bytes) - 1, part)

/* Packs, expects exactly these bytes, and leaves them for reading. */
static void expect_bytes(const char *bytes, size_t size_bytes)
{
    cr_assert_not(pack.failed);
    cr_assert_eq(out.size, size_bytes);
    cr_assert_eq(memcmp(out.data, bytes, size_bytes), 0);
}

Test(value, unsigned_numbers_in_their_shortest_form, .init = begin, .fini = end)
{
    static const struct {
        uint64_t number;
        const char *bytes;
        size_t size;
    } cases[] = {
        {0, "\x00", 1},
        {127, "\x7f", 1},
        {128, "\xcc\x80", 2},
        {255, "\xcc\xff", 2},
        {256, "\xcd\x01\x00", 3},
        {65535, "\xcd\xff\xff", 3},
        {65536, "\xce\x00\x01\x00\x00", 5},
        {UINT32_MAX, "\xce\xff\xff\xff\xff", 5},
        {(uint64_t)UINT32_MAX + 1, "\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 9},
        {UINT64_MAX, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct value_tree *tree;

        out.size = 0;
        pack_uint(&pack, cases[i].number);
        expect_bytes(cases[i].bytes, cases[i].size);
        tree = decoded();
        cr_assert_eq(value_type(value_root(tree)), VALUE_UINT);
        cr_assert_eq(value_uint(value_root(tree), 1), cases[i].number);
        cr_assert_eq(value_int(value_root(tree), -7),
                     cases[i].number <= INT64_MAX ? (int64_t)cases[i].number : -7);
        value_tree_destroy(tree);
    }
}

Test(value, signed_numbers_in_their_shortest_form, .init = begin, .fini = end)
{
    static const struct {
        int64_t number;
        const char *bytes;
        size_t size;
    } cases[] = {
        {-1, "\xff", 1},
        {-32, "\xe0", 1},
        {-33, "\xd0\xdf", 2},
        {-128, "\xd0\x80", 2},
        {-129, "\xd1\xff\x7f", 3},
        {-32768, "\xd1\x80\x00", 3},
        {-32769, "\xd2\xff\xff\x7f\xff", 5},
        {INT32_MIN, "\xd2\x80\x00\x00\x00", 5},
        {(int64_t)INT32_MIN - 1, "\xd3\xff\xff\xff\xff\x7f\xff\xff\xff", 9},
        {INT64_MIN, "\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct value_tree *tree;

        out.size = 0;
        pack_int(&pack, cases[i].number);
        expect_bytes(cases[i].bytes, cases[i].size);
        tree = decoded();
        cr_assert_eq(value_type(value_root(tree)), VALUE_INT);
        cr_assert_eq(value_int(value_root(tree), 1), cases[i].number);
        cr_assert_eq(value_uint(value_root(tree), 42), 42);
        cr_assert_float_eq(value_float(value_root(tree), 1), (double)cases[i].number, 0);
        value_tree_destroy(tree);
    }
    out.size = 0;
    pack_int(&pack, 300);
    expect_bytes("\xcd\x01\x2c", 3);
}

Test(value, floats_keep_every_bit, .init = begin, .fini = end)
{
    struct value_tree *tree;

    pack_array(&pack, 4);
    pack_float(&pack, FLT_MAX);
    pack_double(&pack, DBL_MIN);
    pack_double(&pack, -0.0);
    pack_double(&pack, NAN);
    cr_assert_eq(out.size, 1 + 5 + 3 * 9);
    tree = decoded();
    cr_assert_eq(value_float(value_at(value_root(tree), 0), 0), (double)FLT_MAX);
    cr_assert_eq(value_float(value_at(value_root(tree), 1), 0), DBL_MIN);
    cr_assert(signbit(value_float(value_at(value_root(tree), 2), 1)));
    cr_assert(isnan(value_float(value_at(value_root(tree), 3), 1)));
    cr_assert_eq(value_type(value_at(value_root(tree), 3)), VALUE_FLOAT);
    value_tree_destroy(tree);
}

/* Texts, binaries, arrays and maps around each border between two forms of head. */
Test(value, counts_in_their_shortest_form, .init = begin, .fini = end)
{
    static const size_t counts[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};
    static const size_t str_heads[] = {1, 1, 1, 1, 1, 2, 2, 3, 3, 5};
    static const size_t bin_heads[] = {2, 2, 2, 2, 2, 2, 2, 3, 3, 5};
    static const size_t array_heads[] = {1, 1, 1, 3, 3, 3, 3, 3, 3, 5};
    static char bytes[65536];

    memset(bytes, 'x', sizeof(bytes));
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct value_tree *tree;

        out.size = 0;
        pack_str_n(&pack, bytes, counts[i]);
        cr_assert_eq(out.size, str_heads[i] + counts[i]);
        tree = decoded();
        cr_assert_eq(value_type(value_root(tree)), VALUE_STR);
        cr_assert_eq(value_count(value_root(tree)), counts[i]);
        value_tree_destroy(tree);

        out.size = 0;
        pack_bin(&pack, bytes, counts[i]);
        cr_assert_eq(out.size, bin_heads[i] + counts[i]);
        tree = decoded();
        cr_assert_eq(value_type(value_root(tree)), VALUE_BIN);
        cr_assert_eq(value_count(value_root(tree)), counts[i]);
        value_tree_destroy(tree);

        out.size = 0;
        pack_array(&pack, counts[i]);
        for (size_t n = 0; n < counts[i]; n++) {
            pack_nil(&pack);
        }
        cr_assert_eq(out.size, array_heads[i] + counts[i]);
        tree = decoded();
        cr_assert_eq(value_count(value_root(tree)), counts[i]);
        value_tree_destroy(tree);

        out.size = 0;
        pack_map(&pack, counts[i]);
        for (size_t n = 0; n < counts[i]; n++) {
            pack_uint(&pack, n);
            pack_bool(&pack, n % 2 == 0);
        }
        tree = decoded();
        cr_assert_eq(value_type(value_root(tree)), VALUE_MAP);
        cr_assert_eq(value_count(value_root(tree)), counts[i]);
        value_tree_destroy(tree);
    }
}

static void pack_everything(void)
{
    pack_map(&pack, 9);
    pack_key_str(&pack, "text", "caf\xc3\xa9");
    pack_key_str(&pack, "nothing", NULL);
    pack_key_bool(&pack, "yes", true);
    pack_key_uint(&pack, "number", 7);
    pack_key_double(&pack, "half", 0.5);
    pack_str(&pack, "bytes");
    pack_bin(&pack, "\0x", 2);
    pack_str(&pack, "list");
    pack_array(&pack, 2);
    pack_int(&pack, -5);
    pack_str(&pack, "");
    pack_str(&pack, "empty");
    pack_map(&pack, 0);
    pack_uint(&pack, 99); /* a key of another type */
    pack_raw(&pack, "\xc3", 1);
}

Test(value, getters, .init = begin, .fini = end)
{
    struct value_tree *tree;
    struct value root;
    struct value key;
    struct value value;
    size_t size_bytes;

    pack_everything();
    tree = decoded();
    root = value_root(tree);
    cr_assert_eq(value_count(root), 9);
    cr_assert(value_str_equal(value_get(root, "text"), "caf\xc3\xa9"));
    cr_assert_eq(value_type(value_get(root, "nothing")), VALUE_NIL);
    cr_assert(value_bool(value_get(root, "yes"), false));
    cr_assert_eq(value_uint(value_get(root, "number"), 0), 7);
    cr_assert_float_eq(value_float(value_get(root, "half"), 0), 0.5, 0);
    cr_assert_float_eq(value_float(value_get(root, "number"), 0), 7, 0);
    cr_assert_eq(memcmp(value_str(value_get(root, "bytes"), &size_bytes), "\0x", 2), 0);
    cr_assert_eq(size_bytes, 2);
    cr_assert_eq(value_int(value_at(value_get(root, "list"), 0), 0), -5);
    cr_assert_not_null(value_str(value_at(value_get(root, "list"), 1), &size_bytes));
    cr_assert_eq(size_bytes, 0);
    cr_assert(value_str_equal(value_at(value_get(root, "list"), 1), ""));
    cr_assert(value_entry(root, 8, &key, &value));
    cr_assert_eq(value_uint(key, 0), 99);
    cr_assert(value_bool(value, false));
    cr_assert_not(value_entry(root, 9, &key, &value));
    value_tree_destroy(tree);
}

/* Every getter on a value of every other type, and on one that is not there. */
static void expect_fallbacks(struct value value)
{
    enum value_type type = value_type(value);
    struct value key;
    struct value entry;
    char text[4] = "???";
    size_t size_bytes = 99;

    cr_assert_not(value_present(value_get(value, "nowhere")));
    cr_assert_not(value_present(value_at(value, 2)));
    cr_assert_not(value_entry(value, 9, &key, &entry));
    if (type != VALUE_UINT) {
        cr_assert_eq(value_uint(value, 42), 42);
    }
    if (type != VALUE_UINT && type != VALUE_INT) {
        cr_assert_eq(value_int(value, -42), -42);
    }
    if (type != VALUE_UINT && type != VALUE_INT && type != VALUE_FLOAT) {
        cr_assert_float_eq(value_float(value, 4.2), 4.2, 0);
    }
    if (type != VALUE_BOOL) {
        cr_assert(value_bool(value, true));
        cr_assert_not(value_bool(value, false));
    }
    if (type != VALUE_STR && type != VALUE_BIN) {
        cr_assert_null(value_str(value, &size_bytes));
        cr_assert_eq(size_bytes, 0);
    }
    if (type != VALUE_STR) {
        cr_assert_not(value_str_copy(value, text, sizeof(text)));
        cr_assert_str_eq(text, "");
        cr_assert_not(value_str_equal(value, ""));
    }
}

Test(value, getters_answer_their_fallback, .init = begin, .fini = end)
{
    struct value_tree *tree;
    struct value key;
    struct value value;

    expect_fallbacks((struct value){NULL});
    cr_assert_eq(value_type((struct value){NULL}), VALUE_ABSENT);
    cr_assert_eq(value_count((struct value){NULL}), 0);
    pack_everything();
    tree = decoded();
    expect_fallbacks(value_root(tree));
    for (size_t i = 0; value_entry(value_root(tree), i, &key, &value); i++) {
        expect_fallbacks(key);
        expect_fallbacks(value);
    }
    expect_fallbacks(value_at(value_get(value_root(tree), "list"), 0));
    value_tree_destroy(tree);
}

Test(value, copies_are_cut_at_a_character, .init = begin, .fini = end)
{
    struct value_tree *tree;
    char text[6];

    pack_str(&pack, "caf\xc3\xa9");
    tree = decoded();
    cr_assert(value_str_copy(value_root(tree), text, 6));
    cr_assert_str_eq(text, "caf\xc3\xa9");
    cr_assert_not(value_str_copy(value_root(tree), text, 5));
    cr_assert_str_eq(text, "caf");
    cr_assert_not(value_str_copy(value_root(tree), text, 4));
    cr_assert_str_eq(text, "caf");
    cr_assert_not(value_str_copy(value_root(tree), text, 1));
    cr_assert_str_eq(text, "");
    text[0] = 'x';
    cr_assert_not(value_str_copy(value_root(tree), text, 0));
    cr_assert_eq(text[0], 'x');
    value_tree_destroy(tree);
}

Test(value, what_was_read_is_written_back_as_it_was, .init = begin, .fini = end)
{
    struct value_tree *tree;
    struct buf again;
    struct pack second;

    pack_everything();
    tree = decoded();
    buf_init(&again, 1000);
    pack_init(&second, &again);
    pack_value(&second, value_root(tree));
    cr_assert_eq(pack_finish(&second, NULL), 0);
    cr_assert_eq(again.size, out.size);
    cr_assert_eq(memcmp(again.data, out.data, out.size), 0);
    pack_value(&second, (struct value){NULL});
    cr_assert_eq(again.data[again.size - 1], 0xc0);
    value_tree_destroy(tree);
    buf_deinit(&again);
}

Test(value, bytes_that_are_refused)
{
    REFUSED("", "it ends too early");
    REFUSED("\xc1", "no msgpack");
    REFUSED("\xc0\xc0", "trailing bytes");
    REFUSED("\xcd\x01", "it ends too early");
    REFUSED("\x92\x91\xc0", "it ends too early");
    REFUSED("\x92\xc0", "more is announced than there is");
    REFUSED("\x93\xc0", "more is announced than there is");
    REFUSED("\x82\xc0\xc0\xc0", "more is announced than there is");
    REFUSED("\xa2x", "more is announced than there is");
    REFUSED("\xdd\xff\xff\xff\xff\xc0", "more is announced than there is");
    REFUSED("\xdf\x80\x00\x00\x00\xc0", "more is announced than there is");
    REFUSED("\xd8 0123456789abcdef", "an ext type");
    REFUSED("\xa1\xff", "UTF-8");
    REFUSED("\xa1\x00", "NUL");
    REFUSED("\x81\xa1\x80\xc0", "UTF-8");
}

static void decode_nested(uint8_t head, unsigned depth, bool accepted)
{
    uint8_t bytes[2 * 40];
    size_t size_bytes = 0;
    struct value_tree *tree;

    for (unsigned i = 0; i < depth; i++) {
        bytes[size_bytes++] = head;
        if (head == 0x81) {
            bytes[size_bytes++] = 0x01;
        }
    }
    bytes[size_bytes++] = 0xc0;
    tree = value_decode(bytes, size_bytes, NULL);
    cr_assert_eq(tree != NULL, accepted, "%u levels of 0x%x", depth, head);
    value_tree_destroy(tree);
}

Test(value, nesting_up_to_32_levels)
{
    decode_nested(0x91, 32, true);
    decode_nested(0x91, 33, false);
    decode_nested(0x81, 32, true);
    decode_nested(0x81, 33, false);
    cr_assert_null(value_decode("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
                                "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
                                "\x90",
                                33, NULL)); /* an empty one is a level too */
}

Test(value, one_object_after_the_other, .init = begin, .fini = end)
{
    size_t at = 0;
    size_t used_bytes;

    pack_everything();
    pack_uint(&pack, 5);
    pack_str(&pack, "last");
    for (int i = 0; i < 3; i++) {
        struct value_tree *tree =
            value_decode_next(out.data + at, out.size - at, &used_bytes, NULL);

        cr_assert_not_null(tree);
        cr_assert_eq(value_type(value_root(tree)), i == 0   ? VALUE_MAP
                                                   : i == 1 ? VALUE_UINT
                                                            : VALUE_STR);
        at += used_bytes;
        value_tree_destroy(tree);
    }
    cr_assert_eq(at, out.size);
    cr_assert_null(value_decode_next(out.data + at, 0, &used_bytes, NULL));
    value_tree_destroy(NULL);
}

Test(value, the_packer_remembers_that_it_failed)
{
    struct error err = ERROR_INIT;

    buf_init(&out, 4);
    pack_init(&pack, &out);
    pack_str(&pack, "abc");
    cr_assert_eq(pack_finish(&pack, NULL), 0);
    pack_str(&pack, "d");
    pack_nil(&pack);
    cr_assert_eq(pack_finish(&pack, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(out.size, 4);
    buf_deinit(&out);
}

Test(value, packed_texts_are_clean, .init = begin, .fini = end)
{
    pack_str_n(&pack, "a\0\xff", 3);
    expect_bytes("\xa7"
                 "a\xef\xbf\xbd\xef\xbf\xbd",
                 8);
    out.size = 0;
    pack_str_cut(&pack, "\xc3\xa9\xc3\xa9\xc3\xa9", 5);
    expect_bytes("\xa4\xc3\xa9\xc3\xa9", 5);
    out.size = 0;
    pack_str_cut(&pack, "\xff\xff", 5);
    expect_bytes("\xa3\xef\xbf\xbd", 4);
    out.size = 0;
    pack_str_cut(&pack, "x", 0);
    expect_bytes("\xa0", 1);
}

/* --- proto/scan --- */

Test(scan, only_shortest_forms_where_asked)
{
    static const struct {
        const char *bytes;
        size_t size;
    } longer[] = {
        {"\xcc\x7f", 2},
        {"\xcd\x00\xff", 3},
        {"\xce\x00\x00\xff\xff", 5},
        {"\xcf\x00\x00\x00\x00\xff\xff\xff\xff", 9},
        {"\xd0\x01", 2},
        {"\xd3\x7f\xff\xff\xff\xff\xff\xff\xff", 9},
        {"\xd0\xe0", 2},
        {"\xd1\xff\x80", 3},
        {"\xd2\xff\xff\x80\x00", 5},
        {"\xd3\xff\xff\xff\xff\x80\x00\x00\x00", 9},
        {"\xd9\x01x", 3},
        {"\xda\x00\x01x", 4},
        {"\xdb\x00\x00\x00\x01x", 6},
        {"\xc5\x00\x01x", 4},
        {"\xc6\x00\x00\x00\x01x", 6},
        {"\xdc\x00\x01\xc0", 4},
        {"\xdd\x00\x00\x00\x01\xc0", 6},
        {"\xde\x00\x01\xc0\xc0", 5},
        {"\xdf\x00\x00\x00\x01\xc0\xc0", 7},
    };

    for (size_t i = 0; i < ARRAY_LEN(longer); i++) {
        struct scan scan;

        scan_init(&scan, longer[i].bytes, longer[i].size, false);
        cr_assert(scan_skip(&scan, 0, NULL), "%zu", i);
        cr_assert(scan_finish(&scan));
        scan_init(&scan, longer[i].bytes, longer[i].size, true);
        cr_assert_not(scan_skip(&scan, 0, NULL), "%zu", i);
        cr_assert_str_eq(scan.fault, "a number in a form that is not its shortest");
    }
}

Test(scan, everything_packed_is_in_its_shortest_form, .init = begin, .fini = end)
{
    static const int64_t borders[] = {0,     31,    127,     128,        255,        256,
                                      65535, 65536, 1 << 30, UINT32_MAX, 4294967296, INT64_MAX};
    struct scan scan;

    pack_everything();
    for (size_t i = 0; i < ARRAY_LEN(borders); i++) {
        pack_int(&pack, borders[i]);
        pack_int(&pack, -borders[i]);
        pack_int(&pack, -borders[i] - 1);
    }
    scan_init(&scan, out.data, out.size, true);
    for (size_t i = 0; i < 1 + 3 * ARRAY_LEN(borders); i++) {
        cr_assert(scan_skip(&scan, 0, NULL), "%s", scan.fault);
    }
    cr_assert(scan_finish(&scan));
}

Test(scan, the_first_fault_sticks)
{
    struct scan scan;
    size_t size_bytes;

    scan_init(&scan, "\x05\xc3\xa1x", 4, false);
    cr_assert_eq(scan_uint(&scan, 0, 4), 0);
    cr_assert_str_eq(scan.fault, "a number out of its range");
    cr_assert_not(scan_bool(&scan));
    cr_assert_null(scan_str(&scan, 0, 9, &size_bytes));
    cr_assert_not(scan_nil(&scan));
    cr_assert_eq(scan_array(&scan, 9), 0);
    cr_assert_not(scan_finish(&scan));
    cr_assert_str_eq(scan.fault, "a number out of its range");
}

Test(scan, elements_are_counted, .init = begin, .fini = end)
{
    struct scan scan;
    size_t elements = 0;

    pack_array(&pack, 3);
    pack_map(&pack, 2);
    pack_raw(&pack, "\x01\x02\x03\x91\x04", 5);
    pack_array(&pack, 0);
    pack_str(&pack, "x");
    scan_init(&scan, out.data, out.size, true);
    cr_assert(scan_skip(&scan, 0, &elements));
    cr_assert_eq(elements, 3 + 4 + 1);
    scan_init(&scan, out.data, out.size, true);
    cr_assert(scan_skip(&scan, SCAN_DEPTH_MAX - 3, &elements));
    scan_init(&scan, out.data, out.size, true);
    cr_assert_not(scan_skip(&scan, SCAN_DEPTH_MAX - 2, &elements));
}

/* --- proto/utf8 --- */

Test(utf8, what_is_valid)
{
    static const struct {
        const char *text;
        size_t size;
        bool valid;
    } cases[] = {
        {"", 0, true},
        {"abcdefghijklmnop", 16, true},
        {"abcdefgh\0jklmnop", 16, false},
        {"\0", 1, false},
        {"\x7f", 1, true},
        {"\x80", 1, false},
        {"\xc2\x80", 2, true},
        {"\xc1\xbf", 2, false},
        {"\xc2", 1, false},
        {"\xdf\xbf", 2, true},
        {"\xe0\xa0\x80", 3, true},
        {"\xe0\x9f\xbf", 3, false},
        {"\xed\x9f\xbf", 3, true},
        {"\xed\xa0\x80", 3, false},
        {"\xef\xbf\xbf", 3, true},
        {"\xef\xbf\x7f", 3, false},
        {"\xf0\x90\x80\x80", 4, true},
        {"\xf0\x8f\xbf\xbf", 4, false},
        {"\xf4\x8f\xbf\xbf", 4, true},
        {"\xf4\x90\x80\x80", 4, false},
        {"\xf5\x80\x80\x80", 4, false},
        {"\xf0\x90\x80", 3, false},
        {"abcdefgh\xc3\xa9", 10, true},
        {"abcdefgh\xc3", 9, false},
        {"abcdefg\xc3\xa9", 9, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char clean[64];
        size_t clean_bytes;

        cr_assert_eq(utf8_valid(cases[i].text, cases[i].size), cases[i].valid, "case %zu", i);
        clean_bytes = utf8_clean(cases[i].text, cases[i].size, clean, sizeof(clean));
        cr_assert(utf8_valid(clean, clean_bytes), "case %zu", i);
        cr_assert_eq(clean_bytes, utf8_clean(cases[i].text, cases[i].size, NULL, SIZE_MAX));
        cr_assert_eq(clean_bytes == cases[i].size && memcmp(clean, cases[i].text, clean_bytes) == 0,
                     cases[i].valid, "case %zu", i);
    }
}

/* A byte that does not belong, at each place of a longer text. */
Test(utf8, a_bad_byte_is_seen_anywhere)
{
    char text[40];

    for (size_t size = 1; size <= sizeof(text); size++) {
        for (size_t at = 0; at < size; at++) {
            memset(text, 'x', sizeof(text));
            cr_assert(utf8_valid(text, size));
            text[at] = 0;
            cr_assert_not(utf8_valid(text, size));
            text[at] = (char)0xff;
            cr_assert_not(utf8_valid(text, size));
            text[at] = 1;
            cr_assert(utf8_valid(text, size));
        }
    }
}
