/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the formats of the query `show` work with: a document, the pages asked for, the answer.
 */
#ifndef EBB_WORKERS_LIBRARY_SHOW_H
#define EBB_WORKERS_LIBRARY_SHOW_H

#include "common/parse.h"
#include "proto/vector.h"
#include "workers/library/document.h"
#include "workers/library/query.h"
#include "workers/library/render.h"

#define SHOW_RANGES_MAX 1000

struct body_stream;

struct show {
    struct library *library;
    const struct library_query *query;
    struct answer *answer;
    struct document document;
    struct document_style style;
    bool flows;                                 /* the format is made of the document's walk */
    struct markdown_stream *markdown;           /* of that format, else NULL */
    struct body_stream *body;                   /* likewise */
    struct parse_range ranges[SHOW_RANGES_MAX]; /* within the document, as they were asked for */
    size_t range_count;
    uint32_t pages_done;
    bool lines;   /* each item is a line of its own and says whose it is: export */
    bool vectors; /* with its vectors */
};

/* Counts a page: hands the answer's bytes on, and asks now and then whether to go on. */
int show_page_done(struct show *show, struct error *err);
/* Whether a range has a page from first to last. */
bool show_wants(const struct show *show, uint32_t first, uint32_t last);

/* A list of items: {"document_id": ..., "NAME": [items]}; nothing around them where they are
 * lines. */
void show_list_begin(struct show *show, const char *name);
void show_list_end(struct show *show);
/* An item of such a list; type: what a line says that it is. */
void show_item_begin(struct show *show, const char *type);
int show_item_end(struct show *show, struct error *err);
/* "embeddings": of the target, where they are asked for. */
int show_item_vectors(struct show *show, enum vector_kind kind, int64_t target, struct error *err);

/* The JSON lists, for tables, images and chunks that are on pages asked for. */
int show_tables(struct show *show, struct error *err);
int show_images(struct show *show, struct error *err);
int show_chunks(struct show *show, struct error *err);

#endif
