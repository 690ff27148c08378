/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker's own account of its cost: proc(5) and getrusage(2).
 *
 * The kernel writes /proc/self/status anew for each read from its start, so that one descriptor
 * serves for the whole life. Allocates nothing: this has to work when memory is what is missing.
 * Nothing blocks, nothing is logged.
 */
#include "workers/runtime/receipt.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* VmHWM stands some 500 bytes from the start; only the list of supplementary groups before it has
 * no fixed length. */
#define STATUS_BYTES 4096

/* proc(5): resets the peak resident set size to the current one, and nothing else. */
#define CLEAR_PEAK "5"

int receipt_open(void)
{
    return open("/proc/self/status", O_RDONLY | O_CLOEXEC);
}

int receipt_reset_open(void)
{
    return open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
}

bool receipt_reset(int reset_fd)
{
    return reset_fd >= 0 && pwrite(reset_fd, CLEAR_PEAK, strlen(CLEAR_PEAK), 0) > 0;
}

uint64_t receipt_parse_peak(const char *text)
{
    static const char label[] = "\nVmHWM:";
    const char *line = strstr(text, label);
    char *end;
    unsigned long long kilobytes;

    if (!line) {
        return 0;
    }
    line += sizeof(label) - 1;
    line += strspn(line, " \t");
    kilobytes = strtoull(line, &end, 10);
    if (end == line || strncmp(end, " kB", 3) != 0 || kilobytes > UINT64_MAX / 1024) {
        return 0;
    }
    return (uint64_t)kilobytes * 1024;
}

uint64_t receipt_peak(int status_fd)
{
    char text[STATUS_BYTES];
    ssize_t got_bytes = status_fd < 0 ? -1 : pread(status_fd, text, sizeof(text) - 1, 0);

    if (got_bytes <= 0) {
        return 0;
    }
    text[got_bytes] = '\0';
    return receipt_parse_peak(text);
}

static uint64_t time_us(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

void receipt_read(int status_fd, struct receipt *ret_receipt)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage); /* cannot fail for RUSAGE_SELF */
    ret_receipt->user_us = time_us(&usage.ru_utime);
    ret_receipt->system_us = time_us(&usage.ru_stime);
    ret_receipt->peak_rss_bytes = receipt_peak(status_fd);
    if (ret_receipt->peak_rss_bytes == 0) {
        ret_receipt->peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
    }
}
