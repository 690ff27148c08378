/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One child process: fork and exec by hand, its end through a pidfd, its cost from the kernel.
 *
 * uv_spawn is not used: libuv's reaper throws the kernel's accounting away. No SIGCHLD handler and
 * no wait on "any child" stands anywhere, so nothing can steal an exit from us.
 */
#ifndef EBB_SUPERVISOR_PROCESS_H
#define EBB_SUPERVISOR_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <uv.h>

#include "common/error.h"

struct process_spec {
    const char *executable; /* absolute path */
    int channel_fd; /* becomes descriptor 3 of the child; closed in the parent by the caller */
    int log_fd;     /* becomes descriptor 2; likewise */
};

/* How a process ended, as waitid(2) says. */
struct process_exit {
    int code;   /* exit code; -1 when a signal ended it */
    int signal; /* 0 when it exited */
    struct rusage usage;
};

struct process;
typedef void (*process_exit_cb)(void *user, const struct process_exit *end);

/*
 * Starts the executable in a process group of its own: nothing on descriptors 0 and 1, the log on
 * 2, the channel on 3, all else closed, an environment of PATH and LANG alone, SIGKILL when this
 * process dies. exit_cb is called once, on the loop. ERROR_SYSTEM when fork or pidfd_open fails;
 * a failing exec shows as exit code WORKER_EXIT_EXEC.
 */
int process_start(uv_loop_t *loop, const struct process_spec *spec, process_exit_cb exit_cb,
                  void *user, struct process **ret_process, struct error *err);
pid_t process_pid(const struct process *process);
/* Signals the process through its pidfd: never another that got its number. */
void process_signal(struct process *process, int signal_number);
/* Only after exit_cb. */
void process_destroy(struct process *process);

#endif
