/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Replies as JSON: field names as PROTOCOL.md has them, one object a line (indented on a
 * terminal).
 */
#ifndef EBB_CTL_JSON_H
#define EBB_CTL_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "proto/value.h"

/* A new reference; nil for what is absent; binary as its hex; a number over 2^63-1 as a real. NULL
 * when out of memory. */
json_t *json_from_value(struct value value);
/* Sets object[key] to the value; steals nothing. -1 when out of memory. */
int json_set_value(json_t *object, const char *key, struct value value);

/* Writes it compactly, without a line end: for arrays that are printed as they come. */
int json_write(const json_t *json, FILE *file);
int json_write_value(struct value value, FILE *file);
/* Writes it and a line end. Whatever could steer a terminal is escaped. -1 when json is NULL or the
 * file takes no more. */
int json_print(const json_t *json, FILE *file);
int json_print_value(struct value value, FILE *file);

#endif
