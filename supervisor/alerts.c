/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Alerts: conditions that hold until they are cleared, each said once.
 *
 * Diagnostics: a warning and an event when one begins; STATUS lists those that hold.
 */
#include "supervisor/alerts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/schedule.h"
#include "supervisor/supervisor.h"

#define DISK_RETRY_MS 2000

static bool is_same(const struct alert *alert, const char *kind, const char *about)
{
    return alert->kind && strcmp(alert->kind, kind) == 0 && strcmp(alert->about, about) == 0;
}

void alerts_raise(struct supervisor *supervisor, const char *kind, const char *about,
                  const char *fmt, ...)
{
    struct alert *alert = NULL;
    for (size_t i = 0; i < ALERTS_MAX; i++) {
        struct alert *row = &supervisor->alerts[i];
        if (is_same(row, kind, about)) {
            return; /* said already */
        }
        alert = row->kind || alert ? alert : row;
    }
    char text[ERROR_MESSAGE_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    log_warning("%s: %s", kind, text);
    events_emit(supervisor->events, kind, NULL, NULL, "%s", text);
    if (alert) {
        alert->kind = kind;
        alert->about = about;
        alert->since_ms = clock_wall_ms();
        snprintf(alert->text, sizeof(alert->text), "%s", text);
    }
}

void alerts_reword(struct supervisor *supervisor, const char *kind, const char *about,
                   const char *fmt, ...)
{
    for (size_t i = 0; i < ALERTS_MAX; i++) {
        struct alert *alert = &supervisor->alerts[i];
        if (is_same(alert, kind, about)) {
            va_list ap;
            va_start(ap, fmt);
            vsnprintf(alert->text, sizeof(alert->text), fmt, ap);
            va_end(ap);
        }
    }
}

void alerts_clear(struct supervisor *supervisor, const char *kind, const char *about)
{
    for (size_t i = 0; i < ALERTS_MAX; i++) {
        struct alert *alert = &supervisor->alerts[i];
        if (is_same(alert, kind, about)) {
            alert->kind = NULL;
        }
    }
}

static void on_disk_timer(uv_timer_t *timer)
{
    struct supervisor *supervisor = timer->data;
    supervisor->disk_full = false; /* if it still is, the next unit will say so */
    alerts_clear(supervisor, "store.full", "");
    events_emit(supervisor->events, "store.recovered", NULL, NULL,
                "trying again after a full disk");
    schedule_run(supervisor);
}

void alerts_disk_full(struct supervisor *supervisor, const char *text)
{
    alerts_raise(supervisor, "store.full", "",
                 "no room on the disk (%s): jobs pause until there is", text);
    supervisor->disk_full = true;
    uv_timer_start(&supervisor->disk_timer, on_disk_timer, DISK_RETRY_MS, 0);
}

void alerts_store_health(void *user, bool healthy, const char *text)
{
    struct supervisor *supervisor = user;
    if (!supervisor->events) {
        return; /* still starting: store_open's own error says it */
    }
    if (healthy) {
        alerts_clear(supervisor, "store.full", "");
        events_emit(supervisor->events, "store.recovered", NULL, NULL,
                    "state.db can be written again");
        schedule_run(supervisor);
    } else {
        alerts_raise(supervisor, "store.full", "",
                     "state.db: %s: no new work until it can be written", text);
    }
}
