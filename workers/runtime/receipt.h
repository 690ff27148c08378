/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What this process has cost so far, for its BYE, and during a unit, for that unit's end. The
 * descriptors are opened while files still can be and used when they no longer can.
 */
#ifndef EBB_WORKERS_RUNTIME_RECEIPT_H
#define EBB_WORKERS_RUNTIME_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct receipt {
    uint64_t peak_rss_bytes;
    uint64_t user_us, system_us;
};

/* A descriptor of /proc/self/status; -1 where there is none, which receipt_read accepts. */
int receipt_open(void);
/* Allocates nothing. peak_rss_bytes is VmHWM, exact since exec or receipt_reset; without status_fd
 * it is getrusage's ru_maxrss, which is never less than what the parent used at fork. */
void receipt_read(int status_fd, struct receipt *ret_receipt);
/* A descriptor through which receipt_reset works; -1 where the kernel has none. */
int receipt_reset_open(void);
/* Lets VmHWM begin anew at what is resident now. False where that is not possible. */
bool receipt_reset(int reset_fd);
/* VmHWM alone, in bytes; 0 where it cannot be read. Allocates nothing. */
uint64_t receipt_peak(int status_fd);
/* The number of "VmHWM: 123 kB" in a text of proc(5), in bytes; 0 when there is none. */
uint64_t receipt_parse_peak(const char *text);

#endif
