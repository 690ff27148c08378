/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The answer to the query `search` (PROTOCOL.md) for people.
 */
#ifndef EBB_CTL_SEARCH_VIEW_H
#define EBB_CTL_SEARCH_VIEW_H

#include <stdbool.h>

#include "ctl/exit.h"

/* path: of the answer. Results go to standard output, warnings to standard error; with verbose,
 * how each result came to its place. */
enum ctl_exit search_view_print(const char *path, bool verbose);

#endif
