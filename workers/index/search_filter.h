/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a search is narrowed to: documents (one, those with tags, those added in a time) and pages.
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_FILTER_H
#define EBB_WORKERS_INDEX_SEARCH_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "common/parse.h"
#include "workers/index/search.h"
#include "workers/index/search_db.h"

#define SEARCH_PAGE_RANGES_MAX 64
#define SEARCH_TAGS_MAX 16
/* Where no more chunks than this qualify their vectors are read one by one. */
#define SEARCH_FEW_CHUNKS 4096

struct search_filter {
    struct search_db *db;
    bool by_document;
    const int64_t *documents; /* rows, rising; of by_document */
    size_t document_count;
    struct parse_range pages[SEARCH_PAGE_RANGES_MAX];
    size_t page_count;     /* 0: all */
    int64_t chunks;        /* of the documents, counted to SEARCH_FEW_CHUNKS + 1; -1 without any */
    int64_t documents_all; /* the library's greatest row of a document, at least 1 */
    int failed;            /* -1 where looking at a chunk's pages failed; err says why */
    struct error err;
};

/* Of the parameters document, pages, since, until, tag. Owns: arena. ERROR_NOT_FOUND for a
 * document that is not there, ERROR_INVALID. */
int search_filter_read(struct search_db *db, const struct search_query *query, struct arena *arena,
                       struct search_filter *ret_filter, struct error *err);

bool search_filter_has_document(const struct search_filter *filter, int64_t document);
bool search_filter_has_page(const struct search_filter *filter, uint32_t page);
/* Whether a chunk of level 0 with that row qualifies. */
bool search_filter_has_chunk(struct search_filter *filter, int64_t row);
/* Whether so few chunks qualify that each can be looked at. */
bool search_filter_is_narrow(const struct search_filter *filter);
/* Rows between which all lie that qualify. */
void search_filter_rows(const struct search_filter *filter, int64_t *ret_first, int64_t *ret_last);

/* "2026-11-24" (its first or last millisecond) or an RFC 3339 time, in milliseconds since 1970. */
int search_parse_time(const char *text, bool last, int64_t *ret_ms, struct error *err);

#endif
