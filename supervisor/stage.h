/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The pipeline as a table: each stage, the class that works on it, the kinds of jobs that have it,
 * and where it stands in the progress of each. Source: PIPELINE.md.
 */
#ifndef EBB_SUPERVISOR_STAGE_H
#define EBB_SUPERVISOR_STAGE_H

#include <stdbool.h>
#include <stdint.h>

/* X(SYMBOL, "name"): a document's trip through the pipeline; what lacks a vector of the model in
 * force, over the whole library, embedded again. */
#define JOB_KIND_LIST(X)                                                                           \
    X(DOCUMENT, "document")                                                                        \
    X(REEMBED, "reembed")

enum job_kind {
#define JOB_KIND_ENUM(symbol, name) JOB_KIND_##symbol,
    JOB_KIND_LIST(JOB_KIND_ENUM)
#undef JOB_KIND_ENUM
        JOB_KIND_COUNT
};

const char *job_kind_name(enum job_kind kind);
/* False, and nothing set, for what is no kind's name. */
bool job_kind_parse(const char *name, enum job_kind *ret_kind);

/* What is special about a stage. */
#define STAGE_PERSISTS 1  /* the unit's artifact goes to the library before the unit is done */
#define STAGE_ESSENTIAL 2 /* one unit that the supervisor plans; its failure is the job's */
#define STAGE_PAGES 4     /* its items are pages, lost one by one */
#define STAGE_WAITS 8     /* it needs all that earlier stages made */
#define STAGE_TOLD 16     /* its unit is told which items were lost */
#define STAGE_DERIVED 32  /* its units follow from the text: other text, other units */
#define STAGE_LEAVES 64   /* the unit leaves an artifact for later stages alone */
#define STAGE_WHOLE                                                                                \
    128 /* when embedding again: the unit's input is one artifact, so it is not cut */

/*
 * X(SYMBOL, "name", "class", "step that clients see", from %, to % in a document's job,
 *   from %, to % in one that embeds again, flags): 0 to 0 where a kind of job has no such stage.
 *
 * All but the essential ones have the units that earlier stages find, none perhaps: they are
 * skipped then. Where a stage that is neither essential nor of pages fails, the job goes on with
 * a warning.
 */
#define STAGE_LIST(X)                                                                              \
    X(SURVEY, "survey", "pdf", "product_discovery", 0, 15, 0, 0, STAGE_PERSISTS | STAGE_ESSENTIAL) \
    X(EXTRACT, "extract", "pdf", "focused_extraction", 15, 24, 0, 0, STAGE_PERSISTS | STAGE_PAGES) \
    X(OCR, "ocr", "ocr", "focused_extraction", 24, 29, 0, 0, STAGE_PERSISTS | STAGE_PAGES)         \
    X(ASSEMBLE, "assemble", "pdf", "focused_extraction", 29, 30, 0, 0, STAGE_WAITS)                \
    X(STRUCTURE, "structure", "library", "chunking", 30, 32, 0, 0,                                 \
      STAGE_ESSENTIAL | STAGE_WAITS | STAGE_TOLD | STAGE_LEAVES)                                   \
    X(COLLECT, "collect", "library", "chunking", 0, 0, 0, 5, STAGE_ESSENTIAL)                      \
    X(GATHER, "gather", "library", "chunking", 0, 0, 5, 40, STAGE_LEAVES)                          \
    X(CHUNK, "chunk", "index", "chunking", 32, 40, 0, 0,                                           \
      STAGE_PERSISTS | STAGE_WAITS | STAGE_DERIVED)                                                \
    X(EMBED_TEXT, "embed_text", "embed", "chunking", 40, 50, 40, 95,                               \
      STAGE_PERSISTS | STAGE_DERIVED | STAGE_WHOLE)                                                \
    X(EMBED_IMAGE, "embed_image", "visual", "image_processing", 50, 70, 0, 0,                      \
      STAGE_PERSISTS | STAGE_DERIVED)                                                              \
    X(SETTLE, "settle", "library", "quality_enhancement", 0, 0, 95, 100,                           \
      STAGE_ESSENTIAL | STAGE_WAITS)                                                               \
    X(FINISH, "finish", "library", "quality_enhancement", 90, 100, 0, 0,                           \
      STAGE_ESSENTIAL | STAGE_WAITS | STAGE_TOLD)

enum stage_id {
#define STAGE_ENUM(symbol, name, class_name, shown, from, to, again_from, again_to, flags)         \
    STAGE_##symbol,
    STAGE_LIST(STAGE_ENUM)
#undef STAGE_ENUM
        STAGE_COUNT
};

/* A stage's part in the jobs of a kind. */
struct stage_share {
    bool has;
    bool whole; /* its units are tried again as they are, never in pieces */
    double from_percent, to_percent;
};

struct stage_row {
    const char *name;
    const char *class_name;
    const char *shown;
    struct stage_share shares[JOB_KIND_COUNT];
    bool persists, essential, pages, waits, told, derived;
    bool leaves; /* an artifact, whoever reads it */
};

/* id below STAGE_COUNT. */
const struct stage_row *stage_row(enum stage_id id);
/* -1 when there is none of that name. */
int stage_find(const char *name);
/* How many stages a job of the kind has, and whether this is one of them. */
unsigned stage_count(enum job_kind kind);
bool stage_is_of(enum stage_id id, enum job_kind kind);

#endif
