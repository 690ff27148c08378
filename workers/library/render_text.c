/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Plain text: the page's own, in reading order, with its headers and footers.
 */
#include "workers/library/render.h"

int render_text_page(const char *text, size_t size_bytes, bool first, struct buf *out,
                     struct error *err)
{
    if (!first && buf_append(out, "\f", 1, err) < 0) {
        return -1;
    }
    return buf_append(out, text, size_bytes, err);
}
