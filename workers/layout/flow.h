/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Paragraphs that go on elsewhere: in the next column, or under what stands beside them.
 */
#ifndef EBB_WORKERS_LAYOUT_FLOW_H
#define EBB_WORKERS_LAYOUT_FLOW_H

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/glyphs.h"
#include "workers/layout/lines.h"

/* Makes one block of a paragraph's parts; what interrupted it follows it. ERROR_MEMORY. */
int flow_join(const struct glyphs *glyphs, struct lines *lines, struct arena *arena,
              struct error *err);

#endif
