/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The sizes that a job asks for: what is taken, and what is refused with its name and range.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "workers/index/chunk_unit.h"

struct given {
    const char *size, *overlap, *sizes;
};

static const char *param(const void *context, const char *key)
{
    const struct given *given = context;

    if (strcmp(key, "chunk_size") == 0) {
        return given->size;
    }
    return strcmp(key, "chunk_overlap") == 0 ? given->overlap : given->sizes;
}

static struct chunk_sizes taken(struct given given)
{
    struct error err = ERROR_INIT;
    struct chunk_sizes sizes = {.count = 0};

    cr_expect_eq(chunk_sizes_read(param, &given, &sizes, &err), 0, "%s", err.msg);
    return sizes;
}

static void refused(struct given given, const char *name, const char *range)
{
    struct error err = ERROR_INIT;
    struct chunk_sizes sizes = {.count = 99};

    cr_expect_eq(chunk_sizes_read(param, &given, &sizes, &err), -1);
    cr_expect_eq(err.code, ERROR_INVALID);
    cr_expect_not_null(strstr(err.msg, name), "%s", err.msg);
    cr_expect_not_null(strstr(err.msg, range), "%s", err.msg);
    cr_expect_eq(sizes.count, 99, "outputs are untouched");
}

Test(index_chunk_sizes, are_taken)
{
    struct chunk_sizes sizes = taken((struct given){NULL, NULL, NULL});

    cr_expect(sizes.count == 1 && sizes.sizes[0] == 1024 && sizes.overlap == 128);
    sizes = taken((struct given){"64", NULL, NULL});
    cr_expect(sizes.count == 1 && sizes.sizes[0] == 64 && sizes.overlap == 16);
    sizes = taken((struct given){"8192", "4095", NULL});
    cr_expect(sizes.sizes[0] == 8192 && sizes.overlap == 4095);
    sizes = taken((struct given){NULL, "0", "2048,1024,512"});
    cr_expect(sizes.count == 3 && sizes.sizes[0] == 512 && sizes.sizes[1] == 1024 &&
              sizes.sizes[2] == 2048 && sizes.overlap == 0);
    sizes = taken((struct given){"1024", NULL, "512"});
    cr_expect(sizes.count == 1 && sizes.sizes[0] == 512 && sizes.overlap == 128);
}

Test(index_chunk_sizes, are_refused)
{
    refused((struct given){"63", NULL, NULL}, "chunk_size", "64");
    refused((struct given){"8193", NULL, NULL}, "chunk_size", "8192");
    refused((struct given){"", NULL, NULL}, "chunk_size", "64");
    refused((struct given){"1024", "512", NULL}, "chunk_overlap", "511");
    refused((struct given){NULL, "-1", NULL}, "chunk_overlap", "511");
    refused((struct given){NULL, NULL, ""}, "chunk_sizes", "8192");
    refused((struct given){NULL, NULL, "512,512"}, "chunk_sizes", "falling");
    refused((struct given){NULL, NULL, "512,1024"}, "chunk_sizes", "falling");
    refused((struct given){NULL, NULL, "1024,512,"}, "chunk_sizes", "commas");
    refused((struct given){NULL, NULL, "4096,2048,1024,512"}, "chunk_sizes", "one to 3");
    refused((struct given){NULL, NULL, "512,12345678901234567890"}, "chunk_sizes", "64");
}
