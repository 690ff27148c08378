/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/runtime/receipt: this process's peak and times.
 */
#include "workers/runtime/receipt.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/proc.h"

#define MEBIBYTE ((size_t)1 << 20)

Test(receipt, parses_what_proc_says)
{
    cr_assert_eq(receipt_parse_peak("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 10 kB\n"),
                 2 * MEBIBYTE);
    cr_assert_eq(receipt_parse_peak("Name:\tVmHWM:\nVmRSS:\t10 kB\n"), 0);
    cr_assert_eq(receipt_parse_peak("Name:\tx\nVmHWM:\t\n"), 0);
    cr_assert_eq(receipt_parse_peak("Name:\tx\nVmHWM:\t12 MB\n"), 0);
    cr_assert_eq(receipt_parse_peak("Name:\tx\nVmHWM:\t99999999999999999999 kB\n"), 0);
    cr_assert_eq(receipt_parse_peak(""), 0);
}

static void touch_memory(size_t size_bytes)
{
    volatile char *memory = malloc(size_bytes);

    cr_assert_not_null(memory);
    for (size_t i = 0; i < size_bytes; i += 1024) {
        memory[i] = 1;
    }
    free((void *)(uintptr_t)memory);
}

Test(receipt, peak_is_the_kernels)
{
    int fd = receipt_open();
    struct proc_memory kernel;
    struct receipt before;
    struct receipt after;

    cr_assert_geq(fd, 0);
    receipt_read(fd, &before);
    touch_memory(64 * MEBIBYTE);
    receipt_read(fd, &after);
    cr_assert_geq(after.peak_rss_bytes, before.peak_rss_bytes + 32 * MEBIBYTE);
    cr_assert_eq(proc_memory_read(0, &kernel, NULL), 0);
    cr_assert_geq(kernel.peak_rss_bytes, after.peak_rss_bytes);
    cr_assert_leq(kernel.peak_rss_bytes - after.peak_rss_bytes, MEBIBYTE);
    cr_assert_gt(after.user_us + after.system_us, before.user_us + before.system_us);
    close(fd);
}

Test(receipt, without_proc_there_is_an_upper_bound)
{
    struct proc_memory kernel;
    struct receipt receipt;

    touch_memory(16 * MEBIBYTE);
    cr_assert_eq(proc_memory_read(0, &kernel, NULL), 0);
    receipt_read(-1, &receipt);
    cr_assert_geq(receipt.peak_rss_bytes, kernel.peak_rss_bytes / 10 * 9);
}

Test(receipt, another_file_is_no_receipt)
{
    int fd = open("/dev/null", O_RDONLY);
    struct receipt receipt;

    receipt_read(fd, &receipt);
    cr_assert_gt(receipt.peak_rss_bytes, 0);
    close(fd);
}

/* Memory that goes back at once, whatever malloc keeps. */
static void map_memory(size_t size_bytes)
{
    void *memory =
        mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    cr_assert_neq(memory, MAP_FAILED);
    memset(memory, 1, size_bytes);
    munmap(memory, size_bytes);
}

/* Where the kernel lets it be reset, the peak is that of what came after. */
Test(receipt, the_peak_can_begin_anew)
{
    int status_fd = receipt_open();
    int reset_fd = receipt_reset_open();
    uint64_t high_bytes;

    cr_assert_geq(status_fd, 0);
    map_memory(64 * MEBIBYTE);
    high_bytes = receipt_peak(status_fd);
    cr_assert_geq(high_bytes, 64 * MEBIBYTE);
    if (receipt_reset(reset_fd)) {
        cr_assert_lt(receipt_peak(status_fd), high_bytes - 32 * MEBIBYTE);
        map_memory(32 * MEBIBYTE);
        cr_assert_geq(receipt_peak(status_fd), 32 * MEBIBYTE);
    } else {
        cr_assert_eq(receipt_peak(status_fd), high_bytes);
    }
    close(reset_fd);
    close(status_fd);
}

Test(receipt, what_cannot_be_measured_is_not)
{
    int fd = open("/dev/null", O_RDONLY);

    cr_assert_eq(receipt_peak(-1), 0);
    cr_assert_eq(receipt_peak(fd), 0);
    cr_assert_not(receipt_reset(-1));
    cr_assert_not(receipt_reset(fd));
    close(fd);
}
