/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Command-line options as a table.
 *
 * Invariants: argv keeps all its strings, operands first and in their order; an abbreviated name
 * is unknown, so that a new option never changes what an old command line means. Nothing blocks or
 * logs.
 */
#include "common/options.h"

#include <string.h>

#include "common/cleanup.h"
#include "common/parse.h"

typedef int (*store_cb)(const char *text, void *value, struct error *err);

/* Where the parser is in argv. */
struct cursor {
    const struct option *options;
    size_t count;
    int argc;
    char **argv;
    int index; /* of the word being looked at */
    void *target;
};

static int store_flag(const char *text, void *value, struct error *err)
{
    (void)text;
    (void)err;
    *(bool *)value = true;
    return 0;
}

static int store_string(const char *text, void *value, struct error *err)
{
    (void)err;
    *(const char **)value = text;
    return 0;
}

static int store_u64(const char *text, void *value, struct error *err)
{
    return parse_u64(text, 0, UINT64_MAX, value, err);
}

static int store_bytes(const char *text, void *value, struct error *err)
{
    return parse_bytes(text, value, err);
}

static int store_duration(const char *text, void *value, struct error *err)
{
    return parse_duration_ms(text, value, err);
}

static int store_list(const char *text, void *value, struct error *err)
{
    struct option_list *list = value;

    if (list->count >= OPTION_LIST_MAX) {
        return error_set(err, ERROR_LIMIT, "given more than %d times", OPTION_LIST_MAX);
    }
    list->items[list->count++] = text;
    return 0;
}

static const store_cb stores[] = {
    [OPTION_FLAG] = store_flag,   [OPTION_STRING] = store_string,     [OPTION_U64] = store_u64,
    [OPTION_BYTES] = store_bytes, [OPTION_DURATION] = store_duration, [OPTION_LIST] = store_list,
};

static int store(const struct cursor *at, const struct option *option, const char *text,
                 struct error *err)
{
    if (stores[option->type](text, (char *)at->target + option->offset, err) < 0) {
        return error_wrap(err, "option --%s", option->name);
    }
    return 0;
}

/* The word behind the current one, as option's value. */
static int next_word(struct cursor *at, const struct option *option, const char **ret_text,
                     struct error *err)
{
    if (at->index + 1 >= at->argc) {
        return error_set(err, ERROR_INVALID, "option --%s needs %s", option->name,
                         option->argument ? option->argument : "a value");
    }
    *ret_text = at->argv[++at->index];
    return 0;
}

static const struct option *find_name(const struct cursor *at, const char *name, size_t name_bytes)
{
    for (size_t i = 0; i < at->count; i++) {
        if (strncmp(at->options[i].name, name, name_bytes) == 0 &&
            at->options[i].name[name_bytes] == '\0') {
            return &at->options[i];
        }
    }
    return NULL;
}

static const struct option *find_letter(const struct cursor *at, char letter)
{
    for (size_t i = 0; i < at->count; i++) {
        if (at->options[i].letter && at->options[i].letter == letter) {
            return &at->options[i];
        }
    }
    return NULL;
}

/* Names the option that was most likely meant: one that the name abbreviates, else one that
 * differs in less than half of it. */
static int fail_unknown(const struct cursor *at, const char *name, size_t name_bytes,
                        struct error *err)
{
    char given[65];
    size_t given_bytes = name_bytes < sizeof(given) - 1 ? name_bytes : sizeof(given) - 1;
    const struct option *nearest = NULL;
    unsigned nearest_distance = (unsigned)given_bytes / 2 + 1;

    memcpy(given, name, given_bytes);
    given[given_bytes] = '\0';
    for (size_t i = 0; i < at->count && given_bytes > 0; i++) {
        unsigned distance = strncmp(at->options[i].name, given, given_bytes) == 0
                                ? 0
                                : parse_edit_distance(at->options[i].name, given);

        if (distance < nearest_distance) {
            nearest = &at->options[i];
            nearest_distance = distance;
        }
    }
    if (nearest) {
        return error_set(err, ERROR_INVALID, "unknown option --%s; did you mean --%s?", given,
                         nearest->name);
    }
    return error_set(err, ERROR_INVALID, "unknown option --%s", given);
}

/* "--name", "--name=VALUE" or "--name VALUE" at the cursor. */
static int take_long(struct cursor *at, struct error *err)
{
    const char *name = at->argv[at->index] + 2;
    size_t name_bytes = strcspn(name, "=");
    const struct option *option = find_name(at, name, name_bytes);
    const char *text = name[name_bytes] ? name + name_bytes + 1 : NULL;

    if (!option) {
        return fail_unknown(at, name, name_bytes, err);
    }
    if (option->type == OPTION_FLAG && text) {
        return error_set(err, ERROR_INVALID, "option --%s takes no value", option->name);
    }
    if (option->type != OPTION_FLAG && !text && next_word(at, option, &text, err) < 0) {
        return -1;
    }
    return store(at, option, text, err);
}

/* "-x", "-xyz" (flags), "-x VALUE" or "-xVALUE" at the cursor. */
static int take_letters(struct cursor *at, struct error *err)
{
    const char *letters = at->argv[at->index] + 1;

    for (; *letters; letters++) {
        const struct option *option = find_letter(at, *letters);
        const char *text = letters + 1;

        if (!option) {
            return error_set(err, ERROR_INVALID, "unknown option -%c in \"%.60s\"", *letters,
                             at->argv[at->index]);
        }
        if (option->type == OPTION_FLAG) {
            if (store(at, option, NULL, err) < 0) {
                return -1;
            }
            continue;
        }
        if (*text == '\0' && next_word(at, option, &text, err) < 0) {
            return -1;
        }
        return store(at, option, text, err);
    }
    return 0;
}

/* Moves the word at the cursor to place, those between one up. */
static void move_operand(const struct cursor *at, int place)
{
    char *word = at->argv[at->index];

    memmove(at->argv + place + 1, at->argv + place,
            (size_t)(at->index - place) * sizeof(at->argv[0]));
    at->argv[place] = word;
}

int options_parse(const struct option *options, size_t count, int argc, char **argv, void *target,
                  int *ret_operands, struct error *err)
{
    struct cursor at = {options, count, argc, argv, 1, target};
    bool ended = false; /* by "--" */
    int operands = 0;

    for (; at.index < argc; at.index++) {
        const char *word = argv[at.index];

        if (ended || word[0] != '-' || word[1] == '\0') {
            move_operand(&at, ++operands);
        } else if (strcmp(word, "--") == 0) {
            ended = true;
        } else if ((word[1] == '-' ? take_long(&at, err) : take_letters(&at, err)) < 0) {
            return -1;
        }
    }
    *ret_operands = operands;
    return 0;
}

/* The columns of "--name ARGUMENT". */
static int name_columns(const struct option *option)
{
    size_t columns = 2 + strlen(option->name);

    if (option->argument) {
        columns += 1 + strlen(option->argument);
    }
    return (int)columns;
}

void options_print(const struct option *options, size_t count, FILE *out)
{
    int widest = 0;

    for (size_t i = 0; i < count; i++) {
        int columns = name_columns(&options[i]);

        widest = columns > widest ? columns : widest;
    }
    for (size_t i = 0; i < count; i++) {
        const struct option *option = &options[i];

        if (option->letter) {
            fprintf(out, "  -%c, ", option->letter);
        } else {
            fputs("      ", out);
        }
        fprintf(out, "--%s%s%s%*s  %s\n", option->name, option->argument ? " " : "",
                option->argument ? option->argument : "", widest - name_columns(option), "",
                option->help);
    }
}
