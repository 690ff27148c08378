/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Clients of the control socket.
 *
 * Invariants: at most settings.clients clients, REQUESTS_MAX unanswered requests each, and
 * client_queue_bytes of unread answers each. A client that breaks the protocol or does not read is
 * closed; none can make another wait. Running out of descriptors closes the newcomer, by a
 * descriptor kept for that, so the loop never spins on accept.
 *
 * Blocks: never. Diagnostics: info for a client that is turned away, with its uid and why.
 */
#include "supervisor/control.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "proto/frame.h"
#include "supervisor/channel.h"
#include "supervisor/supervisor.h"

#define REQUESTS_MAX 128
#define FAREWELL_MS 1000

struct client {
    LIST_ENTRY(client) link;
    struct control *control;
    struct channel *channel;
    uid_t uid;
    LIST_HEAD(, request) requests;
    unsigned request_count;
    char *answer; /* path of the last query's answer */
    bool subscribed, one_job;
    struct uuid job;
    struct event_listener listener;
    uint64_t lost; /* events that did not fit since the last told */
};

struct control {
    struct supervisor *supervisor;
    uv_poll_t poll;
    int fd;
    int spare_fd; /* given up for a moment when there are no others */
    LIST_HEAD(, client) clients;
    unsigned client_count;
    struct buf frame; /* the reply being built */
};

/* --- clients --- */

static void drop_answer(struct client *client)
{
    if (client->answer) {
        unlink(client->answer);
        free(client->answer);
        client->answer = NULL;
    }
}

static void client_close(struct client *client, bool after_writes)
{
    struct request *request;
    while ((request = LIST_FIRST(&client->requests))) {
        LIST_REMOVE(request, link);
        request->client = NULL;
        if (request->query) {
            struct query *query = request->query;
            free(request);
            query_abandon(query);
        }
    }
    if (client->subscribed) {
        events_unlisten(&client->listener);
    }
    drop_answer(client);
    if (after_writes) {
        channel_close_after_writes(client->channel, FAREWELL_MS);
    } else {
        channel_close(client->channel);
    }
    LIST_REMOVE(client, link);
    client->control->client_count--;
    free(client);
}

void client_own_answer(struct client *client, const char *path)
{
    drop_answer(client);
    client->answer = strdup(path);
    if (!client->answer) {
        unlink(path);
    }
}

/* False when the client was closed for not reading. */
static bool client_send(struct client *client, struct message_writer *writer)
{
    struct buf *frame = &client->control->frame;
    struct error err = ERROR_INIT;
    bool sent = message_end(writer, &err) == 0 &&
                channel_send(client->channel, frame->data, frame->size, &err) == 0;
    buf_reset(frame, 16384);
    if (!sent) {
        log_info("a client of uid %u is dropped: %s", (unsigned)client->uid, err.msg);
        client_close(client, false);
    }
    return sent;
}

/* --- requests --- */

static void request_end(struct request *request)
{
    if (request->client) {
        LIST_REMOVE(request, link);
        request->client->request_count--;
    }
    free(request);
}

void request_reply(struct request *request, const void *data, size_t size_bytes)
{
    struct client *client = request->client;
    uint32_t id = request->id;
    request_end(request);
    if (client) {
        struct message_writer writer;
        message_begin(&writer, &client->control->frame, MESSAGE_REPLY, id);
        message_put_raw(&writer, FIELD_DATA, data, size_bytes);
        client_send(client, &writer);
    }
}

void request_error(struct request *request, const char *code, const char *text)
{
    struct client *client = request->client;
    uint32_t id = request->id;
    request_end(request);
    if (client) {
        struct message_writer writer;
        message_begin(&writer, &client->control->frame, MESSAGE_ERROR, id);
        message_put_str(&writer, FIELD_CODE, code);
        message_put_str(&writer, FIELD_TEXT, text);
        client_send(client, &writer);
    }
}

/* The names that PROTOCOL.md gives a client to act upon; whatever else went wrong is ours. */
static const char *wire_code(enum error_code code)
{
    switch (code) {
    case ERROR_INVALID:
    case ERROR_NOT_FOUND:
    case ERROR_EXISTS:
    case ERROR_LIMIT:
    case ERROR_UNSUPPORTED:
    case ERROR_FULL:
        return error_code_name(code);
    case ERROR_NONE:
    case ERROR_SYSTEM:
    case ERROR_MEMORY:
    case ERROR_PROTOCOL:
    case ERROR_CORRUPT:
    case ERROR_CANCELLED:
        break;
    }
    return "internal";
}

void request_fail(struct request *request, const struct error *err)
{
    request_error(request, wire_code(err->code), err->msg);
}

static void refuse(struct client *client, uint32_t id, const char *code, const char *text)
{
    struct message_writer writer;
    message_begin(&writer, &client->control->frame, MESSAGE_ERROR, id);
    message_put_str(&writer, FIELD_CODE, code);
    message_put_str(&writer, FIELD_TEXT, text);
    client_send(client, &writer);
}

static void on_frame(void *user, const uint8_t *body, size_t size_bytes)
{
    struct client *client = user;
    struct error err = ERROR_INIT;
    struct message message;
    if (message_decode(body, size_bytes, DIRECTION_FROM_CLIENT, &message, &err) < 0) {
        log_info("a client of uid %u is turned away: %s", (unsigned)client->uid, err.msg);
        struct message_writer writer;
        message_begin(&writer, &client->control->frame, MESSAGE_ERROR, 0);
        message_put_str(&writer, FIELD_CODE, "invalid");
        message_put_str(&writer, FIELD_TEXT, err.msg);
        if (client_send(client, &writer)) {
            client_close(client, true);
        }
        return;
    }
    struct request *request = NULL;
    if (client->request_count >= REQUESTS_MAX) {
        refuse(client, message.id, "limit", "too many requests are unanswered on this connection");
    } else if (!(request = calloc(1, sizeof(*request)))) {
        refuse(client, message.id, "internal", "no memory");
    } else {
        request->client = client;
        request->supervisor = client->control->supervisor;
        request->id = message.id;
        request->uid = client->uid;
        LIST_INSERT_HEAD(&client->requests, request, link);
        client->request_count++;
        requests_handle(request, &message);
    }
    message_deinit(&message);
}

static void on_ended(void *user, const struct error *err)
{
    struct client *client = user;
    if (err) {
        log_info("a client of uid %u is dropped: %s", (unsigned)client->uid, err->msg);
    }
    client_close(client, false);
}

static const struct channel_ops CHANNEL_OPS = {.frame = on_frame, .ended = on_ended};

/* --- events --- */

static bool send_event(struct client *client, const struct event *event)
{
    struct message_writer writer;
    struct buf data;
    struct pack pack;
    buf_init(&data, 65536);
    pack_init(&pack, &data);
    event_pack(event, &pack);
    message_begin(&writer, &client->control->frame, MESSAGE_EVENT, 0);
    message_put_raw(&writer, FIELD_DATA, data.data, data.size);
    bool alive = client_send(client, &writer);
    buf_deinit(&data);
    return alive;
}

/* Says how many events were left out, when there is room again. */
static bool tell_lost(struct client *client)
{
    struct buf data;
    struct pack pack;
    char text[64];
    buf_init(&data, 256);
    pack_init(&pack, &data);
    pack_map(&pack, 1);
    pack_key_uint(&pack, "count", client->lost);
    snprintf(text, sizeof(text), "%" PRIu64 " events were left out", client->lost);
    client->lost = 0;
    struct event event = {.sequence = events_sequence(client->control->supervisor->events),
                          .kind = "events.lost",
                          .text = text,
                          .data = data.data,
                          .data_bytes = data.size};
    bool alive = send_event(client, &event);
    buf_deinit(&data);
    return alive;
}

/* False when the client was closed. */
static bool tell_event(struct client *client, const struct event *event)
{
    if (client->one_job && (!event->has_job || !uuid_equal(&event->job, &client->job))) {
        return true;
    }
    uint64_t bound = client->control->supervisor->settings.client_queue_bytes / 2;
    if (channel_queued_bytes(client->channel) > bound) {
        client->lost++;
        return true;
    }
    return (client->lost == 0 || tell_lost(client)) && send_event(client, event);
}

static void on_event(struct event_listener *listener, const struct event *event)
{
    (void)tell_event((struct client *)((char *)listener - offsetof(struct client, listener)),
                     event);
}

void client_subscribe(struct client *client, const struct uuid *job)
{
    struct events *events = client->control->supervisor->events;
    client->one_job = job != NULL;
    if (job) {
        client->job = *job;
    }
    if (!client->subscribed) {
        client->subscribed = true;
        client->listener.event = on_event;
        events_listen(events, &client->listener);
    }
}

void client_replay(struct client *client, uint64_t sequence)
{
    const struct events *events = client->control->supervisor->events;
    const struct event *event = events_after(events, sequence);
    while (event && tell_event(client, event)) {
        event = events_after(events, event->sequence);
    }
}

void client_tell_alerts(struct client *client)
{
    const struct supervisor *supervisor = client->control->supervisor;
    for (size_t i = 0; i < ALERTS_MAX; i++) {
        const struct alert *alert = &supervisor->alerts[i];
        const struct event event = {.sequence = events_sequence(supervisor->events),
                                    .time_ms = alert->since_ms,
                                    .kind = alert->kind,
                                    .text = alert->text};
        if (alert->kind && !tell_event(client, &event)) {
            return;
        }
    }
}

bool control_has_client(const struct control *control, const struct client *client)
{
    const struct client *other;
    LIST_FOREACH(other, &control->clients, link)
    {
        if (other == client) {
            return true;
        }
    }
    return false;
}

/* --- the socket --- */

/* Supplementary groups of the peer: the line "Groups:" of its status. */
static bool in_group(pid_t pid, gid_t gid)
{
    char path[64];
    char line[1024];
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    AUTO_FCLOSE FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "Groups:", 7) != 0) {
            continue;
        }
        char *place = line + 7;
        for (char *word = strtok_r(place, " \t\n", &place); word;
             word = strtok_r(NULL, " \t\n", &place)) {
            if (strtoul(word, NULL, 10) == gid) {
                return true;
            }
        }
        return false;
    }
    return false;
}

/* The socket's mode keeps strangers out; a socket handed on by a process that could connect, or a
 * mode that somebody loosened, is caught here. */
static bool may_connect(const struct control *control, const struct ucred *peer)
{
    struct stat status;
    if (peer->uid == 0 || peer->uid == geteuid()) {
        return true;
    }
    if (stat(control->supervisor->settings.socket, &status) < 0) {
        return false;
    }
    return peer->gid == status.st_gid || in_group(peer->pid, status.st_gid);
}

static void client_open(struct control *control, int fd)
{
    const struct settings *settings = &control->supervisor->settings;
    struct error err = ERROR_INIT;
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
        log_info("a client is turned away: its credentials: %s", strerror(errno));
        close(fd);
        return;
    }
    struct client *client = NULL;
    if (!may_connect(control, &peer)) {
        log_warning("a client of uid %u, gid %u is turned away: it is neither root, nor who runs "
                    "ebbd, nor of the socket's group",
                    (unsigned)peer.uid, (unsigned)peer.gid);
        close(fd);
    } else if (control->client_count >= settings->clients) {
        log_info("a client of uid %u is turned away: %u are connected already", (unsigned)peer.uid,
                 control->client_count);
        close(fd);
    } else if (!(client = calloc(1, sizeof(*client)))) {
        close(fd);
    } else {
        const struct channel_limits limits = {.body_max_bytes = 262144,
                                              .queue_max_bytes = settings->client_queue_bytes,
                                              .frame_timeout_ms = settings->frame_timeout_ms};
        client->control = control;
        client->uid = peer.uid;
        LIST_INIT(&client->requests);
        if (channel_open(control->supervisor->loop, fd, &limits, &CHANNEL_OPS, client,
                         &client->channel, &err) < 0) {
            log_info("a client is turned away: %s", err.msg);
            free(client);
            return;
        }
        LIST_INSERT_HEAD(&control->clients, client, link);
        control->client_count++;
    }
}

/* No descriptor left: takes the newcomer with the spare one, only to close it. */
static void turn_away(struct control *control)
{
    close(control->spare_fd);
    int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    }
    control->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    log_warning("a client is turned away: no descriptor is left");
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    struct control *control = poll->data;
    (void)status;
    (void)events;
    for (int accepted = 0; accepted < 16; accepted++) {
        int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            client_open(control, fd);
        } else if (errno == EMFILE || errno == ENFILE) {
            turn_away(control);
            return;
        } else {
            return; /* EAGAIN, or a client that left before it was let in */
        }
    }
}

/* A socket that nobody answers on is left over from an ebbd that was killed. */
static int remove_stale(const char *path, const struct sockaddr_un *address, struct error *err)
{
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return error_set_errno(err, errno, "socket");
    }
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0) {
        return error_set(err, ERROR_EXISTS, "%s: another ebbd answers there", path);
    }
    struct stat status;
    if (lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode)) {
        return error_set(err, ERROR_INVALID, "%s is there already, and it is no socket", path);
    }
    if (unlink(path) < 0 && errno != ENOENT) {
        return error_set_errno(err, errno, "%s", path);
    }
    return 0;
}

static int make_socket(const char *path, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[SETTINGS_PATH_BYTES];
    if (strlen(path) >= sizeof(address.sun_path)) {
        return error_set(err, ERROR_INVALID, "%s: a socket's path has at most %zu bytes", path,
                         sizeof(address.sun_path) - 1);
    }
    memcpy(address.sun_path, path, strlen(path));
    snprintf(folder, sizeof(folder), "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder) {
        *slash = '\0';
        if (file_mkdirs(folder, 0750, err) < 0) {
            return -1;
        }
    }
    if (remove_stale(path, &address, err) < 0) {
        return -1;
    }
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return error_set_errno(err, errno, "socket");
    }
    mode_t before = umask(0117);
    int bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    int bind_errno = errno;
    umask(before);
    if (bound < 0) {
        return error_set_errno(err, bind_errno, "%s", path);
    }
    if (listen(fd, 128) < 0) {
        return error_set_errno(err, errno, "%s", path);
    }
    return TAKE_FD(fd);
}

int control_open(struct supervisor *supervisor, struct control **ret_control, struct error *err)
{
    AUTO_FREE struct control *control = calloc(1, sizeof(*control));
    if (!control) {
        return error_set(err, ERROR_MEMORY, "no memory for the control socket");
    }
    control->supervisor = supervisor;
    LIST_INIT(&control->clients);
    buf_init(&control->frame, FRAME_BODY_MAX_BYTES + FRAME_HEADER_BYTES);
    control->fd = make_socket(supervisor->settings.socket, err);
    if (control->fd < 0) {
        return error_wrap(err, "control socket");
    }
    control->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int failed = uv_poll_init(supervisor->loop, &control->poll, control->fd);
    control->poll.data = control;
    if (failed == 0) {
        failed = uv_poll_start(&control->poll, UV_READABLE, on_connection);
    }
    if (failed != 0) {
        return error_set(err, ERROR_SYSTEM, "control socket: %s", uv_strerror(failed));
    }
    *ret_control = TAKE_PTR(control);
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct control *control = handle->data;
    close(control->fd);
    close(control->spare_fd);
    buf_deinit(&control->frame);
    free(control);
}

void control_close(struct control *control)
{
    if (!control) {
        return;
    }
    struct client *client;
    while ((client = LIST_FIRST(&control->clients))) {
        client_close(client, true);
    }
    unlink(control->supervisor->settings.socket);
    uv_close((uv_handle_t *)&control->poll, on_closed);
}

unsigned control_client_count(const struct control *control)
{
    return control->client_count;
}
