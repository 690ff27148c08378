/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Taking vectors away. Blocks on the disk. Logs nothing.
 */
#include "workers/library/vector_upkeep.h"

#define REMOVE_ROWS 1024

/* Some rows of vectors whose targets are in the range. */
static int list_rows(struct library *library, int64_t first, int64_t last,
                     int64_t ret_rows[REMOVE_ROWS], size_t *ret_count, struct error *err)
{
    struct statement *list = library_statement(library, STATEMENT_VECTOR_ROWS);
    int got;

    *ret_count = 0;
    statement_int(list, 1, first);
    statement_int(list, 2, last);
    statement_int(list, 3, REMOVE_ROWS);
    while ((got = statement_step(list, err)) > 0) {
        ret_rows[(*ret_count)++] = statement_column_int(list, 0);
    }
    statement_end(list);
    return got;
}

static int remove_row(struct library *library, int64_t row, struct error *err)
{
    struct statement *cut = library_statement(library, STATEMENT_VECTOR_DELETE);
    struct statement *less;

    statement_int(cut, 1, row);
    if (statement_run(cut, err) < 0) {
        return -1;
    }
    less = library_statement(library, STATEMENT_SET_LESS);
    statement_int(less, 1, vector_row_set(row));
    statement_int(less, 2, 1);
    return statement_run(less, err) < 0 ? -1 : library_vector_erase(library, row, err);
}

int library_vectors_remove(struct library *library, int64_t first_target, int64_t last_target,
                           struct error *err)
{
    int64_t rows[REMOVE_ROWS];
    size_t count;

    do {
        if (list_rows(library, first_target, last_target, rows, &count, err) < 0) {
            return -1;
        }
        for (size_t i = 0; i < count; i++) {
            if (remove_row(library, rows[i], err) < 0) {
                return -1;
            }
        }
    } while (count == REMOVE_ROWS);
    return 0;
}
