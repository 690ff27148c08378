/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * supervisor/store: what its readers answer (PROTOCOL.md "Control"), page by page and within a
 * frame, and how long things are kept.
 */
#include "store_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "proto/frame.h"
#include "supervisor/peaks.h"
#include "supervisor/stage.h"
#include "supervisor/store_db.h"

static struct fixture fixture;
static struct fixture_reply reply;

static void start(void)
{
    fixture_init(&fixture);
    fixture_open(&fixture);
}

static void stop(void)
{
    fixture_reply_free(&reply);
    fixture_deinit(&fixture);
}

TestSuite(store_read, .init = start, .fini = stop, .timeout = 60);

/* Exactly these keys, in any order; space between. */
static void has_keys(struct value map, const char *keys)
{
    char copy[1024];
    size_t count = 0;

    cr_assert_eq(value_type(map), VALUE_MAP);
    strcpy(copy, keys);
    for (char *key = strtok(copy, " "); key; key = strtok(NULL, " ")) {
        cr_assert(value_present(value_get(map, key)), "no %s", key);
        count++;
    }
    cr_assert_eq(value_count(map), count, "%zu keys, not %zu", value_count(map), count);
}

static uint64_t number(struct value map, const char *key)
{
    cr_assert_eq(value_type(value_get(map, key)), VALUE_UINT, "%s is no number", key);
    return value_uint(value_get(map, key), 0);
}

static const char *text(struct value map, const char *key)
{
    static char texts[4][1100];
    static unsigned next;
    char *copy = texts[next++ % 4];

    cr_assert(value_str_copy(value_get(map, key), copy, sizeof(texts[0])), "%s is no text", key);
    return copy;
}

static bool is_nil(struct value map, const char *key)
{
    return value_type(value_get(map, key)) == VALUE_NIL;
}

static void read_jobs(uint32_t limit, const struct uuid *cursor, int status)
{
    fixture_reply_free(&reply);
    store_read_jobs(fixture.store, limit, cursor, status, fixture_reply_cb, &reply);
    fixture_await(&fixture, &reply);
    cr_assert_eq(reply.err.code, ERROR_NONE, "%s", reply.err.msg);
    has_keys(reply.data, "jobs next_cursor total");
}

static void read_memory(enum store_memory_view view, const struct uuid *job, uint64_t since_ms,
                        uint32_t limit, uint32_t offset)
{
    fixture_reply_free(&reply);
    store_read_memory(fixture.store, view, job, since_ms, limit, offset, fixture_reply_cb, &reply);
    fixture_await(&fixture, &reply);
}

static void put_receipt(const struct uuid *job, const char *class_name, const char *stage,
                        enum verdict verdict, uint64_t peak_bytes, uint64_t started_ms)
{
    struct store_receipt receipt = {.pid = 77,
                                    .class_name = class_name,
                                    .stage = stage,
                                    .has_job = job != NULL,
                                    .verdict = verdict,
                                    .exit_code = verdict == VERDICT_CRASHED ? -1 : 0,
                                    .signal = verdict == VERDICT_CRASHED ? 11 : 0,
                                    .started_ms = started_ms,
                                    .wall_us = 5000000,
                                    .user_us = 3000000,
                                    .system_us = 1000999,
                                    .peak_rss_bytes = peak_bytes,
                                    .peak_source = "worker",
                                    .minor_faults = 1,
                                    .major_faults = 2,
                                    .blocks_read = 3,
                                    .blocks_written = 4,
                                    .voluntary_switches = 5,
                                    .involuntary_switches = 6,
                                    .units = 8,
                                    .bucket = 9};

    if (job) {
        receipt.job = *job;
    }
    store_receipt_put(fixture.store, &receipt);
}

Test(store_read, a_new_job_has_nil_where_nothing_is_known)
{
    struct uuid id = fixture_accept(&fixture, "a.pdf");
    char id_text[UUID_TEXT_BYTES];

    uuid_format(&id, id_text);
    fixture_read_job(&fixture, &id, &reply);
    has_keys(reply.data,
             "job_id kind document_id name status priority progress stage created_at started_at "
             "finished_at wall_ms size_bytes error pages pages_done pages_failed "
             "pages_failed_count counts warnings units_peak stages");
    cr_assert_str_eq(text(reply.data, "job_id"), id_text);
    cr_assert_str_eq(text(reply.data, "name"), "a.pdf");
    cr_assert_str_eq(text(reply.data, "status"), "pending");
    cr_assert_eq(value_float(value_get(reply.data, "progress"), -1), 0);
    cr_assert_eq(strlen(text(reply.data, "created_at")), CLOCK_RFC3339_BYTES - 1);
    cr_assert_eq(number(reply.data, "size_bytes"), 5);
    cr_assert(is_nil(reply.data, "document_id") && is_nil(reply.data, "stage") &&
              is_nil(reply.data, "started_at") && is_nil(reply.data, "finished_at") &&
              is_nil(reply.data, "wall_ms") && is_nil(reply.data, "error") &&
              is_nil(reply.data, "pages"));
    cr_assert_eq(value_type(value_get(reply.data, "counts")), VALUE_MAP);
    cr_assert_eq(value_type(value_get(reply.data, "warnings")), VALUE_ARRAY);
    cr_assert_eq(value_type(value_get(reply.data, "pages_failed")), VALUE_ARRAY);
    cr_assert_eq(value_count(value_get(reply.data, "stages")), stage_count(JOB_KIND_DOCUMENT));
    for (size_t i = 0, at = 0; i < STAGE_COUNT; i++) {
        if (!stage_is_of((enum stage_id)i, JOB_KIND_DOCUMENT)) {
            continue;
        }
        struct value stage = value_at(value_get(reply.data, "stages"), at++);

        has_keys(stage, "stage status units units_done units_failed items items_done wall_ms "
                        "cpu_ms workers peak_rss_bytes");
        cr_assert_str_eq(text(stage, "stage"), stage_row((enum stage_id)i)->name);
        cr_assert_str_eq(text(stage, "status"), "pending");
    }
}

static void fill_job(const struct uuid *id)
{
    struct store_job_change change = {.id = *id,
                                      .set_status = true,
                                      .status = JOB_STATUS_COMPLETED,
                                      .stage = "extract",
                                      .progress = 42.5,
                                      .document = "0190a5a0-0000-7000-8000-000000000000",
                                      .pages = 32,
                                      .error_code = "code",
                                      .error_text = "text",
                                      .started_ms = 1000,
                                      .finished_ms = 8000};
    struct store_unit unit = {
        .number = 1, .stage = STAGE_EXTRACT, .state = UNIT_DONE, .first = 1, .last = 16};

    store_job_change(fixture.store, &change);
    store_unit_put(fixture.store, id, &unit);
    unit = (struct store_unit){
        .number = 2, .stage = STAGE_EXTRACT, .state = UNIT_FAILED, .first = 17, .last = 17};
    store_unit_put(fixture.store, id, &unit);
    unit = (struct store_unit){
        .number = 3, .stage = STAGE_EXTRACT, .state = UNIT_PENDING, .first = 18, .last = 32};
    store_unit_put(fixture.store, id, &unit);
    store_failure_put(fixture.store, id, STAGE_EXTRACT, 17, VERDICT_CRASHED, "crashed", "SIGSEGV");
    store_failure_put(fixture.store, id, STAGE_EXTRACT, 3, VERDICT_FAILED, "no_text", "");
    store_stage_times(fixture.store, id, STAGE_EXTRACT, 2000, 0);
    store_stage_times(fixture.store, id, STAGE_EXTRACT, 0, 5000);
    store_job_warning(fixture.store, id, "repaired");
    store_job_count(fixture.store, id, "images", 4, false);
    put_receipt(id, "pdf", "extract", VERDICT_DONE, 1000, 1);
    put_receipt(id, "pdf", "extract", VERDICT_CRASHED, 3000, 1);
}

Test(store_read, a_job_tells_all_that_was_stored)
{
    struct uuid id = fixture_accept(&fixture, "a.pdf");
    struct value stage, failure;

    fill_job(&id);
    fixture_read_job(&fixture, &id, &reply);
    cr_assert_str_eq(text(reply.data, "status"), "completed");
    cr_assert_str_eq(text(reply.data, "stage"), "extract");
    cr_assert_str_eq(text(reply.data, "document_id"), "0190a5a0-0000-7000-8000-000000000000");
    cr_assert_eq(value_float(value_get(reply.data, "progress"), 0), 42.5);
    cr_assert_eq(number(reply.data, "pages"), 32);
    cr_assert_eq(number(reply.data, "wall_ms"), 7000);
    cr_assert_str_eq(text(reply.data, "started_at"), "1970-01-01T00:00:01.000Z");
    cr_assert_str_eq(text(value_get(reply.data, "error"), "code"), "code");
    cr_assert_str_eq(text(value_get(reply.data, "error"), "text"), "text");
    cr_assert_eq(number(reply.data, "pages_failed_count"), 2);
    cr_assert_eq(number(reply.data, "pages_done"), 15, "16 and 1 have ended, 2 of them failed");
    failure = value_at(value_get(reply.data, "pages_failed"), 0);
    has_keys(failure, "page stage verdict detail");
    cr_assert_eq(number(failure, "page"), 3);
    cr_assert_str_eq(text(failure, "detail"), "no_text");
    failure = value_at(value_get(reply.data, "pages_failed"), 1);
    cr_assert_eq(number(failure, "page"), 17);
    cr_assert_str_eq(text(failure, "stage"), "extract");
    cr_assert_str_eq(text(failure, "verdict"), "crashed");
    cr_assert_str_eq(text(failure, "detail"), "SIGSEGV");
    cr_assert_eq(number(value_get(reply.data, "counts"), "images"), 4);
    cr_assert(value_str_equal(value_at(value_get(reply.data, "warnings"), 0), "repaired"));
    stage = value_at(value_get(reply.data, "stages"), STAGE_EXTRACT);
    cr_assert_str_eq(text(stage, "status"), "completed");
    cr_assert_eq(number(stage, "units"), 3);
    cr_assert_eq(number(stage, "units_done"), 1);
    cr_assert_eq(number(stage, "units_failed"), 1);
    cr_assert_eq(number(stage, "items"), 32);
    cr_assert_eq(number(stage, "items_done"), 16);
    cr_assert_eq(number(stage, "wall_ms"), 3000);
    cr_assert_eq(number(stage, "cpu_ms"), 8001);
    cr_assert_eq(number(stage, "workers"), 2);
    cr_assert_eq(number(stage, "peak_rss_bytes"), 3000);
    stage = value_at(value_get(reply.data, "stages"), STAGE_SURVEY);
    cr_assert_str_eq(text(stage, "status"), "skipped");
}

Test(store_read, an_empty_text_clears_an_error_and_null_leaves_it)
{
    struct uuid id = fixture_accept(&fixture, "a.pdf");
    struct store_job_change change = {
        .id = id, .progress = -1, .error_code = "c", .error_text = "t"};

    store_job_change(fixture.store, &change);
    change.error_code = change.error_text = NULL;
    change.pages = 3;
    store_job_change(fixture.store, &change);
    fixture_read_job(&fixture, &id, &reply);
    cr_assert_str_eq(text(value_get(reply.data, "error"), "code"), "c");
    change.error_code = change.error_text = "";
    store_job_change(fixture.store, &change);
    fixture_read_job(&fixture, &id, &reply);
    cr_assert(is_nil(reply.data, "error"));
    cr_assert_eq(number(reply.data, "pages"), 3);
}

Test(store_read, what_is_in_work_is_laid_over_a_job)
{
    struct uuid id = fixture_accept(&fixture, "a.pdf");
    struct store_job_live live = {
        .active = true, .progress = 66, .stage = "extract", .items_running = 5};

    fill_job(&id);
    store_read_job(fixture.store, &id, &live, fixture_reply_cb, &reply);
    fixture_await(&fixture, &reply);
    cr_assert_eq(value_float(value_get(reply.data, "progress"), 0), 66);
    cr_assert_eq(number(value_at(value_get(reply.data, "stages"), STAGE_EXTRACT), "items_done"),
                 21);
    cr_assert_eq(number(reply.data, "pages_done"), 20);
}

Test(store_read, there_is_no_such_job)
{
    struct uuid none = fixture_job("a").id;

    store_read_job(fixture.store, &none, NULL, fixture_reply_cb, &reply);
    fixture_await(&fixture, &reply);
    cr_assert_eq(reply.err.code, ERROR_NOT_FOUND);
    read_memory(STORE_MEMORY_SAMPLES, &none, 0, 10, 0);
    cr_assert_eq(reply.err.code, ERROR_NOT_FOUND);
}

Test(store_read, the_largest_job_fits_into_a_frame)
{
    struct uuid id = fixture_accept(&fixture, "a.pdf");
    char longest[512], key[65];

    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    for (uint32_t i = 0; i < 3000; i++) {
        store_failure_put(fixture.store, &id, STAGE_EXTRACT, i + 1, VERDICT_FAILED, "c", longest);
    }
    for (int i = 0; i < 200; i++) {
        store_job_warning(fixture.store, &id, longest);
        snprintf(key, sizeof(key), "%064d", i);
        store_job_count(fixture.store, &id, key, UINT64_MAX, false);
    }
    fixture_read_job(&fixture, &id, &reply);
    cr_assert_eq(number(reply.data, "pages_failed_count"), 3000);
    cr_assert_eq(value_count(value_get(reply.data, "pages_failed")), 1000);
    cr_assert_eq(value_count(value_get(reply.data, "warnings")), 100);
    cr_assert_lt(reply.size_bytes, FRAME_BODY_MAX_BYTES - 1024);
}

Test(store_read, jobs_are_listed_newest_first_page_by_page)
{
    struct uuid ids[7], cursor;
    unsigned seen = 0;
    char id_text[UUID_TEXT_BYTES];

    for (int i = 0; i < 7; i++) {
        ids[i] = fixture_accept(&fixture, (char[]){(char)('a' + i), 0});
    }
    cr_assert_eq(fixture_cancel(&fixture, &ids[2]), ERROR_NONE);
    cr_assert_eq(fixture_cancel(&fixture, &ids[5]), ERROR_NONE);
    for (bool more = true; more;) {
        read_jobs(3, seen ? &cursor : NULL, -1);
        cr_assert_eq(number(reply.data, "total"), 7);
        for (size_t i = 0; i < value_count(value_get(reply.data, "jobs")); i++) {
            struct value job = value_at(value_get(reply.data, "jobs"), i);

            has_keys(job, "job_id kind document_id name status progress stage pages "
                          "pages_failed_count error_code created_at finished_at");
            uuid_format(&ids[6 - seen], id_text);
            cr_assert_str_eq(text(job, "job_id"), id_text);
            seen++;
        }
        more = !is_nil(reply.data, "next_cursor");
        if (more) {
            cr_assert_eq(uuid_parse(text(reply.data, "next_cursor"), &cursor, NULL), 0);
        }
    }
    cr_assert_eq(seen, 7);
    read_jobs(10, NULL, JOB_STATUS_CANCELLED);
    cr_assert_eq(number(reply.data, "total"), 2);
    cr_assert_eq(value_count(value_get(reply.data, "jobs")), 2);
    cr_assert_str_eq(text(value_at(value_get(reply.data, "jobs"), 0), "name"), "f");
    cr_assert_not(is_nil(value_at(value_get(reply.data, "jobs"), 0), "finished_at"));
    read_jobs(7, NULL, -1);
    cr_assert(is_nil(reply.data, "next_cursor"), "the last page has no next one");
    read_jobs(1, NULL, JOB_STATUS_FAILED);
    cr_assert_eq(value_count(value_get(reply.data, "jobs")), 0);
}

Test(store_read, a_page_of_jobs_with_long_names_fits_into_a_frame)
{
    static char name[1025];
    struct uuid cursor;
    unsigned seen = 0, pages = 0;
    bool more = true;

    memset(name, 'n', 1024);
    for (int i = 0; i < 1000; i++) {
        struct store_job_new job = fixture_job("a");

        fixture_write_file(&fixture, "incoming/a", "x", 1);
        job.name = name;
        cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_NONE);
    }
    while (more) {
        read_jobs(1000, pages ? &cursor : NULL, -1);
        cr_assert_lt(reply.size_bytes, FRAME_BODY_MAX_BYTES - 1024);
        seen += (unsigned)value_count(value_get(reply.data, "jobs"));
        pages++;
        more = !is_nil(reply.data, "next_cursor");
        if (more) {
            cr_assert_eq(uuid_parse(text(reply.data, "next_cursor"), &cursor, NULL), 0);
        }
    }
    cr_assert_eq(seen, 1000);
    cr_assert_eq(pages, 2);
}

Test(store_read, receipts_are_told_as_they_were_put)
{
    struct uuid id = fixture_accept(&fixture, "a.pdf");
    struct value receipt;
    char id_text[UUID_TEXT_BYTES];

    uuid_format(&id, id_text);
    put_receipt(&id, "pdf", "extract", VERDICT_CRASHED, 123, 1000);
    put_receipt(NULL, "library", "", VERDICT_DONE, 456, 2000);
    read_memory(STORE_MEMORY_RECEIPTS, NULL, 0, 10, 0);
    has_keys(reply.data, "receipts total");
    cr_assert_eq(number(reply.data, "total"), 2);
    receipt = value_at(value_get(reply.data, "receipts"), 0);
    has_keys(receipt,
             "pid class stage job_id verdict exit_code signal started_at wall_ms user_ms "
             "system_ms cpu_ms peak_rss_bytes peak_source minor_faults major_faults blocks_read "
             "blocks_written voluntary_switches involuntary_switches units units_peak");
    cr_assert_str_eq(text(receipt, "class"), "library");
    cr_assert(is_nil(receipt, "stage") && is_nil(receipt, "job_id") &&
              is_nil(receipt, "units_peak"));
    receipt = value_at(value_get(reply.data, "receipts"), 1);
    cr_assert_eq(number(receipt, "pid"), 77);
    cr_assert_str_eq(text(receipt, "stage"), "extract");
    cr_assert_str_eq(text(receipt, "job_id"), id_text);
    cr_assert_str_eq(text(receipt, "verdict"), "crashed");
    cr_assert_eq(value_int(value_get(receipt, "exit_code"), 0), -1);
    cr_assert_eq(number(receipt, "signal"), 11);
    cr_assert_str_eq(text(receipt, "started_at"), "1970-01-01T00:00:01.000Z");
    cr_assert_eq(number(receipt, "wall_ms"), 5000);
    cr_assert_eq(number(receipt, "user_ms"), 3000);
    cr_assert_eq(number(receipt, "system_ms"), 1000);
    cr_assert_eq(number(receipt, "cpu_ms"), 4000);
    cr_assert_eq(number(receipt, "peak_rss_bytes"), 123);
    cr_assert_str_eq(text(receipt, "peak_source"), "worker");
    cr_assert_eq(number(receipt, "minor_faults"), 1);
    cr_assert_eq(number(receipt, "major_faults"), 2);
    cr_assert_eq(number(receipt, "blocks_read"), 3);
    cr_assert_eq(number(receipt, "blocks_written"), 4);
    cr_assert_eq(number(receipt, "voluntary_switches"), 5);
    cr_assert_eq(number(receipt, "involuntary_switches"), 6);
    cr_assert_eq(number(receipt, "units"), 8);

    read_memory(STORE_MEMORY_RECEIPTS, &id, 0, 10, 0);
    cr_assert_eq(number(reply.data, "total"), 1);
    cr_assert_eq(value_count(value_get(reply.data, "receipts")), 1);
    read_memory(STORE_MEMORY_RECEIPTS, NULL, 1500, 10, 0);
    cr_assert_eq(number(reply.data, "total"), 1);
    read_memory(STORE_MEMORY_RECEIPTS, NULL, 0, 1, 1);
    cr_assert_str_eq(text(value_at(value_get(reply.data, "receipts"), 0), "class"), "pdf");
}

Test(store_read, receipts_add_up_by_stage_and_by_class)
{
    struct uuid id = fixture_accept(&fixture, "a.pdf");
    struct value row;

    for (uint64_t i = 0; i < 9000; i++) { /* more than two slices */
        put_receipt(i % 3 ? NULL : &id, "pdf", i % 2 ? "extract" : "survey",
                    i % 10 ? VERDICT_DONE : VERDICT_CRASHED, 1000 + i, i + 1);
    }
    put_receipt(NULL, "library", "", VERDICT_DONE, 5, 1);
    read_memory(STORE_MEMORY_STAGES, NULL, 0, 0, 0);
    has_keys(reply.data, "rows");
    cr_assert_eq(value_count(value_get(reply.data, "rows")), 3);
    row = value_at(value_get(reply.data, "rows"), 0);
    has_keys(row, "stage class processes peak_rss_bytes mean_peak_rss_bytes wall_ms cpu_ms "
                  "freed_bytes crashed");
    cr_assert(is_nil(row, "stage"));
    row = value_at(value_get(reply.data, "rows"), 1);
    cr_assert_str_eq(text(row, "stage"), "extract");
    cr_assert_str_eq(text(row, "class"), "pdf");
    cr_assert_eq(number(row, "processes"), 4500);
    cr_assert_eq(number(row, "peak_rss_bytes"), 9999);
    cr_assert_eq(number(row, "mean_peak_rss_bytes"), 5500);
    cr_assert_eq(number(row, "freed_bytes"), UINT64_C(5500) * 4500);
    cr_assert_eq(number(row, "wall_ms"), 4500 * 5000);
    cr_assert_eq(number(row, "cpu_ms"), 4500 * UINT64_C(4000999) / 1000);
    cr_assert_eq(number(row, "crashed"), 0);
    row = value_at(value_get(reply.data, "rows"), 2);
    cr_assert_eq(number(row, "crashed"), 900);

    read_memory(STORE_MEMORY_CLASSES, NULL, 0, 0, 0);
    cr_assert_eq(value_count(value_get(reply.data, "rows")), 2);
    row = value_at(value_get(reply.data, "rows"), 1);
    cr_assert(is_nil(row, "stage"));
    cr_assert_eq(number(row, "processes"), 9000);
    read_memory(STORE_MEMORY_CLASSES, &id, 0, 0, 0);
    cr_assert_eq(number(value_at(value_get(reply.data, "rows"), 0), "processes"), 3000);
    read_memory(STORE_MEMORY_CLASSES, NULL, 8001, 0, 0);
    cr_assert_eq(number(value_at(value_get(reply.data, "rows"), 0), "processes"), 1000);
}

static void put_sample(uint64_t time_ms, pid_t pid, const char *class_name, uint64_t rss_bytes)
{
    struct store_sample sample = {
        .time_ms = time_ms, .pid = pid, .class_name = class_name, .rss_bytes = rss_bytes};

    store_sample_put(fixture.store, &sample);
}

Test(store_read, samples_are_told_oldest_first)
{
    struct uuid id = fixture_accept(&fixture, "a.pdf");
    struct store_job_change change = {
        .id = id, .progress = -1, .started_ms = 2000, .finished_ms = 3000};
    struct value sample;

    for (uint64_t i = 1; i <= 5; i++) {
        put_sample(i * 1000, 9, "ebbd", i);
    }
    read_memory(STORE_MEMORY_SAMPLES, NULL, 0, 10, 0);
    has_keys(reply.data, "samples");
    cr_assert_eq(value_count(value_get(reply.data, "samples")), 5);
    sample = value_at(value_get(reply.data, "samples"), 0);
    has_keys(sample, "time pid class rss_bytes pss_bytes resolution_ms");
    cr_assert_str_eq(text(sample, "time"), "1970-01-01T00:00:01.000Z");
    cr_assert_eq(number(sample, "pid"), 9);
    cr_assert_str_eq(text(sample, "class"), "ebbd");
    cr_assert_eq(number(sample, "rss_bytes"), 1);
    cr_assert(is_nil(sample, "pss_bytes"));
    cr_assert_eq(number(sample, "resolution_ms"), 0);
    read_memory(STORE_MEMORY_SAMPLES, NULL, 2000, 2, 1);
    cr_assert_eq(value_count(value_get(reply.data, "samples")), 2);
    cr_assert_eq(number(value_at(value_get(reply.data, "samples"), 0), "rss_bytes"), 3);
    read_memory(STORE_MEMORY_SAMPLES, &id, 0, 10, 0);
    cr_assert_eq(value_count(value_get(reply.data, "samples")), 0, "it has not begun");
    store_job_change(fixture.store, &change);
    read_memory(STORE_MEMORY_SAMPLES, &id, 0, 10, 0);
    cr_assert_eq(value_count(value_get(reply.data, "samples")), 2);
}

Test(store_read, events_are_told_from_where_one_was)
{
    const uint8_t data[] = {0x81, 0xa1, 'k', 7};
    struct uuid id = fixture_accept(&fixture, "a.pdf");
    uint64_t sequence = 0;
    unsigned seen = 0;
    struct value event;

    for (uint64_t i = 1; i <= 10; i++) {
        store_event_put(fixture.store, i * 2, i, "job.started", i % 2 ? &id : NULL,
                        i == 1 ? NULL : "said", i == 1 ? data : NULL, i == 1 ? sizeof(data) : 0);
    }
    for (;;) {
        fixture_reply_free(&reply);
        store_read_events(fixture.store, NULL, sequence, 4, fixture_reply_cb, &reply);
        fixture_await(&fixture, &reply);
        has_keys(reply.data, "events next_sequence");
        if (value_count(value_get(reply.data, "events")) == 0) {
            break;
        }
        event = value_at(value_get(reply.data, "events"), 0);
        has_keys(event, "sequence time kind job_id text data");
        if (seen == 0) {
            cr_assert_eq(number(event, "sequence"), 2);
            cr_assert_eq(number(value_get(event, "data"), "k"), 7);
            cr_assert(is_nil(event, "text"));
        }
        seen += (unsigned)value_count(value_get(reply.data, "events"));
        sequence = number(reply.data, "next_sequence");
    }
    cr_assert_eq(seen, 10);
    cr_assert_eq(sequence, 20);
    cr_assert_eq(number(reply.data, "next_sequence"), 20);
    fixture_reply_free(&reply);
    store_read_events(fixture.store, &id, 2, 100, fixture_reply_cb, &reply);
    fixture_await(&fixture, &reply);
    cr_assert_eq(value_count(value_get(reply.data, "events")), 4);
}

static struct uuid expired[64];
static size_t expired_count;

static void on_expired(void *user, const struct error *err, const struct uuid *ids, size_t count)
{
    cr_assert_null(err);
    memcpy(expired, ids, count * sizeof(*ids));
    expired_count = count;
    *(bool *)user = true;
}

Test(store_read, only_jobs_that_ended_before_are_expired)
{
    struct uuid ids[4];
    bool told = false;

    for (int i = 0; i < 4; i++) {
        ids[i] = fixture_accept(&fixture, (char[]){(char)('a' + i), 0});
    }
    for (int i = 0; i < 3; i++) {
        struct store_job_change change = {.id = ids[i],
                                          .set_status = true,
                                          .status = JOB_STATUS_COMPLETED,
                                          .progress = -1,
                                          .finished_ms = (uint64_t)(3 - i) * 1000};

        store_job_change(fixture.store, &change);
    }
    store_read_expired(fixture.store, 2500, on_expired, &told);
    while (!told) {
        uv_run(&fixture.loop, UV_RUN_ONCE);
    }
    cr_assert_eq(expired_count, 2);
    cr_assert(uuid_equal(&expired[0], &ids[2]) && uuid_equal(&expired[1], &ids[1]));
}

struct history {
    unsigned count;
    uint64_t last_peak_bytes;
};

static void on_history(void *user, const char *class_name, const char *stage, uint32_t bucket,
                       uint64_t peak_rss_bytes)
{
    struct history *history = user;

    cr_assert_str_eq(class_name, "pdf");
    cr_assert_str_eq(stage, "extract");
    cr_assert_eq(bucket, 9);
    cr_assert_gt(peak_rss_bytes, history->last_peak_bytes, "oldest first");
    history->last_peak_bytes = peak_rss_bytes;
    history->count++;
}

Test(store_read, history_is_the_newest_that_went_well)
{
    struct history history = {0};
    struct error err = ERROR_INIT;

    cr_assert_eq(store_read_history(fixture.store, 10, on_history, &history, &err), 0);
    cr_assert_eq(history.count, 0);
    for (uint64_t i = 1; i <= 30; i++) {
        put_receipt(NULL, "pdf", "extract", i % 3 ? VERDICT_DONE : VERDICT_CRASHED, i, i);
    }
    cr_assert_eq(store_read_history(fixture.store, 10, on_history, &history, &err), 0);
    cr_assert_eq(history.count, 10);
    cr_assert_eq(history.last_peak_bytes, 29);
    history = (struct history){0};
    cr_assert_eq(store_read_history(fixture.store, 1000, on_history, &history, &err), 0);
    cr_assert_eq(history.count, 20);
    cr_assert_eq(uv_run(&fixture.loop, UV_RUN_DEFAULT), 0);
}

/* --- retention: the thread does this each minute; here at any time that is wanted --- */

static void keep_at(uint64_t now_ms)
{
    struct store_db *db;
    struct error err = ERROR_INIT;
    bool more = true;
    uint64_t slowest_us = 0;

    fixture_close(&fixture);
    cr_assert_eq(store_db_open(&fixture.options, &db, &err), 0, "%s", err.msg);
    for (unsigned slices = 0; more; slices++) {
        uint64_t before_us = clock_monotonic_us();

        cr_assert_eq(store_db_keep(db, now_ms, &more, &err), 0, "%s", err.msg);
        if (clock_monotonic_us() - before_us > slowest_us) {
            slowest_us = clock_monotonic_us() - before_us;
        }
        cr_assert_lt(slices, 10000);
    }
    cr_log_info("slowest slice: %llu us", (unsigned long long)slowest_us);
    store_db_close(db);
}

Test(store_read, samples_become_one_row_a_minute_and_class_and_then_go)
{
    const uint64_t hour_ms = 3600000, minute_ms = 60000, now_ms = 100 * hour_ms;

    for (uint64_t i = 0; i < 180; i++) { /* three minutes, an hour and more ago */
        put_sample(now_ms - hour_ms - 3 * minute_ms + i * 1000, 1, "ebbd", 1000 + i);
        put_sample(now_ms - hour_ms - 3 * minute_ms + i * 1000, (pid_t)(100 + i), "pdf", 9000 - i);
    }
    put_sample(now_ms - minute_ms, 1, "ebbd", 5);
    keep_at(now_ms);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM samples"), 1);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM minutes"), 6);
    cr_assert_eq(fixture_sql(&fixture, "SELECT sum(rss) FROM minutes WHERE class = 'ebbd'"),
                 1059 + 1119 + 1179);
    cr_assert_eq(fixture_sql(&fixture, "SELECT pid FROM minutes WHERE class = 'pdf' "
                                       "ORDER BY time_ms DESC"),
                 220, "the pid is that of the largest");
    fixture_open(&fixture);
    read_memory(STORE_MEMORY_SAMPLES, NULL, 0, 100, 0);
    cr_assert_eq(value_count(value_get(reply.data, "samples")), 7);
    cr_assert_eq(number(value_at(value_get(reply.data, "samples"), 0), "resolution_ms"), 60000);
    cr_assert_eq(number(value_at(value_get(reply.data, "samples"), 6), "resolution_ms"), 0);
    keep_at(now_ms + 50 * hour_ms);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM samples"), 0);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM minutes"), 0);
}

Test(store_read, receipts_go_with_age)
{
    for (uint64_t i = 1; i <= 3000; i++) {
        put_receipt(NULL, "pdf", "extract", VERDICT_DONE, i, i * 1000);
    }
    keep_at(fixture.options.receipts_ms + 1000001);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM receipts"), 2000);
    cr_assert_eq(fixture_sql(&fixture, "SELECT min(started_ms) FROM receipts"), 1001000);
}

Test(store_read, events_are_kept_by_number)
{
    fixture_close(&fixture);
    fixture.options.events = 1000;
    fixture_open(&fixture);
    for (uint64_t i = 1; i <= 3500; i++) {
        store_event_put(fixture.store, i, i, "job.started", NULL, NULL, NULL, 0);
    }
    keep_at(1);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM events"), 1000);
    cr_assert_eq(fixture_sql(&fixture, "SELECT min(sequence) FROM events"), 2501);
}

static void expect_peak(struct value peak, uint64_t first, uint64_t peak_bytes)
{
    has_keys(peak, "stage first last peak_rss_bytes");
    cr_assert_str_eq(text(peak, "stage"), "ocr");
    cr_assert_eq(number(peak, "first"), first);
    cr_assert_eq(number(peak, "last"), first);
    cr_assert_eq(number(peak, "peak_rss_bytes"), peak_bytes);
}

/* The largest first, those that were not measured not at all, and no more than 64. */
Test(store_read, a_job_tells_what_its_units_took)
{
    struct uuid id = fixture_accept(&fixture, "a.pdf");
    struct value peaks;

    for (uint32_t page = 1; page <= 70; page++) {
        struct store_unit unit = {.number = page,
                                  .stage = STAGE_OCR,
                                  .state = UNIT_DONE,
                                  .first = page,
                                  .last = page,
                                  .peak_kib = page == 70 ? 0 : 1000 * page};

        store_unit_put(fixture.store, &id, &unit);
    }
    fixture_read_job(&fixture, &id, &reply);
    peaks = value_get(reply.data, "units_peak");
    cr_assert_eq(value_count(peaks), 64);
    expect_peak(value_at(peaks, 0), 69, 69000 * 1024);
    expect_peak(value_at(peaks, 63), 6, 6000 * 1024);
}

Test(store_read, a_receipt_tells_what_its_units_took)
{
    struct peaks units = {.count = 0};
    struct value peaks;
    struct buf bytes;
    struct store_receipt receipt = {.pid = 7,
                                    .class_name = "ocr",
                                    .stage = "ocr",
                                    .verdict = VERDICT_DONE,
                                    .peak_source = "worker"};

    buf_init(&bytes, 8192);
    cr_assert_lt(peaks_encode(&units, "ocr", &bytes), 0);
    for (uint32_t page = 1; page <= 200; page++) {
        peaks_add(&units, page, page, page % 2 ? 1000 : 1000000 - page);
    }
    cr_assert_eq(peaks_encode(&units, "ocr", &bytes), 0);
    receipt.units_peak = bytes.data;
    receipt.units_peak_bytes = bytes.size;
    store_receipt_put(fixture.store, &receipt);
    buf_deinit(&bytes);
    read_memory(STORE_MEMORY_RECEIPTS, NULL, 0, 10, 0);
    peaks = value_get(value_at(value_get(reply.data, "receipts"), 0), "units_peak");
    cr_assert_eq(value_count(peaks), PEAKS_MAX);
    expect_peak(value_at(peaks, 0), 2, 999998);
    expect_peak(value_at(peaks, 63), 128, 999872);
}
