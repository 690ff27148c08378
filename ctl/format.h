/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Values of replies for people: times of day in local time, shares, and labelled lines.
 */
#ifndef EBB_CTL_FORMAT_H
#define EBB_CTL_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/value.h"

#define FORMAT_TIME_BYTES 40
#define FORMAT_TEXT_BYTES 1280

/* An RFC 3339 time as "2026-01-31 13:34:56", local; "-" for nil; other text as it is. */
void format_time(struct value value, char ret_text[FORMAT_TIME_BYTES]);
/* A string of a reply, cut to fit; "" where it is none. Not cleaned: for table_text and the like.
 */
const char *format_text(struct value value, char *ret_text, size_t size_bytes);
/* "12 files", "1 file": noun is the singular, its plural has an s. */
void format_count(uint64_t count, const char *noun, char *ret_text, size_t size_bytes);
/* A share of a bound in percent; 0 where there is no bound. */
double format_percent(uint64_t part, uint64_t whole);

/* "label         text" with the label in columns of its own; text is cleaned. A value that is nil
 * or absent prints nothing. */
void format_field(FILE *file, const char *label, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void format_field_text(FILE *file, const char *label, struct value value);
void format_field_time(FILE *file, const char *label, struct value value);
void format_field_number(FILE *file, const char *label, struct value value);
void format_field_bytes(FILE *file, const char *label, struct value value);
void format_field_duration(FILE *file, const char *label, struct value value);

#endif
