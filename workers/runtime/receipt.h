/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What this process has cost so far, for its BYE. The descriptor is opened while files still can
 * be and read when they no longer can.
 */
#ifndef EBB_WORKERS_RUNTIME_RECEIPT_H
#define EBB_WORKERS_RUNTIME_RECEIPT_H

#include <stddef.h>
#include <stdint.h>

struct receipt {
    uint64_t peak_rss_bytes;
    uint64_t user_us, system_us;
};

/* A descriptor of /proc/self/status; -1 where there is none, which receipt_read accepts. */
int receipt_open(void);
/* Allocates nothing. peak_rss_bytes is VmHWM, exact since exec; without status_fd it is
 * getrusage's ru_maxrss, which is never less than what the parent used at fork. */
void receipt_read(int status_fd, struct receipt *ret_receipt);
/* The number of "VmHWM: 123 kB" in a text of proc(5), in bytes; 0 when there is none. */
uint64_t receipt_parse_peak(const char *text);

#endif
