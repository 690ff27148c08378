/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One line to stderr for each thing worth knowing.
 *
 * Invariants: a line is one write(2) of at most LOG_LINE_BYTES with its newline, the only control
 * character in it; errno is the same after each call as before it; safe from any thread. A line
 * that stderr does not take is lost: there is nowhere to say so. Blocks only when stderr does.
 */
#include "common/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

static const struct {
    enum log_level level;
    const char *name;
} level_names[] = {
    {LOG_LEVEL_ERROR, "error"}, {LOG_LEVEL_WARNING, "warning"}, {LOG_LEVEL_NOTICE, "notice"},
    {LOG_LEVEL_INFO, "info"},   {LOG_LEVEL_DEBUG, "debug"},
};

static struct {
    const char *program;
    bool journal; /* stderr goes to journald */
    atomic_int level;
} log_state = {.program = "ebb", .journal = false, .level = LOG_LEVEL_INFO};

static const char *level_name(enum log_level level)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (level_names[i].level == level) {
            return level_names[i].name;
        }
    }
    return "error";
}

/* JOURNAL_STREAM is inherited by everything started from a service, terminals too; what it names
 * has to be our stderr (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    char ours[48];

    if (!stream || fstat(STDERR_FILENO, &status) < 0) {
        return false;
    }
    snprintf(ours, sizeof(ours), "%llu:%llu", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino);
    return strcmp(stream, ours) == 0;
}

void log_init(const char *program, enum log_level level)
{
    log_state.program = program;
    log_state.journal = stderr_is_journal();
    log_set_level(level);
}

void log_set_level(enum log_level level)
{
    atomic_store(&log_state.level, (int)level);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load(&log_state.level);
}

/* The bytes that a UTF-8 character starting with lead has; 0 when none does. */
static size_t utf8_length(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* The bytes of the UTF-8 character at text (RFC 3629: no overlong forms, no surrogates), or 0. */
static size_t utf8_bytes(const unsigned char *text, size_t size_bytes)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = utf8_length(text[0]);
    uint32_t point;

    if (length <= 1) {
        return length;
    }
    if (length > size_bytes) {
        return 0;
    }
    point = text[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0U) != 0x80U) {
            return 0;
        }
        point = point << 6 | (text[i] & 0x3fU);
    }
    if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return 0;
    }
    return length;
}

/* Replaces what could forge or break a line, in place. cut: the text was cut at its end, so that
 * half a character there is dropped, not replaced. Returns the bytes that are left. */
static size_t sanitize(char *text, size_t size_bytes, bool cut)
{
    unsigned char *bytes = (unsigned char *)text;
    size_t in = 0;
    size_t out = 0;

    while (in < size_bytes) {
        size_t length = utf8_bytes(bytes + in, size_bytes - in);

        if (length == 0 && cut && size_bytes - in < 4 && bytes[in] >= 0xc2) {
            break;
        }
        if (length == 0 || bytes[in] < 0x20 || bytes[in] == 0x7f ||
            (bytes[in] == 0xc2 && bytes[in + 1] < 0xa0)) {
            bytes[out++] = '?';
            in += length ? length : 1;
            continue;
        }
        memmove(bytes + out, bytes + in, length);
        in += length;
        out += length;
    }
    return out;
}

void log_write(enum log_level level, const char *fmt, va_list ap)
{
    int saved_errno = errno;
    char line[LOG_LINE_BYTES + 1]; /* vsnprintf's NUL gives way to the newline */
    const size_t room_bytes = LOG_LINE_BYTES;
    size_t size_bytes;
    size_t text_bytes;
    int length;
    bool cut;

    if (level > log_level()) {
        return;
    }
    if (log_state.journal) {
        length = snprintf(line, room_bytes / 2, "<%d>%s: ", (int)level, log_state.program);
    } else {
        length = snprintf(line, room_bytes / 2, "%s: %s: ", log_state.program, level_name(level));
    }
    size_bytes = length < 0 ? 0 : (size_t)length;
    if (size_bytes >= room_bytes / 2) {
        size_bytes = room_bytes / 2 - 1;
    }
    length = vsnprintf(line + size_bytes, room_bytes - size_bytes, fmt, ap);
    text_bytes = length < 0 ? 0 : (size_t)length;
    cut = text_bytes >= room_bytes - size_bytes;
    if (cut) {
        text_bytes = room_bytes - size_bytes - 1;
    }
    size_bytes += sanitize(line + size_bytes, text_bytes, cut);
    line[size_bytes++] = '\n';
    while (write(STDERR_FILENO, line, size_bytes) < 0 && errno == EINTR) {
    }
    errno = saved_errno;
}

#define LOG_AT(level_)                                                                             \
    do {                                                                                           \
        va_list ap;                                                                                \
        va_start(ap, fmt);                                                                         \
        log_write(level_, fmt, ap);                                                                \
        va_end(ap);                                                                                \
    } while (0)

void log_error(const char *fmt, ...)
{
    LOG_AT(LOG_LEVEL_ERROR);
}

void log_warning(const char *fmt, ...)
{
    LOG_AT(LOG_LEVEL_WARNING);
}

void log_notice(const char *fmt, ...)
{
    LOG_AT(LOG_LEVEL_NOTICE);
}

void log_info(const char *fmt, ...)
{
    LOG_AT(LOG_LEVEL_INFO);
}

void log_debug(const char *fmt, ...)
{
    LOG_AT(LOG_LEVEL_DEBUG);
}

int log_level_parse(const char *text, enum log_level *ret_level)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (strcmp(level_names[i].name, text) == 0) {
            *ret_level = level_names[i].level;
            return 0;
        }
    }
    return -1;
}
