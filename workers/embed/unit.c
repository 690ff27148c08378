/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units of the stage embed_text, and the query text_vector.
 *
 * Settings of the class: docs/embeddings.md. Parameters of the job: kind; of the query: q.
 *
 * A unit is done when each of its texts has a vector or a record that says why not; what an
 * endpoint does is no failure of a unit. One whose settings make no sense fails, and says so.
 *
 * Blocks: on the disk, and on the network within remote.h. Diagnostics: LOG at error when the
 * settings make no sense; at warning when vectors are missing.
 */
#include "workers/embed/unit.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "proto/artifact.h"
#include "workers/embed/built_in.h"
#include "workers/embed/options.h"
#include "workers/embed/remote.h"
#include "workers/embed/request.h"
#include "workers/embed/texts.h"

#define PATH_BYTES 4096
#define TELL_EVERY_MS 500U
#define QUERY_ATTEMPTS 2U
#define QUERY_MS_MAX 30000U

struct embed_worker {
    struct worker *worker;
    struct embed_options options;
    struct error settings_err; /* code over 0: they make no sense */
    struct remote *remote;     /* NULL for the built-in embedding */
};

/* The unit at hand. */
struct unit_run {
    struct embed_worker *self;
    const struct worker_unit *unit;
    struct worker_result *result;
    struct texts texts;
    uint32_t told_item;
    uint32_t told_done;
    uint64_t told_ms;
};

static const char *get_setting(const void *user, const char *key, const char *fallback)
{
    return worker_setting(user, key, fallback);
}

static int init(struct worker *worker, void **ret_user, struct error *err)
{
    struct embed_worker *self = calloc(1, sizeof(*self));
    const char *key = worker_secret(worker, "key", "");

    if (!self) {
        return error_set(err, ERROR_MEMORY, "no memory for the worker");
    }
    *ret_user = self;
    self->worker = worker;
    if (embed_options_read(get_setting, worker, key[0] != '\0', &self->options,
                           &self->settings_err) < 0) {
        worker_log(worker, LOG_LEVEL_ERROR, "class %s: %s: nothing is embedded",
                   worker_class_name(worker), self->settings_err.msg);
        return 0;
    }
    if (self->options.url[0] != '\0') {
        self->remote = remote_create(&self->options, key, err);
        return self->remote ? 0 : -1;
    }
    return 0;
}

static void deinit(void *user)
{
    struct embed_worker *self = user;

    if (self) {
        remote_destroy(self->remote);
        free(self);
    }
}

/* Items of a gathered unit are rows of documents: how far it is, is a share of them. */
static uint32_t item_of(const struct unit_run *run, uint32_t place)
{
    uint64_t items = (uint64_t)run->unit->last - run->unit->first + 1;
    uint64_t texts = run->texts.count ? run->texts.count : 1;

    return (uint32_t)(items * place / texts);
}

static bool told(void *user, uint32_t place, uint32_t done)
{
    struct unit_run *run = user;
    uint64_t now_ms = clock_monotonic_ms();
    uint32_t item = run->unit->first + item_of(run, place);

    item = item > run->unit->last ? run->unit->last : item;
    if (item == run->told_item && done == run->told_done && now_ms - run->told_ms < TELL_EVERY_MS) {
        return !worker_cancelled(run->self->worker);
    }
    run->told_item = item;
    run->told_done = done;
    run->told_ms = now_ms;
    return worker_progress(run->self->worker, item, item_of(run, done));
}

static bool told_built_in(void *user, uint32_t done)
{
    return told(user, done, done);
}

/* Leaves time to write what there is before the supervisor's patience ends. */
static uint64_t give_up_ms(const struct worker_unit *unit, bool query)
{
    uint64_t patience_ms = unit->deadline_ms / 4 * 3;

    if (query && patience_ms > QUERY_MS_MAX) {
        patience_ms = QUERY_MS_MAX;
    }
    return clock_monotonic_ms() + patience_ms;
}

static int embed(struct unit_run *run, bool query, struct error *err)
{
    struct embed_worker *self = run->self;
    uint32_t attempts = self->options.attempts;
    const struct remote_call call = {
        .texts = &run->texts,
        .arena = run->unit->arena,
        .give_up_ms = give_up_ms(run->unit, query),
        .attempts = query && attempts > QUERY_ATTEMPTS ? QUERY_ATTEMPTS : attempts,
        .told = told,
        .user = run,
    };

    return self->remote ? remote_embed(self->remote, &call, err)
                        : built_in_embed(&run->texts, run->unit->arena, told_built_in, run, err);
}

/* What people should know of the unit. */
static void warn(const struct unit_run *run)
{
    struct worker *worker = run->self->worker;
    uint32_t missing = texts_missing(&run->texts);
    uint32_t cut = 0;

    for (uint32_t i = 0; run->self->remote && i < run->texts.count; i++) {
        cut += run->texts.items[i].text_bytes > REQUEST_TEXT_BYTES;
    }
    if (cut > 0) {
        worker_result_warning(run->result, "%u texts are longer than %u bytes: %s", cut,
                              REQUEST_TEXT_BYTES, "their vectors are of their beginnings");
    }
    for (uint32_t i = 0; missing > 0 && i < run->texts.count; i++) {
        if (!run->texts.items[i].vector) {
            worker_result_warning(run->result, "%u of %u chunks have no vector: %s", missing,
                                  run->texts.count, run->texts.items[i].reason);
            worker_log(worker, LOG_LEVEL_WARNING,
                       "%u of %u chunks have no vector: %s; they are found by their words alone",
                       missing, run->texts.count, run->texts.items[i].reason);
            break;
        }
    }
}

/* An endpoint that never answered left the dimensions open; nothing is written that needs them. */
static uint32_t dimensions_of(const struct texts *texts)
{
    return texts->dimensions > 0 ? texts->dimensions : 1;
}

static int read_texts(const struct worker_unit *unit, struct texts *ret_texts, struct error *err)
{
    bool again = strcmp(worker_unit_param(unit, "kind", ""), "reembed") == 0;
    char name[ARTIFACT_NAME_BYTES];
    char path[PATH_BYTES];

    if (again) {
        artifact_name("gather", unit->first, unit->last, name);
    } else {
        artifact_name("chunk", 1, 1, name);
    }
    if (file_join(path, sizeof(path), unit->folder, name, err) < 0) {
        return -1;
    }
    return again ? texts_read_gathered(path, unit->arena, ret_texts, err)
                 : texts_read_chunks(path, unit->first, unit->last, unit->arena, ret_texts, err);
}

static int run_stage(struct unit_run *run, struct error *err)
{
    const struct worker_unit *unit = run->unit;
    uint32_t missing;

    if (!unit->artifact_path) {
        return error_set(err, ERROR_INVALID, "the unit names no artifact");
    }
    if (read_texts(unit, &run->texts, err) < 0 || embed(run, false, err) < 0 ||
        texts_write(&run->texts, run->self->options.model, dimensions_of(&run->texts),
                    unit->artifact_path, err) < 0) {
        return -1;
    }
    missing = texts_missing(&run->texts);
    worker_result_count(run->result, "vectors", run->texts.count - missing);
    worker_result_count(run->result, "chunks_without_vector", missing);
    warn(run);
    return 0;
}

static int run_query(struct unit_run *run, struct error *err)
{
    const struct worker_unit *unit = run->unit;
    const char *question = worker_unit_param(unit, "q", "");
    struct text_item item = {.text = question, .text_bytes = (uint32_t)strlen(question)};

    if (strcmp(unit->stage, "text_vector") != 0 || !unit->answer_path) {
        return worker_result_fail(run->result, "unsupported", false, "no such query: %s",
                                  unit->stage);
    }
    run->texts = (struct texts){.items = &item, .count = 1};
    if (embed(run, true, err) < 0) {
        return -1;
    }
    if (!item.vector) {
        return worker_result_fail(run->result, "no_vector", false, "%s", item.reason);
    }
    return texts_write(&run->texts, run->self->options.model, dimensions_of(&run->texts),
                       unit->answer_path, err);
}

static int run(struct worker *worker, void *user, const struct worker_unit *unit,
               struct worker_result *result, struct error *err)
{
    struct unit_run unit_run = {.self = user, .unit = unit, .result = result};

    (void)worker;
    if (unit_run.self->settings_err.code != ERROR_NONE) {
        return worker_result_fail(result, "invalid_setting", false, "%s",
                                  unit_run.self->settings_err.msg);
    }
    if (strcmp(unit->step, "query") == 0) {
        return run_query(&unit_run, err);
    }
    if (strcmp(unit->stage, "embed_text") != 0 || strcmp(unit->step, "work") != 0) {
        return worker_result_fail(result, "unsupported", false, "no work of ebb-embed: %s, %s",
                                  unit->stage, unit->step);
    }
    return run_stage(&unit_run, err);
}

const struct worker_ops embed_ops = {
    .class_name = "embed",
    .init = init,
    .run = run,
    .deinit = deinit,
};
