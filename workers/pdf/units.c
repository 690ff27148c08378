/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units of the stages survey, extract and assemble.
 *
 * Settings of the class: pages_per_unit (16), max_pages (50000), max_source_bytes (2G),
 * max_unpacked_bytes (1G), max_markup_bytes (16M), store_bytes (64M), page_memory_bytes (256M),
 * page_glyphs (1000000), page_content_bytes (256M), images_per_page (4096), image_pixels
 * (200000000), image_memory_bytes (256M), image_bytes (256M), tessdata (where Debian has it).
 * Parameters of the job: password, ocr, languages, searchable_pdf.
 *
 * Blocks: reads the source, writes the artifact.
 */
#include "workers/pdf/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/parse.h"
#include "common/uuid.h"
#include "proto/artifact.h"
#include "proto/page.h"
#include "proto/survey.h"
#include "workers/languages/languages.h"
#include "workers/mupdf/document.h"
#include "workers/pdf/assemble_unit.h"
#include "workers/pdf/extract.h"
#include "workers/pdf/survey.h"
#include "workers/layout/text.h"

#define PATH_BYTES 4096
#define SOURCE_NAME "source"
#define KEEP_BUF_BYTES ((size_t)1 << 20)

enum setting {
    SETTING_PAGES_PER_UNIT,
    SETTING_MAX_PAGES,
    SETTING_MAX_SOURCE_BYTES,
    SETTING_MAX_UNPACKED_BYTES,
    SETTING_MAX_MARKUP_BYTES,
    SETTING_STORE_BYTES,
    SETTING_PAGE_MEMORY_BYTES,
    SETTING_PAGE_GLYPHS,
    SETTING_PAGE_CONTENT_BYTES,
    SETTING_IMAGES_PER_PAGE,
    SETTING_IMAGE_PIXELS,
    SETTING_IMAGE_MEMORY_BYTES,
    SETTING_IMAGE_BYTES,
    SETTING_COUNT
};

static const struct {
    const char *key, *fallback;
    uint64_t min, max;
} SETTINGS[SETTING_COUNT] = {
    [SETTING_PAGES_PER_UNIT] = {"pages_per_unit", "16", 1, 10000},
    [SETTING_MAX_PAGES] = {"max_pages", "50000", 1, 1000000},
    [SETTING_MAX_SOURCE_BYTES] = {"max_source_bytes", "2G", 1, UINT64_MAX},
    [SETTING_MAX_UNPACKED_BYTES] = {"max_unpacked_bytes", "1G", 1, UINT64_MAX},
    [SETTING_MAX_MARKUP_BYTES] = {"max_markup_bytes", "16M", 1, UINT64_C(1) << 31},
    [SETTING_STORE_BYTES] = {"store_bytes", "64M", 1 << 20, UINT64_C(1) << 40},
    [SETTING_PAGE_MEMORY_BYTES] = {"page_memory_bytes", "256M", 1 << 20, UINT64_C(1) << 40},
    [SETTING_PAGE_GLYPHS] = {"page_glyphs", "1000000", 1, 16000000},
    [SETTING_PAGE_CONTENT_BYTES] = {"page_content_bytes", "256M", 1, UINT64_MAX},
    [SETTING_IMAGES_PER_PAGE] = {"images_per_page", "4096", 0, PAGE_IMAGES_MAX},
    [SETTING_IMAGE_PIXELS] = {"image_pixels", "200000000", 1, UINT64_C(1) << 32},
    [SETTING_IMAGE_MEMORY_BYTES] = {"image_memory_bytes", "256M", 1 << 20, UINT64_C(1) << 40},
    [SETTING_IMAGE_BYTES] = {"image_bytes", "256M", 1, UINT64_C(1) << 40},
};

struct pdf_worker {
    struct worker *worker;
    uint64_t settings[SETTING_COUNT];
    char path[PATH_BYTES];       /* of the open document */
    char folder[PATH_BYTES];     /* of its job: where its images go */
    struct languages *languages; /* that can be read by OCR */
    struct document *document;   /* NULL before the first unit */
    struct extractor extractor;
    struct arena *arena; /* of the page at hand */
    struct buf buf;      /* its record, encoded */
};

static int read_settings(struct pdf_worker *self, const struct worker *worker, struct error *err)
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
    return 0;
}

int pdf_init(struct worker *worker, void **ret_user, struct error *err)
{
    struct pdf_worker *self = calloc(1, sizeof(*self));

    if (!self) {
        return error_set(err, ERROR_MEMORY, "no memory for the worker");
    }
    *ret_user = self;
    self->worker = worker;
    buf_init(&self->buf, ARTIFACT_RECORD_MAX_BYTES);
    if (read_settings(self, worker, err) < 0) {
        return -1;
    }
    /* Now: the sandbox may keep the folder from a worker that is asked later. */
    return languages_read(languages_folder(worker_setting(worker, "tessdata", "")),
                          &self->languages, err);
}

static void close_document(struct pdf_worker *self)
{
    if (self->document) {
        extractor_deinit(&self->extractor);
        document_close(self->document);
        self->document = NULL;
    }
    arena_destroy(self->arena);
    self->arena = NULL;
}

void pdf_deinit(void *user)
{
    struct pdf_worker *self = user;

    if (self) {
        close_document(self);
        languages_destroy(self->languages);
        buf_deinit(&self->buf);
        free(self);
    }
}

static bool is_cancelled(void *worker)
{
    return worker_cancelled(worker);
}

static struct image_options image_options_of(const struct pdf_worker *self)
{
    return (struct image_options){
        .folder = self->folder,
        .pixels = self->settings[SETTING_IMAGE_PIXELS],
        .memory_bytes = self->settings[SETTING_IMAGE_MEMORY_BYTES],
        .file_bytes = self->settings[SETTING_IMAGE_BYTES],
        .per_page = (uint32_t)self->settings[SETTING_IMAGES_PER_PAGE],
    };
}

/* The job's source, opened unless it is open already. */
static int open_source(struct pdf_worker *self, const struct worker_unit *unit,
                       struct worker_result *result, struct error *err)
{
    struct document_options options = {
        .password = worker_unit_param(unit, "password", ""),
        .store_bytes = self->settings[SETTING_STORE_BYTES],
        .source_bytes = self->settings[SETTING_MAX_SOURCE_BYTES],
        .pages = (uint32_t)self->settings[SETTING_MAX_PAGES],
        .unpacked_bytes = self->settings[SETTING_MAX_UNPACKED_BYTES],
        .markup_bytes = self->settings[SETTING_MAX_MARKUP_BYTES],
    };
    char path[PATH_BYTES];
    const char *code;

    if (file_join(path, sizeof(path), unit->folder, SOURCE_NAME, err) < 0) {
        return -1;
    }
    if (self->document && strcmp(path, self->path) == 0) {
        return 0;
    }
    close_document(self);
    if (document_open(path, &options, &self->document, &code, err) < 0) {
        bool retryable = strcmp(code, "memory_exceeded") == 0 || strcmp(code, "io") == 0;

        return worker_result_fail(result, code, retryable, "%s", err->msg);
    }
    memcpy(self->path, path, sizeof(path));
    snprintf(self->folder, sizeof(self->folder), "%s", unit->folder);
    extractor_init(&self->extractor, self->document,
                   &(struct extract_options){
                       .page_glyphs = self->settings[SETTING_PAGE_GLYPHS],
                       .content_bytes = self->settings[SETTING_PAGE_CONTENT_BYTES],
                       .images = image_options_of(self),
                       .interpreter = {.font_bytes = self->settings[SETTING_STORE_BYTES] / 2,
                                       .cancelled = is_cancelled,
                                       .user = self->worker}});
    self->arena = arena_create(self->settings[SETTING_PAGE_MEMORY_BYTES]);
    if (!self->arena) {
        return error_set(err, ERROR_MEMORY, "no memory for an arena");
    }
    return 0;
}

static int write_survey(struct pdf_worker *self, const struct survey_record *record,
                        const char *path, struct error *err)
{
    struct artifact_writer *writer;

    buf_reset(&self->buf, KEEP_BUF_BYTES);
    if (survey_record_encode(record, &self->buf, err) < 0) {
        return -1;
    }
    writer = artifact_create(path, "survey", err);
    if (!writer) {
        return -1;
    }
    if (artifact_append(writer, self->buf.data, self->buf.size, err) < 0) {
        artifact_discard(writer);
        return -1;
    }
    return artifact_commit(writer, NULL, err);
}

static void report_survey(const struct pdf_worker *self, const struct survey_record *record,
                          struct worker_result *result)
{
    uint32_t step = (uint32_t)self->settings[SETTING_PAGES_PER_UNIT];
    char text[UUID_TEXT_BYTES];
    struct uuid id;

    uuid_library(record->sha256, "document", 0, &id);
    uuid_format(&id, text);
    worker_result_document(result, text);
    worker_result_count(result, "pages", record->page_count);
    worker_result_count(result, "bytes", record->size_bytes);
    for (uint32_t i = 0; i < record->warning_count; i++) {
        worker_result_warning(result, "%s", record->warnings[i]);
    }
    for (uint32_t first = 1; first <= record->page_count; first += step) {
        uint32_t last = record->page_count - first < step ? record->page_count : first + step - 1;

        worker_result_unit(result, "extract", first, last);
    }
}

static int bad_parameter(struct worker_result *result, const char *key, const char *value,
                         const char *expected)
{
    return worker_result_fail(result, "invalid_parameter", false, "%s is \"%.64s\", not %s", key,
                              value, expected);
}

static int read_ocr_mode(const struct worker_unit *unit, struct worker_result *result,
                         enum ocr_mode *ret_mode)
{
    const char *name = worker_unit_param(unit, "ocr", "auto");

    return ocr_mode_parse(name, ret_mode)
               ? 0
               : bad_parameter(result, "ocr", name, "auto, force, off or redo");
}

/* Said before any page is read: a job that asks for what is not there ends at once. */
static int check_parameters(const struct pdf_worker *self, const struct worker_unit *unit,
                            struct worker_result *result)
{
    const char *wanted = worker_unit_param(unit, "languages", LANGUAGES_DEFAULT);
    char text[LANGUAGES_TEXT_BYTES];
    enum ocr_mode mode;

    if (read_ocr_mode(unit, result, &mode) < 0) {
        return -1;
    }
    if (mode != OCR_MODE_OFF && languages_check(self->languages, wanted, text) < 0) {
        return worker_result_fail(result, "language_missing", false, "%s", text);
    }
    return 0;
}

static int run_survey(struct pdf_worker *self, const struct worker_unit *unit,
                      struct worker_result *result, struct error *err)
{
    struct survey_record record;
    char sha256[HASH_SHA256_HEX_BYTES];
    uint64_t size_bytes;

    if (check_parameters(self, unit, result) < 0 || open_source(self, unit, result, err) < 0 ||
        hash_sha256_file(self->path, sha256, &size_bytes, err) < 0 ||
        survey_document(self->document, unit->arena, &record, err) < 0) {
        return -1;
    }
    memcpy(record.sha256, sha256, sizeof(sha256));
    record.size_bytes = size_bytes;
    if (write_survey(self, &record, unit->artifact_path, err) < 0) {
        return -1;
    }
    report_survey(self, &record, result);
    assemble_unit_plan(self->document, unit, result);
    return 0;
}

static void report_page(const struct page_record *record, struct worker_result *result)
{
    worker_result_count(result, "pages", 1);
    worker_result_count(result, "chars",
                        text_count(record->text, record->text + record->text_bytes));
    worker_result_count(result, "glyphs", record->glyph_count);
    worker_result_count(result, "garbled", record->garbled_count);
    worker_result_count(result, "images", record->image_count);
    worker_result_count(result, "ocr_pages", record->ocr_reason != NULL);
    if (record->ocr_reason) {
        worker_result_sized_unit(result, "ocr", record->number, record->number,
                                 ocr_plan_size(record));
    }
    if (record->failure_code) {
        worker_result_failure(result, record->number, record->failure_code, "%s",
                              record->failure_text ? record->failure_text : "");
    }
}

static int extract_one(struct pdf_worker *self, uint32_t number, struct artifact_writer *writer,
                       struct worker_result *result, struct error *err)
{
    struct page_record record;

    arena_reset(self->arena);
    buf_reset(&self->buf, KEEP_BUF_BYTES);
    extract_page(&self->extractor, number, self->arena, &record);
    if (self->extractor.images.store.err.code != ERROR_NONE) {
        *err = self->extractor.images.store.err;
        self->extractor.images.store.err = (struct error)ERROR_INIT;
        return error_wrap(err, "images of page %u", number);
    }
    if (page_record_encode(&record, &self->buf, err) < 0 ||
        artifact_append(writer, self->buf.data, self->buf.size, err) < 0) {
        return -1;
    }
    report_page(&record, result);
    return 0;
}

static int run_extract(struct worker *worker, struct pdf_worker *self,
                       const struct worker_unit *unit, struct worker_result *result,
                       struct error *err)
{
    struct artifact_writer *writer;

    if (open_source(self, unit, result, err) < 0 ||
        read_ocr_mode(unit, result, &self->extractor.ocr_mode) < 0) {
        return -1;
    }
    writer = artifact_create(unit->artifact_path, "pages", err);
    if (!writer) {
        return -1;
    }
    for (uint32_t number = unit->first; number <= unit->last; number++) {
        if (!worker_progress(worker, number, number - unit->first)) {
            artifact_discard(writer);
            return error_set(err, ERROR_CANCELLED, "cancelled");
        }
        if (extract_one(self, number, writer, result, err) < 0) {
            artifact_discard(writer);
            return -1;
        }
        if (number == UINT32_MAX) {
            break;
        }
    }
    return artifact_commit(writer, NULL, err);
}

static int run_assemble(struct worker *worker, struct pdf_worker *self,
                        const struct worker_unit *unit, struct worker_result *result,
                        struct error *err)
{
    if (open_source(self, unit, result, err) < 0) {
        return -1;
    }
    return assemble_unit_run(worker, self->document, self->path, self->arena, unit, result, err);
}

int pdf_run(struct worker *worker, void *user, const struct worker_unit *unit,
            struct worker_result *result, struct error *err)
{
    if (strcmp(unit->stage, "survey") == 0) {
        return run_survey(user, unit, result, err);
    }
    if (strcmp(unit->stage, "extract") == 0) {
        return run_extract(worker, user, unit, result, err);
    }
    if (strcmp(unit->stage, "assemble") == 0) {
        return run_assemble(worker, user, unit, result, err);
    }
    return worker_result_fail(result, "unknown_stage", false, "ebb-pdf does not know stage %s",
                              unit->stage);
}
