/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb search: which pages of which documents have the words.
 *
 * Blocks while the library searches. Diagnostics: session.h, results.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/results.h"
#include "ctl/text.h"

#define QUESTION_BYTES_MAX 65535U
#define SNIPPET_BYTES_MAX (1U << 20)
#define RESULTS_DEFAULT 10

struct search_values {
    struct common_values common;
    uint64_t k;
    const char *document;
};

/* PROTOCOL.md: a word that matched is between the first and the second. */
#define MATCH_MARKS "\x02\x03"

#define BLANKS " \t\r\n\f"

/* Text in one line: line ends and runs of blanks are one blank. */
static void print_words(const char *text, size_t size_bytes)
{
    struct buf line;
    size_t at = 0;

    buf_init(&line, SNIPPET_BYTES_MAX);
    while (at < size_bytes) {
        size_t blanks = strspn(text + at, BLANKS);
        size_t word;

        blanks = blanks < size_bytes - at ? blanks : size_bytes - at;
        at += blanks;
        word = strcspn(text + at, BLANKS);
        word = word < size_bytes - at ? word : size_bytes - at;
        if ((blanks > 0 && buf_append_str(&line, " ", NULL) < 0) ||
            text_append_line(&line, text + at, word, 0, NULL) < 0) {
            break;
        }
        at += word;
    }
    if (line.size > 0) {
        fwrite(line.data, 1, line.size, stdout);
    }
    buf_deinit(&line);
}

/* A snippet in one line, its matches marked. */
static void print_snippet(const char *snippet)
{
    fputs("    ", stdout);
    while (*snippet) {
        size_t length = strcspn(snippet, MATCH_MARKS);

        print_words(snippet, length);
        snippet += length;
        if (*snippet == MATCH_MARKS[0]) {
            fputs(output_style(stdout, STYLE_BOLD), stdout);
            fputs(output_style(stdout, STYLE_GOOD), stdout);
        } else if (*snippet) {
            fputs(output_style(stdout, STYLE_PLAIN), stdout);
        }
        snippet += *snippet != '\0';
    }
    fputs(output_style(stdout, STYLE_PLAIN), stdout);
    putchar('\n');
}

static const char *text_of(const json_t *result, const char *key)
{
    const char *text = json_string_value(json_object_get(result, key));

    return text ? text : "";
}

static void print_result(size_t number, const json_t *result)
{
    const char *label = text_of(result, "label");
    json_int_t page = json_integer_value(json_object_get(result, "page"));
    char page_text[32];

    snprintf(page_text, sizeof(page_text), "%" JSON_INTEGER_FORMAT, page);
    printf("%2zu. %s", number, output_style(stdout, STYLE_BOLD));
    output_line_text(stdout, text_of(result, "document"));
    printf("%s, page %s", output_style(stdout, STYLE_PLAIN), page_text);
    if (label[0] && strcmp(label, page_text) != 0) {
        fputs(" (", stdout);
        output_line_text(stdout, label);
        putchar(')');
    }
    printf("  %s", output_style(stdout, STYLE_DIM));
    output_line_text(stdout, text_of(result, "document_id"));
    printf("%s\n", output_style(stdout, STYLE_PLAIN));
    print_snippet(text_of(result, "snippet"));
}

static enum ctl_exit print_results(const char *path)
{
    json_error_t problem;
    json_t *answer = json_load_file(path, 0, &problem);
    const json_t *results = json_object_get(answer, "results");
    size_t count = json_array_size(results);

    if (!json_is_array(results)) {
        output_fail(CTL_EXIT_FAILED, NULL, NULL, "the answer is not what was expected: %s",
                    answer ? "it has no results" : problem.text);
        json_decref(answer);
        return CTL_EXIT_FAILED;
    }
    for (size_t i = 0; i < count && output_works(); i++) {
        print_result(i + 1, json_array_get(results, i));
    }
    if (count == 0) {
        output_note("no page has all of these words");
    }
    json_decref(answer);
    return CTL_EXIT_OK;
}

static int join(char **words, int count, struct buf *out, struct error *err)
{
    for (int i = 0; i < count; i++) {
        if ((i > 0 && buf_append_str(out, " ", err) < 0) ||
            buf_append_str(out, words[i], err) < 0) {
            return -1;
        }
    }
    return buf_cstr(out, err) ? 0 : -1;
}

static enum ctl_exit search(struct session *session, const struct search_values *values,
                            const char *words)
{
    char k[24];
    const struct results_param params[] = {{"q", words}, {"k", k}, {"document", values->document}};
    const struct results_query query = {
        .kind = "search", .params = params, .param_count = ARRAY_LEN(params), .what = "search"};
    char path[PLACE_PATH_BYTES];
    enum ctl_exit code;

    snprintf(k, sizeof(k), "%" PRIu64, values->k);
    code = results_ask(session, &query, path);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (!values->common.json) {
        return print_results(path);
    }
    code = results_print(path);
    if (!output_is_terminal(stdout)) {
        putchar('\n');
    }
    return code;
}

static enum ctl_exit run_search(const struct invocation *invocation)
{
    const struct search_values *values = invocation->values;
    struct session session;
    struct error err = ERROR_INIT;
    struct buf words;
    enum ctl_exit code;

    buf_init(&words, QUESTION_BYTES_MAX);
    if (join(invocation->operands, invocation->operand_count, &words, &err) < 0) {
        code = output_fail(CTL_EXIT_USAGE, &err, "search for less", "search");
    } else {
        code = session_open(&session, &values->common, SESSION_EITHER);
        if (code == CTL_EXIT_OK) {
            code = session_close(&session, search(&session, values, (const char *)words.data));
        }
    }
    buf_deinit(&words);
    return code;
}

#define SEARCH_AT(member) offsetof(struct search_values, member)

static const struct option search_options[] = {
    {"k", 'k', OPTION_U64, "COUNT", "so many results at most (10)", SEARCH_AT(k)},
    {"document", 'd', OPTION_STRING, "ID", "only in this document", SEARCH_AT(document)},
    OPTION_ROW_JSON(struct search_values),
    OPTION_ROW_SOCKET(struct search_values),
    OPTION_ROW_STATE(struct search_values),
    OPTION_ROW_HELP(struct search_values),
};

static const struct search_values search_defaults = {.k = RESULTS_DEFAULT};

const struct command command_search = {
    .name = "search",
    .operands = "WORDS...",
    .summary = "Find pages that have all of the words",
    .details =
        "\"a phrase\" in quotes is looked for as it is; a * after a word stands for any end.",
    .options = search_options,
    .option_count = ARRAY_LEN(search_options),
    .defaults = &search_defaults,
    .values_bytes = sizeof(struct search_values),
    .operands_min = 1,
    .operands_max = OPERANDS_ANY,
    .run = run_search,
};
