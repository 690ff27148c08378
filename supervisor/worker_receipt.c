/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a worker's end says, and what it cost.
 *
 * The peak comes from who knows it best: the worker's cgroup, its own VmHWM in BYE, the kernel's
 * ru_maxrss (which is at least our RSS at the fork), our last sample.
 */
#include "supervisor/worker_receipt.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

enum verdict worker_exit_verdict(const struct worker *worker, char *ret_detail, size_t size_bytes)
{
    const struct process_exit *end = &worker->end;
    /* A worker may go by itself (SIGTERM), but neither before it came nor out of its work. */
    bool deserted = worker->unasked && (worker->in_flight || worker->ready_us == 0);
    if (end->signal != 0) {
        bool oom = end->signal == SIGKILL && cgroup_oom_killed(worker->cgroup);
        const char *name = sigabbrev_np(end->signal);
        snprintf(ret_detail, size_bytes,
                 oom ? "killed by the kernel for memory (signal %d, SIG%s)"
                     : "ended by signal %d (SIG%s)",
                 end->signal, name ? name : "?");
        return oom ? VERDICT_MEMORY_EXCEEDED : VERDICT_CRASHED;
    }
    switch (end->code) {
    case WORKER_EXIT_OK:
        snprintf(ret_detail, size_bytes,
                 !worker->said_bye   ? "exited without BYE"
                 : worker->in_flight ? "said BYE with a unit unfinished"
                                     : "said BYE before READY");
        return worker->said_bye && !deserted ? VERDICT_DONE : VERDICT_PROTOCOL_ERROR;
    case WORKER_EXIT_MEMORY:
        snprintf(ret_detail, size_bytes, "out of memory");
        return VERDICT_MEMORY_EXCEEDED;
    case WORKER_EXIT_PROTOCOL:
        snprintf(ret_detail, size_bytes, "it did not understand a frame of ours");
        return VERDICT_PROTOCOL_ERROR;
    case WORKER_EXIT_EXEC:
        snprintf(ret_detail, size_bytes, "%.128s could not be executed",
                 worker->settings->executable);
        return VERDICT_FAILED;
    case WORKER_EXIT_SANDBOX:
        snprintf(ret_detail, size_bytes, "the sandbox could not be closed");
        return VERDICT_FAILED;
    case WORKER_EXIT_INIT:
        snprintf(ret_detail, size_bytes, "its initialisation failed; its log says why");
        return VERDICT_FAILED;
    default:
        snprintf(ret_detail, size_bytes, "exited with code %d", end->code);
        return VERDICT_CRASHED;
    }
}

bool worker_killed_from_outside(const struct worker *worker)
{
    return worker->end.signal == SIGKILL && !worker->killed && !cgroup_oom_killed(worker->cgroup);
}

void worker_receipt_fill(const struct worker *worker, struct worker_receipt *receipt)
{
    const struct rusage *usage = &worker->end.usage;
    receipt->end = worker->end;
    receipt->started_wall_ms = worker->started_wall_ms;
    receipt->wall_us = clock_monotonic_us() - worker->started_us;
    receipt->user_us =
        (uint64_t)usage->ru_utime.tv_sec * 1000000U + (uint64_t)usage->ru_utime.tv_usec;
    receipt->system_us =
        (uint64_t)usage->ru_stime.tv_sec * 1000000U + (uint64_t)usage->ru_stime.tv_usec;
    receipt->young = worker->ready_us == 0;
    receipt->unload_us =
        worker->told_to_go_us > 0 ? clock_monotonic_us() - worker->told_to_go_us : 0;
    /* A worker's own VmHWM is exact. ru_maxrss is at least our RSS at the fork, so it only speaks
     * for a worker that could not; no worker can claim less than we saw. */
    bool told_more = worker->peak_unit_bytes > worker->peak_sample_bytes;
    uint64_t seen_bytes = told_more ? worker->peak_unit_bytes : worker->peak_sample_bytes;
    receipt->peak_rss_bytes = seen_bytes;
    receipt->peak_source = told_more ? "worker" : "sample";
    uint64_t kernel_bytes = (uint64_t)usage->ru_maxrss * 1024U;
    uint64_t cgroup_bytes;
    if (cgroup_peak_bytes(worker->cgroup, &cgroup_bytes)) {
        receipt->peak_rss_bytes = cgroup_bytes;
        receipt->peak_source = "cgroup";
    } else if (worker->said_bye && worker->bye_peak_bytes >= seen_bytes) {
        receipt->peak_rss_bytes = worker->bye_peak_bytes;
        receipt->peak_source = "worker";
    } else if (kernel_bytes >= seen_bytes) {
        receipt->peak_rss_bytes = kernel_bytes;
        receipt->peak_source = "kernel";
    }
}
