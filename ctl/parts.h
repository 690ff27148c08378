/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The parts of a daemon for people, from the data of the replies to WORKERS, POOLS and STATUS.
 */
#ifndef EBB_CTL_PARTS_H
#define EBB_CTL_PARTS_H

#include <stdio.h>

#include "proto/value.h"

/* max_columns: as in table_print. */
void parts_print_workers(FILE *file, struct value data, unsigned max_columns);
void parts_print_pools(FILE *file, struct value data, unsigned max_columns);
void parts_print_status(FILE *file, struct value data);

#endif
