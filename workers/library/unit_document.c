/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units of a document as a whole: its structure, its chunks and vectors, its end. Blocks on the
 * disk. Logs nothing.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/parse.h"
#include "proto/artifact.h"
#include "workers/library/chunks.h"
#include "workers/library/finish.h"
#include "workers/library/structure.h"
#include "workers/library/unit_run.h"
#include "workers/library/vectors.h"

#define FAILURES_MAX 1024 /* PROTOCOL.md's bound on a RUN's list of failures */

/* What the chunks' unit refuses counts as yes until then. */
static bool wants_vectors(const struct worker_unit *unit)
{
    bool embed = true;

    parse_bool(worker_unit_param(unit, "embed", "yes"), &embed, NULL);
    return embed;
}

struct persist_unit run_persist_unit(const struct run *run)
{
    const struct worker_unit *unit = run->unit;

    return (struct persist_unit){
        .job = unit->job,
        .name = worker_unit_param(unit, "name", "document"),
        .artifact_path = unit->artifact_path,
        .first = unit->first,
        .last = unit->last,
        .tags = worker_unit_param(unit, "tags", NULL),
        .no_vectors = !wants_vectors(unit),
    };
}

int run_need_artifact(const struct run *run, struct error *err)
{
    return run->unit->artifact_path ? 0
                                    : error_set(err, ERROR_INVALID, "the unit names no artifact");
}

/* The path of another stage's artifact in the job's folder. */
static int sibling(const struct run *run, const char *stage, uint32_t first, uint32_t last,
                   char ret_path[PATH_MAX], struct error *err)
{
    char name[ARTIFACT_NAME_BYTES];

    artifact_name(stage, first, last, name);
    return file_join(ret_path, PATH_MAX, run->unit->folder, name, err);
}

/* --- structure --- */

/* The list of RUN, one at a time; its texts live until the next. */
struct failure_list {
    const struct message *message;
    struct message_failure current;
};

static bool failure_at(void *context, size_t index, struct structure_failure *ret_failure)
{
    struct failure_list *list = context;

    if (!message_failure_at(list->message, FIELD_FAILURES, index, &list->current)) {
        return false;
    }
    *ret_failure =
        (struct structure_failure){list->current.item, list->current.code, list->current.text};
    return true;
}

/* It is a unit of one item, whatever pages are done. */
static bool structure_progress(void *context, uint32_t done)
{
    const struct run *run = context;

    (void)done;
    return worker_progress(run->worker, run->unit->first, 0);
}

/* What there is to be done for later stages. */
static void find_units(struct run *run)
{
    bool embed = wants_vectors(run->unit);
    uint32_t images = (uint32_t)run->outcome.images;

    if (run->outcome.blocks > 0) {
        worker_result_unit(run->result, "chunk", 1, 1);
    }
    for (uint32_t first = 1; embed && first <= images; first += STRUCTURE_IMAGES_A_UNIT) {
        worker_result_unit(run->result, "embed_image", first, structure_last_image(first, images));
    }
}

int run_structure(struct run *run, struct error *err)
{
    struct failure_list list = {.message = run->unit->message};
    struct structure_unit unit = {
        .job = run->unit->job,
        .artifact_path = run->unit->artifact_path,
        .failure_at = failure_at,
        .context = &list,
        .failures_cut = message_count(run->unit->message, FIELD_FAILURES) >= FAILURES_MAX,
        .progress = structure_progress,
        .progress_context = run,
    };

    if (run_need_artifact(run, err) < 0 ||
        structure_document(run->library, &unit, &run->outcome, err) < 0) {
        return -1;
    }
    worker_result_document(run->result, run->outcome.document_id);
    find_units(run);
    return 0;
}

/* --- chunks and vectors --- */

int run_persist_chunks(struct run *run, struct error *err)
{
    struct persist_unit unit = run_persist_unit(run);

    if (run_need_artifact(run, err) < 0 ||
        persist_chunks(run->library, &unit, &run->outcome, err) < 0) {
        return -1;
    }
    worker_result_document(run->result, run->outcome.document_id);
    worker_result_count(run->result, "chunks", run->outcome.chunks);
    return 0;
}

static int persist_kind(struct run *run, const struct persist_vectors *what, const char *counter,
                        struct error *err)
{
    struct persist_unit unit = run_persist_unit(run);

    if (run_need_artifact(run, err) < 0 ||
        persist_vectors(run->library, &unit, what, &run->outcome, err) < 0) {
        return -1;
    }
    if (run->outcome.document_id[0]) {
        worker_result_document(run->result, run->outcome.document_id);
    }
    worker_result_count(run->result, counter, run->outcome.vectors);
    return 0;
}

/* In a job that embeds again targets are rows, and the texts are gather's. */
int run_persist_text_vectors(struct run *run, struct error *err)
{
    bool rows = strcmp(worker_unit_param(run->unit, "kind", ""), "reembed") == 0;
    struct persist_vectors what = {.kind = VECTOR_KIND_TEXT, .rows = rows};
    char source[PATH_MAX];

    if (sibling(run, rows ? "gather" : "chunk", rows ? run->unit->first : 1,
                rows ? run->unit->last : 1, source, err) < 0) {
        return -1;
    }
    what.source_path = source;
    return persist_kind(run, &what, "vectors", err);
}

int run_persist_image_vectors(struct run *run, struct error *err)
{
    struct persist_vectors what = {.kind = VECTOR_KIND_IMAGE};

    return persist_kind(run, &what, "image_vectors", err);
}

/* --- finish --- */

int run_finish(struct run *run, struct error *err)
{
    struct finish_unit unit = {.job = run->unit->job, .folder = run->unit->folder};
    const struct outcome *outcome = &run->outcome;

    if (finish_document(run->library, &unit, &run->outcome, err) < 0) {
        return -1;
    }
    worker_result_document(run->result, outcome->document_id);
    worker_result_count(run->result, "pages", outcome->pages);
    worker_result_count(run->result, "pages_failed", outcome->pages_failed);
    worker_result_count(run->result, "chars", outcome->chars);
    worker_result_count(run->result, "words", outcome->words);
    worker_result_count(run->result, "pages_ocr", outcome->pages_ocr);
    worker_result_count(run->result, "images", outcome->images);
    worker_result_count(run->result, "tables", outcome->tables);
    worker_result_count(run->result, "chunks", outcome->chunks);
    worker_result_count(run->result, "vectors", outcome->vectors);
    worker_result_count(run->result, "images_embedded", outcome->images_embedded);
    return 0;
}
