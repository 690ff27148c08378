/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A result as JSON (docs/search.md).
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_ANSWER_H
#define EBB_WORKERS_INDEX_SEARCH_ANSWER_H

#include "workers/answers/emit.h"
#include "workers/index/search_results.h"
#include "workers/index/search_words.h"

/* question: NULL where only an image was asked with; words then has none. */
int search_answer_result(struct search_db *db, const struct search_words *words,
                         const char *question, const struct search_result *result,
                         struct arena *arena, struct emit *emit, struct error *err);

#endif
