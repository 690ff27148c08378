/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Full stops that end no sentence though what follows might begin one.
 */
#ifndef EBB_WORKERS_INDEX_ABBREVIATIONS_H
#define EBB_WORKERS_INDEX_ABBREVIATIONS_H

#include <stdbool.h>
#include <stddef.h>

/* text: a sentence up to, and without, a full stop: whether it ends with an abbreviation that
 * something follows, with a letter that stands alone, or is nothing but a number. number_follows:
 * what comes behind the full stop and white space is a digit. */
bool abbreviation_ends(const char *text, size_t size_bytes, bool number_follows);

#endif
