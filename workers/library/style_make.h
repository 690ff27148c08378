/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Making what style.h reads.
 */
#ifndef EBB_WORKERS_LIBRARY_STYLE_MAKE_H
#define EBB_WORKERS_LIBRARY_STYLE_MAKE_H

#include "workers/library/document.h"

/* The rows of furniture and text_styles anew. In a transaction, when every page has its marks. */
int style_make(struct library *library, const struct document *document, struct error *err);

#endif
