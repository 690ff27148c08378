/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-probe: a worker that tries what its unit's parameters name, from inside the harness and the
 * sandbox that every worker has, and reports how it went.
 *
 * RUN's params: "try" is a row of attempts[], "arg" its argument. DONE's counts: "errno" (0: it
 * was allowed), and for some rows a "value". A row that the sandbox answers with the end of the
 * process is never answered. A name that is no row fails the unit with unknown_attempt.
 *
 * Never installed; no worker of ebb has any of this.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "workers/runtime/worker.h"

#define MEBIBYTE ((size_t)1 << 20)

struct attempt_context {
    struct worker *worker;
    const struct worker_unit *unit;
    struct worker_result *result;
    const char *arg;
};

/* Each returns 0 where it was allowed, else the errno. */
static int errno_of(long result)
{
    return result < 0 ? errno : 0;
}

/* The argument as a number; what is none counts as 0. */
static uint64_t number_of(const char *text)
{
    return strtoull(text, NULL, 10);
}

static int opened(int fd)
{
    int saved_errno = errno;

    if (fd < 0) {
        return saved_errno;
    }
    close(fd);
    return 0;
}

static int try_read(const struct attempt_context *context)
{
    return opened(open(context->arg, O_RDONLY | O_CLOEXEC));
}

static int try_write(const struct attempt_context *context)
{
    return opened(open(context->arg, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int try_truncate(const struct attempt_context *context)
{
    return opened(open(context->arg, O_WRONLY | O_TRUNC | O_CLOEXEC));
}

static int try_list(const struct attempt_context *context)
{
    return opened(open(context->arg, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int try_mkdir(const struct attempt_context *context)
{
    return errno_of(mkdir(context->arg, 0700));
}

static int try_unlink(const struct attempt_context *context)
{
    return errno_of(unlink(context->arg));
}

/* arg: "from:to". */
static int try_rename(const struct attempt_context *context)
{
    AUTO_FREE char *from = strdup(context->arg);
    char *to = from ? strchr(from, ':') : NULL;

    if (!to) {
        return EINVAL;
    }
    *to++ = '\0';
    return errno_of(rename(from, to));
}

static int try_symlink(const struct attempt_context *context)
{
    return errno_of(symlink("/etc/passwd", context->arg));
}

static int try_chmod(const struct attempt_context *context)
{
    return errno_of(chmod(context->arg, 04755));
}

static int try_memfd(const struct attempt_context *context)
{
    (void)context;
    return opened(memfd_create("probe", MFD_CLOEXEC));
}

static int try_socket(const struct attempt_context *context)
{
    static const struct {
        const char *name;
        int family, type;
    } kinds[] = {
        {"inet", AF_INET, SOCK_STREAM},    {"inet-datagram", AF_INET, SOCK_DGRAM},
        {"inet6", AF_INET6, SOCK_STREAM},  {"inet6-datagram", AF_INET6, SOCK_DGRAM},
        {"unix", AF_UNIX, SOCK_STREAM},    {"unix-datagram", AF_UNIX, SOCK_DGRAM},
        {"netlink", AF_NETLINK, SOCK_RAW}, {"packet", AF_PACKET, SOCK_RAW},
        {"inet-raw", AF_INET, SOCK_RAW},
    };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, context->arg) == 0) {
            return opened(socket(kinds[i].family, kinds[i].type | SOCK_CLOEXEC, 0));
        }
    }
    return EINVAL;
}

static int try_socketpair(const struct attempt_context *context)
{
    int pair[2];

    (void)context;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return errno;
    }
    close(pair[0]);
    return opened(pair[1]);
}

static int with_address(const char *port, int (*call)(int, const struct sockaddr *, socklen_t))
{
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)number_of(port)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};

    if (fd < 0) {
        return errno;
    }
    return errno_of(call(fd, (const struct sockaddr *)&address, sizeof(address)));
}

static int try_connect(const struct attempt_context *context)
{
    return with_address(context->arg, connect);
}

static int try_bind(const struct attempt_context *context)
{
    return with_address(context->arg, bind);
}

static int try_resolve(const struct attempt_context *context)
{
    struct addrinfo *found;
    int status = getaddrinfo(context->arg, "80", NULL, &found);

    if (status == 0) {
        freeaddrinfo(found);
    }
    return status == 0 ? 0 : EHOSTUNREACH;
}

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

static void *wait_for_ever(void *user)
{
    pause();
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

/* arg: MiB. */
static int try_memory(const struct attempt_context *context)
{
    size_t size_bytes = number_of(context->arg) * MEBIBYTE;
    AUTO_FREE char *memory = malloc(size_bytes);

    if (!memory) {
        return errno;
    }
    memset(memory, 1, size_bytes);
    __asm__ volatile("" : : "r"(memory) : "memory"); /* do not leave the two lines above out */
    return 0;
}

/* Writes MiB after MiB into the artifact until it is refused; value: MiB written. */
static int try_file(const struct attempt_context *context)
{
    AUTO_CLOSE int fd =
        open(context->unit->artifact_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    static char block[MEBIBYTE];
    uint64_t written = 0;
    uint64_t limit = number_of(context->arg);
    ssize_t put_bytes = 0;

    if (fd < 0) {
        return errno;
    }
    while (written < limit &&
           (put_bytes = write(fd, block, sizeof(block))) == (ssize_t)sizeof(block)) {
        written++;
    }
    worker_result_count(context->result, "value", written);
    return put_bytes < 0 ? errno : 0;
}

/* value: how many more descriptors there were. */
static int try_descriptors(const struct attempt_context *context)
{
    int fds[4096];
    size_t count = 0;
    int failed;

    while (count < ARRAY_LEN(fds) && (fds[count] = dup(STDERR_FILENO)) >= 0) {
        count++;
    }
    failed = count < ARRAY_LEN(fds) ? errno : 0;
    worker_result_count(context->result, "value", count);
    while (count > 0) {
        close(fds[--count]);
    }
    return failed;
}

/* value: the soft limit named by arg. */
static int try_limit(const struct attempt_context *context)
{
    static const struct {
        const char *name;
        __rlimit_resource_t resource;
    } names[] = {
        {"data", RLIMIT_DATA},         {"fsize", RLIMIT_FSIZE}, {"nofile", RLIMIT_NOFILE},
        {"core", RLIMIT_CORE},         {"nproc", RLIMIT_NPROC}, {"memlock", RLIMIT_MEMLOCK},
        {"msgqueue", RLIMIT_MSGQUEUE},
    };
    struct rlimit limit;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i].name, context->arg) == 0) {
            int status = getrlimit(names[i].resource, &limit);

            worker_result_count(context->result, "value", limit.rlim_cur);
            worker_result_count(context->result, "hard", limit.rlim_max);
            return errno_of(status);
        }
    }
    return EINVAL;
}

static int try_privileges(const struct attempt_context *context)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
    long status = syscall(SYS_capget, &header, sets);
    int signal_number = 0;

    prctl(PR_GET_PDEATHSIG, &signal_number);
    worker_result_count(context->result, "no_new_privs",
                        (uint64_t)prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    worker_result_count(context->result, "dumpable", (uint64_t)prctl(PR_GET_DUMPABLE));
    worker_result_count(context->result, "death_signal", (uint64_t)signal_number);
    worker_result_count(context->result, "capabilities",
                        (uint64_t)sets[1].permitted << 32 | sets[0].permitted);
    return errno_of(status);
}

static int try_spin(const struct attempt_context *context)
{
    volatile bool on = true;

    worker_progress(context->worker, 1, 0);
    while (on) {
    }
    return 0;
}

static int try_sleep(const struct attempt_context *context)
{
    volatile bool on = true;

    worker_progress(context->worker, 1, 0);
    while (on) {
        pause();
    }
    return 0;
}

/* Goes on until it is cancelled; value: 1. */
static int try_work(const struct attempt_context *context)
{
    uint32_t item = context->unit->first;

    while (worker_progress(context->worker, item, 0)) {
        const struct timespec moment = {0, 1000000};

        nanosleep(&moment, NULL);
    }
    worker_result_count(context->result, "value", 1);
    return 0;
}

/* arg lines of log. */
static int try_log(const struct attempt_context *context)
{
    for (uint64_t i = number_of(context->arg); i > 0; i--) {
        worker_log(context->worker, LOG_LEVEL_INFO, "line %" PRIu64, i);
    }
    return 0;
}

/* Looks through all writable memory for arg read backwards, so that the unit's own message does
 * not hold what is looked for. value: places where it was found. */
static uint64_t count_backwards(const char *start, const char *end, const char *text)
{
    size_t length = strlen(text);
    uint64_t found = 0;

    for (const char *at = start; at + length <= end; at++) {
        size_t same = 0;

        while (same < length && at[same] == text[length - 1 - same]) {
            same++;
        }
        found += same == length;
    }
    return found;
}

static int try_find_in_memory(const struct attempt_context *context)
{
    AUTO_FCLOSE FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    uint64_t found = 0;
    uint64_t mappings = 0;

    if (!maps) {
        return errno;
    }
    while (fgets(line, sizeof(line), maps)) {
        /* start-end mode ... */
        char *rest;
        uintptr_t start = strtoul(line, &rest, 16);
        uintptr_t end = *rest == '-' ? strtoul(rest + 1, &rest, 16) : 0;

        if (end > start && strncmp(rest, " rw", 3) == 0) {
            mappings++;
            found += count_backwards((const char *)start, (const char *)end, context->arg);
        }
    }
    worker_result_count(context->result, "value", found);
    worker_result_count(context->result, "mappings", mappings);
    return 0;
}

static const struct {
    const char *name;
    int (*attempt)(const struct attempt_context *context);
} attempts[] = {
    {"read", try_read},
    {"write", try_write},
    {"truncate", try_truncate},
    {"list", try_list},
    {"mkdir", try_mkdir},
    {"unlink", try_unlink},
    {"rename", try_rename},
    {"symlink", try_symlink},
    {"chmod", try_chmod},
    {"memfd", try_memfd},
    {"socket", try_socket},
    {"socketpair", try_socketpair},
    {"connect", try_connect},
    {"bind", try_bind},
    {"resolve", try_resolve},
    {"fork", try_fork},
    {"vfork", try_vfork},
    {"thread", try_thread},
    {"exec", try_exec},
    {"system", try_system},
    {"ptrace", try_ptrace},
    {"peek", try_peek},
    {"kill", try_kill},
    {"tgkill", try_tgkill},
    {"setown", try_setown},
    {"abort", try_abort},
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
    {"memory", try_memory},
    {"file", try_file},
    {"descriptors", try_descriptors},
    {"limit", try_limit},
    {"privileges", try_privileges},
    {"spin", try_spin},
    {"sleep", try_sleep},
    {"work", try_work},
    {"log", try_log},
    {"find_in_memory", try_find_in_memory},
};

/* user: the secret's length, to prove that init saw it. */
static int probe_init(struct worker *worker, void **ret_user, struct error *err)
{
    const char *wanted = worker_setting(worker, "init", "");
    size_t *length = malloc(sizeof(*length));

    if (!length) {
        return error_set(err, ERROR_MEMORY, "no memory for a number");
    }
    *length = strlen(worker_secret(worker, "key", ""));
    *ret_user = length;
    if (strcmp(wanted, "fail") == 0) {
        free(length);
        return error_set(err, ERROR_INVALID, "this init was told to fail");
    }
    if (strcmp(wanted, "thread") == 0) {
        pthread_t thread;

        pthread_create(&thread, NULL, wait_for_ever, NULL);
        pthread_detach(thread);
    }
    return 0;
}

static int probe_run(struct worker *worker, void *user, const struct worker_unit *unit,
                     struct worker_result *result, struct error *err)
{
    const struct attempt_context context = {worker, unit, result,
                                            worker_unit_param(unit, "arg", "")};
    const char *name = worker_unit_param(unit, "try", "");

    if (strcmp(name, "memory_error") == 0) {
        return error_set(err, ERROR_MEMORY, "as a library says it");
    }
    if (strcmp(name, "error") == 0) {
        return error_set(err, ERROR_CORRUPT, "%s", context.arg);
    }
    if (strcmp(name, "secret") == 0) {
        worker_result_count(result, "value", *(const size_t *)user);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
        if (strcmp(attempts[i].name, name) == 0) {
            worker_result_count(result, "errno", (uint64_t)attempts[i].attempt(&context));
            return 0;
        }
    }
    return worker_result_fail(result, "unknown_attempt", false, "there is no attempt %s", name);
}

static void probe_deinit(void *user)
{
    free(user);
}

int main(int argc, char **argv)
{
    static const struct worker_ops ops = {
        .class_name = "probe", .init = probe_init, .run = probe_run, .deinit = probe_deinit};

    return worker_main(&ops, argc, argv);
}
