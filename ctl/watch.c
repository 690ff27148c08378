/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Jobs that a command waits for.
 *
 * Invariants: events are hints. A job has ended when the reply to JOB says so; that is asked when
 * an event tells of it, when events were lost, and for all when the daemon was silent for
 * SILENCE_MS, so that nothing is waited for in vain and a daemon that hangs is found out. The
 * callback of events only notes; every request is made by the loop. Blocks in the client only.
 * Diagnostics: session.h.
 */
#include "ctl/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/hash.h"
#include "ctl/format.h"
#include "ctl/job_view.h"
#include "ctl/output.h"

#define TICK_MS 100U
#define SILENCE_MS 10000U

void watch_init(struct watch *watch, struct session *session)
{
    memset(watch, 0, sizeof(*watch));
    watch->session = session;
    watch->names = arena_create(0);
    watch->started_ms = clock_monotonic_ms();
}

void watch_deinit(struct watch *watch)
{
    for (size_t i = 0; i < watch->count; i++) {
        free(watch->jobs[i].live);
    }
    arena_destroy(watch->names);
    free(watch->jobs);
    free(watch->slots);
}

/* The slot of an id, or the empty one where it belongs. */
static size_t slot_of(const struct watch *watch, const char *id)
{
    size_t slot = (size_t)hash_fnv1a(id, strlen(id)) & (watch->slot_count - 1);

    while (watch->slots[slot] != 0 && strcmp(watch->jobs[watch->slots[slot] - 1].id, id) != 0) {
        slot = (slot + 1) & (watch->slot_count - 1);
    }
    return slot;
}

static struct watch_job *find(const struct watch *watch, const char *id)
{
    size_t slot;

    if (watch->slot_count == 0) {
        return NULL;
    }
    slot = slot_of(watch, id);
    return watch->slots[slot] ? &watch->jobs[watch->slots[slot] - 1] : NULL;
}

/* Room for one job more; slots stay at least half empty. */
static int grow(struct watch *watch)
{
    size_t capacity = watch->capacity ? watch->capacity * 2 : 64;
    struct watch_job *jobs;
    uint32_t *slots;

    if (watch->count < watch->capacity) {
        return 0;
    }
    jobs = reallocarray(watch->jobs, capacity, sizeof(*jobs));
    if (!jobs) {
        return -1;
    }
    watch->jobs = jobs;
    slots = calloc(capacity * 2, sizeof(*slots));
    if (!slots) {
        return -1;
    }
    free(watch->slots);
    watch->slots = slots;
    watch->slot_count = capacity * 2;
    watch->capacity = capacity;
    for (size_t i = 0; i < watch->count; i++) {
        slots[slot_of(watch, jobs[i].id)] = (uint32_t)i + 1;
    }
    return 0;
}

int watch_add(struct watch *watch, const char *job_id, const char *name)
{
    struct watch_job *job;
    char *copy;

    if (find(watch, job_id)) {
        return 0;
    }
    copy = watch->names ? arena_strdup(watch->names, name) : NULL;
    if (!copy || grow(watch) < 0) {
        return -1;
    }
    job = &watch->jobs[watch->count];
    memset(job, 0, sizeof(*job));
    snprintf(job->id, sizeof(job->id), "%s", job_id);
    watch->slots[slot_of(watch, job->id)] = (uint32_t)++watch->count;
    job->name = copy;
    return 0;
}

enum ctl_exit watch_outcome(const struct watch *watch)
{
    enum ctl_exit worst = CTL_EXIT_OK;

    for (size_t i = 0; i < watch->count; i++) {
        enum ctl_exit one = watch->jobs[i].exit;

        if (one == CTL_EXIT_FAILED) {
            return one;
        }
        worst = one == CTL_EXIT_OK ? worst : one;
    }
    return worst;
}

/* --- events --- */

static void note_stage(struct watch_live *live, size_t index, struct value seen)
{
    struct watch_stage *stage = &live->stages[index];
    uint64_t now_ms = clock_monotonic_ms();

    format_text(value_get(seen, "stage"), stage->name, sizeof(stage->name));
    format_text(value_get(seen, "status"), stage->status, sizeof(stage->status));
    stage->items = value_uint(value_get(seen, "items"), 0);
    if (strcmp(stage->status, "processing") == 0) {
        stage->first_ms = stage->first_ms ? stage->first_ms : now_ms;
        /* After its last item a stage still persists; that is not the pace of its items. */
        stage->last_ms = stage->items_done < stage->items ? now_ms : stage->last_ms;
        if (live->rss_bytes > stage->peak_rss_bytes) {
            stage->peak_rss_bytes = live->rss_bytes;
        }
    }
    stage->items_done = value_uint(value_get(seen, "items_done"), 0);
}

/* It is at work: makes room for what is known of it. NULL when out of memory; only the view is the
 * poorer for it. */
static struct watch_live *begin_live(struct watch *watch, struct watch_job *job)
{
    struct watch_live *live = job->live ? job->live : calloc(1, sizeof(*live));

    job->live = live;
    if (live && job->state == WATCH_WAITING) {
        job->state = WATCH_ACTIVE;
        watch->active++;
    }
    return live;
}

static void note_progress(struct watch *watch, struct watch_job *job, struct value data)
{
    struct value stages = value_get(data, "stages");
    size_t count = value_count(stages);
    struct watch_live *live = NULL;

    if (job->state != WATCH_ENDING && job->state != WATCH_ENDED) {
        live = begin_live(watch, job);
    }
    if (!live) {
        return;
    }
    live->progress = value_float(value_get(data, "progress"), 0.0);
    format_text(value_get(data, "stage"), live->stage, sizeof(live->stage));
    live->rss_bytes = value_uint(value_get(data, "rss_bytes"), 0);
    live->budget_bytes = value_uint(value_get(data, "budget_bytes"), 0);
    job->pages = value_uint(value_get(data, "pages"), job->pages);
    live->stage_count = count < WATCH_STAGES_MAX ? count : WATCH_STAGES_MAX;
    for (size_t i = 0; i < live->stage_count; i++) {
        note_stage(live, i, value_at(stages, i));
    }
}

static bool is_end(const char *kind)
{
    static const char *const ends[] = {"job.completed", "job.failed", "job.cancelled",
                                       "job.interrupted", "job.deleted"};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (strcmp(ends[i], kind) == 0) {
            return true;
        }
    }
    return false;
}

static void note_end(struct watch *watch, struct watch_job *job)
{
    if (job->state == WATCH_ENDING) {
        return;
    }
    watch->active -= job->state == WATCH_ACTIVE;
    job->state = WATCH_ENDING;
    if (watch->ending_count < WATCH_ENDING_MAX) {
        watch->ending[watch->ending_count++] = (uint32_t)(job - watch->jobs);
    } else {
        watch->ask_all = true;
    }
}

/* What keeps all jobs waiting, not one of them. */
static bool is_hindrance(const char *kind)
{
    static const char *const hindrances[] = {"class.throttled", "store.full", "memory.critical",
                                             "memory.over"};

    for (size_t i = 0; i < ARRAY_LEN(hindrances); i++) {
        if (strcmp(hindrances[i], kind) == 0) {
            return true;
        }
    }
    return false;
}

/* Said once each, so that nobody looks at a bar that stands still and wonders. */
static void note_hindrance(struct watch *watch, struct value text)
{
    char why[ERROR_MESSAGE_BYTES];

    format_text(text, why, sizeof(why));
    if (strcmp(watch->hindrance, why) != 0) {
        snprintf(watch->hindrance, sizeof(watch->hindrance), "%s", why);
        output_note("work waits: %s", why);
    }
}

static void note_event(void *user, struct value event)
{
    struct watch *watch = user;
    struct watch_job *job;
    char kind[32];
    char id[UUID_TEXT_BYTES];

    format_text(value_get(event, "kind"), kind, sizeof(kind));
    if (strcmp(kind, "events.lost") == 0) {
        watch->ask_all = true;
        return;
    }
    if (is_hindrance(kind)) {
        note_hindrance(watch, value_get(event, "text"));
        return;
    }
    format_text(value_get(event, "job_id"), id, sizeof(id));
    job = find(watch, id);
    if (!job || job->state == WATCH_ENDED) {
        return;
    }
    if (strcmp(kind, "job.progress") == 0) {
        note_progress(watch, job, value_get(event, "data"));
    } else if (is_end(kind)) {
        note_end(watch, job);
    }
}

enum ctl_exit watch_subscribe(struct watch *watch)
{
    struct reply reply;
    enum ctl_exit code;

    client_set_events(watch->session->client, note_event, watch);
    client_begin(watch->session->client, MESSAGE_SUBSCRIBE);
    code = session_call(watch->session, CLIENT_TIMEOUT_MS, &reply, "events", NULL);
    if (code == CTL_EXIT_OK) {
        reply_deinit(&reply);
    }
    return code;
}

/* --- ends --- */

/* An interrupted job goes on by itself, unless an event has just told that it was interrupted. */
static bool has_ended(const struct watch_job *job, struct value status)
{
    if (value_str_equal(status, "interrupted")) {
        return job->state == WATCH_ENDING;
    }
    return !value_str_equal(status, "pending") && !value_str_equal(status, "processing");
}

static void end_job(struct watch *watch, struct watch_job *job, struct value reply)
{
    char status[24];
    char code[65];

    watch->active -= job->state == WATCH_ACTIVE;
    job->state = WATCH_ENDED;
    job->exit = job_view_exit(reply);
    job->pages = value_uint(value_get(reply, "pages"), 0);
    job->pages_failed = value_uint(value_get(reply, "pages_failed_count"), 0);
    job->wall_ms = value_uint(value_get(reply, "wall_ms"), 0);
    job->chunks = value_uint(value_get(value_get(reply, "counts"), "chunks"), 0);
    format_text(value_get(reply, "document_id"), job->document, sizeof(job->document));
    format_text(value_get(reply, "status"), status, sizeof(status));
    format_text(value_get(value_get(reply, "error"), "code"), code, sizeof(code));
    snprintf(job->outcome, sizeof(job->outcome), "%s%s%s", status, code[0] ? ": " : "", code);
    watch->ended++;
    watch->failed += job->exit == CTL_EXIT_FAILED;
    watch->pages_ended += job->pages;
    watch->chunks_ended += job->chunks;
    if (watch->job_ended) {
        watch->job_ended(watch->user, watch, job, reply);
    }
    free(job->live);
    job->live = NULL;
}

/* It is not there any more: somebody deleted it. */
static void end_deleted(struct watch *watch, struct watch_job *job)
{
    const struct value nothing = {NULL};

    end_job(watch, job, nothing);
    snprintf(job->outcome, sizeof(job->outcome), "deleted");
}

/* Asks how a job is; takes its end when it has ended. */
static enum ctl_exit look_at(struct watch *watch, struct watch_job *job)
{
    struct client *client = watch->session->client;
    struct error err = ERROR_INIT;
    struct reply reply;

    message_put_str(client_begin(client, MESSAGE_JOB), FIELD_JOB, job->id);
    if (client_call(client, CLIENT_TIMEOUT_MS, &reply, &err) < 0) {
        if (strcmp(client_refusal(client), "not_found") == 0) {
            end_deleted(watch, job);
            return CTL_EXIT_OK;
        }
        return session_fail(watch->session, &err, "job", job->id);
    }
    if (has_ended(job, value_get(reply.data, "status"))) {
        end_job(watch, job, reply.data);
    } else if (job->state == WATCH_ENDING) {
        job->state = WATCH_WAITING; /* it goes on: somebody resumed it */
    }
    reply_deinit(&reply);
    return CTL_EXIT_OK;
}

/* Those of which an event told, or all that are open. */
static enum ctl_exit look_at_jobs(struct watch *watch, bool all)
{
    enum ctl_exit code = CTL_EXIT_OK;

    for (size_t i = 0; all && i < watch->count && code == CTL_EXIT_OK; i++) {
        if (watch->jobs[i].state != WATCH_ENDED) {
            code = look_at(watch, &watch->jobs[i]);
        }
    }
    while (watch->ending_count > 0 && code == CTL_EXIT_OK) {
        struct watch_job *job = &watch->jobs[watch->ending[--watch->ending_count]];

        if (job->state == WATCH_ENDING) {
            code = look_at(watch, job);
        }
    }
    return code;
}

enum ctl_exit watch_run(struct watch *watch, uint64_t timeout_ms)
{
    uint64_t deadline_ms = timeout_ms ? clock_monotonic_ms() + timeout_ms : UINT64_MAX;
    uint64_t heard_ms = clock_monotonic_ms();
    enum ctl_exit code = CTL_EXIT_OK;

    while (code == CTL_EXIT_OK && watch->ended < watch->count) {
        struct error err = ERROR_INIT;
        int told = client_wait(watch->session->client, TICK_MS, &err);
        uint64_t now_ms = clock_monotonic_ms();
        bool all = watch->ask_all || now_ms - heard_ms > SILENCE_MS;

        if (told < 0) {
            return session_fail(watch->session, &err, "waiting for the work", NULL);
        }
        heard_ms = told > 0 || all ? now_ms : heard_ms;
        watch->ask_all = false;
        code = look_at_jobs(watch, all);
        if (watch->show) {
            watch->show(watch->user, watch);
        }
        if (watch->session->daemon) {
            daemon_trim_log(watch->session->daemon);
        }
        if (code == CTL_EXIT_OK && watch->ended < watch->count && now_ms > deadline_ms) {
            return output_fail(CTL_EXIT_FAILED, NULL, "give it more with --timeout",
                               "the time is over and %zu of %zu jobs are not at their end",
                               watch->count - watch->ended, watch->count);
        }
    }
    return code;
}
