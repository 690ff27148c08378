/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What becomes of the vector files between two processes that write them.
 *
 * Invariants: a file that is not known to be of the library's rows is never left under the name
 * that the library gives. Blocks on the disk. Logs nothing: the library's note tells.
 */
#include "workers/library/vector_files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "workers/library/vector_set.h"
#include "workers/library/vector_stamp.h"

/* Looked through while the library is opened, for which there is little time. */
#define LOOK_AT_ONCE_BYTES (UINT64_C(8) << 20)

/* What is known before looking. */
struct look {
    struct library *library;
    const char *folder;
    bool trusted;  /* the files are of these rows */
    bool thorough; /* they may be damaged all the same */
    bool any;
    const struct vector_set_progress *progress; /* may be NULL */
};

/* Whether the file can be taken as it is. */
static int look_at(const struct look *look, const struct vector_set *set, bool *ret_whole,
                   struct error *err)
{
    struct error local = ERROR_INIT;
    char path[PATH_MAX];
    uint64_t slot;
    int found;

    if (vector_set_path(look->folder, set, path, err) < 0) {
        return -1;
    }
    found =
        vector_file_check(path, set->dimensions, look->thorough ? set->slots : 0, &slot, &local);
    *ret_whole = found == 0;
    if (found == 0) {
        return look->thorough ? vector_set_erase_dead(look->library, look->folder, set, err) : 0;
    }
    if (found < 0 && local.code != ERROR_NOT_FOUND && local.code != ERROR_CORRUPT) {
        *err = local;
        return -1;
    }
    return 0;
}

/* Documents are found by their words where there is no room for the file. */
static int make_again(const struct look *look, const struct vector_set *set, struct error *err)
{
    if (vector_set_rebuild(look->library, look->folder, set, look->progress, err) == 0) {
        library_add_note(look->library, "the file of vector set %lld was made again of its rows",
                         (long long)set->id);
        return 0;
    }
    if (err->code != ERROR_FULL) {
        return -1;
    }
    library_add_note(look->library, "no room to make the file of vector set %lld again: %s",
                     (long long)set->id, err->msg);
    return vector_set_unlink(look->folder, set, err);
}

static int look_at_sets(struct look *look, struct error *err)
{
    struct vector_set set = {.id = 0};
    int got;

    while ((got = vector_set_next(look->library, set.id, &set, err)) > 0) {
        bool whole = false;

        if (set.slots == 0) {
            continue;
        }
        look->any = true;
        if ((look->trusted && look_at(look, &set, &whole, err) < 0) ||
            (!whole && make_again(look, &set, err) < 0)) {
            return -1;
        }
    }
    return got;
}

/* Under a number that no copy of library.db has yet. */
static int stamp_closed(struct library *library, const char *folder, struct error *err)
{
    struct vector_stamp stamp = {.closed = true};

    if (vector_stamp_make_id(&stamp.id, err) < 0 || library_begin(library, true, err) < 0) {
        return -1;
    }
    if (vector_stamp_put_id(library, stamp.id, err) < 0) {
        library_rollback(library);
        return -1;
    }
    if (library_commit(library, err) < 0) {
        return -1;
    }
    return vector_stamp_write(folder, &stamp, err);
}

static int begin_look(struct library *library, const char *folder, struct look *ret_look,
                      struct error *err)
{
    struct vector_stamp stamp;
    int64_t id;

    if (vector_stamp_read(folder, &stamp, err) < 0 || vector_stamp_get_id(library, &id, err) < 0) {
        return -1;
    }
    *ret_look = (struct look){
        .library = library,
        .folder = folder,
        .trusted = id != 0 && stamp.id == id,
        .thorough = !stamp.closed,
    };
    return 0;
}

int vector_files_look(struct library *library, const char *folder,
                      const struct vector_set_progress *progress, struct error *err)
{
    struct look look;

    if (begin_look(library, folder, &look, err) < 0) {
        return -1;
    }
    look.progress = progress;
    if (look_at_sets(&look, err) < 0 || vector_set_sweep(library, folder, err) < 0) {
        return -1;
    }
    if (look.any && (!look.trusted || look.thorough)) {
        return stamp_closed(library, folder, err);
    }
    return 0;
}

/* Adds what there is to be read or written for the set. What is not of these rows is not to be
 * found under its name meanwhile. */
static int weigh_set(struct look *look, const struct vector_set *set, uint64_t *bytes,
                     struct error *err)
{
    bool whole = false;

    if (!look->trusted) {
        *bytes += vector_set_bytes(set);
        return vector_set_unlink(look->folder, set, err);
    }
    if (!look->thorough && look_at(look, set, &whole, err) < 0) {
        return -1;
    }
    *bytes += whole ? 0 : vector_set_bytes(set);
    return 0;
}

int vector_files_begin(struct library *library, const char *folder, bool *ret_later,
                       struct error *err)
{
    struct vector_set set = {.id = 0};
    struct look look;
    uint64_t bytes = 0;
    int got;

    if (begin_look(library, folder, &look, err) < 0) {
        return -1;
    }
    while ((got = vector_set_next(library, set.id, &set, err)) > 0) {
        if (set.slots > 0 && weigh_set(&look, &set, &bytes, err) < 0) {
            return -1;
        }
    }
    *ret_later = bytes > LOOK_AT_ONCE_BYTES;
    if (got < 0 || *ret_later) {
        return got;
    }
    return vector_files_look(library, folder, NULL, err);
}

/* A file that somebody has taken away is not made here, and not said to be whole. */
static int sync_set(const char *folder, const struct vector_set *set, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    char path[PATH_MAX];

    if (vector_set_path(folder, set, path, err) < 0) {
        return -1;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0) {
        return error_set_errno(err, errno, "cannot sync %s", path);
    }
    return 0;
}

int vector_files_close(struct library *library, const char *folder, struct error *err)
{
    struct vector_set set = {.id = 0};
    int got;

    while ((got = vector_set_next(library, set.id, &set, err)) > 0) {
        if (set.slots > 0 && sync_set(folder, &set, err) < 0) {
            return -1;
        }
    }
    return got < 0 ? -1 : stamp_closed(library, folder, err);
}
