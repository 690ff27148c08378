/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One connection to a control socket: requests, their replies, and the events in between.
 * Source: PROTOCOL.md, "Control".
 *
 * The daemon is not trusted to be well: nothing here waits for ever, and whatever it sends that
 * PROTOCOL.md does not allow ends the connection with an error.
 */
#ifndef EBB_CTL_CLIENT_H
#define EBB_CTL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "proto/message.h"

#define CLIENT_TIMEOUT_MS 10000U
/* Requests that may be sent before their replies have come. */
#define CLIENT_UNANSWERED_MAX 32U

struct client;

/* Of one request. An ERROR is a reply too: refused is set, and code and text say what it said. */
struct reply {
    uint32_t id;
    bool refused;
    char code[MESSAGE_CODE_BYTES]; /* PROTOCOL.md's stable name; "" when not refused */
    struct error err;              /* the refusal as an error; its text is the daemon's */
    struct value data;             /* borrowed from the reply */
    struct message message;
    uint8_t *body;
};

void reply_deinit(struct reply *reply);

/* ERROR_NOT_FOUND: nobody listens there. ERROR_SYSTEM with EACCES: somebody may, but not to us. */
int client_connect(const char *path, struct client **ret_client, struct error *err);
void client_destroy(struct client *client);

/* event: borrowed until it returns; it must not call the client. */
typedef void (*client_event_cb)(void *user, struct value event);
void client_set_events(struct client *client, client_event_cb event, void *user);
/* While fd is readable nothing is waited for: ERROR_CANCELLED. -1 for none. */
void client_set_interrupt(struct client *client, int fd);

/* A request: begin, put its fields into the writer, send. At most CLIENT_UNANSWERED_MAX are
 * unanswered at a time (more is a mistake of the caller's). */
struct message_writer *client_begin(struct client *client, enum message_type type);
int client_send(struct client *client, uint32_t *ret_id, struct error *err);
/* The next reply, whichever request it belongs to; events that come before it are told. */
int client_receive(struct client *client, uint64_t timeout_ms, struct reply *ret_reply,
                   struct error *err);
unsigned client_unanswered(const struct client *client);

/* Sends what was begun and takes its reply; replies to earlier requests are dropped. A refusal is
 * -1 with the reply's err; client_refusal says its code. */
int client_call(struct client *client, uint64_t timeout_ms, struct reply *ret_reply,
                struct error *err);
/* The code of the last refusal that client_call returned; "" where there was none. */
const char *client_refusal(const struct client *client);

/* Waits for events alone. 1: some were told; 0: none in that time. A reply that nobody asked for
 * is an error. */
int client_wait(struct client *client, uint64_t timeout_ms, struct error *err);

/* True once the connection is of no more use: closed, garbled or too slow. */
bool client_lost(const struct client *client);
/* True when that was because it spoke against PROTOCOL.md. */
bool client_garbled(const struct client *client);

#endif
