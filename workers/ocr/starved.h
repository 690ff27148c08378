/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What becomes of a worker whose engine finds no memory.
 */
#ifndef EBB_WORKERS_OCR_STARVED_H
#define EBB_WORKERS_OCR_STARVED_H

/* From here on the process ends with WORKER_EXIT_MEMORY where C++ code finds no memory. */
void ocr_end_when_starved(void);

#endif
