/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which of two readings of a page stays. Jobs of one file may read it differently, and any unit
 * may be persisted again, so what stands must not depend on which came last by accident.
 */
#ifndef EBB_WORKERS_LIBRARY_READING_H
#define EBB_WORKERS_LIBRARY_READING_H

#include <stdbool.h>

/* How good a reading is; of two of one rank the later stays. */
enum reading_rank {
    READING_FAILED,    /* nothing was got */
    READING_NEEDS_OCR, /* native, and known to lack text */
    READING_NATIVE,
    READING_OCR,        /* by the rule of mode "auto" */
    READING_DELIBERATE, /* OCR that somebody asked for: modes "force" and "redo" */
};

/* source, ocr_reason and failure_code as in struct page_record; NULL where there is none. */
enum reading_rank reading_rank(const char *source, const char *ocr_reason,
                               const char *failure_code);

#endif
