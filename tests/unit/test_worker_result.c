/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/runtime/worker_result: what a unit found, as DONE has it, and its bounds.
 */
#include "workers/runtime/worker_result.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/cleanup.h"

/* The result through the wire. */
struct sent {
    struct buf frame;
    struct message message;
};

static void send(const struct worker_result *result, struct sent *ret_sent)
{
    struct message_writer writer;
    struct error err = ERROR_INIT;

    buf_init(&ret_sent->frame, FRAME_BODY_MAX_BYTES + FRAME_HEADER_BYTES);
    message_begin(&writer, &ret_sent->frame, MESSAGE_DONE, 7);
    worker_result_put(result, &writer);
    cr_assert_eq(message_end(&writer, &err), 0, "%s", err.msg);
    cr_assert_eq(message_decode(ret_sent->frame.data + FRAME_HEADER_BYTES,
                                ret_sent->frame.size - FRAME_HEADER_BYTES, DIRECTION_FROM_WORKER,
                                &ret_sent->message, &err),
                 0, "%s", err.msg);
}

static void sent_deinit(struct sent *sent)
{
    message_deinit(&sent->message);
    buf_deinit(&sent->frame);
}

static uint64_t count_of(const struct sent *sent, const char *key)
{
    return value_uint(value_get(sent->message.fields[FIELD_COUNTS], key), UINT64_MAX);
}

static void assert_warning(const struct sent *sent, size_t index, const char *expected)
{
    char text[600];

    value_str_copy(value_at(sent->message.fields[FIELD_WARNINGS], index), text, sizeof(text));
    cr_assert_str_eq(text, expected);
}

Test(worker_result, empty_is_a_bare_done)
{
    struct worker_result *result = worker_result_create();
    struct sent sent;

    send(result, &sent);
    for (int field = 0; field < FIELD_COUNT; field++) {
        cr_assert_not(message_has(&sent.message, (enum field)field));
    }
    sent_deinit(&sent);
    worker_result_destroy(result);
}

Test(worker_result, everything_arrives)
{
    struct worker_result *result = worker_result_create();
    struct message_unit unit;
    struct message_failure failure;
    char document[40];
    struct sent sent;

    worker_result_count(result, "pages", 3);
    worker_result_count(result, "chars", 10);
    worker_result_count(result, "pages", 4);
    worker_result_unit(result, "extract", 1, 16);
    worker_result_sized_unit(result, "ocr", 5, 5, 8700);
    worker_result_failure(result, 9, "crashed", "signal %d", 11);
    worker_result_warning(result, "page %d is odd", 4);
    worker_result_document(result, "00000000-0000-5000-8000-00000000000a");
    send(result, &sent);
    cr_assert_eq(count_of(&sent, "pages"), 7);
    cr_assert_eq(count_of(&sent, "chars"), 10);
    cr_assert(message_unit_at(&sent.message, 0, &unit));
    cr_assert_str_eq(unit.stage, "extract");
    cr_assert_eq(unit.last, 16);
    cr_assert_eq(unit.size, 0);
    cr_assert(message_unit_at(&sent.message, 1, &unit));
    cr_assert_eq(unit.first, 5);
    cr_assert_eq(unit.size, 8700);
    cr_assert_not(message_unit_at(&sent.message, 2, &unit));
    cr_assert(message_failure_at(&sent.message, FIELD_FAILURES, 0, &failure));
    cr_assert_eq(failure.item, 9);
    cr_assert_str_eq(failure.code, "crashed");
    cr_assert_str_eq(failure.text, "signal 11");
    assert_warning(&sent, 0, "page 4 is odd");
    cr_assert(message_str(&sent.message, FIELD_DOCUMENT, document, sizeof(document)));
    cr_assert_str_eq(document, "00000000-0000-5000-8000-00000000000a");
    sent_deinit(&sent);
    worker_result_destroy(result);
}

Test(worker_result, reset_forgets_everything)
{
    struct worker_result *result = worker_result_create();
    const char *code;
    const char *text;
    bool retryable;
    struct sent sent;

    worker_result_count(result, "pages", 3);
    worker_result_unit(result, "extract", 1, 16);
    worker_result_failure(result, 9, "crashed", "x");
    worker_result_warning(result, "x");
    worker_result_document(result, "00000000-0000-5000-8000-00000000000a");
    for (int i = 0; i < 40; i++) {
        char key[16];

        snprintf(key, sizeof(key), "key %d", i);
        worker_result_count(result, key, 1);
    }
    worker_result_fail(result, "zero_pages", false, "x");
    worker_result_reset(result);
    cr_assert_not(worker_result_failed(result, &code, &retryable, &text));
    send(result, &sent);
    for (int field = 0; field < FIELD_COUNT; field++) {
        cr_assert_not(message_has(&sent.message, (enum field)field));
    }
    sent_deinit(&sent);
    worker_result_destroy(result);
}

Test(worker_result, fail_says_what_and_returns_minus_one)
{
    struct worker_result *result = worker_result_create();
    const char *code;
    const char *text;
    bool retryable = true;

    cr_assert_eq(worker_result_fail(result, "password_wrong", false, "line\nbreak %d", 5), -1);
    cr_assert(worker_result_failed(result, &code, &retryable, &text));
    cr_assert_str_eq(code, "password_wrong");
    cr_assert_str_eq(text, "line break 5");
    cr_assert_not(retryable);
    worker_result_destroy(result);
}

Test(worker_result, texts_of_documents_become_one_line_of_utf8)
{
    struct worker_result *result = worker_result_create();
    struct sent sent;

    worker_result_warning(result, "a\xff\xfe"
                                  "b\r\nc\x1b\x7f\t\xc3\xa9");
    send(result, &sent);
    assert_warning(&sent, 0,
                   "a\xef\xbf\xbd\xef\xbf\xbd"
                   "b  c   \xc3\xa9");
    sent_deinit(&sent);
    worker_result_destroy(result);
}

Test(worker_result, a_long_text_is_cut_between_characters)
{
    struct worker_result *result = worker_result_create();
    char text[2001];
    char arrived[600];
    struct sent sent;

    for (size_t i = 0; i < 1000; i++) {
        memcpy(text + 2 * i, "\xc3\xa9", 2);
    }
    text[2000] = '\0';
    worker_result_warning(result, "x%s", text);
    send(result, &sent);
    value_str_copy(value_at(sent.message.fields[FIELD_WARNINGS], 0), arrived, sizeof(arrived));
    cr_assert_eq(strlen(arrived), 511);
    sent_deinit(&sent);
    worker_result_destroy(result);
}

Test(worker_result, counts_saturate)
{
    struct worker_result *result = worker_result_create();
    struct sent sent;

    worker_result_count(result, "n", UINT64_MAX - 1);
    worker_result_count(result, "n", 5);
    send(result, &sent);
    cr_assert_eq(count_of(&sent, "n"), UINT64_MAX);
    sent_deinit(&sent);
    worker_result_destroy(result);
}

Test(worker_result, past_the_bounds_is_counted_and_told)
{
    struct worker_result *result = worker_result_create();
    struct sent sent;

    for (uint32_t i = 1; i <= 33000; i++) {
        worker_result_unit(result, "extract", i, i);
    }
    for (uint32_t i = 1; i <= 1030; i++) {
        worker_result_failure(result, i, "garbled", "x");
    }
    for (int i = 0; i < 63; i++) {
        worker_result_warning(result, "warning %d", i);
    }
    for (int i = 0; i < 34; i++) {
        char key[16];

        snprintf(key, sizeof(key), "key %d", i);
        worker_result_count(result, key, 1);
    }
    send(result, &sent);
    cr_assert_eq(message_count(&sent.message, FIELD_UNITS), 32768);
    cr_assert_eq(message_count(&sent.message, FIELD_FAILURES), 1024);
    cr_assert_eq(message_count(&sent.message, FIELD_COUNTS), 32);
    cr_assert_eq(message_count(&sent.message, FIELD_WARNINGS), 64);
    assert_warning(&sent, 59, "warning 59");
    assert_warning(&sent, 60, "232 more units did not fit and were left out");
    assert_warning(&sent, 61, "6 more failures did not fit and were left out");
    assert_warning(&sent, 62, "3 more warnings did not fit and were left out");
    assert_warning(&sent, 63, "2 more counts did not fit and were left out");
    cr_assert_not(worker_result_incomplete(result));
    sent_deinit(&sent);
    worker_result_destroy(result);
}

Test(worker_result, the_longest_entries_of_all_kinds_fit_one_frame)
{
    struct worker_result *result = worker_result_create();
    char long_text[513];
    char key[65];
    struct sent sent;

    memset(long_text, 'x', 512);
    long_text[512] = '\0';
    for (int i = 0; i < 32; i++) {
        snprintf(key, sizeof(key), "%064d", i);
        worker_result_count(result, key, UINT64_MAX);
    }
    for (uint32_t i = 0; i < 1024; i++) {
        worker_result_failure(result, UINT32_MAX,
                              "0123456789012345678901234567890123456789"
                              "012345678901234567890123",
                              "%s", long_text);
    }
    for (int i = 0; i < 64; i++) {
        worker_result_warning(result, "%s", long_text);
    }
    for (uint32_t i = 0; i < 32768; i++) {
        worker_result_sized_unit(result, "01234567890123456789012345678901", UINT32_MAX, UINT32_MAX,
                                 UINT32_MAX);
    }
    worker_result_document(result, "00000000-0000-5000-8000-00000000000a");
    send(result, &sent);
    cr_assert_leq(sent.frame.size, FRAME_BODY_MAX_BYTES + FRAME_HEADER_BYTES);
    cr_assert_geq(sent.frame.size, FRAME_BODY_MAX_BYTES - 2048);
    cr_assert_eq(message_count(&sent.message, FIELD_FAILURES), 1024);
    cr_assert_lt(message_count(&sent.message, FIELD_UNITS), 32768);
    sent_deinit(&sent);
    worker_result_destroy(result);
}

#ifndef EBB_SANITIZED /* its allocator does not answer to RLIMIT_DATA */
Test(worker_result, without_memory_it_is_incomplete)
{
    struct worker_result *result = worker_result_create();
    const struct rlimit none = {4096, RLIM_INFINITY}; /* the kernel takes 0 for another thing */
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

    cr_assert_eq(setrlimit(RLIMIT_DATA, &none), 0);
    for (uint32_t i = 1; i <= 32768; i++) {
        worker_result_unit(result, "extract", i, i);
    }
    cr_assert_eq(setrlimit(RLIMIT_DATA, &all), 0);
    cr_assert(worker_result_incomplete(result));
    worker_result_reset(result);
    cr_assert_not(worker_result_incomplete(result));
    worker_result_destroy(result);
}
#endif

Test(worker_result, destroy_takes_null)
{
    worker_result_destroy(NULL);
}
