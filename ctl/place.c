/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where a daemon would answer and where its state would be.
 *
 * Invariants: what was named on the command line wins over the environment, and that over what
 * happens to exist. Asks the file system only whether something is there. Nothing is logged.
 */
#include "ctl/place.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

#define SYSTEM_SOCKET "/run/ebb/control.sock"
#define SYSTEM_STATE "/var/lib/ebb"

/* The environment's word, when it says something. */
static const char *environment(const char *name)
{
    const char *text = getenv(name);

    return text && *text ? text : NULL;
}

/* named: from the command line; the environment's word takes its place when it says nothing. */
static enum place_origin origin_of(const char **named, const char *variable)
{
    if (*named) {
        return PLACE_COMMAND_LINE;
    }
    *named = environment(variable);
    return *named ? PLACE_ENVIRONMENT : PLACE_DEFAULT;
}

static int take_path(char *ret_path, size_t size_bytes, const char *path, const char *what,
                     struct error *err)
{
    if (strlen(path) >= size_bytes) {
        return error_set(err, ERROR_LIMIT, "the path of the %s is longer than %zu bytes", what,
                         size_bytes - 1);
    }
    memcpy(ret_path, path, strlen(path) + 1);
    return 0;
}

static bool is_socket(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* A user's own daemon before the system's. */
static int find_socket(const char *named, struct place *place, struct error *err)
{
    const char *run_folder = environment("XDG_RUNTIME_DIR");
    char path[PATH_MAX];

    place->socket_origin = origin_of(&named, "EBB_SOCKET");
    if (named) {
        return take_path(place->socket, sizeof(place->socket), named, "socket", err);
    }
    if (run_folder && file_join(path, sizeof(path), run_folder, "ebb/control.sock", NULL) == 0 &&
        (is_socket(path) || !is_socket(SYSTEM_SOCKET))) {
        return take_path(place->socket, sizeof(place->socket), path, "socket", err);
    }
    return take_path(place->socket, sizeof(place->socket), SYSTEM_SOCKET, "socket", err);
}

static int find_state(const char *named, struct place *place, struct error *err)
{
    const char *state_home = environment("XDG_STATE_HOME");
    const char *home = environment("HOME");
    char path[PATH_MAX];

    place->state_origin = origin_of(&named, "EBB_STATE");
    if (named) {
        return take_path(place->state, sizeof(place->state), named, "state folder", err);
    }
    if (state_home) {
        if (file_join(path, sizeof(path), state_home, "ebb", err) < 0) {
            return -1;
        }
    } else if (home) {
        if (file_join(path, sizeof(path), home, ".local/state/ebb", err) < 0) {
            return -1;
        }
    } else if (geteuid() == 0) {
        snprintf(path, sizeof(path), "%s", SYSTEM_STATE);
    } else {
        /* An error only for a command that needs one. */
        error_set(&place->state_problem, ERROR_NOT_FOUND,
                  "neither EBB_STATE nor XDG_STATE_HOME nor HOME is set");
        return 0;
    }
    return take_path(place->state, sizeof(place->state), path, "state folder", err);
}

int place_find(const char *socket, const char *state, struct place *ret_place, struct error *err)
{
    struct place place;

    memset(&place, 0, sizeof(place));
    if (find_socket(socket, &place, err) < 0 || find_state(state, &place, err) < 0) {
        return -1;
    }
    *ret_place = place;
    return 0;
}

int place_make_state(struct place *place, struct error *err)
{
    char path[PATH_MAX];

    if (!place->state[0]) {
        if (err) {
            *err = place->state_problem;
        }
        return -1;
    }
    if (file_mkdirs(place->state, 0700, err) < 0) {
        return -1;
    }
    if (!realpath(place->state, path)) {
        return error_set(err, ERROR_SYSTEM, "%s cannot be resolved", place->state);
    }
    return take_path(place->state, sizeof(place->state), path, "state folder", err);
}

bool place_has_state(const struct place *place)
{
    char path[PATH_MAX];

    return place->state[0] && file_join(path, sizeof(path), place->state, "state.db", NULL) == 0 &&
           access(path, F_OK) == 0;
}

bool place_same_folder(const char *a, const char *b)
{
    struct stat first;
    struct stat second;

    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}
