/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How good a chunk is as one: three shares from 0 to 1 (docs/chunks.md, "Quality").
 */
#ifndef EBB_WORKERS_INDEX_QUALITY_H
#define EBB_WORKERS_INDEX_QUALITY_H

#include <stddef.h>
#include <stdint.h>

#include "workers/index/window.h"

/* Near its size: 1 from three quarters of it on. */
float quality_length(uint64_t characters, uint32_t size);
/* Starts and ends where sentences do. */
float quality_boundary(enum seam start, enum seam end);
/* Whole sentences, and both of each pair of brackets and quotation marks. partial: characters of
 * sentences that are not whole. */
float quality_completeness(const char *text, size_t size_bytes, uint64_t characters,
                           uint64_t partial);

#endif
