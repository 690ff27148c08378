/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units: a table of steps and stages, and errors as the codes that the supervisor and people see.
 *
 * Invariants: the library is opened by the first query; a worker that only cuts has no database.
 * Blocks on the disk. Diagnostics: failures go to the supervisor as FAILED.
 */
#include "workers/index/unit.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "workers/index/chunk_unit.h"
#include "workers/index/search.h"

#define DIMENSIONS_MAX 65536U

struct index {
    struct searcher *searcher; /* NULL until the first query */
    struct searcher_settings settings;
};

/* What a step's handler works with. */
struct run {
    struct worker *worker;
    struct index *index;
    const struct worker_unit *unit;
    struct worker_result *result;
};

static int init(struct worker *worker, void **ret_user, struct error *err)
{
    struct index *index;
    uint64_t dimensions;

    if (parse_u64(worker_setting(worker, "embed_dimensions", "512"), 0, DIMENSIONS_MAX, &dimensions,
                  err) < 0) {
        return error_wrap(err, "embed_dimensions");
    }
    index = calloc(1, sizeof(*index));
    if (!index) {
        return error_set(err, ERROR_MEMORY, "no memory to start with");
    }
    index->settings = (struct searcher_settings){
        .state_folder = worker_state_folder(worker),
        .embed_model = worker_setting(worker, "embed_model", "ebb-lexical-512"),
        .embed_dimensions = (uint32_t)dimensions,
    };
    *ret_user = index;
    return 0;
}

static void deinit(void *user)
{
    struct index *index = user;

    if (index) {
        searcher_close(index->searcher);
        free(index);
    }
}

static int run_chunk(struct run *run, struct error *err)
{
    return chunk_unit_run(run->worker, run->unit, run->result, err);
}

static const char *query_param(const void *context, const char *key)
{
    return worker_unit_param(context, key, NULL);
}

static bool query_progress(void *context, uint32_t done)
{
    return worker_progress(context, done > 0 ? done : 1, done);
}

/* Of a query, the names of failures that another try would meet again; the others are worker.h's.
 */
static int fail(const struct run *run, const struct error *err)
{
    static const struct {
        enum error_code error;
        const char *code;
    } codes[] = {
        {ERROR_NOT_FOUND, "not_found"},
        {ERROR_INVALID, "invalid"},
        {ERROR_CORRUPT, "library_damaged"},
        {ERROR_LIMIT, "too_large"},
    };

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i].error == err->code) {
            return worker_result_fail(run->result, codes[i].code, false, "%s", err->msg);
        }
    }
    return -1;
}

static int run_search(struct run *run, struct error *err)
{
    struct index *index = run->index;
    struct search_query query = {
        .param = query_param,
        .context = run->unit,
        .progress = query_progress,
        .progress_context = run->worker,
        .answer_path = run->unit->answer_path,
    };

    if (!index->searcher) {
        index->searcher = searcher_open(&index->settings, err);
        if (!index->searcher) {
            return fail(run, err);
        }
    }
    return search_query_run(index->searcher, &query, err) < 0 ? fail(run, err) : 0;
}

static const struct {
    const char *step;
    const char *stage; /* NULL: any */
    const char *query; /* its kind; NULL where it is none */
    int (*run)(struct run *run, struct error *err);
} steps[] = {
    {"work", "chunk", NULL, run_chunk},
    {"query", NULL, "search", run_search},
};

static bool is_step(size_t i, const struct worker_unit *unit)
{
    return strcmp(steps[i].step, unit->step) == 0 &&
           (!steps[i].stage || strcmp(steps[i].stage, unit->stage) == 0) &&
           (!steps[i].query || strcmp(steps[i].query, worker_unit_param(unit, "kind", "")) == 0);
}

static int run_unit(struct worker *worker, void *user, const struct worker_unit *unit,
                    struct worker_result *result, struct error *err)
{
    struct run run = {.worker = worker, .index = user, .unit = unit, .result = result};

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (is_step(i, unit)) {
            return steps[i].run(&run, err);
        }
    }
    return worker_result_fail(result, "unsupported", false, "ebb-index has no step %s of %s %s",
                              unit->step, unit->stage[0] ? "stage" : "query",
                              unit->stage[0] ? unit->stage : worker_unit_param(unit, "kind", ""));
}

const struct worker_ops unit_ops = {
    .class_name = "index",
    .init = init,
    .run = run_unit,
    .deinit = deinit,
};
