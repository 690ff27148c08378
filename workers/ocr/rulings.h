/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rulings that were read as characters: a table's vertical lines as "|".
 */
#ifndef EBB_WORKERS_OCR_RULINGS_H
#define EBB_WORKERS_OCR_RULINGS_H

#include "workers/ocr/reading.h"

struct Pix;

/* Takes the words out of the reading, in place, that are upright strokes going on over or under
 * their line in the image (8 bits, grey) that was read. */
void rulings_remove(struct Pix *image, struct ocr_reading *reading);

#endif
