/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb export: the library, or one document of it, as JSON Lines for other programs.
 *
 * Invariant: a file appears when it is whole, and never in place of another without --force. Blocks
 * while the library writes and on the disk. Diagnostics: session.h, results.h.
 */
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/results.h"

struct export_values {
    struct common_values common;
    const char *document;
    bool vectors, force;
};

static enum ctl_exit export_to(struct session *session, const struct export_values *values,
                               const char *file)
{
    const struct results_param params[] = {
        {"document", values->document},
        {"vectors", values->vectors ? "yes" : NULL},
    };
    const struct results_query query = {
        .kind = "export",
        .params = params,
        .param_count = ARRAY_LEN(params),
        .what = values->document ? "document" : "the library",
        .of = values->document,
    };
    char path[PLACE_PATH_BYTES];
    enum ctl_exit code = results_ask(session, &query, path);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    return file ? results_save(path, file) : results_print(path);
}

static enum ctl_exit run_export(const struct invocation *invocation)
{
    const struct export_values *values = invocation->values;
    const char *file = invocation->operand_count > 0 ? invocation->operands[0] : "-";
    struct session session;
    enum ctl_exit code = CTL_EXIT_OK;

    file = strcmp(file, "-") == 0 ? NULL : file;
    code = file ? results_may_save("export", file, values->force) : CTL_EXIT_OK;
    if (code == CTL_EXIT_OK) {
        code = session_open(&session, &values->common, SESSION_EITHER);
    }
    return code == CTL_EXIT_OK ? session_close(&session, export_to(&session, values, file)) : code;
}

#define EXPORT_AT(member) offsetof(struct export_values, member)

static const struct option export_options[] = {
    {"document", 'd', OPTION_STRING, "ID", "only this document", EXPORT_AT(document)},
    {"vectors", 0, OPTION_FLAG, NULL, "with the embeddings, which are most of its size",
     EXPORT_AT(vectors)},
    {"force", 'f', OPTION_FLAG, NULL, "write over a FILE that is there", EXPORT_AT(force)},
    OPTION_ROW_SOCKET(struct export_values),
    OPTION_ROW_STATE(struct export_values),
    OPTION_ROW_HELP(struct export_values),
};

const struct command command_export = {
    .name = "export",
    .operands = "[FILE|-]",
    .summary = "Write the library as JSON Lines",
    .details =
        "To the standard output where no FILE is named. Each line is an object with its type.",
    .options = export_options,
    .option_count = ARRAY_LEN(export_options),
    .values_bytes = sizeof(struct export_values),
    .operands_max = 1,
    .run = run_export,
};
