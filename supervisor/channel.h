/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A stream socket on the loop that carries frames, in both directions, with bounds on both: what
 * waits to be written is limited, what arrives is handed over a frame at a time, and a frame that
 * began must end within a time. Whole frames go in, whole frames come out.
 */
#ifndef EBB_SUPERVISOR_CHANNEL_H
#define EBB_SUPERVISOR_CHANNEL_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"
#include "common/error.h"

struct channel;

struct channel_ops {
    /* A whole frame's body, borrowed for the call. The channel may be closed in it. */
    void (*frame)(void *user, const uint8_t *body, size_t size_bytes);
    /* Nothing more will come: err NULL at end of file; ERROR_PROTOCOL for a broken or slow frame;
     * ERROR_SYSTEM. Called at most once, and not after channel_close. */
    void (*ended)(void *user, const struct error *err);
};

struct channel_limits {
    size_t body_max_bytes;     /* of a received frame */
    size_t queue_max_bytes;    /* written and not yet taken by the peer */
    uint64_t frame_timeout_ms; /* from a frame's first byte to its last */
};

/* Takes fd (a connected stream socket), also on failure. */
int channel_open(uv_loop_t *loop, int fd, const struct channel_limits *limits,
                 const struct channel_ops *ops, void *user, struct channel **ret_channel,
                 struct error *err);
/* Queues the bytes, which are whole frames. ERROR_LIMIT when the peer reads too slowly: nothing
 * was queued then. ERROR_SYSTEM when it is gone. */
int channel_send(struct channel *channel, const void *data, size_t size_bytes, struct error *err);
size_t channel_queued_bytes(const struct channel *channel);
/* Closes at once and frees later, on the loop; no callback comes after it. NULL is a no-op. */
void channel_close(struct channel *channel);
/* As channel_close, after what is queued has been written or timeout_ms have passed. */
void channel_close_after_writes(struct channel *channel, uint64_t timeout_ms);

#endif
