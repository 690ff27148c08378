/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebbd: reads its configuration, starts the supervisor, runs the loop.
 *
 * Diagnostics: start-up errors to stderr and exit 1; exit 2 for wrong usage; exit 3 when another
 * ebbd has the state folder (callers tell their user what to do).
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/options.h"
#include "supervisor/notify.h"
#include "supervisor/settings.h"
#include "supervisor/supervisor.h"

#define CONFIG_DEFAULT "/etc/ebb/ebb.conf"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_LOCKED = 3 };

static struct {
    const char *config, *state, *socket;
    struct option_list set;
    uint64_t ready_fd;
    bool private, check_config, show_config, help_config, mdoc, version, help;
} arguments = {.ready_fd = UINT64_MAX};

#define AT(member) ((size_t)((char *)&arguments.member - (char *)&arguments))

static int load_settings(struct settings *ret_settings, struct error *err)
{
    const char *path = arguments.config ? arguments.config : CONFIG_DEFAULT;
    char text[SETTINGS_PATH_BYTES + 32];
    settings_init(ret_settings);
    if (settings_load(ret_settings, path, arguments.config != NULL, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < arguments.set.count; i++) {
        if (settings_set(ret_settings, arguments.set.items[i], err) < 0) {
            return error_wrap(err, "--set");
        }
    }
    const struct {
        const char *key, *value;
    } shortcuts[] = {{"ebb.state_dir", arguments.state}, {"ebb.socket", arguments.socket}};
    for (size_t i = 0; i < ARRAY_LEN(shortcuts); i++) {
        snprintf(text, sizeof(text), "%s=%s", shortcuts[i].key,
                 shortcuts[i].value ? shortcuts[i].value : "");
        if (shortcuts[i].value && settings_set(ret_settings, text, err) < 0) {
            return -1;
        }
    }
    return settings_finish(ret_settings, err);
}

/* One byte: ready. Closed without one: the start failed. */
static void tell_ready(void)
{
    if (arguments.ready_fd != UINT64_MAX) {
        int fd = (int)arguments.ready_fd;
        if (write(fd, "\n", 1) != 1) {
            log_warning("--ready-fd: %s", strerror(errno));
        }
        close(fd);
    }
    notify_ready();
}

static void become_private(void)
{
    pid_t parent = getppid();
    int asked = 0;
    prctl(PR_GET_PDEATHSIG, &asked);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* Process 1 has taken over an orphan, unless the parent asked for the signal before exec: then
     * it may well be process 1 itself, in a container. */
    if (getppid() != parent || (parent == 1 && asked == 0)) {
        raise(SIGTERM);
    }
}

static int serve(struct settings *settings)
{
    static struct supervisor supervisor;
    struct error err = ERROR_INIT;
    uv_loop_t loop;
    /* One arena for two threads: a second would cost its own megabytes. */
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024);
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on file size is an error of write, not the end */
    umask(0027);
    uv_loop_init(&loop);
    supervisor.settings = *settings;
    supervisor.load_settings = load_settings;
    if (supervisor_start(&supervisor, &loop, &err) < 0) {
        log_error("%s", err.msg);
        /* Nothing is unwound: callers need the code, and no leak check may take its place. */
        _exit(err.code == ERROR_EXISTS ? EXIT_LOCKED : EXIT_FAILED);
    }
    tell_ready();
    log_notice("ready in %llu us, state in %s", (unsigned long long)supervisor.ready_us,
               settings->state_dir);
    uv_run(&loop, UV_RUN_DEFAULT);
    supervisor_stop(&supervisor);
    if (uv_loop_close(&loop) != 0) {
        log_error("the loop still had handles at its end");
        return EXIT_FAILED;
    }
    log_notice("stopped");
    return 0;
}

static const struct option OPTIONS[] = {
    {"config", 'c', OPTION_STRING, "FILE", "configuration (default " CONFIG_DEFAULT ")",
     AT(config)},
    {"state", 0, OPTION_STRING, "DIR", "state folder", AT(state)},
    {"socket", 0, OPTION_STRING, "PATH", "control socket", AT(socket)},
    {"set", 's', OPTION_LIST, "KEY=VALUE", "one setting, section.key=value; may be repeated",
     AT(set)},
    {"private", 0, OPTION_FLAG, NULL, "end when the process that started this one ends",
     AT(private)},
    {"ready-fd", 0, OPTION_U64, "N", "write a byte to this descriptor when ready", AT(ready_fd)},
    {"check-config", 0, OPTION_FLAG, NULL, "check the configuration and exit", AT(check_config)},
    {"show-config", 0, OPTION_FLAG, NULL, "print the configuration in force and exit",
     AT(show_config)},
    {"help-config", 0, OPTION_FLAG, NULL, "describe every setting and exit", AT(help_config)},
    {"mdoc", 0, OPTION_FLAG, NULL, "with --help-config: for a manual page", AT(mdoc)},
    {"version", 0, OPTION_FLAG, NULL, "print the version and exit", AT(version)},
    {"help", 'h', OPTION_FLAG, NULL, "print this and exit", AT(help)},
};

static int print_something(void)
{
    if (arguments.help) {
        puts("usage: ebbd [OPTION...]\nThe supervisor of ebb; see ebbd(8).\n");
        options_print(OPTIONS, ARRAY_LEN(OPTIONS), stdout);
    } else if (arguments.version) {
        puts("ebbd " EBB_VERSION);
    } else {
        settings_print_help(stdout, arguments.mdoc);
    }
    return fflush(stdout) == 0 ? 0 : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    struct settings settings;
    int operands;
    log_init("ebbd", LOG_LEVEL_NOTICE);
    if (options_parse(OPTIONS, ARRAY_LEN(OPTIONS), argc, argv, &arguments, &operands, &err) < 0) {
        log_error("%s; see ebbd --help", err.msg);
        return EXIT_USAGE;
    }
    if (operands > 0) {
        log_error("%s: no operand is expected; see ebbd --help", argv[1]);
        return EXIT_USAGE;
    }
    if (arguments.help || arguments.version || arguments.help_config) {
        return print_something();
    }
    if (arguments.private) {
        become_private();
    }
    if (load_settings(&settings, &err) < 0) {
        log_error("%s", err.msg);
        settings_deinit(&settings);
        return EXIT_USAGE;
    }
    if (!arguments.show_config && !arguments.check_config) {
        log_set_level((enum log_level)settings.log_level);
        return serve(&settings);
    }
    if (arguments.show_config) {
        settings_print(&settings, stdout);
    }
    settings_deinit(&settings);
    return fflush(stdout) == 0 ? 0 : EXIT_FAILED;
}
