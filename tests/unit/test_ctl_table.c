/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ctl/table.c: aligned, cleaned, cut where it may be.
 */
#include "ctl/table.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "common/cleanup.h"

static const struct table_column columns[] = {
    {"NAME", TABLE_GIVES_WAY},
    {"SIZE", TABLE_RIGHT},
    {"NOTE", TABLE_LEFT},
};

static void set_locale(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
}

TestSuite(ctl_table, .init = set_locale);

static void expect(const struct table *table, unsigned max_columns, const char *wanted)
{
    AUTO_FREE char *text = NULL;
    size_t size_bytes = 0;
    FILE *file = open_memstream(&text, &size_bytes);

    cr_assert_eq(table_print(table, file, max_columns), 0);
    fclose(file);
    cr_expect_str_eq(text, wanted, "got:\n%s", text);
}

Test(ctl_table, aligns)
{
    struct table *table = table_create(columns, ARRAY_LEN(columns));

    table_text(table, "a");
    table_bytes(table, 1536);
    table_text(table, NULL);
    table_text(table, "\xE4\xB8\xAD\xE6\x96\x87"); /* two characters, four columns */
    table_number(table, 12345678901);
    table_duration(table, 61000);
    cr_expect_eq(table_rows(table), 2);
    expect(table, 0,
           "NAME         SIZE  NOTE\n"
           "a         1.5 KiB  -\n"
           "\xE4\xB8\xAD\xE6\x96\x87  12345678901  1 min 01 s\n");
    table_destroy(table);
}

Test(ctl_table, cleans_what_comes_from_elsewhere)
{
    struct table *table = table_create(columns, ARRAY_LEN(columns));

    table_text(table, "a\nb\x1b[2J");
    table_format(table, "%s", "\xFF");
    table_text(table, "\t");
    expect(table, 0, "NAME     SIZE  NOTE\na?b?[2J     \xEF\xBF\xBD  ?\n");
    table_destroy(table);
}

Test(ctl_table, cuts_only_what_may_give_way)
{
    struct table *table = table_create(columns, ARRAY_LEN(columns));

    table_text(table, "a name that is much too long for a narrow terminal");
    table_number(table, 7);
    table_text(table, "a note that stays");
    expect(table, 50,
           "NAME                       SIZE  NOTE\n"
           "a name that is much too \xE2\x80\xA6     7  a note that stays\n");
    /* It keeps some columns, and then the row is longer than asked. */
    expect(table, 10,
           "NAME              SIZE  NOTE\n"
           "a name that is \xE2\x80\xA6     7  a note that stays\n");
    table_destroy(table);
}

Test(ctl_table, a_table_that_could_not_be_made_is_no_crash)
{
    table_text(NULL, "x");
    table_number(NULL, 1);
    cr_expect_eq(table_rows(NULL), 0);
    cr_expect_eq(table_print(NULL, stdout, 0), -1);
    table_destroy(NULL);
}

Test(ctl_table, values_of_a_reply)
{
    static const struct table_column four[] = {
        {"A", TABLE_LEFT}, {"B", TABLE_LEFT}, {"C", TABLE_LEFT}, {"D", TABLE_LEFT}};
    struct table *table = table_create(four, ARRAY_LEN(four));
    const struct value absent = {NULL};
    struct value_tree *tree;
    struct pack pack;
    struct buf bytes;

    buf_init(&bytes, 4096);
    pack_init(&pack, &bytes);
    pack_array(&pack, 4);
    pack_str(&pack, "text");
    pack_uint(&pack, UINT64_MAX);
    pack_double(&pack, 1e300);
    pack_nil(&pack);
    tree = value_decode(bytes.data, bytes.size, NULL);
    cr_assert_not_null(tree);
    table_value_text(table, value_at(value_root(tree), 0));
    table_value_number(table, value_at(value_root(tree), 1));
    table_value_number(table, value_at(value_root(tree), 2));
    table_value_number(table, value_at(value_root(tree), 3));
    table_value_number(table, value_at(value_root(tree), 0));
    table_value_bytes(table, absent);
    table_value_duration(table, absent);
    table_value_text(table, value_at(value_root(tree), 1));
    expect(table, 0,
           "A     B                     C  D\n"
           "text  18446744073709551615  0  -\n"
           "-     -                     -  -\n");
    value_tree_destroy(tree);
    buf_deinit(&bytes);
    table_destroy(table);
}
