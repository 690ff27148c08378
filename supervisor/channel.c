/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Framed stream on a uv_pipe_t.
 *
 * Invariants: one read buffer serves all channels (a read is taken in whole before the next); the
 * bytes between two channel_send calls are never interleaved; after channel_close no callback of
 * the user's runs. The handle, the timer and the memory go together when both handles have closed.
 *
 * Blocks: never. Diagnostics: none; ends are told through ops.ended.
 */
#include "supervisor/channel.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "proto/frame.h"

#define READ_BYTES 65536

static char read_buffer[READ_BYTES];

struct channel {
    uv_pipe_t pipe;
    uv_timer_t timer; /* a frame in the middle; or the last writes */
    struct frame_reader reader;
    struct channel_limits limits;
    const struct channel_ops *ops;
    void *user;
    size_t queued_bytes;
    int open_handles;
    bool ended; /* told the user, or may not any more */
    bool closing;
    bool draining; /* closes itself when the queue is empty */
};

struct write_request {
    uv_write_t request;
    size_t size_bytes;
    char data[];
};

static void on_handle_closed(uv_handle_t *handle)
{
    struct channel *channel = handle->data;
    if (--channel->open_handles == 0) {
        frame_reader_deinit(&channel->reader);
        free(channel);
    }
}

void channel_close(struct channel *channel)
{
    if (!channel || channel->closing) {
        return;
    }
    channel->closing = true;
    channel->ended = true;
    uv_close((uv_handle_t *)&channel->pipe, on_handle_closed);
    uv_close((uv_handle_t *)&channel->timer, on_handle_closed);
}

static void end(struct channel *channel, const struct error *err)
{
    if (channel->ended) {
        return;
    }
    channel->ended = true;
    uv_read_stop((uv_stream_t *)&channel->pipe);
    uv_timer_stop(&channel->timer);
    channel->ops->ended(channel->user, err);
}

static void on_frame_timeout(uv_timer_t *timer)
{
    struct channel *channel = timer->data;
    struct error err = ERROR_INIT;
    error_set(&err, ERROR_PROTOCOL, "a frame did not end within %llu ms",
              (unsigned long long)channel->limits.frame_timeout_ms);
    end(channel, &err);
}

static void on_drain_timeout(uv_timer_t *timer)
{
    channel_close(timer->data);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
    (void)handle;
    (void)suggested;
    *ret_buf = uv_buf_init(read_buffer, READ_BYTES);
}

/* Hands over every whole frame. The user may close the channel in any of them. */
static void deliver(struct channel *channel)
{
    struct error err = ERROR_INIT;
    const uint8_t *body;
    size_t size_bytes;
    int whole = 0;
    bool delivered = false;
    while (!channel->ended &&
           (whole = frame_reader_next(&channel->reader, &body, &size_bytes, &err)) == 1) {
        channel->ops->frame(channel->user, body, size_bytes);
        delivered = true;
    }
    if (channel->ended) {
        return;
    }
    if (whole < 0) {
        end(channel, &err);
    } else if (!frame_reader_in_frame(&channel->reader)) {
        uv_timer_stop(&channel->timer);
    } else if (delivered || !uv_is_active((uv_handle_t *)&channel->timer)) {
        uv_timer_start(&channel->timer, on_frame_timeout, channel->limits.frame_timeout_ms, 0);
    }
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *data)
{
    struct channel *channel = stream->data;
    struct error err = ERROR_INIT;
    if (size == 0 || channel->ended) {
        return;
    }
    if (size < 0) {
        if (size == UV_EOF && frame_reader_in_frame(&channel->reader)) {
            error_set(&err, ERROR_PROTOCOL, "the stream ended in the middle of a frame");
            end(channel, &err);
        } else if (size == UV_EOF || size == UV_ECONNRESET) {
            end(channel, NULL);
        } else {
            error_set(&err, ERROR_SYSTEM, "reading: %s", uv_strerror((int)size));
            end(channel, &err);
        }
        return;
    }
    if (frame_reader_feed(&channel->reader, data->base, (size_t)size, &err) < 0) {
        end(channel, &err);
        return;
    }
    deliver(channel);
}

int channel_open(uv_loop_t *loop, int fd, const struct channel_limits *limits,
                 const struct channel_ops *ops, void *user, struct channel **ret_channel,
                 struct error *err)
{
    struct channel *channel = calloc(1, sizeof(*channel));
    if (!channel) {
        close(fd);
        return error_set(err, ERROR_MEMORY, "no memory for a channel");
    }
    channel->limits = *limits;
    channel->ops = ops;
    channel->user = user;
    frame_reader_init(&channel->reader, limits->body_max_bytes);
    uv_pipe_init(loop, &channel->pipe, 0);
    uv_timer_init(loop, &channel->timer);
    channel->pipe.data = channel;
    channel->timer.data = channel;
    channel->open_handles = 2;
    int failed = uv_pipe_open(&channel->pipe, fd);
    if (failed != 0) {
        close(fd);
    } else {
        failed = uv_read_start((uv_stream_t *)&channel->pipe, on_alloc, on_read);
    }
    if (failed != 0) {
        channel_close(channel);
        return error_set(err, ERROR_SYSTEM, "cannot watch a channel: %s", uv_strerror(failed));
    }
    *ret_channel = channel;
    return 0;
}

static void on_written(uv_write_t *request, int status)
{
    struct write_request *write = (struct write_request *)request;
    struct channel *channel = request->data;
    channel->queued_bytes -= write->size_bytes;
    explicit_bzero(write->data, write->size_bytes); /* a secret may have been among them */
    free(write);
    if (channel->closing) {
        return;
    }
    if (status < 0 && !channel->draining) {
        end(channel, NULL); /* the peer is gone; reading would say so too */
    } else if (channel->draining && (status < 0 || channel->queued_bytes == 0)) {
        channel_close(channel);
    }
}

static int queue_write(struct channel *channel, const char *data, size_t size_bytes,
                       struct error *err)
{
    struct write_request *write = malloc(sizeof(*write) + size_bytes);
    if (!write) {
        return error_set(err, ERROR_MEMORY, "no memory to queue a frame");
    }
    memcpy(write->data, data, size_bytes);
    write->size_bytes = size_bytes;
    write->request.data = channel;
    uv_buf_t piece = uv_buf_init(write->data, (unsigned)size_bytes);
    int failed = uv_write(&write->request, (uv_stream_t *)&channel->pipe, &piece, 1, on_written);
    if (failed != 0) {
        free(write);
        return error_set(err, ERROR_SYSTEM, "writing: %s", uv_strerror(failed));
    }
    channel->queued_bytes += size_bytes;
    return 0;
}

int channel_send(struct channel *channel, const void *data, size_t size_bytes, struct error *err)
{
    if (channel->closing || channel->draining) {
        return error_set(err, ERROR_SYSTEM, "the channel is closed");
    }
    if (size_bytes > channel->limits.queue_max_bytes - channel->queued_bytes) {
        return error_set(err, ERROR_LIMIT, "the peer left %zu bytes unread", channel->queued_bytes);
    }
    const char *bytes = data;
    if (channel->queued_bytes == 0) {
        uv_buf_t piece = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)size_bytes);
        int taken = uv_try_write((uv_stream_t *)&channel->pipe, &piece, 1);
        if (taken == UV_EPIPE || taken == UV_ECONNRESET) {
            return 0; /* the peer is gone: reading says so, after what it still said */
        }
        if (taken < 0 && taken != UV_EAGAIN) {
            return error_set(err, ERROR_SYSTEM, "writing: %s", uv_strerror(taken));
        }
        size_t written = taken > 0 ? (size_t)taken : 0;
        bytes += written;
        size_bytes -= written;
    }
    return size_bytes == 0 ? 0 : queue_write(channel, bytes, size_bytes, err);
}

size_t channel_queued_bytes(const struct channel *channel)
{
    return channel->queued_bytes;
}

void channel_close_after_writes(struct channel *channel, uint64_t timeout_ms)
{
    if (!channel || channel->closing) {
        return;
    }
    channel->ended = true;
    uv_read_stop((uv_stream_t *)&channel->pipe);
    if (channel->queued_bytes == 0) {
        channel_close(channel);
        return;
    }
    channel->draining = true;
    uv_timer_start(&channel->timer, on_drain_timeout, timeout_ms, 0);
}
