/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a worker says: READY, PROGRESS, DONE, FAILED, PONG, LOG, BYE.
 *
 * Invariants: every frame but DONE is built in memory that was reserved at the start. A frame is
 * sent whole or the process ends, so that the supervisor never sees half of one from a worker
 * that goes on.
 *
 * Blocks for CHANNEL_SEND_WAIT_MS at most. Diagnostics: only to standard error, only when the
 * channel itself fails.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/verdict.h"
#include "workers/runtime/worker_private.h"

/* FAILED and LOG are the longest but DONE. */
#define SMALL_BYTES (8192U + FRAME_HEADER_BYTES)
#define LARGE_BYTES ((size_t)FRAME_BODY_MAX_BYTES + FRAME_HEADER_BYTES)
#define LARGE_KEPT_BYTES 65536U

#define LOGS_A_SECOND 100
#define LOG_TEXT_BYTES 4096

void worker_send_prepare(struct worker *worker)
{
    buf_init(&worker->small, SMALL_BYTES);
    buf_init(&worker->large, LARGE_BYTES);
}

static void send_frame(struct worker *worker, struct buf *frame)
{
    struct error err = ERROR_INIT;

    if (channel_send(&worker->channel, frame->data, frame->size, &err) < 0) {
        if (err.code != ERROR_NOT_FOUND) {
            log_error("%s: this worker ends", err.msg);
        }
        _exit(WORKER_EXIT_ORPHANED);
    }
}

static struct message_writer begin_small(struct worker *worker, enum message_type type, uint32_t id)
{
    struct message_writer writer;

    buf_reset(&worker->small, SIZE_MAX);
    if (buf_reserve(&worker->small, SMALL_BYTES, NULL) < 0) { /* only the first can fail */
        log_error("no memory for a frame: this worker ends");
        _exit(WORKER_EXIT_MEMORY);
    }
    message_begin(&writer, &worker->small, type, id);
    return writer;
}

static void end_small(struct worker *worker, struct message_writer *writer)
{
    struct error err = ERROR_INIT;

    if (message_end(writer, &err) < 0) {
        log_error("%s cannot be said: %s: this worker ends", message_type_name(writer->type),
                  err.msg);
        _exit(WORKER_EXIT_PROTOCOL);
    }
    send_frame(worker, &worker->small);
}

void worker_send_ready(struct worker *worker)
{
    struct message_writer writer = begin_small(worker, MESSAGE_READY, 0);
    struct pack *pack;

    message_put_uint(&writer, FIELD_VERSION, PROTOCOL_VERSION);
    message_put_uint(&writer, FIELD_PID, (uint64_t)getpid());
    pack = message_put_map(&writer, FIELD_SANDBOX, 2);
    pack_key_uint(pack, "landlock", worker->offer.landlock_abi);
    pack_key_uint(pack, "seccomp", worker->offer.seccomp);
    message_put_uint(&writer, FIELD_LOAD_US, clock_monotonic_us() - worker->started_us);
    end_small(worker, &writer);
}

void worker_send_progress(struct worker *worker, uint32_t item, uint32_t items_done)
{
    struct message_writer writer = begin_small(worker, MESSAGE_PROGRESS, worker->run_id);

    message_put_uint(&writer, FIELD_ITEM, item);
    message_put_uint(&writer, FIELD_ITEMS_DONE, items_done);
    end_small(worker, &writer);
}

void worker_measure_begin(struct worker *worker)
{
    uint64_t before_bytes = receipt_peak(worker->status_fd);

    worker->unit_measured = before_bytes > 0 && receipt_reset(worker->reset_fd);
    if (worker->unit_measured && before_bytes > worker->peak_rss_bytes) {
        worker->peak_rss_bytes = before_bytes;
    }
}

static void put_peak(const struct worker *worker, struct message_writer *writer)
{
    uint64_t peak_bytes = worker->unit_measured ? receipt_peak(worker->status_fd) : 0;

    if (peak_bytes > 0) {
        message_put_uint(writer, FIELD_PEAK_RSS, peak_bytes);
    }
}

int worker_send_done(struct worker *worker, struct error *err)
{
    struct message_writer writer;

    buf_reset(&worker->large, LARGE_KEPT_BYTES);
    message_begin(&writer, &worker->large, MESSAGE_DONE, worker->run_id);
    worker_result_put(worker->result, &writer);
    put_peak(worker, &writer);
    if (message_end(&writer, err) < 0) {
        return -1;
    }
    send_frame(worker, &worker->large);
    return 0;
}

void worker_send_failed(struct worker *worker, const char *code, bool retryable, const char *text)
{
    struct message_writer writer = begin_small(worker, MESSAGE_FAILED, worker->run_id);

    message_put_str(&writer, FIELD_CODE, code);
    message_put_bool(&writer, FIELD_RETRYABLE, retryable);
    message_put_str(&writer, FIELD_TEXT, text);
    put_peak(worker, &writer);
    end_small(worker, &writer);
}

void worker_send_pong(struct worker *worker, uint32_t id, const char *why)
{
    struct message_writer writer = begin_small(worker, MESSAGE_PONG, id);

    message_put_bool(&writer, FIELD_HEALTHY, why == NULL);
    if (why) {
        message_put_str(&writer, FIELD_TEXT, why);
    }
    end_small(worker, &writer);
}

static void send_log(struct worker *worker, int level, const char *text)
{
    struct message_writer writer = begin_small(worker, MESSAGE_LOG, 0);

    message_put_uint(&writer, FIELD_LEVEL, (uint64_t)level);
    message_put_str(&writer, FIELD_TEXT, text);
    end_small(worker, &writer);
}

static void tell_left_out(struct worker *worker)
{
    char text[64];

    if (worker->log_left_out > 0) {
        snprintf(text, sizeof(text), "%llu log lines were too many and left out",
                 (unsigned long long)worker->log_left_out);
        worker->log_left_out = 0;
        send_log(worker, LOG_LEVEL_WARNING, text);
    }
}

/* Is one more line within this second's share? */
static bool take_log_share(struct worker *worker)
{
    uint64_t second = clock_monotonic_ms() / 1000;

    if (second != worker->log_second) {
        worker->log_second = second;
        worker->log_count = 0;
    }
    if (worker->log_count == LOGS_A_SECOND) {
        worker->log_left_out++;
        return false;
    }
    worker->log_count++;
    return true;
}

void worker_log(struct worker *worker, int level, const char *fmt, ...)
{
    char text[LOG_TEXT_BYTES];
    va_list ap;

    if (!take_log_share(worker)) {
        return;
    }
    tell_left_out(worker);
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof(text), fmt, ap) < 0) {
        text[0] = '\0';
    }
    va_end(ap);
    send_log(worker, level, text);
}

void worker_send_bye(struct worker *worker)
{
    struct message_writer writer;
    struct receipt receipt;

    tell_left_out(worker);
    writer = begin_small(worker, MESSAGE_BYE, 0);
    receipt_read(worker->status_fd, &receipt);
    if (receipt.peak_rss_bytes < worker->peak_rss_bytes) {
        receipt.peak_rss_bytes = worker->peak_rss_bytes;
    }
    message_put_uint(&writer, FIELD_PEAK_RSS, receipt.peak_rss_bytes);
    message_put_uint(&writer, FIELD_USER_US, receipt.user_us);
    message_put_uint(&writer, FIELD_SYSTEM_US, receipt.system_us);
    end_small(worker, &writer);
}
