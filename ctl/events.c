/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb events: what happened and, with -f, what happens from now on.
 *
 * Following blocks until the daemon goes, standard output closes or a signal comes. Diagnostics:
 * session.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/job_list.h"
#include "ctl/json.h"
#include "ctl/output.h"

#define EVENTS_SHOWN 50
#define EVENTS_MAX 1000
#define KIND_COLUMNS 18U
/* So long may pass without an event before it is asked whether the daemon is still there. */
#define QUIET_MS 30000U

struct events_values {
    struct common_values common;
    const char *job;
    uint64_t limit;
    bool follow;
};

struct listing {
    struct session *session;
    const struct events_values *values;
    char job[UUID_TEXT_BYTES]; /* "" for all */
    bool muted;                /* what comes now will come again */
    uint64_t shown;
};

static void print_event(struct value event)
{
    char time[FORMAT_TIME_BYTES];
    char kind[64];
    char job[UUID_TEXT_BYTES];
    char text[FORMAT_TEXT_BYTES];
    unsigned columns;

    format_text(value_get(event, "kind"), kind, sizeof(kind));
    if (value_str_equal(value_get(event, "kind"), "job.progress")) {
        return; /* ten a second are for programs */
    }
    format_time(value_get(event, "time"), time);
    format_text(value_get(event, "job_id"), job, sizeof(job));
    format_text(value_get(event, "text"), text, sizeof(text));
    printf("%s%s%s  ", output_style(stdout, STYLE_DIM), time, output_style(stdout, STYLE_PLAIN));
    output_line_text(stdout, kind);
    columns = (unsigned)strlen(kind);
    printf("%*s", columns < KIND_COLUMNS ? (int)(KIND_COLUMNS - columns) : 2, "");
    if (job[0]) {
        output_line_text(stdout, job);
        fputs("  ", stdout);
    }
    output_line_text(stdout, text);
    putchar('\n');
}

/* An event of the past, or one that comes while we follow. */
static void show_event(void *user, struct value event)
{
    struct listing *listing = user;

    if (listing->muted) {
        return;
    }
    if (!listing->values->common.json) {
        print_event(event);
    } else if (listing->values->follow) {
        json_write_value(event, stdout);
        putchar('\n');
    } else {
        fputs(listing->shown > 0 ? "," : "", stdout);
        json_write_value(event, stdout);
    }
    listing->shown++;
}

/* The number of the newest event; from here on new ones are told to show_event. */
static enum ctl_exit subscribe(struct listing *listing, const uint64_t *after,
                               uint64_t *ret_sequence)
{
    struct message_writer *writer = client_begin(listing->session->client, MESSAGE_SUBSCRIBE);
    struct reply reply;
    enum ctl_exit code;

    if (after) {
        message_put_uint(writer, FIELD_SEQUENCE, *after);
    }
    if (listing->job[0]) {
        message_put_str(writer, FIELD_JOB, listing->job);
    }
    code = session_call(listing->session, CLIENT_TIMEOUT_MS, &reply, "events", NULL);
    if (code == CTL_EXIT_OK) {
        *ret_sequence = value_uint(value_get(reply.data, "sequence"), 0);
        reply_deinit(&reply);
    }
    return code;
}

/* One page of the past; ret_count is 0 at its end. */
static enum ctl_exit show_page(struct listing *listing, uint64_t limit, uint64_t *sequence,
                               size_t *ret_count)
{
    struct message_writer *writer = client_begin(listing->session->client, MESSAGE_EVENTS);
    struct value events;
    struct reply reply;
    enum ctl_exit code;

    message_put_uint(writer, FIELD_SEQUENCE, *sequence);
    message_put_uint(writer, FIELD_LIMIT, limit < EVENTS_MAX ? limit : EVENTS_MAX);
    if (listing->job[0]) {
        message_put_str(writer, FIELD_JOB, listing->job);
    }
    listing->muted = true;
    code = session_call(listing->session, CLIENT_TIMEOUT_MS, &reply, "events", NULL);
    listing->muted = false;
    if (code != CTL_EXIT_OK) {
        return code;
    }
    events = value_get(reply.data, "events");
    *ret_count = value_count(events);
    for (size_t i = 0; i < *ret_count && output_works(); i++) {
        show_event(listing, value_at(events, i));
    }
    *sequence = value_uint(value_get(reply.data, "next_sequence"), *sequence);
    reply_deinit(&reply);
    return CTL_EXIT_OK;
}

/* The newest events, or all of one job's. ret_sequence: of the last one shown. */
static enum ctl_exit show_past(struct listing *listing, uint64_t *ret_sequence)
{
    uint64_t left = listing->job[0] ? UINT64_MAX : listing->values->limit;
    uint64_t newest = 0;
    uint64_t sequence;
    size_t count = 1;
    enum ctl_exit code;

    listing->muted = true;
    code = subscribe(listing, NULL, &newest);
    listing->muted = false;
    sequence = left < newest ? newest - left : 0;
    while (code == CTL_EXIT_OK && left > 0 && count > 0) {
        uint64_t before = sequence;

        code = show_page(listing, left, &sequence, &count);
        left -= count < left ? count : left;
        count = sequence > before && sequence < newest ? count : 0;
    }
    *ret_sequence = sequence;
    return code;
}

/* Is it still there? A connection that says nothing does not tell. */
static enum ctl_exit ask_whether_alive(struct session *session)
{
    struct reply reply;
    enum ctl_exit code;

    client_begin(session->client, MESSAGE_STATUS);
    code = session_call(session, CLIENT_TIMEOUT_MS, &reply, "events", NULL);
    if (code == CTL_EXIT_OK) {
        reply_deinit(&reply);
    }
    return code;
}

static enum ctl_exit follow(struct listing *listing, uint64_t after)
{
    struct client *client = listing->session->client;
    struct error err = ERROR_INIT;
    uint64_t newest;
    enum ctl_exit code = subscribe(listing, &after, &newest);

    while (code == CTL_EXIT_OK && output_works()) {
        int told = client_wait(client, QUIET_MS, &err);

        if (told < 0) {
            return session_fail(listing->session, &err, "events", NULL);
        }
        code = told > 0 ? CTL_EXIT_OK : ask_whether_alive(listing->session);
    }
    return code;
}

static enum ctl_exit list_events(struct listing *listing)
{
    bool array = listing->values->common.json && !listing->values->follow;
    uint64_t sequence = 0;
    enum ctl_exit code = CTL_EXIT_OK;

    if (listing->values->job) {
        code = job_list_resolve(listing->session, listing->values->job, listing->job);
    }
    if (code != CTL_EXIT_OK) {
        return code;
    }
    client_set_events(listing->session->client, show_event, listing);
    fputs(array ? "{\"events\":[" : "", stdout);
    code = show_past(listing, &sequence);
    if (array) {
        printf("],\"next_sequence\":%" PRIu64 "}\n", sequence);
    }
    if (code == CTL_EXIT_OK && listing->values->follow) {
        code = follow(listing, sequence);
    }
    return code;
}

static enum ctl_exit run_events(const struct invocation *invocation)
{
    const struct events_values *values = invocation->values;
    struct session session;
    struct listing listing = {.session = &session, .values = values};
    enum ctl_exit code;

    if (values->limit < 1 || values->limit > EVENTS_MAX) {
        return output_fail(CTL_EXIT_USAGE, NULL, "from 1 to 1000", "events: --limit");
    }
    code =
        session_open(&session, &values->common, values->follow ? SESSION_RUNNING : SESSION_EITHER);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    return session_close(&session, list_events(&listing));
}

#define EVENTS_AT(member) offsetof(struct events_values, member)

static const struct option events_options[] = {
    {"follow", 'f', OPTION_FLAG, NULL, "go on as they happen (with --json, one a line)",
     EVENTS_AT(follow)},
    {"limit", 'n', OPTION_U64, "COUNT", "begin with so many of the past (50)", EVENTS_AT(limit)},
    {"job", 0, OPTION_STRING, "ID", "those of this job, all of them", EVENTS_AT(job)},
    OPTION_ROW_JSON(struct events_values),
    OPTION_ROW_SOCKET(struct events_values),
    OPTION_ROW_STATE(struct events_values),
    OPTION_ROW_HELP(struct events_values),
};

static const struct events_values events_defaults = {.limit = EVENTS_SHOWN};

const struct command command_events = {
    .name = "events",
    .operands = "",
    .summary = "Show what happened",
    .options = events_options,
    .option_count = ARRAY_LEN(events_options),
    .defaults = &events_defaults,
    .values_bytes = sizeof(struct events_values),
    .run = run_events,
};
