/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A job for people, in parts.
 *
 * Invariant: nothing of a job reaches the file uncleaned. Blocks only as the file does.
 */
#include "ctl/job_view.h"

#include <inttypes.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/parse.h"
#include "ctl/format.h"
#include "ctl/output.h"
#include "ctl/table.h"

enum ctl_exit job_view_exit(struct value job)
{
    if (!value_str_equal(value_get(job, "status"), "completed")) {
        return CTL_EXIT_FAILED;
    }
    return value_uint(value_get(job, "pages_failed_count"), 0) > 0 ? CTL_EXIT_PAGES : CTL_EXIT_OK;
}

void job_view_outcome(struct value job, char *ret_text, size_t size_bytes)
{
    struct value error = value_get(job, "error");
    char status[32];
    char code[128];
    char text[512];

    format_text(value_get(job, "status"), status, sizeof(status));
    format_text(value_get(error, "code"), code, sizeof(code));
    format_text(value_get(error, "text"), text, sizeof(text));
    snprintf(ret_text, size_bytes, "%s%s%s%s%s", status, code[0] ? ": " : "", code,
             text[0] ? ": " : "", text);
}

void job_view_counts(FILE *file, struct value job)
{
    struct value counts = value_get(job, "counts");
    size_t count = value_count(counts);
    char text[FORMAT_TEXT_BYTES] = "";
    size_t used = 0;

    for (size_t i = 0; i < count && used < sizeof(text); i++) {
        struct value key;
        struct value number;
        char name[65];

        if (value_entry(counts, i, &key, &number) && value_str_copy(key, name, sizeof(name))) {
            int wrote = snprintf(text + used, sizeof(text) - used, "%s%s %" PRIu64,
                                 used > 0 ? ", " : "", name, value_uint(number, 0));

            used += wrote > 0 ? (size_t)wrote : 0;
        }
    }
    if (used > 0) {
        format_field(file, "counts", "%s", text);
    }
}

void job_view_fields(FILE *file, struct value job)
{
    char outcome[FORMAT_TEXT_BYTES];

    job_view_outcome(job, outcome, sizeof(outcome));
    format_field_text(file, "job", value_get(job, "job_id"));
    format_field_text(file, "document", value_get(job, "document_id"));
    format_field_text(file, "name", value_get(job, "name"));
    format_field(file, "status", "%s", outcome);
    if (value_str_equal(value_get(job, "status"), "processing")) {
        char stage[64];

        format_field(file, "progress", "%.1f%% (%s)", value_float(value_get(job, "progress"), 0.0),
                     format_text(value_get(job, "stage"), stage, sizeof(stage)));
    }
    format_field_bytes(file, "size", value_get(job, "size_bytes"));
    format_field_number(file, "pages", value_get(job, "pages"));
    format_field_number(file, "pages failed", value_get(job, "pages_failed_count"));
    job_view_counts(file, job);
    format_field_time(file, "created", value_get(job, "created_at"));
    format_field_time(file, "started", value_get(job, "started_at"));
    format_field_time(file, "finished", value_get(job, "finished_at"));
    format_field_duration(file, "took", value_get(job, "wall_ms"));
}

static const struct table_column stage_columns[] = {
    {"STAGE", TABLE_LEFT},  {"STATUS", TABLE_LEFT},  {"ITEMS", TABLE_RIGHT},
    {"UNITS", TABLE_RIGHT}, {"FAILED", TABLE_RIGHT}, {"WORKERS", TABLE_RIGHT},
    {"WALL", TABLE_RIGHT},  {"CPU", TABLE_RIGHT},    {"PEAK RSS", TABLE_RIGHT},
};

static void add_stage(struct table *table, struct value stage)
{
    table_value_text(table, value_get(stage, "stage"));
    table_value_text(table, value_get(stage, "status"));
    table_format(table, "%" PRIu64 "/%" PRIu64, value_uint(value_get(stage, "items_done"), 0),
                 value_uint(value_get(stage, "items"), 0));
    table_format(table, "%" PRIu64 "/%" PRIu64, value_uint(value_get(stage, "units_done"), 0),
                 value_uint(value_get(stage, "units"), 0));
    table_value_number(table, value_get(stage, "units_failed"));
    table_value_number(table, value_get(stage, "workers"));
    table_value_duration(table, value_get(stage, "wall_ms"));
    table_value_duration(table, value_get(stage, "cpu_ms"));
    table_value_bytes(table, value_get(stage, "peak_rss_bytes"));
}

void job_view_stages(FILE *file, struct value job)
{
    struct value stages = value_get(job, "stages");
    size_t count = value_count(stages);
    struct table *table = table_create(stage_columns, ARRAY_LEN(stage_columns));

    for (size_t i = 0; i < count; i++) {
        add_stage(table, value_at(stages, i));
    }
    if (table_rows(table) > 0) {
        table_print(table, file, 0);
    }
    table_destroy(table);
}

static void print_failure(FILE *file, struct value failure)
{
    char stage[64];
    char verdict[64];
    char detail[768];
    char line[FORMAT_TEXT_BYTES];

    format_text(value_get(failure, "stage"), stage, sizeof(stage));
    format_text(value_get(failure, "verdict"), verdict, sizeof(verdict));
    format_text(value_get(failure, "detail"), detail, sizeof(detail));
    snprintf(line, sizeof(line), "  page %" PRIu64 ": %s: %s%s%s",
             value_uint(value_get(failure, "page"), 0), stage, verdict, detail[0] ? ": " : "",
             detail);
    output_line_text(file, line);
    fputc('\n', file);
}

void job_view_troubles(FILE *file, struct value job, size_t max_lines)
{
    struct value warnings = value_get(job, "warnings");
    struct value failures = value_get(job, "pages_failed");
    uint64_t failed = value_uint(value_get(job, "pages_failed_count"), 0);
    size_t warning_count = value_count(warnings);
    size_t failure_count = value_count(failures);
    char text[FORMAT_TEXT_BYTES];

    if (warning_count > 0) {
        fprintf(file, "%sWarnings%s\n", output_style(file, STYLE_WARN),
                output_style(file, STYLE_PLAIN));
    }
    for (size_t i = 0; i < warning_count && i < max_lines; i++) {
        fputs("  ", file);
        output_line_text(file, format_text(value_at(warnings, i), text, sizeof(text)));
        fputc('\n', file);
    }
    if (warning_count > max_lines) {
        fprintf(file, "  and %zu more\n", warning_count - max_lines);
    }
    if (failed > 0) {
        fprintf(file, "%sFailed pages%s\n", output_style(file, STYLE_BAD),
                output_style(file, STYLE_PLAIN));
    }
    for (size_t i = 0; i < failure_count && i < max_lines; i++) {
        print_failure(file, value_at(failures, i));
    }
    if (failed > failure_count || failure_count > max_lines) {
        size_t shown = failure_count < max_lines ? failure_count : max_lines;

        fprintf(file, "  and %" PRIu64 " more\n", failed - (failed < shown ? failed : shown));
    }
}
