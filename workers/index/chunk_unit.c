/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The stage `chunk`. One record is decoded, and one written, at a time: memory does not grow with
 * the document but for what chunker.h says.
 *
 * Blocks on the disk. Logs nothing; failures go to the supervisor as FAILED.
 */
#include "workers/index/chunk_unit.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "proto/artifact.h"

#define EMBED_CHUNKS 1024U   /* of level 0 in a unit of embed_text */
#define PROGRESS_CHUNKS 256U /* between two signs of life */
/* A record: the text, a joint of as much, boxes and headings. */
#define RECORD_MAX_BYTES ((size_t)4 << 20)

struct chunk_unit {
    struct worker *worker;
    const struct worker_unit *unit;
    char body_path[4096];
    struct artifact_reader *reader;
    struct arena *arena; /* one block's */
    struct artifact_writer *writer;
    struct buf record;
    uint32_t written;
};

static int rewind_body(void *context, struct error *err)
{
    struct chunk_unit *self = context;

    artifact_close(self->reader);
    self->reader = artifact_open(self->body_path, "body", err);
    return self->reader ? 0 : -1;
}

static int next_block(void *context, struct body_block *ret_block, struct error *err)
{
    struct chunk_unit *self = context;
    const uint8_t *data;
    size_t size_bytes;
    struct body_record record;

    if (!artifact_next(self->reader, &data, &size_bytes)) {
        return 0;
    }
    arena_reset(self->arena);
    if (body_record_decode(data, size_bytes, self->arena, &record, err) < 0) {
        return -1;
    }
    if (record.kind != BODY_BLOCK) {
        return 0; /* images come behind all blocks */
    }
    *ret_block = record.block;
    return 1;
}

static int emit_chunk(void *context, const struct chunk_record *chunk, struct error *err)
{
    struct chunk_unit *self = context;

    if (self->written % PROGRESS_CHUNKS == 0 && !worker_progress(self->worker, 1, 0)) {
        return error_set(err, ERROR_CANCELLED, "cancelled");
    }
    self->written++;
    buf_reset(&self->record, self->record.capacity);
    if (chunk_record_encode(chunk, &self->record, err) < 0) {
        return error_wrap(err, "chunk %u", chunk->ordinal);
    }
    return artifact_append(self->writer, self->record.data, self->record.size, err);
}

static const struct chunker_ops ops = {
    .rewind = rewind_body,
    .next = next_block,
    .emit = emit_chunk,
};

static const char *unit_param(const void *context, const char *key)
{
    return worker_unit_param(context, key, NULL);
}

/* Reads structure's artifact of the same job, writes the unit's own. */
static int write_chunks(struct chunk_unit *self, const struct chunk_sizes *sizes,
                        uint32_t *ret_count, uint32_t *ret_searched, struct error *err)
{
    const struct worker_unit *unit = self->unit;
    char name[ARTIFACT_NAME_BYTES];
    int result = -1;

    artifact_name("structure", 1, 1, name);
    snprintf(self->body_path, sizeof(self->body_path), "%s/%s", unit->folder, name);
    self->arena = arena_create(0);
    if (!self->arena) {
        return error_set(err, ERROR_MEMORY, "no memory for a document's blocks");
    }
    buf_init(&self->record, RECORD_MAX_BYTES);
    self->writer = artifact_create(unit->artifact_path, "chunks", err);
    if (self->writer) {
        result = chunk_body(sizes, &ops, self, ret_count, ret_searched, err);
        if (result == 0) {
            result = artifact_commit(self->writer, NULL, err);
        } else {
            artifact_discard(self->writer);
        }
    }
    artifact_close(self->reader);
    buf_deinit(&self->record);
    arena_destroy(self->arena);
    return result;
}

static int read_embed(const struct worker_unit *unit, bool *ret_embed, struct error *err)
{
    return parse_bool(worker_unit_param(unit, "embed", "yes"), ret_embed, err) < 0
               ? error_wrap(err, "embed")
               : 0;
}

/* FAILED's code for an error that another try would meet again; else what worker.h says. */
static int fail(struct worker_result *result, const struct error *err)
{
    switch (err->code) {
    case ERROR_NOT_FOUND:
        return worker_result_fail(result, "not_found", false, "%s", err->msg);
    case ERROR_CORRUPT:
        return worker_result_fail(result, "artifact_damaged", false, "%s", err->msg);
    case ERROR_LIMIT:
        return worker_result_fail(result, "too_large", false, "%s", err->msg);
    case ERROR_NONE:
    case ERROR_SYSTEM:
    case ERROR_MEMORY:
    case ERROR_INVALID:
    case ERROR_EXISTS:
    case ERROR_PROTOCOL:
    case ERROR_UNSUPPORTED:
    case ERROR_CANCELLED:
    case ERROR_FULL:
        break;
    }
    return -1;
}

int chunk_unit_run(struct worker *worker, const struct worker_unit *unit,
                   struct worker_result *result, struct error *err)
{
    struct chunk_unit self = {.worker = worker, .unit = unit};
    struct chunk_sizes sizes;
    uint32_t count = 0;
    uint32_t searched = 0;
    bool embed;

    if (chunk_sizes_read(unit_param, unit, &sizes, err) < 0 || read_embed(unit, &embed, err) < 0) {
        return worker_result_fail(result, "invalid_parameter", false, "%s", err->msg);
    }
    if (!unit->artifact_path) {
        return error_set(err, ERROR_INVALID, "the unit names no artifact to write");
    }
    if (write_chunks(&self, &sizes, &count, &searched, err) < 0) {
        return fail(result, err);
    }
    worker_result_count(result, "chunks", searched);
    for (uint32_t first = 1; embed && first <= searched; first += EMBED_CHUNKS) {
        uint32_t last = searched - first < EMBED_CHUNKS ? searched : first + EMBED_CHUNKS - 1;

        worker_result_unit(result, "embed_text", first, last);
    }
    return 0;
}
