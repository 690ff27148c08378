/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The books of a job in work.
 *
 * Invariants: a unit is counted in its stage once, and in done or failed once, whatever happens to
 * it; an item is lost once; every change of a unit is put to the store in the same iteration.
 *
 * Blocks: never. Diagnostics: none; events are the caller's.
 */
#include "supervisor/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "supervisor/worker.h"

static uint64_t unit_items(const struct unit *unit)
{
    return (uint64_t)unit->stored.last - unit->stored.first + 1;
}

static struct job_stage *stage_of(struct job *job, const struct unit *unit)
{
    return &job->stages[unit->stored.stage];
}

/* --- creation --- */

static void put(struct job *job, const struct unit *unit)
{
    struct store_unit stored = unit->stored;
    if (stored.state == UNIT_RUNNING) {
        stored.state = UNIT_PENDING;
    }
    store_unit_put(job->store, &job->id, &stored);
}

/* It failed the job, and we were killed before that was stored: it says so again. */
static void try_essential_again(struct unit *unit)
{
    if (unit->stored.state == UNIT_FAILED && stage_row(unit->stored.stage)->essential) {
        unit->stored.state = UNIT_PENDING;
        unit->stored.step = UNIT_WORK;
        unit->stored.attempts = 0;
    }
}

static void count_stored_unit(struct job *job, const struct unit *unit)
{
    struct job_stage *stage = stage_of(job, unit);
    stage->units++;
    stage->items += unit_items(unit);
    if (unit->stored.state == UNIT_DONE) {
        stage->units_done++;
        stage->items_done += unit_items(unit);
    } else if (unit->stored.state == UNIT_FAILED) {
        stage->units_failed++;
        stage->items_done += unit_items(unit);
    }
    if (unit->stored.number >= job->next_number) {
        job->next_number = unit->stored.number + 1;
    }
}

static int take_units(struct job *job, const struct store_job *stored)
{
    if (stored->unit_count == 0) {
        return 0;
    }
    job->units = calloc(stored->unit_count, sizeof(*job->units));
    if (!job->units) {
        return -1;
    }
    job->unit_capacity = stored->unit_count;
    for (size_t i = 0; i < stored->unit_count; i++) {
        job->units[i].stored = stored->units[i];
        if (job->units[i].stored.stage >= STAGE_COUNT) {
            continue; /* of a stage that this version does not have */
        }
        job->unit_count = i + 1;
        try_essential_again(&job->units[i]);
        count_stored_unit(job, &job->units[i]);
    }
    return 0;
}

/* log2, so that what is of about the same size shares its history. */
static uint32_t bucket_of(uint64_t size)
{
    return size == 0 ? 0 : 64U - (uint32_t)__builtin_clzll(size);
}

uint32_t job_unit_bucket(const struct job *job, const struct store_unit *unit)
{
    return unit->size > 0 ? bucket_of(unit->size) : job->bucket;
}

static bool mark_failed_item(struct job *job, uint32_t item)
{
    size_t need_bytes = (size_t)item / 8 + 1;
    if (need_bytes > job->failed_items_bytes) {
        uint8_t *grown = realloc(job->failed_items, need_bytes);
        if (!grown) {
            return true; /* counted perhaps twice rather than not at all */
        }
        memset(grown + job->failed_items_bytes, 0, need_bytes - job->failed_items_bytes);
        job->failed_items = grown;
        job->failed_items_bytes = need_bytes;
    }
    if (!job->failed_items) {
        return true;
    }
    uint8_t bit = (uint8_t)(1U << (item % 8));
    bool fresh = !(job->failed_items[item / 8] & bit);
    job->failed_items[item / 8] |= bit;
    return fresh;
}

static void keep_failure(struct job *job, uint32_t item, const char *code, const char *text)
{
    if (job->failures_kept >= JOB_FAILURES_KEPT) {
        return;
    }
    struct message_failure *grown =
        realloc(job->failures, (job->failures_kept + 1) * sizeof(*job->failures));
    if (!grown) {
        return;
    }
    job->failures = grown;
    struct message_failure *failure = &grown[job->failures_kept++];
    failure->item = item;
    snprintf(failure->code, sizeof(failure->code), "%s", code);
    snprintf(failure->text, sizeof(failure->text), "%s", text);
}

static void forget_unit(struct job *job, const struct unit *unit)
{
    struct job_stage *stage = stage_of(job, unit);
    bool done = unit->stored.state == UNIT_DONE;
    bool failed = unit->stored.state == UNIT_FAILED;
    stage->units--;
    stage->units_done -= done;
    stage->units_failed -= failed;
    stage->items -= unit_items(unit);
    stage->items_done -= done || failed ? unit_items(unit) : 0;
    store_unit_remove(job->store, &job->id, unit->stored.number);
}

static void work_again(struct job *job, struct unit *unit)
{
    struct job_stage *stage = stage_of(job, unit);
    stage->units_done--;
    stage->items_done -= unit_items(unit);
    unit->stored.state = UNIT_PENDING;
    unit->stored.step = UNIT_WORK;
    unit->stored.attempts = 0;
    put(job, unit);
}

/* A resumed job has lost pages to try again. What was concluded from the others is concluded
 * anew, and what followed from the text is forgotten: whoever reads the new text finds it. */
static void reopen_conclusion(struct job *job)
{
    int open = STAGE_COUNT; /* the first stage that something is to be done for */
    for (size_t i = 0; i < job->unit_count; i++) {
        const struct store_unit *stored = &job->units[i].stored;
        if (stored->state == UNIT_PENDING && stored->step == UNIT_WORK && stored->stage < open) {
            open = stored->stage;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < job->unit_count; i++) {
        struct unit *unit = &job->units[i];
        const struct stage_row *row = stage_row(unit->stored.stage);
        bool later = unit->stored.stage > open;
        if (later && row->derived && open < STAGE_STRUCTURE) {
            forget_unit(job, unit);
            continue;
        }
        if (later && row->waits && unit->stored.state == UNIT_DONE) {
            work_again(job, unit);
        }
        job->units[kept++] = *unit;
    }
    job->unit_count = kept;
}

/* Those that jobs of its kind do not have. */
static void leave_out_stages(struct job *job)
{
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        if (!stage_is_of((enum stage_id)stage, job->kind)) {
            job->stages[stage].status = STAGE_STATUS_SKIPPED;
        }
    }
}

struct job *job_create(struct store *store, struct store_job *stored)
{
    struct job *job = calloc(1, sizeof(*job));
    if (!job) {
        return NULL;
    }
    job->store = store;
    job->id = stored->id;
    job->kind = stored->kind;
    uuid_format(&job->id, job->id_text);
    leave_out_stages(job);
    if (take_units(job, stored) < 0) {
        free(job);
        return NULL;
    }
    reopen_conclusion(job);
    for (size_t i = 0; i < stored->failures_loaded; i++) {
        const struct store_failure *failure = &stored->failures[i];
        mark_failed_item(job, failure->item);
        keep_failure(job, failure->item, failure->code, failure->text);
    }
    job->failure_count = stored->failure_count;
    job->name = stored->name;
    job->params = stored->params;
    job->params_bytes = stored->params_bytes;
    stored->name = NULL;
    stored->params = NULL;
    job->size_bytes = stored->size_bytes;
    job->bucket = bucket_of(stored->size_bytes / 1024);
    job->created_ms = stored->created_ms;
    job->started_ms = stored->started_ms;
    job->priority = stored->priority;
    job->pages = stored->pages;
    job->end_status = JOB_STATUS_COMPLETED;
    return job;
}

void job_destroy(struct job *job)
{
    if (job) {
        free(job->name);
        free(job->params);
        free(job->units);
        free(job->failures);
        free(job->failed_items);
        free(job);
    }
}

/* --- units --- */

static struct unit *append_unit(struct job *job, struct error *err)
{
    if (job->unit_count == JOB_UNITS_MAX) {
        error_set(err, ERROR_LIMIT, "a job has at most %d units", JOB_UNITS_MAX);
        return NULL;
    }
    if (job->unit_count == job->unit_capacity) {
        size_t capacity = job->unit_capacity == 0 ? 8 : job->unit_capacity * 2;
        struct unit *grown = realloc(job->units, capacity * sizeof(*grown));
        if (!grown) {
            error_set(err, ERROR_MEMORY, "no memory for %zu units", capacity);
            return NULL;
        }
        job->units = grown;
        job->unit_capacity = capacity;
    }
    struct unit *unit = &job->units[job->unit_count++];
    memset(unit, 0, sizeof(*unit));
    unit->stored.number = job->next_number++;
    return unit;
}

bool job_has_unit(const struct job *job, const struct job_plan *plan)
{
    for (size_t i = 0; i < job->unit_count; i++) {
        const struct store_unit *stored = &job->units[i].stored;
        if (stored->stage == plan->stage && stored->first == plan->first &&
            stored->last == plan->last) {
            return true;
        }
    }
    return false;
}

/* A pending one with what fresh says of it, but for its number. */
static int add_unit(struct job *job, const struct store_unit *fresh, struct error *err)
{
    struct unit *unit = append_unit(job, err);
    if (!unit) {
        return -1;
    }
    uint32_t number = unit->stored.number;
    unit->stored = *fresh;
    unit->stored.number = number;
    unit->stored.state = UNIT_PENDING;
    unit->stored.step = UNIT_WORK;
    job->stages[fresh->stage].units++;
    job->stages[fresh->stage].items += unit_items(unit);
    put(job, unit);
    return 0;
}

int job_add_unit(struct job *job, const struct job_plan *plan, int after, struct error *err)
{
    if (plan->stage <= after || plan->stage >= STAGE_COUNT ||
        !stage_is_of((enum stage_id)plan->stage, job->kind)) {
        return error_set(err, ERROR_INVALID,
                         "a unit was found for a stage that is not a later one of the job");
    }
    const struct store_unit fresh = {.stage = (uint8_t)plan->stage,
                                     .first = plan->first,
                                     .last = plan->last,
                                     .size = plan->size};
    return add_unit(job, &fresh, err);
}

void job_unit_started(struct job *job, struct unit *unit, struct worker *worker)
{
    struct job_stage *stage = stage_of(job, unit);
    unit->stored.state = UNIT_RUNNING;
    unit->worker = worker;
    job->running++;
    if (stage->status == STAGE_STATUS_WAITING) {
        stage->status = STAGE_STATUS_RUNNING;
        stage->started_ms = clock_wall_ms();
        store_stage_times(job->store, &job->id, unit->stored.stage, stage->started_ms, 0);
        struct store_job_change change = {.id = job->id,
                                          .stage = stage_row(unit->stored.stage)->name,
                                          .progress = job_progress(job)};
        store_job_change(job->store, &change);
    }
}

static void let_go(struct job *job, struct unit *unit)
{
    if (unit->worker) {
        unit->worker = NULL;
        job->running--;
    }
}

static void make_pending(struct job *job, struct unit *unit)
{
    let_go(job, unit);
    unit->stored.state = UNIT_PENDING;
    unit->waiting_since_us = 0;
    size_t index = (size_t)(unit - job->units);
    struct job_stage *stage = stage_of(job, unit);
    if (index < stage->first_open) {
        stage->first_open = index;
    }
}

void job_unit_released(struct job *job, struct unit *unit)
{
    make_pending(job, unit);
}

void job_unit_worked(struct job *job, struct unit *unit)
{
    if (!stage_row(unit->stored.stage)->persists) {
        job_unit_done(job, unit);
        return;
    }
    unit->stored.step = UNIT_PERSIST;
    unit->stored.alone = 0; /* that was for the work */
    make_pending(job, unit);
    put(job, unit);
}

void job_unit_done(struct job *job, struct unit *unit)
{
    struct job_stage *stage = stage_of(job, unit);
    let_go(job, unit);
    unit->stored.state = UNIT_DONE;
    unit->stored.verdict = VERDICT_DONE;
    stage->units_done++;
    stage->items_done += unit_items(unit);
    put(job, unit);
}

void job_item_failed(struct job *job, int stage, uint32_t item, enum verdict verdict,
                     const char *code, const char *text)
{
    store_failure_put(job->store, &job->id, (uint8_t)stage, item, verdict, code, text);
    if (mark_failed_item(job, item)) {
        job->failure_count++;
        keep_failure(job, item, code, text);
    }
}

void job_unit_failed(struct job *job, struct unit *unit, enum verdict verdict, const char *code,
                     const char *text)
{
    struct job_stage *stage = stage_of(job, unit);
    let_go(job, unit);
    unit->stored.state = UNIT_FAILED;
    unit->stored.verdict = (uint8_t)verdict;
    stage->units_failed++;
    stage->items_done += unit_items(unit);
    put(job, unit);
    if (stage_row(unit->stored.stage)->pages) {
        for (uint64_t item = unit->stored.first; item <= unit->stored.last; item++) {
            job_item_failed(job, unit->stored.stage, (uint32_t)item, verdict, code, text);
        }
    }
}

void job_unit_again(struct job *job, struct unit *unit, enum verdict verdict, bool from_start)
{
    unit->stored.verdict = (uint8_t)verdict;
    unit->stored.attempts++;
    if (from_start) {
        unit->stored.step = UNIT_WORK;
    }
    make_pending(job, unit);
    put(job, unit);
}

/* As unit, which was lost, but with these items alone. */
static struct store_unit piece_of(const struct unit *unit, const struct job_cut *cut,
                                  uint32_t first, uint32_t last)
{
    struct store_unit piece = {.stage = unit->stored.stage,
                               .alone = unit->stored.alone,
                               .verdict = (uint8_t)cut->verdict,
                               .first = first,
                               .last = last};
    if (cut->culprit == first && first == last) {
        piece.alone |= cut->verdict == VERDICT_MEMORY_EXCEEDED;
        piece.attempts = cut->counts ? 1 : 0;
    }
    return piece;
}

int job_unit_bisect(struct job *job, struct unit *unit, const struct job_cut *cut,
                    struct error *err)
{
    uint32_t first = unit->stored.first;
    uint32_t last = unit->stored.last;
    uint32_t culprit = cut->culprit >= first && cut->culprit <= last ? cut->culprit : 0;
    size_t index = (size_t)(unit - job->units);
    struct store_unit pieces[3];
    size_t count = 0;
    if (culprit == 0) {
        uint32_t middle = first + (last - first) / 2;
        pieces[count++] = piece_of(unit, cut, first, middle);
        pieces[count++] = piece_of(unit, cut, middle + 1, last);
    } else {
        if (culprit > first) {
            pieces[count++] = piece_of(unit, cut, first, culprit - 1);
        }
        pieces[count++] = piece_of(unit, cut, culprit, culprit);
        if (culprit < last) {
            pieces[count++] = piece_of(unit, cut, culprit + 1, last);
        }
    }
    for (size_t i = 1; i < count; i++) {
        if (add_unit(job, &pieces[i], err) < 0) {
            return -1;
        }
    }
    unit = &job->units[index]; /* the array may have moved */
    job->stages[unit->stored.stage].items -= last - pieces[0].last;
    pieces[0].number = unit->stored.number;
    unit->stored = pieces[0];
    make_pending(job, unit);
    put(job, unit);
    return 0;
}

void job_persist_again(struct job *job)
{
    for (size_t i = 0; i < job->unit_count; i++) {
        struct unit *unit = &job->units[i];
        if (unit->stored.state == UNIT_DONE && stage_row(unit->stored.stage)->persists) {
            struct job_stage *stage = stage_of(job, unit);
            stage->units_done--;
            stage->items_done -= unit_items(unit);
            stage->status = STAGE_STATUS_RUNNING;
            unit->stored.step = UNIT_PERSIST;
            make_pending(job, unit);
            put(job, unit);
        }
    }
}

/* --- stages --- */

static void complete_stage(struct job *job, int stage)
{
    const struct stage_share *share = &stage_row((enum stage_id)stage)->shares[job->kind];
    struct job_stage *books = &job->stages[stage];
    books->status = books->units == 0 ? STAGE_STATUS_SKIPPED : STAGE_STATUS_COMPLETE;
    store_stage_times(job->store, &job->id, (uint8_t)stage, books->started_ms, clock_wall_ms());
    struct store_job_change change = {.id = job->id, .progress = share->to_percent};
    store_job_change(job->store, &change);
}

bool job_advance(struct job *job)
{
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        struct job_stage *books = &job->stages[stage];
        if (books->status == STAGE_STATUS_COMPLETE || books->status == STAGE_STATUS_SKIPPED) {
            continue;
        }
        /* Essential stages have one unit, and it is the supervisor that plans it. */
        if (books->units == 0 && stage_row((enum stage_id)stage)->essential) {
            struct error err = ERROR_INIT;
            const struct job_plan plan = {.stage = stage, .first = 1, .last = 1};
            if (job_add_unit(job, &plan, -1, &err) < 0) {
                job_end_with(job, JOB_STATUS_FAILED, "internal", err.msg);
            }
            return false;
        }
        if (books->units_done + books->units_failed < books->units) {
            return false;
        }
        complete_stage(job, stage);
    }
    return true;
}

void job_end_with(struct job *job, enum job_status status, const char *code, const char *text)
{
    if (job->end_code[0] != '\0') {
        return;
    }
    job->end_status = status;
    snprintf(job->end_code, sizeof(job->end_code), "%s", code);
    snprintf(job->end_text, sizeof(job->end_text), "%s", text);
}

int job_current_stage(const struct job *job)
{
    int last = 0; /* of those that its kind has */
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        enum stage_status status = job->stages[stage].status;
        if (!stage_is_of((enum stage_id)stage, job->kind)) {
            continue;
        }
        last = stage;
        if (status != STAGE_STATUS_COMPLETE && status != STAGE_STATUS_SKIPPED) {
            break;
        }
    }
    return last;
}

long job_next_unit(struct job *job, int stage, enum unit_step step, uint64_t now_ms)
{
    struct job_stage *books = &job->stages[stage];
    bool only_ended = true;
    for (size_t i = books->first_open; i < job->unit_count; i++) {
        const struct unit *unit = &job->units[i];
        bool open = unit->stored.stage == stage &&
                    (unit->stored.state == UNIT_PENDING || unit->stored.state == UNIT_RUNNING);
        if (!open) {
            if (only_ended) {
                books->first_open = i + 1;
            }
            continue;
        }
        only_ended = false;
        if (unit->stored.state == UNIT_PENDING && unit->stored.step == step &&
            unit->not_before_ms <= now_ms) {
            return (long)i;
        }
    }
    return -1;
}

bool job_has_work(struct job *job, int stage)
{
    return job_next_unit(job, stage, UNIT_WORK, UINT64_MAX) >= 0;
}
