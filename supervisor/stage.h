/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The pipeline as a table: each stage, the class that works on it, where it stands in the
 * progress that clients see. Source: PIPELINE.md.
 */
#ifndef EBB_SUPERVISOR_STAGE_H
#define EBB_SUPERVISOR_STAGE_H

#include <stdbool.h>
#include <stdint.h>

/* What is special about a stage. */
#define STAGE_PERSISTS 1  /* the unit's artifact goes to the library before the unit is done */
#define STAGE_ESSENTIAL 2 /* one unit that the supervisor plans; its failure is the job's */
#define STAGE_PAGES 4     /* its items are pages, lost one by one */
#define STAGE_WAITS 8     /* it needs all that earlier stages made */

/* X(SYMBOL, "name", "class", "step that clients see", from %, to %, flags)
 * All but the essential ones have the units that earlier stages find, none perhaps: they are
 * skipped then. Where a stage that is neither essential nor of pages fails, the job goes on with
 * a warning. */
#define STAGE_LIST(X)                                                                              \
    X(SURVEY, "survey", "pdf", "product_discovery", 0, 15, STAGE_PERSISTS | STAGE_ESSENTIAL)       \
    X(EXTRACT, "extract", "pdf", "focused_extraction", 15, 45, STAGE_PERSISTS | STAGE_PAGES)       \
    X(OCR, "ocr", "ocr", "focused_extraction", 45, 85, STAGE_PERSISTS | STAGE_PAGES)               \
    X(ASSEMBLE, "assemble", "pdf", "focused_extraction", 85, 90, STAGE_WAITS)                      \
    X(FINISH, "finish", "library", "quality_enhancement", 90, 100, STAGE_ESSENTIAL | STAGE_WAITS)

enum stage_id {
#define STAGE_ENUM(symbol, name, class_name, shown, from, to, flags) STAGE_##symbol,
    STAGE_LIST(STAGE_ENUM)
#undef STAGE_ENUM
        STAGE_COUNT
};

struct stage_row {
    const char *name;
    const char *class_name;
    const char *shown;
    double from_percent, to_percent;
    bool persists, essential, pages, waits;
};

/* id below STAGE_COUNT. */
const struct stage_row *stage_row(enum stage_id id);
/* -1 when there is none of that name. */
int stage_find(const char *name);

#endif
