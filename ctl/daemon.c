/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A private ebbd.
 *
 * Invariants: it never outlives us (PR_SET_PDEATHSIG, and --private) and, in a process group of its
 * own, gets no ^C that was meant for us. Its log goes to a file in the run folder, so that it never
 * waits for us to read; daemon_trim_log bounds it. The run folder is ours alone (0700) and is
 * removed on every path. Blocks while it starts (START_MS at most) and ends. Nothing is logged.
 */
#include "ctl/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/file.h"
#include "ctl/interrupt.h"
#include "ctl/place.h"

/* A start looks through the state of a daemon that may have been killed. */
#define START_MS 60000U
#define LOG_BYTES_MAX (1L << 20)
#define LOG_TAIL_BYTES 8192
#define READY_FD 3
/* What the calls before exec make of a failure. */
#define EXIT_NO_EXEC 127

struct daemon {
    pid_t pid;
    int pid_fd;
    int log_fd;
    bool ended;
    siginfo_t end;
    char folder[PLACE_PATH_BYTES];
    char socket[PLACE_SOCKET_BYTES];
};

static int find_in_path(char *ret_path, size_t size_bytes, struct error *err)
{
    const char *path = getenv("PATH");

    while (path && *path) {
        size_t length = strcspn(path, ":");

        if (length > 0 && length + sizeof("/ebbd") <= size_bytes) {
            memcpy(ret_path, path, length);
            memcpy(ret_path + length, "/ebbd", sizeof("/ebbd"));
            if (access(ret_path, X_OK) == 0) {
                return 0;
            }
        }
        path += length + (path[length] == ':');
    }
    return error_set(err, ERROR_NOT_FOUND, "the program ebbd is neither beside ebb nor in PATH");
}

int daemon_program(char *ret_path, size_t size_bytes, struct error *err)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    if (length > 0) {
        path[length] = '\0';
        slash = strrchr(path, '/');
        if (slash && (size_t)(slash - path) + sizeof("/ebbd") <= sizeof(path)) {
            memcpy(slash, "/ebbd", sizeof("/ebbd"));
            if (access(path, X_OK) == 0 && strlen(path) < size_bytes) {
                memcpy(ret_path, path, strlen(path) + 1);
                return 0;
            }
        }
    }
    return find_in_path(ret_path, size_bytes, err);
}

/* Makes the run folder, the socket's name and the log. */
static int make_folder(struct daemon *daemon, const char *socket, struct error *err)
{
    const char *parent = getenv("XDG_RUNTIME_DIR");
    char path[PATH_MAX];

    if (!parent || !*parent || access(parent, W_OK) < 0) {
        parent = "/tmp";
    }
    if (file_join(path, sizeof(daemon->folder), parent, "ebb-XXXXXX", err) < 0) {
        return -1;
    }
    if (!mkdtemp(path)) {
        return error_set_errno(err, errno, "making a folder in %s", parent);
    }
    memcpy(daemon->folder, path, strlen(path) + 1);
    if (file_join(path, sizeof(path), daemon->folder, "ebbd.log", err) < 0) {
        return -1;
    }
    daemon->log_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (daemon->log_fd < 0) {
        return error_set_errno(err, errno, "making %s", path);
    }
    if (socket) {
        if (strlen(socket) >= sizeof(daemon->socket)) {
            return error_set(err, ERROR_LIMIT, "the path of a socket has at most %zu bytes",
                             sizeof(daemon->socket) - 1);
        }
        memcpy(daemon->socket, socket, strlen(socket) + 1);
        return 0;
    }
    return file_join(daemon->socket, sizeof(daemon->socket), daemon->folder, "control.sock", err);
}

static void remove_folder(const struct daemon *daemon)
{
    if (daemon->folder[0]) {
        file_remove_tree(daemon->folder, NULL);
    }
}

/* In the child: only async-signal-safe calls, and it never returns. */
static void run_child(const char *program, char *const *argv, pid_t parent, int ready_fd,
                      int log_fd)
{
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || null_fd < 0) {
        _exit(EXIT_NO_EXEC);
    }
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, interrupt_original_mask(), NULL);
    if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(log_fd, STDOUT_FILENO) < 0 ||
        dup2(log_fd, STDERR_FILENO) < 0) {
        _exit(EXIT_NO_EXEC);
    }
    if (ready_fd == READY_FD) {
        fcntl(READY_FD, F_SETFD, 0);
    } else if (dup2(ready_fd, READY_FD) < 0) {
        _exit(EXIT_NO_EXEC);
    }
    execv(program, argv);
    _exit(EXIT_NO_EXEC);
}

/* execv takes its texts as not const, and changes none. */
static char *unconst(const char *text)
{
    union {
        const char *in;
        char *out;
    } pun = {text};

    return pun.out;
}

static int start_process(struct daemon *daemon, const struct daemon_options *options, int ready_fd,
                         struct error *err)
{
    const char *fixed[] = {"ebbd",     "--private",    "--ready-fd", "3",
                           "--socket", daemon->socket, "--state",    options->state};
    char *argv[ARRAY_LEN(fixed) + DAEMON_ARGUMENTS_MAX + 1];
    char program[PATH_MAX];
    pid_t parent = getpid();
    size_t count = 0;

    if (daemon_program(program, sizeof(program), err) < 0) {
        return -1;
    }
    for (; count < ARRAY_LEN(fixed); count++) {
        argv[count] = unconst(fixed[count]);
    }
    for (size_t i = 0; i < options->argument_count && i < DAEMON_ARGUMENTS_MAX; i++) {
        argv[count++] = unconst(options->arguments[i]);
    }
    argv[count] = NULL;
    interrupt_original_mask();
    daemon->pid = fork();
    if (daemon->pid < 0) {
        return error_set_errno(err, errno, "starting %s", program);
    }
    if (daemon->pid == 0) {
        run_child(program, argv, parent, ready_fd, daemon->log_fd);
    }
    daemon->pid_fd = pidfd_open(daemon->pid, 0);
    if (daemon->pid_fd < 0) {
        return error_set_errno(err, errno, "watching %s", program);
    }
    return 0;
}

/* 1: it has ended; 0: not within timeout_ms; -1: interrupted. */
static int wait_end(struct daemon *daemon, uint64_t timeout_ms)
{
    uint64_t deadline_ms = clock_monotonic_ms() + timeout_ms;

    while (!daemon->ended) {
        struct pollfd fds[2] = {{.fd = daemon->pid_fd, .events = POLLIN},
                                {.fd = interrupt_fd(), .events = POLLIN}};
        uint64_t now_ms = clock_monotonic_ms();
        int ready = poll(fds, 2, deadline_ms > now_ms ? (int)(deadline_ms - now_ms) : 0);

        if (ready > 0 && fds[0].revents) {
            memset(&daemon->end, 0, sizeof(daemon->end));
            daemon->ended = waitid(P_PID, (id_t)daemon->pid, &daemon->end, WEXITED) == 0;
        } else if (ready > 0) {
            return -1;
        } else if (clock_monotonic_ms() >= deadline_ms) {
            return 0;
        }
    }
    return 1;
}

/* The line of its log that says most: the last error, else the last line. */
static void last_words(const struct daemon *daemon, char *ret_text, size_t size_bytes)
{
    char tail[LOG_TAIL_BYTES + 1];
    off_t size = lseek(daemon->log_fd, 0, SEEK_END);
    off_t from = size > LOG_TAIL_BYTES ? size - LOG_TAIL_BYTES : 0;
    ssize_t got = pread(daemon->log_fd, tail, LOG_TAIL_BYTES, from);
    bool is_error = false;
    char *rest = NULL;

    ret_text[0] = '\0';
    tail[got > 0 ? got : 0] = '\0';
    for (char *line = strtok_r(tail, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *error = strstr(line, "error: ");

        if (error || !is_error) {
            is_error = is_error || error;
            snprintf(ret_text, size_bytes, "%s", error ? error + strlen("error: ") : line);
        }
    }
}

/* How it ended, in words; -1, as error_set does. */
static int explain_end(const struct daemon *daemon, const char *when, struct error *err)
{
    char words[160];

    last_words(daemon, words, sizeof(words));
    if (daemon->end.si_code == CLD_EXITED) {
        return error_set(err,
                         daemon->end.si_status == DAEMON_EXIT_LOCKED ? ERROR_EXISTS : ERROR_SYSTEM,
                         "ebbd ended %s (exit code %d)%s%s", when, daemon->end.si_status,
                         words[0] ? ": " : "", words);
    }
    return error_set(err, ERROR_SYSTEM, "ebbd was ended %s by signal %d (%s)%s%s", when,
                     daemon->end.si_status, strsignal(daemon->end.si_status), words[0] ? ": " : "",
                     words);
}

static int wait_ready(struct daemon *daemon, int ready_fd, struct error *err)
{
    uint64_t deadline_ms = clock_monotonic_ms() + START_MS;

    for (;;) {
        struct pollfd fds[2] = {{.fd = ready_fd, .events = POLLIN},
                                {.fd = interrupt_fd(), .events = POLLIN}};
        uint64_t now_ms = clock_monotonic_ms();
        int ready = poll(fds, 2, deadline_ms > now_ms ? (int)(deadline_ms - now_ms) : 0);
        char byte;

        if (ready > 0 && fds[0].revents) {
            if (read(ready_fd, &byte, 1) == 1) {
                return 0;
            }
            if (wait_end(daemon, 2000) != 1) {
                return error_set(err, ERROR_SYSTEM, "ebbd did not say that it is ready");
            }
            return explain_end(daemon, "while it started", err);
        }
        if (ready > 0) {
            return error_set(err, ERROR_CANCELLED, "interrupted");
        }
        if (clock_monotonic_ms() >= deadline_ms) {
            return error_set(err, ERROR_LIMIT, "ebbd was not ready within %u s", START_MS / 1000);
        }
    }
}

/* Kills what may still run, reaps it, removes the folder, frees. */
static void destroy(struct daemon *daemon)
{
    if (daemon->pid > 0 && !daemon->ended) {
        kill(daemon->pid, SIGKILL);
        waitid(P_PID, (id_t)daemon->pid, &daemon->end, WEXITED);
    }
    if (daemon->pid_fd >= 0) {
        close(daemon->pid_fd);
    }
    if (daemon->log_fd >= 0) {
        close(daemon->log_fd);
    }
    remove_folder(daemon);
    free(daemon);
}

int daemon_start(const struct daemon_options *options, struct daemon **ret_daemon,
                 struct error *err)
{
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    AUTO_CLOSE int read_fd = -1;
    AUTO_CLOSE int write_fd = -1;
    int ends[2];

    if (!daemon) {
        return error_set(err, ERROR_MEMORY, "out of memory");
    }
    daemon->pid_fd = -1;
    daemon->log_fd = -1;
    if (pipe2(ends, O_CLOEXEC) < 0) {
        error_set_errno(err, errno, "making a pipe");
        goto fail;
    }
    read_fd = ends[0];
    write_fd = ends[1];
    if (make_folder(daemon, options->socket, err) < 0 ||
        start_process(daemon, options, write_fd, err) < 0) {
        goto fail;
    }
    close(TAKE_FD(write_fd));
    if (wait_ready(daemon, read_fd, err) < 0) {
        goto fail;
    }
    *ret_daemon = daemon;
    return 0;
fail:
    destroy(daemon);
    return -1;
}

const char *daemon_socket(const struct daemon *daemon)
{
    return daemon->socket;
}

void daemon_trim_log(const struct daemon *daemon)
{
    struct stat status;

    /* It appends, so the next line begins the file. */
    if (fstat(daemon->log_fd, &status) == 0 && status.st_size > LOG_BYTES_MAX &&
        ftruncate(daemon->log_fd, 0) < 0) {
        return;
    }
}

int daemon_post_mortem(struct daemon *daemon, struct error *ret_why)
{
    if (wait_end(daemon, 500) != 1) {
        return -1;
    }
    explain_end(daemon, "on its own", ret_why);
    return 0;
}

int daemon_stop(struct daemon *daemon, uint64_t grace_ms, struct error *err)
{
    int status = 0;

    if (!daemon) {
        return 0;
    }
    if (!daemon->ended) {
        kill(daemon->pid, SIGTERM);
        status = wait_end(daemon, grace_ms);
    }
    if (!daemon->ended) {
        error_set(err, ERROR_LIMIT,
                  status < 0 ? "ebbd was killed, as you asked again"
                             : "ebbd did not end in time and was killed");
        status = -1;
    } else if (daemon->end.si_code == CLD_EXITED && daemon->end.si_status == 0) {
        status = 0;
    } else {
        status = explain_end(daemon, "when it was told to stop", err);
    }
    destroy(daemon);
    return status;
}
