/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SUBMIT and what is like it.
 *
 * Invariants: a job of either kind has its name and its kind among its params, whatever a client
 * says of them; one that embeds again has neither a source nor a name of its own.
 *
 * Blocks: never. Diagnostics: event job.accepted.
 */
#include "supervisor/submit.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/file.h"
#include "supervisor/control.h"
#include "supervisor/supervisor.h"

#define PARAMS_MAX 64 /* PROTOCOL.md: of a STRMAP */
#define PARAMS_MAX_BYTES 262144
#define PRIORITY_DEFAULT 5
#define PRIORITY_OWED 3 /* behind whatever somebody waits for */
#define REEMBED_NAME "embeddings"
#define OWED_NAME "owed embeddings"

static bool is_ours(struct value key)
{
    return value_str_equal(key, "name") || value_str_equal(key, "kind");
}

/* What was given, with the name and the kind for whoever works on it. */
static int pack_params(struct value given, const char *name, enum job_kind kind, struct buf *packed,
                       struct error *err)
{
    struct pack pack;
    struct value key;
    struct value value;
    size_t kept = 0;
    for (size_t i = 0; i < value_count(given); i++) {
        kept += value_entry(given, i, &key, &value) && !is_ours(key);
    }
    if (kept + 2 > PARAMS_MAX) {
        return error_set(err, ERROR_INVALID, "params: at most %d are expected, besides name, kind",
                         PARAMS_MAX - 2);
    }
    pack_init(&pack, packed);
    pack_map(&pack, kept + 2);
    pack_key_str(&pack, "name", name);
    pack_key_str(&pack, "kind", job_kind_name(kind));
    for (size_t i = 0; i < value_count(given); i++) {
        if (value_entry(given, i, &key, &value) && !is_ours(key)) {
            pack_value(&pack, key);
            pack_value(&pack, value);
        }
    }
    return pack_finish(&pack, err);
}

static void on_accepted(void *user, const struct error *err)
{
    struct request *request = user;
    struct supervisor *supervisor = request->supervisor;
    if (err) {
        request_fail(request, err);
        return;
    }
    events_emit(supervisor->events, "job.accepted", &request->job, NULL, "from uid %u",
                (unsigned)request->uid);
    request_job_status(request, "pending");
    intake_take(supervisor);
}

/* A job that embeds again has no name of its own; of each of the two there is one at a time. */
static const char *name_of(enum job_kind kind, const struct message *message, const char *given)
{
    if (kind != JOB_KIND_REEMBED) {
        return given;
    }
    return value_str_equal(value_get(message->fields[FIELD_PARAMS], "owed"), "yes") ? OWED_NAME
                                                                                    : REEMBED_NAME;
}

/* What is wrong with the request, or NULL. ret_file: "" for a job without a source. */
static const char *look_at(const struct message *message, enum job_kind *ret_kind, char *ret_file,
                           size_t size_bytes)
{
    char kind[MESSAGE_STAGE_BYTES];
    bool has_kind = value_present(value_get(message->fields[FIELD_PARAMS], "kind"));
    *ret_kind = JOB_KIND_DOCUMENT;
    if (has_kind && (!message_strmap_get(message, FIELD_PARAMS, "kind", kind, sizeof(kind)) ||
                     !job_kind_parse(kind, ret_kind))) {
        return "params: kind: document or reembed";
    }
    message_str(message, FIELD_FILE, ret_file, size_bytes);
    if (*ret_kind == JOB_KIND_REEMBED) {
        return message_has(message, FIELD_FILE) ? "file: none is expected to embed again" : NULL;
    }
    return file_name_is_plain(ret_file) ? NULL
                                        : "file: the plain name of a file in incoming/ is expected";
}

void submit_handle(struct request *request, const struct message *message)
{
    struct supervisor *supervisor = request->supervisor;
    enum job_kind kind;
    char file[256];
    char name[1025];
    struct error err = ERROR_INIT;
    struct buf params;
    if (supervisor->draining) {
        request_error(request, "draining", "ebbd is stopping and takes no new work");
        return;
    }
    const char *wrong = look_at(message, &kind, file, sizeof(file));
    if (wrong) {
        request_error(request, "invalid", wrong);
        return;
    }
    message_str(message, FIELD_NAME, name, sizeof(name));
    const char *known_as = name_of(kind, message, name);
    buf_init(&params, PARAMS_MAX_BYTES);
    if (uuid_v7(&request->job, &err) < 0 ||
        pack_params(message->fields[FIELD_PARAMS], known_as, kind, &params, &err) < 0) {
        request_fail(request, &err);
    } else {
        struct store_job_new job = {
            .id = request->job,
            .kind = kind,
            .name = known_as,
            .file = kind == JOB_KIND_REEMBED ? NULL : file,
            .params = params.data,
            .params_bytes = params.size,
            .priority = (uint32_t)message_uint(message, FIELD_PRIORITY, PRIORITY_DEFAULT),
            .uid = (uint32_t)request->uid,
            .created_ms = clock_wall_ms(),
            .max_bytes = supervisor->settings.document_bytes,
            .max_queued = supervisor->settings.queued_jobs};
        store_job_accept(supervisor->store, &job, on_accepted, request);
    }
    buf_deinit(&params);
}

/* As pack_params, of what nobody gave. */
static int pack_owed(struct buf *packed, struct error *err)
{
    struct pack pack;
    pack_init(&pack, packed);
    pack_map(&pack, 3);
    pack_key_str(&pack, "name", OWED_NAME);
    pack_key_str(&pack, "kind", job_kind_name(JOB_KIND_REEMBED));
    pack_key_str(&pack, "owed", "yes");
    return pack_finish(&pack, err);
}

int submit_owed(struct supervisor *supervisor, struct uuid *ret_id, store_done_cb done, void *user,
                struct error *err)
{
    struct buf params;
    buf_init(&params, PARAMS_MAX_BYTES);
    if (uuid_v7(ret_id, err) < 0 || pack_owed(&params, err) < 0) {
        buf_deinit(&params);
        return -1;
    }
    struct store_job_new job = {.id = *ret_id,
                                .kind = JOB_KIND_REEMBED,
                                .name = OWED_NAME,
                                .params = params.data,
                                .params_bytes = params.size,
                                .priority = PRIORITY_OWED,
                                .uid = (uint32_t)getuid(),
                                .created_ms = clock_wall_ms(),
                                .max_bytes = supervisor->settings.document_bytes,
                                .max_queued = supervisor->settings.queued_jobs};
    store_job_accept(supervisor->store, &job, done, user);
    buf_deinit(&params);
    return 0;
}
