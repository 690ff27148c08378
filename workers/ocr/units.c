/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units of the stage ocr: one page each.
 *
 * Settings of the class: tessdata (where Debian has it), max_pixels (50000000), max_image_bytes
 * (512M), page_cpu_s (120), store_bytes (32M), page_memory_bytes (256M), max_source_bytes (2G),
 * max_pages (50000), max_unpacked_bytes (1G), max_markup_bytes (16M). Parameters of the job:
 * languages, password.
 *
 * Blocks: reads the source, extract's artifacts and models; writes the artifact. Logs at warning
 * when the default models cannot be loaded before they are asked for.
 */
#include "workers/ocr/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/parse.h"
#include "proto/artifact.h"
#include "proto/page.h"
#include "workers/languages/languages.h"
#include "workers/layout/text.h"
#include "workers/mupdf/document.h"
#include "workers/ocr/engine.h"
#include "workers/ocr/merge.h"
#include "workers/ocr/recognise.h"
#include "workers/ocr/records.h"

#define PATH_BYTES 4096
#define SOURCE_NAME "source"
#define KEEP_BUF_BYTES ((size_t)1 << 20)
#define GLYPHS_MAX 1000000U
#define CACHED_PAGES 128U
#define PROGRESS_EVERY_US 500000U /* so often at most, the supervisor hears that a page moves */

enum setting {
    SETTING_MAX_PIXELS,
    SETTING_MAX_IMAGE_BYTES,
    SETTING_PAGE_CPU_S,
    SETTING_STORE_BYTES,
    SETTING_PAGE_MEMORY_BYTES,
    SETTING_MAX_SOURCE_BYTES,
    SETTING_MAX_PAGES,
    SETTING_MAX_UNPACKED_BYTES,
    SETTING_MAX_MARKUP_BYTES,
    SETTING_COUNT
};

static const struct {
    const char *key, *fallback;
    uint64_t min, max;
} SETTINGS[SETTING_COUNT] = {
    [SETTING_MAX_PIXELS] = {"max_pixels", "50000000", 100000, UINT64_C(1) << 30},
    [SETTING_MAX_IMAGE_BYTES] = {"max_image_bytes", "512M", 1 << 20, UINT64_C(1) << 40},
    [SETTING_PAGE_CPU_S] = {"page_cpu_s", "120", 1, 86400},
    [SETTING_STORE_BYTES] = {"store_bytes", "32M", 1 << 20, UINT64_C(1) << 40},
    [SETTING_PAGE_MEMORY_BYTES] = {"page_memory_bytes", "256M", 1 << 20, UINT64_C(1) << 40},
    [SETTING_MAX_SOURCE_BYTES] = {"max_source_bytes", "2G", 1, UINT64_MAX},
    [SETTING_MAX_PAGES] = {"max_pages", "50000", 1, 1000000},
    [SETTING_MAX_UNPACKED_BYTES] = {"max_unpacked_bytes", "1G", 1, UINT64_MAX},
    [SETTING_MAX_MARKUP_BYTES] = {"max_markup_bytes", "16M", 1, UINT64_C(1) << 40},
};

struct ocr_worker {
    struct worker *worker;
    uint64_t settings[SETTING_COUNT];
    const char *models;          /* the folder of them */
    struct languages *languages; /* that there are models for */
    struct engine *engine;
    char path[PATH_BYTES];     /* of the open document */
    struct document *document; /* NULL before the first unit */
    struct records records;    /* of the same job */
    struct glyphs glyphs;
    struct arena *arena;   /* of the page at hand */
    struct buf buf;        /* its record, encoded */
    uint32_t pages_cached; /* since mupdf's cache of objects was emptied */
    uint32_t page;         /* at hand */
    uint64_t cpu_start_us; /* of the process, when the page was begun */
    bool too_slow;         /* the page at hand was given up for the time that it takes */
    uint64_t told_us;      /* when the supervisor last heard of it */
};

static int read_settings(struct ocr_worker *self, const struct worker *worker, struct error *err)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        const char *text = worker_setting(worker, SETTINGS[i].key, SETTINGS[i].fallback);

        if (parse_bytes(text, &self->settings[i], err) < 0) {
            return error_wrap(err, "setting %s", SETTINGS[i].key);
        }
        if (self->settings[i] < SETTINGS[i].min || self->settings[i] > SETTINGS[i].max) {
            return error_set(err, ERROR_INVALID, "setting %s: %s is out of range", SETTINGS[i].key,
                             text);
        }
    }
    self->models = languages_folder(worker_setting(worker, "tessdata", ""));
    return 0;
}

static uint64_t cpu_us(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Asked by the engine for every word: the page stays alive as long as it moves, but not for ever.
 * Its own time counts there, so that a busy machine does not cost it. */
static bool go_on(void *user)
{
    struct ocr_worker *self = user;
    uint64_t now = clock_monotonic_us();

    if (cpu_us() - self->cpu_start_us > self->settings[SETTING_PAGE_CPU_S] * 1000000) {
        self->too_slow = true;
        return false;
    }
    if (now - self->told_us < PROGRESS_EVERY_US) {
        return true;
    }
    self->told_us = now;
    return worker_progress(self->worker, self->page, 0);
}

int ocr_init(struct worker *worker, void **ret_user, struct error *err)
{
    struct ocr_worker *self = calloc(1, sizeof(*self));

    if (!self) {
        return error_set(err, ERROR_MEMORY, "no memory for the worker");
    }
    *ret_user = self;
    self->worker = worker;
    buf_init(&self->buf, ARTIFACT_RECORD_MAX_BYTES);
    glyphs_init(&self->glyphs, GLYPHS_MAX);
    records_init(&self->records);
    if (read_settings(self, worker, err) < 0 ||
        languages_read(self->models, &self->languages, err) < 0) {
        return -1;
    }
    self->arena = arena_create(self->settings[SETTING_PAGE_MEMORY_BYTES]);
    if (!self->arena) {
        return error_set(err, ERROR_MEMORY, "no memory for an arena");
    }
    return 0;
}

static int load(struct ocr_worker *self, const char *languages, struct error *err)
{
    if (!self->engine) {
        self->engine = engine_create(
            &(struct engine_options){.models = self->models, .go_on = go_on, .user = self}, err);
        if (!self->engine) {
            return -1;
        }
    }
    return engine_load(self->engine, languages, err);
}

/* Most jobs want the default language; the others lose nothing by it but these milliseconds. */
void ocr_warm(struct worker *worker, void *user)
{
    struct ocr_worker *self = user;
    struct error err = ERROR_INIT;
    char text[LANGUAGES_TEXT_BYTES];

    if (languages_check(self->languages, LANGUAGES_DEFAULT, text) == 0 &&
        load(self, LANGUAGES_DEFAULT, &err) < 0) {
        worker_log(worker, LOG_LEVEL_WARNING, "%s", err.msg);
    }
}

void ocr_deinit(void *user)
{
    struct ocr_worker *self = user;

    if (self) {
        document_close(self->document);
        engine_destroy(self->engine);
        languages_destroy(self->languages);
        records_deinit(&self->records);
        glyphs_deinit(&self->glyphs);
        arena_destroy(self->arena);
        buf_deinit(&self->buf);
        free(self);
    }
}

/* The job's source, opened unless it is open already. */
static int open_source(struct ocr_worker *self, const struct worker_unit *unit,
                       struct worker_result *result, struct error *err)
{
    struct document_options options = {
        .password = worker_unit_param(unit, "password", ""),
        .store_bytes = self->settings[SETTING_STORE_BYTES],
        .source_bytes = self->settings[SETTING_MAX_SOURCE_BYTES],
        .unpacked_bytes = self->settings[SETTING_MAX_UNPACKED_BYTES],
        .markup_bytes = self->settings[SETTING_MAX_MARKUP_BYTES],
        .pages = (uint32_t)self->settings[SETTING_MAX_PAGES],
    };
    char path[PATH_BYTES];
    const char *code;

    if (file_join(path, sizeof(path), unit->folder, SOURCE_NAME, err) < 0) {
        return -1;
    }
    if (self->document && strcmp(path, self->path) == 0) {
        return 0;
    }
    document_close(self->document);
    self->document = NULL;
    records_reset(&self->records);
    if (document_open(path, &options, &self->document, &code, err) < 0) {
        bool retryable = strcmp(code, "memory_exceeded") == 0 || strcmp(code, "io") == 0;

        return worker_result_fail(result, code, retryable, "%s", err->msg);
    }
    memcpy(self->path, path, sizeof(path));
    return 0;
}

static int load_languages(struct ocr_worker *self, const char *languages,
                          struct worker_result *result, struct error *err)
{
    char text[LANGUAGES_TEXT_BYTES];

    if (languages_check(self->languages, languages, text) < 0) {
        return worker_result_fail(result, "language_missing", false, "%s", text);
    }
    return load(self, languages, err);
}

/* In a damaged page tree mupdf may find another page than extract did. */
static fz_page *load_page_throwing(struct ocr_worker *self, uint32_t number)
{
    fz_context *ctx = self->document->ctx;
    pdf_document *pdf = self->document->pdf;
    fz_page *page;

    if (pdf && ++self->pages_cached >= CACHED_PAGES) {
        self->pages_cached = 0;
        pdf_clear_xref(ctx, pdf); /* mupdf keeps every object that it ever read */
    }
    page = fz_load_page(ctx, self->document->fz, (int)number - 1);
    if (pdf && pdf_objcmp(ctx, pdf_page_from_fz_page(ctx, page)->obj,
                          page_tree_find(&self->document->tree, number)) != 0) {
        fz_drop_page(ctx, page);
        fz_throw(ctx, FZ_ERROR_GENERIC, "the page tree is damaged");
    }
    return page;
}

static fz_page *load_page(struct ocr_worker *self, uint32_t number, const char **ret_code,
                          struct error *err)
{
    fz_context *ctx = self->document->ctx;
    fz_page *volatile page = NULL;

    fz_try(ctx)
    {
        page = load_page_throwing(self, number);
    }
    fz_catch(ctx)
    {
        *ret_code = document_caught_code(ctx);
        error_set(err, ERROR_CORRUPT, "%s", fz_caught_message(ctx));
    }
    return page;
}

static int recognise(struct ocr_worker *self, const struct worker_unit *unit,
                     struct recognised *ret_read, const char **ret_code, struct error *err)
{
    fz_context *ctx = self->document->ctx;
    struct recognise_options options = {
        .engine = self->engine,
        .glyphs = &self->glyphs,
        .max_pixels = self->settings[SETTING_MAX_PIXELS],
        .max_image_bytes = self->settings[SETTING_MAX_IMAGE_BYTES],
        .attempt = unit->attempt,
    };
    fz_page *page = load_page(self, unit->first, ret_code, err);
    int status;

    if (!page) {
        return -1;
    }
    status = recognise_page(ctx, page, &options, self->arena, ret_read, ret_code, err);
    fz_drop_page(ctx, page);
    fz_flush_warnings(ctx);
    return status;
}

static int write_artifact(struct ocr_worker *self, const struct page_record *record,
                          const char *path, struct error *err)
{
    struct artifact_writer *writer;

    buf_reset(&self->buf, KEEP_BUF_BYTES);
    if (page_record_encode(record, &self->buf, err) < 0) {
        return -1;
    }
    writer = artifact_create(path, "pages", err);
    if (!writer) {
        return -1;
    }
    if (artifact_append(writer, self->buf.data, self->buf.size, err) < 0) {
        artifact_discard(writer);
        return -1;
    }
    return artifact_commit(writer, NULL, err);
}

static void report(const struct page_record *record, const struct recognised *read,
                   struct worker_result *result)
{
    worker_result_count(result, "ocr_pages_read", 1);
    worker_result_count(result, "ocr_words", read->word_count);
    worker_result_count(result, "ocr_chars",
                        text_count(record->text, record->text + record->text_bytes));
}

/* Whether the same page may go better the next time, when it is read more cheaply. */
static bool is_retryable(const char *code)
{
    return strcmp(code, "memory_exceeded") == 0 || strcmp(code, "engine_failed") == 0;
}

static int read_page(struct ocr_worker *self, const struct worker_unit *unit, const char *languages,
                     struct worker_result *result, struct error *err)
{
    struct page_record record;
    struct recognised read;
    const char *code = "damaged";

    if (records_find(&self->records, unit->folder, unit->first, self->arena, &record, err) < 0) {
        return err->code == ERROR_NOT_FOUND
                   ? worker_result_fail(result, "not_extracted", false, "%s", err->msg)
                   : -1;
    }
    if (recognise(self, unit, &read, &code, err) < 0) {
        if (self->too_slow) {
            return worker_result_fail(result, "page_too_slow", true,
                                      "reading the page takes over %" PRIu64 " s of CPU time",
                                      self->settings[SETTING_PAGE_CPU_S]);
        }
        return err->code == ERROR_CANCELLED
                   ? -1
                   : worker_result_fail(result, code, is_retryable(code), "%s", err->msg);
    }
    if (merge_page(&record, &read, languages, self->arena, err) < 0 ||
        write_artifact(self, &record, unit->artifact_path, err) < 0) {
        return -1;
    }
    report(&record, &read, result);
    return 0;
}

int ocr_run(struct worker *worker, void *user, const struct worker_unit *unit,
            struct worker_result *result, struct error *err)
{
    struct ocr_worker *self = user;
    const char *languages = worker_unit_param(unit, "languages", LANGUAGES_DEFAULT);

    if (strcmp(unit->stage, "ocr") != 0 || unit->first != unit->last) {
        return worker_result_fail(result, "unknown_stage", false,
                                  "ebb-ocr reads single pages of the stage ocr, not %s %u to %u",
                                  unit->stage, unit->first, unit->last);
    }
    self->page = unit->first;
    self->told_us = clock_monotonic_us();
    self->cpu_start_us = cpu_us();
    self->too_slow = false;
    if (!worker_progress(worker, unit->first, 0)) {
        return error_set(err, ERROR_CANCELLED, "cancelled");
    }
    arena_reset(self->arena);
    if (open_source(self, unit, result, err) < 0 ||
        load_languages(self, languages, result, err) < 0) {
        return -1;
    }
    return read_page(self, unit, languages, result, err);
}
