/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The results of each document as files.
 *
 * Invariants: a file appears when it is whole; nothing is written outside the folder, whatever a
 * document is called. Blocks on the library and the disk. Diagnostics: a line for each failure.
 */
#include "ctl/export.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "ctl/export_parts.h"
#include "ctl/output.h"
#include "ctl/results.h"

/* The library's formats that are one file; the others have NULL. */
static const char *const files[EXPORT_FORMAT_COUNT] = {
    [EXPORT_FORMAT_JSON] = "document.json",     [EXPORT_FORMAT_MARKDOWN] = "document.md",
    [EXPORT_FORMAT_TEXT] = "document.txt",      [EXPORT_FORMAT_HOCR] = "document.hocr",
    [EXPORT_FORMAT_ALTO] = "document.alto.xml",
};

static const char *const names[EXPORT_FORMAT_COUNT] = {
#define EXPORT_FORMAT_NAME(symbol, name) name,
    EXPORT_FORMAT_LIST(EXPORT_FORMAT_NAME)
#undef EXPORT_FORMAT_NAME
};

#define SEARCHABLE_NAME "searchable.pdf"

/* --- what is wanted --- */

static int choose_one(const char *name, size_t size_bytes, struct export_choice *choice,
                      struct error *err)
{
    for (unsigned i = 0; i < EXPORT_FORMAT_COUNT; i++) {
        if (strlen(names[i]) == size_bytes && memcmp(names[i], name, size_bytes) == 0) {
            choice->always |= 1U << i;
            return 0;
        }
    }
    return error_set(err, ERROR_INVALID, "unknown format \"%.*s\"", (int)size_bytes, name);
}

int export_choose(const char *text, struct export_choice *ret_choice, struct error *err)
{
    struct export_choice choice = {.always = 0};

    if (!text) {
        *ret_choice = (struct export_choice){
            .always = EXPORT_BIT(JSON) | EXPORT_BIT(MARKDOWN) | EXPORT_BIT(TEXT) |
                      EXPORT_BIT(IMAGES) | EXPORT_BIT(TABLES) | EXPORT_BIT(CHUNKS),
            .when_read = EXPORT_BIT(PDF) | EXPORT_BIT(HOCR) | EXPORT_BIT(ALTO)};
        return 0;
    }
    if (strcmp(text, "all") == 0) {
        ret_choice->always = (1U << EXPORT_FORMAT_COUNT) - 1;
        ret_choice->when_read = 0;
        return 0;
    }
    for (const char *name = text;; name++) {
        size_t size_bytes = strcspn(name, ",");

        if (choose_one(name, size_bytes, &choice, err) < 0) {
            return -1;
        }
        name += size_bytes;
        if (!*name) {
            break;
        }
    }
    *ret_choice = choice;
    return 0;
}

/* --- one document --- */

struct export
{
    struct session *session;
    const struct export_choice *choice;
    const char *job_id;
    const char *folder;
    char job_folder[PATH_MAX];
};

/* The library's answer in that format. */
static enum ctl_exit ask(struct export *export, enum export_format format,
                         char ret_answer[PLACE_PATH_BYTES])
{
    const struct results_param params[] = {{"document", export->job_id}, {"format", names[format]}};
    const struct results_query query = {.kind = "show",
                                        .params = params,
                                        .param_count = ARRAY_LEN(params),
                                        .what = "document of job",
                                        .of = export->job_id};

    return results_ask(export->session, &query, ret_answer);
}

static enum ctl_exit export_answer(struct export *export, enum export_format format)
{
    struct error err = ERROR_INIT;
    char answer[PLACE_PATH_BYTES];
    char path[PATH_MAX];
    enum ctl_exit code = ask(export, format, answer);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (format == EXPORT_FORMAT_IMAGES) {
        return export_images(answer, export->job_folder, export->folder);
    }
    if (format == EXPORT_FORMAT_TABLES) {
        return export_tables(answer, export->folder);
    }
    if (format == EXPORT_FORMAT_CHUNKS) {
        return export_chunks(answer, export->folder);
    }
    if (file_join(path, sizeof(path), export->folder, files[format], &err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, NULL, "--out");
    }
    return results_save(answer, path);
}

/* The job's own file. It is not there when its page of the pipeline failed, which the job says. */
static enum ctl_exit export_searchable(const struct export *export)
{
    struct error err = ERROR_INIT;
    char from[PATH_MAX];
    char to[PATH_MAX];

    if (file_join(from, sizeof(from), export->job_folder, SEARCHABLE_NAME, &err) < 0 ||
        file_join(to, sizeof(to), export->folder, SEARCHABLE_NAME, &err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, NULL, "--out");
    }
    if (access(from, F_OK) < 0 && errno == ENOENT) {
        output_note("%s: no searchable PDF was made of this document", export->folder);
        return CTL_EXIT_OK;
    }
    return results_save(from, to);
}

/* Whether OCR read any of its pages. */
static enum ctl_exit ask_whether_read(struct export *export, bool *ret_read)
{
    struct reply reply;
    struct value stages;
    enum ctl_exit code;

    message_put_str(client_begin(export->session->client, MESSAGE_JOB), FIELD_JOB, export->job_id);
    code = session_call(export->session, CLIENT_TIMEOUT_MS, &reply, "job", export->job_id);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    *ret_read = false;
    stages = value_get(reply.data, "stages");
    for (size_t i = 0; i < value_count(stages); i++) {
        struct value stage = value_at(stages, i);
        char name[33];

        value_str_copy(value_get(stage, "stage"), name, sizeof(name));
        *ret_read |= strcmp(name, "ocr") == 0 && value_uint(value_get(stage, "units_done"), 0) > 0;
    }
    reply_deinit(&reply);
    return CTL_EXIT_OK;
}

static enum ctl_exit export_formats(struct export *export)
{
    unsigned wanted = export->choice->always;
    enum ctl_exit code = CTL_EXIT_OK;
    bool read = false;

    if (export->choice->when_read) {
        code = ask_whether_read(export, &read);
        wanted |= read ? export->choice->when_read : 0;
    }
    for (unsigned i = 0; i < EXPORT_FORMAT_COUNT && code == CTL_EXIT_OK; i++) {
        if (!(wanted & 1U << i)) {
            continue;
        }
        code = i == EXPORT_FORMAT_PDF ? export_searchable(export)
                                      : export_answer(export, (enum export_format)i);
    }
    return code;
}

static enum ctl_exit export_document(struct session *session, const struct export_choice *choice,
                                     const char *job_id, const char *folder)
{
    struct export export = {
        .session = session, .choice = choice, .job_id = job_id, .folder = folder};
    struct error err = ERROR_INIT;

    if (file_mkdirs(folder, 0777, &err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, "name a folder that can be written", "--out %s",
                           folder);
    }
    if (file_join(export.job_folder, sizeof(export.job_folder), session->place.state, "jobs",
                  &err) < 0 ||
        file_join(export.job_folder, sizeof(export.job_folder), export.job_folder, job_id, &err) <
            0) {
        return output_fail(CTL_EXIT_FAILED, &err, NULL, "--out");
    }
    return export_formats(&export);
}

/* --- all of them --- */

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

static enum ctl_exit export_named(struct session *session, const struct export_choice *choice,
                                  const struct watch_job *job, unsigned ordinal, const char *folder)
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
    return export_document(session, choice, job->id, path);
}

enum ctl_exit export_documents(struct session *session, const struct watch *watch,
                               const struct export_choice *choice, const char *folder)
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
        code = watch->count == 1 ? export_document(session, choice, job->id, folder)
                                 : export_named(session, choice, job, ordinal, folder);
        worst = worst == CTL_EXIT_OK ? code : worst;
    }
    return worst;
}
