/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which pages are to be read by OCR.
 * Source: PIPELINE.md, "extract".
 */
#ifndef EBB_WORKERS_PDF_OCR_PLAN_H
#define EBB_WORKERS_PDF_OCR_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/page.h"

/* X(SYMBOL, "name"): the job's parameter `ocr` */
#define OCR_MODE_LIST(X)                                                                           \
    X(AUTO, "auto")   /* pages that need it */                                                     \
    X(FORCE, "force") /* every page, whatever text it has */                                       \
    X(OFF, "off")     /* none */                                                                   \
    X(REDO, "redo")   /* as auto, and pages whose text is only an old OCR layer over a scan */

enum ocr_mode {
#define OCR_MODE_ENUM(symbol, name) OCR_MODE_##symbol,
    OCR_MODE_LIST(OCR_MODE_ENUM)
#undef OCR_MODE_ENUM
};

bool ocr_mode_parse(const char *name, enum ocr_mode *ret_mode);

/*
 * Why the page is to be read ("no_text", "sparse_text", "garbled", "forced", "redo"), by the counts
 * and the text of its record; NULL where it is not. outline_count: drawn shapes, which may be
 * letters. Static storage.
 */
const char *ocr_plan_reason(const struct page_record *record, uint32_t outline_count,
                            enum ocr_mode mode);

/* How much there is to recognise on the page, in thousands of pixels; at least 1. */
uint32_t ocr_plan_size(const struct page_record *record);

#endif
