/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is asked before a search may run: the vectors of a picture, of words that an endpoint
 * embeds. Who searches gets the paths of these answers among its params.
 * Source: PROTOCOL.md, "Queries".
 */
#ifndef EBB_SUPERVISOR_SEARCH_H
#define EBB_SUPERVISOR_SEARCH_H

#include <stdbool.h>

#include "common/error.h"
#include "proto/value.h"

struct query;
struct search;

/* A key of the params that ebbd sets, and nobody else. */
bool search_is_ours(struct value key);
/* Asks what query, of kind "search" and with these params, needs; it is prepared when all of that
 * is there, perhaps at once. On failure nothing is asked any more once the query is freed. */
int search_begin(struct query *query, struct value params, struct error *err);
/* The query has ended in whatever way: gives up what is still asked, removes its answers and the
 * picture that was handed in. NULL is a no-op. */
void search_end(struct search *search);

#endif
