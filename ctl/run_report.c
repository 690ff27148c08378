/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What `ebb run` says at its end.
 *
 * Invariant: figures are the daemon's, from JOB, MEMORY, WORKERS and STATUS; nothing is computed
 * here that it can answer. Blocks with the time limits of client.h. Diagnostics: session.h.
 */
#include "ctl/run_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/parse.h"
#include "ctl/format.h"
#include "ctl/job_view.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/receipts.h"
#include "ctl/table.h"

#define RECEIPTS_A_PAGE 500U
#define TROUBLES_SHOWN 20U
/* Of a document's id; `ebb show` takes its beginning. */
#define DOCUMENT_SHOWN_BYTES 13

typedef void (*receipt_cb)(void *user, struct value receipt);

enum ctl_exit run_report_rss(struct session *session, uint64_t *ret_rss_bytes)
{
    struct reply reply;
    enum ctl_exit code;

    client_begin(session->client, MESSAGE_STATUS);
    code = session_call(session, CLIENT_TIMEOUT_MS, &reply, "status", NULL);
    if (code == CTL_EXIT_OK) {
        *ret_rss_bytes = value_uint(value_get(reply.data, "rss_bytes"), 0);
        reply_deinit(&reply);
    }
    return code;
}

static enum ctl_exit ask_job(struct session *session, const char *id, struct reply *ret_reply)
{
    message_put_str(client_begin(session->client, MESSAGE_JOB), FIELD_JOB, id);
    return session_call(session, CLIENT_TIMEOUT_MS, ret_reply, "job", id);
}

/* Each receipt of a job, newest first. */
static enum ctl_exit each_receipt(struct session *session, const char *id, receipt_cb seen,
                                  void *user)
{
    uint64_t offset = 0;
    uint64_t total = 1;

    while (offset < total) {
        struct message_writer *writer = client_begin(session->client, MESSAGE_MEMORY);
        struct value receipts;
        struct reply reply;
        size_t count;
        enum ctl_exit code;

        message_put_str(writer, FIELD_VIEW, "receipts");
        message_put_str(writer, FIELD_JOB, id);
        message_put_uint(writer, FIELD_LIMIT, RECEIPTS_A_PAGE);
        message_put_uint(writer, FIELD_OFFSET, offset);
        code = session_call(session, CLIENT_TIMEOUT_MS, &reply, "receipts", NULL);
        if (code != CTL_EXIT_OK) {
            return code;
        }
        receipts = value_get(reply.data, "receipts");
        count = value_count(receipts);
        for (size_t i = 0; i < count; i++) {
            seen(user, value_at(receipts, i));
        }
        offset += count;
        total = count > 0 ? value_uint(value_get(reply.data, "total"), 0) : 0;
        reply_deinit(&reply);
    }
    return CTL_EXIT_OK;
}

/* --- for programs --- */

static void append_receipt(void *user, struct value receipt)
{
    json_array_append_new(user, json_from_value(receipt));
}

static json_t *make_object(const struct run_report *report, struct value job, json_t *receipts)
{
    static const char *const keys[] = {
        "job_id",       "document_id",        "name",   "status",   "error",   "pages",
        "pages_failed", "pages_failed_count", "counts", "warnings", "wall_ms", "stages"};
    json_t *object = json_object();
    json_t *supervisor =
        json_pack("{s:I, s:I}", "rss_before_bytes", (json_int_t)report->rss_before_bytes,
                  "rss_after_bytes", (json_int_t)report->rss_after_bytes);

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        json_set_value(object, keys[i], value_get(job, keys[i]));
    }
    json_object_set(object, "receipts", receipts);
    json_object_set_new(object, "supervisor", supervisor);
    return object;
}

static enum ctl_exit print_object(const struct run_report *report, const struct watch_job *job)
{
    json_t *receipts = json_array();
    struct reply reply;
    json_t *object;
    enum ctl_exit code = ask_job(report->session, job->id, &reply);

    if (code != CTL_EXIT_OK) {
        json_decref(receipts);
        return code;
    }
    code = each_receipt(report->session, job->id, append_receipt, receipts);
    object = make_object(report, reply.data, receipts);
    if (code == CTL_EXIT_OK && json_print(object, stdout) < 0 && output_works()) {
        code = output_fail(CTL_EXIT_FAILED, NULL, NULL, "%s: out of memory", job->name);
    }
    json_decref(object);
    json_decref(receipts);
    reply_deinit(&reply);
    return code;
}

/* --- for people --- */

struct receipts_sum {
    struct table *table;
    uint64_t count;
    uint64_t freed_bytes;
};

static void add_receipt(void *user, struct value receipt)
{
    struct receipts_sum *sum = user;

    receipts_table_add(sum->table, receipt);
    sum->count++;
    sum->freed_bytes += value_uint(value_get(receipt, "peak_rss_bytes"), 0);
}

/* What of the state folder, and how to see more. */
static void print_hints(const struct run_report *report, const char *show)
{
    char options[PLACE_PATH_BYTES + 16];

    session_example_options(report->session, options, sizeof(options));
    format_field(stdout, "state", "%s", report->session->place.state);
    if (show[0]) {
        format_field(stdout, "to ask", "ebb search \"WORDS\"%s", options);
        format_field(stdout, "to see it", "ebb show %s%s", show, options);
    }
}

static void print_supervisor(const struct run_report *report)
{
    char before[32];
    char after[32];

    parse_format_bytes(report->rss_before_bytes, before, sizeof(before));
    parse_format_bytes(report->rss_after_bytes, after, sizeof(after));
    format_field(stdout, "supervisor", "RSS %s before, %s after", before, after);
}

static void print_freed(uint64_t processes, uint64_t freed_bytes)
{
    char freed[32];
    char count[48];

    parse_format_bytes(freed_bytes, freed, sizeof(freed));
    snprintf(count, sizeof(count), "%" PRIu64 " process%s", processes, processes == 1 ? "" : "es");
    format_field(stdout, "went back", "%s: the peaks of %s that ended", freed, count);
}

static void print_summary(struct value job)
{
    char outcome[FORMAT_TEXT_BYTES];
    char wall[32];
    char pages[64];
    uint64_t count = value_uint(value_get(job, "pages"), 0);
    uint64_t failed = value_uint(value_get(job, "pages_failed_count"), 0);
    uint64_t wall_ms = value_uint(value_get(job, "wall_ms"), 0);
    enum ctl_exit code = job_view_exit(job);

    job_view_outcome(job, outcome, sizeof(outcome));
    clock_format_duration(wall_ms, wall, sizeof(wall));
    format_count(count, "page", pages, sizeof(pages));
    fputs(output_style(stdout, code == CTL_EXIT_OK      ? STYLE_GOOD
                               : code == CTL_EXIT_PAGES ? STYLE_WARN
                                                        : STYLE_BAD),
          stdout);
    output_line_text(stdout, outcome);
    fputs(output_style(stdout, STYLE_PLAIN), stdout);
    if (count == 0) {
        printf(", after %s", wall);
    } else {
        printf(": %s in %s", pages, wall);
    }
    if (failed > 0) {
        printf(", %" PRIu64 " failed", failed);
    }
    if (wall_ms > 0 && count > 1) {
        printf(", %.0f pages/s", (double)count * 1000.0 / (double)wall_ms);
    }
    putchar('\n');
}

static void print_password_hint(struct value job)
{
    struct value code = value_get(value_get(job, "error"), "code");

    if (value_str_equal(code, "password_required") || value_str_equal(code, "password_wrong")) {
        puts("Its password goes into a file: --password-file FILE");
    }
}

/* Pool workers serve all jobs and live on; what they hold now is not in any receipt. */
static enum ctl_exit print_pools(const struct run_report *report)
{
    struct value workers;
    struct reply reply;
    enum ctl_exit code;

    client_begin(report->session->client, MESSAGE_WORKERS);
    code = session_call(report->session, CLIENT_TIMEOUT_MS, &reply, "workers", NULL);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    workers = value_get(reply.data, "workers");
    for (size_t i = 0, count = value_count(workers); i < count; i++) {
        struct value worker = value_at(workers, i);
        char class_name[40];
        char peak[32];

        if (value_str_equal(value_get(worker, "lifetime"), "fresh")) {
            continue;
        }
        parse_format_bytes(value_uint(value_get(worker, "peak_rss_bytes"), 0), peak, sizeof(peak));
        format_field(stdout, format_text(value_get(worker, "class"), class_name, 14),
                     "RSS %s at most, pid %" PRIu64 "; shared by all jobs, ends with ebbd", peak,
                     value_uint(value_get(worker, "pid"), 0));
    }
    reply_deinit(&reply);
    return CTL_EXIT_OK;
}

static enum ctl_exit print_one(const struct run_report *report, const struct watch_job *job)
{
    struct receipts_sum sum = {.table = receipts_table_create()};
    struct reply reply;
    enum ctl_exit code = ask_job(report->session, job->id, &reply);

    if (code == CTL_EXIT_OK) {
        printf("%s", output_style(stdout, STYLE_BOLD));
        output_line_text(stdout, job->name);
        printf("%s  ", output_style(stdout, STYLE_PLAIN));
        print_summary(reply.data);
        print_password_hint(reply.data);
        job_view_counts(stdout, reply.data);
        job_view_troubles(stdout, reply.data, TROUBLES_SHOWN);
        putchar('\n');
        job_view_stages(stdout, reply.data);
        putchar('\n');
        code = each_receipt(report->session, job->id, add_receipt, &sum);
        if (code == CTL_EXIT_OK && sum.count > 0) {
            table_print(sum.table, stdout, 0);
            putchar('\n');
        }
        print_supervisor(report);
        if (code == CTL_EXIT_OK) {
            code = print_pools(report);
        }
        print_freed(sum.count, sum.freed_bytes);
        format_field_text(stdout, "document", value_get(reply.data, "document_id"));
        format_field_text(stdout, "job", value_get(reply.data, "job_id"));
        print_hints(report, job->document);
        reply_deinit(&reply);
    }
    table_destroy(sum.table);
    return code;
}

static const struct table_column documents_columns[] = {
    {"NAME", TABLE_GIVES_WAY}, {"OUTCOME", TABLE_LEFT}, {"PAGES", TABLE_RIGHT},
    {"FAILED", TABLE_RIGHT},   {"CHUNKS", TABLE_RIGHT}, {"TIME", TABLE_RIGHT},
    {"DOCUMENT", TABLE_LEFT},
};

static void print_documents(const struct run_report *report)
{
    struct table *table = table_create(documents_columns, ARRAY_LEN(documents_columns));

    for (size_t i = 0; i < report->watch->count; i++) {
        const struct watch_job *job = &report->watch->jobs[i];

        if (job->state == WATCH_ENDED) {
            table_text(table, job->name);
            table_text(table, job->outcome);
            table_number(table, job->pages);
            table_number(table, job->pages_failed);
            table_number(table, job->chunks);
            table_duration(table, job->wall_ms);
            table_format(table, "%.*s", DOCUMENT_SHOWN_BYTES, job->document);
        }
    }
    table_print(table, stdout, output_is_terminal(stdout) ? output_columns(stdout) : 0);
    table_destroy(table);
}

static const struct table_column costs_columns[] = {
    {"STAGE", TABLE_LEFT}, {"CLASS", TABLE_LEFT},      {"PROCESSES", TABLE_RIGHT},
    {"PEAK", TABLE_RIGHT}, {"MEAN PEAK", TABLE_RIGHT}, {"WALL", TABLE_RIGHT},
    {"CPU", TABLE_RIGHT},
};

/* The receipts since the run began, in sums by stage. */
static enum ctl_exit print_costs(const struct run_report *report)
{
    struct message_writer *writer = client_begin(report->session->client, MESSAGE_MEMORY);
    struct table *table;
    struct value rows;
    struct reply reply;
    uint64_t processes = 0;
    uint64_t freed_bytes = 0;
    enum ctl_exit code;

    message_put_str(writer, FIELD_VIEW, "stages");
    message_put_uint(writer, FIELD_SINCE_MS, report->started_wall_ms);
    code = session_call(report->session, CLIENT_TIMEOUT_MS, &reply, "memory", NULL);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    table = table_create(costs_columns, ARRAY_LEN(costs_columns));
    rows = value_get(reply.data, "rows");
    for (size_t i = 0, count = value_count(rows); i < count; i++) {
        struct value row = value_at(rows, i);

        table_value_text(table, value_get(row, "stage"));
        table_value_text(table, value_get(row, "class"));
        table_value_number(table, value_get(row, "processes"));
        table_value_bytes(table, value_get(row, "peak_rss_bytes"));
        table_value_bytes(table, value_get(row, "mean_peak_rss_bytes"));
        table_value_duration(table, value_get(row, "wall_ms"));
        table_value_duration(table, value_get(row, "cpu_ms"));
        processes += value_uint(value_get(row, "processes"), 0);
        freed_bytes += value_uint(value_get(row, "freed_bytes"), 0);
    }
    table_print(table, stdout, 0);
    table_destroy(table);
    reply_deinit(&reply);
    putchar('\n');
    print_supervisor(report);
    code = print_pools(report);
    print_freed(processes, freed_bytes);
    return code;
}

static enum ctl_exit print_several(const struct run_report *report)
{
    const struct watch *watch = report->watch;
    char elapsed[32];
    enum ctl_exit code;

    print_documents(report);
    clock_format_duration(clock_monotonic_ms() - watch->started_ms, elapsed, sizeof(elapsed));
    printf("\n%zu documents, %" PRIu64 " pages, %" PRIu64 " chunks in %s; %zu failed\n\n",
           watch->ended, watch->pages_ended, watch->chunks_ended, elapsed, watch->failed);
    code = print_costs(report);
    print_hints(report, "DOCUMENT");
    return code;
}

enum ctl_exit run_report_print(const struct run_report *report)
{
    const struct watch *watch = report->watch;
    enum ctl_exit code = CTL_EXIT_OK;

    if (!report->json) {
        return watch->count == 1 ? print_one(report, &watch->jobs[0]) : print_several(report);
    }
    for (size_t i = 0; i < watch->count && code == CTL_EXIT_OK && output_works(); i++) {
        if (watch->jobs[i].state == WATCH_ENDED) {
            code = print_object(report, &watch->jobs[i]);
        }
    }
    return code;
}
