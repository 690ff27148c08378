/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who has a state folder in use.
 *
 * What is found is a hint: the process may end, and its number may be taken, between two looks.
 * Whoever connects asks the daemon for its state folder. Reads /proc; nothing is logged.
 */
#include "ctl/holder.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/parse.h"

#define LOCK_BYTES_MAX 64U
#define COMMAND_BYTES_MAX 65536U
#define NAME_BYTES_MAX 64U

/* The whole small file, terminated; NULL when it cannot be read. */
static const char *read_small(const char *path, struct buf *text)
{
    return file_read(path, text->max - 1, text, NULL) == 0 ? buf_cstr(text, NULL) : NULL;
}

static bool read_pid(const char *state, pid_t *ret_pid)
{
    char path[PATH_MAX];
    struct buf text;
    uint64_t pid = 0;
    const char *line;

    if (file_join(path, sizeof(path), state, "lock", NULL) < 0) {
        return false;
    }
    buf_init(&text, LOCK_BYTES_MAX);
    line = read_small(path, &text);
    if (line) {
        text.data[strcspn(line, "\n")] = '\0';
        if (parse_u64(line, 2, INT_MAX, &pid, NULL) < 0) {
            pid = 0;
        }
    }
    buf_deinit(&text);
    *ret_pid = (pid_t)pid;
    return pid > 0;
}

static bool is_ebbd(pid_t pid)
{
    char path[64];
    struct buf text;
    const char *name;
    bool result;

    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    buf_init(&text, NAME_BYTES_MAX);
    name = read_small(path, &text);
    result = name && strcmp(name, "ebbd\n") == 0;
    buf_deinit(&text);
    return result;
}

/* What follows --socket among the arguments, each of which ends in a NUL. */
static void find_socket(const char *arguments, size_t size_bytes, struct holder *holder)
{
    const char *end = arguments + size_bytes;
    bool next = false;

    for (const char *word = arguments; word < end; word += strlen(word) + 1) {
        if (next && strlen(word) < sizeof(holder->socket)) {
            memcpy(holder->socket, word, strlen(word) + 1);
            return;
        }
        next = strcmp(word, "--socket") == 0;
    }
}

bool holder_find(const char *state, struct holder *ret_holder)
{
    struct holder holder = {.socket = ""};
    char path[64];
    struct buf text;
    const char *arguments;

    if (!read_pid(state, &holder.pid) || !is_ebbd(holder.pid)) {
        return false;
    }
    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)holder.pid);
    buf_init(&text, COMMAND_BYTES_MAX);
    arguments = read_small(path, &text);
    if (arguments) {
        find_socket(arguments, text.size, &holder);
    }
    buf_deinit(&text);
    *ret_holder = holder;
    return true;
}
