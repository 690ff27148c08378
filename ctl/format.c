/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Values of replies for people.
 *
 * Invariant: every text that came from elsewhere is cleaned before it is printed. Blocks only as
 * the file does; nothing is logged.
 */
#include "ctl/format.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/parse.h"
#include "ctl/output.h"

#define LABEL_COLUMNS 14

void format_time(struct value value, char ret_text[FORMAT_TIME_BYTES])
{
    char text[FORMAT_TIME_BYTES];
    struct tm date;
    time_t seconds;

    if (!value_str_copy(value, text, sizeof(text))) {
        snprintf(ret_text, FORMAT_TIME_BYTES, "-");
        return;
    }
    memset(&date, 0, sizeof(date));
    if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &date)) {
        snprintf(ret_text, FORMAT_TIME_BYTES, "%s", text);
        return;
    }
    seconds = timegm(&date);
    localtime_r(&seconds, &date);
    strftime(ret_text, FORMAT_TIME_BYTES, "%Y-%m-%d %H:%M:%S", &date);
}

const char *format_text(struct value value, char *ret_text, size_t size_bytes)
{
    value_str_copy(value, ret_text, size_bytes);
    return ret_text;
}

void format_count(uint64_t count, const char *noun, char *ret_text, size_t size_bytes)
{
    snprintf(ret_text, size_bytes, "%" PRIu64 " %s%s", count, noun, count == 1 ? "" : "s");
}

double format_percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
}

static void print_label(FILE *file, const char *label)
{
    fprintf(file, "%s%-*s%s", output_style(file, STYLE_DIM), LABEL_COLUMNS, label,
            output_style(file, STYLE_PLAIN));
}

void format_field(FILE *file, const char *label, const char *fmt, ...)
{
    char text[FORMAT_TEXT_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    print_label(file, label);
    output_line_text(file, text);
    fputc('\n', file);
}

void format_field_text(FILE *file, const char *label, struct value value)
{
    char text[FORMAT_TEXT_BYTES];

    if (value_type(value) == VALUE_STR) {
        format_field(file, label, "%s", format_text(value, text, sizeof(text)));
    }
}

void format_field_time(FILE *file, const char *label, struct value value)
{
    char text[FORMAT_TIME_BYTES];

    if (value_type(value) == VALUE_STR) {
        format_time(value, text);
        format_field(file, label, "%s", text);
    }
}

void format_field_number(FILE *file, const char *label, struct value value)
{
    if (value_type(value) == VALUE_UINT) {
        format_field(file, label, "%" PRIu64, value_uint(value, 0));
    }
}

void format_field_bytes(FILE *file, const char *label, struct value value)
{
    char text[32];

    if (value_type(value) == VALUE_UINT) {
        parse_format_bytes(value_uint(value, 0), text, sizeof(text));
        format_field(file, label, "%s", text);
    }
}

void format_field_duration(FILE *file, const char *label, struct value value)
{
    char text[32];

    if (value_type(value) == VALUE_UINT) {
        clock_format_duration(value_uint(value, 0), text, sizeof(text));
        format_field(file, label, "%s", text);
    }
}
