/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/arena: alignment, zeroes, the bound, reuse after a reset.
 */
#include "common/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i]) {
            return false;
        }
    }
    return true;
}

Test(arena, pieces_are_aligned_zeroed_and_apart)
{
    struct arena *arena = arena_create(0);
    unsigned char *last_end = NULL;

    for (size_t size = 0; size < 300; size++) {
        unsigned char *piece = arena_alloc(arena, size);

        cr_assert_not_null(piece);
        cr_assert_eq((uintptr_t)piece % alignof(max_align_t), 0);
        cr_assert(is_zero(piece, size));
        cr_assert_neq(piece, last_end);
        memset(piece, 0xff, size);
        last_end = piece;
        cr_assert_not_null(arena_strdup(arena, "odd"));
    }
    arena_destroy(arena);
}

Test(arena, many_small_and_some_large)
{
    struct arena *arena = arena_create(0);
    unsigned char *first = arena_alloc(arena, 100);

    memset(first, 0x11, 100);
    for (size_t i = 0; i < 100000; i++) {
        size_t size = i % 1000 == 0 ? 300000 : 24;
        unsigned char *piece = arena_alloc(arena, size);

        cr_assert_not_null(piece);
        memset(piece, 0xee, size);
    }
    for (size_t i = 0; i < 100; i++) {
        cr_assert_eq(first[i], 0x11);
    }
    arena_destroy(arena);
}

Test(arena, memory_is_zero_again_after_a_reset)
{
    struct arena *arena = arena_create(0);

    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 1000; i++) {
            unsigned char *piece = arena_alloc(arena, 200);

            cr_assert(is_zero(piece, 200));
            memset(piece, 0xff, 200);
        }
        cr_assert_gt(arena_used_bytes(arena), 200000 - 1);
        arena_reset(arena);
        cr_assert_eq(arena_used_bytes(arena), 0);
    }
    arena_destroy(arena);
}

Test(arena, the_bound_holds)
{
    struct arena *arena = arena_create(1000);

    cr_assert_null(arena_alloc(arena, 1001));
    cr_assert_not_null(arena_alloc(arena, 992));
    cr_assert_null(arena_alloc(arena, 16));
    cr_assert_not_null(arena_strdup(arena, "seven.."));
    cr_assert_null(arena_strdup(arena, ""));
    cr_assert_eq(arena_used_bytes(arena), 1000);
    arena_reset(arena);
    cr_assert_not_null(arena_alloc(arena, 1000));
    arena_destroy(arena);
}

Test(arena, the_bound_holds_for_large_pieces)
{
    struct arena *arena = arena_create(1 << 20);

    cr_assert_not_null(arena_alloc(arena, 900000));
    cr_assert_null(arena_alloc(arena, 900000));
    cr_assert_eq(arena_used_bytes(arena), 900000);
    arena_destroy(arena);
}

Test(arena, sizes_that_overflow_are_refused)
{
    struct arena *arena = arena_create(0);

    cr_assert_null(arena_calloc(arena, SIZE_MAX / 2, 3));
    cr_assert_null(arena_calloc(arena, SIZE_MAX, SIZE_MAX));
    cr_assert_null(arena_alloc(arena, SIZE_MAX));
    cr_assert_null(arena_alloc(arena, SIZE_MAX - 8));
    cr_assert_eq(arena_used_bytes(arena), 0);
    cr_assert_not_null(arena_calloc(arena, 0, 3));
    cr_assert_not_null(arena_calloc(arena, 10, 10));
    arena_destroy(arena);
}

Test(arena, texts)
{
    struct arena *arena = arena_create(0);
    const char unterminated[4] = {'a', 'b', 'c', 'd'};
    char *copy = arena_strdup(arena, "text");

    cr_assert_str_eq(copy, "text");
    cr_assert_str_eq(arena_strndup(arena, unterminated, 4), "abcd");
    cr_assert_str_eq(arena_strndup(arena, "ab", 10), "ab");
    cr_assert_str_eq(arena_strndup(arena, "ab", 0), "");
    cr_assert_str_eq(arena_printf(arena, "%s-%05d", "page", 7), "page-00007");
    cr_assert_str_eq(copy, "text");
    arena_destroy(arena);
}

Test(arena, a_long_text_gets_its_own_block)
{
    struct arena *arena = arena_create(0);
    char *text = arena_printf(arena, "%0200000d", 1);

    cr_assert_eq(strlen(text), 200000);
    arena_destroy(arena);
}

Test(arena, destroying_nothing_is_fine)
{
    struct arena *arena = arena_create(0);

    arena_destroy(NULL);
    arena_reset(arena);
    arena_destroy(arena);
}
