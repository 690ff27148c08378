/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Errors as values: a code that programs act upon and a sentence that people read.
 *
 * A function that can fail ends with `struct error *err`, returns 0 or -1 and sets err only on
 * failure; outputs are untouched then. err may be NULL when the caller only wants to know that
 * it failed. Context is added on the way up with error_wrap; the error is logged once, where it
 * is handled.
 */
#ifndef EBB_COMMON_ERROR_H
#define EBB_COMMON_ERROR_H

#include <stdarg.h>

enum error_code {
    ERROR_NONE = 0,
    ERROR_SYSTEM,  /* a system call failed; sys_errno says how */
    ERROR_MEMORY,  /* an allocation failed or a bound on memory was reached */
    ERROR_INVALID, /* input, setting or argument that cannot be accepted */
    ERROR_NOT_FOUND,
    ERROR_EXISTS,      /* already there, already running, already locked */
    ERROR_LIMIT,       /* a bound other than memory was reached */
    ERROR_PROTOCOL,    /* a peer broke proto/PROTOCOL.md */
    ERROR_CORRUPT,     /* stored data is not what was written */
    ERROR_UNSUPPORTED, /* this kernel, build or library does not offer it */
    ERROR_CANCELLED,
    ERROR_FULL, /* the disk or a queue is full; try again when there is room */
};

#define ERROR_MESSAGE_BYTES 256

struct error {
    enum error_code code;
    int sys_errno; /* errno of the failed call; 0 where none failed */
    char msg[ERROR_MESSAGE_BYTES];
};

#define ERROR_INIT                                                                                 \
    {                                                                                              \
        ERROR_NONE, 0, ""                                                                          \
    }

/* Sets *err (when not NULL) to code and the formatted message, cut to fit. Returns -1, so that
 * `return error_set(...)` reads well. */
int error_set(struct error *err, enum error_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As error_set, with ERROR_SYSTEM (ERROR_FULL for ENOSPC and EDQUOT, ERROR_MEMORY for ENOMEM,
 * ERROR_NOT_FOUND for ENOENT, ERROR_EXISTS for EEXIST) and sys_errno; appends ": " and strerror.
 * Pass errno at once: any call between may change it. */
int error_set_errno(struct error *err, int sys_errno, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts the formatted text and ": " before err's message, keeping its code. Returns -1. */
int error_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The code's stable name ("not_found"), for logs and wire. Static storage. */
const char *error_code_name(enum error_code code);

#endif
