/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/log: no input forges a line, breaks one, or makes it longer than it may be.
 */
#include "common/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int capture_fd;
static int real_stderr;

static void capture(void)
{
    capture_fd = memfd_create("stderr", MFD_CLOEXEC);
    real_stderr = dup(STDERR_FILENO);
    dup2(capture_fd, STDERR_FILENO);
    unsetenv("JOURNAL_STREAM");
    log_init("ebbd", LOG_LEVEL_DEBUG);
}

static void release(void)
{
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(capture_fd);
}

/* Everything written since the last call. */
static const char *captured(void)
{
    static char text[8192];
    ssize_t size = pread(capture_fd, text, sizeof(text) - 1, 0);

    text[size < 0 ? 0 : size] = '\0';
    if (ftruncate(capture_fd, 0) < 0 || lseek(capture_fd, 0, SEEK_SET) < 0) {
        return "cannot rewind";
    }
    return text;
}

TestSuite(log, .init = capture, .fini = release);

Test(log, lines_name_program_and_level)
{
    log_error("cannot open %s", "state.db");
    log_warning("w");
    log_notice("n");
    log_info("i");
    log_debug("d");
    cr_assert_str_eq(captured(), "ebbd: error: cannot open state.db\nebbd: warning: w\n"
                                 "ebbd: notice: n\nebbd: info: i\nebbd: debug: d\n");
}

Test(log, levels_hold_back)
{
    log_set_level(LOG_LEVEL_WARNING);
    cr_assert_eq(log_level(), LOG_LEVEL_WARNING);
    log_notice("unseen");
    log_warning("seen");
    cr_assert_str_eq(captured(), "ebbd: warning: seen\n");
}

Test(log, journal_prefix_when_stderr_is_the_journal)
{
    struct stat status;
    char stream[64];

    fstat(STDERR_FILENO, &status);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_init("ebbd", LOG_LEVEL_INFO);
    log_error("a");
    log_info("b");
    cr_assert_str_eq(captured(), "<3>ebbd: a\n<6>ebbd: b\n");
}

Test(log, an_inherited_journal_stream_is_not_ours)
{
    static const char *const streams[] = {"1:1", "", "x", "1:", ":"};

    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        setenv("JOURNAL_STREAM", streams[i], 1);
        log_init("ebbd", LOG_LEVEL_INFO);
        log_info("b");
        cr_assert_str_eq(captured(), "ebbd: info: b\n");
    }
}

Test(log, control_characters_cannot_forge_a_line)
{
    log_info("%s", "a\nebbd: error: forged\r\x1b[2J\x7f\tz");
    cr_assert_str_eq(captured(), "ebbd: info: a?ebbd: error: forged??[2J??z\n");
    log_info("%s", "c1 \xc2\x85 and \xc2\x9b but \xc2\xa0");
    cr_assert_str_eq(captured(), "ebbd: info: c1 ? and ? but \xc2\xa0\n");
}

Test(log, broken_utf8_is_replaced)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xff\xfe", "??"},
        {"\x80x", "?x"},
        {"\xc3x", "?x"},
        {"\xc0\xaf", "??"},           /* overlong '/' */
        {"\xe0\x80\xaf", "???"},      /* overlong '/' */
        {"\xed\xa0\x80", "???"},      /* a surrogate */
        {"\xf4\x90\x80\x80", "????"}, /* past U+10FFFF */
        {"end \xe2\x82", "end ??"},
        {"\xf0\x9f\x98", "???"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[100];

        snprintf(expected, sizeof(expected), "ebbd: info: %s\n", rows[i].out);
        log_info("%s", rows[i].in);
        cr_assert_str_eq(captured(), expected);
    }
}

Test(log, a_long_line_is_cut_to_its_bytes)
{
    char text[3000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (size_t length = LOG_LINE_BYTES - 20; length < LOG_LINE_BYTES + 5; length++) {
        const char *line;

        log_info("%.*s", (int)length, text);
        line = captured();
        cr_assert_leq(strlen(line), LOG_LINE_BYTES);
        cr_assert_eq(strchr(line, '\n'), line + strlen(line) - 1);
        if (length + strlen("ebbd: info: ") + 1 <= LOG_LINE_BYTES) {
            cr_assert_eq(strlen(line), length + strlen("ebbd: info: ") + 1);
        } else {
            cr_assert_eq(strlen(line), LOG_LINE_BYTES);
        }
    }
}

Test(log, a_cut_drops_half_a_character)
{
    char text[3000];

    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(text); i += 3) {
            memcpy(text + i, "\xe2\x82\xac", 4);
        }
        log_info("%s", text);
        cr_assert_null(strchr(captured(), '?'));
    }
}

Test(log, errno_is_left_alone)
{
    errno = EXDEV;
    log_info("x");
    cr_assert_eq(errno, EXDEV);
    close(STDERR_FILENO);
    log_info("nowhere to go");
    cr_assert_eq(errno, EXDEV);
}

Test(log, level_parse)
{
    enum log_level level = LOG_LEVEL_INFO;

    cr_assert_eq(log_level_parse("debug", &level), 0);
    cr_assert_eq(level, LOG_LEVEL_DEBUG);
    cr_assert_eq(log_level_parse("error", &level), 0);
    cr_assert_eq(level, LOG_LEVEL_ERROR);
    cr_assert_eq(log_level_parse("Error", &level), -1);
    cr_assert_eq(log_level_parse("", &level), -1);
    cr_assert_eq(level, LOG_LEVEL_ERROR);
}
