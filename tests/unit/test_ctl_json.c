/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ctl/json.c: what a peer packs is valid JSON, the same and no danger to a terminal.
 */
#include "ctl/json.h"

#include <string.h>

#include <criterion/criterion.h>

#include "common/cleanup.h"

static void expect(const struct buf *bytes, const char *wanted)
{
    struct value_tree *tree = value_decode(bytes->data, bytes->size, NULL);
    AUTO_FREE char *text = NULL;
    size_t size_bytes = 0;
    FILE *file = open_memstream(&text, &size_bytes);
    json_t *parsed;

    cr_assert_not_null(tree);
    cr_assert_eq(json_print_value(value_root(tree), file), 0);
    fclose(file);
    cr_expect_str_eq(text, wanted);
    parsed = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    cr_expect_not_null(parsed, "not JSON: %s", text);
    json_decref(parsed);
    value_tree_destroy(tree);
}

Test(ctl_json, every_type)
{
    struct buf bytes;
    struct pack pack;

    buf_init(&bytes, 4096);
    pack_init(&pack, &bytes);
    pack_map(&pack, 10);
    pack_key_str(&pack, "text", "\xC3\xBC \"quoted\" \n");
    pack_key_str(&pack, "nil", NULL);
    pack_key_bool(&pack, "yes", true);
    pack_key_uint(&pack, "most", INT64_MAX);
    pack_key_double(&pack, "half", 0.5);
    pack_str(&pack, "minus");
    pack_int(&pack, -3);
    pack_str(&pack, "binary");
    pack_bin(&pack, "\x00\xFF", 2);
    pack_str(&pack, "array");
    pack_array(&pack, 2);
    pack_uint(&pack, 1);
    pack_array(&pack, 0);
    pack_str(&pack, "empty");
    pack_map(&pack, 0);
    pack_uint(&pack, 7); /* a key that is no text is left out */
    pack_uint(&pack, 8);
    expect(&bytes, "{\"text\":\"\xC3\xBC \\\"quoted\\\" \\n\",\"nil\":null,\"yes\":true,"
                   "\"most\":9223372036854775807,\"half\":0.5,\"minus\":-3,\"binary\":\"00ff\","
                   "\"array\":[1,[]],\"empty\":{}}\n");
    buf_deinit(&bytes);
}

Test(ctl_json, what_a_terminal_would_obey_is_escaped)
{
    struct buf bytes;
    struct pack pack;

    buf_init(&bytes, 4096);
    pack_init(&pack, &bytes);
    pack_str(&pack, "\x1b[1m \x7f \xC2\x9B \xC2\xA0 \xC2\x80");
    expect(&bytes, "\"\\u001B[1m \\u007F \\u009B \xC2\xA0 \\u0080\"\n");
    buf_deinit(&bytes);
}

Test(ctl_json, numbers_that_json_cannot_have)
{
    struct buf bytes;
    struct pack pack;

    buf_init(&bytes, 4096);
    pack_init(&pack, &bytes);
    pack_array(&pack, 3);
    pack_double(&pack, __builtin_nan(""));
    pack_double(&pack, __builtin_inf());
    pack_uint(&pack, UINT64_MAX);
    expect(&bytes, "[null,null,1.84467440737096e19]\n");
    buf_deinit(&bytes);
}

Test(ctl_json, memory_that_is_not_there_is_a_failure)
{
    cr_expect_eq(json_print(NULL, stdout), -1);
    cr_expect_eq(json_write(NULL, stdout), -1);
}
