/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sums over receipts. The rows are as many as there are pairs of class and stage; past a bound
 * that no configuration reaches, the rest goes into a row "other". Blocks on the disk; logs
 * nothing.
 */
#include "supervisor/store_summary.h"

#include <stdlib.h>
#include <string.h>

#include "proto/verdict.h"
#include "supervisor/store_reply.h"
#include "supervisor/store_sql.h"

#define SLICE_RECEIPTS 4000
#define ROWS_MAX 128
#define NAME_BYTES 33

struct summary_row {
    char class_name[NAME_BYTES];
    char stage[NAME_BYTES];
    uint64_t processes, peak_bytes, peaks_bytes, wall_us, cpu_us, crashed;
};

struct store_summary {
    uint64_t last_id; /* of the receipts added so far */
    size_t count;
    struct summary_row rows[ROWS_MAX];
};

void store_summary_destroy(struct store_summary *summary)
{
    free(summary);
}

static struct summary_row *row_of(struct store_summary *summary, const char *class_name,
                                  const char *stage)
{
    struct summary_row *row;

    for (size_t i = 0; i < summary->count; i++) {
        row = &summary->rows[i];
        if (!strcmp(row->class_name, class_name) && !strcmp(row->stage, stage)) {
            return row;
        }
    }
    if (summary->count == ROWS_MAX - 1) {
        class_name = "other";
        stage = "";
    } else if (summary->count == ROWS_MAX) {
        return &summary->rows[ROWS_MAX - 1];
    }
    row = &summary->rows[summary->count++];
    snprintf(row->class_name, sizeof(row->class_name), "%s", class_name);
    snprintf(row->stage, sizeof(row->stage), "%s", stage);
    return row;
}

static void add(struct store_summary *summary, sqlite3_stmt *stmt, bool by_stage)
{
    struct summary_row *row =
        row_of(summary, sql_column_text(stmt, 1), by_stage ? sql_column_text(stmt, 2) : "");
    uint64_t peak_bytes = sql_column_number(stmt, 6);

    row->processes++;
    row->peaks_bytes += peak_bytes;
    if (peak_bytes > row->peak_bytes) {
        row->peak_bytes = peak_bytes;
    }
    row->wall_us += sql_column_number(stmt, 4);
    row->cpu_us += sql_column_number(stmt, 5);
    row->crashed += !strcmp(sql_column_text(stmt, 3), verdict_name(VERDICT_CRASHED));
}

static int compare_rows(const void *a, const void *b)
{
    const struct summary_row *x = a;
    const struct summary_row *y = b;
    int by_class = strcmp(x->class_name, y->class_name);

    return by_class != 0 ? by_class : strcmp(x->stage, y->stage);
}

static int pack_summary(struct store_summary *summary, struct buf *out, struct error *err)
{
    struct pack pack;

    qsort(summary->rows, summary->count, sizeof(summary->rows[0]), compare_rows);
    pack_init(&pack, out);
    pack_map(&pack, 1);
    pack_str(&pack, "rows");
    pack_array(&pack, summary->count);
    for (size_t i = 0; i < summary->count; i++) {
        const struct summary_row *row = &summary->rows[i];

        pack_map(&pack, 9);
        pack_key_text(&pack, "stage", row->stage);
        pack_key_str(&pack, "class", row->class_name);
        pack_key_uint(&pack, "processes", row->processes);
        pack_key_uint(&pack, "peak_rss_bytes", row->peak_bytes);
        pack_key_uint(&pack, "mean_peak_rss_bytes", row->peaks_bytes / row->processes);
        pack_key_uint(&pack, "wall_ms", row->wall_us / 1000);
        pack_key_uint(&pack, "cpu_ms", row->cpu_us / 1000);
        pack_key_uint(&pack, "freed_bytes", row->peaks_bytes);
        pack_key_uint(&pack, "crashed", row->crashed);
    }
    return pack_finish(&pack, err);
}

int store_summary_read(struct store_db *db, struct store_op *op, bool *ret_more, struct error *err)
{
    struct store_args_read_memory *args = STORE_ARGS(op, read_memory);
    sqlite3_stmt *stmt = sql_use(db, args->has_job ? SQL_RECEIPTS_SUM_JOB : SQL_RECEIPTS_SUM, err);
    unsigned seen = 0;
    int rc;

    if (!stmt) {
        return -1;
    }
    if (!args->summary) {
        args->summary = calloc(1, sizeof(*args->summary));
        if (!args->summary) {
            return error_set(err, ERROR_MEMORY, "no memory to add receipts up");
        }
    }
    sql_bind_number(stmt, 1, args->summary->last_id);
    sql_bind_number(stmt, 2, SLICE_RECEIPTS);
    if (args->has_job) {
        sql_bind_uuid(stmt, 3, &args->job);
    }
    while ((rc = sql_step(db, stmt, err)) > 0) {
        seen++;
        args->summary->last_id = sql_column_number(stmt, 0);
        if (sql_column_number(stmt, 7) >= args->since_ms) {
            add(args->summary, stmt, args->view == STORE_MEMORY_STAGES);
        }
    }
    if (rc < 0) {
        return -1;
    }
    *ret_more = seen == SLICE_RECEIPTS;
    return *ret_more ? 0 : pack_summary(args->summary, &op->answer->reply, err);
}
