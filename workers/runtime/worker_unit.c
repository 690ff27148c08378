/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * RUN as the class's code sees it. Everything lives in the unit's arena.
 *
 * The supervisor is trusted, but a path that left its folder would be a mistake with consequences:
 * names are checked all the same. Nothing blocks. Logs nothing but the lack of memory that ends the
 * process.
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "proto/verdict.h"
#include "workers/runtime/worker_private.h"

/* As FIELD_LIST says, with the NUL. */
#define ARTIFACT_BYTES 256

static int read_artifact(struct worker *worker, const struct message *message,
                         struct worker_unit *unit, struct error *err)
{
    char name[ARTIFACT_BYTES];

    if (!message_has(message, FIELD_ARTIFACT)) {
        return 0;
    }
    message_str(message, FIELD_ARTIFACT, name, sizeof(name));
    if (!file_name_is_plain(name)) {
        return error_set(err, ERROR_PROTOCOL, "RUN names an artifact that is no plain file name");
    }
    unit->artifact_path = arena_printf(worker->arena, "%s/%s", worker->folder, name);
    if (!unit->artifact_path) {
        return error_set(err, ERROR_MEMORY, "no memory for a path");
    }
    return 0;
}

static int read_answer(struct worker *worker, const struct message *message,
                       struct worker_unit *unit, struct error *err)
{
    char path[PATH_MAX];

    if (!message_has(message, FIELD_ANSWER)) {
        return 0;
    }
    if (!message_str(message, FIELD_ANSWER, path, sizeof(path)) || path[0] != '/') {
        return error_set(err, ERROR_PROTOCOL, "RUN names an answer that is no absolute path");
    }
    unit->answer_path = arena_strdup(worker->arena, path);
    if (!unit->answer_path) {
        return error_set(err, ERROR_MEMORY, "no memory for a path");
    }
    return 0;
}

int worker_unit_read(struct worker *worker, const struct message *message,
                     struct worker_unit *ret_unit, struct error *err)
{
    memset(ret_unit, 0, sizeof(*ret_unit));
    message_str(message, FIELD_STAGE, ret_unit->stage, sizeof(ret_unit->stage));
    message_str(message, FIELD_STEP, ret_unit->step, sizeof(ret_unit->step));
    ret_unit->first = (uint32_t)message_uint(message, FIELD_FIRST, 0);
    ret_unit->last = (uint32_t)message_uint(message, FIELD_LAST, 0);
    ret_unit->attempt = (uint32_t)message_uint(message, FIELD_ATTEMPT, 0);
    ret_unit->deadline_ms = (uint32_t)message_uint(message, FIELD_DEADLINE_MS, 0);
    ret_unit->folder = strcmp(ret_unit->step, "query") == 0 ? "" : worker->folder;
    ret_unit->job = worker->job;
    ret_unit->arena = worker->arena;
    ret_unit->message = message;
    if (ret_unit->last < ret_unit->first) {
        return error_set(err, ERROR_PROTOCOL, "RUN names the items %u to %u", ret_unit->first,
                         ret_unit->last);
    }
    if (read_artifact(worker, message, ret_unit, err) < 0) {
        return -1;
    }
    return read_answer(worker, message, ret_unit, err);
}

const char *worker_unit_param(const struct worker_unit *unit, const char *key, const char *fallback)
{
    struct value value = value_get(unit->message->fields[FIELD_PARAMS], key);
    size_t size_bytes;
    const char *text = value_str(value, &size_bytes);
    const char *copy;

    if (!text) {
        return fallback;
    }
    copy = arena_strndup(unit->arena, text, size_bytes);
    if (!copy) {
        /* The fallback would be another unit than the one that was asked for. */
        log_error("no memory for the parameter %s: this worker ends", key);
        _exit(WORKER_EXIT_MEMORY);
    }
    return copy;
}
