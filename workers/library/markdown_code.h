/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Listings as fenced code, indented as they were.
 */
#ifndef EBB_WORKERS_LIBRARY_MARKDOWN_CODE_H
#define EBB_WORKERS_LIBRARY_MARKDOWN_CODE_H

#include "common/buf.h"
#include "common/error.h"
#include "proto/page.h"

/* Blocks that follow each other are one listing with blank lines in it. scratch is emptied. */
int markdown_code_put(const struct page_block *blocks, uint32_t count, struct buf *scratch,
                      struct buf *out, struct error *err);

#endif
