/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One line to stderr for each thing worth knowing: "<3>ebbd: text" under journald (sd-daemon(3)
 * priority prefix when JOURNAL_STREAM names our stderr), "ebbd: error: text" elsewhere. A line is
 * written with one write(2), cut to LOG_LINE_BYTES with its newline, control characters and broken
 * UTF-8 replaced by '?', so that no input can forge a line. Safe from any thread once log_init has
 * returned; errno stays as it was.
 */
#ifndef EBB_COMMON_LOG_H
#define EBB_COMMON_LOG_H

#include <stdarg.h>

#define LOG_LINE_BYTES 1024

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* program: borrowed for the life of the process. level: the most detailed that is written. */
void log_init(const char *program, enum log_level level);
void log_set_level(enum log_level level);
enum log_level log_level(void);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_write(enum log_level level, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* "error", "warning", "notice", "info", "debug" to its level; -1 when it is none of them. */
int log_level_parse(const char *text, enum log_level *ret_level);

#endif
