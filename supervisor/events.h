/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What happened, numbered: told to who listens, kept in a short ring for late listeners and in
 * state.db for history. Source: PROTOCOL.md, "Control".
 */
#ifndef EBB_SUPERVISOR_EVENTS_H
#define EBB_SUPERVISOR_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/buf.h"
#include "common/uuid.h"
#include "proto/value.h"
#include "supervisor/store.h"

struct event {
    uint64_t sequence;
    uint64_t time_ms; /* wall clock */
    const char *kind; /* static */
    bool has_job;
    struct uuid job;
    const char *text;
    const uint8_t *data; /* msgpack, or NULL */
    size_t data_bytes;
};

struct event_listener {
    LIST_ENTRY(event_listener) link;
    void (*event)(struct event_listener *listener, const struct event *event);
};

struct events;

struct events *events_create(struct store *store); /* NULL when out of memory */
void events_destroy(struct events *events);

/* kind: static storage. job and data may be NULL; data is msgpack. */
void events_emit(struct events *events, const char *kind, const struct uuid *job,
                 const struct buf *data, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* For those who listen now; neither numbered anew nor kept. */
void events_emit_live(struct events *events, const char *kind, const struct uuid *job,
                      const struct buf *data);

void events_listen(struct events *events, struct event_listener *listener);
void events_unlisten(struct event_listener *listener);
bool events_heard(const struct events *events); /* somebody listens */
/* The first one still in the ring that is later than sequence; NULL when there is none. */
const struct event *events_after(const struct events *events, uint64_t sequence);
uint64_t events_sequence(const struct events *events); /* of the last one */

/* The map of an event. */
void event_pack(const struct event *event, struct pack *pack);

#endif
