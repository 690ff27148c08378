/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/error: what survives when a message is too long, which errno becomes which code.
 */
#include "common/error.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define TEXT_A50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define TEXT_A300 TEXT_A50 TEXT_A50 TEXT_A50 TEXT_A50 TEXT_A50 TEXT_A50

Test(error, set_fills_and_returns_minus_one)
{
    struct error err = {ERROR_NONE, EIO, "old"};

    cr_assert_eq(error_set(&err, ERROR_INVALID, "page %d of %s", 7, "x"), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
    cr_assert_eq(err.sys_errno, 0);
    cr_assert_str_eq(err.msg, "page 7 of x");
}

Test(error, null_is_allowed_everywhere)
{
    cr_assert_eq(error_set(NULL, ERROR_INVALID, "x"), -1);
    cr_assert_eq(error_set_errno(NULL, EIO, "x"), -1);
    cr_assert_eq(error_wrap(NULL, "x"), -1);
}

Test(error, may_quote_itself)
{
    struct error err = ERROR_INIT;

    error_set(&err, ERROR_CORRUPT, "checksum");
    error_set(&err, ERROR_INVALID, "bad (%s)", err.msg);
    cr_assert_str_eq(err.msg, "bad (checksum)");
    error_wrap(&err, "seen as %s", err.msg);
    cr_assert_str_eq(err.msg, "seen as bad (checksum): bad (checksum)");
}

Test(error, errno_becomes_a_code)
{
    static const struct {
        int sys_errno;
        enum error_code code;
    } rows[] = {
        {ENOSPC, ERROR_FULL},      {EDQUOT, ERROR_FULL},   {ENOMEM, ERROR_MEMORY},
        {ENOENT, ERROR_NOT_FOUND}, {EEXIST, ERROR_EXISTS}, {EACCES, ERROR_SYSTEM},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = ERROR_INIT;

        cr_assert_eq(error_set_errno(&err, rows[i].sys_errno, "cannot open %s", "f"), -1);
        cr_assert_eq(err.code, rows[i].code);
        cr_assert_eq(err.sys_errno, rows[i].sys_errno);
        cr_assert(strstr(err.msg, strerror(rows[i].sys_errno)));
        cr_assert_eq(strncmp(err.msg, "cannot open f: ", 15), 0);
    }
}

Test(error, wrap_keeps_code_and_errno)
{
    struct error err = ERROR_INIT;

    error_set_errno(&err, ENOENT, "cannot open %s", "a.pdf");
    cr_assert_eq(error_wrap(&err, "job %d", 4), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert_eq(err.sys_errno, ENOENT);
    cr_assert_str_eq(err.msg, "job 4: cannot open a.pdf: No such file or directory");
}

Test(error, wrap_of_an_empty_message_has_no_colon)
{
    struct error err = ERROR_INIT;

    error_wrap(&err, "context");
    cr_assert_str_eq(err.msg, "context");
    error_wrap(&err, "%s", "");
    cr_assert_str_eq(err.msg, "context");
}

Test(error, a_long_message_is_cut_with_a_mark)
{
    struct error err = ERROR_INIT;

    error_set(&err, ERROR_LIMIT, "%s", TEXT_A300);
    cr_assert_eq(strlen(err.msg), ERROR_MESSAGE_BYTES - 1);
    cr_assert_str_eq(err.msg + ERROR_MESSAGE_BYTES - 4, "...");
}

Test(error, the_cause_survives_a_long_context)
{
    struct error err = ERROR_INIT;

    error_set_errno(&err, ENOSPC, "cannot write %s", TEXT_A300);
    cr_assert(strstr(err.msg, "...: No space left on device"), "%s", err.msg);
    error_wrap(&err, "%s", TEXT_A300);
    cr_assert_lt(strlen(err.msg), ERROR_MESSAGE_BYTES);
    cr_assert(strstr(err.msg, "...: cannot write "), "%s", err.msg);
}

Test(error, wrapping_for_ever_stays_in_bounds)
{
    struct {
        struct error err;
        unsigned char guard[64];
    } room = {ERROR_INIT, {0}};

    memset(room.guard, 0x5a, sizeof(room.guard));
    error_set(&room.err, ERROR_SYSTEM, "cause");
    for (int i = 0; i < 600; i++) {
        error_wrap(&room.err, "%.*s", i % 300, TEXT_A300);
        cr_assert_lt(strnlen(room.err.msg, ERROR_MESSAGE_BYTES), ERROR_MESSAGE_BYTES);
    }
    for (size_t i = 0; i < sizeof(room.guard); i++) {
        cr_assert_eq(room.guard[i], 0x5a);
    }
}

Test(error, a_cut_does_not_split_a_character)
{
    struct error err = ERROR_INIT;
    char text[400];

    /* Three bytes a character, at each of the three offsets. */
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(text); i += 3) {
            memcpy(text + i, "\xe2\x82\xac", 4);
        }
        error_set(&err, ERROR_LIMIT, "%s", text);
        cr_assert_eq((strlen(err.msg) - 3 - shift) % 3, 0);
    }
}

Test(error, errno_is_left_alone)
{
    struct error err = ERROR_INIT;

    errno = EXDEV;
    error_set_errno(&err, ENOENT, "x");
    error_wrap(&err, "y");
    error_set(&err, ERROR_FULL, "z");
    cr_assert_eq(errno, EXDEV);
}

Test(error, every_code_has_a_name_of_its_own)
{
    for (int a = ERROR_NONE; a <= ERROR_FULL; a++) {
        cr_assert_str_neq(error_code_name((enum error_code)a), "unknown");
        for (int b = ERROR_NONE; b < a; b++) {
            cr_assert_str_neq(error_code_name((enum error_code)a),
                              error_code_name((enum error_code)b));
        }
    }
    cr_assert_str_eq(error_code_name(ERROR_NOT_FOUND), "not_found");
    cr_assert_str_eq(error_code_name((enum error_code)999), "unknown");
}
