/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Standard output and standard error.
 *
 * Invariants: SIGPIPE and SIGXFSZ are ignored, so a reader that has gone shows as EPIPE and private
 * daemons are still ended in order. A write that failed is never taken for done: output_finish says
 * so once. Blocks as long as whoever reads us does. Diagnostics go to standard error as one line
 * each.
 */
#include "ctl/output.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/parse.h"
#include "ctl/text.h"

#define MESSAGE_BYTES 4096
#define LINE_BYTES_MAX (1U << 20)

static void (*before_line)(void *user);
static void *before_line_user;
static int lost_errno; /* why standard output takes no more; 0 while it does */

void output_init(void)
{
    struct sigaction ignore;

    setlocale(LC_CTYPE, "");
    memset(&ignore, 0, sizeof(ignore));
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, NULL);
    /* A limit on file size is an error of write, not the end. */
    sigaction(SIGXFSZ, &ignore, NULL);
}

/* stdio takes the stream as not const, though it only looks at it. */
static int file_number(const FILE *file)
{
    return file == stdout   ? STDOUT_FILENO
           : file == stderr ? STDERR_FILENO
           : file == stdin  ? STDIN_FILENO
                            : -1;
}

bool output_is_terminal(const FILE *file)
{
    int fd = file_number(file);

    return fd >= 0 && isatty(fd);
}

const char *output_style(const FILE *file, enum output_style style)
{
    static const char *const sequences[] = {
        [STYLE_PLAIN] = "\033[0m", [STYLE_BOLD] = "\033[1m",  [STYLE_DIM] = "\033[2m",
        [STYLE_GOOD] = "\033[32m", [STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[31m",
    };
    const char *no_color = getenv("NO_COLOR");

    if ((no_color && *no_color) || !output_can_redraw(file)) {
        return "";
    }
    return sequences[style];
}

bool output_can_redraw(const FILE *file)
{
    const char *term = getenv("TERM");

    return output_is_terminal(file) && term && strcmp(term, "dumb") != 0;
}

void output_set_before_line(void (*before)(void *user), void *user)
{
    before_line = before;
    before_line_user = user;
}

bool output_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* What the environment says, for a terminal that does not know its own size. */
static unsigned from_environment(const char *name, unsigned fallback)
{
    const char *text = getenv(name);
    uint64_t value;

    if (text && parse_u64(text, 1, 10000, &value, NULL) == 0) {
        return (unsigned)value;
    }
    return fallback;
}

unsigned output_columns(const FILE *file)
{
    struct winsize size;

    if (ioctl(file_number(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return from_environment("COLUMNS", 80);
}

unsigned output_rows(const FILE *file)
{
    struct winsize size;

    if (ioctl(file_number(file), TIOCGWINSZ, &size) == 0 && size.ws_row > 0) {
        return size.ws_row;
    }
    return from_environment("LINES", 24);
}

void output_line_text(FILE *file, const char *text)
{
    struct buf line;

    buf_init(&line, LINE_BYTES_MAX);
    if (text_append_line(&line, text, strlen(text), 0, NULL) == 0 && line.size > 0) {
        fwrite(line.data, 1, line.size, file);
    }
    buf_deinit(&line);
}

bool output_write(const void *data, size_t size_bytes)
{
    errno = 0;
    if (size_bytes == 0 || fwrite(data, 1, size_bytes, stdout) == size_bytes) {
        return true;
    }
    lost_errno = errno ? errno : lost_errno;
    return false;
}

bool output_works(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return true;
    }
    lost_errno = errno ? errno : lost_errno;
    return false;
}

/* A pipe without a reader: the reason of a write that failed unseen, inside a printf. */
static bool reader_has_gone(void)
{
    struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return lost_errno == EPIPE || (poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR) != 0);
}

enum ctl_exit output_finish(enum ctl_exit code)
{
    if (output_works() || reader_has_gone()) {
        return code;
    }
    fprintf(stderr, "ebb: standard output: %s: what it shows is not complete\n",
            lost_errno ? strerror(lost_errno) : "a write failed");
    return code == CTL_EXIT_OK ? CTL_EXIT_FAILED : code;
}

/* One cleaned line in one write, so that lines of several programs do not mix. */
static void write_error_line(const char *text)
{
    char line[MESSAGE_BYTES + 8];
    size_t size_bytes;

    text_line(text, line, sizeof(line) - 1);
    size_bytes = strlen(line);
    line[size_bytes++] = '\n';
    if (before_line) {
        before_line(before_line_user);
    }
    fflush(stdout);
    fwrite(line, 1, size_bytes, stderr);
    fflush(stderr);
}

enum ctl_exit output_fail(enum ctl_exit code, const struct error *why, const char *advice,
                          const char *what_fmt, ...)
{
    char what[MESSAGE_BYTES / 2];
    char text[MESSAGE_BYTES];
    va_list ap;

    va_start(ap, what_fmt);
    vsnprintf(what, sizeof(what), what_fmt, ap);
    va_end(ap);
    snprintf(text, sizeof(text), "ebb: %s%s%s%s%s", what, why ? ": " : "", why ? why->msg : "",
             advice ? ": " : "", advice ? advice : "");
    write_error_line(text);
    return code;
}

void output_note(const char *fmt, ...)
{
    char what[MESSAGE_BYTES / 2];
    char text[MESSAGE_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    snprintf(text, sizeof(text), "ebb: %s", what);
    write_error_line(text);
}
