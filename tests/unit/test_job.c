/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The books of a job: units cut around a culprit, items lost once, stages completed in order. The
 * store is replaced by one that only counts what it is told.
 */
#include "supervisor/job.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

static unsigned units_put;
static unsigned failures_put;
static unsigned units_removed;

void store_unit_put(struct store *store, const struct uuid *job, const struct store_unit *unit)
{
    (void)store;
    (void)job;
    cr_assert_neq(unit->state, UNIT_RUNNING, "a running unit is stored as pending");
    units_put++;
}

void store_job_change(struct store *store, const struct store_job_change *change)
{
    (void)store;
    (void)change;
}

void store_stage_times(struct store *store, const struct uuid *job, uint8_t stage,
                       uint64_t started_ms, uint64_t finished_ms)
{
    (void)store;
    (void)job;
    (void)stage;
    (void)started_ms;
    (void)finished_ms;
}

void store_failure_put(struct store *store, const struct uuid *job, uint8_t stage, uint32_t item,
                       enum verdict verdict, const char *code, const char *text)
{
    (void)store;
    (void)job;
    (void)stage;
    (void)item;
    (void)verdict;
    (void)code;
    (void)text;
    failures_put++;
}

void store_unit_remove(struct store *store, const struct uuid *job, uint32_t number)
{
    (void)store;
    (void)job;
    (void)number;
    units_removed++;
}

static struct job *make_job(void)
{
    struct store_job stored = {.size_bytes = 5000, .name = strdup("a.pdf")};
    struct job *job = job_create(NULL, &stored);
    cr_assert(job);
    return job;
}

static int add(struct job *job, int stage, int after, uint32_t first, uint32_t last)
{
    const struct job_plan plan = {.stage = stage, .first = first, .last = last};
    struct error err = ERROR_INIT;
    int rc = job_add_unit(job, &plan, after, &err);
    cr_expect_eq(err.code, rc < 0 ? ERROR_INVALID : ERROR_NONE);
    return rc;
}

static int cut(struct job *job, size_t index, enum verdict verdict, uint32_t culprit)
{
    const struct job_cut how = {.verdict = verdict, .culprit = culprit, .counts = true};
    return job_unit_bisect(job, &job->units[index], &how, NULL);
}

/* Gives the job an extract stage of one unit, survey being done. */
static struct job *make_job_with_unit(uint32_t first, uint32_t last)
{
    struct job *job = make_job();
    cr_assert_not(job_advance(job));
    job_unit_done(job, &job->units[0]);
    cr_assert_eq(add(job, STAGE_EXTRACT, STAGE_SURVEY, first, last), 0);
    cr_assert_not(job_advance(job));
    return job;
}

static void expect_unit(const struct job *job, size_t index, uint32_t first, uint32_t last)
{
    cr_assert_lt(index, job->unit_count);
    cr_expect_eq(job->units[index].stored.first, first, "unit %zu first", index);
    cr_expect_eq(job->units[index].stored.last, last, "unit %zu last", index);
    cr_expect_eq(job->units[index].stored.state, UNIT_PENDING);
    cr_expect_eq(job->units[index].stored.step, UNIT_WORK);
}

Test(job, plans_its_first_stage_by_itself)
{
    struct job *job = make_job();
    cr_expect_not(job_advance(job));
    cr_expect_eq(job->unit_count, 1);
    cr_expect_eq(job->units[0].stored.stage, STAGE_SURVEY);
    cr_expect_not(job_advance(job), "it is planned once");
    cr_expect_eq(job->unit_count, 1);
    job_destroy(job);
}

Test(job, refuses_units_of_earlier_and_unknown_stages)
{
    struct job *job = make_job_with_unit(1, 1);
    cr_expect_lt(add(job, STAGE_SURVEY, STAGE_EXTRACT, 1, 1), 0);
    cr_expect_lt(add(job, STAGE_COUNT, STAGE_SURVEY, 1, 1), 0);
    cr_expect_lt(add(job, -1, STAGE_SURVEY, 1, 1), 0);
    job_destroy(job);
}

Test(job, cuts_a_unit_around_its_culprit)
{
    struct job *job = make_job_with_unit(1, 16);
    cr_assert_eq(cut(job, 1, VERDICT_CRASHED, 7), 0);
    expect_unit(job, 1, 1, 6);
    expect_unit(job, 2, 7, 7);
    expect_unit(job, 3, 8, 16);
    cr_expect_eq(job->stages[STAGE_EXTRACT].units, 3);
    cr_expect_eq(job->stages[STAGE_EXTRACT].items, 16);
    job_destroy(job);
}

Test(job, cuts_at_the_edges)
{
    struct job *job = make_job_with_unit(1, 16);
    cr_assert_eq(cut(job, 1, VERDICT_CRASHED, 1), 0);
    expect_unit(job, 1, 1, 1);
    expect_unit(job, 2, 2, 16);
    cr_assert_eq(cut(job, 2, VERDICT_CRASHED, 16), 0);
    expect_unit(job, 2, 2, 15);
    expect_unit(job, 3, 16, 16);
    cr_expect_eq(job->stages[STAGE_EXTRACT].items, 16);
    job_destroy(job);
}

Test(job, cuts_in_halves_without_a_culprit)
{
    struct job *job = make_job_with_unit(3, 7);
    cr_assert_eq(cut(job, 1, VERDICT_CRASHED, 0), 0);
    expect_unit(job, 1, 3, 5);
    expect_unit(job, 2, 6, 7);
    cr_assert_eq(cut(job, 2, VERDICT_CRASHED, 99), 0);
    expect_unit(job, 2, 6, 6);
    expect_unit(job, 3, 7, 7);
    cr_expect_eq(job->stages[STAGE_EXTRACT].items, 5);
    job_destroy(job);
}

/* What the culprit did in company was its first try; the others have done nothing. */
Test(job, counts_the_culprits_try_and_only_his)
{
    struct job *job = make_job_with_unit(1, 16);
    cr_assert_eq(cut(job, 1, VERDICT_MEMORY_EXCEEDED, 7), 0);
    for (size_t i = 1; i <= 3; i++) {
        const struct store_unit *stored = &job->units[i].stored;
        bool culprit = stored->first == 7;
        cr_expect_eq(stored->attempts, culprit ? 1 : 0);
        cr_expect_eq(stored->alone, culprit ? 1 : 0);
        cr_expect_eq(stored->verdict, VERDICT_MEMORY_EXCEEDED);
    }
    cr_assert_eq(cut(job, 3, VERDICT_CRASHED, 8), 0);
    cr_expect_eq(job->units[3].stored.attempts, 1, "it is the first of its unit");
    cr_expect_eq(job->units[3].stored.alone, 0);
    job_destroy(job);
}

Test(job, a_cut_may_count_for_nothing)
{
    struct job *job = make_job_with_unit(1, 16);
    const struct job_cut how = {.verdict = VERDICT_CRASHED, .culprit = 7};
    cr_assert_eq(job_unit_bisect(job, &job->units[1], &how, NULL), 0);
    for (size_t i = 1; i <= 3; i++) {
        cr_expect_eq(job->units[i].stored.attempts, 0);
    }
    job_destroy(job);
}

Test(job, what_ran_alone_stays_alone_in_pieces)
{
    struct job *job = make_job_with_unit(1, 16);
    job->units[1].stored.alone = 1;
    cr_assert_eq(cut(job, 1, VERDICT_MEMORY_EXCEEDED, 0), 0);
    cr_expect_eq(job->units[1].stored.alone, 1);
    cr_expect_eq(job->units[2].stored.alone, 1);
    job_unit_worked(job, &job->units[1]);
    cr_expect_eq(job->units[1].stored.alone, 0, "its rows need no machine of their own");
    job_destroy(job);
}

Test(job, buckets_by_the_units_own_size_where_it_is_known)
{
    struct job *job = make_job_with_unit(1, 1);
    const struct job_plan small = {.stage = STAGE_OCR, .first = 1, .last = 1, .size = 2000};
    const struct job_plan large = {.stage = STAGE_OCR, .first = 2, .last = 2, .size = 35000};
    cr_assert_eq(job_add_unit(job, &small, STAGE_EXTRACT, NULL), 0);
    cr_assert_eq(job_add_unit(job, &large, STAGE_EXTRACT, NULL), 0);
    cr_expect_eq(job_unit_bucket(job, &job->units[1].stored), job->bucket);
    cr_expect_eq(job_unit_bucket(job, &job->units[2].stored), 11);
    cr_expect_eq(job_unit_bucket(job, &job->units[3].stored), 16);
    cr_expect(job_has_unit(job, &small));
    cr_expect_not(
        job_has_unit(job, &(struct job_plan){.stage = STAGE_EXTRACT, .first = 2, .last = 2}));
    job_destroy(job);
}

/* A page's text comes from OCR last: whatever extract said of it is in the library before. */
Test(job, skips_what_has_no_units_and_waits_for_the_rest)
{
    struct job *job = make_job_with_unit(1, 4);
    cr_assert_eq(add(job, STAGE_OCR, STAGE_EXTRACT, 2, 2), 0);
    cr_expect_geq(job_next_unit(job, STAGE_OCR, UNIT_WORK, 0), 0, "it may be read at once");
    job_unit_done(job, &job->units[1]);
    cr_assert_not(job_advance(job));
    cr_expect_eq(job_current_stage(job), STAGE_OCR);
    job_unit_done(job, &job->units[2]);
    cr_assert_not(job_advance(job), "structure is planned now");
    cr_expect_eq(job->stages[STAGE_OCR].status, STAGE_STATUS_COMPLETE);
    cr_expect_eq(job->stages[STAGE_ASSEMBLE].status, STAGE_STATUS_SKIPPED);
    cr_expect_eq(job->units[3].stored.stage, STAGE_STRUCTURE);
    job_destroy(job);
}

Test(job, a_failure_elsewhere_than_on_pages_loses_none)
{
    struct job *job = make_job_with_unit(1, 4);
    cr_assert_eq(add(job, STAGE_ASSEMBLE, STAGE_SURVEY, 1, 1), 0);
    failures_put = 0;
    job_unit_failed(job, &job->units[2], VERDICT_CRASHED, "crashed", "signal 11");
    cr_expect_eq(job->failure_count, 0);
    cr_expect_eq(failures_put, 0);
    job_destroy(job);
}

Test(job, isolates_any_item_in_a_bounded_number_of_cuts)
{
    for (uint32_t poison = 1; poison <= 16; poison++) {
        struct job *job = make_job_with_unit(1, 16);
        size_t index = 1;
        unsigned cuts = 0;
        while (job->units[index].stored.first < job->units[index].stored.last) {
            cr_assert_eq(cut(job, index, VERDICT_CRASHED, 0), 0);
            cr_assert_leq(++cuts, 4);
            for (size_t i = 1; i < job->unit_count; i++) {
                if (job->units[i].stored.first <= poison && poison <= job->units[i].stored.last) {
                    index = i;
                }
            }
        }
        cr_expect_eq(job->units[index].stored.first, poison);
        job_destroy(job);
    }
}

Test(job, loses_an_item_once)
{
    struct job *job = make_job_with_unit(1, 2);
    failures_put = 0;
    job_item_failed(job, STAGE_EXTRACT, 2, VERDICT_FAILED, "page_error", "one");
    job_item_failed(job, STAGE_EXTRACT, 2, VERDICT_FAILED, "page_error", "again");
    cr_expect_eq(job->failure_count, 1);
    cr_expect_eq(job->failures_kept, 1);
    cr_expect_eq(failures_put, 2, "the store keeps the later one");
    job_unit_failed(job, &job->units[1], VERDICT_CRASHED, "crashed", "signal 11");
    cr_expect_eq(job->failure_count, 2, "page 1 is new, page 2 was lost before");
    job_destroy(job);
}

Test(job, completes_its_stages_in_order)
{
    struct job *job = make_job_with_unit(1, 4);
    double before = job_progress(job);
    struct unit *unit = &job->units[1];
    job_unit_worked(job, unit);
    cr_expect_eq(unit->stored.step, UNIT_PERSIST);
    cr_expect_geq(job_progress(job), before);
    cr_expect_lt(job_next_unit(job, STAGE_EXTRACT, UNIT_WORK, 0), 0);
    cr_expect_eq(job_next_unit(job, STAGE_EXTRACT, UNIT_PERSIST, 0), 1);
    job_unit_done(job, &job->units[1]);
    cr_expect_not(job_advance(job), "structure is planned now");
    cr_expect_eq(job->unit_count, 3);
    cr_expect_eq(job_current_stage(job), STAGE_STRUCTURE);
    cr_expect_eq(job_progress(job), 30);
    job_unit_done(job, &job->units[2]);
    cr_expect_not(job_advance(job), "finish is planned now");
    cr_expect_eq(job->unit_count, 4);
    cr_expect_eq(job_current_stage(job), STAGE_FINISH);
    cr_expect_eq(job_progress(job), 90);
    job_unit_done(job, &job->units[3]);
    cr_expect(job_advance(job));
    cr_expect_eq(job_progress(job), 100);
    job_destroy(job);
}

Test(job, persists_again_when_rows_were_missing)
{
    struct job *job = make_job_with_unit(1, 4);
    job_unit_worked(job, &job->units[1]);
    job_unit_done(job, &job->units[1]);
    cr_assert_not(job_advance(job));
    job_persist_again(job);
    cr_expect_eq(job_current_stage(job), STAGE_SURVEY);
    cr_expect_geq(job_next_unit(job, STAGE_SURVEY, UNIT_PERSIST, 0), 0);
    cr_expect_geq(job_next_unit(job, STAGE_EXTRACT, UNIT_PERSIST, 0), 0);
    cr_expect_eq(job->stages[STAGE_EXTRACT].units_done, 0);
    job_destroy(job);
}

Test(job, a_unit_that_waits_is_passed_over_until_its_time)
{
    struct job *job = make_job_with_unit(1, 1);
    job->units[1].not_before_ms = 500;
    cr_expect_lt(job_next_unit(job, STAGE_EXTRACT, UNIT_WORK, 499), 0);
    cr_expect(job_has_work(job, STAGE_EXTRACT), "its gang stays for it");
    cr_expect_eq(job_next_unit(job, STAGE_EXTRACT, UNIT_WORK, 500), 1);
    job_destroy(job);
}

Test(job, is_restored_from_the_store)
{
    struct store_unit units[] = {
        {.number = 0, .stage = STAGE_SURVEY, .state = UNIT_DONE, .first = 1, .last = 1},
        {.number = 4, .stage = STAGE_EXTRACT, .state = UNIT_FAILED, .first = 1, .last = 2},
        {.number = 7,
         .stage = STAGE_EXTRACT,
         .state = UNIT_PENDING,
         .step = UNIT_PERSIST,
         .first = 3,
         .last = 8},
    };
    struct store_job stored = {
        .name = strdup("a.pdf"), .units = units, .unit_count = 3, .pages = 8};
    struct job *job = job_create(NULL, &stored);
    cr_assert(job);
    cr_expect_not(job_advance(job));
    cr_expect_eq(job->stages[STAGE_EXTRACT].units, 2);
    cr_expect_eq(job->stages[STAGE_EXTRACT].units_failed, 1);
    cr_expect_eq(job_next_unit(job, STAGE_EXTRACT, UNIT_PERSIST, 0), 2);
    cr_assert_eq(add(job, STAGE_EXTRACT, -1, 9, 9), 0);
    cr_expect_eq(job->units[3].stored.number, 8, "a number is never used again");
    job_destroy(job);
}

Test(job, a_resumed_job_is_concluded_anew)
{
    struct store_unit units[] = {
        {.number = 0, .stage = STAGE_SURVEY, .state = UNIT_DONE, .first = 1, .last = 1},
        {.number = 1, .stage = STAGE_EXTRACT, .state = UNIT_PENDING, .first = 1, .last = 1},
        {.number = 2, .stage = STAGE_EXTRACT, .state = UNIT_DONE, .first = 2, .last = 8},
        {.number = 3, .stage = STAGE_STRUCTURE, .state = UNIT_DONE, .first = 1, .last = 1},
        {.number = 4, .stage = STAGE_CHUNK, .state = UNIT_DONE, .first = 1, .last = 1},
        {.number = 5, .stage = STAGE_EMBED_TEXT, .state = UNIT_DONE, .first = 1, .last = 9},
        {.number = 6, .stage = STAGE_EMBED_TEXT, .state = UNIT_FAILED, .first = 10, .last = 12},
        {.number = 7, .stage = STAGE_FINISH, .state = UNIT_DONE, .first = 1, .last = 1},
    };
    struct store_job stored = {
        .name = strdup("a.pdf"), .units = units, .unit_count = 8, .pages = 8};
    units_removed = 0;
    struct job *job = job_create(NULL, &stored);
    cr_assert(job);
    cr_expect_eq(units_removed, 3, "other text has other chunks");
    cr_assert_eq(job->unit_count, 5);
    cr_expect_eq(job->stages[STAGE_EMBED_TEXT].units, 0);
    cr_expect_eq(job->stages[STAGE_EMBED_TEXT].items, 0);
    cr_expect_eq(job->stages[STAGE_EMBED_TEXT].items_done, 0);
    cr_expect_eq(job->stages[STAGE_EMBED_TEXT].units_failed, 0);
    cr_expect_not(job_advance(job));
    job_unit_done(job, &job->units[1]);
    cr_expect_not(job_advance(job), "structure runs again");
    cr_expect_eq(job_next_unit(job, STAGE_STRUCTURE, UNIT_WORK, 0), 3);
    cr_assert_eq(add(job, STAGE_CHUNK, STAGE_STRUCTURE, 1, 1), 0);
    cr_expect_eq(job->units[5].stored.number, 8, "a number is never used again");
    job_unit_done(job, &job->units[3]);
    cr_expect_not(job_advance(job), "chunk runs again");
    job_unit_done(job, &job->units[5]);
    cr_expect_not(job_advance(job), "finish runs again");
    cr_expect_eq(job_next_unit(job, STAGE_FINISH, UNIT_WORK, 0), 4);
    job_unit_done(job, &job->units[4]);
    cr_expect(job_advance(job));
    cr_expect_eq(job_progress(job), 100);
    job_destroy(job);
}

/* Vectors that are tried again do not change the text. */
Test(job, resumed_for_its_vectors_it_keeps_its_chunks)
{
    struct store_unit units[] = {
        {.number = 0, .stage = STAGE_SURVEY, .state = UNIT_DONE, .first = 1, .last = 1},
        {.number = 1, .stage = STAGE_STRUCTURE, .state = UNIT_DONE, .first = 1, .last = 1},
        {.number = 2, .stage = STAGE_CHUNK, .state = UNIT_DONE, .first = 1, .last = 1},
        {.number = 3, .stage = STAGE_EMBED_TEXT, .state = UNIT_PENDING, .first = 1, .last = 9},
        {.number = 4, .stage = STAGE_FINISH, .state = UNIT_DONE, .first = 1, .last = 1},
    };
    struct store_job stored = {.name = strdup("a.pdf"), .units = units, .unit_count = 5};
    struct job *job = job_create(NULL, &stored);
    cr_assert(job);
    cr_expect_eq(job->unit_count, 5);
    cr_expect_not(job_advance(job));
    cr_expect_eq(job_current_stage(job), STAGE_EMBED_TEXT);
    cr_expect_eq(job->stages[STAGE_CHUNK].units_done, 1);
    cr_expect_eq(job->stages[STAGE_FINISH].units_done, 0);
    job_destroy(job);
}

Test(job, has_only_the_stages_of_its_kind)
{
    struct store_job stored = {.kind = JOB_KIND_REEMBED, .name = strdup("embeddings")};
    struct job *job = job_create(NULL, &stored);
    cr_assert(job);
    cr_expect_not(job_advance(job));
    cr_assert_eq(job->unit_count, 1);
    cr_expect_eq(job->units[0].stored.stage, STAGE_COLLECT);
    cr_expect_lt(add(job, STAGE_CHUNK, STAGE_COLLECT, 1, 1), 0, "no stage of these jobs");
    cr_assert_eq(add(job, STAGE_GATHER, STAGE_COLLECT, 1, 50), 0);
    job_unit_done(job, &job->units[0]);
    cr_expect_not(job_advance(job));
    cr_expect_eq(job_progress(job), 5);
    cr_assert_eq(add(job, STAGE_EMBED_TEXT, STAGE_GATHER, 1, 50), 0);
    job_unit_worked(job, &job->units[1]);
    cr_expect_eq(job->units[1].stored.state, UNIT_DONE, "what it gathered is for a stage alone");
    cr_expect_not(job_advance(job));
    cr_expect_eq(job_progress(job), 40);
    job_unit_worked(job, &job->units[2]);
    job_unit_done(job, &job->units[2]);
    cr_expect_not(job_advance(job), "settle is planned now");
    cr_expect_eq(job_current_stage(job), STAGE_SETTLE);
    cr_expect_eq(job_progress(job), 95);
    job_unit_done(job, &job->units[3]);
    cr_expect(job_advance(job));
    cr_expect_eq(job_progress(job), 100);
    cr_expect_eq(job_current_stage(job), STAGE_SETTLE, "and not one that it does not have");
    job_destroy(job);
}
