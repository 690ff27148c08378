/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The daemon's list of jobs, page by page.
 *
 * Invariant: a walk ends, whatever the daemon sends: a cursor that does not move ends it. Blocks
 * with the time limits of client.h. Diagnostics: session.h.
 */
#include "ctl/job_list.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "ctl/output.h"
#include "ctl/text.h"

#define PAGE_JOBS 1000U
#define ABBREVIATION_LEAST 4U

static enum ctl_exit ask_page(struct session *session, const struct job_list *list,
                              const char *cursor, uint64_t count, struct reply *ret_reply)
{
    struct message_writer *writer = client_begin(session->client, MESSAGE_JOBS);

    message_put_uint(writer, FIELD_LIMIT, count);
    if (cursor[0]) {
        message_put_str(writer, FIELD_CURSOR, cursor);
    }
    if (list->status) {
        message_put_str(writer, FIELD_STATUS, list->status);
    }
    return session_call(session, CLIENT_TIMEOUT_MS, ret_reply, "the list of jobs", NULL);
}

/* True while the walk shall go on. */
static bool tell_page(const struct job_list *list, struct value jobs, uint64_t *left)
{
    size_t count = value_count(jobs);

    for (size_t i = 0; i<count && * left> 0; i++) {
        --*left;
        if (!list->seen(list->user, value_at(jobs, i))) {
            return false;
        }
    }
    return count > 0 && *left > 0;
}

enum ctl_exit job_list_walk(struct session *session, const struct job_list *list,
                            struct job_list_end *ret_end)
{
    struct job_list_end end = {.total = 0, .next_cursor = ""};
    uint64_t left = list->limit;
    bool more = left > 0;

    while (more) {
        char cursor[UUID_TEXT_BYTES];
        struct reply reply;
        enum ctl_exit code;

        memcpy(cursor, end.next_cursor, sizeof(cursor));
        code = ask_page(session, list, cursor, left < PAGE_JOBS ? left : PAGE_JOBS, &reply);
        if (code != CTL_EXIT_OK) {
            return code;
        }
        end.total = value_uint(value_get(reply.data, "total"), 0);
        if (!value_str_copy(value_get(reply.data, "next_cursor"), end.next_cursor,
                            sizeof(end.next_cursor))) {
            end.next_cursor[0] = '\0';
        }
        more = tell_page(list, value_get(reply.data, "jobs"), &left) && end.next_cursor[0] &&
               strcmp(end.next_cursor, cursor) != 0;
        reply_deinit(&reply);
    }
    *ret_end = end;
    return CTL_EXIT_OK;
}

struct match {
    const char *text;
    size_t text_bytes;
    unsigned found;
    char id[UUID_TEXT_BYTES];
};

static bool match_job(void *user, struct value job)
{
    struct match *match = user;
    char id[UUID_TEXT_BYTES];
    size_t id_bytes;

    if (!value_str_copy(value_get(job, "job_id"), id, sizeof(id))) {
        return true;
    }
    id_bytes = strlen(id);
    if (id_bytes >= match->text_bytes &&
        (strncasecmp(id, match->text, match->text_bytes) == 0 ||
         strcasecmp(id + id_bytes - match->text_bytes, match->text) == 0)) {
        match->found++;
        memcpy(match->id, id, sizeof(id));
    }
    return match->found < 2;
}

static bool may_abbreviate(const char *text)
{
    size_t size_bytes = strlen(text);

    if (size_bytes < ABBREVIATION_LEAST || size_bytes >= UUID_TEXT_BYTES) {
        return false;
    }
    for (; *text; text++) {
        if (!isxdigit((unsigned char)*text) && *text != '-') {
            return false;
        }
    }
    return true;
}

enum ctl_exit job_list_resolve(struct session *session, const char *text,
                               char ret_id[UUID_TEXT_BYTES])
{
    struct match match = {.text = text, .text_bytes = strlen(text)};
    struct job_list list = {.limit = UINT64_MAX, .seen = match_job, .user = &match};
    struct job_list_end end;
    enum ctl_exit code;

    if (text_is_uuid(text)) {
        memcpy(ret_id, text, UUID_TEXT_BYTES);
        return CTL_EXIT_OK;
    }
    if (!may_abbreviate(text)) {
        return output_fail(CTL_EXIT_USAGE, NULL,
                           "give an id of `ebb jobs`, or 4 or more characters of its beginning or "
                           "end",
                           "%s: not a job's id", text);
    }
    code = job_list_walk(session, &list, &end);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (match.found != 1) {
        return output_fail(CTL_EXIT_FAILED, NULL, "`ebb jobs` lists them", "job %s: %s", text,
                           match.found ? "more than one has such an id" : "there is none");
    }
    memcpy(ret_id, match.id, sizeof(match.id));
    return CTL_EXIT_OK;
}
