/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Whether what the job's artifacts hold came to the library, and is there: a power cut may take
 * what was committed and not on the disk.
 */
#ifndef EBB_WORKERS_LIBRARY_FINISH_CHECK_H
#define EBB_WORKERS_LIBRARY_FINISH_CHECK_H

#include "workers/library/document.h"
#include "workers/library/finish.h"

/*
 * outcome: has the counts of rows. Of text vectors nothing is asked: a chunk may lack one, and gets
 * it later.
 * Errors: "rows_missing".
 */
int finish_check(struct library *library, const struct finish_unit *unit,
                 const struct document *document, struct outcome *outcome, struct error *err);

#endif
