/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Purging, as a state that goes from one to the next.
 *
 * FTS5 of SQLite 3.40 does not take a removed word out of its index: it writes beside it that it is
 * gone, and both stay until the segments that hold them are merged. Merging all of them, as
 * "merge" with a negative number begins it and with a positive one goes on, is what "optimize"
 * does, in steps.
 *
 * Invariants: each step is a transaction of its own, so that killed in between it goes on from
 * there. Steps block on the disk. Logs nothing.
 */
#include "workers/library/purge.h"

#include "common/clock.h"
#include "workers/library/upkeep.h"

#define PURGE_MERGE_PAGES 512 /* of the index, written by a step */
#define PURGE_BUSY_MS 50      /* a reader that stays longer is waited for by a later unit */
#define LIBRARY_BUSY_MS 10000 /* library.c's */

enum purge_state {
    PURGE_NONE,
    PURGE_WANTED,
    PURGE_MERGING,
    PURGE_MERGING_WANTED, /* something was removed since merging began */
    PURGE_SHRINKING,
};

static int merge(struct library *library, int64_t pages, int64_t *ret_changes, struct error *err)
{
    sqlite3_int64 before = sqlite3_total_changes64(library_connection(library));
    struct statement *command = library_statement(library, STATEMENT_FTS_MERGE);

    statement_int(command, 1, pages);
    if (statement_run(command, err) < 0) {
        return -1;
    }
    *ret_changes = sqlite3_total_changes64(library_connection(library)) - before;
    return 0;
}

/* SQLite's documentation: a merge that changed fewer than two rows had nothing to do. */
static int merge_on(struct library *library, int64_t *state, struct error *err)
{
    int64_t changes;

    if (*state == PURGE_WANTED) {
        *state = PURGE_MERGING;
        return merge(library, -PURGE_MERGE_PAGES, &changes, err);
    }
    if (merge(library, PURGE_MERGE_PAGES, &changes, err) < 0) {
        return -1;
    }
    if (changes < 2) {
        *state = *state == PURGE_MERGING ? PURGE_SHRINKING : PURGE_WANTED;
    }
    return 0;
}

static int merge_step(struct library *library, int64_t state, struct error *err)
{
    int64_t next = state;

    if (library_begin(library, false, err) < 0) {
        return -1;
    }
    if (merge_on(library, &next, err) < 0 ||
        (next != state && upkeep_put(library, UPKEEP_PURGE, next, err) < 0)) {
        library_rollback(library);
        return -1;
    }
    return library_commit(library, err);
}

static int count_free(struct library *library, int64_t *ret_pages, struct error *err)
{
    struct statement *count = library_statement(library, STATEMENT_FREE_PAGES);
    int got = statement_step(count, err);

    if (got > 0) {
        *ret_pages = statement_column_int(count, 0);
    }
    statement_end(count);
    return got > 0 ? 0 : -1;
}

static int put_state(struct library *library, int64_t state, struct error *err)
{
    if (library_begin(library, false, err) < 0) {
        return -1;
    }
    if (upkeep_put(library, UPKEEP_PURGE, state, err) < 0) {
        library_rollback(library);
        return -1;
    }
    return library_commit(library, err);
}

/* Free pages first, then the WAL, which has old pages as long as it is not cut. *ret_waits: for a
 * reader that still sees what was before. */
static int shrink_step(struct library *library, bool *ret_waits, struct error *err)
{
    sqlite3 *db = library_connection(library);
    int64_t pages = 0;
    int rc;

    if (count_free(library, &pages, err) < 0) {
        return -1;
    }
    if (pages > 0) {
        return library_shrink(library, err);
    }
    sqlite3_busy_timeout(db, PURGE_BUSY_MS);
    rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(db, LIBRARY_BUSY_MS);
    if ((rc & 0xFF) == SQLITE_BUSY) {
        *ret_waits = true;
        return 0;
    }
    return rc == SQLITE_OK ? put_state(library, PURGE_NONE, err)
                           : statement_sqlite_error(db, rc, err);
}

int purge_mark(struct library *library, struct error *err)
{
    int64_t state;

    if (upkeep_get(library, UPKEEP_PURGE, &state, err) < 0) {
        return -1;
    }
    state = state == PURGE_MERGING || state == PURGE_MERGING_WANTED ? PURGE_MERGING_WANTED
                                                                    : PURGE_WANTED;
    return upkeep_put(library, UPKEEP_PURGE, state, err);
}

int purge_run(struct library *library, const struct purge *purge, bool *ret_done, struct error *err)
{
    uint64_t until_ms = clock_monotonic_ms() + purge->budget_ms;
    int64_t state;
    bool waits = false;

    *ret_done = false;
    for (;;) {
        if (upkeep_get(library, UPKEEP_PURGE, &state, err) < 0) {
            return -1;
        }
        if (state == PURGE_NONE || waits || clock_monotonic_ms() >= until_ms) {
            *ret_done = state == PURGE_NONE;
            return 0;
        }
        if (purge->ask && !purge->ask(purge->context)) {
            return error_set(err, ERROR_CANCELLED, "cancelled");
        }
        if ((state == PURGE_SHRINKING ? shrink_step(library, &waits, err)
                                      : merge_step(library, state, err)) < 0) {
            return error_wrap(err, "what was removed cannot be purged yet");
        }
    }
}
