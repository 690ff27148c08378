/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where sentences end.
 */
#ifndef EBB_WORKERS_INDEX_SENTENCES_H
#define EBB_WORKERS_INDEX_SENTENCES_H

#include <stddef.h>

/* Offset behind the sentence that begins at start, the white space behind it included; start is 0
 * or what one of these returned. Unicode's default rules (UAX #29), nothing else. */
size_t sentence_end_plain(const char *text, size_t size_bytes, size_t start);

/* The same, but no sentence ends behind an abbreviation, an initial or a number that only counts:
 * "Dr. Smith", "J. S. Bach", "e. g. Berlin", "1. Introduction" (docs/chunks.md, "Sentences"). */
size_t sentence_end(const char *text, size_t size_bytes, size_t start);

#endif
