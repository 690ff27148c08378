/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb search: asks the library with words, with an image, or with both.
 *
 * Invariant: the image is asked about in a copy in the daemon's incoming folder, which is gone
 * afterwards. Blocks while the library searches. Diagnostics: session.h, results.h, search_view.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/parse.h"
#include "ctl/chunk_options.h"
#include "ctl/commands.h"
#include "ctl/incoming.h"
#include "ctl/output.h"
#include "ctl/results.h"
#include "ctl/search_view.h"

#define QUESTION_BYTES_MAX 65535U
#define RESULTS_DEFAULT 10
#define RANGES_MAX 256

struct search_values {
    struct common_values common;
    uint64_t k;
    const char *document, *pages;
    const char *since, *until;
    const char *mode;
    const char *image;
    struct option_list tags;
    bool verbose;
};

struct search {
    const struct search_values *values;
    struct session session;
    struct buf words;
    char *tags; /* NULL where there are none */
};

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

static enum ctl_exit ask_and_print(struct search *search, const char *image)
{
    const struct search_values *values = search->values;
    const char *words = search->words.size > 0 ? (const char *)search->words.data : NULL;
    char k[24];
    const struct results_param params[] = {
        {"q", words},
        {"k", k},
        {"document", values->document},
        {"pages", values->pages},
        {"since", values->since},
        {"until", values->until},
        {"tag", search->tags},
        {"mode", values->mode},
        {"image", image},
    };
    const struct results_query query = {
        .kind = "search", .params = params, .param_count = ARRAY_LEN(params), .what = "search"};
    char path[PLACE_PATH_BYTES];
    enum ctl_exit code;

    snprintf(k, sizeof(k), "%" PRIu64, values->k);
    code = results_ask(&search->session, &query, path);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (!values->common.json) {
        return search_view_print(path, values->verbose);
    }
    code = results_print(path);
    if (!output_is_terminal(stdout)) {
        putchar('\n');
    }
    return code;
}

static enum ctl_exit ask_with_image(struct search *search)
{
    char state_folder[PLACE_PATH_BYTES];
    struct incoming copy;
    struct error err = ERROR_INIT;
    enum ctl_exit code = session_state_folder(&search->session, state_folder, sizeof(state_folder));

    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (incoming_put(state_folder, search->values->image, &copy, &err) < 0) {
        return err.code == ERROR_CANCELLED
                   ? session_fail(&search->session, &err, "search", NULL)
                   : output_fail(CTL_EXIT_FAILED, &err,
                                 err.sys_errno == EACCES ? "see who may read and write there"
                                                         : NULL,
                                 "%s", search->values->image);
    }
    code = ask_and_print(search, copy.name);
    incoming_remove(&copy);
    return code;
}

static enum ctl_exit check_mode(const char *mode)
{
    static const char *const modes[] = {"hybrid", "text", "vector"};

    for (size_t i = 0; mode && i < ARRAY_LEN(modes); i++) {
        mode = strcmp(mode, modes[i]) == 0 ? NULL : mode;
    }
    return mode ? output_fail(CTL_EXIT_USAGE, NULL, "it is one of hybrid, text and vector",
                              "search: --mode: unknown mode \"%.40s\"", mode)
                : CTL_EXIT_OK;
}

/* What the command line asks for, checked, but for what only the library can. */
static enum ctl_exit prepare(struct search *search, const struct invocation *invocation)
{
    const struct search_values *values = search->values;
    struct parse_range ranges[RANGES_MAX];
    struct error err = ERROR_INIT;
    size_t count;

    if (invocation->operand_count == 0 && !values->image) {
        return output_fail(CTL_EXIT_USAGE, NULL, "`ebb search --help` shows how",
                           "search: WORDS or --image is missing");
    }
    if (join(invocation->operands, invocation->operand_count, &search->words, &err) < 0) {
        return output_fail(CTL_EXIT_USAGE, &err, "search for less", "search");
    }
    if (values->pages && parse_ranges(values->pages, ranges, RANGES_MAX, &count, &err) < 0) {
        return output_fail(CTL_EXIT_USAGE, &err, "for example --pages 3-7,12", "search: --pages");
    }
    if (values->tags.count > 0) {
        search->tags = chunk_options_join_tags(&values->tags, &err);
        if (!search->tags) {
            return output_fail(CTL_EXIT_USAGE, &err, NULL, "search: --tag");
        }
    }
    return check_mode(values->mode);
}

static enum ctl_exit run_search(const struct invocation *invocation)
{
    struct search search = {.values = invocation->values};
    enum ctl_exit code;

    buf_init(&search.words, QUESTION_BYTES_MAX);
    code = prepare(&search, invocation);
    if (code == CTL_EXIT_OK) {
        code = session_open(&search.session, &search.values->common, SESSION_EITHER);
        if (code == CTL_EXIT_OK) {
            code =
                session_close(&search.session, search.values->image ? ask_with_image(&search)
                                                                    : ask_and_print(&search, NULL));
        }
    }
    free(search.tags);
    buf_deinit(&search.words);
    return code;
}

#define SEARCH_AT(member) offsetof(struct search_values, member)

static const struct option search_options[] = {
    {"image", 'i', OPTION_STRING, "FILE", "find what looks like this picture", SEARCH_AT(image)},
    {"k", 'k', OPTION_U64, "COUNT", "so many results at most (10)", SEARCH_AT(k)},
    {"document", 'd', OPTION_STRING, "ID", "only in this document", SEARCH_AT(document)},
    {"pages", 'p', OPTION_STRING, "RANGES", "only on these pages, such as 3-7,12",
     SEARCH_AT(pages)},
    {"since", 0, OPTION_STRING, "TIME", "only documents added then or later, such as 2026-01-31",
     SEARCH_AT(since)},
    {"until", 0, OPTION_STRING, "TIME", "only documents added before", SEARCH_AT(until)},
    {"tag", 't', OPTION_LIST, "TAG", "only documents with this tag; repeated: with all of them",
     SEARCH_AT(tags)},
    {"mode", 0, OPTION_STRING, "MODE", "hybrid (default), text (words), vector (meaning)",
     SEARCH_AT(mode)},
    {"verbose", 'v', OPTION_FLAG, NULL, "say how each result came to its place",
     SEARCH_AT(verbose)},
    OPTION_ROW_JSON(struct search_values),
    OPTION_ROW_SOCKET(struct search_values),
    OPTION_ROW_STATE(struct search_values),
    OPTION_ROW_HELP(struct search_values),
};

static const struct search_values search_defaults = {.k = RESULTS_DEFAULT};

const struct command command_search = {
    .name = "search",
    .operands = "[WORDS...]",
    .summary = "Find what answers a question, or looks like a picture",
    .details =
        "Any of the words may be there; the rarer they are and the more of them, the better.\n"
        "\"a phrase\" in quotes must be there as it is; a * after a word stands for any end.",
    .options = search_options,
    .option_count = ARRAY_LEN(search_options),
    .defaults = &search_defaults,
    .values_bytes = sizeof(struct search_values),
    .operands_max = OPERANDS_ANY,
    .run = run_search,
};
