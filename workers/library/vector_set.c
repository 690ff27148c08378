/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sets of vectors and their files.
 *
 * Invariants: a file under the name of a set's generation is never put in another's place; a new
 * one is whole and on the disk before the transaction that names it commits. Blocks on the disk.
 * Logs nothing.
 */
#include "workers/library/vector_set.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "workers/library/vector_upkeep.h"

int vector_set_get(struct library *library, int64_t id, struct vector_set *ret_set,
                   struct error *err)
{
    struct statement *get = library_statement(library, STATEMENT_SET_GET);
    int got;

    statement_int(get, 1, id);
    got = statement_step(get, err);
    if (got > 0) {
        *ret_set = (struct vector_set){
            .id = id,
            .dimensions = (uint32_t)statement_column_int(get, 1),
            .generation = (uint64_t)statement_column_int(get, 2),
            .slots = (uint64_t)statement_column_int(get, 3),
            .live = (uint64_t)statement_column_int(get, 4),
        };
    }
    statement_end(get);
    if (got == 0) {
        return error_set(err, ERROR_NOT_FOUND, "the library has no set %lld of vectors",
                         (long long)id);
    }
    return got > 0 ? 0 : -1;
}

int vector_set_next(struct library *library, int64_t after, struct vector_set *ret_set,
                    struct error *err)
{
    struct statement *next = library_statement(library, STATEMENT_SET_NEXT);
    int64_t id = 0;
    int got;

    statement_int(next, 1, after);
    got = statement_step(next, err);
    if (got > 0) {
        id = statement_column_int(next, 0);
    }
    statement_end(next);
    if (got <= 0) {
        return got;
    }
    return vector_set_get(library, id, ret_set, err) < 0 ? -1 : 1;
}

int vector_set_path(const char *folder, const struct vector_set *set, char ret_path[PATH_MAX],
                    struct error *err)
{
    return vector_file_path(ret_path, PATH_MAX, folder, set->id, set->generation, err);
}

static int remove_file(const char *path, struct error *err)
{
    if (unlink(path) < 0 && errno != ENOENT) {
        return error_set_errno(err, errno, "cannot remove %s", path);
    }
    return 0;
}

int vector_set_unlink(const char *folder, const struct vector_set *set, struct error *err)
{
    char path[PATH_MAX];

    return vector_set_path(folder, set, path, err) < 0 ? -1 : remove_file(path, err);
}

struct vector_writer *vector_set_open(const char *folder, const struct vector_set *set,
                                      struct error *err)
{
    char path[PATH_MAX];

    if (vector_set_path(folder, set, path, err) < 0 ||
        (set->slots == 0 && remove_file(path, err) < 0)) {
        return NULL;
    }
    return vector_writer_open(path, set->dimensions, err);
}

uint8_t *vector_set_map(struct library *library, const struct vector_set *set, struct error *err)
{
    uint8_t *used = calloc(set->slots / 8 + 1, 1);
    struct statement *list;
    int got;

    if (!used) {
        error_set(err, ERROR_MEMORY, "no memory for a map of slots");
        return NULL;
    }
    list = library_statement(library, STATEMENT_SET_SLOTS);
    statement_int(list, 1, set->id);
    while ((got = statement_step(list, err)) > 0) {
        uint64_t slot = vector_row_slot(statement_column_int(list, 0));

        if (slot >= set->slots) {
            got = error_set(err, ERROR_CORRUPT, "set %lld has a vector behind its last slot",
                            (long long)set->id);
            break;
        }
        used[slot / 8] |= (uint8_t)(1U << slot % 8);
    }
    statement_end(list);
    if (got < 0) {
        free(used);
        return NULL;
    }
    return used;
}

/* The set as it is now, and its map, both of one view: another process may be adding to it. */
static uint8_t *map_of_now(struct library *library, int64_t id, struct vector_set *ret_set,
                           struct error *err)
{
    uint8_t *used = NULL;

    if (library_begin_read(library, err) < 0) {
        return NULL;
    }
    if (vector_set_get(library, id, ret_set, err) == 0) {
        used = vector_set_map(library, ret_set, err);
    }
    library_rollback(library);
    return used;
}

int vector_set_erase_dead(struct library *library, const char *folder, const struct vector_set *set,
                          struct error *err)
{
    struct vector_set now = *set;
    uint8_t *used = map_of_now(library, set->id, &now, err);
    struct vector_writer *writer = used ? vector_set_open(folder, &now, err) : NULL;
    int result = writer ? 0 : -1;

    for (uint64_t slot = 0; result == 0 && slot < now.slots; slot++) {
        if (!vector_set_map_has(used, slot)) {
            result = vector_writer_erase(writer, slot, err);
        }
    }
    if (result == 0) {
        result = vector_writer_sync(writer, err);
    }
    vector_writer_close(writer);
    free(used);
    return result;
}

static int is_of_a_set(struct library *library, const char *folder, const char *name,
                       bool *ret_found, struct error *err)
{
    struct vector_set set = {.id = 0};
    int got;

    *ret_found = false;
    while (!*ret_found && (got = vector_set_next(library, set.id, &set, err)) != 0) {
        char path[PATH_MAX];

        if (got < 0 || vector_set_path(folder, &set, path, err) < 0) {
            return -1;
        }
        *ret_found = strcmp(strrchr(path, '/') + 1, name) == 0;
    }
    return 0;
}

static int sweep_file(struct library *library, const char *folder, const char *vectors,
                      const char *name, struct error *err)
{
    const char *dot = strrchr(name, '.');
    char path[PATH_MAX];
    bool found;

    if (!dot || strcmp(dot, ".vec") != 0) {
        return 0;
    }
    if (is_of_a_set(library, folder, name, &found, err) < 0) {
        return -1;
    }
    return found || file_join(path, sizeof path, vectors, name, err) < 0 ? 0
                                                                         : remove_file(path, err);
}

int vector_set_sweep(struct library *library, const char *folder, struct error *err)
{
    char vectors[PATH_MAX];
    const struct dirent *entry;
    DIR *files;
    int result = 0;

    if (file_join(vectors, sizeof vectors, folder, VECTOR_FOLDER, err) < 0) {
        return -1;
    }
    files = opendir(vectors);
    if (!files) {
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "cannot look into %s", vectors);
    }
    while (result == 0 && (entry = readdir(files)) != NULL) {
        result = sweep_file(library, folder, vectors, entry->d_name, err);
    }
    closedir(files);
    return result;
}
