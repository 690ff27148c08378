/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tables by alignment: text in columns with nothing, or only level rulings, between them.
 */
#ifndef EBB_WORKERS_TABLES_ALIGNED_H
#define EBB_WORKERS_TABLES_ALIGNED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/found_table.h"
#include "workers/layout/glyphs.h"
#include "workers/tables/segments.h"
#include "workers/tables/words.h"

struct aligned_request {
    struct word **words; /* put in another order */
    uint32_t count;
    const struct segment *rules; /* level ones, those of the page, by place */
    uint32_t rule_count;
    bool *hopeless;              /* set where no part of the words is a table either; or NULL */
    bool bounded;                /* rulings say where the table begins and ends */
    float core_top, core_bottom; /* else: columns are told by the rows between these, and rows
                                    over and under them belong to the table as far as they fit */
};

/* ret_table: NULL where the words are no table. ret_words: those that the table has. ERROR_MEMORY.
 */
int aligned_make(struct glyphs *glyphs, const struct aligned_request *request, struct arena *arena,
                 struct found_table **ret_table, struct word ***ret_words, uint32_t *ret_word_count,
                 struct error *err);

#endif
