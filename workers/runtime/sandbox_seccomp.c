/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * seccomp by libseccomp: an allow-list in three tables and a few calls judged by their arguments.
 *
 * What a refused call gets, and why there are two answers:
 *
 * - EPERM for all that is not listed. A library may try such a call and live without it (isatty
 *   by ioctl, a socket to a name service): the page is worth more than a tidy list. Forks and
 *   sockets are among these: system(3) or a resolver hears "no" and goes on.
 * - The end of the process (SIGSYS) for the second table: execve, ptrace, another process's
 *   memory, mounts, keys, kernel modules and the like. No library of a worker has a reason to try
 *   them, whoever does has taken the process over; it must not go on to try something else. The
 *   supervisor sees a crash by signal 31, bisects down to the page that did it and keeps the rest.
 *
 * clone3 answers ENOSYS, so that glibc falls back to clone, whose flags a filter can see.
 *
 * Invariants: memory is never writable and executable by a later change in a worker without
 * network (such a worker loads no library after its start); only this process can be signalled;
 * limits cannot be changed; the ways of fcntl that send signals are left out.
 *
 * The program is built with libseccomp, exported and kept as bytes: building takes about 0.3 ms,
 * which the harness spends while the worker is idle; loading takes less than 0.1 ms.
 *
 * Nothing blocks, nothing is logged.
 */
#include "workers/runtime/sandbox_seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdio.h"

/* The kernel's own bound (BPF_MAXINSNS). */
#define INSTRUCTIONS_MAX 4096U

struct seccomp_program {
    struct sock_fprog code;
    struct sock_filter instructions[];
};

static const int allowed_calls[] = {
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    /* files that are open */
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(lseek), SCMP_SYS(close),
    SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(fstat), SCMP_SYS(fstatfs),
    SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range), SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate), SCMP_SYS(fadvise64), SCMP_SYS(copy_file_range), SCMP_SYS(flock),
    SCMP_SYS(getdents64),
    /* files by name: which ones is Landlock's to say */
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
    SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(rename),
    SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(umask),
    /* itself */
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrusage), SCMP_SYS(getrlimit), SCMP_SYS(times),
    SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(getcpu), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield), SCMP_SYS(getrandom), SCMP_SYS(futex), SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address), SCMP_SYS(rseq), SCMP_SYS(exit), SCMP_SYS(exit_group),
    /* signals and time */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6)};

static const int deadly_calls[] = {
    /* other programs and processes */
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp),
    /* ways around a filter or into the kernel */
    SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(keyctl), SCMP_SYS(add_key),
    SCMP_SYS(request_key), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(iopl), SCMP_SYS(ioperm),
    /* the machine */
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(open_tree),
    SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsmount), SCMP_SYS(fsconfig), SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr), SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(open_by_handle_at),
    SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(quotactl),
    SCMP_SYS(syslog), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(sethostname)};

/* bind and listen are not here: a service makes its listening socket in its init, before the
 * sandbox closes, and accepts on it later. */
static const int network_calls[] = {
    /* sockets */
    SCMP_SYS(connect), SCMP_SYS(accept4), SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(shutdown),
    SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
    /* waiting for many, waking another thread */
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(eventfd2),
    /* libraries and threads, loaded and started late */
    SCMP_SYS(mmap), SCMP_SYS(mprotect)};

/* Those that neither send signals nor hand the descriptor on. */
static const uint32_t fcntl_commands[] = {
    F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,     F_SETFD,     F_GETFL,      F_SETFL,    F_GETLK,
    F_SETLK, F_SETLKW,        F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_GET_SEALS};

static const uint32_t socket_families[] = {AF_INET, AF_INET6, AF_UNIX};
static const uint32_t socket_types[] = {SOCK_STREAM, SOCK_DGRAM};

bool seccomp_offered(void)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0U, &action) == 0;
}

/* Compares what the kernel looks at: the lower half of a register for an int. */
static struct scmp_arg_cmp has_bits(unsigned arg, uint32_t mask, uint32_t value)
{
    return (struct scmp_arg_cmp){
        .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

static struct scmp_arg_cmp is_int(unsigned arg, uint32_t value)
{
    return has_bits(arg, UINT32_MAX, value);
}

/* The first failure wins: *status is 0 until then. */
static void add_if(scmp_filter_ctx filter, int *status, int call, unsigned count,
                   const struct scmp_arg_cmp *conditions)
{
    if (*status == 0) {
        *status = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, count, conditions);
    }
}

static void add_calls(scmp_filter_ctx filter, int *status, uint32_t action, const int *calls,
                      size_t count)
{
    for (size_t i = 0; i < count && *status == 0; i++) {
        *status = seccomp_rule_add_array(filter, action, calls[i], 0, NULL);
    }
}

static void add_judged_calls(scmp_filter_ctx filter, int *status)
{
    /* prlimit64: reading only. tgkill: raise(3) and abort(3), on this process. */
    const struct scmp_arg_cmp reads_only = {.arg = 2, .op = SCMP_CMP_EQ, .datum_a = 0};
    const struct scmp_arg_cmp own_pid = is_int(0, (uint32_t)getpid());
    const struct scmp_arg_cmp no_set_id = has_bits(1, 07000, 0);

    add_if(filter, status, SCMP_SYS(prlimit64), 1, &reads_only);
    add_if(filter, status, SCMP_SYS(tgkill), 1, &own_pid);
    add_if(filter, status, SCMP_SYS(fchmod), 1, &no_set_id);
    for (size_t i = 0; i < ARRAY_LEN(fcntl_commands); i++) {
        const struct scmp_arg_cmp command = is_int(1, fcntl_commands[i]);

        add_if(filter, status, SCMP_SYS(fcntl), 1, &command);
    }
    if (*status == 0) {
        *status = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
    }
}

static void add_without_network(scmp_filter_ctx filter, int *status)
{
    const struct scmp_arg_cmp not_executable = has_bits(2, PROT_EXEC, 0);

    add_if(filter, status, SCMP_SYS(mmap), 1, &not_executable);
    add_if(filter, status, SCMP_SYS(mprotect), 1, &not_executable);
}

static void add_network(scmp_filter_ctx filter, int *status)
{
    const uint32_t thread_flags = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
    const struct scmp_arg_cmp is_thread = has_bits(0, thread_flags, thread_flags);
    const struct scmp_arg_cmp pair_family = is_int(0, AF_UNIX);
    const struct scmp_arg_cmp set_name = is_int(0, PR_SET_NAME);
    const struct scmp_arg_cmp unread_bytes = is_int(1, FIONREAD);
    const struct scmp_arg_cmp nonblocking = is_int(1, FIONBIO);

    add_calls(filter, status, SCMP_ACT_ALLOW, network_calls, ARRAY_LEN(network_calls));
    for (size_t i = 0; i < ARRAY_LEN(socket_families); i++) {
        for (size_t j = 0; j < ARRAY_LEN(socket_types); j++) {
            const struct scmp_arg_cmp socket_kind[] = {is_int(0, socket_families[i]),
                                                       has_bits(1, 0xf, socket_types[j])};

            add_if(filter, status, SCMP_SYS(socket), 2, socket_kind);
        }
    }
    add_if(filter, status, SCMP_SYS(socketpair), 1, &pair_family);
    add_if(filter, status, SCMP_SYS(clone), 1, &is_thread);
    add_if(filter, status, SCMP_SYS(prctl), 1, &set_name);
    add_if(filter, status, SCMP_SYS(ioctl), 1, &unread_bytes);
    add_if(filter, status, SCMP_SYS(ioctl), 1, &nonblocking);
}

static scmp_filter_ctx build_filter(bool with_network, struct error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int status;

    if (!filter) {
        error_set(err, ERROR_MEMORY, "no memory for a system call filter");
        return NULL;
    }
    /* A binary tree over the numbers: half the cost of loading and of each call. */
    status = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (status == 0) {
        status = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    }
    add_calls(filter, &status, SCMP_ACT_ALLOW, allowed_calls, ARRAY_LEN(allowed_calls));
    add_calls(filter, &status, SCMP_ACT_KILL_PROCESS, deadly_calls, ARRAY_LEN(deadly_calls));
    add_judged_calls(filter, &status);
    if (with_network) {
        add_network(filter, &status);
    } else {
        add_without_network(filter, &status);
    }
    if (status < 0) {
        error_set_errno(err, -status, "cannot build the system call filter");
        seccomp_release(filter);
        return NULL;
    }
    return filter;
}

/* libseccomp 2.5 exports to a descriptor only. */
static struct seccomp_program *read_program(int fd, struct error *err)
{
    off_t size_bytes = lseek(fd, 0, SEEK_END);
    size_t count = size_bytes < 0 ? 0 : (size_t)size_bytes / sizeof(struct sock_filter);
    struct seccomp_program *program;

    if (count == 0 || count > INSTRUCTIONS_MAX || lseek(fd, 0, SEEK_SET) < 0) {
        error_set(err, ERROR_UNSUPPORTED, "a system call filter of %zu instructions", count);
        return NULL;
    }
    program = malloc(sizeof(*program) + count * sizeof(struct sock_filter));
    if (!program) {
        error_set(err, ERROR_MEMORY, "no memory for a system call filter");
        return NULL;
    }
    if (fdio_read_full(fd, program->instructions, count * sizeof(struct sock_filter), err) < 0) {
        free(program);
        return NULL;
    }
    program->code.len = (unsigned short)count;
    program->code.filter = program->instructions;
    return program;
}

struct seccomp_program *seccomp_program_create(bool with_network, struct error *err)
{
    AUTO_CLOSE int fd = memfd_create("seccomp", MFD_CLOEXEC);
    scmp_filter_ctx filter;
    int status;

    if (fd < 0) {
        error_set_errno(err, errno, "cannot make a file in memory");
        return NULL;
    }
    filter = build_filter(with_network, err);
    if (!filter) {
        return NULL;
    }
    status = seccomp_export_bpf(filter, fd);
    seccomp_release(filter);
    if (status < 0) {
        error_set_errno(err, -status, "cannot compile the system call filter");
        return NULL;
    }
    return read_program(fd, err);
}

int seccomp_program_load(const struct seccomp_program *program, struct error *err)
{
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &program->code) < 0) {
        return error_set_errno(err, errno, "cannot load the system call filter");
    }
    return 0;
}

void seccomp_program_destroy(struct seccomp_program *program)
{
    free(program);
}
