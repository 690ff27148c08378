/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/buf: the hard maximum, growth, and content that a failure leaves alone.
 */
#include "common/buf.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <string.h>

Test(buf, starts_without_memory)
{
    struct buf buf;

    buf_init(&buf, 10);
    cr_assert_null(buf.data);
    cr_assert_eq(buf.size, 0);
    cr_assert_eq(buf.capacity, 0);
    buf_consume(&buf, 5);
    buf_reset(&buf, 0);
    buf_deinit(&buf);
}

Test(buf, appends_and_grows)
{
    struct error err = ERROR_INIT;
    struct buf buf;

    buf_init(&buf, 100000);
    for (int i = 0; i < 10000; i++) {
        cr_assert_eq(buf_append(&buf, "0123456789", 10, &err), 0);
    }
    cr_assert_eq(buf.size, 100000);
    cr_assert_eq(memcmp(buf.data + 99990, "0123456789", 10), 0);
    cr_assert_eq(buf_append(&buf, "x", 1, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(buf.size, 100000);
    cr_assert_leq(buf.capacity, 100001);
    buf_deinit(&buf);
}

Test(buf, exactly_the_maximum_fits)
{
    struct error err = ERROR_INIT;
    struct buf buf;

    buf_init(&buf, 3);
    cr_assert_eq(buf_append_str(&buf, "abc", &err), 0);
    cr_assert_str_eq(buf_cstr(&buf, &err), "abc");
    cr_assert_eq(buf.size, 3);
    cr_assert_eq(buf_append_str(&buf, "", &err), 0);
    cr_assert_eq(buf_append_str(&buf, "d", NULL), -1);
    cr_assert_str_eq(buf_cstr(&buf, &err), "abc");
    buf_deinit(&buf);
}

Test(buf, huge_sizes_do_not_wrap_around)
{
    struct error err = ERROR_INIT;
    struct buf buf;

    buf_init(&buf, SIZE_MAX);
    cr_assert_eq(buf_append_str(&buf, "abc", &err), 0);
    cr_assert_eq(buf_reserve(&buf, SIZE_MAX, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    buf_deinit(&buf);

    buf_init(&buf, 8);
    cr_assert_eq(buf_append_str(&buf, "abc", &err), 0);
    cr_assert_eq(buf_reserve(&buf, SIZE_MAX - 2, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(buf_reserve(&buf, 5, &err), 0);
    cr_assert_geq(buf.capacity, 8);
    buf_deinit(&buf);
}

Test(buf, nothing_from_null_is_allowed)
{
    struct buf buf;

    buf_init(&buf, 8);
    cr_assert_eq(buf_append(&buf, NULL, 0, NULL), 0);
    cr_assert_str_eq(buf_cstr(&buf, NULL), "");
    buf_deinit(&buf);
}

Test(buf, printf_appends_or_leaves_alone)
{
    struct error err = ERROR_INIT;
    struct buf buf;

    buf_init(&buf, 8);
    cr_assert_eq(buf_printf(&buf, &err, "%d-", 42), 0);
    cr_assert_eq(buf_printf(&buf, &err, "%s", "abcde"), 0);
    cr_assert_eq(buf.size, 8);
    cr_assert_eq(buf_printf(&buf, &err, "%c", 'x'), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(buf.size, 8);
    cr_assert_str_eq(buf_cstr(&buf, &err), "42-abcde");
    buf_deinit(&buf);
}

Test(buf, consume_takes_from_the_front)
{
    struct buf buf;

    buf_init(&buf, 100);
    buf_append_str(&buf, "header body", NULL);
    buf_consume(&buf, 7);
    cr_assert_str_eq(buf_cstr(&buf, NULL), "body");
    buf_consume(&buf, 0);
    cr_assert_eq(buf.size, 4);
    buf_consume(&buf, SIZE_MAX);
    cr_assert_eq(buf.size, 0);
    buf_deinit(&buf);
}

Test(buf, reset_gives_back_what_is_over)
{
    struct buf buf;

    buf_init(&buf, 1 << 20);
    cr_assert_eq(buf_reserve(&buf, 1 << 20, NULL), 0);
    buf_reset(&buf, 4096);
    cr_assert_eq(buf.capacity, 4096);
    cr_assert_eq(buf.size, 0);
    cr_assert_eq(buf_append_str(&buf, "again", NULL), 0);
    buf_reset(&buf, 0);
    cr_assert_eq(buf.capacity, 0);
    cr_assert_null(buf.data);
    buf_deinit(&buf);
}
