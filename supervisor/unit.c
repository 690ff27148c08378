/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The rules for a unit whose try ended.
 *
 * A unit that took its worker with it (crash, memory, deadline, broken protocol) is cut around the
 * item that was in work, or in halves; one item gets its class's attempts (of which that was one),
 * those after a memory verdict alone on the machine; then the item is lost and the job goes on. A
 * worker that was killed from outside says little against its item, which gets some tries more.
 * What a worker says of itself (FAILED) is retried when it says so, and not cut at all when it does
 * not.
 *
 * Diagnostics: events unit.retried and unit.failed.
 */
#include "supervisor/unit.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "supervisor/owed.h"
#include "supervisor/stage.h"
#include "supervisor/supervisor.h"

#define RETRY_MS 200
/* The kernel short of memory kills as well as people do: it is not for ever. */
#define TRIES_MORE_AFTER_KILL 3

static struct unit *unit_at(struct job *job, size_t index)
{
    return &job->units[index];
}

static const char *unit_text(const struct unit *unit, char *text, size_t size_bytes)
{
    const struct store_unit *stored = &unit->stored;
    if (stored->first == stored->last) {
        snprintf(text, size_bytes, "%s %u", stage_row(stored->stage)->name, stored->first);
    } else {
        snprintf(text, size_bytes, "%s %u-%u", stage_row(stored->stage)->name, stored->first,
                 stored->last);
    }
    return text;
}

/* More than its share of pages is lost: the job fails at its end, with what was got kept. */
static void check_failures(struct supervisor *supervisor, struct job *job)
{
    uint64_t percent = supervisor->settings.page_failures_percent;
    if (job->pages > 0 && job->failure_count * 100 > (uint64_t)job->pages * percent) {
        char text[ERROR_MESSAGE_BYTES];
        snprintf(text, sizeof(text), "%llu of %u pages failed; more than %llu%% is too many",
                 (unsigned long long)job->failure_count, job->pages, (unsigned long long)percent);
        job_end_with(job, JOB_STATUS_FAILED, "too_many_page_failures", text);
    }
}

static void tell_stage_end(struct supervisor *supervisor, const struct job *job, int stage)
{
    const struct job_stage *books = &job->stages[stage];
    const char *name = stage_row((enum stage_id)stage)->name;
    if (books->status == STAGE_STATUS_SKIPPED) {
        events_emit(supervisor->events, "stage.skipped", &job->id, NULL, "%s: nothing to do", name);
    } else {
        events_emit(supervisor->events, "stage.completed", &job->id, NULL, "%s: %u units, %u lost",
                    name, books->units, books->units_failed);
    }
}

static void advance(struct supervisor *supervisor, struct job *job)
{
    if (job->ending) {
        intake_settle(supervisor, job);
        return;
    }
    int before = job_current_stage(job);
    bool over = job_advance(job);
    int after = job_current_stage(job);
    for (int stage = before; stage < after || (over && stage == after); stage++) {
        if (!stage_is_of((enum stage_id)stage, job->kind)) {
            continue;
        }
        tell_stage_end(supervisor, job, stage);
        check_failures(supervisor, job);
    }
    job->over = over;
    if (over || job->ending) {
        intake_settle(supervisor, job);
    }
}

void unit_job_admitted(struct supervisor *supervisor, struct job *job)
{
    job->over = job_advance(job);
    check_failures(supervisor, job); /* an earlier ebbd may have come to it, and no further */
    if (job->over) {
        intake_settle(supervisor, job);
    }
}

/* --- DONE --- */

static uint64_t count_in(const struct message *done, const char *name)
{
    return value_uint(value_get(done->fields[FIELD_COUNTS], name), 0);
}

static void take_counts(struct job *job, const struct message *done, bool final)
{
    struct value counts = done->fields[FIELD_COUNTS];
    for (size_t i = 0; i < value_count(counts); i++) {
        struct value key;
        struct value value;
        char name[65];
        if (!value_entry(counts, i, &key, &value) || !value_str_copy(key, name, sizeof(name))) {
            continue;
        }
        uint64_t number = value_uint(value, 0);
        store_job_count(job->store, &job->id, name, number, final);
        if (strcmp(name, "pages") == 0 && job->pages == 0) {
            job->pages = number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
            struct store_job_change change = {.id = job->id, .progress = -1, .pages = job->pages};
            store_job_change(job->store, &change);
        }
    }
}

/* What an endpoint did not give is made later, by a job of its own. Chunks that are embedded again
 * may have a vector of another model: the library knows. */
static void note_owed(struct supervisor *supervisor, struct job *job, uint64_t chunks)
{
    job->without_vector += chunks;
    if (job->kind != JOB_KIND_REEMBED) {
        owed_note(supervisor, chunks);
    } else if (chunks > 0) {
        owed_doubt(supervisor);
    }
}

static void take_document(struct job *job, const struct message *done)
{
    struct uuid document;
    char text[UUID_TEXT_BYTES];
    if (job->document[0] == '\0' && message_has(done, FIELD_DOCUMENT) &&
        message_str(done, FIELD_DOCUMENT, text, sizeof(text)) &&
        uuid_parse(text, &document, NULL) == 0) {
        uuid_format(&document, job->document);
        struct store_job_change change = {.id = job->id, .progress = -1, .document = job->document};
        store_job_change(job->store, &change);
    }
}

static void take_warnings(struct job *job, const struct message *done)
{
    struct value warnings = done->fields[FIELD_WARNINGS];
    for (size_t i = 0; i < value_count(warnings); i++) {
        char text[513];
        value_str_copy(value_at(warnings, i), text, sizeof(text));
        store_job_warning(job->store, &job->id, text);
    }
}

static enum verdict verdict_of_code(const char *code)
{
    enum verdict verdict;
    return verdict_parse(code, &verdict) && verdict > VERDICT_DONE ? verdict : VERDICT_FAILED;
}

/* Items that the worker itself gave up; those outside the unit are none of its business. */
static void take_failures(struct supervisor *supervisor, struct job *job, size_t index,
                          const struct message *done)
{
    struct message_failure failure;
    for (size_t i = 0; message_failure_at(done, FIELD_FAILURES, i, &failure); i++) {
        const struct store_unit *stored = &unit_at(job, index)->stored;
        if (failure.item < stored->first || failure.item > stored->last) {
            continue;
        }
        job_item_failed(job, stored->stage, failure.item, verdict_of_code(failure.code),
                        failure.code, failure.text);
        events_emit(supervisor->events, "unit.failed", &job->id, NULL, "%s %u: %s: %s",
                    stage_row(stored->stage)->name, failure.item, failure.code, failure.text);
    }
}

/* What cannot be planned ends the job: to leave pages out silently would be worse. */
static void take_units(struct supervisor *supervisor, struct job *job, size_t index,
                       const struct message *done)
{
    struct message_unit found;
    struct error err = ERROR_INIT;
    int stage = unit_at(job, index)->stored.stage;
    bool tried_before = unit_at(job, index)->stored.verdict != VERDICT_NONE;
    for (size_t i = 0; message_unit_at(done, i, &found); i++) {
        const struct job_plan plan = {.stage = stage_find(found.stage),
                                      .first = found.first,
                                      .last = found.last,
                                      .size = found.size};
        if (tried_before && job_has_unit(job, &plan)) {
            continue; /* an earlier try came as far as this, and was lost on its way */
        }
        if (job_add_unit(job, &plan, stage, &err) < 0) {
            intake_end(supervisor, job, JOB_STATUS_FAILED, "plan_refused", err.msg);
            return;
        }
    }
}

void unit_done(struct supervisor *supervisor, struct job *job, size_t index,
               const struct message *done)
{
    bool worked = unit_at(job, index)->stored.step == UNIT_WORK;
    if (job->ending) {
        job_unit_released(job, unit_at(job, index));
        advance(supervisor, job);
        return;
    }
    take_document(job, done);
    if (worked) {
        take_counts(job, done, unit_at(job, index)->stored.stage == STAGE_FINISH);
        take_warnings(job, done);
        take_failures(supervisor, job, index, done);
        if (unit_at(job, index)->stored.stage == STAGE_EMBED_TEXT) {
            note_owed(supervisor, job, count_in(done, OWED_COUNT));
        }
        take_units(supervisor, job, index, done);
    }
    if (job->ending) {
        job_unit_released(job, unit_at(job, index));
    } else if (worked) {
        job_unit_worked(job, unit_at(job, index));
    } else {
        job_unit_done(job, unit_at(job, index));
    }
    advance(supervisor, job);
}

/* --- FAILED and worse --- */

/* No page is lost, but something that was asked for is missing. */
static void warn_of_failure(struct job *job, const struct stage_row *row, const char *code,
                            const char *text)
{
    char warning[MESSAGE_DETAIL_BYTES];
    snprintf(warning, sizeof(warning), "%s: %s: %.400s", row->name, code, text);
    store_job_warning(job->store, &job->id, warning);
}

/* Chunks whose unit is given up lack a vector as those do that an endpoint refused. */
static void note_given_up(struct supervisor *supervisor, struct job *job, const struct unit *unit)
{
    if (unit->stored.stage == STAGE_EMBED_TEXT) {
        note_owed(supervisor, job, (uint64_t)unit->stored.last - unit->stored.first + 1);
    }
}

void unit_stage_failed(struct supervisor *supervisor, struct job *job, int stage, const char *code,
                       const char *text)
{
    const struct stage_row *row = stage_row((enum stage_id)stage);
    long index;
    while ((index = job_next_unit(job, stage, UNIT_WORK, UINT64_MAX)) >= 0) {
        note_given_up(supervisor, job, unit_at(job, (size_t)index));
        job_unit_failed(job, unit_at(job, (size_t)index), VERDICT_FAILED, code, text);
    }
    events_emit(supervisor->events, "unit.failed", &job->id, NULL, "%s: %s: %s", row->name, code,
                text);
    warn_of_failure(job, row, code, text);
    advance(supervisor, job);
}

static void give_up(struct supervisor *supervisor, struct job *job, size_t index,
                    enum verdict verdict, const char *code, const char *text)
{
    char name[64];
    struct unit *unit = unit_at(job, index);
    events_emit(supervisor->events, "unit.failed", &job->id, NULL, "%s: %s: %s",
                unit_text(unit, name, sizeof(name)), code, text);
    const struct stage_row *row = stage_row(unit->stored.stage);
    note_given_up(supervisor, job, unit);
    job_unit_failed(job, unit, verdict, code, text);
    if (row->essential) {
        intake_end(supervisor, job, JOB_STATUS_FAILED, code, text);
    } else if (!row->pages) {
        warn_of_failure(job, row, code, text);
    }
    advance(supervisor, job);
}

static void again(struct supervisor *supervisor, struct job *job, size_t index,
                  enum verdict verdict, const char *why)
{
    char name[64];
    struct unit *unit = unit_at(job, index);
    bool from_start = unit->stored.step == UNIT_WORK || strcmp(why, "artifact_damaged") == 0;
    events_emit(supervisor->events, "unit.retried", &job->id, NULL, "%s: %s",
                unit_text(unit, name, sizeof(name)), why);
    job_unit_again(job, unit, verdict, from_start);
    unit->not_before_ms = uv_now(supervisor->loop) + RETRY_MS;
    supervisor_schedule_in(supervisor, RETRY_MS + 1);
}

static bool tries_left(struct supervisor *supervisor, const struct unit *unit, bool outside)
{
    const struct class *class =
        supervisor_class(supervisor, stage_row(unit->stored.stage)->class_name);
    uint64_t tries = class ? class->settings.attempts : supervisor->settings.attempts;
    if (unit->stored.step == UNIT_PERSIST) {
        tries += supervisor->settings.attempts - 1; /* on top of what the work has used */
    }
    if (outside) {
        tries += TRIES_MORE_AFTER_KILL;
    }
    return (uint64_t)unit->stored.attempts + 1 < tries;
}

void unit_failed(struct supervisor *supervisor, struct job *job, size_t index,
                 const struct worker_failure *failure)
{
    struct unit *unit = unit_at(job, index);
    const char *code = failure->code;
    const char *text = failure->text;
    enum verdict verdict = verdict_of_code(code);
    if (verdict == VERDICT_CANCELLED && !supervisor->draining) {
        verdict = VERDICT_FAILED; /* nobody here asked for it: a try like any other */
    }
    if (job->ending) {
        job_unit_released(job, unit);
        advance(supervisor, job);
    } else if (strcmp(code, "disk_full") == 0) {
        job_unit_released(job, unit);
        alerts_disk_full(supervisor, text);
    } else if (verdict != VERDICT_FAILED) {
        const struct unit_loss loss = {
            .verdict = verdict, .detail = text, .culprit = failure->item};
        unit_lost(supervisor, job, index, &loss);
    } else if (failure->retryable && tries_left(supervisor, unit, false)) {
        if (strcmp(code, "rows_missing") == 0) {
            job_persist_again(job);
        }
        again(supervisor, job, index, verdict, code);
    } else {
        give_up(supervisor, job, index, verdict, code, text);
    }
}

static void cut_unit(struct supervisor *supervisor, struct job *job, size_t index,
                     const struct unit_loss *loss)
{
    struct unit *unit = unit_at(job, index);
    const struct job_cut cut = {.verdict = loss->verdict,
                                .culprit = loss->culprit,
                                .counts = unit->stored.step == UNIT_WORK && !loss->outside};
    struct error err = ERROR_INIT;
    char name[64];
    unit_text(unit, name, sizeof(name));
    if (job_unit_bisect(job, unit, &cut, &err) < 0) {
        give_up(supervisor, job, index, loss->verdict, verdict_name(loss->verdict), err.msg);
        return;
    }
    events_emit(supervisor->events, "unit.retried", &job->id, NULL, "%s: %s (%s); cut in pieces",
                name, verdict_name(loss->verdict), loss->detail);
}

void unit_lost(struct supervisor *supervisor, struct job *job, size_t index,
               const struct unit_loss *loss)
{
    struct unit *unit = unit_at(job, index);
    enum verdict verdict = loss->verdict;
    if (job->ending || verdict == VERDICT_CANCELLED) {
        job_unit_released(job, unit);
        advance(supervisor, job);
    } else if (unit->stored.first < unit->stored.last &&
               !stage_row(unit->stored.stage)->shares[job->kind].whole) {
        cut_unit(supervisor, job, index, loss);
    } else if (tries_left(supervisor, unit, loss->outside)) {
        unit->stored.alone = verdict == VERDICT_MEMORY_EXCEEDED;
        again(supervisor, job, index, verdict, loss->detail);
    } else {
        give_up(supervisor, job, index, verdict, verdict_name(verdict), loss->detail);
    }
}
