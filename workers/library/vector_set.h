/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A set of vectors (one kind, model and number of dimensions) and its file: opening it, and making
 * another in its place under the next generation's name.
 */
#ifndef EBB_WORKERS_LIBRARY_VECTOR_SET_H
#define EBB_WORKERS_LIBRARY_VECTOR_SET_H

#include <limits.h>

#include "workers/library/library.h"
#include "workers/vectors/vector_file.h"

/* A set is compacted when it has more slots than this, and over a quarter of them are dead. */
#define VECTOR_SET_COMPACT_SLOTS 1024

struct vector_set {
    int64_t id;
    uint32_t dimensions;
    uint64_t generation, slots, live;
};

/* ERROR_NOT_FOUND. */
int vector_set_get(struct library *library, int64_t id, struct vector_set *ret_set,
                   struct error *err);
/* The first set whose id is over after; 1 there is one, 0 none, -1. */
int vector_set_next(struct library *library, int64_t after, struct vector_set *ret_set,
                    struct error *err);
int vector_set_path(const char *folder, const struct vector_set *set, char ret_path[PATH_MAX],
                    struct error *err);
/* For writing; what a set of that number left before is removed when it has no slots yet. */
struct vector_writer *vector_set_open(const char *folder, const struct vector_set *set,
                                      struct error *err);

/* Asked now and then with how many vectors are done; false ends it with ERROR_CANCELLED. */
struct vector_set_progress {
    bool (*ask)(void *context, uint64_t done); /* NULL: never */
    void *context;
};

/*
 * Makes the set's file of its rows, each in its slot; then the set is of the next generation. One
 * transaction; the old file goes when it has been committed, who has it mapped keeps it.
 */
int vector_set_rebuild(struct library *library, const char *folder, const struct vector_set *set,
                       const struct vector_set_progress *progress, struct error *err);

bool vector_set_wants_compaction(const struct vector_set *set);
/* As rebuild, with the vectors from the last slots moved into the dead ones first. */
int vector_set_compact(struct library *library, const char *folder, const struct vector_set *set,
                       const struct vector_set_progress *progress, struct error *err);

/* About as much as its file takes. */
static inline uint64_t vector_set_bytes(const struct vector_set *set)
{
    return set->slots * (set->dimensions + 32);
}
int vector_set_unlink(const char *folder, const struct vector_set *set, struct error *err);

/* A bit for each slot that a row has. ERROR_CORRUPT when one has a slot behind the last. Owns: the
 * caller (free). */
uint8_t *vector_set_map(struct library *library, const struct vector_set *set, struct error *err);
static inline bool vector_set_map_has(const uint8_t *map, uint64_t slot)
{
    return (map[slot / 8] >> slot % 8 & 1) != 0;
}

/* Erases the slots that no row has, and has it on the disk. */
int vector_set_erase_dead(struct library *library, const char *folder, const struct vector_set *set,
                          struct error *err);

/* Removes files of the folder that are of no set. */
int vector_set_sweep(struct library *library, const char *folder, struct error *err);

#endif
