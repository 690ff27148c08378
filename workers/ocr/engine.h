/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tesseract, as ebb uses it: pixels in, words out, and nothing remembered from one image to the
 * next.
 */
#ifndef EBB_WORKERS_OCR_ENGINE_H
#define EBB_WORKERS_OCR_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/ocr/reading.h"

struct Pix;
struct engine;

struct engine_options {
    const char *models; /* the folder of *.traineddata */
    /* Asked while reading, often; false ends the reading with ERROR_CANCELLED. NULL: never. */
    bool (*go_on)(void *user);
    void *user;
};

/* options is copied; models must outlive the engine. ERROR_MEMORY. */
struct engine *engine_create(const struct engine_options *options, struct error *err);
void engine_destroy(struct engine *engine); /* NULL is a no-op */

/* Loads the models of languages ("eng+deu"), unless they are loaded already. ERROR_NOT_FOUND when
 * one is missing or no model. */
int engine_load(struct engine *engine, const char *languages, struct error *err);

/*
 * Reads an image (1 or 8 bits, grey): its words, in arena. dpi: of the image; it only tells the
 * engine what is too small to be text. Models must be loaded. ERROR_CANCELLED; ERROR_MEMORY;
 * ERROR_UNSUPPORTED when the engine gave up.
 */
int engine_read(struct engine *engine, struct Pix *image, unsigned dpi, struct arena *arena,
                struct ocr_reading *ret_reading, struct error *err);

/* For measuring: sets one of Tesseract's own variables. ERROR_INVALID when it has none such. */
int engine_set(struct engine *engine, const char *name, const char *value, struct error *err);

#endif
