/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An XML 1.0 writer onto a buffer, for hOCR and ALTO. A failed append is remembered and told by
 * xml_finish, so that the calls between need no checks.
 */
#ifndef EBB_WORKERS_LIBRARY_XML_H
#define EBB_WORKERS_LIBRARY_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/error.h"

struct xml {
    struct buf *out; /* borrowed */
    bool failed;
    struct error err;
};

void xml_init(struct xml *xml, struct buf *out);
int xml_finish(const struct xml *xml, struct error *err);

/* Markup as it is. */
void xml_put(struct xml *xml, const char *markup);
void xml_printf(struct xml *xml, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Text, for between tags and inside quotes: what would be markup is escaped, white space is a
 * space, what XML cannot hold is left out. */
void xml_text(struct xml *xml, const char *text, size_t size_bytes);
/* ` name="value"`, rounded to 1/100; 0 for what is no number. */
void xml_number(struct xml *xml, const char *name, double value);
/* ` name="text"`. */
void xml_attribute(struct xml *xml, const char *name, const char *text);

#endif
