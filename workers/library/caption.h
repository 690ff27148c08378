/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which caption of a page belongs to which of its images and tables.
 */
#ifndef EBB_WORKERS_LIBRARY_CAPTION_H
#define EBB_WORKERS_LIBRARY_CAPTION_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "proto/page.h"

#define CAPTION_NONE UINT32_MAX

/* Both by a block's place in the record. Owns: the arena. */
struct captions {
    uint32_t *of;     /* an image's or table's: the block of its caption, or CAPTION_NONE */
    uint32_t *target; /* a caption's: the block that it is of, or CAPTION_NONE */
};

/* A caption goes to the image that names its text as candidate, else to the nearest image or
 * table (one whose text begins with a word for "table" or "figure": to the nearest of those), not
 * over CAPTION_FAR_PT away. Each has at most one. ERROR_MEMORY when arena is full. */
#define CAPTION_FAR_PT 96.0F
int captions_bind(const struct page_record *record, struct arena *arena,
                  struct captions *ret_captions, struct error *err);

/* The block's text as one line in out, which is emptied before; words broken over lines are made
 * whole. */
int caption_text(const struct page_block *block, struct buf *out, struct error *err);

#endif
