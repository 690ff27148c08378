/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any bytes as a question to a small library: it is answered, or refused as what nobody can search
 * for. The first byte says in which mode, and which filters go with it.
 */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "workers/embedding/lexical.h"
#include "workers/index/search.h"
#include "workers/library/library.h"

#define QUESTION_MAX_BYTES 5000

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static char folder[64];
static char answer_path[PATH_MAX];
static struct searcher *searcher;

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

static void put_chunk(struct library *library, int64_t row, const char *text)
{
    struct statement *put = library_statement(library, STATEMENT_CHUNK_PUT);
    static const char *const texts[] = {"[\"Part\"]", "[1]", ""};

    statement_int(put, 1, row);
    statement_text(put, 2, "id");
    statement_int(put, 3, 0);
    statement_int(put, 4, 0);
    statement_text(put, 5, "text");
    statement_int(put, 6, 1);
    statement_int(put, 7, 1);
    for (int i = 0; i < 3; i++) {
        statement_text(put, 8 + i, texts[i]);
    }
    statement_int(put, 11, 0);
    statement_text(put, 12, text);
    statement_int(put, 13, (int64_t)strlen(text));
    statement_int(put, 14, 0);
    statement_text(put, 15, "[[0,1,72,72,300,84]]");
    statement_text(put, 16, text);
    for (int i = 17; i <= 20; i++) {
        statement_int(put, i, 0);
    }
    demand(statement_run(put, NULL) == 0);
    put = library_statement(library, STATEMENT_FTS_PUT);
    statement_int(put, 1, row);
    statement_text(put, 2, text);
    statement_text(put, 3, texts[0]);
    demand(statement_run(put, NULL) == 0);
}

static void clean_up(void)
{
    searcher_close(searcher);
    file_remove_tree(folder, NULL);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const texts[] = {"a walnut table", "the brass lamp and the lamp", "a b c d",
                                        "Caf\xC3\xA9 \xE6\xBC\xA2\xE5\xAD\x97. It is 3.14!"};
    struct searcher_settings settings = {folder, LEXICAL_MODEL, LEXICAL_DIMENSIONS};
    struct library *library;

    (void)argc;
    (void)argv;
    snprintf(folder, sizeof folder, "/tmp/ebb-fuzz-search-XXXXXX");
    demand(mkdtemp(folder) != NULL);
    snprintf(answer_path, sizeof answer_path, "%s/answer", folder);
    library = library_open(folder, 0, NULL);
    demand(library && library_begin(library, false, NULL) == 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put_chunk(library, library_page_row(1, (uint32_t)i + 1), texts[i]);
    }
    demand(library_commit(library, NULL) == 0);
    library_close(library);
    searcher = searcher_open(&settings, NULL);
    demand(searcher != NULL);
    atexit(clean_up);
    return 0;
}

struct question {
    const char *text;
    uint8_t flags;
};

static const char *param(const void *context, const char *key)
{
    const struct question *question = context;

    if (strcmp(key, "mode") == 0) {
        return question->flags & 1 ? "text" : "hybrid";
    }
    if (strcmp(key, "q") == 0 || (strcmp(key, "tag") == 0 && question->flags & 2) ||
        (strcmp(key, "pages") == 0 && question->flags & 4) ||
        (strcmp(key, "since") == 0 && question->flags & 8) ||
        (strcmp(key, "document") == 0 && question->flags & 16)) {
        return question->text;
    }
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    char text[QUESTION_MAX_BYTES + 1];
    struct question question = {text, 0};
    struct search_query query = {.param = param, .context = &question, .answer_path = answer_path};
    struct error err = ERROR_INIT;

    if (size_bytes == 0 || size_bytes > sizeof text) {
        return 0;
    }
    question.flags = data[0];
    memcpy(text, data + 1, size_bytes - 1);
    text[size_bytes - 1] = '\0';
    if (search_query_run(searcher, &query, &err) < 0) {
        demand(err.code == ERROR_INVALID || err.code == ERROR_NOT_FOUND || err.code == ERROR_LIMIT);
    }
    return 0;
}
