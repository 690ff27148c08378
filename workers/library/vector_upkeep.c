/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The open vector files of a library and what they have to do when transactions end.
 *
 * Invariants: a file is opened for writing inside a transaction only, and closed again when its
 * generation is no longer the set's; before the first change of a session the stamp says that the
 * files are in use, under an id that the same transaction writes into library.db; a slot is erased
 * after the commit that took its row away, never before. Everything blocks on the disk. Logs
 * nothing.
 */
#include "workers/library/vector_upkeep.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workers/library/vector_files.h"
#include "workers/library/vector_set.h"
#include "workers/library/vector_stamp.h"

#define OPEN_MAX 8 /* three of images, text of one model or two */
#define ERASED_STEP 1024

struct open_file {
    int64_t set;
    struct vector_writer *writer;
};

struct vector_upkeep {
    struct library *library;
    const char *folder;
    struct open_file open[OPEN_MAX];
    size_t open_count;
    int64_t *erased; /* rows of vectors that this transaction deletes */
    size_t erased_count, erased_capacity;
    struct vector_stamp before; /* what held before this session's first change */
    bool changing;              /* the stamp says that the files are in use */
    bool began_here;            /* since the open transaction */
    bool look_later;            /* they have not been looked through yet */
    bool tainted;               /* a slot that should be erased may not be */
};

struct vector_upkeep *vector_upkeep_create(struct library *library, const char *folder,
                                           struct error *err)
{
    struct vector_upkeep *upkeep = calloc(1, sizeof *upkeep);

    if (!upkeep) {
        error_set(err, ERROR_MEMORY, "no memory for the vector files");
        return NULL;
    }
    upkeep->library = library;
    upkeep->folder = folder;
    return upkeep;
}

static void close_files(struct vector_upkeep *upkeep)
{
    for (size_t i = 0; i < upkeep->open_count; i++) {
        vector_writer_close(upkeep->open[i].writer);
    }
    upkeep->open_count = 0;
}

void vector_upkeep_destroy(struct vector_upkeep *upkeep)
{
    if (!upkeep) {
        return;
    }
    close_files(upkeep);
    free(upkeep->erased);
    free(upkeep);
}

/* Before the first change: from now on only a close, or a look at every file, says that they are
 * those of library.db. */
static int begin_changes(struct vector_upkeep *upkeep, struct error *err)
{
    struct vector_stamp stamp = {.closed = false};

    if (upkeep->changing) {
        return 0;
    }
    if (upkeep->look_later) {
        return error_set(err, ERROR_INVALID, "the vector files have not been looked through yet");
    }
    if (vector_stamp_read(upkeep->folder, &upkeep->before, err) < 0 ||
        vector_stamp_make_id(&stamp.id, err) < 0 ||
        vector_stamp_put_id(upkeep->library, stamp.id, err) < 0 ||
        vector_stamp_write(upkeep->folder, &stamp, err) < 0) {
        return -1;
    }
    upkeep->changing = true;
    upkeep->began_here = true;
    return 0;
}

static void drop_file(struct vector_upkeep *upkeep, size_t index)
{
    vector_writer_close(upkeep->open[index].writer);
    upkeep->open[index] = upkeep->open[--upkeep->open_count];
}

/* Makes room: what the oldest has in its buffer belongs to this transaction. */
static int flush_oldest(struct vector_upkeep *upkeep, struct error *err)
{
    if (upkeep->open_count < OPEN_MAX) {
        return 0;
    }
    if (vector_writer_flush(upkeep->open[0].writer, err) < 0) {
        return -1;
    }
    drop_file(upkeep, 0);
    return 0;
}

static struct vector_writer *open_file(struct vector_upkeep *upkeep, int64_t set, struct error *err)
{
    struct vector_set facts;
    struct vector_writer *writer;

    if (vector_set_get(upkeep->library, set, &facts, err) < 0 || flush_oldest(upkeep, err) < 0) {
        return NULL;
    }
    writer = vector_set_open(upkeep->folder, &facts, err);
    if (writer) {
        upkeep->open[upkeep->open_count++] = (struct open_file){set, writer};
    }
    return writer;
}

struct vector_writer *library_vector_writer(struct library *library, int64_t set, struct error *err)
{
    struct vector_upkeep *upkeep = library_vectors(library);

    if (begin_changes(upkeep, err) < 0) {
        return NULL;
    }
    for (size_t i = 0; i < upkeep->open_count; i++) {
        if (upkeep->open[i].set == set) {
            return upkeep->open[i].writer;
        }
    }
    return open_file(upkeep, set, err);
}

int library_vector_erase(struct library *library, int64_t row, struct error *err)
{
    struct vector_upkeep *upkeep = library_vectors(library);

    if (upkeep->erased_count == upkeep->erased_capacity) {
        size_t capacity = upkeep->erased_capacity + ERASED_STEP;
        int64_t *rows = realloc(upkeep->erased, capacity * sizeof *rows);

        if (!rows) {
            return error_set(err, ERROR_MEMORY, "no memory for the slots to be erased");
        }
        upkeep->erased = rows;
        upkeep->erased_capacity = capacity;
    }
    if (!library_vector_writer(library, vector_row_set(row), err)) {
        return -1;
    }
    upkeep->erased[upkeep->erased_count++] = row;
    return 0;
}

int vector_upkeep_before_commit(struct vector_upkeep *upkeep, struct error *err)
{
    for (size_t i = 0; i < upkeep->open_count; i++) {
        if (vector_writer_flush(upkeep->open[i].writer, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A slot that could not be erased stays for the look at the files when the library is opened next:
 * without a clean end it erases what no row has. */
static bool erase_slots(struct vector_upkeep *upkeep)
{
    struct error ignored = ERROR_INIT;

    for (size_t i = 0; i < upkeep->erased_count; i++) {
        int64_t row = upkeep->erased[i];
        struct vector_writer *writer =
            library_vector_writer(upkeep->library, vector_row_set(row), &ignored);

        if (!writer && ignored.code == ERROR_NOT_FOUND) {
            continue; /* the set has gone, and its file */
        }
        if (!writer || vector_writer_erase(writer, vector_row_slot(row), &ignored) < 0) {
            return false;
        }
    }
    return vector_upkeep_before_commit(upkeep, &ignored) == 0;
}

void vector_upkeep_after_commit(struct vector_upkeep *upkeep)
{
    upkeep->began_here = false;
    if (upkeep->erased_count > 0 && !erase_slots(upkeep)) {
        upkeep->tainted = true;
    }
    upkeep->erased_count = 0;
    close_files(upkeep);
}

/* What was put lies behind the slots that count. */
void vector_upkeep_after_rollback(struct vector_upkeep *upkeep)
{
    upkeep->erased_count = 0;
    close_files(upkeep);
    if (upkeep->began_here) {
        struct error ignored = ERROR_INIT; /* the files are looked through at the next start then */

        vector_stamp_write(upkeep->folder, &upkeep->before, &ignored);
        upkeep->began_here = false;
        upkeep->changing = false;
    }
}

int vector_upkeep_begin(struct vector_upkeep *upkeep, struct error *err)
{
    return vector_files_begin(upkeep->library, upkeep->folder, &upkeep->look_later, err);
}

int library_vectors_ready(struct library *library, const struct vector_set_progress *progress,
                          struct error *err)
{
    struct vector_upkeep *upkeep = library_vectors(library);

    if (!upkeep->look_later) {
        return 0;
    }
    if (vector_files_look(library, upkeep->folder, progress, err) < 0) {
        return error_wrap(err, "the vector files");
    }
    upkeep->look_later = false;
    return 0;
}

int vector_upkeep_end(struct vector_upkeep *upkeep, struct error *err)
{
    if (!upkeep->changing || upkeep->tainted) {
        return 0;
    }
    return vector_files_close(upkeep->library, upkeep->folder, err);
}
