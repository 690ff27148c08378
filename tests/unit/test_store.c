/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * supervisor/store: accepting, taking, changing, resuming, cancelling and deleting jobs, and what
 * the loop may rely on: order, one transaction an iteration, callbacks.
 */
#include "store_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "supervisor/stage.h"

static struct fixture fixture;

static void start(void)
{
    fixture_init(&fixture);
    fixture_open(&fixture);
}

static void stop(void)
{
    fixture_deinit(&fixture);
}

TestSuite(store, .init = start, .fini = stop, .timeout = 60);

static const char *job_path(const struct uuid *job, const char *name)
{
    static char path[128];
    char id[UUID_TEXT_BYTES];

    uuid_format(job, id);
    snprintf(path, sizeof(path), "jobs/%s%s%s", id, name ? "/" : "", name ? name : "");
    return path;
}

static uint64_t count_of(enum job_status status)
{
    struct store_counts counts;

    store_job_counts(fixture.store, &counts);
    return counts.jobs[status];
}

static void set_status(const struct uuid *job, enum job_status status)
{
    struct store_job_change change = {
        .id = *job, .set_status = true, .status = status, .progress = -1};

    if (status == JOB_STATUS_COMPLETED || status == JOB_STATUS_FAILED) {
        change.finished_ms = clock_wall_ms();
    }
    store_job_change(fixture.store, &change);
}

static struct store_unit unit_of(uint32_t number, enum unit_state state)
{
    return (struct store_unit){.number = number,
                               .stage = STAGE_EXTRACT,
                               .state = (uint8_t)state,
                               .step = UNIT_PERSIST,
                               .alone = 1,
                               .attempts = 2,
                               .first = number * 16 + 1,
                               .last = number * 16 + 16,
                               .size = 8700,
                               .peak_kib = 123456,
                               .verdict = VERDICT_CRASHED};
}

Test(store, names_of_statuses_go_both_ways)
{
    enum job_status status;

    for (int i = 0; i < JOB_STATUS_COUNT; i++) {
        cr_assert(job_status_parse(job_status_name((enum job_status)i), &status));
        cr_assert_eq((int)status, i);
    }
    cr_assert_not(job_status_parse("Pending", &status));
    cr_assert_not(job_status_parse("", &status));
}

Test(store, an_accepted_job_has_its_source_and_its_row)
{
    struct uuid id = fixture_accept(&fixture, "a.pdf");
    struct stat st;

    cr_assert(fixture_exists(&fixture, job_path(&id, "source")));
    cr_assert_not(fixture_exists(&fixture, "incoming/a.pdf"));
    cr_assert_eq(stat(fixture_path(&fixture, job_path(&id, NULL)), &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0700);
    cr_assert_eq(stat(fixture_path(&fixture, job_path(&id, "source")), &st), 0);
    cr_assert_eq(st.st_nlink, 1);
    cr_assert_eq(stat(fixture_path(&fixture, "state.db"), &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(count_of(JOB_STATUS_PENDING), 1);
    fixture_close(&fixture);
    cr_assert_eq(fixture_sql(&fixture, "SELECT size FROM jobs WHERE status = 'pending'"), 5);
}

Test(store, what_is_no_regular_file_is_refused_and_left_alone)
{
    static const struct {
        const char *file;
        enum error_code code;
    } wrong[] = {{"missing", ERROR_NOT_FOUND}, {"link", ERROR_INVALID},
                 {"fifo", ERROR_INVALID},      {"folder", ERROR_INVALID},
                 {"../escape", ERROR_INVALID}, {".hidden", ERROR_INVALID},
                 {"", ERROR_INVALID},          {"large", ERROR_LIMIT}};
    static char large[2 << 20];

    fixture_write_file(&fixture, "escape", "x", 1);
    cr_assert_eq(symlink("../escape", fixture_path(&fixture, "incoming/link")), 0);
    cr_assert_eq(mkfifo(fixture_path(&fixture, "incoming/fifo"), 0600), 0);
    cr_assert_eq(mkdir(fixture_path(&fixture, "incoming/folder"), 0700), 0);
    fixture_write_file(&fixture, "incoming/.hidden", "x", 1);
    fixture_write_file(&fixture, "incoming/large", large, sizeof(large));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct store_job_new job = fixture_job(wrong[i].file);

        cr_assert_eq(fixture_accept_job(&fixture, &job), wrong[i].code, "%s", wrong[i].file);
        cr_assert_not(fixture_exists(&fixture, job_path(&job.id, NULL)), "%s", wrong[i].file);
    }
    cr_assert(fixture_exists(&fixture, "incoming/link"));
    cr_assert(fixture_exists(&fixture, "incoming/large"));
    cr_assert(fixture_exists(&fixture, "escape"));
    cr_assert_eq(count_of(JOB_STATUS_PENDING), 0);
}

static void count_answer(void *user, const struct error *err)
{
    unsigned *codes = user;

    codes[err ? err->code : ERROR_NONE]++;
}

Test(store, one_bad_accept_does_not_fail_the_others_of_its_iteration)
{
    unsigned codes[ERROR_FULL + 1] = {0};
    struct store_job_new job = fixture_job("good0");
    struct uuid first = job.id;

    for (int i = 0; i < 10; i++) {
        char file[32], path[64];

        snprintf(file, sizeof(file), "good%d", i);
        snprintf(path, sizeof(path), "incoming/%s", file);
        fixture_write_file(&fixture, path, "x", 1);
        job = fixture_job(file);
        if (i == 0) {
            job.id = first;
        }
        store_job_accept(fixture.store, &job, count_answer, codes);
        job = fixture_job("bad");
        store_job_accept(fixture.store, &job, count_answer, codes);
    }
    /* The same id again: refused by its folder. */
    fixture_write_file(&fixture, "incoming/again", "x", 1);
    job = fixture_job("again");
    job.id = first;
    store_job_accept(fixture.store, &job, count_answer, codes);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    cr_assert_eq(codes[ERROR_NONE], 10);
    cr_assert_eq(codes[ERROR_NOT_FOUND], 10);
    cr_assert_eq(codes[ERROR_EXISTS], 1);
    cr_assert(fixture_exists(&fixture, "incoming/again"));
    cr_assert(fixture_exists(&fixture, job_path(&first, "source")));
    cr_assert_eq(count_of(JOB_STATUS_PENDING), 10);
}

Test(store, a_row_that_is_refused_takes_its_files_back)
{
    struct store_job_new job = fixture_job("a");
    struct uuid id = fixture_accept(&fixture, "b");

    /* Its row is there but its folder is not: the row's key refuses the second. */
    cr_assert_eq(unlink(fixture_path(&fixture, job_path(&id, "source"))), 0);
    cr_assert_eq(rmdir(fixture_path(&fixture, job_path(&id, NULL))), 0);
    job.id = id;
    fixture_write_file(&fixture, "incoming/a", "x", 1);
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_EXISTS);
    cr_assert(fixture_exists(&fixture, "incoming/a"));
    cr_assert_not(fixture_exists(&fixture, job_path(&id, NULL)));
    cr_assert_eq(count_of(JOB_STATUS_PENDING), 1);
}

Test(store, no_more_than_max_queued_wait)
{
    unsigned codes[ERROR_FULL + 1] = {0};

    for (int i = 0; i < 5; i++) {
        struct store_job_new job;
        char file[32], path[64];

        snprintf(file, sizeof(file), "f%d", i);
        snprintf(path, sizeof(path), "incoming/%s", file);
        fixture_write_file(&fixture, path, "x", 1);
        job = fixture_job(file);
        job.max_queued = 3;
        store_job_accept(fixture.store, &job, count_answer, codes);
    }
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    cr_assert_eq(codes[ERROR_NONE], 3);
    cr_assert_eq(codes[ERROR_LIMIT], 2);
    cr_assert_eq(count_of(JOB_STATUS_PENDING), 3);
    cr_assert(fixture_exists(&fixture, "incoming/f4"));
}

static struct uuid accept_at(const char *file, uint64_t created_ms, uint32_t priority)
{
    struct store_job_new job = fixture_job(file);
    char path[64];

    snprintf(path, sizeof(path), "incoming/%s", file);
    fixture_write_file(&fixture, path, "x", 1);
    job.created_ms = created_ms;
    job.priority = priority;
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_NONE);
    return job.id;
}

/* A step of priority is worth ten minutes: more than nine of waiting, less than eleven. */
Test(store, jobs_are_taken_by_age_and_priority)
{
    const uint64_t now_ms = UINT64_C(1700000000000), minute_ms = 60000;
    struct fixture_taken taken;

    accept_at("new", now_ms, 0);
    accept_at("new-urgent", now_ms, 1);
    accept_at("old-11", now_ms - 11 * minute_ms, 0);
    accept_at("old-9", now_ms - 9 * minute_ms, 0);
    fixture_take(&fixture, 2, &taken);
    cr_assert_eq(taken.count, 2);
    cr_assert_str_eq(taken.jobs[0].name, "old-11");
    cr_assert_str_eq(taken.jobs[1].name, "new-urgent");
    cr_assert_eq(count_of(JOB_STATUS_PROCESSING), 2);
    fixture_taken_free(&taken);
    fixture_take(&fixture, 100, &taken);
    cr_assert_eq(taken.count, 2);
    cr_assert_str_eq(taken.jobs[0].name, "old-9");
    cr_assert_str_eq(taken.jobs[1].name, "new");
    fixture_taken_free(&taken);
    fixture_take(&fixture, 1, &taken);
    cr_assert_eq(taken.count, 0);
}

Test(store, a_taken_job_is_what_was_stored)
{
    const uint8_t params[] = {0x81, 0xa1, 'k', 0xa1, 'v'};
    struct store_job_new job = fixture_job("a");
    struct store_unit units[3] = {unit_of(7, UNIT_DONE), unit_of(8, UNIT_RUNNING),
                                  unit_of(9, UNIT_PENDING)};
    struct store_job_change change;
    struct fixture_taken taken;
    struct store_job *got;

    job.name = "Ein Name.pdf";
    job.params = params;
    job.params_bytes = sizeof(params);
    job.priority = 3;
    fixture_write_file(&fixture, "incoming/a", "12345678", 8);
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_NONE);
    for (int i = 0; i < 3; i++) {
        store_unit_put(fixture.store, &job.id, &units[i]);
    }
    units[2].attempts = 5;
    store_unit_put(fixture.store, &job.id, &units[2]);
    store_failure_put(fixture.store, &job.id, STAGE_EXTRACT, 4, VERDICT_CRASHED, "c", "t");
    store_failure_put(fixture.store, &job.id, STAGE_EXTRACT, 4, VERDICT_FAILED, "d", "u");
    change = (struct store_job_change){.id = job.id, .pages = 77, .started_ms = 5, .progress = -1};
    store_job_change(fixture.store, &change);
    fixture_take(&fixture, 1, &taken);
    cr_assert_eq(taken.count, 1);
    got = &taken.jobs[0];
    cr_assert(uuid_equal(&got->id, &job.id));
    cr_assert_str_eq(got->name, "Ein Name.pdf");
    cr_assert_eq(got->params_bytes, sizeof(params));
    cr_assert_eq(memcmp(got->params, params, sizeof(params)), 0);
    cr_assert_eq(got->size_bytes, 8);
    cr_assert_eq(got->created_ms, job.created_ms);
    cr_assert_eq(got->started_ms, 5);
    cr_assert_eq(got->priority, 3);
    cr_assert_eq(got->pages, 77);
    cr_assert_eq(got->failure_count, 1);
    cr_assert_eq(got->failures_loaded, 1);
    cr_assert_eq(got->failures[0].item, 4);
    cr_assert_eq(got->failures[0].stage, STAGE_EXTRACT);
    cr_assert_eq(got->failures[0].verdict, VERDICT_FAILED);
    cr_assert_str_eq(got->failures[0].code, "d");
    cr_assert_str_eq(got->failures[0].text, "u");
    cr_assert_eq(got->restarts, 0);
    cr_assert_eq(got->unit_count, 3);
    cr_assert_eq(got->units[0].number, 7);
    cr_assert_eq(got->units[0].state, UNIT_DONE);
    cr_assert_eq(got->units[0].step, UNIT_PERSIST);
    cr_assert_eq(got->units[0].stage, STAGE_EXTRACT);
    cr_assert_eq(got->units[0].alone, 1);
    cr_assert_eq(got->units[0].first, 7 * 16 + 1);
    cr_assert_eq(got->units[0].last, 7 * 16 + 16);
    cr_assert_eq(got->units[0].verdict, VERDICT_CRASHED);
    cr_assert_eq(got->units[0].size, 8700);
    cr_assert_eq(got->units[0].peak_kib, 123456);
    cr_assert_eq(got->units[1].state, UNIT_PENDING, "a running unit is stored as pending");
    cr_assert_eq(got->units[2].attempts, 5);
    fixture_taken_free(&taken);
}

Test(store, a_unit_that_is_removed_is_gone)
{
    struct uuid id = fixture_accept(&fixture, "a");
    struct fixture_taken taken;

    for (uint32_t i = 0; i < 4; i++) {
        struct store_unit unit = unit_of(i, UNIT_PENDING);

        store_unit_put(fixture.store, &id, &unit);
    }
    store_unit_remove(fixture.store, &id, 1);
    store_unit_remove(fixture.store, &id, 100);
    fixture_take(&fixture, 1, &taken);
    cr_assert_eq(taken.jobs[0].unit_count, 3);
    cr_assert_eq(taken.jobs[0].units[1].number, 2);
    fixture_taken_free(&taken);
}

Test(store, a_job_in_work_is_interrupted_at_the_next_start_and_goes_first)
{
    struct uuid old = accept_at("old", 1000, 0);
    struct fixture_taken taken;

    fixture_take(&fixture, 1, &taken);
    fixture_taken_free(&taken);
    accept_at("new", 2000, 0);
    fixture_close(&fixture);
    for (uint32_t restarts = 1; restarts <= 2; restarts++) {
        fixture_open(&fixture);
        cr_assert_eq(count_of(JOB_STATUS_INTERRUPTED), 1);
        cr_assert_eq(count_of(JOB_STATUS_PENDING), 1);
        fixture_take(&fixture, 1, &taken);
        cr_assert(uuid_equal(&taken.jobs[0].id, &old));
        cr_assert_eq(taken.jobs[0].restarts, restarts);
        fixture_taken_free(&taken);
        fixture_close(&fixture);
    }
    fixture_open(&fixture);
}

Test(store, counts_follow_every_change_and_the_next_start)
{
    struct uuid ids[6];
    struct fixture_taken taken;
    struct store_counts counts, again;

    for (int i = 0; i < 6; i++) {
        ids[i] = accept_at((char[]){(char)('a' + i), 0}, 1000 + (uint64_t)i, 0);
    }
    fixture_take(&fixture, 4, &taken);
    fixture_taken_free(&taken);
    set_status(&ids[0], JOB_STATUS_COMPLETED);
    set_status(&ids[1], JOB_STATUS_FAILED);
    set_status(&ids[2], JOB_STATUS_CANCELLED);
    set_status(&ids[2], JOB_STATUS_CANCELLED);
    cr_assert_eq(fixture_cancel(&fixture, &ids[4]), ERROR_NONE);
    cr_assert_eq(fixture_delete(&fixture, &ids[1]), ERROR_NONE);
    store_job_counts(fixture.store, &counts);
    cr_assert_eq(counts.jobs[JOB_STATUS_PENDING], 1);
    cr_assert_eq(counts.jobs[JOB_STATUS_PROCESSING], 1);
    cr_assert_eq(counts.jobs[JOB_STATUS_COMPLETED], 1);
    cr_assert_eq(counts.jobs[JOB_STATUS_FAILED], 0);
    cr_assert_eq(counts.jobs[JOB_STATUS_CANCELLED], 2);
    fixture_close(&fixture);
    fixture_open(&fixture);
    counts.jobs[JOB_STATUS_INTERRUPTED] = 1;
    counts.jobs[JOB_STATUS_PROCESSING] = 0;
    store_job_counts(fixture.store, &again);
    cr_assert_eq(memcmp(&counts, &again, sizeof(counts)), 0);
}

Test(store, resume_takes_up_what_failed_and_keeps_what_is_done)
{
    struct uuid id = fixture_accept(&fixture, "a");
    struct store_unit units[3] = {unit_of(1, UNIT_DONE), unit_of(2, UNIT_FAILED),
                                  unit_of(3, UNIT_SKIPPED)};
    struct fixture_taken taken;
    struct fixture_reply reply = {0};

    fixture_take(&fixture, 1, &taken);
    fixture_taken_free(&taken);
    for (int i = 0; i < 3; i++) {
        store_unit_put(fixture.store, &id, &units[i]);
    }
    store_failure_put(fixture.store, &id, STAGE_EXTRACT, 40, VERDICT_CRASHED, "crashed", "SIGSEGV");
    cr_assert_eq(fixture_resume(&fixture, &id), ERROR_EXISTS, "it is in work");
    set_status(&id, JOB_STATUS_FAILED);
    cr_assert_eq(fixture_resume(&fixture, &id), ERROR_NONE);
    cr_assert_eq(count_of(JOB_STATUS_PENDING), 1);
    fixture_read_job(&fixture, &id, &reply);
    cr_assert_eq(value_uint(value_get(reply.data, "pages_failed_count"), 9), 0);
    cr_assert_eq(value_count(value_get(reply.data, "pages_failed")), 0);
    cr_assert_eq(value_type(value_get(reply.data, "finished_at")), VALUE_NIL);
    cr_assert_eq(value_type(value_get(reply.data, "error")), VALUE_NIL);
    fixture_reply_free(&reply);
    fixture_take(&fixture, 1, &taken);
    cr_assert_eq(taken.count, 1);
    cr_assert_eq(taken.jobs[0].failure_count, 0);
    cr_assert_eq(taken.jobs[0].units[0].state, UNIT_DONE);
    cr_assert_eq(taken.jobs[0].units[1].state, UNIT_PENDING);
    cr_assert_eq(taken.jobs[0].units[1].attempts, 0);
    cr_assert_eq(taken.jobs[0].units[1].step, UNIT_WORK);
    cr_assert_eq(taken.jobs[0].units[1].verdict, VERDICT_NONE);
    cr_assert_eq(taken.jobs[0].units[2].state, UNIT_SKIPPED);
    fixture_taken_free(&taken);
}

/* Chunks without vectors lose no page; they are something to do all the same. */
Test(store, resume_takes_up_a_unit_that_was_given_up)
{
    struct uuid id = fixture_accept(&fixture, "a");
    struct store_unit unit = unit_of(1, UNIT_FAILED);
    struct store_job_change ended = {
        .id = id, .set_status = true, .status = JOB_STATUS_COMPLETED, .progress = 100};

    unit.stage = STAGE_EMBED_TEXT;
    store_unit_put(fixture.store, &id, &unit);
    store_job_change(fixture.store, &ended);
    cr_assert_eq(fixture_resume(&fixture, &id), ERROR_NONE);
}

Test(store, resume_of_a_completed_job_needs_failures)
{
    struct uuid id = fixture_accept(&fixture, "a");
    struct uuid none = fixture_job("b").id;

    set_status(&id, JOB_STATUS_COMPLETED);
    cr_assert_eq(fixture_resume(&fixture, &id), ERROR_EXISTS);
    store_failure_put(fixture.store, &id, STAGE_EXTRACT, 4, VERDICT_CRASHED, NULL, NULL);
    cr_assert_eq(fixture_resume(&fixture, &id), ERROR_NONE);
    cr_assert_eq(fixture_resume(&fixture, &id), ERROR_NONE, "a pending one stays pending");
    cr_assert_eq(fixture_resume(&fixture, &none), ERROR_NOT_FOUND);
    cr_assert_eq(count_of(JOB_STATUS_PENDING), 1);
}

Test(store, only_a_waiting_job_is_cancelled)
{
    struct uuid id = fixture_accept(&fixture, "a");
    struct uuid none = fixture_job("b").id;
    struct fixture_taken taken;

    cr_assert_eq(fixture_cancel(&fixture, &none), ERROR_NOT_FOUND);
    cr_assert_eq(fixture_cancel(&fixture, &id), ERROR_NONE);
    cr_assert_eq(fixture_cancel(&fixture, &id), ERROR_EXISTS);
    fixture_take(&fixture, 1, &taken);
    cr_assert_eq(taken.count, 0);
    cr_assert_eq(fixture_resume(&fixture, &id), ERROR_NONE);
    fixture_take(&fixture, 1, &taken);
    cr_assert_eq(taken.count, 1);
    fixture_taken_free(&taken);
    cr_assert_eq(fixture_cancel(&fixture, &id), ERROR_EXISTS);
}

Test(store, delete_leaves_the_receipts_and_nothing_else)
{
    struct uuid id = fixture_accept(&fixture, "a");
    struct uuid none = fixture_job("b").id;
    struct store_unit unit = unit_of(1, UNIT_DONE);
    struct store_receipt receipt = {.pid = 7,
                                    .class_name = "pdf",
                                    .stage = "extract",
                                    .has_job = true,
                                    .job = id,
                                    .verdict = VERDICT_DONE,
                                    .peak_source = "worker"};

    store_unit_put(fixture.store, &id, &unit);
    store_stage_times(fixture.store, &id, STAGE_EXTRACT, 1, 2);
    store_job_count(fixture.store, &id, "pages", 1, false);
    store_job_warning(fixture.store, &id, "w");
    store_failure_put(fixture.store, &id, STAGE_EXTRACT, 1, VERDICT_FAILED, "c", "t");
    store_receipt_put(fixture.store, &receipt);
    store_event_put(fixture.store, 1, 1, "job.accepted", &id, "a", NULL, 0);
    cr_assert_eq(fixture_delete(&fixture, &none), ERROR_NOT_FOUND);
    cr_assert_eq(fixture_delete(&fixture, &id), ERROR_NONE);
    cr_assert_eq(fixture_delete(&fixture, &id), ERROR_NOT_FOUND);
    /* What comes late finds no job and leaves nothing. */
    store_unit_put(fixture.store, &id, &unit);
    store_stage_times(fixture.store, &id, STAGE_EXTRACT, 1, 2);
    store_job_count(fixture.store, &id, "pages", 1, false);
    store_job_warning(fixture.store, &id, "w");
    store_failure_put(fixture.store, &id, STAGE_EXTRACT, 1, VERDICT_FAILED, "c", "t");
    set_status(&id, JOB_STATUS_COMPLETED);
    fixture_settle(&fixture);
    cr_assert_eq(count_of(JOB_STATUS_COMPLETED), 0);
    fixture_close(&fixture);
    cr_assert_eq(fixture_sql(&fixture, "SELECT (SELECT count(*) FROM jobs) + "
                                       "(SELECT count(*) FROM units) + "
                                       "(SELECT count(*) FROM stages) + "
                                       "(SELECT count(*) FROM counts) + "
                                       "(SELECT count(*) FROM warnings) + "
                                       "(SELECT count(*) FROM failures) + "
                                       "(SELECT count(*) FROM events)"),
                 0);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM receipts"), 1);
}

/* One process, one receipt, also when the supervisor did not live to write it. */
Test(store, a_process_without_a_receipt_gets_one_at_the_next_start)
{
    struct uuid id = fixture_accept(&fixture, "a");
    struct store_receipt receipt = {.class_name = "pdf",
                                    .stage = "extract",
                                    .has_job = true,
                                    .job = id,
                                    .started_ms = 1000,
                                    .verdict = VERDICT_DONE,
                                    .peak_source = "worker"};
    struct store_sample sample = {.class_name = "pdf", .pid = 2};

    for (receipt.pid = 1; receipt.pid <= 3; receipt.pid++) {
        store_process_put(fixture.store, &receipt);
    }
    for (uint64_t i = 0; i < 3; i++) {
        sample.time_ms = 500 + i * 1000; /* the first is of a former process of that number */
        sample.rss_bytes = 9000 - i * 1000;
        store_sample_put(fixture.store, &sample);
    }
    receipt.pid = 1;
    store_receipt_put(fixture.store, &receipt);
    fixture_close(&fixture);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM receipts"), 1);
    for (int start = 0; start < 2; start++) {
        fixture_open(&fixture);
        fixture_close(&fixture);
        cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM receipts"), 3);
    }
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM receipts WHERE verdict = 'crashed' "
                                       "AND signal = 9 AND job IS NOT NULL"),
                 2);
    cr_assert_eq(fixture_sql(&fixture, "SELECT peak_rss FROM receipts WHERE pid = 2"), 8000);
    cr_assert_eq(fixture_sql(&fixture, "SELECT wall_us FROM receipts WHERE pid = 2"), 1500000);
    cr_assert_eq(fixture_sql(&fixture, "SELECT peak_rss FROM receipts WHERE pid = 3"), 0);
}

Test(store, counts_add_up_and_are_bounded)
{
    struct uuid id = fixture_accept(&fixture, "a");
    struct fixture_reply reply = {0};
    struct value counts;
    char key[32];

    store_job_count(fixture.store, &id, "pages", 3, false);
    store_job_count(fixture.store, &id, "pages", 4, false);
    store_job_count(fixture.store, &id, "images", 9, false);
    store_job_count(fixture.store, &id, "images", 2, true);
    store_job_count(fixture.store, &id, "huge", UINT64_MAX, false);
    store_job_count(fixture.store, &id, "huge", UINT64_MAX, false);
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof(key), "key%d", i);
        store_job_count(fixture.store, &id, key, 1, false);
    }
    store_job_count(fixture.store, &id, "pages", 1, false);
    fixture_read_job(&fixture, &id, &reply);
    counts = value_get(reply.data, "counts");
    cr_assert_eq(value_count(counts), 64);
    cr_assert_eq(value_uint(value_get(counts, "pages"), 0), 8);
    cr_assert_eq(value_uint(value_get(counts, "images"), 0), 2);
    cr_assert_eq(value_uint(value_get(counts, "huge"), 0), INT64_MAX);
    fixture_reply_free(&reply);
}

/* The order of calls is the order of effects. */
Test(store, changes_are_done_in_their_order)
{
    struct uuid id = fixture_accept(&fixture, "a");
    struct store_unit unit = unit_of(1, UNIT_PENDING);
    struct fixture_taken taken;

    for (uint16_t i = 0; i < 1000; i++) {
        unit.attempts = i;
        store_unit_put(fixture.store, &id, &unit);
        if (i == 500) {
            store_flush(fixture.store);
        }
        if (i == 600) {
            store_unit_remove(fixture.store, &id, 1);
        }
    }
    fixture_take(&fixture, 1, &taken);
    cr_assert_eq(taken.jobs[0].unit_count, 1);
    cr_assert_eq(taken.jobs[0].units[0].attempts, 999);
    fixture_taken_free(&taken);
}

static unsigned order[4];
static unsigned orders;

static void first_answer(void *user, const struct error *err)
{
    (void)err;
    order[orders++] = *(const unsigned *)user;
}

Test(store, answers_come_in_order_and_close_gives_those_that_are_owed)
{
    static const unsigned marks[] = {1, 2, 3};
    struct uuid none = fixture_job("b").id;

    for (int i = 0; i < 3; i++) {
        union {
            const void *from;
            void *to;
        } user = {&marks[i]};

        store_job_cancel_waiting(fixture.store, &none, first_answer, user.to);
    }
    fixture_close(&fixture);
    cr_assert_eq(orders, 3);
    cr_assert(order[0] == 1 && order[1] == 2 && order[2] == 3);
}

Test(store, close_writes_what_is_queued)
{
    struct uuid id = fixture_accept(&fixture, "a");

    for (uint32_t i = 0; i < 5000; i++) {
        struct store_unit unit = unit_of(i, UNIT_PENDING);

        store_unit_put(fixture.store, &id, &unit);
    }
    fixture_close(&fixture);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM units"), 5000);
}

Test(store, metrics_past_their_bound_are_dropped_and_counted)
{
    struct store_sample sample = {.pid = 1, .class_name = "ebbd", .rss_bytes = 1};

    fixture_close(&fixture);
    fixture.options.metrics_queue = 100;
    fixture_open(&fixture);
    for (uint64_t i = 0; i < 150; i++) {
        sample.time_ms = i + 1;
        store_sample_put(fixture.store, &sample);
    }
    cr_assert_eq(store_queued(fixture.store), 100);
    cr_assert_eq(store_dropped_metrics(fixture.store), 50);
    fixture_settle(&fixture);
    sample.time_ms = 1000;
    store_sample_put(fixture.store, &sample);
    cr_assert_eq(store_dropped_metrics(fixture.store), 50);
    fixture_close(&fixture);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM samples"), 101);
}

Test(store, the_last_sequence_is_that_of_the_last_event)
{
    cr_assert_eq(store_last_sequence(fixture.store), 0);
    store_event_put(fixture.store, 41, 1, "daemon.started", NULL, NULL, NULL, 0);
    store_event_put(fixture.store, 43, 1, "daemon.started", NULL, NULL, NULL, 0);
    fixture_close(&fixture);
    fixture_open(&fixture);
    cr_assert_eq(store_last_sequence(fixture.store), 43);
}

Test(store, an_idle_store_does_not_keep_the_loop_alive)
{
    cr_assert_eq(uv_run(&fixture.loop, UV_RUN_DEFAULT), 0);
    fixture_accept(&fixture, "a");
    cr_assert_eq(uv_run(&fixture.loop, UV_RUN_DEFAULT), 0);
}

Test(store, a_process_gets_one_receipt_even_when_its_supervisor_was_killed)
{
    struct store_receipt reaped = {.pid = 7,
                                   .class_name = "pdf",
                                   .stage = "extract",
                                   .verdict = VERDICT_DONE,
                                   .started_ms = 1000,
                                   .peak_source = "worker"};
    struct store_receipt orphan = {
        .pid = 8, .class_name = "pdf", .stage = "survey", .started_ms = 2000};
    struct store_sample sample = {
        .time_ms = 2500, .pid = 8, .class_name = "pdf", .rss_bytes = 4096};

    store_process_put(fixture.store, &reaped);
    store_process_put(fixture.store, &orphan);
    store_receipt_put(fixture.store, &reaped);
    store_sample_put(fixture.store, &sample);
    fixture_close(&fixture);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM receipts"), 1);

    fixture_open(&fixture);
    fixture_close(&fixture);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM receipts"), 2);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM receipts WHERE pid = 8 AND signal = 9 "
                                       "AND peak_rss = 4096 AND wall_us = 500000 "
                                       "AND verdict = 'crashed' AND stage = 'survey'"),
                 1);
    fixture_open(&fixture);
    fixture_close(&fixture);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM receipts"), 2, "it is told once");
}

/* There is one at a time, from its acceptance to its end. */
Test(store, embedding_again_needs_no_source_and_no_second)
{
    struct store_job_new job = {
        .kind = JOB_KIND_REEMBED, .name = "embeddings", .max_bytes = 1, .max_queued = 10};
    struct store_job_change ended = {
        .set_status = true, .status = JOB_STATUS_COMPLETED, .progress = 100, .finished_ms = 9};
    struct fixture_taken taken;
    struct uuid first;

    cr_assert_eq(uuid_v7(&first, NULL), 0);
    job.id = first;
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_NONE);
    cr_assert_eq(uuid_v7(&job.id, NULL), 0);
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_EXISTS);
    job.name = "owed embeddings";
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_NONE, "which is another thing");
    cr_assert_eq(uuid_v7(&job.id, NULL), 0);
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_EXISTS);
    job.name = "embeddings";
    fixture_take(&fixture, 8, &taken);
    cr_assert_eq(taken.count, 2);
    cr_assert_eq(taken.jobs[0].kind, JOB_KIND_REEMBED);
    cr_assert_eq(taken.jobs[0].size_bytes, 0);
    fixture_taken_free(&taken);
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_EXISTS, "it is in work");
    ended.id = first;
    store_job_change(fixture.store, &ended);
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_NONE);
}

/* A state.db of the version before, as it was left: nothing that it had is lost. */
Test(store, an_older_schema_is_brought_up)
{
    struct uuid id = fixture_accept(&fixture, "a");
    struct store_unit unit = unit_of(1, UNIT_DONE);
    struct fixture_taken taken;

    store_unit_put(fixture.store, &id, &unit);
    fixture_close(&fixture);
    fixture_sql(&fixture, "ALTER TABLE units DROP COLUMN size");
    fixture_sql(&fixture, "ALTER TABLE units DROP COLUMN peak_kib");
    fixture_sql(&fixture, "ALTER TABLE receipts DROP COLUMN units_peak");
    fixture_sql(&fixture, "DROP INDEX jobs_reembed");
    fixture_sql(&fixture, "ALTER TABLE jobs DROP COLUMN kind");
    fixture_sql(&fixture, "PRAGMA user_version = 1");
    fixture_open(&fixture);
    fixture_take(&fixture, 1, &taken);
    cr_assert_eq(taken.count, 1);
    cr_assert_eq(taken.jobs[0].unit_count, 1);
    cr_assert_eq(taken.jobs[0].units[0].last, 32);
    cr_assert_eq(taken.jobs[0].units[0].size, 0);
    cr_assert_eq(taken.jobs[0].units[0].peak_kib, 0);
    cr_assert_eq(taken.jobs[0].kind, JOB_KIND_DOCUMENT);
    fixture_taken_free(&taken);
    fixture_close(&fixture);
    cr_assert_eq(fixture_sql(&fixture, "PRAGMA user_version"), 3);
    fixture_open(&fixture);
}
