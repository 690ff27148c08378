/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading the script and matching its rules.
 *
 * A line is a list of words key=value. Every key is known and every value has its type, so that a
 * slip in a test's script is an error and not a fault that never happens.
 */
#include "tests/fake/fake_script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/parse.h"
#include "tests/fake/fake_actions.h"

#define SCRIPT_MAX_BYTES 65536
#define WORDS_MAX 24
#define RULES_MAX 256

struct fake_rule {
    enum fake_moment moment;
    bool is_default; /* a line without "on" */
    size_t count;
    struct {
        const char *key;
        const char *value;
    } words[WORDS_MAX]; /* point into the script's text */
};

struct fake_script {
    struct buf text;
    struct fake_rule rules[RULES_MAX];
    size_t count;
};

enum key_kind { KEY_TEXT, KEY_NUMBER };

static const struct {
    const char *name;
    enum key_kind kind;
} keys[] = {
    /* when */
    {"on", KEY_TEXT},
    {"class", KEY_TEXT},
    {"stage", KEY_TEXT},
    {"step", KEY_TEXT},
    {"first", KEY_NUMBER},
    {"last", KEY_NUMBER},
    {"covers", KEY_NUMBER},
    {"item", KEY_NUMBER},
    {"attempt", KEY_NUMBER},
    {"nth", KEY_NUMBER},
    {"once", KEY_TEXT},
    /* what */
    {"action", KEY_TEXT},
    {"code", KEY_TEXT},
    {"retryable", KEY_NUMBER},
    {"text", KEY_TEXT},
    {"exit", KEY_NUMBER},
    {"mib", KEY_NUMBER},
    {"ms", KEY_NUMBER},
    {"count", KEY_NUMBER},
    {"bytes", KEY_NUMBER},
    {"number", KEY_NUMBER},
    {"keep_channel", KEY_NUMBER},
    {"counts", KEY_TEXT},
    {"units", KEY_TEXT},
    {"failures", KEY_TEXT},
    {"warnings", KEY_TEXT},
    {"document", KEY_TEXT},
    {"path", KEY_TEXT},
    /* how the work goes that no rule touches */
    {"pages", KEY_NUMBER},
    {"unit", KEY_NUMBER},
    {"page_ms", KEY_NUMBER},
    {"page_bytes", KEY_NUMBER},
    {"init_ms", KEY_NUMBER},
    {"ocr", KEY_NUMBER},
    {"ocr_size", KEY_NUMBER},
    {"assemble", KEY_NUMBER},
};

static const char *const moment_names[] = {
#define FAKE_MOMENT_NAME(symbol, name) [FAKE_MOMENT_##symbol] = (name),
    FAKE_MOMENT_LIST(FAKE_MOMENT_NAME)
#undef FAKE_MOMENT_NAME
};

static int find_moment(const char *name, enum fake_moment *ret_moment, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(moment_names); i++) {
        if (strcmp(moment_names[i], name) == 0) {
            *ret_moment = (enum fake_moment)i;
            return 0;
        }
    }
    return error_set(err, ERROR_INVALID, "there is no moment on=%s", name);
}

static int check_word(const char *key, const char *value, struct error *err)
{
    uint64_t number;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(keys[i].name, key) == 0) {
            return keys[i].kind == KEY_TEXT ? 0 : parse_u64(value, 0, UINT64_MAX, &number, err);
        }
    }
    return error_set(err, ERROR_INVALID, "there is no key %s", key);
}

const char *fake_rule_text(const struct fake_rule *rule, const char *key, const char *fallback)
{
    for (size_t i = 0; i < rule->count; i++) {
        if (strcmp(rule->words[i].key, key) == 0) {
            return rule->words[i].value;
        }
    }
    return fallback;
}

uint64_t fake_rule_number(const struct fake_rule *rule, const char *key, uint64_t fallback)
{
    const char *text = fake_rule_text(rule, key, NULL);

    return text ? strtoull(text, NULL, 10) : fallback; /* check_word has seen it */
}

static int read_words(struct fake_rule *rule, char *line, struct error *err)
{
    char *word;

    while ((word = strsep(&line, " \t"))) {
        char *value = strchr(word, '=');

        if (word[0] == '\0') {
            continue;
        }
        if (!value || rule->count == WORDS_MAX) {
            return error_set(err, ERROR_INVALID, "%s is not key=value, or one too many", word);
        }
        *value++ = '\0';
        if (check_word(word, value, err) < 0) {
            return -1;
        }
        rule->words[rule->count].key = word;
        rule->words[rule->count].value = value;
        rule->count++;
    }
    return 0;
}

static int read_line(struct fake_script *script, char *line, struct error *err)
{
    struct fake_rule *rule = &script->rules[script->count];
    const char *moment;

    if (line[0] == '#' || line[strspn(line, " \t")] == '\0') {
        return 0;
    }
    if (script->count == RULES_MAX) {
        return error_set(err, ERROR_INVALID, "more than %d rules", RULES_MAX);
    }
    if (read_words(rule, line, err) < 0) {
        return -1;
    }
    script->count++;
    moment = fake_rule_text(rule, "on", NULL);
    rule->is_default = moment == NULL;
    if (rule->is_default) {
        return 0;
    }
    if (find_moment(moment, &rule->moment, err) < 0) {
        return -1;
    }
    return fake_action_check(fake_rule_text(rule, "action", ""), rule->moment, err);
}

struct fake_script *fake_script_read(const char *path, struct error *err)
{
    struct fake_script *script = calloc(1, sizeof(*script));
    char *rest;
    char *line;
    unsigned number = 0;

    if (!script) {
        error_set(err, ERROR_MEMORY, "no memory for a script");
        return NULL;
    }
    buf_init(&script->text, SCRIPT_MAX_BYTES);
    if (file_read(path, SCRIPT_MAX_BYTES, &script->text, err) < 0 ||
        !buf_cstr(&script->text, err)) {
        fake_script_destroy(script);
        return NULL;
    }
    rest = (char *)script->text.data;
    while ((line = strsep(&rest, "\n"))) {
        number++;
        if (read_line(script, line, err) < 0) {
            error_wrap(err, "%s:%u", path, number);
            fake_script_destroy(script);
            return NULL;
        }
    }
    return script;
}

void fake_script_destroy(struct fake_script *script)
{
    if (script) {
        buf_deinit(&script->text);
        free(script);
    }
}

const char *fake_script_text(const struct fake_script *script, const char *key,
                             const char *fallback)
{
    for (size_t i = 0; script && i < script->count; i++) {
        const char *text = fake_rule_text(&script->rules[i], key, NULL);

        if (script->rules[i].is_default && text) {
            return text;
        }
    }
    return fallback;
}

uint64_t fake_script_number(const struct fake_script *script, const char *key, uint64_t fallback)
{
    const char *text = fake_script_text(script, key, NULL);

    return text ? strtoull(text, NULL, 10) : fallback;
}

static bool text_fits(const struct fake_rule *rule, const char *key, const char *now)
{
    return strcmp(fake_rule_text(rule, key, now), now) == 0;
}

static bool number_fits(const struct fake_rule *rule, const char *key, uint64_t now)
{
    return fake_rule_number(rule, key, now) == now;
}

static bool unit_fits(const struct fake_rule *rule, const struct fake_now *now)
{
    uint64_t covers = fake_rule_number(rule, "covers", now->first);

    return !rule->is_default && rule->moment == now->moment &&
           text_fits(rule, "class", now->class_name) && text_fits(rule, "stage", now->stage) &&
           text_fits(rule, "step", now->step) && number_fits(rule, "first", now->first) &&
           number_fits(rule, "last", now->last) && covers >= now->first && covers <= now->last &&
           number_fits(rule, "attempt", now->attempt) && number_fits(rule, "nth", now->nth);
}

/* Of all processes that look, one makes the marker. */
static bool first_time(const struct fake_rule *rule)
{
    const char *marker = fake_rule_text(rule, "once", NULL);
    int fd;

    if (!marker) {
        return true;
    }
    fd = open(marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    } else if (errno != EEXIST) {
        fprintf(stderr, "ebb-fake: once=%s: %s\n", marker, strerror(errno));
    }
    return fd >= 0;
}

const struct fake_rule *fake_script_next(const struct fake_script *script,
                                         const struct fake_now *now, size_t *cursor)
{
    while (script && *cursor < script->count) {
        const struct fake_rule *rule = &script->rules[(*cursor)++];

        if (unit_fits(rule, now) && number_fits(rule, "item", now->item) && first_time(rule)) {
            return rule;
        }
    }
    return NULL;
}
