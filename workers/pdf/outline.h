/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document's outline (bookmarks, chapters), flat, with the pages it leads to.
 * Source: ISO 32000-1, 12.3.3.
 */
#ifndef EBB_WORKERS_PDF_OUTLINE_H
#define EBB_WORKERS_PDF_OUTLINE_H

#include "common/arena.h"
#include "proto/survey.h"
#include "workers/mupdf/document.h"

/* At most SURVEY_OUTLINE_MAX entries, in order; loops end where they close. None where it is
 * damaged. Throws only FZ_ERROR_MEMORY. ret_entries: in arena. */
void outline_read(struct document *document, struct arena *arena,
                  struct survey_outline **ret_entries, uint32_t *ret_count);

#endif
