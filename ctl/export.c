/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The results of each document as files.
 *
 * Invariants: a file appears when it is whole; nothing is written outside the folder, whatever a
 * document is called. Blocks on the library and the disk. Diagnostics: a line for each failure.
 */
#include "ctl/export.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "ctl/output.h"
#include "ctl/results.h"

static const struct {
    const char *format;
    const char *file;
} files[] = {
    {"json", "document.json"},
    {"markdown", "document.md"},
    {"text", "document.txt"},
};

/* "sub/report.pdf" as a path below the folder: its parts that say something, in their order. */
static int name_folder(const char *name, unsigned ordinal, char *ret_path, size_t size_bytes,
                       struct error *err)
{
    char suffix[16] = "";

    while (*name) {
        size_t length = strcspn(name, "/");
        char part[NAME_MAX + 1];

        if (length > 0 && length < sizeof(part)) {
            memcpy(part, name, length);
            part[length] = '\0';
            if (strcmp(part, ".") != 0 && strcmp(part, "..") != 0 &&
                file_join(ret_path, size_bytes, ret_path, part, err) < 0) {
                return -1;
            }
        }
        name += length + (name[length] == '/');
    }
    if (ordinal > 1) {
        snprintf(suffix, sizeof(suffix), "-%u", ordinal);
    }
    if (strlen(ret_path) + strlen(suffix) >= size_bytes) {
        return error_set(err, ERROR_LIMIT, "the path is too long");
    }
    memcpy(ret_path + strlen(ret_path), suffix, strlen(suffix) + 1);
    return 0;
}

static enum ctl_exit export_document(struct session *session, const char *job_id,
                                     const char *folder)
{
    struct error err = ERROR_INIT;
    enum ctl_exit code = CTL_EXIT_OK;

    if (file_mkdirs(folder, 0777, &err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, "name a folder that can be written", "--out %s",
                           folder);
    }
    for (size_t i = 0; i < ARRAY_LEN(files) && code == CTL_EXIT_OK; i++) {
        const struct results_param params[] = {{"document", job_id}, {"format", files[i].format}};
        const struct results_query query = {.kind = "show",
                                            .params = params,
                                            .param_count = ARRAY_LEN(params),
                                            .what = "document of job",
                                            .of = job_id};
        char answer[PLACE_PATH_BYTES];
        char path[PATH_MAX];

        if (file_join(path, sizeof(path), folder, files[i].file, &err) < 0) {
            return output_fail(CTL_EXIT_FAILED, &err, NULL, "--out");
        }
        code = results_ask(session, &query, answer);
        if (code == CTL_EXIT_OK) {
            code = results_save(answer, path);
        }
    }
    return code;
}

/* A job in the order of their names. */
struct place_in_order {
    const struct watch_job *job;
};

static int compare_names(const void *a, const void *b)
{
    const struct watch_job *x = ((const struct place_in_order *)a)->job;
    const struct watch_job *y = ((const struct place_in_order *)b)->job;
    int order = strcmp(x->name, y->name);

    /* Those of one name in the order in which they were handed in. */
    return order ? order : (x > y) - (x < y);
}

static enum ctl_exit export_named(struct session *session, const struct watch_job *job,
                                  unsigned ordinal, const char *folder)
{
    struct error err = ERROR_INIT;
    char path[PATH_MAX];

    if (strlen(folder) >= sizeof(path)) {
        return output_fail(CTL_EXIT_USAGE, NULL, NULL, "--out: the path is too long");
    }
    memcpy(path, folder, strlen(folder) + 1);
    if (name_folder(job->name, ordinal, path, sizeof(path), &err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, NULL, "--out: %s", job->name);
    }
    return export_document(session, job->id, path);
}

enum ctl_exit export_documents(struct session *session, const struct watch *watch,
                               const char *folder)
{
    AUTO_FREE struct place_in_order *order = calloc(watch->count + 1, sizeof(*order));
    enum ctl_exit worst = CTL_EXIT_OK;
    unsigned ordinal = 0;

    if (!order) {
        return output_fail(CTL_EXIT_FAILED, NULL, NULL, "--out: out of memory");
    }
    for (size_t i = 0; i < watch->count; i++) {
        order[i].job = &watch->jobs[i];
    }
    qsort(order, watch->count, sizeof(*order), compare_names);
    for (size_t i = 0; i < watch->count && !client_lost(session->client); i++) {
        const struct watch_job *job = order[i].job;
        enum ctl_exit code = CTL_EXIT_OK;

        ordinal = i > 0 && strcmp(order[i - 1].job->name, job->name) == 0 ? ordinal + 1 : 1;
        if (!job->document[0]) {
            continue;
        }
        code = watch->count == 1 ? export_document(session, job->id, folder)
                                 : export_named(session, job, ordinal, folder);
        worst = worst == CTL_EXIT_OK ? code : worst;
    }
    return worst;
}
