/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The profiles as a table of paths, and the order in which the mechanisms close: Landlock first,
 * because the filter then refuses Landlock's own system calls.
 *
 * Invariants: a closed sandbox is never opened again, only the process's end ends it. Whatever
 * the kernel offers is used or the call fails; what it does not offer is told by sandbox_probe,
 * and the harness decides whether the worker may go on without.
 *
 * Blocks only on the file systems that hold the paths. Nothing is logged.
 */
#include "workers/runtime/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "workers/runtime/sandbox_landlock.h"
#include "workers/runtime/sandbox_seccomp.h"

struct sandbox {
    enum sandbox_profile profile;
    bool every_job;
    bool closed;
    int rules_fd;                    /* -1 without Landlock */
    struct seccomp_program *program; /* NULL without seccomp */
};

#define IN_PARSE (1U << SANDBOX_PROFILE_PARSE)
#define IN_NET (1U << SANDBOX_PROFILE_NET)
#define IN_STORE (1U << SANDBOX_PROFILE_STORE)
#define IN_ALL (IN_PARSE | IN_NET | IN_STORE)

/* Paths of the system; one that is not there needs no rule. */
static const struct {
    unsigned profiles;
    enum landlock_right right;
    const char *path;
} system_paths[] = {
    {IN_ALL, LANDLOCK_DEVICE, "/dev/null"},
    {IN_ALL, LANDLOCK_READ, "/dev/urandom"},
    {IN_PARSE, LANDLOCK_READ, "/usr/share/fonts"},
    {IN_PARSE, LANDLOCK_READ, "/usr/local/share/fonts"},
    {IN_PARSE, LANDLOCK_READ, "/usr/share/fontconfig"},
    {IN_PARSE, LANDLOCK_READ, "/etc/fonts"},
    {IN_PARSE, LANDLOCK_READ, "/var/cache/fontconfig"},
    {IN_NET, LANDLOCK_READ, "/etc/ssl"},
    {IN_NET, LANDLOCK_READ, "/usr/share/ca-certificates"},
    {IN_NET, LANDLOCK_READ, "/usr/local/share/ca-certificates"},
    {IN_NET, LANDLOCK_READ, "/etc/resolv.conf"},
    {IN_NET, LANDLOCK_READ, "/run/systemd/resolve"}, /* where the one above may lead */
    {IN_NET, LANDLOCK_READ, "/etc/nsswitch.conf"},
    {IN_NET, LANDLOCK_READ, "/etc/hosts"},
    {IN_NET, LANDLOCK_READ, "/etc/host.conf"},
    {IN_NET, LANDLOCK_READ, "/etc/gai.conf"},
    {IN_NET, LANDLOCK_READ, "/etc/services"},
    {IN_NET, LANDLOCK_READ, "/etc/ld.so.cache"}, /* name services are loaded by dlopen(3) */
    {IN_NET, LANDLOCK_READ, "/usr/lib"},
};

/* Folders below the state folder. */
static const struct {
    unsigned profiles;
    enum landlock_right right;
    const char *name;
    bool every_job_only;
} state_folders[] = {
    {IN_ALL, LANDLOCK_WRITE, "jobs", true},
    {IN_PARSE | IN_NET, LANDLOCK_WRITE, "answers", true},
    {IN_STORE, LANDLOCK_WRITE, "answers", false},
    {IN_PARSE, LANDLOCK_READ, "incoming", true}, /* a picture to search with */
    {IN_NET, LANDLOCK_WRITE, "cache", false},
    {IN_STORE, LANDLOCK_WRITE, "library", false},
};

static const char *const profile_names[] = {
#define SANDBOX_PROFILE_NAME(symbol, name) [SANDBOX_PROFILE_##symbol] = (name),
    SANDBOX_PROFILE_LIST(SANDBOX_PROFILE_NAME)
#undef SANDBOX_PROFILE_NAME
};

bool sandbox_profile_parse(const char *name, enum sandbox_profile *ret_profile)
{
    for (size_t i = 0; i < ARRAY_LEN(profile_names); i++) {
        if (strcmp(profile_names[i], name) == 0) {
            *ret_profile = (enum sandbox_profile)i;
            return true;
        }
    }
    return false;
}

void sandbox_probe(struct sandbox_offer *ret_offer)
{
    ret_offer->landlock_abi = landlock_abi();
    ret_offer->seccomp = seccomp_offered();
}

static int allow_system_paths(const struct sandbox *sandbox, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(system_paths); i++) {
        struct error path_err = ERROR_INIT;

        if (!(system_paths[i].profiles & 1U << sandbox->profile)) {
            continue;
        }
        if (landlock_allow(sandbox->rules_fd, system_paths[i].path, system_paths[i].right,
                           &path_err) < 0 &&
            path_err.code != ERROR_NOT_FOUND) {
            if (err) {
                *err = path_err;
            }
            return -1;
        }
    }
    return 0;
}

static int allow_state_folders(const struct sandbox *sandbox, const struct sandbox_spec *spec,
                               struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(state_folders); i++) {
        char path[PATH_MAX];

        if (!(state_folders[i].profiles & 1U << sandbox->profile) ||
            (state_folders[i].every_job_only && !spec->every_job)) {
            continue;
        }
        if (file_join(path, sizeof(path), spec->state_folder, state_folders[i].name, err) < 0) {
            return -1;
        }
        if (mkdir(path, S_IRWXU) < 0 && errno != EEXIST) {
            return error_set_errno(err, errno, "cannot make %s", path);
        }
        if (landlock_allow(sandbox->rules_fd, path, state_folders[i].right, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int allow_read_paths(const struct sandbox *sandbox, const char *read_paths,
                            struct error *err)
{
    AUTO_FREE char *copy = strdup(read_paths ? read_paths : "");
    char *rest = copy;
    const char *path;

    if (!copy) {
        return error_set(err, ERROR_MEMORY, "no memory for read_paths");
    }
    while ((path = strsep(&rest, ":"))) {
        bool may_be_missing = path[0] == '-';
        struct error path_err = ERROR_INIT;

        path += may_be_missing;
        if (path[0] == '\0') {
            continue;
        }
        if (path[0] != '/') {
            return error_set(err, ERROR_INVALID, "read_paths: %s is not an absolute path", path);
        }
        if (landlock_allow(sandbox->rules_fd, path, LANDLOCK_READ, &path_err) < 0 &&
            !(may_be_missing && path_err.code == ERROR_NOT_FOUND)) {
            if (err) {
                *err = path_err;
            }
            return error_wrap(err, "read_paths");
        }
    }
    return 0;
}

static int prepare_mechanisms(struct sandbox *sandbox, const struct sandbox_spec *spec,
                              struct error *err)
{
    bool with_network = spec->profile == SANDBOX_PROFILE_NET;
    struct sandbox_offer offer;

    sandbox_probe(&offer);
    if (offer.landlock_abi > 0) {
        sandbox->rules_fd = landlock_create(with_network, err);
        if (sandbox->rules_fd < 0 || allow_system_paths(sandbox, err) < 0 ||
            allow_state_folders(sandbox, spec, err) < 0 ||
            allow_read_paths(sandbox, spec->read_paths, err) < 0) {
            return -1;
        }
    }
    if (offer.seccomp) {
        sandbox->program = seccomp_program_create(with_network, err);
        if (!sandbox->program) {
            return -1;
        }
    }
    return 0;
}

struct sandbox *sandbox_prepare(const struct sandbox_spec *spec, struct error *err)
{
    struct sandbox *sandbox = calloc(1, sizeof(*sandbox));

    if (!sandbox) {
        error_set(err, ERROR_MEMORY, "no memory for a sandbox");
        return NULL;
    }
    sandbox->profile = spec->profile;
    sandbox->every_job = spec->every_job;
    sandbox->rules_fd = -1;
    if (spec->profile != SANDBOX_PROFILE_NONE && prepare_mechanisms(sandbox, spec, err) < 0) {
        error_wrap(err, "sandbox %s", profile_names[spec->profile]);
        sandbox_destroy(sandbox);
        return NULL;
    }
    return sandbox;
}

/* Both mechanisms bind one thread and what it starts: another thread would stay outside. */
static int check_alone(struct error *err)
{
#ifndef EBB_SANITIZED /* the thread sanitizer has a thread of its own */
    struct stat status;

    /* "." and ".." and a link for each thread; a process without /proc cannot tell. */
    if (stat("/proc/self/task", &status) == 0 && status.st_nlink != 3) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "the sandbox must close before the worker starts threads: it has %lu",
                         (unsigned long)status.st_nlink - 2);
    }
#else
    (void)err;
#endif
    return 0;
}

static int close_mechanisms(struct sandbox *sandbox, const char *job_folder, struct error *err)
{
    if (check_alone(err) < 0) {
        return -1;
    }
    if (sandbox->rules_fd >= 0) {
        if (job_folder && landlock_allow(sandbox->rules_fd, job_folder, LANDLOCK_WRITE, err) < 0) {
            return -1;
        }
        if (landlock_enforce(sandbox->rules_fd, err) < 0) {
            return -1;
        }
        close(sandbox->rules_fd);
        sandbox->rules_fd = -1;
    }
    if (sandbox->program && seccomp_program_load(sandbox->program, err) < 0) {
        return -1;
    }
    return 0;
}

int sandbox_close(struct sandbox *sandbox, const char *job_folder, struct error *err)
{
    if (sandbox->closed || (job_folder == NULL) != sandbox->every_job) {
        return error_set(err, ERROR_INVALID, "the sandbox %s closes once, for %s",
                         profile_names[sandbox->profile],
                         sandbox->every_job ? "every job" : "one job");
    }
    if (sandbox->profile != SANDBOX_PROFILE_NONE &&
        close_mechanisms(sandbox, job_folder, err) < 0) {
        return error_wrap(err, "sandbox %s", profile_names[sandbox->profile]);
    }
    sandbox->closed = true;
    return 0;
}

bool sandbox_closed(const struct sandbox *sandbox)
{
    return sandbox->closed;
}

void sandbox_destroy(struct sandbox *sandbox)
{
    if (!sandbox) {
        return;
    }
    if (sandbox->rules_fd >= 0) {
        close(sandbox->rules_fd);
    }
    seccomp_program_destroy(sandbox->program);
    free(sandbox);
}
