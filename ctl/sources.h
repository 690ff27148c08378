/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The documents that a command line names: files as they are, folders for the documents in them.
 */
#ifndef EBB_CTL_SOURCES_H
#define EBB_CTL_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"

#define SOURCES_MAX (1U << 20)

struct source {
    const char *path; /* both live as long as the sources */
    const char *name; /* what the job is called: the file's name, or its path in the folder named */
};

struct sources {
    struct source *items;
    size_t count;
    size_t capacity;
    struct arena *paths;
};

/* Adds what operand names. A file is taken whatever it is called; of a folder, in order of their
 * names and however deep, the files that are called like a document (sources_is_document), hidden
 * ones and symbolic links left out. ERROR_UNSUPPORTED for a URL, ERROR_NOT_FOUND for a folder
 * without documents, ERROR_LIMIT past SOURCES_MAX documents or 64 folders deep. */
int sources_add(struct sources *sources, const char *operand, struct error *err);
void sources_deinit(struct sources *sources);

/* True when the name ends like that of a format that the pipeline reads as a document. */
bool sources_is_document(const char *name);

#endif
