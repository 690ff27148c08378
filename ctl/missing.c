/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chunks without a vector.
 *
 * Invariant: a walk ends, whatever the library answers: a page without chunks is the last. Only one
 * page is in memory when programs are told. Blocks while the library searches. Diagnostics:
 * results.h.
 */
#include "ctl/missing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/results.h"
#include "ctl/table.h"

#define PAGE_CHUNKS 1000U

typedef void (*chunk_cb)(void *user, size_t index, const json_t *chunk);

struct walk {
    struct session *session;
    void (*begin)(void *user, const json_t *answer); /* with the first page */
    chunk_cb chunk;
    void *user;
};

/* The page from offset. NULL when that was reported. */
static json_t *ask_page(struct session *session, size_t offset)
{
    char limit[16];
    char from[24];
    const struct results_param params[] = {{"limit", limit}, {"offset", from}};
    const struct results_query query = {.kind = "missing",
                                        .params = params,
                                        .param_count = ARRAY_LEN(params),
                                        .what = "chunks without a vector"};
    char path[PLACE_PATH_BYTES];
    json_error_t why;
    json_t *answer;

    snprintf(limit, sizeof(limit), "%u", PAGE_CHUNKS);
    snprintf(from, sizeof(from), "%zu", offset);
    if (results_ask(session, &query, path) != CTL_EXIT_OK) {
        return NULL;
    }
    answer = json_load_file(path, 0, &why);
    if (!json_is_array(json_object_get(answer, "chunks"))) {
        output_fail(CTL_EXIT_FAILED, NULL, NULL, "the answer is not what was expected: %s",
                    answer ? "it has no chunks" : why.text);
        json_decref(answer);
        return NULL;
    }
    return answer;
}

static enum ctl_exit walk_all(const struct walk *walk)
{
    size_t seen = 0;
    size_t count;

    do {
        json_t *answer = ask_page(walk->session, seen);
        const json_t *chunks = json_object_get(answer, "chunks");
        json_int_t total = json_integer_value(json_object_get(answer, "total"));

        if (!answer) {
            return CTL_EXIT_FAILED;
        }
        if (seen == 0) {
            walk->begin(walk->user, answer);
        }
        count = json_array_size(chunks);
        for (size_t i = 0; i < count; i++) {
            walk->chunk(walk->user, seen + i, json_array_get(chunks, i));
        }
        seen += count;
        count = (json_int_t)seen < total ? count : 0;
        json_decref(answer);
    } while (count > 0 && output_works());
    return CTL_EXIT_OK;
}

/* --- for programs --- */

static void begin_object(void *user, const json_t *answer)
{
    static const char *const keys[] = {"model", "dimensions", "total"};

    (void)user;
    putchar('{');
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const json_t *value = json_object_get(answer, keys[i]);

        printf("\"%s\":", keys[i]);
        if (!value || json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_COMPACT) < 0) {
            fputs("null", stdout);
        }
        putchar(',');
    }
    fputs("\"chunks\":[", stdout);
}

static void put_object(void *user, size_t index, const json_t *chunk)
{
    (void)user;
    if (index > 0) {
        putchar(',');
    }
    json_write(chunk, stdout);
}

/* --- for people --- */

static const struct table_column columns[] = {
    {"DOCUMENT", TABLE_LEFT},
    {"PAGE", TABLE_RIGHT},
    {"CHUNK", TABLE_RIGHT},
    {"NAME", TABLE_GIVES_WAY},
};

static void begin_table(void *user, const json_t *answer)
{
    const char *model = json_string_value(json_object_get(answer, "model"));
    json_int_t total = json_integer_value(json_object_get(answer, "total"));

    (void)user;
    if (total == 0) {
        output_note("every chunk has a vector of %s", model ? model : "the model");
    } else {
        output_note("%" JSON_INTEGER_FORMAT " chunk%s no vector of %s", total,
                    total == 1 ? " has" : "s have", model ? model : "the model");
    }
}

static void put_row(void *user, size_t index, const json_t *chunk)
{
    struct table *table = user;

    (void)index;
    table_text(table, json_string_value(json_object_get(chunk, "document_id")));
    table_number(table, (uint64_t)json_integer_value(json_object_get(chunk, "page")));
    table_number(table, (uint64_t)json_integer_value(json_object_get(chunk, "ordinal")));
    table_text(table, json_string_value(json_object_get(chunk, "document")));
}

enum ctl_exit missing_print(struct session *session, bool json)
{
    struct walk walk = {.session = session, .begin = begin_object, .chunk = put_object};
    struct table *table = NULL;
    enum ctl_exit code;

    if (!json) {
        table = table_create(columns, ARRAY_LEN(columns));
        walk = (struct walk){
            .session = session, .begin = begin_table, .chunk = put_row, .user = table};
    }
    code = walk_all(&walk);
    if (json && code == CTL_EXIT_OK) {
        puts("]}");
    } else if (table && table_rows(table) > 0) {
        table_print(table, stdout, output_is_terminal(stdout) ? output_columns(stdout) : 0);
    }
    table_destroy(table);
    return code;
}
