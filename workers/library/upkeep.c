/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The table upkeep. Blocks on the disk. Logs nothing.
 */
#include "workers/library/upkeep.h"

int upkeep_get(struct library *library, const char *name, int64_t *ret_value, struct error *err)
{
    struct statement *get = library_statement(library, STATEMENT_UPKEEP_GET);
    int got;

    statement_text(get, 1, name);
    got = statement_step(get, err);
    if (got >= 0) {
        *ret_value = got > 0 ? statement_column_int(get, 0) : 0;
    }
    statement_end(get);
    return got < 0 ? -1 : 0;
}

int upkeep_put(struct library *library, const char *name, int64_t value, struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_UPKEEP_PUT);

    statement_text(put, 1, name);
    statement_int(put, 2, value);
    return statement_run(put, err);
}
