/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How a unit or a worker ended, and the exit codes by which a worker says so.
 * Source: PROTOCOL.md, "Verdicts" and "Exit codes".
 */
#ifndef EBB_PROTO_VERDICT_H
#define EBB_PROTO_VERDICT_H

#include <stdbool.h>

/* X(SYMBOL, "name") */
#define VERDICT_LIST(X)                                                                            \
    X(NONE, "none") /* not ended yet */                                                            \
    X(DONE, "done")                                                                                \
    X(FAILED, "failed")                                                                            \
    X(CRASHED, "crashed")                                                                          \
    X(MEMORY_EXCEEDED, "memory_exceeded")                                                          \
    X(DEADLINE_EXCEEDED, "deadline_exceeded")                                                      \
    X(PROTOCOL_ERROR, "protocol_error")                                                            \
    X(CANCELLED, "cancelled")

enum verdict {
#define VERDICT_ENUM(symbol, name) VERDICT_##symbol,
    VERDICT_LIST(VERDICT_ENUM)
#undef VERDICT_ENUM
        VERDICT_COUNT
};

const char *verdict_name(enum verdict verdict);
/* False when name is no verdict. */
bool verdict_parse(const char *name, enum verdict *ret_verdict);

/* A worker's exit codes. Anything else, and any signal, is a crash. */
enum worker_exit {
    WORKER_EXIT_OK = 0,        /* said BYE */
    WORKER_EXIT_USAGE = 64,    /* started by hand: no channel on fd 3 */
    WORKER_EXIT_PROTOCOL = 65, /* the supervisor's frame made no sense */
    WORKER_EXIT_SANDBOX = 66,  /* the sandbox could not be closed */
    WORKER_EXIT_INIT = 67,     /* the class's init failed; LOG said why */
    WORKER_EXIT_MEMORY = 68,   /* an allocation failed where it could not go on */
    WORKER_EXIT_EXEC = 69,     /* set by the forked child: exec failed */
    WORKER_EXIT_ORPHANED = 70, /* the channel closed without SHUTDOWN */
};

#endif
