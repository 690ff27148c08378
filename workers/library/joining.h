/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tables that go on over pages made one.
 *
 * A part goes on with the table above it when it is the first thing on the next page as that is the
 * last on its own (furniture and footnotes apart), has as many columns and about its width, and a
 * header that repeats the table's, or none. The repeated header is not counted twice.
 */
#ifndef EBB_WORKERS_LIBRARY_JOINING_H
#define EBB_WORKERS_LIBRARY_JOINING_H

#include "workers/library/document.h"

/* Makes the rows of `tables` anew, and numbers the parts. In a transaction, when the document's
 * style is there. */
int joining_make_tables(struct library *library, const struct document *document,
                        uint64_t *ret_count, struct error *err);

#endif
