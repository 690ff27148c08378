/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb show: a document as the library has it.
 *
 * Blocks while the library renders it. Diagnostics: session.h, results.h.
 */
#include <stdio.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/results.h"

#define RANGES_MAX 256

struct show_values {
    struct common_values common; /* json: a format, too */
    bool markdown, text, hocr, alto, tables, images, chunks, body;
    const char *pages;
    const char *output;
};

/* The formats of the query `show` by the flags that ask for them. Text is first: where there is no
 * flag. */
static const struct {
    size_t flag_offset;
    const char *format;
} formats[] = {
    {offsetof(struct show_values, text), "text"},
    {offsetof(struct show_values, markdown), "markdown"},
    {offsetof(struct show_values, common.json), "json"},
    {offsetof(struct show_values, hocr), "hocr"},
    {offsetof(struct show_values, alto), "alto"},
    {offsetof(struct show_values, tables), "tables"},
    {offsetof(struct show_values, images), "images"},
    {offsetof(struct show_values, chunks), "chunks"},
    {offsetof(struct show_values, body), "body"},
};

static bool is_wanted(const struct show_values *values, size_t index)
{
    return *(const bool *)((const char *)values + formats[index].flag_offset);
}

static const char *wanted_format(const struct show_values *values)
{
    size_t index = 0;

    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        index = is_wanted(values, i) ? i : index;
    }
    return formats[index].format;
}

static enum ctl_exit check(const struct show_values *values)
{
    struct parse_range ranges[RANGES_MAX];
    struct error err = ERROR_INIT;
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        count += is_wanted(values, i);
    }
    if (count > 1) {
        return output_fail(CTL_EXIT_USAGE, NULL, "give one of them",
                           "show: the options that name a format exclude each other");
    }
    if (values->pages && parse_ranges(values->pages, ranges, RANGES_MAX, &count, &err) < 0) {
        return output_fail(CTL_EXIT_USAGE, &err, "for example --pages 3-7,12", "show: --pages");
    }
    return CTL_EXIT_OK;
}

static enum ctl_exit show(struct session *session, const struct show_values *values,
                          const char *document)
{
    const struct results_param params[] = {
        {"document", document},
        {"format", wanted_format(values)},
        {"pages", values->pages},
    };
    const struct results_query query = {
        .kind = "show",
        .params = params,
        .param_count = ARRAY_LEN(params),
        .what = "document",
        .of = document,
    };
    char path[PLACE_PATH_BYTES];
    enum ctl_exit code = results_ask(session, &query, path);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    return values->output ? results_save(path, values->output) : results_print(path);
}

static enum ctl_exit run_show(const struct invocation *invocation)
{
    const struct show_values *values = invocation->values;
    struct session session;
    enum ctl_exit code = check(values);

    if (code == CTL_EXIT_OK) {
        code = session_open(&session, &values->common, SESSION_EITHER);
    }
    if (code != CTL_EXIT_OK) {
        return code;
    }
    return session_close(&session, show(&session, values, invocation->operands[0]));
}

#define SHOW_AT(member) offsetof(struct show_values, member)

static const struct option show_options[] = {
    {"text", 0, OPTION_FLAG, NULL,
     "plain text in reading order, a form feed between pages (default)", SHOW_AT(text)},
    {"markdown", 0, OPTION_FLAG, NULL, "Markdown", SHOW_AT(markdown)},
    {"json", 0, OPTION_FLAG, NULL, "every block, line and span with fonts and boxes",
     SHOW_AT(common.json)},
    {"hocr", 0, OPTION_FLAG, NULL, "hOCR: every word with its box and confidence", SHOW_AT(hocr)},
    {"alto", 0, OPTION_FLAG, NULL, "the same as ALTO, for libraries and archives", SHOW_AT(alto)},
    {"tables", 0, OPTION_FLAG, NULL, "its tables alone, as JSON", SHOW_AT(tables)},
    {"images", 0, OPTION_FLAG, NULL, "what is known of its images, as JSON", SHOW_AT(images)},
    {"chunks", 0, OPTION_FLAG, NULL, "what it was cut into to be found, as JSON", SHOW_AT(chunks)},
    {"body", 0, OPTION_FLAG, NULL, "the chunks joined again: what repeats on pages left out",
     SHOW_AT(body)},
    {"pages", 'p', OPTION_STRING, "RANGES", "only these, such as 3-7,12", SHOW_AT(pages)},
    {"output", 'o', OPTION_STRING, "FILE", "write to FILE, which appears when it is whole",
     SHOW_AT(output)},
    OPTION_ROW_SOCKET(struct show_values),
    OPTION_ROW_STATE(struct show_values),
    OPTION_ROW_HELP(struct show_values),
};

const struct command command_show = {
    .name = "show",
    .operands = "DOCUMENT",
    .summary = "Show an extracted document",
    .details = "DOCUMENT is a document's id, 6 or more characters of its beginning, or a job's id.",
    .options = show_options,
    .option_count = ARRAY_LEN(show_options),
    .values_bytes = sizeof(struct show_values),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_show,
};
