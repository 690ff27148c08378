/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Samples of everything in proto/, for its suites and for the seeds of the fuzz targets: made
 * from the lists, so that a new message or field has one at once.
 */
#ifndef EBB_TESTS_UNIT_PROTO_SAMPLES_H
#define EBB_TESTS_UNIT_PROTO_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "proto/message.h"
#include "proto/message_table.h"
#include "proto/page.h"
#include "proto/survey.h"

/* Every message's number, in the list's order. */
extern const enum message_type SAMPLE_TYPES[];
extern const size_t SAMPLE_TYPE_COUNT;

enum sample_kind {
    SAMPLE_LEAST, /* required fields alone, each as small as it may be */
    SAMPLE_ALL,   /* every field, with something in it */
};

/* One field of a message, or of its value alone when writer's message is begun. */
void sample_put(struct message_writer *writer, enum field field, enum sample_kind kind);
/* A whole frame, appended; it must be legal. */
void sample_message(struct buf *out, enum message_type type, enum sample_kind kind, uint32_t id);

/* A text of size_bytes, borrowed until the next call; at most 8,191. */
const char *sample_text(size_t size_bytes);

/* A page with two fonts, three blocks and every kind of odd number; static. */
const struct page_record *sample_page(void);
/* What is required and nothing else. */
struct page_record sample_page_least(void);
const struct survey_record *sample_survey(void);

#endif
