/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a search found.
 *
 * Invariant: nothing of a document reaches a terminal uncleaned; words that matched are bold there,
 * and nothing marks them elsewhere. Blocks on the disk and on who reads us. Diagnostics: a line for
 * each warning of the answer, and one when nothing was found.
 */
#include "ctl/search_view.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "ctl/output.h"
#include "ctl/text.h"

#define SNIPPET_BYTES_MAX (1U << 20)
#define PAGE_TEXT_BYTES 32

/* PROTOCOL.md: a word that matched is between the first and the second. */
#define MATCH_MARKS "\x02\x03"

#define BLANKS " \t\r\n\f"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

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

static void print_place(size_t number, const json_t *result)
{
    const char *label = text_of(result, "label");
    char page[PAGE_TEXT_BYTES];

    snprintf(page, sizeof(page), "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(result, "page")));
    printf("%2zu. %s", number, output_style(stdout, STYLE_BOLD));
    output_line_text(stdout, text_of(result, "document"));
    printf("%s, page %s", output_style(stdout, STYLE_PLAIN), page);
    if (label[0] && strcmp(label, page) != 0) {
        fputs(" (", stdout);
        output_line_text(stdout, label);
        putchar(')');
    }
    printf("  %s", output_style(stdout, STYLE_DIM));
    output_line_text(stdout, text_of(result, "document_id"));
    printf("%s\n", output_style(stdout, STYLE_PLAIN));
}

/* From the outermost heading to the nearest. */
static void print_headings(const json_t *headings)
{
    size_t count = json_array_size(headings);

    for (size_t i = 0; i < count; i++) {
        const char *heading = json_string_value(json_array_get(headings, i));

        fputs(i == 0 ? "    " : " > ", stdout);
        fputs(i == 0 ? output_style(stdout, STYLE_DIM) : "", stdout);
        print_words(heading ? heading : "", heading ? strlen(heading) : 0);
    }
    if (count > 0) {
        printf("%s\n", output_style(stdout, STYLE_PLAIN));
    }
}

static void print_image(const json_t *image)
{
    const char *caption = text_of(image, "caption");

    if (!json_is_object(image)) {
        return;
    }
    fputs("    image ", stdout);
    output_line_text(stdout, text_of(image, "file"));
    printf(", %" JSON_INTEGER_FORMAT " x %" JSON_INTEGER_FORMAT " px",
           json_integer_value(json_object_get(image, "width_px")),
           json_integer_value(json_object_get(image, "height_px")));
    if (caption[0]) {
        fputs(": ", stdout);
        print_words(caption, strlen(caption));
    }
    putchar('\n');
}

/* The score, and the place in each of the lists that it is made of. */
static void print_scores(const json_t *result)
{
    static const struct {
        const char *key, *name;
    } ranks[] = {
        {"text_rank", "by words"}, {"vector_rank", "by vectors"}, {"image_rank", "by image"}};

    printf("    %sscore %.4f", output_style(stdout, STYLE_DIM),
           json_number_value(json_object_get(result, "score")));
    for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
        const json_t *rank = json_object_get(result, ranks[i].key);

        if (json_is_integer(rank)) {
            printf(", no. %" JSON_INTEGER_FORMAT " %s", json_integer_value(rank), ranks[i].name);
        }
    }
    fputs("  ", stdout);
    output_line_text(stdout, text_of(result, "chunk_id"));
    printf("%s\n", output_style(stdout, STYLE_PLAIN));
}

static void print_result(size_t number, const json_t *result, bool verbose)
{
    const char *snippet = text_of(result, "snippet");

    print_place(number, result);
    print_headings(json_object_get(result, "headings"));
    print_image(json_object_get(result, "image"));
    if (snippet[0]) {
        print_snippet(snippet);
    }
    if (verbose) {
        print_scores(result);
    }
}

static void note_warnings(const json_t *warnings)
{
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        const char *warning = json_string_value(json_array_get(warnings, i));

        output_note("warning: %s", warning ? warning : "");
    }
}

enum ctl_exit search_view_print(const char *path, bool verbose)
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
    note_warnings(json_object_get(answer, "warnings"));
    for (size_t i = 0; i < count && output_works(); i++) {
        print_result(i + 1, json_array_get(results, i), verbose);
    }
    if (count == 0) {
        output_note("nothing was found");
    }
    json_decref(answer);
    return CTL_EXIT_OK;
}
