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
    struct common_values common; /* json: the format */
    bool markdown;
    bool text;
    const char *pages;
    const char *output;
};

static enum ctl_exit check(const struct show_values *values)
{
    struct parse_range ranges[RANGES_MAX];
    struct error err = ERROR_INIT;
    size_t count;

    if (values->markdown + values->text + values->common.json > 1) {
        return output_fail(CTL_EXIT_USAGE, NULL, "give one of them",
                           "show: --markdown, --json and --text exclude each other");
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
        {"format", values->markdown      ? "markdown"
                   : values->common.json ? "json"
                                         : "text"},
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
