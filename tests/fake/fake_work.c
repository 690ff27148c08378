/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker's work in small. The text of a page depends only on its document and its number, so
 * that two runs over one document give one library.
 */
#include "tests/fake/fake_work.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/hash.h"
#include "proto/artifact.h"
#include "proto/page.h"
#include "proto/survey.h"

#define SOURCE_NAME "source"
#define RECORD_BYTES ((size_t)4 << 20)
#define A4_WIDTH_PT 595.28F
#define A4_HEIGHT_PT 841.89F

void fake_wait_ms(uint64_t ms)
{
    struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

/* Of the job's source; of the job's id where there is none. */
static int document_digest(const struct worker_unit *unit, char ret_hex[HASH_SHA256_HEX_BYTES],
                           uint64_t *ret_size_bytes, struct error *err)
{
    char path[4096];
    uint8_t digest[HASH_SHA256_BYTES];
    struct stat status;

    if (file_join(path, sizeof(path), unit->folder, SOURCE_NAME, err) < 0) {
        return -1;
    }
    if (stat(path, &status) == 0) {
        return hash_sha256_file(path, ret_hex, ret_size_bytes, err);
    }
    hash_sha256_of(unit->job, strlen(unit->job), digest);
    hash_hex(digest, sizeof(digest), ret_hex);
    *ret_size_bytes = 0;
    return 0;
}

static int write_survey(const struct fake_work *work, uint32_t pages, struct error *err)
{
    const struct worker_unit *unit = work->scene->unit;
    struct survey_record record = {.format = "Fake 1.0", .page_count = pages};
    struct artifact_writer *writer;
    struct buf packed;
    int status = -1;

    if (document_digest(unit, record.sha256, &record.size_bytes, err) < 0) {
        return -1;
    }
    writer = artifact_create(unit->artifact_path, "survey", err);
    if (!writer) {
        return -1;
    }
    buf_init(&packed, RECORD_BYTES);
    if (survey_record_encode(&record, &packed, err) == 0 &&
        artifact_append(writer, packed.data, packed.size, err) == 0) {
        status = artifact_commit(writer, NULL, err);
    } else {
        artifact_discard(writer);
    }
    buf_deinit(&packed);
    return status;
}

static enum fake_outcome do_survey(const struct fake_work *work, struct error *err)
{
    uint32_t pages = (uint32_t)fake_script_number(work->script, "pages", 1);
    uint32_t unit_pages = (uint32_t)fake_script_number(work->script, "unit", 16);

    if (unit_pages == 0) {
        error_set(err, ERROR_INVALID, "unit=0 in the script");
        return FAKE_FAILED;
    }
    worker_progress(work->scene->worker, 1, 0);
    if (work->scene->unit->artifact_path && write_survey(work, pages, err) < 0) {
        return FAKE_FAILED;
    }
    for (uint64_t first = 1; first <= pages; first += unit_pages) {
        uint64_t last = first + unit_pages - 1;

        worker_result_unit(work->scene->result, "extract", (uint32_t)first,
                           last < pages ? (uint32_t)last : pages);
    }
    if (fake_script_number(work->script, "assemble", 0) > 0) {
        worker_result_unit(work->scene->result, "assemble", 1, 1);
    }
    worker_result_count(work->scene->result, "pages", pages);
    return FAKE_FINISHED;
}

/* "Page 7 of 1f3a...: word word" up to page_bytes; "Scan 7 of ...", once OCR has read it. */
static char *page_text(const struct fake_work *work, const char *digest, uint32_t number,
                       struct error *err)
{
    uint64_t size_bytes = fake_script_number(work->script, "page_bytes", 80);
    char *text = arena_alloc(work->scene->unit->arena, size_bytes + 128);
    int length;

    if (!text) {
        error_set(err, ERROR_MEMORY, "no memory for a page's text");
        return NULL;
    }
    length =
        snprintf(text, 128, "%s %u of %.16s.",
                 strcmp(work->scene->unit->stage, "ocr") == 0 ? "Scan" : "Page", number, digest);
    while ((uint64_t)length < size_bytes) {
        static const char filler[] = " lorem ipsum";

        memcpy(text + length, filler, sizeof(filler));
        length += (int)sizeof(filler) - 1;
    }
    text[length] = '\n';
    text[length + 1] = '\0';
    return text;
}

static int append_page(const struct fake_work *work, struct artifact_writer *writer,
                       const char *digest, uint32_t number, struct error *err)
{
    static struct page_font font = {.name = "Fake-Regular", .style = 0};
    bool read_again = strcmp(work->scene->unit->stage, "ocr") == 0;
    char *text = page_text(work, digest, number, err);
    const struct page_box box = {72, 72, 523, 84};
    struct page_span span = {.text = text, .size_pt = 10, .box = box};
    struct page_line line = {.box = box, .spans = &span, .span_count = 1};
    struct page_block block = {
        .kind = PAGE_BLOCK_TEXT, .box = box, .lines = &line, .line_count = 1};
    struct page_record record = {
        .number = number,
        .width_pt = A4_WIDTH_PT,
        .height_pt = A4_HEIGHT_PT,
        .source = read_again ? "ocr" : "native",
        .fonts = &font,
        .font_count = 1,
        .blocks = &block,
        .block_count = 1,
        .text = text,
    };
    struct buf packed;
    int status = -1;

    if (!text) {
        return -1;
    }
    record.text_bytes = (uint32_t)strlen(text);
    span.text_bytes = record.text_bytes - 1; /* the line's end is not of the span */
    record.glyph_count = span.text_bytes;
    buf_init(&packed, RECORD_BYTES);
    if (page_record_encode(&record, &packed, err) == 0) {
        status = artifact_append(writer, packed.data, packed.size, err);
    }
    buf_deinit(&packed);
    return status;
}

static void plan_ocr(const struct fake_work *work, uint32_t number)
{
    uint64_t every = fake_script_number(work->script, "ocr", 0);
    uint32_t size = (uint32_t)fake_script_number(work->script, "ocr_size", 0);

    if (every > 0 && number % every == 0 && strcmp(work->scene->unit->stage, "extract") == 0) {
        worker_result_sized_unit(work->scene->result, "ocr", number, number, size);
    }
}

static enum fake_outcome do_page(const struct fake_work *work, struct artifact_writer *writer,
                                 const char *digest, uint32_t number, struct error *err)
{
    const struct fake_scene *scene = work->scene;
    enum fake_outcome outcome;

    if (!worker_progress(scene->worker, number, number - scene->unit->first)) {
        error_set(err, ERROR_CANCELLED, "cancelled");
        return FAKE_FAILED;
    }
    outcome = work->at_item(work->context, scene, number, err);
    if (outcome != FAKE_GO_ON) {
        return outcome;
    }
    fake_wait_ms(fake_script_number(work->script, "page_ms", 0));
    if (writer && append_page(work, writer, digest, number, err) < 0) {
        return FAKE_FAILED;
    }
    worker_result_count(scene->result, "pages_read", 1);
    plan_ocr(work, number);
    return FAKE_GO_ON;
}

static enum fake_outcome do_extract(const struct fake_work *work, struct error *err)
{
    const struct worker_unit *unit = work->scene->unit;
    char digest[HASH_SHA256_HEX_BYTES];
    struct artifact_writer *writer = NULL;
    enum fake_outcome outcome = FAKE_GO_ON;
    uint64_t size_bytes;

    if (document_digest(unit, digest, &size_bytes, err) < 0) {
        return FAKE_FAILED;
    }
    if (unit->artifact_path) {
        writer = artifact_create(unit->artifact_path, "pages", err);
        if (!writer) {
            return FAKE_FAILED;
        }
    }
    for (uint64_t number = unit->first; number <= unit->last && outcome == FAKE_GO_ON; number++) {
        outcome = do_page(work, writer, digest, (uint32_t)number, err);
    }
    if (outcome == FAKE_FAILED) {
        artifact_discard(writer);
        return FAKE_FAILED;
    }
    return writer && artifact_commit(writer, NULL, err) < 0 ? FAKE_FAILED : FAKE_FINISHED;
}

/* What it was asked, and of a param that is a path whether there is a file. */
static int pack_question(struct value params, struct buf *out, struct error *err)
{
    struct pack pack;
    struct value key;
    struct value value;
    char name[80];
    char path[4096];
    size_t paths = 0;

    for (size_t i = 0; i < value_count(params); i++) {
        value_entry(params, i, &key, &value);
        paths += value_str_copy(value, path, sizeof(path)) && path[0] == '/';
    }
    pack_init(&pack, out);
    pack_map(&pack, value_count(params) + paths);
    for (size_t i = 0; i < value_count(params); i++) {
        value_entry(params, i, &key, &value);
        pack_value(&pack, key);
        pack_value(&pack, value);
        if (value_str_copy(value, path, sizeof(path)) && path[0] == '/') {
            memcpy(name, "there:", sizeof("there:"));
            value_str_copy(key, name + strlen(name), sizeof(name) - strlen(name));
            pack_key_bool(&pack, name, access(path, R_OK) == 0);
        }
    }
    return pack_finish(&pack, err);
}

static enum fake_outcome do_query(const struct fake_work *work, struct error *err)
{
    const struct worker_unit *unit = work->scene->unit;
    enum fake_outcome outcome = FAKE_FINISHED;
    struct buf answer;

    buf_init(&answer, RECORD_BYTES);
    if (pack_question(unit->message->fields[FIELD_PARAMS], &answer, err) < 0 ||
        (unit->answer_path &&
         file_write_atomic(unit->answer_path, answer.data, answer.size, 0640, false, err) < 0)) {
        outcome = FAKE_FAILED;
    }
    buf_deinit(&answer);
    return outcome;
}

static enum fake_outcome do_yes(const struct fake_work *work, struct error *err)
{
    (void)work;
    (void)err;
    return FAKE_FINISHED;
}

enum fake_outcome fake_work_do(const struct fake_work *work, struct error *err)
{
    static const struct {
        const char *step, *stage; /* stage NULL: any */
        enum fake_outcome (*run)(const struct fake_work *work, struct error *err);
    } table[] = {
        {"query", NULL, do_query},       {"persist", NULL, do_yes},   {"work", "survey", do_survey},
        {"work", "extract", do_extract}, {"work", "ocr", do_extract}, {"work", NULL, do_yes},
    };
    const struct worker_unit *unit = work->scene->unit;

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (strcmp(table[i].step, unit->step) == 0 &&
            (!table[i].stage || strcmp(table[i].stage, unit->stage) == 0)) {
            return table[i].run(work, err);
        }
    }
    error_set(err, ERROR_UNSUPPORTED, "ebb-fake has no step %s", unit->step);
    return FAKE_FAILED;
}
