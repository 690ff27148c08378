/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Answers of an endpoint: taken whole or not at all. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/cleanup.h"
#include "workers/embed/answer.h"

static struct arena *arena;

static void begin(void)
{
    arena = arena_create(1 << 20);
    cr_assert(arena);
}

static void end(void)
{
    arena_destroy(arena);
}

static int read_answer(uint32_t count, uint32_t dimensions, const char *text,
                       const float **ret_vectors, uint32_t *ret_dimensions, struct error *err)
{
    const struct answer expected = {count, dimensions};

    return answer_read(&expected, text, strlen(text), arena, ret_vectors, ret_dimensions, err);
}

Test(embed_answer, in_any_order_brought_to_length_one, .init = begin, .fini = end)
{
    const char *text = "{\"object\":\"list\",\"data\":[{\"index\":1,\"embedding\":[0,5]},"
                       "{\"index\":0,\"embedding\":[3,-4.0],\"more\":null}],\"usage\":{}}";
    struct error err = ERROR_INIT;
    const float *vectors;
    uint32_t dimensions;

    cr_assert(read_answer(2, 0, text, &vectors, &dimensions, &err) == 0, "%s", err.msg);
    cr_expect(dimensions == 2);
    cr_expect(fabsf(vectors[0] - 0.6F) < 1e-6F && fabsf(vectors[1] + 0.8F) < 1e-6F);
    cr_expect(fabsf(vectors[2]) < 1e-6F && fabsf(vectors[3] - 1) < 1e-6F);
}

Test(embed_answer, refused, .init = begin, .fini = end)
{
    static const struct {
        uint32_t count, dimensions;
        const char *text, *says;
    } cases[] = {
        {1, 0, "", "no JSON"},
        {1, 0, "{\"data\":[", "no JSON"},
        {1, 0, "{\"data\":[{\"index\":0,\"embedding\":[NaN]}]}", "no JSON"},
        {1, 0, "{\"data\":[{\"index\":0,\"embedding\":[1e999]}]}", "no JSON"},
        {1, 0, "{\"data\":[{\"index\":0,\"embedding\":[1]}]} x", "no JSON"},
        {1, 0, "[]", "without \"data\""},
        {1, 0, "{\"data\":{}}", "without \"data\""},
        {1, 0, "{\"data\":[]}", "0 vectors for 1 texts"},
        {1, 0, "{\"data\":[1]}", "an index"},
        {1, 0, "{\"data\":[{\"index\":1,\"embedding\":[1]}]}", "an index"},
        {1, 0, "{\"data\":[{\"index\":-1,\"embedding\":[1]}]}", "an index"},
        {1, 0, "{\"data\":[{\"index\":0.0,\"embedding\":[1]}]}", "an index"},
        {2, 0, "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":0,\"embedding\":[1]}]}",
         "twice"},
        {1, 0, "{\"data\":[{\"index\":0}]}", "no vector"},
        {1, 0, "{\"data\":[{\"index\":0,\"embedding\":\"AAAA\"}]}", "no vector"},
        {1, 0, "{\"data\":[{\"index\":0,\"embedding\":[]}]}", "0 dimensions"},
        {1, 3, "{\"data\":[{\"index\":0,\"embedding\":[1,2]}]}", "2 dimensions, expected 3"},
        {2, 0, "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1,\"embedding\":[1,2]}]}",
         "1 and of 2 dimensions"},
        {1, 0, "{\"data\":[{\"index\":0,\"embedding\":[\"1\"]}]}", "no number"},
        {1, 0, "{\"data\":[{\"index\":0,\"embedding\":[null]}]}", "no number"},
        {1, 0, "{\"data\":[{\"index\":0,\"embedding\":[1e300]}]}", "out of range"},
        {1, 0, "{\"data\":[{\"index\":0,\"embedding\":[0,0]}]}", "zero"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = ERROR_INIT;
        const float *vectors = NULL;
        uint32_t dimensions = 0;

        cr_expect(read_answer(cases[i].count, cases[i].dimensions, cases[i].text, &vectors,
                              &dimensions, &err) == -1,
                  "%s", cases[i].text);
        cr_expect(err.code == ERROR_PROTOCOL && strstr(err.msg, cases[i].says), "%s: %s",
                  cases[i].text, err.msg);
        cr_expect(vectors == NULL && dimensions == 0);
    }
}

Test(embed_answer, more_than_there_is_room_for, .init = begin, .fini = end)
{
    struct error err = ERROR_INIT;
    const float *vectors;
    uint32_t dimensions;

    cr_expect(read_answer(1U << 30, 0, "{}", &vectors, &dimensions, &err) == -1);
    cr_expect(err.code == ERROR_MEMORY);
}

Test(embed_answer, complaints)
{
    static const char *const cases[][2] = {
        {"{\"error\":{\"message\":\"no such model\"}}", "no such model"},
        {"{\"error\":\"plain\"}", "plain"},
        {"{\"message\":\"two\\nlines\"}", "two lines"},
        {"{\"error\":{\"code\":5}}", ""},
        {"{\"error\":[]}", ""},
        {"[1]", ""},
        {"<html>", ""},
        {"", ""},
        {"{\"message\":\"0123456789012345678901234567890123456789\"}", "0123456789012345678"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[20];

        answer_complaint(cases[i][0], strlen(cases[i][0]), text, sizeof(text));
        cr_expect_str_eq(text, cases[i][1], "%s: %s", cases[i][0], text);
    }
}
