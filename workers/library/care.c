/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The library's care of itself. Blocks on the disk. Logs nothing.
 */
#include "workers/library/care.h"

#include "workers/library/purge.h"
#include "workers/library/vector_set.h"

static bool ask_compacting(void *context, uint64_t done)
{
    const struct care *care = context;

    (void)done;
    return !care->ask || care->ask(care->context);
}

static int drop_set(struct library *library, const struct vector_set *set, struct error *err)
{
    struct statement *cut;

    if (library_begin(library, false, err) < 0) {
        return -1;
    }
    cut = library_statement(library, STATEMENT_SET_DELETE);
    statement_int(cut, 1, set->id);
    if (statement_run(cut, err) < 0) {
        library_rollback(library);
        return -1;
    }
    return library_commit(library, err) < 0 ? -1
                                            : vector_set_unlink(library_folder(library), set, err);
}

static int care_for_set(struct library *library, const struct care *care,
                        const struct vector_set *set, struct error *err)
{
    struct care asked = *care;
    struct vector_set_progress progress = {ask_compacting, &asked};

    if (set->slots > 0 && set->live == 0) {
        return drop_set(library, set, err);
    }
    if (vector_set_wants_compaction(set)) {
        return vector_set_compact(library, library_folder(library), set, &progress, err);
    }
    return 0;
}

int library_care(struct library *library, const struct care *care, bool *ret_done,
                 struct error *err)
{
    struct purge purge = {care->budget_ms, care->ask, care->context};
    struct vector_set set = {.id = 0};
    int got;

    *ret_done = false;
    while ((got = vector_set_next(library, set.id, &set, err)) > 0) {
        if (care_for_set(library, care, &set, err) < 0) {
            return -1;
        }
    }
    return got < 0 ? -1 : purge_run(library, &purge, ret_done, err);
}
