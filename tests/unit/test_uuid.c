/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/uuid: RFC 9562's example, order within a millisecond, across threads, forms.
 */
#include "common/uuid.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define DNS_SPACE "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define EBB_SPACE "8862ccee-dd5f-49ba-a30c-92bf4058320a"

static struct uuid parsed(const char *text)
{
    struct error err = ERROR_INIT;
    struct uuid uuid;

    cr_assert_eq(uuid_parse(text, &uuid, &err), 0, "%s", err.msg);
    return uuid;
}

Test(uuid, v5_of_rfc_9562_appendix_a4)
{
    struct uuid space = parsed(DNS_SPACE);
    struct uuid uuid;
    char text[UUID_TEXT_BYTES];

    uuid_v5(&space, "www.example.com", 15, &uuid);
    uuid_format(&uuid, text);
    cr_assert_str_eq(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

Test(uuid, v5_of_no_name)
{
    struct uuid space = parsed(DNS_SPACE);
    struct uuid uuid;

    uuid_v5(&space, NULL, 0, &uuid);
    cr_assert_eq(uuid.bytes[6] >> 4, 5);
    cr_assert_eq(uuid.bytes[8] >> 6, 2);
}

Test(uuid, library_is_v5_of_its_text)
{
    struct uuid space = parsed(EBB_SPACE);
    const char *name = "00ff/page/18446744073709551615";
    struct uuid expected;
    struct uuid uuid;
    struct uuid other;

    uuid_v5(&space, name, strlen(name), &expected);
    uuid_library("00ff", "page", UINT64_MAX, &uuid);
    cr_assert(uuid_equal(&uuid, &expected));
    uuid_library("00ff", "page", 0, &other);
    cr_assert(!uuid_equal(&uuid, &other));
}

/* The identity of every library hangs on this one staying what it is. */
Test(uuid, library_never_changes)
{
    struct uuid uuid;
    char text[UUID_TEXT_BYTES];

    uuid_library("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "page", 1,
                 &uuid);
    uuid_format(&uuid, text);
    cr_assert_str_eq(text, "43d50699-aea2-5cef-931b-f9d375e2516d");
}

Test(uuid, v7_has_its_marks_and_the_time)
{
    uint64_t before_ms = clock_wall_ms();
    struct error err = ERROR_INIT;
    struct uuid uuid;
    uint64_t time_ms = 0;

    cr_assert_eq(uuid_v7(&uuid, &err), 0, "%s", err.msg);
    for (size_t i = 0; i < 6; i++) {
        time_ms = time_ms << 8 | uuid.bytes[i];
    }
    cr_assert_geq(time_ms, before_ms);
    cr_assert_leq(time_ms, clock_wall_ms() + 1);
    cr_assert_eq(uuid.bytes[6] >> 4, 7);
    cr_assert_eq(uuid.bytes[8] >> 6, 2);
}

Test(uuid, v7_grows_and_sorts_as_text)
{
    struct uuid last;
    char last_text[UUID_TEXT_BYTES];

    cr_assert_eq(uuid_v7(&last, NULL), 0);
    uuid_format(&last, last_text);
    for (int i = 0; i < 100000; i++) {
        struct uuid uuid;
        char text[UUID_TEXT_BYTES];

        cr_assert_eq(uuid_v7(&uuid, NULL), 0);
        uuid_format(&uuid, text);
        cr_assert_gt(memcmp(uuid.bytes, last.bytes, sizeof(uuid.bytes)), 0);
        cr_assert_gt(strcmp(text, last_text), 0);
        last = uuid;
        memcpy(last_text, text, sizeof(text));
    }
}

#define THREAD_UUIDS 20000

static void *draw(void *data)
{
    struct uuid *uuids = data;

    for (size_t i = 0; i < THREAD_UUIDS; i++) {
        if (uuid_v7(&uuids[i], NULL) < 0) {
            return NULL;
        }
    }
    return uuids;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

Test(uuid, v7_is_unique_across_threads)
{
    static struct uuid uuids[4 * THREAD_UUIDS];
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, draw, uuids + i * THREAD_UUIDS), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        void *result;

        cr_assert_eq(pthread_join(threads[i], &result), 0);
        cr_assert_not_null(result);
    }
    qsort(uuids, 4 * THREAD_UUIDS, sizeof(uuids[0]), compare);
    for (size_t i = 1; i < 4 * THREAD_UUIDS; i++) {
        cr_assert(!uuid_equal(&uuids[i - 1], &uuids[i]));
    }
}

Test(uuid, parse_takes_either_case)
{
    struct uuid lower = parsed("2ed6657d-e927-568b-95e1-2665a8aea6a2");
    struct uuid upper = parsed("2ED6657D-E927-568B-95E1-2665A8AEA6A2");

    cr_assert(uuid_equal(&lower, &upper));
    cr_assert_eq(lower.bytes[0], 0x2e);
    cr_assert_eq(lower.bytes[15], 0xa2);
}

Test(uuid, parse_refuses_everything_else)
{
    static const char *const texts[] = {
        "",
        "2ed6657d",
        "2ed6657d-e927-568b-95e1-2665a8aea6a",
        "2ed6657d-e927-568b-95e1-2665a8aea6a22",
        "2ed6657d-e927-568b-95e1-2665a8aea6g2",
        "2ed6657de927-568b-95e1-2665a8aea6a2-",
        "2ed6657d-e927-568b-95e12665a8aea6a22",
        "2ed6657de927568b95e12665a8aea6a2",
        " ed6657d-e927-568b-95e1-2665a8aea6a2",
        "{2ed6657d-e927-568b-95e1-2665a8aea6a2}",
        "../../../../../../../../../../../etc",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct error err = ERROR_INIT;
        struct uuid uuid = {{1, 2, 3}};

        cr_assert_eq(uuid_parse(texts[i], &uuid, &err), -1, "%s", texts[i]);
        cr_assert_eq(err.code, ERROR_INVALID);
        cr_assert_eq(uuid.bytes[2], 3);
    }
}
