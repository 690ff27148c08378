/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Other processes and programs, and calls into the kernel that no library makes.
 */
#include "tests/fake/probe.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"

static int try_fork(const struct attempt_context *context)
{
    pid_t pid = fork();

    (void)context;
    if (pid == 0) {
        _exit(0);
    }
    if (pid > 0) {
        waitpid(pid, NULL, 0);
    }
    return errno_of(pid);
}

static int try_vfork(const struct attempt_context *context)
{
    long pid = syscall(SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL);

    (void)context;
    if (pid == 0) {
        _exit(0);
    }
    return errno_of(pid);
}

static void *do_nothing(void *user)
{
    return user;
}

static int try_thread(const struct attempt_context *context)
{
    pthread_t thread;
    int status = pthread_create(&thread, NULL, do_nothing, NULL);

    (void)context;
    return status == 0 ? pthread_join(thread, NULL) : status;
}

static int try_exec(const struct attempt_context *context)
{
    AUTO_FREE char *program = strdup(context->arg);
    char *argv[] = {program, NULL};
    char *environment[] = {NULL};

    return errno_of(execve(context->arg, argv, environment));
}

static int try_system(const struct attempt_context *context)
{
    int status = system(context->arg); /* NOLINT(cert-env33-c): it is what is tried */

    return status == 0 ? 0 : status < 0 ? errno : ECHILD;
}

static int try_ptrace(const struct attempt_context *context)
{
    (void)context;
    return errno_of(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int try_peek(const struct attempt_context *context)
{
    char byte;
    struct iovec local = {&byte, 1};
    struct iovec remote = {&byte, 1};

    (void)context;
    return errno_of(process_vm_readv(getppid(), &local, 1, &remote, 1, 0));
}

static int try_kill(const struct attempt_context *context)
{
    return errno_of(kill((pid_t)number_of(context->arg), 0));
}

static int try_tgkill(const struct attempt_context *context)
{
    pid_t pid = (pid_t)number_of(context->arg);

    return errno_of(syscall(SYS_tgkill, pid, pid, 0));
}

static int try_setown(const struct attempt_context *context)
{
    return errno_of(fcntl(PROTOCOL_WORKER_FD, F_SETOWN, (int)number_of(context->arg)));
}

static int try_abort(const struct attempt_context *context)
{
    (void)context;
    abort();
}

const struct attempt probe_processes[] = {
    {"fork", try_fork},     {"vfork", try_vfork},   {"thread", try_thread}, {"exec", try_exec},
    {"system", try_system}, {"ptrace", try_ptrace}, {"peek", try_peek},     {"kill", try_kill},
    {"tgkill", try_tgkill}, {"setown", try_setown}, {"abort", try_abort},   {NULL, NULL},
};

static int try_io_uring(const struct attempt_context *context)
{
    (void)context;
    return errno_of(syscall(SYS_io_uring_setup, 1, NULL));
}

static int try_bpf(const struct attempt_context *context)
{
    union bpf_attr attr = {0};

    (void)context;
    return errno_of(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int try_perf(const struct attempt_context *context)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr)};

    (void)context;
    return errno_of(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int try_keyctl(const struct attempt_context *context)
{
    (void)context;
    return errno_of(syscall(SYS_keyctl, 0, -3, 0, 0, 0));
}

static int try_userfaultfd(const struct attempt_context *context)
{
    (void)context;
    return errno_of(syscall(SYS_userfaultfd, O_CLOEXEC));
}

static int try_mount(const struct attempt_context *context)
{
    return errno_of(mount("none", context->arg, "tmpfs", 0, NULL));
}

static int try_unshare(const struct attempt_context *context)
{
    (void)context;
    return errno_of(unshare(CLONE_NEWUSER));
}

static int try_outlive(const struct attempt_context *context)
{
    (void)context;
    return errno_of(prctl(PR_SET_PDEATHSIG, 0));
}

static int try_raise_limit(const struct attempt_context *context)
{
    const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    (void)context;
    return errno_of(setrlimit(RLIMIT_DATA, &limit));
}

static int try_write_and_run(const struct attempt_context *context)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)context;
    if (page == MAP_FAILED) {
        return errno;
    }
    return errno_of(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

const struct attempt probe_kernel[] = {
    {"io_uring", try_io_uring},
    {"bpf", try_bpf},
    {"perf", try_perf},
    {"keyctl", try_keyctl},
    {"userfaultfd", try_userfaultfd},
    {"mount", try_mount},
    {"unshare", try_unshare},
    {"outlive", try_outlive},
    {"raise_limit", try_raise_limit},
    {"write_and_run", try_write_and_run},
    {NULL, NULL},
};
