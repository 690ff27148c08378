/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker's channel: whole frames from and to the supervisor over descriptor 3, and the signals
 * that a worker cares for. Source: PROTOCOL.md "Frames", "A worker's life".
 */
#ifndef EBB_WORKERS_RUNTIME_WORKER_IO_H
#define EBB_WORKERS_RUNTIME_WORKER_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "proto/frame.h"

/* A supervisor that takes nothing for so long is as good as gone. */
#define CHANNEL_SEND_WAIT_MS 30000

struct channel {
    int fd;
    unsigned send_wait_ms; /* CHANNEL_SEND_WAIT_MS; a test's own */
    struct frame_reader reader;
};

enum channel_event {
    CHANNEL_FRAME,   /* ret_body and ret_size_bytes are set */
    CHANNEL_NOTHING, /* not waiting, and no whole frame is there */
    CHANNEL_TERM,    /* SIGTERM came since the start; told once, and only when no frame is there */
    CHANNEL_END,     /* the supervisor closed its end */
    CHANNEL_BROKEN,  /* err says how; the stream is lost */
};

/*
 * Takes fd over: non-blocking; SIGPIPE is ignored, SIGTERM remembered, SIGIO tells that something
 * happened on fd. Allocates nothing. There is one channel in a process. ERROR_INVALID when fd is
 * no socket.
 */
int channel_init(struct channel *channel, int fd, struct error *err);
void channel_deinit(struct channel *channel); /* fd stays open */
/* Has the supervisor closed its end? Never blocks. */
bool channel_hung_up(const struct channel *channel);
/* The next frame; with wait it sleeps until something of enum channel_event but NOTHING is so.
 * ret_body is borrowed until the next call on the channel. */
enum channel_event channel_receive(struct channel *channel, bool wait, const uint8_t **ret_body,
                                   size_t *ret_size_bytes, struct error *err);
/* Overwrites everything received, once it was taken. */
void channel_wipe(struct channel *channel);
/* All of data; waits send_wait_ms at most for the supervisor to take some of it. ERROR_NOT_FOUND
 * when the supervisor is gone, ERROR_LIMIT when it takes nothing. */
int channel_send(struct channel *channel, const void *data, size_t size_bytes, struct error *err);

/*
 * On while code runs that does not look at the channel itself: the process then ends with
 * WORKER_EXIT_ORPHANED at the moment at which the supervisor's end closes, wherever it is.
 */
void channel_guard(const struct channel *channel, bool on);
/* SIGTERM has come and channel_receive has not told yet. */
bool channel_term_pending(void);

#endif
