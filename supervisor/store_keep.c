/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Keeping house in state.db: what is too old or too much goes, a slice at a time.
 *
 * A slice is a transaction of some hundred rows, so that no change of state waits long behind it.
 * Each rule is asked until it finds nothing more to do, then the next one; the round is over
 * behind the last. Blocks on the disk. Logs nothing.
 */
#include "supervisor/store_db.h"

#include "common/cleanup.h"
#include "supervisor/store_sql.h"

#define SLICE_ROWS 200
#define RECEIPTS_MAX UINT64_C(1000000)
#define SAMPLES_MAX UINT64_C(200000)
#define MINUTE_MS UINT64_C(60000)

/* ret_more: it found a slice's worth to do, and there may be another. */
typedef int (*keep_cb)(struct store_db *db, uint64_t now_ms, bool *ret_more, struct error *err);

static uint64_t before(uint64_t now_ms, uint64_t age_ms)
{
    return now_ms > age_ms ? now_ms - age_ms : 0;
}

/* A statement that deletes up to ?2 rows; ?1 is its limit. */
static int delete_some(struct store_db *db, enum sql which, uint64_t limit, bool *ret_more,
                       struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, which, err);
    int changes = 0;

    if (!stmt) {
        return -1;
    }
    sql_bind_number(stmt, 1, limit);
    sql_bind_number(stmt, 2, SLICE_ROWS);
    if (sql_run(db, stmt, &changes, err) < 0) {
        return -1;
    }
    *ret_more = changes >= SLICE_ROWS;
    return 0;
}

static int keep_receipts_age(struct store_db *db, uint64_t now_ms, bool *ret_more,
                             struct error *err)
{
    return delete_some(db, SQL_RECEIPTS_AGED, before(now_ms, db->options->receipts_ms), ret_more,
                       err);
}

static int keep_receipts_count(struct store_db *db, uint64_t now_ms, bool *ret_more,
                               struct error *err)
{
    (void)now_ms;
    return delete_some(db, SQL_RECEIPTS_SURPLUS, RECEIPTS_MAX, ret_more, err);
}

static int keep_events(struct store_db *db, uint64_t now_ms, bool *ret_more, struct error *err)
{
    (void)now_ms;
    return delete_some(db, SQL_EVENTS_SURPLUS, db->options->events, ret_more, err);
}

static int keep_minutes(struct store_db *db, uint64_t now_ms, bool *ret_more, struct error *err)
{
    return delete_some(db, SQL_MINUTES_AGED, before(now_ms, db->options->samples_ms), ret_more,
                       err);
}

static int for_minute(struct store_db *db, enum sql which, uint64_t minute_ms, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, which, err);

    if (!stmt) {
        return -1;
    }
    sql_bind_number(stmt, 1, minute_ms);
    sql_bind_number(stmt, 2, minute_ms + MINUTE_MS);
    return sql_run(db, stmt, NULL, err);
}

/* The oldest minute of samples becomes one row a class when it is past its age, or when there
 * are too many. */
static int keep_samples(struct store_db *db, uint64_t now_ms, bool *ret_more, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_SAMPLES_OLDEST, err);
    uint64_t oldest_ms, minute_ms, count;

    if (!stmt || sql_number(db, stmt, UINT64_MAX, &oldest_ms, err) < 0) {
        return -1;
    }
    *ret_more = false;
    if (oldest_ms == UINT64_MAX) {
        return 0;
    }
    minute_ms = oldest_ms - oldest_ms % MINUTE_MS;
    if (minute_ms + MINUTE_MS > before(now_ms, db->options->samples_raw_ms)) {
        stmt = sql_use(db, SQL_SAMPLES_COUNT, err);
        if (!stmt || sql_number(db, stmt, 0, &count, err) < 0) {
            return -1;
        }
        if (count <= SAMPLES_MAX) {
            return 0;
        }
    }
    *ret_more = true;
    return for_minute(db, SQL_SAMPLES_SUM, minute_ms, err) < 0
               ? -1
               : for_minute(db, SQL_SAMPLES_SUMMED, minute_ms, err);
}

static const keep_cb rules[] = {keep_receipts_age, keep_receipts_count, keep_samples, keep_minutes,
                                keep_events};

int store_db_keep(struct store_db *db, uint64_t now_ms, bool *ret_more, struct error *err)
{
    bool more = false;

    if (store_db_begin(db, false, err) < 0 || rules[db->keep_step](db, now_ms, &more, err) < 0 ||
        store_db_commit(db, err) < 0) {
        store_db_rollback(db);
        return -1;
    }
    if (!more) {
        db->keep_step = (db->keep_step + 1) % ARRAY_LEN(rules);
    }
    *ret_more = more || db->keep_step != 0;
    return 0;
}
