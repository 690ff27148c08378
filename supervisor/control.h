/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The control socket: who may connect, what each client has asked and not been answered, and how
 * much of it. What the requests do is requests.c's business.
 */
#ifndef EBB_SUPERVISOR_CONTROL_H
#define EBB_SUPERVISOR_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/error.h"
#include "proto/message.h"
#include "supervisor/events.h"

struct supervisor;
struct control;
struct query;
struct client;

/* Makes the socket (0660) and listens. ERROR_EXISTS when somebody answers on it already. */
int control_open(struct supervisor *supervisor, struct control **ret_control, struct error *err);
/* Closes all clients and the socket, and removes it. NULL is a no-op. */
void control_close(struct control *control);
unsigned control_client_count(const struct control *control);

/* A request that is not answered yet. It outlives its client, whose answer nobody wants then. */
struct request {
    LIST_ENTRY(request) link;
    struct client *client; /* NULL when it has gone */
    struct supervisor *supervisor;
    uint32_t id;
    uid_t uid;
    struct uuid job;
    struct query *query;
};

/* Each answers once and frees the request. */
void request_reply(struct request *request, const void *data, size_t size_bytes);
void request_error(struct request *request, const char *code, const char *text);
void request_fail(struct request *request, const struct error *err);
/* {job_id, status} of request->job. */
void request_job_status(struct request *request, const char *status);

/* The answer file lives until the client's next query or its end. */
void client_own_answer(struct client *client, const char *path);
/* From now on it gets events; of job only, when not NULL. */
void client_subscribe(struct client *client, const struct uuid *job);
/* The alerts that hold, as the events that told them: a newcomer has missed those. */
void client_tell_alerts(struct client *client);
/* Those later than sequence that are still kept. */
void client_replay(struct client *client, uint64_t sequence);
/* False when the client has been closed (an answer that it did not read). */
bool control_has_client(const struct control *control, const struct client *client);

/* requests.c: begins to answer. */
void requests_handle(struct request *request, const struct message *message);

#endif
