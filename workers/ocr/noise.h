/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What looks like words to the engine and is none: specks, the texture of pictures, rulings.
 */
#ifndef EBB_WORKERS_OCR_NOISE_H
#define EBB_WORKERS_OCR_NOISE_H

#include <stdbool.h>

#include "workers/ocr/reading.h"

/* Whether next goes on where word stops: on its line, and without a gap as between columns. */
bool noise_same_phrase(const struct ocr_word *word, const struct ocr_word *next);

/* Takes the phrases that are noise out of the reading, in place. Returns how many words went. */
uint32_t noise_remove(struct ocr_reading *reading);

#endif
