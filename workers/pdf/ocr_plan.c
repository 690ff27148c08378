/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which pages are to be read by OCR. Nothing blocks or logs.
 */
#include "workers/pdf/ocr_plan.h"

#include <string.h>

#include "common/cleanup.h"
#include "workers/layout/page_layout.h"
#include "workers/layout/text.h"

/* A page's text is a scan's OCR layer when nearly all of it is invisible and an image lies under
 * most of the page. */
#define LAYER_HIDDEN 0.9
#define LAYER_COVER 0.5F

#define USUAL_DPI 300.0F
#define SIZE_MAX_KPX 4000000.0F

static const char *const MODES[] = {
#define OCR_MODE_NAME(symbol, name) [OCR_MODE_##symbol] = (name),
    OCR_MODE_LIST(OCR_MODE_NAME)
#undef OCR_MODE_NAME
};

bool ocr_mode_parse(const char *name, enum ocr_mode *ret_mode)
{
    for (size_t i = 0; i < ARRAY_LEN(MODES); i++) {
        if (strcmp(MODES[i], name) == 0) {
            *ret_mode = (enum ocr_mode)i;
            return true;
        }
    }
    return false;
}

static bool is_ocr_layer(const struct page_record *record)
{
    uint32_t chars = text_count(record->text, record->text + record->text_bytes);

    return record->hidden_count > 0 && record->image_cover > LAYER_COVER &&
           record->hidden_count >= LAYER_HIDDEN * chars;
}

const char *ocr_plan_reason(const struct page_record *record, uint32_t outline_count,
                            enum ocr_mode mode)
{
    const char *reason = NULL;

    switch (mode) {
    case OCR_MODE_OFF:
        return NULL;
    case OCR_MODE_FORCE:
        return "forced";
    case OCR_MODE_AUTO:
    case OCR_MODE_REDO:
        reason = page_ocr_reason(record, outline_count);
        break;
    }
    if (!reason && mode == OCR_MODE_REDO && is_ocr_layer(record)) {
        return "redo";
    }
    return reason;
}

uint32_t ocr_plan_size(const struct page_record *record)
{
    float largest = 0;
    float dpi = USUAL_DPI;
    float kpx;

    for (uint32_t i = 0; i < record->image_record_count; i++) {
        const struct page_image *image = &record->images[i];
        float area = (image->box.x1 - image->box.x0) * (image->box.y1 - image->box.y0);

        if (area > largest && image->dpi > 0) {
            largest = area;
            dpi = image->dpi < USUAL_DPI ? image->dpi : USUAL_DPI;
        }
    }
    kpx = record->width_pt * record->height_pt / (72 * 72) * dpi * dpi / 1000;
    return kpx < 1 ? 1 : kpx > SIZE_MAX_KPX ? (uint32_t)SIZE_MAX_KPX : (uint32_t)kpx;
}
