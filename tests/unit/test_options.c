/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/options: each form of each type, operands between options, errors with a suggestion.
 */
#include "common/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct values {
    bool verbose;
    bool quiet;
    const char *state_dir;
    uint64_t workers;
    uint64_t memory_bytes;
    uint64_t timeout_ms;
    struct option_list settings;
};

static const struct option options[] = {
    {"verbose", 'v', OPTION_FLAG, NULL, "say more", offsetof(struct values, verbose)},
    {"quiet", 'q', OPTION_FLAG, NULL, "say less", offsetof(struct values, quiet)},
    {"state-dir", 'd', OPTION_STRING, "FOLDER", "where state is",
     offsetof(struct values, state_dir)},
    {"workers", 'w', OPTION_U64, "COUNT", "how many", offsetof(struct values, workers)},
    {"memory", 0, OPTION_BYTES, "SIZE", "how much", offsetof(struct values, memory_bytes)},
    {"timeout", 0, OPTION_DURATION, "TIME", "how long", offsetof(struct values, timeout_ms)},
    {"set", 's', OPTION_LIST, "KEY=VALUE", "change a setting", offsetof(struct values, settings)},
};
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static struct values values;
static struct error err;
static char *words[200];
static int word_count;
static int operands;

static void release(void)
{
    while (word_count > 0) {
        free(words[--word_count]);
    }
}

TestSuite(options, .fini = release);

/* The words up to NULL, behind a program's name. */
static int parse(const char *const *texts)
{
    int argc = 1;

    release();
    memset(&values, 0, sizeof(values));
    memset(&err, 0, sizeof(err));
    operands = -1;
    words[0] = strdup("ebb");
    for (; texts[argc - 1]; argc++) {
        words[argc] = strdup(texts[argc - 1]);
    }
    words[argc] = NULL;
    word_count = argc;
    return options_parse(options, OPTION_COUNT, argc, words, &values, &operands, &err);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

Test(options, nothing)
{
    cr_assert_eq(PARSE(NULL), 0);
    cr_assert_eq(operands, 0);
    cr_assert(!values.verbose);
}

Test(options, long_forms)
{
    cr_assert_eq(PARSE("--verbose", "--state-dir", "/a", "--workers=3", "--memory", "1.5G",
                       "--timeout=5min", "--set", "a=1", "--set=b=2"),
                 0, "%s", err.msg);
    cr_assert(values.verbose);
    cr_assert(!values.quiet);
    cr_assert_str_eq(values.state_dir, "/a");
    cr_assert_eq(values.workers, 3);
    cr_assert_eq(values.memory_bytes, UINT64_C(1536) << 20);
    cr_assert_eq(values.timeout_ms, 300000);
    cr_assert_eq(values.settings.count, 2);
    cr_assert_str_eq(values.settings.items[0], "a=1");
    cr_assert_str_eq(values.settings.items[1], "b=2");
    cr_assert_eq(operands, 0);
}

Test(options, letters)
{
    cr_assert_eq(PARSE("-v", "-w", "4", "-d/x", "-s", "k"), 0, "%s", err.msg);
    cr_assert(values.verbose);
    cr_assert_eq(values.workers, 4);
    cr_assert_str_eq(values.state_dir, "/x");
    cr_assert_eq(values.settings.count, 1);
    cr_assert_eq(PARSE("-vqw5"), 0, "%s", err.msg);
    cr_assert(values.verbose && values.quiet);
    cr_assert_eq(values.workers, 5);
}

Test(options, operands_move_to_the_front_in_order)
{
    cr_assert_eq(PARSE("submit", "-v", "a.pdf", "--workers", "2", "-", "--", "--quiet", "-x"), 0);
    cr_assert_eq(operands, 5);
    cr_assert_str_eq(words[0], "ebb");
    cr_assert_str_eq(words[1], "submit");
    cr_assert_str_eq(words[2], "a.pdf");
    cr_assert_str_eq(words[3], "-");
    cr_assert_str_eq(words[4], "--quiet");
    cr_assert_str_eq(words[5], "-x");
    cr_assert_str_eq(words[6], "-v");
    cr_assert_str_eq(words[9], "--");
    cr_assert_null(words[10]);
    cr_assert(!values.quiet);
    cr_assert_eq(values.workers, 2);
}

Test(options, values_may_look_like_options)
{
    cr_assert_eq(PARSE("--state-dir", "--verbose", "--set=", "-d", "--"), 0, "%s", err.msg);
    cr_assert_str_eq(values.state_dir, "--");
    cr_assert(!values.verbose);
    cr_assert_str_eq(values.settings.items[0], "");
}

Test(options, the_last_value_counts)
{
    cr_assert_eq(PARSE("-w1", "--workers=2"), 0);
    cr_assert_eq(values.workers, 2);
}

Test(options, unknown_ones_get_a_suggestion)
{
    static const struct {
        const char *given;
        const char *message;
    } rows[] = {
        {"--verbos", "unknown option --verbos; did you mean --verbose?"},
        {"--verb", "unknown option --verb; did you mean --verbose?"},
        {"--worker=3", "unknown option --worker; did you mean --workers?"},
        {"--sate-dir", "unknown option --sate-dir; did you mean --state-dir?"},
        {"--Quiet", "unknown option --Quiet; did you mean --quiet?"},
        {"--entirely-else", "unknown option --entirely-else"},
        {"--=x", "unknown option --"},
        {"-x", "unknown option -x in \"-x\""},
        {"-vx", "unknown option -x in \"-vx\""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_eq(PARSE(rows[i].given), -1, "%s", rows[i].given);
        cr_assert_eq(err.code, ERROR_INVALID);
        cr_assert_str_eq(err.msg, rows[i].message);
        cr_assert_eq(operands, -1);
    }
}

Test(options, a_very_long_unknown_name)
{
    char name[1000] = "--";

    memset(name + 2, 'x', sizeof(name) - 3);
    name[sizeof(name) - 1] = '\0';
    cr_assert_eq(PARSE(name), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
}

Test(options, wrong_use_is_named)
{
    static const struct {
        const char *given;
        const char *message;
    } rows[] = {
        {"--workers", "option --workers needs COUNT"},
        {"-d", "option --state-dir needs FOLDER"},
        {"--verbose=yes", "option --verbose takes no value"},
        {"--workers=x",
         "option --workers: expected a whole number from 0 to 18446744073709551615, not \"x\""},
        {"--memory=-1", "option --memory: expected a size such as 4096, 512M or 1.5G, not \"-1\""},
        {"--timeout=",
         "option --timeout: expected a duration such as 250ms, 30s, 5min, 1h or 2d, not \"\""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_eq(PARSE(rows[i].given), -1, "%s", rows[i].given);
        cr_assert_eq(err.code, ERROR_INVALID);
        cr_assert_str_eq(err.msg, rows[i].message);
    }
}

Test(options, a_list_has_an_end)
{
    const char *texts[OPTION_LIST_MAX + 2];

    for (size_t i = 0; i <= OPTION_LIST_MAX; i++) {
        texts[i] = "-sk";
    }
    texts[OPTION_LIST_MAX] = NULL;
    cr_assert_eq(parse(texts), 0);
    cr_assert_eq(values.settings.count, OPTION_LIST_MAX);
    texts[OPTION_LIST_MAX] = "-sk";
    texts[OPTION_LIST_MAX + 1] = NULL;
    cr_assert_eq(parse(texts), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
}

Test(options, no_arguments_at_all)
{
    char *none[] = {NULL};

    cr_assert_eq(options_parse(options, OPTION_COUNT, 0, none, &values, &operands, &err), 0);
    cr_assert_eq(operands, 0);
}

Test(options, help_is_aligned)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    options_print(options, 3, out);
    fclose(out);
    cr_assert_str_eq(text, "  -v, --verbose           say more\n"
                           "  -q, --quiet             say less\n"
                           "  -d, --state-dir FOLDER  where state is\n");
    free(text);
}
