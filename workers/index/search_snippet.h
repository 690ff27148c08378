/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The stretch of a chunk's text that a result shows, its words marked.
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_SNIPPET_H
#define EBB_WORKERS_INDEX_SEARCH_SNIPPET_H

#include "workers/index/search_words.h"

#define SEARCH_SNIPPET_BYTES 280 /* about; a sentence's start or a word's end decides */

struct search_snippet {
    size_t start, end; /* of the text */
};

/*
 * Where the words are that weigh most together; where none are, the sentence that is nearest to
 * the question (by its spelling), the text's beginning where there is no question. Appends it to
 * out: white space folded, control characters left out, each word of the question between U+0002
 * and U+0003, an ellipsis where the text goes on.
 */
int search_snippet(struct search_db *db, const struct search_words *words, const char *question,
                   const char *text, struct arena *arena, struct buf *out,
                   struct search_snippet *ret_snippet, struct error *err);

#endif
