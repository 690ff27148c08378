/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The pipeline as a table: each stage, the class that works on it, where it stands in the
 * progress that clients see. Source: PIPELINE.md.
 */
#ifndef EBB_SUPERVISOR_STAGE_H
#define EBB_SUPERVISOR_STAGE_H

#include <stdbool.h>
#include <stdint.h>

/* X(SYMBOL, "name", "class", "step that clients see", from %, to %, persists, essential)
 * persists: the unit's artifact goes to the library before the unit counts as done.
 * essential: a unit that fails for good fails the job; elsewhere it costs only its own items. */
#define STAGE_LIST(X)                                                                              \
    X(SURVEY, "survey", "pdf", "product_discovery", 0, 15, true, true)                             \
    X(EXTRACT, "extract", "pdf", "focused_extraction", 15, 90, true, false)                        \
    X(FINISH, "finish", "library", "quality_enhancement", 90, 100, false, true)

enum stage_id {
#define STAGE_ENUM(symbol, name, class_name, shown, from, to, persists, essential) STAGE_##symbol,
    STAGE_LIST(STAGE_ENUM)
#undef STAGE_ENUM
        STAGE_COUNT
};

struct stage_row {
    const char *name;
    const char *class_name;
    const char *shown;
    double from_percent, to_percent;
    bool persists, essential;
};

/* id below STAGE_COUNT. */
const struct stage_row *stage_row(enum stage_id id);
/* -1 when there is none of that name. */
int stage_find(const char *name);

#endif
