/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb workers, pools, status: the parts of a daemon at this moment. parts.h lends them to `ebb
 * top`.
 *
 * Blocks with the time limits of client.h. Diagnostics: bare_request.h.
 */
#include "ctl/parts.h"

#include <inttypes.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/parse.h"
#include "ctl/bare_request.h"
#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/output.h"
#include "ctl/table.h"

static const struct table_column workers_columns[] = {
    {"PID", TABLE_RIGHT},   {"CLASS", TABLE_LEFT}, {"LIFETIME", TABLE_LEFT},
    {"STATE", TABLE_LEFT},  {"STAGE", TABLE_LEFT}, {"WORKS ON", TABLE_LEFT},
    {"RSS", TABLE_RIGHT},   {"PEAK", TABLE_RIGHT}, {"EXPECTED", TABLE_RIGHT},
    {"UNITS", TABLE_RIGHT}, {"AGE", TABLE_RIGHT},  {"JOB", TABLE_LEFT},
};

/* "extract" or "persist extract". */
static void add_stage(struct table *table, struct value worker)
{
    char stage[64];
    char step[32];

    format_text(value_get(worker, "stage"), stage, sizeof(stage));
    format_text(value_get(worker, "step"), step, sizeof(step));
    if (step[0] && strcmp(step, "work") != 0) {
        table_format(table, "%s%s%s", step, stage[0] ? " " : "", stage);
    } else {
        table_text(table, stage);
    }
}

/* "17-32 at 20": the unit, and the item that it is at. */
static void add_unit(struct table *table, struct value worker)
{
    uint64_t first = value_uint(value_get(worker, "first"), 0);
    uint64_t last = value_uint(value_get(worker, "last"), 0);
    uint64_t item = value_uint(value_get(worker, "item"), 0);
    char at[32] = "";

    if (first == 0) {
        table_text(table, NULL);
        return;
    }
    if (item > 0) {
        snprintf(at, sizeof(at), " at %" PRIu64, item);
    }
    if (first == last) {
        table_format(table, "%" PRIu64, first);
    } else {
        table_format(table, "%" PRIu64 "-%" PRIu64 "%s", first, last, at);
    }
}

void parts_print_workers(FILE *file, struct value data, unsigned max_columns)
{
    struct value workers = value_get(data, "workers");
    size_t count = value_count(workers);
    struct table *table = table_create(workers_columns, ARRAY_LEN(workers_columns));

    for (size_t i = 0; i < count; i++) {
        struct value worker = value_at(workers, i);

        table_value_number(table, value_get(worker, "pid"));
        table_value_text(table, value_get(worker, "class"));
        table_value_text(table, value_get(worker, "lifetime"));
        table_value_text(table, value_get(worker, "state"));
        add_stage(table, worker);
        add_unit(table, worker);
        table_value_bytes(table, value_get(worker, "rss_bytes"));
        table_value_bytes(table, value_get(worker, "peak_rss_bytes"));
        table_value_bytes(table, value_get(worker, "predicted_bytes"));
        table_value_number(table, value_get(worker, "units"));
        table_value_duration(table, value_get(worker, "age_ms"));
        table_value_text(table, value_get(worker, "job_id"));
    }
    if (count > 0) {
        table_print(table, file, max_columns);
    } else {
        fputs("no worker at this moment\n", file);
    }
    table_destroy(table);
}

static const struct table_column pools_columns[] = {
    {"CLASS", TABLE_LEFT},     {"LIFETIME", TABLE_LEFT},   {"MIN", TABLE_RIGHT},
    {"MAX", TABLE_RIGHT},      {"SPARE", TABLE_RIGHT},     {"LIVE", TABLE_RIGHT},
    {"READY", TABLE_RIGHT},    {"BUSY", TABLE_RIGHT},      {"CREATED", TABLE_RIGHT},
    {"RECYCLED", TABLE_RIGHT}, {"DIED", TABLE_RIGHT},      {"LEASES", TABLE_RIGHT},
    {"REUSES", TABLE_RIGHT},   {"WAITS", TABLE_RIGHT},     {"HALF", TABLE_RIGHT},
    {"P99", TABLE_RIGHT},      {"IN USE", TABLE_RIGHT},    {"START", TABLE_RIGHT},
    {"SAVED", TABLE_RIGHT},    {"THROTTLED", TABLE_RIGHT},
};

static uint64_t recycled(struct value counts)
{
    static const char *const reasons[] = {"units", "age", "rss", "idle", "health", "settings"};
    uint64_t sum = 0;

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        sum += value_uint(value_get(counts, reasons[i]), 0);
    }
    return sum;
}

static void add_us(struct table *table, uint64_t us)
{
    if (us > 0) {
        table_format(table, "%.1f ms", (double)us / 1000.0);
    } else {
        table_text(table, NULL);
    }
}

static void add_ms(struct table *table, struct value ms)
{
    if (value_uint(ms, 0) > 0) {
        table_value_duration(table, ms);
    } else {
        table_text(table, NULL);
    }
}

static void add_use(struct table *table, struct value pool)
{
    if (value_uint(value_get(pool, "leases"), 0) > 0) {
        table_format(table, "%u%%", (unsigned)value_uint(value_get(pool, "busy_percent"), 0));
    } else {
        table_text(table, NULL);
    }
}

static void add_pool(struct table *table, struct value pool)
{
    static const char *const numbers[] = {"min",   "max",  "spare",  "live",
                                          "ready", "busy", "created"};
    struct value counts = value_get(pool, "recycled");

    table_value_text(table, value_get(pool, "class"));
    table_value_text(table, value_get(pool, "lifetime"));
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        table_value_number(table, value_get(pool, numbers[i]));
    }
    table_number(table, recycled(counts));
    table_value_number(table, value_get(counts, "died"));
    table_value_number(table, value_get(pool, "leases"));
    table_value_number(table, value_get(pool, "reuses"));
    table_value_number(table, value_get(pool, "waits"));
    add_us(table, value_uint(value_get(pool, "wait_us_p50"), 0));
    add_us(table, value_uint(value_get(pool, "wait_us_p99"), 0));
    add_use(table, pool);
    add_us(table, value_uint(value_get(pool, "start_us_median"), 0));
    add_ms(table, value_get(pool, "saved_ms"));
    add_ms(table, value_get(pool, "throttled_ms"));
}

void parts_print_pools(FILE *file, struct value data, unsigned max_columns)
{
    struct value classes = value_get(data, "classes");
    size_t count = value_count(classes);
    struct table *table = table_create(pools_columns, ARRAY_LEN(pools_columns));

    for (size_t i = 0; i < count; i++) {
        add_pool(table, value_at(classes, i));
    }
    table_print(table, file, max_columns);
    table_destroy(table);
}

static void print_memory(FILE *file, struct value memory)
{
    uint64_t budget = value_uint(value_get(memory, "budget_bytes"), 0);
    uint64_t live = value_uint(value_get(memory, "live_bytes"), 0);
    char budget_text[32];
    char live_text[32];
    char predicted_text[32];
    char level[32];

    parse_format_bytes(budget, budget_text, sizeof(budget_text));
    parse_format_bytes(live, live_text, sizeof(live_text));
    parse_format_bytes(value_uint(value_get(memory, "predicted_bytes"), 0), predicted_text,
                       sizeof(predicted_text));
    format_field(file, "memory", "%s in use (%.0f%%), %s expected, of %s: %s", live_text,
                 format_percent(live, budget), predicted_text, budget_text,
                 format_text(value_get(memory, "level"), level, sizeof(level)));
}

static void print_jobs(FILE *file, struct value jobs)
{
    static const char *const states[] = {"processing", "pending", "interrupted",
                                         "completed",  "failed",  "cancelled"};
    char text[256] = "";
    size_t used = 0;

    for (size_t i = 0; i < ARRAY_LEN(states) && used < sizeof(text); i++) {
        uint64_t count = value_uint(value_get(jobs, states[i]), 0);

        if (count > 0) {
            int wrote = snprintf(text + used, sizeof(text) - used, "%s%" PRIu64 " %s",
                                 used ? ", " : "", count, states[i]);

            used += wrote > 0 ? (size_t)wrote : 0;
        }
    }
    format_field(file, "jobs", "%s", text[0] ? text : "none");
}

static void print_sandbox(FILE *file, struct value sandbox)
{
    uint64_t landlock = value_uint(value_get(sandbox, "landlock"), 0);
    bool seccomp = value_uint(value_get(sandbox, "seccomp"), 0) > 0 ||
                   value_bool(value_get(sandbox, "seccomp"), false);
    char text[64] = "Landlock not offered by this kernel";

    if (value_type(sandbox) != VALUE_MAP) {
        return;
    }
    if (landlock > 0) {
        snprintf(text, sizeof(text), "Landlock %" PRIu64, landlock);
    }
    format_field(file, "sandbox", "%s, seccomp%s", text, seccomp ? "" : " not offered");
}

static void print_alerts(FILE *file, struct value alerts)
{
    size_t count = value_count(alerts);

    for (size_t i = 0; i < count; i++) {
        struct value alert = value_at(alerts, i);
        char since[FORMAT_TIME_BYTES];
        char text[512];
        char kind[64];

        format_time(value_get(alert, "since"), since);
        fputs(output_style(file, STYLE_BAD), file);
        format_field(file, "alert", "%s since %s: %s",
                     format_text(value_get(alert, "kind"), kind, sizeof(kind)), since,
                     format_text(value_get(alert, "text"), text, sizeof(text)));
        fputs(output_style(file, STYLE_PLAIN), file);
    }
}

void parts_print_status(FILE *file, struct value data)
{
    struct value slots = value_get(data, "cpu_slots");
    struct value store = value_get(data, "store");
    char version[64];
    char state[32];
    char uptime[32];
    char rss[32];
    char peak[32];

    clock_format_duration(value_uint(value_get(data, "uptime_ms"), 0), uptime, sizeof(uptime));
    parse_format_bytes(value_uint(value_get(data, "rss_bytes"), 0), rss, sizeof(rss));
    parse_format_bytes(value_uint(value_get(data, "peak_rss_bytes"), 0), peak, sizeof(peak));
    format_field(file, "ebbd", "%s, pid %" PRIu64 ", %s for %s",
                 format_text(value_get(data, "version"), version, sizeof(version)),
                 value_uint(value_get(data, "pid"), 0),
                 format_text(value_get(data, "state"), state, sizeof(state)), uptime);
    format_field_text(file, "state folder", value_get(data, "state_folder"));
    print_jobs(file, value_get(data, "jobs"));
    format_field(file, "its own RSS", "%s, %s at most", rss, peak);
    print_memory(file, value_get(data, "memory"));
    format_field(file, "CPU", "%" PRIu64 "%% of %" PRIu64 "%%",
                 value_uint(value_get(slots, "used_percent"), 0),
                 value_uint(value_get(slots, "total_percent"), 0));
    format_field(file, "processes", "%" PRIu64 " workers, %" PRIu64 " clients",
                 value_uint(value_get(data, "workers"), 0),
                 value_uint(value_get(data, "clients"), 0));
    format_field(file, "store", "%s, %" PRIu64 " changes waiting, %" PRIu64 " metrics dropped",
                 value_bool(value_get(store, "healthy"), false) ? "healthy" : "NOT HEALTHY",
                 value_uint(value_get(store, "queued"), 0),
                 value_uint(value_get(store, "dropped_metrics"), 0));
    print_sandbox(file, value_get(data, "sandbox"));
    print_alerts(file, value_get(data, "alerts"));
}

static void print_workers(struct value data)
{
    parts_print_workers(stdout, data, 0);
}

static void print_pools(struct value data)
{
    parts_print_pools(stdout, data, 0);
}

static void print_status(struct value data)
{
    char version[64];

    parts_print_status(stdout, data);
    format_text(value_get(data, "version"), version, sizeof(version));
    if (strcmp(version, EBB_VERSION) != 0) {
        output_note("this command is version " EBB_VERSION ", the daemon %s: install one version "
                    "of both",
                    version);
    }
}

static enum ctl_exit run_workers(const struct invocation *invocation)
{
    return bare_request(invocation, MESSAGE_WORKERS, print_workers);
}

static enum ctl_exit run_pools(const struct invocation *invocation)
{
    return bare_request(invocation, MESSAGE_POOLS, print_pools);
}

static enum ctl_exit run_status(const struct invocation *invocation)
{
    return bare_request(invocation, MESSAGE_STATUS, print_status);
}

const struct command command_workers =
    BARE_COMMAND("workers", "List the worker processes of this moment", NULL, run_workers);

const struct command command_pools =
    BARE_COMMAND("pools", "List the classes of workers and how they are used", NULL, run_pools);

const struct command command_status =
    BARE_COMMAND("status", "Show how the daemon is", NULL, run_status);
