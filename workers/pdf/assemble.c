/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Assemble: from artifacts of ocr and a source to one PDF.
 *
 * A damaged PDF is first written anew by mupdf, as it repaired it, and updated then: its own
 * table of objects leads nowhere. mupdf may find a damage only while it reads; then the work
 * starts again that way.
 *
 * Invariants: nothing of the document is changed in mupdf's memory; the file appears whole or not
 * at all; the same job gives the same bytes, but for what encryption draws by lot.
 *
 * Blocks: reads the source and the artifacts, writes the file. Diagnostics: none; pages that fail
 * are told to the caller.
 */
#include "workers/pdf/assemble.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/hash.h"
#include "proto/artifact.h"
#include "workers/pdf/assemble_private.h"
#include "workers/pdf/text_layer.h"

#define PATH_BYTES 4096
#define COPY_BYTES ((size_t)1 << 20)
#define STREAM_BYTES_MAX ((size_t)64 << 20)
#define STREAM_KEPT_BYTES ((size_t)1 << 20)
#define FILE_MODE 0600
#define ID_BYTES 16

bool assemble_possible(const struct document *document)
{
    return document->pdf || document->format.format == FORMAT_IMAGE ||
           document->format.format == FORMAT_COMIC;
}

/* --- what both ways have in common --- */

void assemble_begin_page(struct assembly *assembly, uint32_t number, uint32_t done)
{
    if (!assembly->job->progress(assembly->job->user, number, done)) {
        assembly->cancelled = true;
        fz_throw(assembly->ctx, FZ_ERROR_ABORT, "cancelled");
    }
}

void assemble_page_caught(struct assembly *assembly, uint32_t number)
{
    fz_context *ctx = assembly->ctx;

    fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
    fz_rethrow_if(ctx, FZ_ERROR_ABORT);
    fz_rethrow_if(ctx, FZ_ERROR_REPAIRED);
    if (assembly->write_err.code != ERROR_NONE) {
        fz_rethrow(ctx);
    }
    assembly->job->page_failed(assembly->job->user, number, fz_caught_message(ctx));
}

/* What ocr read, in the arena; false where it has no artifact. */
static int read_record(const struct assemble_job *job, uint32_t number,
                       struct page_record *ret_record, bool *ret_found, struct error *err)
{
    char name[ARTIFACT_NAME_BYTES];
    char path[PATH_BYTES];
    struct artifact_reader *reader;
    const uint8_t *data;
    size_t size_bytes;
    int status;

    *ret_found = false;
    artifact_name("ocr", number, number, name);
    if (file_join(path, sizeof(path), job->folder, name, err) < 0) {
        return -1;
    }
    reader = artifact_open(path, "pages", err);
    if (!reader) {
        return err->code == ERROR_NOT_FOUND ? 0 : -1;
    }
    status = artifact_next(reader, &data, &size_bytes) == 1
                 ? page_record_decode(data, size_bytes, job->arena, ret_record, err)
                 : error_set(err, ERROR_CORRUPT, "%s holds no page", name);
    if (status == 0 && ret_record->number != number) {
        status = error_set(err, ERROR_CORRUPT, "%s holds another page", name);
    }
    *ret_found = status == 0;
    artifact_close(reader);
    return status;
}

void assemble_text(struct assembly *assembly, uint32_t number, fz_matrix to_page)
{
    struct error err = ERROR_INIT;
    struct page_record record = {.number = 0};
    uint32_t words = 0;
    bool found;

    arena_reset(assembly->job->arena);
    buf_reset(&assembly->stream, STREAM_KEPT_BYTES);
    if (read_record(assembly->job, number, &record, &found, &err) < 0 ||
        (found && text_layer_write(&record, to_page, &assembly->font, &assembly->stream, &words,
                                   &err) < 0)) {
        buf_reset(&assembly->stream, STREAM_KEPT_BYTES);
        fz_throw(assembly->ctx, FZ_ERROR_GENERIC, "%s", err.msg);
    }
    assembly->result.words += words;
    assembly->reread =
        found && record.ocr_reason &&
        (strcmp(record.ocr_reason, "redo") == 0 || strcmp(record.ocr_reason, "forced") == 0);
}

uint32_t assemble_write_stream(struct assembly *assembly)
{
    fz_context *ctx = assembly->ctx;
    uint32_t number = pdf_writer_reserve(&assembly->writer);
    pdf_obj *dict = pdf_new_dict(ctx, assembly->objects, 2);

    fz_try(ctx)
    {
        pdf_writer_stream(&assembly->writer, number, dict, assembly->stream.data,
                          assembly->stream.size, true);
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, dict);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    return number;
}

uint32_t assemble_write_text(struct assembly *assembly)
{
    assembly->result.pages_read++;
    return assemble_write_stream(assembly);
}

void assemble_put_id(struct assembly *assembly, pdf_obj *trailer)
{
    fz_context *ctx = assembly->ctx;
    pdf_obj *old = pdf_dict_get(ctx, trailer, PDF_NAME(ID));
    pdf_obj *id = pdf_new_array(ctx, assembly->objects, 2);
    uint8_t digest[HASH_SHA256_BYTES];
    char facts[512];
    size_t first_bytes;
    const char *first = pdf_to_string(ctx, pdf_array_get(ctx, old, 0), &first_bytes);
    int length;

    fz_try(ctx)
    {
        length =
            snprintf(facts, sizeof(facts), "%u %u %llu ", assembly->result.pages_read,
                     assembly->result.words, (unsigned long long)file_writer_bytes(assembly->file));
        for (size_t i = 0; i < first_bytes && (size_t)length < sizeof(facts); i++) {
            facts[length++] = first[i];
        }
        hash_sha256_of(facts, (size_t)length, digest);
        if (first_bytes > 0) {
            pdf_array_push(ctx, id, pdf_array_get(ctx, old, 0));
        } else {
            pdf_array_push_string(ctx, id, (const char *)digest + ID_BYTES, ID_BYTES);
        }
        pdf_array_push_string(ctx, id, (const char *)digest, ID_BYTES);
        pdf_dict_put(ctx, trailer, PDF_NAME(ID), id);
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, id);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* --- files --- */

static int copy_file(const char *from, struct file_writer *to, struct error *err)
{
    AUTO_CLOSE int fd = open(from, O_RDONLY | O_CLOEXEC);
    AUTO_FREE uint8_t *data = malloc(COPY_BYTES);

    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open the document");
    }
    if (!data) {
        return error_set(err, ERROR_MEMORY, "no memory to copy the document");
    }
    for (;;) {
        ssize_t n = read(fd, data, COPY_BYTES);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return error_set_errno(err, errno, "cannot read the document");
        }
        if (n == 0) {
            return 0;
        }
        if (file_writer_append(to, data, (size_t)n, err) < 0) {
            return -1;
        }
    }
}

/* Whether ocr read any page at all. */
static int any_page_read(const struct assemble_job *job, bool *ret_any, struct error *err)
{
    char name[ARTIFACT_NAME_BYTES];
    char path[PATH_BYTES];

    *ret_any = false;
    for (uint32_t number = 1; number <= job->document->page_count && !*ret_any; number++) {
        artifact_name("ocr", number, number, name);
        if (file_join(path, sizeof(path), job->folder, name, err) < 0) {
            return -1;
        }
        *ret_any = access(path, F_OK) == 0;
    }
    return 0;
}

/* --- the whole --- */

static int caught(const struct assembly *assembly, struct error *err)
{
    fz_context *ctx = assembly->ctx;

    if (assembly->write_err.code != ERROR_NONE) {
        *err = assembly->write_err;
        return -1;
    }
    if (assembly->cancelled) {
        return error_set(err, ERROR_CANCELLED, "cancelled");
    }
    return error_set(err, fz_caught(ctx) == FZ_ERROR_MEMORY ? ERROR_MEMORY : ERROR_CORRUPT, "%s",
                     fz_caught_message(ctx));
}

/* What encryption draws by lot is not to be guessed from the time of day. */
static void seed(fz_context *ctx)
{
    uint16_t lot[3];

    if (getrandom(lot, sizeof(lot), GRND_NONBLOCK) == (ssize_t)sizeof(lot)) {
        memcpy(ctx->seed48, lot, sizeof(lot));
    }
}

/* What comes into the file behind what it is a copy of. */
static int append(struct assembly *assembly, pdf_document *base, const char *base_path,
                  struct error *err)
{
    fz_context *ctx = assembly->ctx;
    volatile int status = 0;

    buf_init(&assembly->stream, STREAM_BYTES_MAX);
    fz_try(ctx)
    {
        if (base) {
            seed(ctx);
            assemble_update(assembly, base, base_path);
        } else {
            assemble_pictures(assembly);
        }
    }
    fz_always(ctx)
    {
        pdf_writer_deinit(&assembly->writer);
        buf_deinit(&assembly->stream);
    }
    fz_catch(ctx)
    {
        status = caught(assembly, err);
    }
    return status;
}

/* base and base_path: NULL for a new PDF. update: false where the base is all there is. */
static int write_file(const struct assemble_job *job, pdf_document *base, const char *base_path,
                      bool update, struct assemble_result *ret_result, struct error *err)
{
    struct assembly assembly = {.job = job, .ctx = job->document->ctx};
    char path[PATH_BYTES];

    if (file_join(path, sizeof(path), job->folder, ASSEMBLE_NAME, err) < 0) {
        return -1;
    }
    assembly.file = file_writer_open(path, FILE_MODE, err);
    if (!assembly.file) {
        return -1;
    }
    if ((base_path && copy_file(base_path, assembly.file, err) < 0) ||
        (update && append(&assembly, base, base_path, err) < 0)) {
        file_writer_discard(assembly.file);
        return -1;
    }
    *ret_result = assembly.result;
    ret_result->bytes = file_writer_bytes(assembly.file);
    return file_writer_commit(assembly.file, false, err);
}

/* Opens the PDF as mupdf has repaired it, written to path. NULL and err on failure. */
static pdf_document *open_repaired(const struct assemble_job *job, const char *path,
                                   struct error *err)
{
    fz_context *ctx = job->document->ctx;
    pdf_write_options options = pdf_default_write_options; /* keeps the encryption */
    pdf_document *repaired = NULL;

    fz_var(repaired);
    fz_try(ctx)
    {
        pdf_save_document(ctx, job->document->pdf, path, &options);
        repaired = pdf_open_document(ctx, path);
        if (pdf_needs_password(ctx, repaired) &&
            !pdf_authenticate_password(ctx, repaired, job->password)) {
            fz_throw(ctx, FZ_ERROR_GENERIC,
                     "a damaged document cannot be written anew with its encryption");
        }
        if (pdf_was_repaired(ctx, repaired)) {
            fz_throw(ctx, FZ_ERROR_GENERIC, "the document cannot be repaired for good");
        }
    }
    fz_catch(ctx)
    {
        pdf_drop_document(ctx, repaired);
        error_set(err, fz_caught(ctx) == FZ_ERROR_MEMORY ? ERROR_MEMORY : ERROR_CORRUPT, "%s",
                  fz_caught_message(ctx));
        return NULL;
    }
    return repaired;
}

static int write_repaired(const struct assemble_job *job, struct assemble_result *ret_result,
                          struct error *err)
{
    char path[PATH_BYTES];
    pdf_document *repaired;
    int status = -1;

    if (file_join(path, sizeof(path), job->folder, ASSEMBLE_NAME ".repaired", err) < 0) {
        return -1;
    }
    repaired = open_repaired(job, path, err);
    if (repaired) {
        status = write_file(job, repaired, path, true, ret_result, err);
        pdf_drop_document(job->document->ctx, repaired);
    }
    unlink(path);
    return status;
}

int assemble_document(const struct assemble_job *job, struct assemble_result *ret_result,
                      struct error *err)
{
    fz_context *ctx = job->document->ctx;
    pdf_document *pdf = job->document->pdf;
    bool any;
    int status;

    if (!assemble_possible(job->document)) {
        return error_set(err, ERROR_UNSUPPORTED, "%s has no pages to be kept as they are",
                         job->document->format.name);
    }
    if (!pdf) {
        return write_file(job, NULL, NULL, true, ret_result, err);
    }
    if (any_page_read(job, &any, err) < 0) {
        return -1;
    }
    if (!any) {
        return write_file(job, pdf, job->source, false, ret_result, err);
    }
    if (!pdf_was_repaired(ctx, pdf)) {
        status = write_file(job, pdf, job->source, true, ret_result, err);
        if (!pdf_was_repaired(ctx, pdf) || (status < 0 && err->code == ERROR_CANCELLED)) {
            return status;
        }
    }
    return write_repaired(job, ret_result, err);
}
