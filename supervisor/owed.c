/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The rounds in which owed vectors are looked for and made.
 *
 * Invariants: one round at a time; a round that fails anywhere is followed by another, later;
 * whatever is known to be owed has an alert until the library says that nothing is.
 *
 * Blocks: an unlink of a fresh file. Diagnostics: events embedding.owed (an alert, with a warning)
 * and embedding.settled; info why a round came to nothing.
 */
#include "supervisor/owed.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "supervisor/alerts.h"
#include "supervisor/schedule.h"
#include "supervisor/submit.h"
#include "supervisor/supervisor.h"

#define ALERT "embedding.owed"
#define OWED_TEXT "%" PRIu64 " chunks have no vector: found by words alone until one can be made"

static void on_round(uv_timer_t *timer);

static void wait_for_round(struct supervisor *supervisor, uint64_t delay_ms)
{
    struct owed *owed = &supervisor->owed;
    owed->state = OWED_WAITING;
    if (!supervisor->draining) {
        uv_timer_start(&owed->timer, on_round, delay_ms, 0);
    }
}

static void wait_longer(struct supervisor *supervisor)
{
    struct owed *owed = &supervisor->owed;
    uint64_t delay_ms = owed->delay_ms;
    owed->delay_ms = delay_ms * 2 < supervisor->settings.embedding_max_ms
                         ? delay_ms * 2
                         : supervisor->settings.embedding_max_ms;
    wait_for_round(supervisor, delay_ms);
}

static void tell_owed(struct supervisor *supervisor, uint64_t chunks)
{
    if (supervisor->owed.known) {
        alerts_reword(supervisor, ALERT, "", OWED_TEXT, chunks);
    } else {
        alerts_raise(supervisor, ALERT, "", OWED_TEXT, chunks);
        supervisor->owed.known = true;
    }
}

static void settle(struct supervisor *supervisor)
{
    struct owed *owed = &supervisor->owed;
    if (owed->known) {
        alerts_clear(supervisor, ALERT, "");
        events_emit(supervisor->events, "embedding.settled", NULL, NULL, "no vector is owed");
    }
    owed->known = false;
    owed->state = OWED_NOTHING;
    owed->delay_ms = supervisor->settings.embedding_first_ms;
}

static void on_submitted(void *user, const struct error *err)
{
    struct supervisor *supervisor = user;
    struct owed *owed = &supervisor->owed;
    if (owed->state != OWED_ASKING) {
        return; /* it has ended already */
    }
    if (!err || err->code == ERROR_EXISTS) {
        /* Or somebody else's, which does the same. One that goes before its work began does not
         * say so: it is looked again, however long this takes. */
        wait_for_round(supervisor, supervisor->settings.embedding_max_ms);
        owed->state = OWED_EMBEDDING;
        intake_take(supervisor);
    } else {
        log_info("owed vectors: no job: %s", err->msg);
        wait_longer(supervisor);
    }
}

static void submit(struct supervisor *supervisor)
{
    struct error err = ERROR_INIT;
    struct uuid id;
    if (submit_owed(supervisor, &id, on_submitted, supervisor, &err) < 0) {
        on_submitted(supervisor, &err);
    }
}

static void on_missing(void *user, const struct error *err, const char *code, const char *path,
                       uint64_t bytes, const struct message *done)
{
    struct supervisor *supervisor = user;
    (void)code;
    (void)bytes;
    supervisor->owed.query = NULL;
    if (err) {
        log_info("owed vectors: the library does not say what lacks one: %s", err->msg);
        wait_longer(supervisor);
        return;
    }
    unlink(path);
    uint64_t chunks = value_uint(value_get(done->fields[FIELD_COUNTS], OWED_COUNT), 0);
    if (chunks == 0) {
        settle(supervisor);
        return;
    }
    tell_owed(supervisor, chunks);
    submit(supervisor);
}

static void on_round(uv_timer_t *timer)
{
    struct supervisor *supervisor = timer->data;
    struct owed *owed = &supervisor->owed;
    struct error err = ERROR_INIT;
    owed->state = OWED_ASKING;
    owed->query =
        query_ask_about(supervisor, "missing", "owed", "yes", on_missing, supervisor, &err);
    if (!owed->query) {
        log_info("owed vectors: %s", err.msg);
        wait_longer(supervisor);
        return;
    }
    schedule_run(supervisor);
}

void owed_start(struct supervisor *supervisor)
{
    struct owed *owed = &supervisor->owed;
    uv_timer_init(supervisor->loop, &owed->timer);
    owed->timer.data = supervisor;
    owed->delay_ms = supervisor->settings.embedding_first_ms;
    wait_for_round(supervisor, owed->delay_ms);
}

void owed_look(struct supervisor *supervisor)
{
    struct owed *owed = &supervisor->owed;
    if (owed->state == OWED_NOTHING || owed->state == OWED_WAITING) {
        owed->delay_ms = supervisor->settings.embedding_first_ms;
        wait_for_round(supervisor, owed->delay_ms);
    }
}

void owed_stop(struct supervisor *supervisor)
{
    struct owed *owed = &supervisor->owed;
    if (owed->query) {
        query_abandon(owed->query);
        owed->query = NULL;
    }
    owed->state = OWED_NOTHING;
    uv_close((uv_handle_t *)&owed->timer, NULL);
}

void owed_doubt(struct supervisor *supervisor)
{
    if (supervisor->owed.state == OWED_NOTHING) {
        wait_for_round(supervisor, supervisor->owed.delay_ms);
    }
}

void owed_note(struct supervisor *supervisor, uint64_t chunks)
{
    if (chunks == 0) {
        return;
    }
    if (!supervisor->owed.known) {
        tell_owed(supervisor, chunks);
    }
    owed_doubt(supervisor);
}

void owed_job_ended(struct supervisor *supervisor, const struct job *job)
{
    struct owed *owed = &supervisor->owed;
    bool ours = owed->state == OWED_ASKING || owed->state == OWED_EMBEDDING;
    if (job->kind != JOB_KIND_REEMBED || (owed->state == OWED_ASKING && owed->query)) {
        return;
    }
    if (job->end_status == JOB_STATUS_COMPLETED && job->without_vector == 0) {
        owed->delay_ms = supervisor->settings.embedding_first_ms;
        wait_for_round(supervisor, 0); /* the library has the last word */
    } else if (ours) {
        wait_longer(supervisor);
    }
}
