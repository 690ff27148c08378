/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units of a job that embeds again. Blocks on the disk. Logs nothing.
 */
#include "common/parse.h"
#include "proto/vector.h"
#include "workers/embedding/lexical.h"
#include "workers/library/reembed.h"
#include "workers/library/unit_run.h"

int run_model(const struct run *run, struct missing_model *ret_model, struct error *err)
{
    const char *dimensions = worker_setting(run->worker, "embed_dimensions", "512");
    uint64_t value;

    if (parse_u64(dimensions, 0, VECTOR_DIMENSIONS_MAX, &value, err) < 0) {
        return error_wrap(err, "embed_dimensions");
    }
    *ret_model = (struct missing_model){
        .name = worker_setting(run->worker, "embed_model", LEXICAL_MODEL),
        .dimensions = (uint32_t)value,
    };
    return 0;
}

/* What the job is to embed. */
static int run_wanted(const struct run *run, struct missing_model *ret_model, struct error *err)
{
    if (run_model(run, ret_model, err) < 0) {
        return -1;
    }
    return parse_bool(worker_unit_param(run->unit, "owed", "no"), &ret_model->owed, err) < 0
               ? error_wrap(err, "owed")
               : 0;
}

/* A unit of one item: how far it is says nothing, that it goes on does. */
static bool ask(void *context, uint64_t done)
{
    const struct run *run = context;

    (void)done;
    return worker_progress(run->worker, run->unit->first, 0);
}

static void add_gather(void *context, struct reembed_range range)
{
    const struct run *run = context;

    worker_result_unit(run->result, "gather", range.first, range.last);
}

int run_collect(struct run *run, struct error *err)
{
    struct missing_progress progress = {ask, run};
    struct missing_model model;
    uint64_t missing;

    if (run_wanted(run, &model, err) < 0 ||
        reembed_collect(run->library, &model, &progress, add_gather, run, &missing, err) < 0) {
        return -1;
    }
    worker_result_count(run->result, "chunks_to_embed", missing);
    return 0;
}

int run_gather(struct run *run, struct error *err)
{
    struct missing_progress progress = {ask, run};
    struct reembed_range range = {run->unit->first, run->unit->last};
    struct missing_model model;
    uint64_t texts;

    if (!run->unit->artifact_path) {
        return error_set(err, ERROR_INVALID, "the unit names no artifact for its texts");
    }
    if (run_wanted(run, &model, err) < 0 ||
        reembed_gather(run->library, &model, &progress, range, run->unit->artifact_path, &texts,
                       err) < 0) {
        return -1;
    }
    if (texts > 0) {
        worker_result_unit(run->result, "embed_text", range.first, range.last);
    }
    return 0;
}

int run_settle(struct run *run, struct error *err)
{
    struct missing_progress progress = {ask, run};
    struct reembed_settled settled;
    struct missing_model model;

    if (run_wanted(run, &model, err) < 0 ||
        reembed_settle(run->library, &model, &progress, &settled, err) < 0) {
        return -1;
    }
    worker_result_count(run->result, "vectors_removed", settled.removed);
    if (settled.missing > 0 && model.owed) {
        worker_result_warning(run->result, "%llu chunks have no vector yet",
                              (unsigned long long)settled.missing);
    } else if (settled.missing > 0) {
        worker_result_warning(run->result,
                              "%llu chunks have no vector of %s yet: those of other models stay "
                              "until ebb reembed has made the rest",
                              (unsigned long long)settled.missing, model.name);
    }
    return 0;
}
