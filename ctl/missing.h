/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chunks that have no vector of the configured model, and are found by words alone: the query
 * `missing` (PROTOCOL.md), page by page.
 */
#ifndef EBB_CTL_MISSING_H
#define EBB_CTL_MISSING_H

#include <stdbool.h>

#include "ctl/session.h"

/* A table, or with json one object {model, dimensions, total, chunks}. */
enum ctl_exit missing_print(struct session *session, bool json);

#endif
