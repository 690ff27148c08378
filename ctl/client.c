/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One connection to a control socket.
 *
 * Invariants: the descriptor is non-blocking; every wait has a deadline and ends early when the
 * interrupt descriptor becomes readable (the connection stays usable then). After any other
 * failure the connection is lost and every further call fails at once. A reply's id is one that is
 * unanswered. Blocks in poll(2) only. Nothing is logged.
 */
#include "ctl/client.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"

#define READ_BYTES 65536U
#define REQUEST_BYTES_MAX (FRAME_HEADER_BYTES + FRAME_BODY_MAX_BYTES)
/* The caller gets a turn after so many. */
#define EVENTS_AT_ONCE 256U
/* A full backlog is tried again this often. */
#define CONNECT_RETRY_MS 20

struct client {
    int fd;
    int interrupt_fd;
    bool lost;
    bool garbled;
    struct frame_reader reader;
    struct buf request; /* the frame being written */
    struct message_writer writer;
    uint32_t next_id;
    uint32_t unanswered[CLIENT_UNANSWERED_MAX];
    unsigned unanswered_count;
    char refusal[MESSAGE_CODE_BYTES];
    client_event_cb event;
    void *event_user;
};

static int connect_to(int fd, const struct sockaddr_un *address, struct error *err)
{
    uint64_t deadline_ms = clock_monotonic_ms() + CLIENT_TIMEOUT_MS;

    while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
        if (errno == EAGAIN && clock_monotonic_ms() < deadline_ms) {
            poll(NULL, 0, CONNECT_RETRY_MS);
        } else if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
            return error_set(err, ERROR_NOT_FOUND, "nobody answers at %s", address->sun_path);
        } else if (errno != EINTR) {
            return error_set_errno(err, errno, "connecting to %s", address->sun_path);
        }
    }
    return 0;
}

int client_connect(const char *path, struct client **ret_client, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct client *client;
    AUTO_CLOSE int fd = -1;

    if (strlen(path) >= sizeof(address.sun_path)) {
        return error_set(err, ERROR_INVALID, "the path of a socket has at most %zu bytes",
                         sizeof(address.sun_path) - 1);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return error_set_errno(err, errno, "making a socket");
    }
    if (connect_to(fd, &address, err) < 0) {
        return -1;
    }
    client = calloc(1, sizeof(*client));
    if (!client) {
        return error_set(err, ERROR_MEMORY, "out of memory");
    }
    client->fd = TAKE_FD(fd);
    client->interrupt_fd = -1;
    client->next_id = 1;
    frame_reader_init(&client->reader, FRAME_BODY_MAX_BYTES);
    buf_init(&client->request, REQUEST_BYTES_MAX);
    *ret_client = client;
    return 0;
}

void client_destroy(struct client *client)
{
    if (client) {
        close(client->fd);
        frame_reader_deinit(&client->reader);
        buf_deinit(&client->request);
        free(client);
    }
}

void client_set_events(struct client *client, client_event_cb event, void *user)
{
    client->event = event;
    client->event_user = user;
}

void client_set_interrupt(struct client *client, int fd)
{
    client->interrupt_fd = fd;
}

bool client_lost(const struct client *client)
{
    return client->lost;
}

bool client_garbled(const struct client *client)
{
    return client->garbled;
}

unsigned client_unanswered(const struct client *client)
{
    return client->unanswered_count;
}

const char *client_refusal(const struct client *client)
{
    return client->refusal;
}

static int lose(struct client *client)
{
    client->lost = true;
    return -1;
}

static int lose_garbled(struct client *client, struct error *err)
{
    client->garbled = true;
    error_wrap(err, "the daemon and ebb do not understand each other");
    return lose(client);
}

/* 1: the socket is ready for events; 0: the deadline has passed; -1: interrupted or failed. */
static int wait_for(struct client *client, short events, uint64_t deadline_ms, struct error *err)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = client->fd, .events = events},
                                {.fd = client->interrupt_fd, .events = POLLIN}};
        uint64_t now_ms = clock_monotonic_ms();
        uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
        int ready = poll(fds, 2, left_ms > 60000 ? 60000 : (int)left_ms);

        if (ready < 0 && errno != EINTR) {
            error_set_errno(err, errno, "waiting for the daemon");
            return lose(client);
        }
        if (ready > 0 && fds[1].revents) {
            return error_set(err, ERROR_CANCELLED, "interrupted");
        }
        if (ready > 0) {
            return 1;
        }
        if (clock_monotonic_ms() >= deadline_ms) {
            return 0;
        }
    }
}

struct message_writer *client_begin(struct client *client, enum message_type type)
{
    buf_reset(&client->request, READ_BYTES);
    message_begin(&client->writer, &client->request, type, client->next_id);
    return &client->writer;
}

static int write_request(struct client *client, struct error *err)
{
    uint64_t deadline_ms = clock_monotonic_ms() + CLIENT_TIMEOUT_MS;
    size_t done_bytes = 0;

    while (done_bytes < client->request.size) {
        ssize_t sent = send(client->fd, client->request.data + done_bytes,
                            client->request.size - done_bytes, MSG_NOSIGNAL);
        int ready;

        if (sent >= 0) {
            done_bytes += (size_t)sent;
            continue;
        }
        if (errno == EINTR) {
            continue;
        }
        if (errno != EAGAIN) {
            error_set_errno(err, errno, "the daemon has gone");
            return lose(client);
        }
        ready = wait_for(client, POLLOUT, deadline_ms, err);
        if (ready <= 0) {
            /* Half a request is on its way: nothing can follow it. */
            return ready == 0
                       ? (error_set(err, ERROR_LIMIT, "the daemon takes no request"), lose(client))
                       : lose(client);
        }
    }
    return 0;
}

int client_send(struct client *client, uint32_t *ret_id, struct error *err)
{
    uint32_t id = client->next_id;

    assert(client->unanswered_count < CLIENT_UNANSWERED_MAX);
    if (client->lost) {
        return error_set(err, ERROR_NOT_FOUND, "the connection to the daemon is lost");
    }
    if (message_end(&client->writer, err) < 0 || write_request(client, err) < 0) {
        return -1;
    }
    client->next_id = id == UINT32_MAX ? 1 : id + 1;
    client->unanswered[client->unanswered_count++] = id;
    if (ret_id) {
        *ret_id = id;
    }
    return 0;
}

/* 1: ret_body borrows the next frame; 0: none came until the deadline. */
static int next_frame(struct client *client, uint64_t deadline_ms, const uint8_t **ret_body,
                      size_t *ret_size_bytes, struct error *err)
{
    uint8_t data[READ_BYTES];

    if (client->lost) {
        return error_set(err, ERROR_NOT_FOUND, "the connection to the daemon is lost");
    }
    for (;;) {
        int status = frame_reader_next(&client->reader, ret_body, ret_size_bytes, err);
        ssize_t got;

        if (status != 0) {
            return status > 0 ? 1 : lose_garbled(client, err);
        }
        status = wait_for(client, POLLIN, deadline_ms, err);
        if (status <= 0) {
            return status;
        }
        got = recv(client->fd, data, sizeof(data), 0);
        if (got > 0) {
            if (frame_reader_feed(&client->reader, data, (size_t)got, err) < 0) {
                return lose_garbled(client, err);
            }
        } else if (got == 0) {
            error_set(err, ERROR_NOT_FOUND, "the daemon closed the connection");
            return lose(client);
        } else if (errno != EINTR && errno != EAGAIN) {
            error_set_errno(err, errno, "the daemon has gone");
            return lose(client);
        }
    }
}

/* Takes id out of those that are unanswered. */
static bool answer(struct client *client, uint32_t id)
{
    for (unsigned i = 0; i < client->unanswered_count; i++) {
        if (client->unanswered[i] == id) {
            client->unanswered[i] = client->unanswered[--client->unanswered_count];
            return true;
        }
    }
    return false;
}

/* PROTOCOL.md's code as one of ours. */
static enum error_code refusal_code(const char *code)
{
    static const struct {
        const char *name;
        enum error_code code;
    } known[] = {
        {"not_found", ERROR_NOT_FOUND}, {"invalid", ERROR_INVALID},
        {"exists", ERROR_EXISTS},       {"limit", ERROR_LIMIT},
        {"full", ERROR_FULL},           {"unsupported", ERROR_UNSUPPORTED},
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(known[i].name, code) == 0) {
            return known[i].code;
        }
    }
    return ERROR_INVALID; /* draining, failed, internal: the text says it all */
}

void reply_deinit(struct reply *reply)
{
    message_deinit(&reply->message);
    free(reply->body);
    memset(reply, 0, sizeof(*reply));
}

/* Makes a reply of the frame's body, which it copies. */
static int take_reply(struct client *client, const uint8_t *body, size_t size_bytes,
                      struct reply *ret_reply, struct error *err)
{
    struct reply reply;

    memset(&reply, 0, sizeof(reply));
    reply.body = malloc(size_bytes);
    if (!reply.body) {
        error_set(err, ERROR_MEMORY, "out of memory");
        return lose(client);
    }
    memcpy(reply.body, body, size_bytes);
    if (message_decode(reply.body, size_bytes, DIRECTION_TO_CLIENT, &reply.message, err) < 0) {
        free(reply.body);
        return lose_garbled(client, err);
    }
    reply.id = reply.message.id;
    reply.data = reply.message.fields[FIELD_DATA];
    if (reply.message.type == MESSAGE_ERROR) {
        char text[ERROR_MESSAGE_BYTES];

        reply.refused = true;
        message_str(&reply.message, FIELD_CODE, reply.code, sizeof(reply.code));
        message_str(&reply.message, FIELD_TEXT, text, sizeof(text));
        error_set(&reply.err, refusal_code(reply.code), "%s", text[0] ? text : reply.code);
    }
    *ret_reply = reply;
    return 0;
}

/* Tells an event; 1 when the frame was one, 0 when it is a reply's. */
static int tell_event(struct client *client, const uint8_t *body, size_t size_bytes,
                      struct error *err)
{
    struct message message;
    int is_event;

    if (message_decode(body, size_bytes, DIRECTION_TO_CLIENT, &message, err) < 0) {
        return lose_garbled(client, err);
    }
    is_event = message.type == MESSAGE_EVENT;
    if (is_event && client->event) {
        client->event(client->event_user, message.fields[FIELD_DATA]);
    }
    message_deinit(&message);
    return is_event;
}

int client_receive(struct client *client, uint64_t timeout_ms, struct reply *ret_reply,
                   struct error *err)
{
    uint64_t deadline_ms = clock_monotonic_ms() + timeout_ms;

    for (;;) {
        const uint8_t *body = NULL;
        size_t size_bytes = 0;
        struct reply reply;
        int status = next_frame(client, deadline_ms, &body, &size_bytes, err);

        if (status < 0) {
            return -1;
        }
        if (status == 0) {
            error_set(err, ERROR_LIMIT, "the daemon did not answer within %u s",
                      (unsigned)(timeout_ms / 1000));
            return lose(client);
        }
        status = tell_event(client, body, size_bytes, err);
        if (status < 0) {
            return -1;
        }
        if (status > 0) {
            continue;
        }
        if (take_reply(client, body, size_bytes, &reply, err) < 0) {
            return -1;
        }
        if (reply.id == 0 && reply.refused) {
            /* It did not understand what came, and says so without knowing of which request. */
            error_set(err, ERROR_PROTOCOL, "it refuses our request: %s", reply.err.msg);
            reply_deinit(&reply);
            return lose_garbled(client, err);
        }
        if (!answer(client, reply.id)) {
            error_set(err, ERROR_PROTOCOL, "a reply to request %u, which nobody sent", reply.id);
            reply_deinit(&reply);
            return lose_garbled(client, err);
        }
        *ret_reply = reply;
        return 0;
    }
}

int client_call(struct client *client, uint64_t timeout_ms, struct reply *ret_reply,
                struct error *err)
{
    struct reply reply = {.id = 0};
    uint32_t id = 0;

    client->refusal[0] = '\0';
    if (client_send(client, &id, err) < 0 || client_receive(client, timeout_ms, &reply, err) < 0) {
        return -1;
    }
    while (reply.id != id) {
        /* Of a call that was interrupted. */
        reply_deinit(&reply);
        if (client_receive(client, timeout_ms, &reply, err) < 0) {
            return -1;
        }
    }
    if (reply.refused) {
        memcpy(client->refusal, reply.code, sizeof(reply.code));
        if (err) {
            *err = reply.err;
        }
        reply_deinit(&reply);
        return -1;
    }
    *ret_reply = reply;
    return 0;
}

int client_wait(struct client *client, uint64_t timeout_ms, struct error *err)
{
    uint64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    unsigned told = 0;

    for (;;) {
        const uint8_t *body = NULL;
        size_t size_bytes = 0;
        /* After the first event only what is there already is taken. */
        int status = next_frame(client, told ? 0 : deadline_ms, &body, &size_bytes, err);

        if (status <= 0) {
            return status < 0 ? -1 : told > 0;
        }
        status = tell_event(client, body, size_bytes, err);
        if (status < 0) {
            return -1;
        }
        if (status == 0) {
            error_set(err, ERROR_PROTOCOL, "a reply that nobody asked for");
            return lose_garbled(client, err);
        }
        if (++told == EVENTS_AT_ONCE) {
            return 1;
        }
    }
}
