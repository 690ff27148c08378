/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where a chunk's text is shown: lines of one block that touch are one box.
 */
#ifndef EBB_WORKERS_INDEX_BOXES_H
#define EBB_WORKERS_INDEX_BOXES_H

#include <stddef.h>
#include <stdint.h>

#include "proto/chunk.h"
#include "workers/index/window.h"

/* Of the text from byte start to end. shown: from the piece that covers start on. At most
 * CHUNK_BOXES_MAX; of text in more places the last box stands for the rest. Returns their count. */
uint32_t boxes_of(const struct shown *shown, size_t shown_count, uint64_t start, uint64_t end,
                  struct chunk_box *ret_boxes);

#endif
