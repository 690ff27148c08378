/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/verdict: names there and back.
 */
#include "proto/verdict.h"

#include <criterion/criterion.h>

Test(verdict, names_there_and_back)
{
    for (int i = 0; i < VERDICT_COUNT; i++) {
        enum verdict verdict = VERDICT_COUNT;

        cr_assert(verdict_parse(verdict_name((enum verdict)i), &verdict));
        cr_assert_eq((int)verdict, i);
    }
    cr_assert_str_eq(verdict_name(VERDICT_MEMORY_EXCEEDED), "memory_exceeded");
}

Test(verdict, what_is_none)
{
    enum verdict verdict = VERDICT_DONE;

    cr_assert_str_eq(verdict_name(VERDICT_COUNT), "?");
    cr_assert_str_eq(verdict_name((enum verdict) - 1), "?");
    cr_assert_not(verdict_parse("", &verdict));
    cr_assert_not(verdict_parse("don", &verdict));
    cr_assert_not(verdict_parse("Done", &verdict));
    cr_assert_not(verdict_parse("?", &verdict));
    cr_assert_eq(verdict, VERDICT_DONE);
}
