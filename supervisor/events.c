/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Events.
 *
 * Invariants: sequences rise by one and never repeat over restarts (state.db knows the last); the
 * ring holds RING events at most, each of at most ERROR_MESSAGE_BYTES of text.
 *
 * Blocks: never. Diagnostics: each event that is kept is an info line.
 */
#include "supervisor/events.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"

#define RING 256
#define DATA_MAX_BYTES 2048

struct kept {
    struct event event;
    char text[ERROR_MESSAGE_BYTES];
    uint8_t *data; /* owned */
};

struct events {
    struct store *store;
    LIST_HEAD(, event_listener) listeners;
    uint64_t sequence;
    struct kept ring[RING];
};

struct events *events_create(struct store *store)
{
    struct events *events = calloc(1, sizeof(*events));
    if (events) {
        events->store = store;
        events->sequence = store_last_sequence(store);
        LIST_INIT(&events->listeners);
    }
    return events;
}

void events_destroy(struct events *events)
{
    if (!events) {
        return;
    }
    for (size_t i = 0; i < RING; i++) {
        free(events->ring[i].data);
    }
    free(events);
}

static void tell(struct events *events, const struct event *event)
{
    struct event_listener *listener;
    struct event_listener *next;
    for (listener = LIST_FIRST(&events->listeners); listener; listener = next) {
        next = LIST_NEXT(listener, link);
        listener->event(listener, event);
    }
}

static void keep(struct events *events, const struct event *event)
{
    struct kept *kept = &events->ring[event->sequence % RING];
    free(kept->data);
    kept->data = NULL;
    kept->event = *event;
    snprintf(kept->text, sizeof(kept->text), "%s", event->text);
    kept->event.text = kept->text;
    kept->event.data = NULL;
    kept->event.data_bytes = 0;
    if (event->data_bytes > 0 && event->data_bytes <= DATA_MAX_BYTES) {
        kept->data = malloc(event->data_bytes);
        if (kept->data) {
            memcpy(kept->data, event->data, event->data_bytes);
            kept->event.data = kept->data;
            kept->event.data_bytes = event->data_bytes;
        }
    }
}

void events_emit(struct events *events, const char *kind, const struct uuid *job,
                 const struct buf *data, const char *fmt, ...)
{
    char text[ERROR_MESSAGE_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct event event = {.sequence = ++events->sequence,
                          .time_ms = clock_wall_ms(),
                          .kind = kind,
                          .has_job = job != NULL,
                          .text = text,
                          .data = data ? data->data : NULL,
                          .data_bytes = data ? data->size : 0};
    char id[UUID_TEXT_BYTES] = "";
    if (job) {
        event.job = *job;
        uuid_format(job, id);
    }
    log_info("%s%s%s: %s", kind, job ? " " : "", id, text);
    keep(events, &event);
    store_event_put(events->store, event.sequence, event.time_ms, kind, job, text, event.data,
                    event.data_bytes);
    tell(events, &event);
}

void events_emit_live(struct events *events, const char *kind, const struct uuid *job,
                      const struct buf *data)
{
    struct event event = {.sequence = events->sequence,
                          .time_ms = clock_wall_ms(),
                          .kind = kind,
                          .has_job = true,
                          .job = *job,
                          .text = "",
                          .data = data->data,
                          .data_bytes = data->size};
    tell(events, &event);
}

void events_listen(struct events *events, struct event_listener *listener)
{
    LIST_INSERT_HEAD(&events->listeners, listener, link);
}

void events_unlisten(struct event_listener *listener)
{
    LIST_REMOVE(listener, link);
}

bool events_heard(const struct events *events)
{
    return !LIST_EMPTY(&events->listeners);
}

const struct event *events_after(const struct events *events, uint64_t sequence)
{
    uint64_t oldest = events->sequence > RING ? events->sequence - RING + 1 : 1;
    uint64_t next = sequence + 1 > oldest ? sequence + 1 : oldest;
    for (; next <= events->sequence; next++) {
        const struct event *event = &events->ring[next % RING].event;
        if (event->sequence == next) { /* else it is from before this start */
            return event;
        }
    }
    return NULL;
}

uint64_t events_sequence(const struct events *events)
{
    return events->sequence;
}

void event_pack(const struct event *event, struct pack *pack)
{
    char time[CLOCK_RFC3339_BYTES];
    char id[UUID_TEXT_BYTES];
    clock_format_rfc3339(event->time_ms, time);
    uuid_format(&event->job, id);
    pack_map(pack, 6);
    pack_key_uint(pack, "sequence", event->sequence);
    pack_key_str(pack, "time", time);
    pack_key_str(pack, "kind", event->kind);
    pack_key_str(pack, "job_id", event->has_job ? id : NULL);
    pack_key_str(pack, "text", event->text);
    pack_str(pack, "data");
    if (event->data) {
        pack_raw(pack, event->data, event->data_bytes);
    } else {
        pack_map(pack, 0);
    }
}
