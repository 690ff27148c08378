/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Runs of lines with gaps: where tables without rulings may be.
 */
#ifndef EBB_WORKERS_TABLES_RUNS_H
#define EBB_WORKERS_TABLES_RUNS_H

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/found_table.h"
#include "workers/tables/rulings.h"

/* Replaces the lines of each table found by one that stands for it. ERROR_MEMORY. */
int runs_find_tables(struct glyphs *glyphs, const struct fragment_group *group,
                     const struct rulings *rulings, struct lines *lines, struct arena *arena,
                     struct error *err);

#endif
