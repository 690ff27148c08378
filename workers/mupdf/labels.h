/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Page labels: what a reader shows as a page's number ("iv", "A-3").
 * Source: ISO 32000-1, 12.4.2.
 */
#ifndef EBB_WORKERS_MUPDF_LABELS_H
#define EBB_WORKERS_MUPDF_LABELS_H

#include <mupdf/pdf.h>
#include <stdint.h>

#include "common/arena.h"

struct label_range {
    uint32_t first_index; /* 0-based page from which it holds */
    uint32_t start;       /* the number of that page */
    char style;           /* 'D', 'R', 'r', 'A', 'a'; 0 for the prefix alone */
    char *prefix;         /* UTF-8, owned; NULL for none */
};

#define LABEL_RANGES_MAX 4096

struct labels {
    struct label_range *ranges; /* by first_index */
    uint32_t count, capacity;
};

/* Reads the document's; none where it has none or they are damaged. Throws only
 * FZ_ERROR_MEMORY. */
void labels_init(struct labels *labels, fz_context *ctx, pdf_document *doc);
void labels_deinit(struct labels *labels, fz_context *ctx);
/* The label of a page, number from 1; NULL where the document has none. */
const char *labels_find(const struct labels *labels, uint32_t number, struct arena *arena);

#endif
