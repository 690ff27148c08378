/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The vector files beside library.db and what keeps them in step with it
 * (workers/vectors/vector_file.h): writers that the transactions have, a stamp that says whether
 * the files are those of this library.db, and making them anew.
 *
 * A slot is never written over while the library counts it: a new vector takes the slot behind the
 * last, and the slot of one that goes is erased when the transaction is over.
 */
#ifndef EBB_WORKERS_LIBRARY_VECTOR_UPKEEP_H
#define EBB_WORKERS_LIBRARY_VECTOR_UPKEEP_H

#include "workers/library/library.h"
#include "workers/vectors/vector_file.h"

#define VECTOR_ROW_SET_SHIFT 40

/* The row in vectors of a set's slot. */
static inline int64_t vector_row(int64_t set, uint64_t slot)
{
    return (int64_t)((uint64_t)set << VECTOR_ROW_SET_SHIFT | slot);
}

static inline int64_t vector_row_set(int64_t row)
{
    return row >> VECTOR_ROW_SET_SHIFT;
}

static inline uint64_t vector_row_slot(int64_t row)
{
    return (uint64_t)row & ((UINT64_C(1) << VECTOR_ROW_SET_SHIFT) - 1);
}

/*
 * The writer of the set's file, inside a transaction; what it is given as a slot's row is the
 * vector's target. library_commit flushes it before it commits. Owns: the library; until the
 * transaction ends.
 */
struct vector_writer *library_vector_writer(struct library *library, int64_t set,
                                            struct error *err);

/* To be called where the row of vectors is deleted, inside that transaction: its slot is erased
 * when the transaction has been committed. */
int library_vector_erase(struct library *library, int64_t row, struct error *err);

/* Deletes the vectors of all sets whose targets are in the range, inside a transaction. */
int library_vectors_remove(struct library *library, int64_t first_target, int64_t last_target,
                           struct error *err);

/* Outside a transaction, before the first change: what there was too much of to be done when the
 * library was opened, looking through files and making them again. A no-op when nothing is left. */
struct vector_set_progress;
int library_vectors_ready(struct library *library, const struct vector_set_progress *progress,
                          struct error *err);

/* --- for library.c --- */

struct vector_upkeep;
/* folder: that of library.db, borrowed. */
struct vector_upkeep *vector_upkeep_create(struct library *library, const char *folder,
                                           struct error *err);
/* Closes files as they are. NULL is a no-op. */
void vector_upkeep_destroy(struct vector_upkeep *upkeep);
/* The library has been opened: looks whether the files are those of its rows, and makes anew what
 * is not. Adds what an operator should know to the note. */
int vector_upkeep_begin(struct vector_upkeep *upkeep, struct error *err);
/* The library is about to be closed: its files are whole, and said to be. */
int vector_upkeep_end(struct vector_upkeep *upkeep, struct error *err);
int vector_upkeep_before_commit(struct vector_upkeep *upkeep, struct error *err);
void vector_upkeep_after_commit(struct vector_upkeep *upkeep);
void vector_upkeep_after_rollback(struct vector_upkeep *upkeep);

#endif
