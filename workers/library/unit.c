/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units: a table of steps and stages, and outcomes as results.
 *
 * Blocks on the disk. Diagnostics: LOG at notice what library_open found, once; failures go to
 * the supervisor as FAILED.
 */
#include "workers/library/unit.h"

#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/parse.h"
#include "workers/library/care.h"
#include "workers/library/library.h"
#include "workers/library/persist.h"
#include "workers/library/query.h"
#include "workers/library/unit_run.h"
#include "workers/library/vector_set.h"
#include "workers/library/vector_upkeep.h"

/* What a unit may take longer for while something is left to be purged. */
#define CARE_MS 100
#define CARE_WARM_MS 2000
static int init(struct worker *worker, void **ret_user, struct error *err)
{
    uint64_t max_bytes;
    struct library *library;

    if (parse_bytes(worker_setting(worker, "max_bytes", "0"), &max_bytes, err) < 0) {
        return error_wrap(err, "max_bytes");
    }
    library = library_open(worker_state_folder(worker), max_bytes, err);
    if (!library) {
        return -1;
    }
    if (library_note(library)[0]) {
        worker_log(worker, LOG_LEVEL_NOTICE, "%s", library_note(library));
    }
    *ret_user = library;
    return 0;
}

static void deinit(void *user)
{
    library_close(user);
}

static int run_persist_survey(struct run *run, struct error *err)
{
    struct persist_unit unit = run_persist_unit(run);

    if (run_need_artifact(run, err) < 0 ||
        persist_survey(run->library, &unit, &run->outcome, err) < 0) {
        return -1;
    }
    worker_result_document(run->result, run->outcome.document_id);
    return 0;
}

static int run_persist_pages(struct run *run, struct error *err)
{
    struct persist_unit unit = run_persist_unit(run);

    if (run_need_artifact(run, err) < 0 ||
        persist_pages(run->library, &unit, &run->outcome, err) < 0) {
        return -1;
    }
    worker_result_document(run->result, run->outcome.document_id);
    worker_result_count(run->result, "pages", run->outcome.pages);
    worker_result_count(run->result, "chars", run->outcome.chars);
    return 0;
}

/* The page was counted when extract's record of it came. */
static int run_persist_ocr(struct run *run, struct error *err)
{
    struct persist_unit unit = run_persist_unit(run);

    if (run_need_artifact(run, err) < 0 ||
        persist_pages(run->library, &unit, &run->outcome, err) < 0) {
        return -1;
    }
    worker_result_document(run->result, run->outcome.document_id);
    worker_result_count(run->result, "pages_ocr", run->outcome.pages);
    return 0;
}

static const char *query_unit_param(const void *context, const char *key)
{
    return worker_unit_param(context, key, NULL);
}

static bool query_unit_progress(void *context, uint32_t done)
{
    return worker_progress(context, done > 0 ? done : 1, done);
}

static void query_unit_count(void *context, const char *key, uint64_t value)
{
    worker_result_count(context, key, value);
}

static int run_query(struct run *run, struct error *err)
{
    struct library_query query = {
        .kind = worker_unit_param(run->unit, "kind", ""),
        .param = query_unit_param,
        .context = run->unit,
        .progress = query_unit_progress,
        .progress_context = run->worker,
        .count = query_unit_count,
        .count_context = run->result,
        .answer_path = run->unit->answer_path,
    };

    if (run_model(run, &query.model, err) < 0) {
        return -1;
    }
    return library_query_run(run->library, &query, err);
}

static const struct {
    const char *step;
    const char *stage; /* NULL: any */
    int (*run)(struct run *run, struct error *err);
} steps[] = {
    {"persist", "survey", run_persist_survey},
    {"persist", "extract", run_persist_pages},
    {"persist", "ocr", run_persist_ocr},
    {"persist", "chunk", run_persist_chunks},
    {"persist", "embed_text", run_persist_text_vectors},
    {"persist", "embed_image", run_persist_image_vectors},
    {"work", "structure", run_structure},
    {"work", "finish", run_finish},
    {"work", "collect", run_collect},
    {"work", "gather", run_gather},
    {"work", "settle", run_settle},
    {"query", NULL, run_query},
};

static int fail(const struct run *run, const struct error *err)
{
    bool retryable;
    const char *code = outcome_code(&run->outcome, err, &retryable);

    return code ? worker_result_fail(run->result, code, retryable, "%s", err->msg) : -1;
}

struct care_context {
    struct worker *worker;
    uint32_t item;
};

static bool ask_care(void *context)
{
    const struct care_context *care = context;

    return worker_progress(care->worker, care->item, care->item);
}

/* The unit is done, whatever becomes of this. */
static void care(struct run *run)
{
    struct care_context context = {run->worker, run->unit->last};
    struct care care = {CARE_MS, ask_care, &context};
    struct error err = ERROR_INIT;
    bool done;

    if (library_care(run->library, &care, &done, &err) < 0) {
        worker_log(run->worker, LOG_LEVEL_WARNING,
                   "the library's upkeep is put off until the next unit: %s", err.msg);
    }
}

/* Nobody waits: what was left to be purged when the last process ended. */
static void warm(struct worker *worker, void *user)
{
    struct care care = {.budget_ms = CARE_WARM_MS};
    struct error err = ERROR_INIT;
    bool done;

    if (library_care(user, &care, &done, &err) < 0) {
        worker_log(worker, LOG_LEVEL_WARNING,
                   "the library's upkeep is put off until the next unit: %s", err.msg);
    }
}

static bool ask_ready(void *context, uint64_t done)
{
    (void)done;
    return ask_care(context);
}

/* The first unit after a kill or a restored copy may have to look through large files. */
static int make_ready(struct run *run, struct error *err)
{
    struct care_context context = {run->worker, run->unit->first};
    struct vector_set_progress progress = {ask_ready, &context};
    size_t told = strlen(library_note(run->library));

    if (library_vectors_ready(run->library, &progress, err) < 0) {
        return -1;
    }
    if (library_note(run->library)[told]) {
        worker_log(run->worker, LOG_LEVEL_NOTICE, "%s", library_note(run->library) + told);
    }
    return 0;
}

static int run_unit(struct worker *worker, void *user, const struct worker_unit *unit,
                    struct worker_result *result, struct error *err)
{
    struct run run = {.worker = worker, .library = user, .unit = unit, .result = result};

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (strcmp(steps[i].step, unit->step) == 0 &&
            (!steps[i].stage || strcmp(steps[i].stage, unit->stage) == 0)) {
            if (make_ready(&run, err) < 0 || steps[i].run(&run, err) < 0) {
                return fail(&run, err);
            }
            if (strcmp(unit->step, "query") != 0) {
                care(&run);
            }
            return 0;
        }
    }
    return worker_result_fail(result, "unsupported", false,
                              "ebb-library has no step %s of stage %s", unit->step, unit->stage);
}

const struct worker_ops unit_ops = {
    .class_name = "library",
    .init = init,
    .warm = warm,
    .run = run_unit,
    .deinit = deinit,
};
