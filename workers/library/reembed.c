/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The library's stages of a job that embeds again.
 *
 * Invariants: collect and gather only read; settle removes a set a bounded number of vectors at a
 * time, each in a transaction of its own, and the set with the last of them: stopped in between, it
 * goes on when it runs again. Blocks on the disk. Logs nothing.
 */
#include "workers/library/reembed.h"

#include <string.h>

#include "common/cleanup.h"
#include "proto/artifact.h"
#include "proto/chunk.h"
#include "workers/library/vector_set.h"
#include "workers/library/vector_upkeep.h"

#define RANGE_CHUNKS 2048
#define RANGES_MAX 32768
#define REMOVE_VECTORS 1024

static int64_t first_row_of(uint32_t document)
{
    return library_page_row(document, 0);
}

static int64_t last_row_of(uint32_t document)
{
    return library_page_row(document, UINT32_MAX);
}

int reembed_collect(struct library *library, const struct missing_model *model,
                    const struct missing_progress *progress,
                    void (*found)(void *context, struct reembed_range range), void *context,
                    uint64_t *ret_missing, struct error *err)
{
    struct reembed_range range = {0, 0};
    struct missing_chunk chunk;
    uint64_t wanted;
    uint64_t in_range = 0;
    uint64_t done = 0;
    int got;

    if (missing_count(library, model, progress, ret_missing, err) < 0 ||
        missing_begin(library, model, 0, INT64_MAX, err) < 0) {
        return -1;
    }
    wanted = *ret_missing / RANGES_MAX + 1;
    wanted = wanted > RANGE_CHUNKS ? wanted : RANGE_CHUNKS;
    while ((got = missing_next(library, model, &chunk, err)) > 0) {
        uint32_t document = (uint32_t)(chunk.row >> 32);

        if (in_range >= wanted && document != range.last) {
            found(context, range);
            in_range = 0;
        }
        range.first = in_range == 0 ? document : range.first;
        range.last = document;
        in_range++;
        if (missing_ask(progress, ++done, err) < 0) {
            got = -1;
            break;
        }
    }
    missing_end(library, model);
    if (got == 0 && in_range > 0) {
        found(context, range);
    }
    return got;
}

/* --- gather --- */

struct gather {
    struct library *library;
    struct artifact_writer *writer;
    struct buf text; /* to be embedded */
    struct buf record;
    uint64_t texts;
};

/* The names in the JSON array; in the library's scratch arena. */
static int read_headings(struct library *library, struct arena *arena, const char *json,
                         const char *ret_headings[CHUNK_HEADINGS_MAX], uint32_t *ret_count,
                         struct error *err)
{
    struct statement *list;
    int got;

    *ret_count = 0;
    if (!json[0]) {
        return 0;
    }
    list = library_statement(library, STATEMENT_JSON_TEXTS);
    statement_text(list, 1, json);
    while ((got = statement_step(list, err)) > 0 && *ret_count < CHUNK_HEADINGS_MAX) {
        const char *text = statement_column_text(list, 0);

        ret_headings[*ret_count] = arena_strdup(arena, text ? text : "");
        if (!ret_headings[(*ret_count)++]) {
            got = error_set(err, ERROR_MEMORY, "no memory for a chunk's headings");
            break;
        }
    }
    statement_end(list);
    return got < 0 ? -1 : 0;
}

static int gather_chunk(struct gather *gather, const struct missing_chunk *chunk, struct error *err)
{
    struct arena *arena = library_scratch(gather->library);
    const char *headings[CHUNK_HEADINGS_MAX];
    struct text_record record = {.target = (uint64_t)chunk->row};
    uint32_t count;

    if (read_headings(gather->library, arena, chunk->headings, headings, &count, err) < 0 ||
        chunk_embedding_text(headings, count, chunk->text, chunk->text_bytes, &gather->text, err) <
            0) {
        return -1;
    }
    record.text = buf_cstr(&gather->text, err);
    record.text_bytes = (uint32_t)gather->text.size;
    gather->record.size = 0;
    if (!record.text || text_record_encode(&record, &gather->record, err) < 0 ||
        artifact_append(gather->writer, gather->record.data, gather->record.size, err) < 0) {
        return -1;
    }
    gather->texts++;
    return 0;
}

static int gather_range(struct gather *gather, const struct missing_model *model,
                        struct reembed_range range, const struct missing_progress *progress,
                        struct error *err)
{
    struct missing_chunk chunk;
    int got;

    if (missing_begin(gather->library, model, first_row_of(range.first), last_row_of(range.last),
                      err) < 0) {
        return -1;
    }
    while ((got = missing_next(gather->library, model, &chunk, err)) > 0) {
        if (gather_chunk(gather, &chunk, err) < 0 ||
            missing_ask(progress, gather->texts, err) < 0) {
            got = -1;
            break;
        }
    }
    missing_end(gather->library, model);
    return got;
}

int reembed_gather(struct library *library, const struct missing_model *model,
                   const struct missing_progress *progress, struct reembed_range range,
                   const char *artifact_path, uint64_t *ret_texts, struct error *err)
{
    struct gather gather = {.library = library};
    int result;

    gather.writer = artifact_create(artifact_path, "texts", err);
    if (!gather.writer) {
        return -1;
    }
    buf_init(&gather.text, ARTIFACT_RECORD_MAX_BYTES);
    buf_init(&gather.record, ARTIFACT_RECORD_MAX_BYTES);
    result = gather_range(&gather, model, range, progress, err);
    if (result == 0) {
        result = artifact_commit(TAKE_PTR(gather.writer), NULL, err);
        *ret_texts = gather.texts;
    }
    artifact_discard(gather.writer);
    buf_deinit(&gather.text);
    buf_deinit(&gather.record);
    return result;
}

/* --- settle --- */

/* A bounded number of the set's vectors; *ret_removed 0: there were none left, and the set is gone.
 */
static int remove_some(struct library *library, int64_t set, uint64_t *ret_removed,
                       struct error *err)
{
    struct statement *cut;

    if (library_begin(library, false, err) < 0) {
        return -1;
    }
    cut = library_statement(library, STATEMENT_SET_CUT);
    statement_int(cut, 1, vector_row(set, 0));
    statement_int(cut, 2, vector_row(set + 1, 0) - 1);
    statement_int(cut, 3, REMOVE_VECTORS);
    if (statement_run(cut, err) < 0) {
        library_rollback(library);
        return -1;
    }
    *ret_removed = (uint64_t)sqlite3_changes64(library_connection(library));
    cut = library_statement(library, *ret_removed > 0 ? STATEMENT_SET_LESS : STATEMENT_SET_DELETE);
    statement_int(cut, 1, set);
    if (*ret_removed > 0) {
        statement_int(cut, 2, (int64_t)*ret_removed);
    }
    if (statement_run(cut, err) < 0) {
        library_rollback(library);
        return -1;
    }
    return library_commit(library, err);
}

/* Its file first: nobody asks it any more, and a start in between makes it of what rows are left.
 */
static int remove_set(struct library *library, int64_t id, const struct missing_progress *progress,
                      uint64_t *removed, struct error *err)
{
    struct vector_set set;
    uint64_t some = 0;

    if (vector_set_get(library, id, &set, err) < 0 ||
        vector_set_unlink(library_folder(library), &set, err) < 0) {
        return -1;
    }
    do {
        if (remove_some(library, id, &some, err) < 0) {
            return -1;
        }
        *removed += some;
        if (progress->ask && !progress->ask(progress->context, *removed)) {
            return error_set(err, ERROR_CANCELLED, "cancelled");
        }
    } while (some > 0);
    return 0;
}

static int next_other_set(struct library *library, int64_t set, int64_t *ret_other,
                          struct error *err)
{
    struct statement *other = library_statement(library, STATEMENT_SET_OTHER);
    int got;

    statement_int(other, 1, set);
    got = statement_step(other, err);
    if (got > 0) {
        *ret_other = statement_column_int(other, 0);
    }
    statement_end(other);
    return got;
}

int reembed_settle(struct library *library, const struct missing_model *model,
                   const struct missing_progress *progress, struct reembed_settled *ret_settled,
                   struct error *err)
{
    struct reembed_settled settled = {0};
    int64_t set;
    int64_t other;
    int got = 0;

    if (missing_count(library, model, progress, &settled.missing, err) < 0 ||
        missing_set(library, model, &set, err) < 0) {
        return -1;
    }
    /* Nothing lacks a vector of a set that does not exist when there is nothing. What is owed says
     * nothing of the other chunks, which may have theirs of another model. */
    while (!model->owed && settled.missing == 0 &&
           (got = next_other_set(library, set, &other, err)) > 0) {
        if (remove_set(library, other, progress, &settled.removed, err) < 0) {
            return -1;
        }
    }
    *ret_settled = settled;
    return got;
}
