/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Misbehaviour, an action a function.
 *
 * What breaks the protocol is written to descriptor 3 past the harness, which sends every frame
 * whole before it returns: the bytes of the two never mix.
 */
#include "tests/fake/fake_actions.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdio.h"
#include "tests/fake/fake_result.h"
#include "tests/fake/fake_work.h"

#define MEBIBYTE ((size_t)1 << 20)

#define AT(moment) (1U << FAKE_MOMENT_##moment)
#define AT_UNIT (AT(RUN) | AT(ITEM))
#define AT_ANY (AT(INIT) | AT(READY) | AT(LEASE) | AT_UNIT | AT(DONE) | AT(CHECK) | AT(END))

struct fake_call {
    const struct fake_scene *scene;
    const struct fake_rule *rule;
    struct error *err;
};

static uint64_t number_of(const struct fake_call *call, const char *key, uint64_t fallback)
{
    return fake_rule_number(call->rule, key, fallback);
}

/* Only a signal that cannot be caught, or the supervisor's going, ends it. */
__attribute__((noreturn)) static void hang(void)
{
    for (;;) {
        pause();
    }
}

static void write_raw(const void *data, size_t size_bytes)
{
    struct error err = ERROR_INIT;

    if (fdio_write_full(PROTOCOL_WORKER_FD, data, size_bytes, &err) < 0) {
        fprintf(stderr, "ebb-fake: %s\n", err.msg);
        _exit(99);
    }
}

__attribute__((noreturn)) static void die_of(int number)
{
    signal(number, SIG_DFL); /* sanitizers handle some */
    raise(number);
    _exit(98);
}

static enum fake_outcome do_segv(const struct fake_call *call)
{
    (void)call;
    die_of(SIGSEGV);
}

static enum fake_outcome do_abort(const struct fake_call *call)
{
    (void)call;
    die_of(SIGABRT);
}

static enum fake_outcome do_kill9(const struct fake_call *call)
{
    (void)call;
    die_of(SIGKILL);
}

static enum fake_outcome do_exit(const struct fake_call *call)
{
    _exit((int)number_of(call, "exit", 0));
}

static enum fake_outcome do_hang(const struct fake_call *call)
{
    (void)call;
    hang();
}

static enum fake_outcome do_spin(const struct fake_call *call)
{
    volatile bool on = true;

    (void)call;
    while (on) {
    }
    return FAKE_GO_ON;
}

static enum fake_outcome do_deaf(const struct fake_call *call)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGIO};

    (void)call;
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        signal(signals[i], SIG_IGN);
    }
    hang();
}

static enum fake_outcome do_sleep(const struct fake_call *call)
{
    fake_wait_ms(number_of(call, "ms", 1000));
    return FAKE_GO_ON;
}

/* As long work does that looks whether it is still wanted. */
static enum fake_outcome do_linger(const struct fake_call *call)
{
    while (!worker_cancelled(call->scene->worker)) {
        fake_wait_ms(2);
    }
    return FAKE_GO_ON;
}

/* Half of a whole program: descriptors that stay open somewhere else. */
static enum fake_outcome do_daemonise(const struct fake_call *call)
{
    uint64_t ms = number_of(call, "ms", 60000);
    bool keep_channel = number_of(call, "keep_channel", 1) != 0;
    pid_t child = fork();

    if (child == 0) {
        if (setsid() < 0 || fork() != 0) {
            _exit(0);
        }
        if (!keep_channel) {
            close(PROTOCOL_WORKER_FD);
        }
        fake_wait_ms(ms);
        _exit(0);
    }
    if (child > 0) {
        waitpid(child, NULL, 0);
    } else {
        fprintf(stderr, "ebb-fake: fork: %s\n", strerror(errno));
    }
    return FAKE_GO_ON;
}

/* Bytes that look like nothing; the same in each run. */
static void fill_noise(uint8_t *bytes, size_t size_bytes)
{
    uint32_t state = 2463534242U;

    for (size_t i = 0; i < size_bytes; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes[i] = (uint8_t)state;
    }
}

static void put_length(uint8_t header[FRAME_HEADER_BYTES], uint32_t length)
{
    header[0] = (uint8_t)(length >> 24);
    header[1] = (uint8_t)(length >> 16);
    header[2] = (uint8_t)(length >> 8);
    header[3] = (uint8_t)length;
}

static enum fake_outcome do_garbage(const struct fake_call *call)
{
    size_t size_bytes = number_of(call, "bytes", 64);
    AUTO_FREE uint8_t *bytes = malloc(FRAME_HEADER_BYTES + size_bytes);

    if (bytes) {
        put_length(bytes, (uint32_t)size_bytes);
        fill_noise(bytes + FRAME_HEADER_BYTES, size_bytes);
        write_raw(bytes, FRAME_HEADER_BYTES + size_bytes);
    }
    return FAKE_GO_ON;
}

static enum fake_outcome do_noise(const struct fake_call *call)
{
    size_t size_bytes = number_of(call, "bytes", 64);
    AUTO_FREE uint8_t *bytes = malloc(size_bytes);

    if (bytes) {
        fill_noise(bytes, size_bytes);
        write_raw(bytes, size_bytes);
    }
    return FAKE_GO_ON;
}

/* A header that announces bytes, and no body. */
static enum fake_outcome do_header(const struct fake_call *call)
{
    uint8_t header[FRAME_HEADER_BYTES];

    put_length(header, (uint32_t)number_of(call, "bytes", 0x7fffffff));
    write_raw(header, sizeof(header));
    return FAKE_GO_ON;
}

static enum fake_outcome do_unknown(const struct fake_call *call)
{
    struct buf frame;
    struct pack pack;
    uint8_t header[FRAME_HEADER_BYTES];

    buf_init(&frame, 64);
    pack_init(&pack, &frame);
    pack_array(&pack, 3);
    pack_uint(&pack, number_of(call, "number", 99));
    pack_uint(&pack, 0);
    pack_map(&pack, 0);
    put_length(header, (uint32_t)frame.size);
    write_raw(header, sizeof(header));
    write_raw(frame.data, frame.size);
    buf_deinit(&frame);
    return FAKE_GO_ON;
}

/* A whole and valid frame, whether it is the time for it or not. */
static enum fake_outcome do_say(const struct fake_call *call)
{
    struct buf frame;
    struct error err = ERROR_INIT;
    const struct worker_unit *unit = call->scene->unit;
    uint32_t id = (uint32_t)number_of(call, "number", unit ? unit->message->id : 0);

    buf_init(&frame, FRAME_HEADER_BYTES + FRAME_BODY_MAX_BYTES);
    if (fake_frame(&frame, fake_rule_text(call->rule, "text", "DONE"), id, &err) < 0) {
        fprintf(stderr, "ebb-fake: say: %s\n", err.msg);
        _exit(97);
    }
    write_raw(frame.data, frame.size);
    buf_deinit(&frame);
    return FAKE_GO_ON;
}

/* The first half of a frame. */
static void write_half(void)
{
    struct buf frame;

    buf_init(&frame, 4096);
    if (fake_frame(&frame, "LOG", 0, NULL) == 0) {
        write_raw(frame.data, frame.size / 2);
    }
    buf_deinit(&frame);
}

static enum fake_outcome do_truncated(const struct fake_call *call)
{
    write_half();
    _exit((int)number_of(call, "exit", 0));
}

static enum fake_outcome do_half(const struct fake_call *call)
{
    (void)call;
    write_half();
    hang();
}

static enum fake_outcome do_slow(const struct fake_call *call)
{
    struct buf frame;

    buf_init(&frame, 4096);
    if (fake_frame(&frame, "LOG", 0, NULL) == 0) {
        for (size_t i = 0; i < frame.size; i++) {
            write_raw(frame.data + i, 1);
            fake_wait_ms(number_of(call, "ms", 10));
        }
    }
    buf_deinit(&frame);
    return FAKE_GO_ON;
}

static enum fake_outcome do_close(const struct fake_call *call)
{
    (void)call;
    close(PROTOCOL_WORKER_FD);
    hang();
}

static enum fake_outcome do_log(const struct fake_call *call)
{
    struct buf frame;

    buf_init(&frame, 4096);
    if (fake_frame(&frame, "LOG", 0, NULL) == 0) {
        for (uint64_t i = number_of(call, "count", 1000); i > 0; i--) {
            write_raw(frame.data, frame.size);
        }
    }
    buf_deinit(&frame);
    return FAKE_GO_ON;
}

static enum fake_outcome do_stderr(const struct fake_call *call)
{
    static const char text[] = "ebb-fake: noise on standard error, as a library makes it\n";

    for (uint64_t i = number_of(call, "count", 1000); i > 0; i--) {
        if (fdio_write_full(STDERR_FILENO, text, sizeof(text) - 1, NULL) < 0) {
            return FAKE_GO_ON; /* the reader is gone */
        }
    }
    return FAKE_GO_ON;
}

/* Held by a list, so that a leak checker does not take it for a leak. */
static struct block {
    struct block *next;
} * kept;

static int take_memory(const struct fake_call *call, bool keep)
{
    size_t size_bytes = number_of(call, "mib", 16) * MEBIBYTE;
    struct block *block = malloc(size_bytes);

    if (!block) {
        return error_set(call->err, ERROR_MEMORY, "no memory for %zu bytes", size_bytes);
    }
    memset(block, 1, size_bytes);
    block->next = kept;
    kept = block;
    fake_wait_ms(number_of(call, "ms", 0));
    if (!keep) {
        kept = block->next;
        free(block);
    }
    return 0;
}

static enum fake_outcome do_eat(const struct fake_call *call)
{
    return take_memory(call, false) < 0 ? FAKE_FAILED : FAKE_GO_ON;
}

static enum fake_outcome do_leak(const struct fake_call *call)
{
    return take_memory(call, true) < 0 ? FAKE_FAILED : FAKE_GO_ON;
}

static enum fake_outcome do_unwell(const struct fake_call *call)
{
    error_set(call->err, ERROR_SYSTEM, "%s",
              fake_rule_text(call->rule, "text", "as the script says"));
    return FAKE_FAILED;
}

static enum fake_outcome do_fail(const struct fake_call *call)
{
    worker_result_fail(call->scene->result, fake_rule_text(call->rule, "code", "internal"),
                       number_of(call, "retryable", 1) != 0, "%s",
                       fake_rule_text(call->rule, "text", "as the script says"));
    return FAKE_FAILED;
}

static enum fake_outcome do_add(const struct fake_call *call)
{
    fake_result_fill(call->scene->result, call->rule);
    return FAKE_GO_ON;
}

/* In one write, so that lines of several processes do not mix. */
static enum fake_outcome do_note(const struct fake_call *call)
{
    const struct worker_unit *unit = call->scene->unit;
    const char *path = fake_rule_text(call->rule, "path", "");
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    char line[128];
    int length = snprintf(line, sizeof(line), "%s %s %u-%u %u %d\n", unit->stage, unit->step,
                          unit->first, unit->last, unit->attempt, (int)getpid());

    if (fd < 0 || fdio_write_full(fd, line, (size_t)length, call->err) < 0) {
        error_set_errno(call->err, errno, "a note in %s", path);
        return FAKE_FAILED;
    }
    return FAKE_GO_ON;
}

static enum fake_outcome do_done(const struct fake_call *call)
{
    fake_result_fill(call->scene->result, call->rule);
    return FAKE_FINISHED;
}

static const struct {
    const char *name;
    unsigned moments;
    enum fake_outcome (*act)(const struct fake_call *call);
} actions[] = {
    {"segv", AT_ANY, do_segv},
    {"abort", AT_ANY, do_abort},
    {"kill9", AT_ANY, do_kill9},
    {"exit", AT_ANY, do_exit},
    {"hang", AT_ANY, do_hang},
    {"spin", AT_ANY, do_spin},
    {"deaf", AT_ANY, do_deaf},
    {"sleep", AT_ANY, do_sleep},
    {"linger", AT_UNIT, do_linger},
    {"daemonise", AT_ANY, do_daemonise},
    {"garbage", AT_ANY, do_garbage},
    {"noise", AT_ANY, do_noise},
    {"header", AT_ANY, do_header},
    {"unknown", AT_ANY, do_unknown},
    {"say", AT_ANY, do_say},
    {"truncated", AT_ANY, do_truncated},
    {"half", AT_ANY, do_half},
    {"slow", AT_ANY, do_slow},
    {"close", AT_ANY, do_close},
    {"log", AT_ANY, do_log},
    {"stderr", AT_ANY, do_stderr},
    {"eat", AT_UNIT | AT(INIT), do_eat},
    {"leak", AT_UNIT | AT(INIT), do_leak},
    {"fail", AT_UNIT, do_fail},
    {"unwell", AT(CHECK), do_unwell},
    {"add", AT_UNIT, do_add},
    {"note", AT_UNIT, do_note},
    {"done", AT(RUN), do_done},
};

int fake_action_check(const char *name, enum fake_moment moment, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (strcmp(actions[i].name, name) == 0) {
            return actions[i].moments & 1U << moment
                       ? 0
                       : error_set(err, ERROR_INVALID, "action %s cannot be at that moment", name);
        }
    }
    return error_set(err, ERROR_INVALID, "there is no action=%s", name);
}

enum fake_outcome fake_action_do(const struct fake_scene *scene, const struct fake_rule *rule,
                                 struct error *err)
{
    const struct fake_call call = {scene, rule, err};
    const char *name = fake_rule_text(rule, "action", "");

    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (strcmp(actions[i].name, name) == 0) {
            return actions[i].act(&call);
        }
    }
    return FAKE_GO_ON; /* fake_action_check has seen it */
}
