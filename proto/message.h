/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Every message of ebb: one list of fields, one list of messages, a codec that checks all of it.
 * Source: PROTOCOL.md, which says in words what stands here in tables; a change here changes it,
 * PROTOCOL_VERSION and the fuzz corpus in the same commit.
 */
#ifndef EBB_PROTO_MESSAGE_H
#define EBB_PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/uuid.h"
#include "proto/frame.h"
#include "proto/value.h"

#define PROTOCOL_VERSION 3

/* Where the channel is in a worker: descriptor 3, log lines on 2. */
#define PROTOCOL_WORKER_FD 3

/*
 * FIELD(SYMBOL, "key", TYPE, min, max)
 *   UINT     min <= value <= max
 *   BOOL     true or false
 *   STR      UTF-8 without NUL, min to max bytes
 *   STRMAP   map of STR (1-64 bytes) to STR (0-65,535 bytes), at most max entries
 *   COUNTS   map of STR (1-64 bytes) to an unsigned integer, at most max entries
 *   STRLIST  array of STR (0-512 bytes), at most max
 *   UNITS    array of [stage STR 1-32, first UINT32 >= 1, last UINT32 >= first, size UINT32], at
 *            most max
 *   FAILURES array of [item UINT32 >= 1, code STR 1-64, text STR 0-512], at most max
 *   ANY      any value; nesting at most 32, the frame's own two levels included
 * A key of a STRMAP or COUNTS comes once.
 */
#define FIELD_LIST(X)                                                                              \
    X(VERSION, "version", UINT, 1, 65535)                                                          \
    X(CLASS, "class", STR, 1, 32)                                                                  \
    X(LIFETIME, "lifetime", STR, 1, 16) /* fresh, pool, service */                                 \
    X(PROFILE, "profile", STR, 1, 16)   /* sandbox: parse, net, store, none */                     \
    X(STATE_FOLDER, "state_folder", STR, 1, 4095)                                                  \
    X(SETTINGS, "settings", STRMAP, 0, 64)                                                         \
    X(SECRETS, "secrets", STRMAP, 0, 16)                                                           \
    X(MEMORY_MAX, "memory_max_bytes", UINT, 1, UINT64_MAX)                                         \
    X(FILE_MAX, "file_max_bytes", UINT, 1, UINT64_MAX)                                             \
    X(PID, "pid", UINT, 1, 4194304)                                                                \
    X(SANDBOX, "sandbox", COUNTS, 0, 16) /* landlock: ABI, seccomp: 0 or 1 */                      \
    X(LOAD_US, "load_us", UINT, 0, UINT64_MAX)                                                     \
    X(JOB, "job", STR, 36, 36)                                                                     \
    X(FOLDER, "folder", STR, 1, 4095)                                                              \
    X(STAGE, "stage", STR, 1, 32)                                                                  \
    X(STEP, "step", STR, 1, 16) /* work, persist, query */                                         \
    X(FIRST, "first", UINT, 1, UINT32_MAX)                                                         \
    X(LAST, "last", UINT, 1, UINT32_MAX)                                                           \
    X(ATTEMPT, "attempt", UINT, 1, 1000)                                                           \
    X(DEADLINE_MS, "deadline_ms", UINT, 1, UINT32_MAX)                                             \
    X(ARTIFACT, "artifact", STR, 1, 255)                                                           \
    X(ANSWER, "answer", STR, 1, 4095)                                                              \
    X(PARAMS, "params", STRMAP, 0, 64)                                                             \
    X(ITEM, "item", UINT, 1, UINT32_MAX)                                                           \
    X(ITEMS_DONE, "items_done", UINT, 0, UINT32_MAX)                                               \
    X(COUNTS, "counts", COUNTS, 0, 32)                                                             \
    X(UNITS, "units", UNITS, 0, 32768)                                                             \
    X(FAILURES, "failures", FAILURES, 0, 1024)                                                     \
    X(WARNINGS, "warnings", STRLIST, 0, 64)                                                        \
    X(DOCUMENT, "document", STR, 36, 36)                                                           \
    X(CODE, "code", STR, 1, 64)                                                                    \
    X(RETRYABLE, "retryable", BOOL, 0, 1)                                                          \
    X(TEXT, "text", STR, 0, 4096)                                                                  \
    X(HEALTHY, "healthy", BOOL, 0, 1)                                                              \
    X(LEVEL, "level", UINT, 3, 7)                                                                  \
    X(PEAK_RSS, "peak_rss_bytes", UINT, 0, UINT64_MAX)                                             \
    X(USER_US, "user_us", UINT, 0, UINT64_MAX)                                                     \
    X(SYSTEM_US, "system_us", UINT, 0, UINT64_MAX)                                                 \
    X(FILE, "file", STR, 1, 255)                                                                   \
    X(NAME, "name", STR, 1, 1024)                                                                  \
    X(PRIORITY, "priority", UINT, 0, 9)                                                            \
    X(LIMIT, "limit", UINT, 1, 1000)                                                               \
    X(OFFSET, "offset", UINT, 0, UINT32_MAX)                                                       \
    X(CURSOR, "cursor", STR, 36, 36)                                                               \
    X(STATUS, "status", STR, 1, 16)                                                                \
    X(SINCE_MS, "since_ms", UINT, 0, UINT64_MAX)                                                   \
    X(SEQUENCE, "sequence", UINT, 0, UINT64_MAX)                                                   \
    X(VIEW, "view", STR, 1, 16)                                                                    \
    X(KIND, "kind", STR, 1, 32)                                                                    \
    X(DATA, "data", ANY, 0, 0)

enum field {
#define FIELD_ENUM(symbol, key, type, min, max) FIELD_##symbol,
    FIELD_LIST(FIELD_ENUM)
#undef FIELD_ENUM
        FIELD_COUNT
};

_Static_assert(FIELD_COUNT <= 64, "field sets are 64-bit masks");
#define FIELD_BIT(field) (UINT64_C(1) << (field))

enum message_direction {
    DIRECTION_TO_WORKER,
    DIRECTION_FROM_WORKER,
    DIRECTION_FROM_CLIENT,
    DIRECTION_TO_CLIENT,
};

/* The phases of a worker, as both ends see them; a message is legal in a set of them. */
enum phase {
    PHASE_STARTING = 1, /* before READY */
    PHASE_READY = 2,    /* READY, never leased */
    PHASE_LEASED = 4,   /* leased, no unit running */
    PHASE_BUSY = 8,     /* a unit runs */
    PHASE_DRAINING = 16 /* SHUTDOWN sent */
};

#define PHASE_ANY (PHASE_STARTING | PHASE_READY | PHASE_LEASED | PHASE_BUSY | PHASE_DRAINING)
#define PHASE_CLIENT 32 /* the control socket knows one phase */

#define F1(a) FIELD_BIT(FIELD_##a)
#define F2(a, b) (F1(a) | F1(b))
#define F3(a, b, c) (F2(a, b) | F1(c))
#define F4(a, b, c, d) (F3(a, b, c) | F1(d))
#define F5(a, b, c, d, e) (F4(a, b, c, d) | F1(e))
#define F6(a, b, c, d, e, f) (F5(a, b, c, d, e) | F1(f))

/* MESSAGE(SYMBOL, number, direction, phases, most bytes of body, required and optional fields) */
#define MESSAGE_LIST(X)                                                                            \
    X(INIT, 1, TO_WORKER, PHASE_STARTING, 262144,                                                  \
      F6(VERSION, CLASS, LIFETIME, PROFILE, STATE_FOLDER, MEMORY_MAX) | F1(FILE_MAX),              \
      F2(SETTINGS, SECRETS))                                                                       \
    X(LEASE, 2, TO_WORKER, PHASE_READY | PHASE_LEASED, 8192, F2(JOB, FOLDER), 0)                   \
    X(RUN, 3, TO_WORKER, PHASE_LEASED, FRAME_BODY_MAX_BYTES,                                       \
      F6(STAGE, STEP, FIRST, LAST, ATTEMPT, DEADLINE_MS), F4(ARTIFACT, ANSWER, PARAMS, FAILURES))  \
    X(CANCEL, 4, TO_WORKER, PHASE_LEASED | PHASE_BUSY, 64, 0, 0)                                   \
    X(SHUTDOWN, 5, TO_WORKER, PHASE_ANY, 64, 0, 0)                                                 \
    X(PING, 6, TO_WORKER, PHASE_READY | PHASE_LEASED, 64, 0, 0)                                    \
    X(READY, 16, FROM_WORKER, PHASE_STARTING | PHASE_DRAINING, 1024, F3(VERSION, PID, SANDBOX),    \
      F1(LOAD_US)) /* DRAINING: it crossed a SHUTDOWN */                                           \
    X(PROGRESS, 17, FROM_WORKER, PHASE_BUSY | PHASE_DRAINING, 256, F2(ITEM, ITEMS_DONE), 0)        \
    X(DONE, 18, FROM_WORKER, PHASE_BUSY | PHASE_DRAINING, FRAME_BODY_MAX_BYTES, 0,                 \
      F6(COUNTS, UNITS, FAILURES, WARNINGS, DOCUMENT, PEAK_RSS))                                   \
    X(FAILED, 19, FROM_WORKER, PHASE_BUSY | PHASE_DRAINING, 8192, F3(CODE, RETRYABLE, TEXT),       \
      F1(PEAK_RSS))                                                                                \
    X(LOG, 20, FROM_WORKER, PHASE_ANY, 8192, F2(LEVEL, TEXT), 0)                                   \
    X(BYE, 21, FROM_WORKER, PHASE_ANY, 256, F3(PEAK_RSS, USER_US, SYSTEM_US), 0)                   \
    X(PONG, 22, FROM_WORKER, PHASE_READY | PHASE_LEASED | PHASE_BUSY | PHASE_DRAINING, 8192,       \
      F1(HEALTHY), F1(TEXT))                                                                       \
    X(SUBMIT, 32, FROM_CLIENT, PHASE_CLIENT, 131072, F1(NAME), F3(FILE, PARAMS, PRIORITY))         \
    X(JOB, 33, FROM_CLIENT, PHASE_CLIENT, 256, F1(JOB), 0)                                         \
    X(JOBS, 34, FROM_CLIENT, PHASE_CLIENT, 256, 0, F3(LIMIT, CURSOR, STATUS))                      \
    X(CANCEL_JOB, 35, FROM_CLIENT, PHASE_CLIENT, 256, F1(JOB), 0)                                  \
    X(RESUME, 36, FROM_CLIENT, PHASE_CLIENT, 256, F1(JOB), 0)                                      \
    X(DELETE, 37, FROM_CLIENT, PHASE_CLIENT, 256, F1(JOB), 0)                                      \
    X(STATUS, 38, FROM_CLIENT, PHASE_CLIENT, 64, 0, 0)                                             \
    X(MEMORY, 39, FROM_CLIENT, PHASE_CLIENT, 256, F1(VIEW), F4(JOB, SINCE_MS, LIMIT, OFFSET))      \
    X(POOLS, 40, FROM_CLIENT, PHASE_CLIENT, 64, 0, 0)                                              \
    X(WORKERS, 41, FROM_CLIENT, PHASE_CLIENT, 64, 0, 0)                                            \
    X(SUBSCRIBE, 42, FROM_CLIENT, PHASE_CLIENT, 256, 0, F2(JOB, SEQUENCE))                         \
    X(EVENTS, 43, FROM_CLIENT, PHASE_CLIENT, 256, 0, F3(JOB, SEQUENCE, LIMIT))                     \
    X(QUERY, 44, FROM_CLIENT, PHASE_CLIENT, 131072, F1(KIND), F1(PARAMS))                          \
    X(RELOAD, 45, FROM_CLIENT, PHASE_CLIENT, 64, 0, 0)                                             \
    X(DRAIN, 46, FROM_CLIENT, PHASE_CLIENT, 64, 0, 0)                                              \
    X(REPLY, 64, TO_CLIENT, PHASE_CLIENT, FRAME_BODY_MAX_BYTES, F1(DATA), 0)                       \
    X(ERROR, 65, TO_CLIENT, PHASE_CLIENT, 8192, F2(CODE, TEXT), 0)                                 \
    X(EVENT, 66, TO_CLIENT, PHASE_CLIENT, 65536, F1(DATA), 0)

enum message_type {
#define MESSAGE_ENUM(symbol, number, direction, phases, max, required, optional)                   \
    MESSAGE_##symbol = number,
    MESSAGE_LIST(MESSAGE_ENUM)
#undef MESSAGE_ENUM
};

const char *message_type_name(enum message_type type); /* "INIT"; "?" for none */
const char *field_key(enum field field);
enum message_direction message_type_direction(enum message_type type);
/* The phases in which it is legal, as a mask of enum phase. */
unsigned message_type_phases(enum message_type type);

struct message {
    enum message_type type;
    uint32_t id; /* of the request or run that it belongs to; 0 where none */
    struct value fields[FIELD_COUNT];
    struct value_tree *tree; /* owns what fields look at */
};

/*
 * Decodes one frame's body. direction: the one this end receives; any other message is refused.
 * Borrows body: it must outlive the message. ERROR_PROTOCOL says what was wrong: not an array of
 * three, unknown type, another direction, over its maximum, an unknown or repeated key, a missing
 * field, a wrong type, a number out of range, trailing bytes.
 */
int message_decode(const uint8_t *body, size_t size_bytes, enum message_direction direction,
                   struct message *ret_message, struct error *err);
void message_deinit(struct message *message);

bool message_has(const struct message *message, enum field field);
uint64_t message_uint(const struct message *message, enum field field, uint64_t fallback);
bool message_bool(const struct message *message, enum field field, bool fallback);
/* As value_str_copy: ret_text is always a valid string. */
bool message_str(const struct message *message, enum field field, char *ret_text,
                 size_t size_bytes);
/* The text of key in a STRMAP field; false where there is none or it does not fit. */
bool message_strmap_get(const struct message *message, enum field field, const char *key,
                        char *ret_text, size_t size_bytes);
size_t message_count(const struct message *message, enum field field);

#define MESSAGE_STAGE_BYTES 33
struct message_unit {
    char stage[MESSAGE_STAGE_BYTES];
    uint32_t first, last;
    uint32_t size; /* how much there is to work on, in the stage's own measure; 0 unknown */
};
#define MESSAGE_CODE_BYTES 65
#define MESSAGE_DETAIL_BYTES 513
struct message_failure {
    uint32_t item;
    char code[MESSAGE_CODE_BYTES];
    char text[MESSAGE_DETAIL_BYTES];
};
/* Elements of UNITS and FAILURES; false past the end. */
bool message_unit_at(const struct message *message, size_t index, struct message_unit *ret_unit);
bool message_failure_at(const struct message *message, enum field field, size_t index,
                        struct message_failure *ret_failure);

/*
 * Writing: begin, put each field once, end. The frame is appended to out, header and all. Field
 * values are checked as the reader would; message_end fails (and leaves out as it was at begin)
 * when one was not legal, came twice or a required one is missing (ERROR_INVALID), the body is
 * over its maximum (ERROR_LIMIT) or out is full (ERROR_LIMIT, ERROR_MEMORY).
 */
struct message_writer {
    struct pack pack;
    struct buf *out;
    size_t start_bytes; /* of out: where the frame starts */
    size_t map_bytes;   /* of out: where its payload starts */
    enum message_type type;
    uint64_t written; /* set of enum field */
    struct error err; /* the first thing that went wrong */
};

void message_begin(struct message_writer *writer, struct buf *out, enum message_type type,
                   uint32_t id);
void message_put_uint(struct message_writer *writer, enum field field, uint64_t value);
void message_put_bool(struct message_writer *writer, enum field field, bool value);
/* Text over the field's maximum is an error; for TEXT it is cut at a character instead. Bytes
 * that are not UTF-8 become U+FFFD. */
void message_put_str(struct message_writer *writer, enum field field, const char *text);
/* An already decoded value (ANY, STRMAP, COUNTS, ...), as it was. */
void message_put_value(struct message_writer *writer, enum field field, struct value value);
/* Bytes that are one msgpack object. */
void message_put_raw(struct message_writer *writer, enum field field, const void *data,
                     size_t size_bytes);
/* Arrays and maps: open with the number of elements, then pack them through writer->pack. */
struct pack *message_put_map(struct message_writer *writer, enum field field, size_t entries);
struct pack *message_put_array(struct message_writer *writer, enum field field, size_t elements);
int message_end(struct message_writer *writer, struct error *err);

#endif
