/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Errors as values.
 *
 * Invariants: msg is always terminated; when a text has to be cut, the cause at its end survives
 * and the context before it gives way; errno is the same after each call as before it.
 * Nothing blocks, allocates or logs.
 */
#include "common/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What the cause keeps of the message when context and cause do not fit together. */
#define CAUSE_MAX_BYTES ((size_t)(ERROR_MESSAGE_BYTES - ERROR_MESSAGE_BYTES / 4))

static const char cut_mark[] = "...";

static enum error_code code_of_errno(int sys_errno)
{
    switch (sys_errno) {
    case ENOSPC:
    case EDQUOT:
        return ERROR_FULL;
    case ENOMEM:
        return ERROR_MEMORY;
    case ENOENT:
        return ERROR_NOT_FOUND;
    case EEXIST:
        return ERROR_EXISTS;
    default:
        return ERROR_SYSTEM;
    }
}

/* The longest prefix of text up to size_bytes that does not end inside a UTF-8 character. */
static size_t prefix_bytes(const char *text, size_t size_bytes)
{
    while (size_bytes > 0 && ((unsigned char)text[size_bytes] & 0xc0U) == 0x80U) {
        size_bytes--;
    }
    return size_bytes;
}

/* Formats into text (ERROR_MESSAGE_BYTES); a text that was cut ends in cut_mark. */
static void format_message(char *text, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void format_message(char *text, const char *fmt, va_list ap)
{
    int length = vsnprintf(text, ERROR_MESSAGE_BYTES, fmt, ap);

    if (length < 0) {
        text[0] = '\0';
    } else if (length >= ERROR_MESSAGE_BYTES) {
        memcpy(text + prefix_bytes(text, ERROR_MESSAGE_BYTES - sizeof(cut_mark)), cut_mark,
               sizeof(cut_mark));
    }
}

/* Writes "context: cause" into err; neither may point into it. */
static void join_message(struct error *err, const char *context, const char *cause)
{
    size_t cause_bytes = strlen(cause);
    size_t context_bytes = strlen(context);
    size_t glue_bytes = context_bytes > 0 && cause_bytes > 0 ? 2 : 0;
    size_t room_bytes;
    char *end = err->msg;

    if (context_bytes + glue_bytes + cause_bytes >= ERROR_MESSAGE_BYTES &&
        cause_bytes > CAUSE_MAX_BYTES) {
        cause_bytes = prefix_bytes(cause, CAUSE_MAX_BYTES);
    }
    room_bytes = ERROR_MESSAGE_BYTES - 1 - cause_bytes - glue_bytes;
    if (context_bytes > room_bytes) {
        context_bytes = prefix_bytes(context, room_bytes - strlen(cut_mark));
        memcpy(end, context, context_bytes);
        memcpy(end + context_bytes, cut_mark, strlen(cut_mark));
        end += context_bytes + strlen(cut_mark);
    } else {
        memcpy(end, context, context_bytes);
        end += context_bytes;
    }
    memcpy(end, ": ", glue_bytes);
    end += glue_bytes;
    memcpy(end, cause, cause_bytes);
    end[cause_bytes] = '\0';
}

int error_set(struct error *err, enum error_code code, const char *fmt, ...)
{
    int saved_errno = errno;
    char text[ERROR_MESSAGE_BYTES];
    va_list ap;

    if (!err) {
        return -1;
    }
    va_start(ap, fmt);
    format_message(text, fmt, ap);
    va_end(ap);
    err->code = code;
    err->sys_errno = 0;
    memcpy(err->msg, text, strlen(text) + 1);
    errno = saved_errno;
    return -1;
}

int error_set_errno(struct error *err, int sys_errno, const char *fmt, ...)
{
    int saved_errno = errno;
    char text[ERROR_MESSAGE_BYTES];
    char reason_room[64];
    va_list ap;

    if (!err) {
        return -1;
    }
    va_start(ap, fmt);
    format_message(text, fmt, ap);
    va_end(ap);
    err->code = code_of_errno(sys_errno);
    err->sys_errno = sys_errno;
    join_message(err, text, strerror_r(sys_errno, reason_room, sizeof(reason_room)));
    errno = saved_errno;
    return -1;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
    int saved_errno = errno;
    char text[ERROR_MESSAGE_BYTES];
    char cause[ERROR_MESSAGE_BYTES];
    va_list ap;

    if (!err) {
        return -1;
    }
    va_start(ap, fmt);
    format_message(text, fmt, ap);
    va_end(ap);
    memcpy(cause, err->msg, sizeof(cause));
    cause[sizeof(cause) - 1] = '\0';
    join_message(err, text, cause);
    errno = saved_errno;
    return -1;
}

const char *error_code_name(enum error_code code)
{
    switch (code) {
    case ERROR_NONE:
        return "none";
    case ERROR_SYSTEM:
        return "system";
    case ERROR_MEMORY:
        return "memory";
    case ERROR_INVALID:
        return "invalid";
    case ERROR_NOT_FOUND:
        return "not_found";
    case ERROR_EXISTS:
        return "exists";
    case ERROR_LIMIT:
        return "limit";
    case ERROR_PROTOCOL:
        return "protocol";
    case ERROR_CORRUPT:
        return "corrupt";
    case ERROR_UNSUPPORTED:
        return "unsupported";
    case ERROR_CANCELLED:
        return "cancelled";
    case ERROR_FULL:
        return "full";
    }
    return "unknown";
}
