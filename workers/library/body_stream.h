/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document's body (proto/body.h) made of its walk: plain text, with the place of each line.
 *
 * Marks of raised and lowered text go, and references to footnotes with them; white space is
 * folded, but in code; a list item begins with "- " or its number; dots that lead to a page's
 * number are one "…". No block begins or ends with white space.
 */
#ifndef EBB_WORKERS_LIBRARY_BODY_STREAM_H
#define EBB_WORKERS_LIBRARY_BODY_STREAM_H

#include "common/error.h"
#include "proto/body.h"
#include "workers/library/render.h"

struct body_stream;
/* Gets each block in its order, borrowed for the call. */
typedef int (*body_stream_cb)(void *user, const struct body_block *block, struct error *err);
/* NULL when out of memory. style: borrowed until body_stream_destroy. */
struct body_stream *body_stream_create(const struct document_style *style, body_stream_cb put,
                                       void *user);
void body_stream_destroy(struct body_stream *stream);
/* Pages in their order, with their tables' parts. */
int body_stream_page(struct body_stream *stream, const struct render_page *page, struct error *err);
int body_stream_end(struct body_stream *stream, struct error *err);

#endif
