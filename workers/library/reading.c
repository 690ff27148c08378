/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Ranks of readings: a pure function of what a record says of itself.
 */
#include "workers/library/reading.h"

#include <string.h>

enum reading_rank reading_rank(const char *source, const char *ocr_reason, const char *failure_code)
{
    bool native = !source || strcmp(source, "native") == 0;

    if (!native) {
        bool asked =
            ocr_reason && (strcmp(ocr_reason, "forced") == 0 || strcmp(ocr_reason, "redo") == 0);

        return asked ? READING_DELIBERATE : READING_OCR;
    }
    if (ocr_reason) {
        return READING_NEEDS_OCR;
    }
    return failure_code || !source ? READING_FAILED : READING_NATIVE;
}
