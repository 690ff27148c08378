/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Finding a document by its id, a prefix of it, or a job that made it. Blocks on the disk; logs
 * nothing.
 */
#include "workers/library/document.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Of a row that starts with row, id, sha256, page_count. */
static void read_row(struct statement *statement, struct document *ret_document)
{
    const char *id = statement_column_text(statement, 1);
    const char *sha256 = statement_column_text(statement, 2);

    ret_document->row = statement_column_int(statement, 0);
    snprintf(ret_document->id, sizeof ret_document->id, "%s", id ? id : "");
    snprintf(ret_document->sha256, sizeof ret_document->sha256, "%s", sha256 ? sha256 : "");
    ret_document->page_count = (uint32_t)statement_column_int(statement, 3);
}

int document_of_job(struct library *library, const char *job, struct document *ret_document,
                    struct error *err)
{
    struct statement *get = library_statement(library, STATEMENT_JOB_GET);
    int got;

    statement_text(get, 1, job);
    got = statement_step(get, err);
    if (got > 0) {
        read_row(get, ret_document);
    }
    statement_end(get);
    if (got == 0) {
        return error_set(err, ERROR_NOT_FOUND, "the library has no document of job %s", job);
    }
    return got > 0 ? 0 : -1;
}

/* Lower case; false when name cannot start a UUID. */
static bool fold_prefix(const char *name, char ret_prefix[UUID_TEXT_BYTES])
{
    size_t length = strlen(name);

    if (length >= UUID_TEXT_BYTES) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isxdigit((unsigned char)name[i]) && name[i] != '-') {
            return false;
        }
        ret_prefix[i] = (char)tolower((unsigned char)name[i]);
    }
    ret_prefix[length] = '\0';
    return true;
}

static int find_by_prefix(struct library *library, const char *prefix,
                          struct document *ret_document, struct error *err)
{
    struct statement *find = library_statement(library, STATEMENT_DOCUMENT_FIND);
    char end[UUID_TEXT_BYTES + 1];
    int got;

    snprintf(end, sizeof end, "%s~", prefix); /* past every id that starts with prefix */
    statement_text(find, 1, prefix);
    statement_text(find, 2, end);
    got = statement_step(find, err);
    if (got > 0) {
        read_row(find, ret_document);
        got = statement_step(find, err);
        got = got == 0 ? 1 : got > 0 ? 2 : -1;
    }
    statement_end(find);
    if (got == 2) {
        return error_set(err, ERROR_INVALID,
                         "more than one document's id starts with %s: give more of it", prefix);
    }
    return got;
}

int document_find(struct library *library, const char *name, struct document *ret_document,
                  struct error *err)
{
    struct error local = ERROR_INIT;
    char prefix[UUID_TEXT_BYTES];
    int got;

    if (strlen(name) < DOCUMENT_PREFIX_MIN) {
        return error_set(err, ERROR_INVALID,
                         "\"%s\" is too short for a document: give its id, at least its first %d "
                         "characters, or a job's id",
                         name, DOCUMENT_PREFIX_MIN);
    }
    if (!fold_prefix(name, prefix)) {
        return error_set(err, ERROR_NOT_FOUND,
                         "\"%.60s\" is no document's and no job's id: `ebb jobs` lists them", name);
    }
    if (strlen(prefix) == UUID_TEXT_BYTES - 1) {
        if (document_of_job(library, prefix, ret_document, &local) == 0) {
            return 0;
        }
        if (local.code != ERROR_NOT_FOUND) {
            if (err) {
                *err = local;
            }
            return -1;
        }
    }
    got = find_by_prefix(library, prefix, ret_document, err);
    if (got == 0) {
        return error_set(err, ERROR_NOT_FOUND,
                         "the library has no document %s, and none of a job of that id: `ebb jobs` "
                         "lists what there is",
                         prefix);
    }
    return got > 0 ? 0 : -1;
}
