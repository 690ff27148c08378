/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Finds the tables of a page, for its layout: ruled ones by the lines that meet around their
 * cells, others by how their text is aligned.
 */
#ifndef EBB_WORKERS_TABLES_TABLES_H
#define EBB_WORKERS_TABLES_TABLES_H

#include "workers/layout/found_table.h"
#include "workers/tables/rulings.h"

/* rulings: the page's; borrowed by the finder; NULL where none are known, as of a scan. */
struct table_finder tables_finder(const struct rulings *rulings);

#endif
