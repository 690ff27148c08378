/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * `ebb run --out DIR`: the results of each document as files.
 */
#ifndef EBB_CTL_EXPORT_H
#define EBB_CTL_EXPORT_H

#include "ctl/session.h"
#include "ctl/watch.h"

/* X(SYMBOL, "name"), in the order in which they are written. */
#define EXPORT_FORMAT_LIST(X)                                                                      \
    X(JSON, "json")         /* document.json */                                                    \
    X(MARKDOWN, "markdown") /* document.md */                                                      \
    X(TEXT, "text")         /* document.txt */                                                     \
    X(IMAGES, "images")     /* images/KEY.FORMAT */                                                \
    X(TABLES, "tables")     /* tables/table-001.csv and so on */                                   \
    X(PDF, "pdf")           /* searchable.pdf */                                                   \
    X(HOCR, "hocr")         /* document.hocr */                                                    \
    X(ALTO, "alto")         /* document.alto.xml */                                                \
    X(CHUNKS, "chunks")     /* chunks.jsonl */

enum export_format {
#define EXPORT_FORMAT_ENUM(symbol, name) EXPORT_FORMAT_##symbol,
    EXPORT_FORMAT_LIST(EXPORT_FORMAT_ENUM)
#undef EXPORT_FORMAT_ENUM
        EXPORT_FORMAT_COUNT
};

#define EXPORT_BIT(symbol) (1U << EXPORT_FORMAT_##symbol)

struct export_choice {
    unsigned always;    /* EXPORT_BITs */
    unsigned when_read; /* only of documents of which OCR read a page */
};

/* From "json,tables" or "all"; NULL: json, markdown, text, images, tables, chunks, and the others
 * when OCR read a page. ERROR_INVALID names what is unknown. */
int export_choose(const char *names, struct export_choice *ret_choice, struct error *err);

/* The files of every job that made a document: in folder when only one was asked for, else in
 * folder/<its name>, with -2 and so on behind names that come again. Reports its failures. */
enum ctl_exit export_documents(struct session *session, const struct watch *watch,
                               const struct export_choice *choice, const char *folder);

#endif
