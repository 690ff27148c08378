/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb backup: the library as one file, as it was at one moment, while work goes on.
 *
 * Invariant: the file appears when it is whole and on the disk, only for its owner to read, and
 * never in place of another without --force. Blocks while the library copies and on the disk.
 * Diagnostics: session.h, results.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/results.h"

struct backup_values {
    struct common_values common;
    bool force;
};

/* What was written. */
static enum ctl_exit tell(const struct backup_values *values, const char *file)
{
    struct error err = ERROR_INIT;
    struct stat status;
    char size[32];
    json_t *json;

    if (stat(file, &status) < 0) {
        error_set_errno(&err, errno, "looking at it");
        return output_fail(CTL_EXIT_FAILED, &err, NULL, "%s", file);
    }
    if (!values->common.json) {
        parse_format_bytes((uint64_t)status.st_size, size, sizeof(size));
        output_line_text(stdout, file);
        printf("  %s\n", size);
        return CTL_EXIT_OK;
    }
    json = json_pack("{s:s*, s:I}", "file", file, "bytes", (json_int_t)status.st_size);
    json_print(json, stdout);
    json_decref(json);
    return CTL_EXIT_OK;
}

static enum ctl_exit back_up(struct session *session, const struct backup_values *values,
                             const char *file)
{
    const struct results_query query = {.kind = "backup", .what = "backup"};
    char path[PLACE_PATH_BYTES];
    enum ctl_exit code = results_ask(session, &query, path);

    code = code == CTL_EXIT_OK ? results_keep(path, file) : code;
    return code == CTL_EXIT_OK ? tell(values, file) : code;
}

static enum ctl_exit run_backup(const struct invocation *invocation)
{
    const struct backup_values *values = invocation->values;
    const char *file = invocation->operands[0];
    struct session session;
    enum ctl_exit code = results_may_save("backup", file, values->force);

    if (code == CTL_EXIT_OK) {
        code = session_open(&session, &values->common, SESSION_EITHER);
    }
    return code == CTL_EXIT_OK ? session_close(&session, back_up(&session, values, file)) : code;
}

#define BACKUP_AT(member) offsetof(struct backup_values, member)

static const struct option backup_options[] = {
    {"force", 'f', OPTION_FLAG, NULL, "write over a FILE that is there", BACKUP_AT(force)},
    OPTION_ROW_JSON(struct backup_values),
    OPTION_ROW_SOCKET(struct backup_values),
    OPTION_ROW_STATE(struct backup_values),
    OPTION_ROW_HELP(struct backup_values),
};

const struct command command_backup = {
    .name = "backup",
    .operands = "FILE",
    .summary = "Copy the library into one file while work goes on",
    .details =
        "To go back to it, put FILE in the place of library.db in the state folder while no\n"
        "daemon uses it.",
    .options = backup_options,
    .option_count = ARRAY_LEN(backup_options),
    .values_bytes = sizeof(struct backup_values),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_backup,
};
