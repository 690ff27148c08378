/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * fork, exec, pidfd, waitid.
 *
 * Invariants: between vfork and exec the child calls nothing that is not async-signal-safe and
 * changes no memory of ours (another thread of ours may have held any lock at the fork). A process
 * is reaped exactly once, by its own pidfd.
 *
 * Blocks: never (a start costs some 100 us: this thread waits until the child has called exec).
 *
 * Diagnostics: none here; the caller says what a failed start means.
 */
#include "supervisor/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "proto/message.h"
#include "proto/verdict.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* Above every descriptor that the child gets, so that dup2 in the child overwrites none of them. */
#define CHILD_FD_FLOOR 10

struct process {
    pid_t pid;
    int pidfd;
    bool exited;
    uv_poll_t poll;
    process_exit_cb exit_cb;
    void *user;
};

static void child_reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) {
        sigaction(number, &action, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child, between fork and exec. Until exec it runs in our memory (vfork: copying our page
 * tables took longer than all the rest), so it writes nothing but its own locals; all signals are
 * blocked until none has a handler of ours any more. */
__attribute__((noreturn)) static void child_exec(const struct process_spec *spec, int channel_fd,
                                                 int log_fd, int null_fd, pid_t parent)
{
    static char path[] = "PATH=/usr/bin:/bin";
    static char lang[] = "LANG=C.UTF-8";
    static char *const environment[] = {path, lang, NULL};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(WORKER_EXIT_ORPHANED); /* it died before the line above */
    }
    child_reset_signals();
    if (dup2(null_fd, 0) < 0 || dup2(null_fd, 1) < 0 || dup2(log_fd, 2) < 0 ||
        dup2(channel_fd, PROTOCOL_WORKER_FD) < 0) {
        _exit(WORKER_EXIT_EXEC);
    }
    if (close_range(PROTOCOL_WORKER_FD + 1, ~0U, 0) < 0) {
        _exit(WORKER_EXIT_EXEC);
    }
    char *argv[] = {NULL, NULL};
    argv[0] = (char *)(uintptr_t)spec->executable;
    execve(spec->executable, argv, environment);
    _exit(WORKER_EXIT_EXEC);
}

static void on_pidfd_closed(uv_handle_t *handle)
{
    struct process *process = handle->data;
    close(process->pidfd);
    free(process);
}

static void on_pidfd_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct process *process = poll->data;
    siginfo_t info = {0};
    struct process_exit end = {.code = -1};
    if (syscall(SYS_waitid, P_PIDFD, process->pidfd, &info, WEXITED | WNOHANG | WNOWAIT, NULL) ==
            0 &&
        info.si_pid == process->pid) {
        kill(-process->pid,
             SIGKILL); /* whatever it forked; the zombie still holds the group's number */
    }
    /* glibc's waitid hides the fifth argument, the child's rusage. */
    long failed =
        syscall(SYS_waitid, P_PIDFD, process->pidfd, &info, WEXITED | WNOHANG, &end.usage);
    if (failed < 0 && errno == EINTR) {
        return;
    }
    if (failed == 0 && info.si_pid == 0) {
        return; /* not ended yet: a spurious wake-up */
    }
    if (failed == 0 && info.si_code == CLD_EXITED) {
        end.code = info.si_status;
    } else if (failed == 0) {
        end.signal = info.si_status;
    } else {
        log_error("waitid of %d: %s: its cost is unknown", (int)process->pid, strerror(errno));
    }
    process->exited = true;
    uv_poll_stop(poll);
    process->exit_cb(process->user, &end);
}

/* Copies of the three descriptors above CHILD_FD_FLOOR; closed again in the parent. */
static int raise_fd(int fd, struct error *err)
{
    int raised = fcntl(fd, F_DUPFD_CLOEXEC, CHILD_FD_FLOOR);
    if (raised < 0) {
        error_set_errno(err, errno, "cannot duplicate a descriptor for a worker");
    }
    return raised;
}

static pid_t vfork_child(const struct process_spec *spec, const int channel_fd, const int log_fd,
                         const int null_fd, struct error *err)
{
    const pid_t parent = getpid();
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = vfork();
    if (pid == 0) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Vfork): it keeps to what child_exec's comment says. */
        child_exec(spec, channel_fd, log_fd, null_fd, parent);
    }
    const int fork_errno = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid < 0 ? error_set_errno(err, fork_errno, "fork") : pid;
}

static pid_t fork_child(const struct process_spec *spec, struct error *err)
{
    AUTO_CLOSE int null_low = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_low < 0) {
        return error_set_errno(err, errno, "/dev/null");
    }
    AUTO_CLOSE int null_fd = raise_fd(null_low, err);
    AUTO_CLOSE int channel_fd = null_fd < 0 ? -1 : raise_fd(spec->channel_fd, err);
    AUTO_CLOSE int log_fd = channel_fd < 0 ? -1 : raise_fd(spec->log_fd, err);
    if (log_fd < 0) {
        return -1;
    }
    return vfork_child(spec, channel_fd, log_fd, null_fd, err);
}

/* The child was forked but cannot be watched: end it here and now, it has done nothing yet. */
static void abandon(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

int process_start(uv_loop_t *loop, const struct process_spec *spec, process_exit_cb exit_cb,
                  void *user, struct process **ret_process, struct error *err)
{
    AUTO_FREE struct process *process = calloc(1, sizeof(*process));
    if (!process) {
        return error_set(err, ERROR_MEMORY, "no memory for a process");
    }
    pid_t pid = fork_child(spec, err);
    if (pid < 0) {
        return -1;
    }
    process->pid = pid;
    process->exit_cb = exit_cb;
    process->user = user;
    process->pidfd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
    if (process->pidfd < 0) {
        error_set_errno(err, errno, "pidfd_open");
        abandon(pid);
        return -1;
    }
    int failed = uv_poll_init(loop, &process->poll, process->pidfd);
    if (failed == 0) {
        process->poll.data = process;
        failed = uv_poll_start(&process->poll, UV_READABLE, on_pidfd_readable);
        if (failed != 0) {
            abandon(pid);
            uv_close((uv_handle_t *)&process->poll, on_pidfd_closed);
            process = NULL;
            return error_set(err, ERROR_SYSTEM, "watching a worker: %s", uv_strerror(failed));
        }
    } else {
        close(process->pidfd);
        abandon(pid);
        return error_set(err, ERROR_SYSTEM, "watching a worker: %s", uv_strerror(failed));
    }
    *ret_process = TAKE_PTR(process);
    return 0;
}

pid_t process_pid(const struct process *process)
{
    return process->pid;
}

void process_signal(struct process *process, int signal_number)
{
    if (process->exited) {
        return;
    }
    if (syscall(SYS_pidfd_send_signal, process->pidfd, signal_number, NULL, 0) < 0 &&
        errno != ESRCH) {
        log_error("signal %d to worker %d: %s", signal_number, (int)process->pid, strerror(errno));
    }
}

void process_destroy(struct process *process)
{
    if (process) {
        uv_close((uv_handle_t *)&process->poll, on_pidfd_closed);
    }
}
