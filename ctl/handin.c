/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Handing documents in.
 *
 * Invariant: a file in incoming/ that was not accepted is removed again, unless the daemon went
 * away with the answer. Blocks on the disk and with the time limits of client.h. Diagnostics: a
 * line for each document that is refused.
 */
#include "ctl/handin.h"

#include <errno.h>
#include <string.h>

#include "ctl/incoming.h"
#include "ctl/output.h"

#define NAME_BYTES_MAX 1024

/* A document that was submitted and not answered. */
struct pending {
    uint32_t id;
    size_t index;
    struct incoming copy;
};

struct transfer {
    const struct handin *handin;
    struct pending pending[CLIENT_UNANSWERED_MAX];
    unsigned pending_count;
    size_t accepted;
    bool refused;
};

static void put_params(const struct handin *handin, struct message_writer *writer)
{
    if (handin->params && handin->params->count > 0) {
        params_pack(handin->params, message_put_map(writer, FIELD_PARAMS, handin->params->count));
    }
}

/* The end of a name that is too long says more than its beginning. */
static const char *fitting_name(const char *name)
{
    size_t size_bytes = strlen(name);
    const char *slash;

    if (size_bytes <= NAME_BYTES_MAX) {
        return name;
    }
    slash = strrchr(name, '/');
    return slash ? slash + 1 : name + size_bytes - NAME_BYTES_MAX;
}

static enum ctl_exit refuse(struct transfer *transfer, size_t index, const struct error *err)
{
    const char *advice = NULL;

    if (err->sys_errno == EACCES) {
        advice = "see who may read and write there";
    } else if (err->code == ERROR_FULL) {
        advice = "make room on the disk that has the state folder";
    } else if (err->code == ERROR_LIMIT) {
        advice = "hand it in again later";
    }
    transfer->refused = true;
    return output_fail(CTL_EXIT_FAILED, err, advice, "%s",
                       transfer->handin->sources->items[index].path);
}

/* Takes one answer. */
static enum ctl_exit take_answer(struct transfer *transfer)
{
    const struct handin *handin = transfer->handin;
    struct session *session = handin->session;
    struct error err = ERROR_INIT;
    struct reply reply;
    unsigned place = 0;

    if (client_receive(session->client, CLIENT_TIMEOUT_MS, &reply, &err) < 0) {
        return session_fail(session, &err, "handing documents in", NULL);
    }
    while (place < transfer->pending_count && transfer->pending[place].id != reply.id) {
        place++;
    }
    if (place < transfer->pending_count) {
        struct pending *pending = &transfer->pending[place];

        if (reply.refused) {
            incoming_remove(&pending->copy);
            refuse(transfer, pending->index, &reply.err);
        } else {
            char job_id[UUID_TEXT_BYTES];

            value_str_copy(value_get(reply.data, "job_id"), job_id, sizeof(job_id));
            transfer->accepted++;
            handin->accepted(handin->user, pending->index, job_id);
        }
        *pending = transfer->pending[--transfer->pending_count];
    }
    reply_deinit(&reply);
    return CTL_EXIT_OK;
}

/* Copies and submits one; its answer comes later. */
static enum ctl_exit submit(struct transfer *transfer, size_t index)
{
    const struct handin *handin = transfer->handin;
    const struct source *source = &handin->sources->items[index];
    struct pending *pending = &transfer->pending[transfer->pending_count];
    struct client *client = handin->session->client;
    struct error err = ERROR_INIT;
    struct message_writer *writer;

    if (incoming_put(handin->state_folder, source->path, &pending->copy, &err) < 0) {
        if (err.code == ERROR_CANCELLED) {
            return session_fail(handin->session, &err, "handing documents in", NULL);
        }
        refuse(transfer, index, &err);
        return CTL_EXIT_OK;
    }
    writer = client_begin(client, MESSAGE_SUBMIT);
    message_put_str(writer, FIELD_FILE, pending->copy.name);
    message_put_str(writer, FIELD_NAME, fitting_name(source->name));
    message_put_uint(writer, FIELD_PRIORITY, handin->priority);
    put_params(handin, writer);
    if (client_send(client, &pending->id, &err) < 0) {
        incoming_remove(&pending->copy);
        if (client_lost(client)) {
            return session_fail(handin->session, &err, "handing documents in", NULL);
        }
        refuse(transfer, index, &err);
        return CTL_EXIT_OK;
    }
    pending->index = index;
    transfer->pending_count++;
    return CTL_EXIT_OK;
}

enum ctl_exit handin_all(const struct handin *handin, size_t *ret_accepted)
{
    struct transfer transfer = {.handin = handin};
    enum ctl_exit code = CTL_EXIT_OK;

    for (size_t i = 0; i < handin->sources->count && code == CTL_EXIT_OK; i++) {
        if (transfer.pending_count == CLIENT_UNANSWERED_MAX) {
            code = take_answer(&transfer);
        }
        if (code == CTL_EXIT_OK) {
            code = submit(&transfer, i);
        }
        if (handin->pause) {
            handin->pause(handin->user);
        }
    }
    while (transfer.pending_count > 0 && code == CTL_EXIT_OK) {
        code = take_answer(&transfer);
    }
    for (unsigned i = 0; i < transfer.pending_count; i++) {
        incoming_remove(&transfer.pending[i].copy);
    }
    *ret_accepted = transfer.accepted;
    return code != CTL_EXIT_OK ? code : transfer.refused ? CTL_EXIT_FAILED : CTL_EXIT_OK;
}
