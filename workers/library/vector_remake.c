/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Making the file of a set of vectors anew: of its rows as they are, or with its ranks closed.
 *
 * Invariants: a file is never put in another's place, it gets the next generation's name; it is
 * whole and on the disk before the transaction that names it commits; the old one goes after that.
 * Blocks on the disk. Logs nothing.
 */
#include <stdlib.h>
#include <unistd.h>

#include "workers/library/vector_set.h"
#include "workers/library/vector_upkeep.h"

#define PROGRESS_VECTORS 4096

static int ask(const struct vector_set_progress *progress, uint64_t done, struct error *err)
{
    if (progress && progress->ask && done % PROGRESS_VECTORS == 0 &&
        !progress->ask(progress->context, done)) {
        return error_set(err, ERROR_CANCELLED, "cancelled");
    }
    return 0;
}

/* The rows' vectors into the file; a row that is no vector of the set is left out, and never found
 * by it. */
static int write_rows(struct library *library, const struct vector_set *set,
                      struct vector_writer *writer, const struct vector_set_progress *progress,
                      uint64_t *ret_live, uint64_t *ret_end, struct error *err)
{
    struct statement *rows = library_statement(library, STATEMENT_SET_ROWS);
    int got;

    *ret_live = 0;
    *ret_end = 0;
    statement_int(rows, 1, vector_row(set->id, 0));
    statement_int(rows, 2, vector_row(set->id + 1, 0) - 1);
    while ((got = statement_step(rows, err)) > 0) {
        uint64_t slot = vector_row_slot(statement_column_int(rows, 0));
        size_t size_bytes;
        const void *data = statement_column_blob(rows, 2, &size_bytes);

        if (size_bytes == set->dimensions * sizeof(float) &&
            vector_writer_put(writer, slot, statement_column_int(rows, 1), data, err) < 0 &&
            err->code != ERROR_INVALID) {
            got = -1;
            break;
        }
        *ret_end = slot + 1;
        if (ask(progress, ++*ret_live, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(rows);
    return got;
}

/* The file of set, which has the new generation's number, on the disk. */
static int write_file(struct library *library, const char *folder, struct vector_set *set,
                      const struct vector_set_progress *progress, struct error *err)
{
    char path[PATH_MAX];
    struct vector_writer *writer;
    uint64_t end;
    int result;

    if (vector_set_path(folder, set, path, err) < 0 || vector_set_unlink(folder, set, err) < 0) {
        return -1;
    }
    writer = vector_writer_open(path, set->dimensions, err);
    if (!writer) {
        return -1;
    }
    result = write_rows(library, set, writer, progress, &set->live, &end, err);
    if (result == 0 && end < set->slots) {
        result = vector_writer_erase(writer, set->slots - 1, err);
    }
    set->slots = end > set->slots ? end : set->slots;
    if (result == 0) {
        result = vector_writer_sync(writer, err);
    }
    vector_writer_close(writer);
    return result;
}

static int switch_generation(struct library *library, const struct vector_set *set,
                             struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_SET_SWITCH);

    statement_int(put, 1, set->id);
    statement_int(put, 2, (int64_t)set->generation);
    statement_int(put, 3, (int64_t)set->slots);
    statement_int(put, 4, (int64_t)set->live);
    return statement_run(put, err);
}

static int make_again(struct library *library, const char *folder, const struct vector_set *set,
                      int (*prepare)(struct library *library, struct vector_set *set,
                                     struct error *err),
                      const struct vector_set_progress *progress, struct error *err)
{
    struct error ignored = ERROR_INIT; /* what stays is swept at the next start */
    struct vector_set next = *set;

    next.generation++;
    if (library_begin(library, true, err) < 0) {
        return -1;
    }
    if ((prepare && prepare(library, &next, err) < 0) ||
        write_file(library, folder, &next, progress, err) < 0 ||
        switch_generation(library, &next, err) < 0) {
        library_rollback(library);
    } else if (library_commit(library, err) == 0) {
        vector_set_unlink(folder, set, &ignored);
        return 0;
    }
    vector_set_unlink(folder, &next, &ignored);
    return -1;
}

int vector_set_rebuild(struct library *library, const char *folder, const struct vector_set *set,
                       const struct vector_set_progress *progress, struct error *err)
{
    return make_again(library, folder, set, NULL, progress, err);
}

bool vector_set_wants_compaction(const struct vector_set *set)
{
    return set->slots > VECTOR_SET_COMPACT_SLOTS && set->slots - set->live > set->slots / 4;
}

static int move_vector(struct library *library, const struct vector_set *set, uint64_t from,
                       uint64_t to, struct error *err)
{
    struct statement *move = library_statement(library, STATEMENT_VECTOR_MOVE);

    statement_int(move, 1, vector_row(set->id, from));
    statement_int(move, 2, vector_row(set->id, to));
    return statement_run(move, err);
}

/* The last vectors into the first dead slots; the others stay where they are. */
static int close_ranks(struct library *library, struct vector_set *set, struct error *err)
{
    uint8_t *used = vector_set_map(library, set, err);
    uint64_t hole = 0;
    uint64_t end = set->slots;
    int result = used ? 0 : -1;

    while (result == 0) {
        while (end > 0 && !vector_set_map_has(used, end - 1)) {
            end--;
        }
        while (hole < end && vector_set_map_has(used, hole)) {
            hole++;
        }
        if (hole >= end) {
            break;
        }
        result = move_vector(library, set, --end, hole, err);
        used[hole / 8] |= (uint8_t)(1U << hole % 8);
    }
    set->slots = end;
    free(used);
    return result;
}

int vector_set_compact(struct library *library, const char *folder, const struct vector_set *set,
                       const struct vector_set_progress *progress, struct error *err)
{
    return make_again(library, folder, set, close_ranks, progress, err);
}
