/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker's standard error.
 *
 * Invariants: at most LINES_PER_SECOND lines a second reach the log; the rest is counted and told
 * in one line. The pipe is always read, so a worker never blocks on writing to it.
 *
 * Diagnostics: each line as a warning under the worker's name.
 */
#include "supervisor/logpipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"

#define LINE_BYTES 512
#define LINES_PER_SECOND 20

static char read_buffer[4096];

struct logpipe {
    uv_pipe_t pipe;
    char name[48];
    char line[LINE_BYTES];
    size_t line_bytes;
    uint64_t second;  /* of the loop's clock */
    unsigned lines;   /* in this second */
    uint64_t dropped; /* since the last told */
};

static void write_line(struct logpipe *pipe, uint64_t now_ms)
{
    if (pipe->line_bytes == 0) {
        return;
    }
    if (now_ms / 1000 != pipe->second) {
        pipe->second = now_ms / 1000;
        pipe->lines = 0;
        if (pipe->dropped > 0) {
            log_warning("%s: %llu more lines were dropped", pipe->name,
                        (unsigned long long)pipe->dropped);
            pipe->dropped = 0;
        }
    }
    if (pipe->lines++ < LINES_PER_SECOND) {
        log_warning("%s: %.*s", pipe->name, (int)pipe->line_bytes, pipe->line);
    } else {
        pipe->dropped++;
    }
    pipe->line_bytes = 0;
}

static void take(struct logpipe *pipe, const char *data, size_t size_bytes)
{
    uint64_t now_ms = uv_now(pipe->pipe.loop);
    for (size_t i = 0; i < size_bytes; i++) {
        if (data[i] == '\n') {
            write_line(pipe, now_ms);
        } else if (pipe->line_bytes < LINE_BYTES) {
            pipe->line[pipe->line_bytes++] = data[i];
        }
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
    (void)handle;
    (void)suggested;
    *ret_buf = uv_buf_init(read_buffer, sizeof(read_buffer));
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *data)
{
    if (size > 0) {
        take(stream->data, data->base, (size_t)size);
    } else if (size < 0) {
        uv_read_stop(stream);
    }
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

int logpipe_open(uv_loop_t *loop, int fd, const char *name, struct logpipe **ret_pipe,
                 struct error *err)
{
    struct logpipe *pipe = calloc(1, sizeof(*pipe));
    if (!pipe) {
        close(fd);
        return error_set(err, ERROR_MEMORY, "no memory for a log pipe");
    }
    snprintf(pipe->name, sizeof(pipe->name), "%s", name);
    uv_pipe_init(loop, &pipe->pipe, 0);
    pipe->pipe.data = pipe;
    int failed = uv_pipe_open(&pipe->pipe, fd);
    if (failed != 0) {
        close(fd);
    } else {
        failed = uv_read_start((uv_stream_t *)&pipe->pipe, on_alloc, on_read);
    }
    if (failed != 0) {
        uv_close((uv_handle_t *)&pipe->pipe, on_closed);
        return error_set(err, ERROR_SYSTEM, "cannot watch a log pipe: %s", uv_strerror(failed));
    }
    *ret_pipe = pipe;
    return 0;
}

void logpipe_close(struct logpipe *pipe)
{
    if (!pipe) {
        return;
    }
    int fd;
    if (uv_fileno((uv_handle_t *)&pipe->pipe, &fd) == 0) {
        for (int reads = 0; reads < 16; reads++) {
            ssize_t size = read(fd, read_buffer, sizeof(read_buffer));
            if (size <= 0) {
                break;
            }
            take(pipe, read_buffer, (size_t)size);
        }
    }
    write_line(pipe, uv_now(pipe->pipe.loop));
    if (pipe->dropped > 0) {
        log_warning("%s: %llu more lines were dropped", pipe->name,
                    (unsigned long long)pipe->dropped);
    }
    uv_close((uv_handle_t *)&pipe->pipe, on_closed);
}
