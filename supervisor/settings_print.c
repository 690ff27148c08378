/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Settings, for people: the configuration in force, the list of all options, what a reload
 * changed. Nothing here fails or logs; a stream that cannot be written to is its owner's matter.
 */
#include "supervisor/settings.h"

#include <inttypes.h>
#include <string.h>

#include "supervisor/settings_table.h"

#define VALUE_BYTES SETTINGS_PATH_BYTES

void settings_print(const struct settings *settings, FILE *out)
{
    const char *section = "";
    char value[VALUE_BYTES];

    for (size_t i = 0; i < settings_row_count; i++) {
        const struct settings_row *row = &settings_rows[i];

        if (strcmp(row->section, section) != 0) {
            fprintf(out, "%s[%s]\n", section[0] ? "\n" : "", row->section);
            section = row->section;
        }
        settings_row_format(row, settings, value, sizeof(value));
        fprintf(out, "%s = %s\n", row->key, value);
    }
    for (size_t i = 0; i < settings->class_count; i++) {
        const struct settings_class *class = &settings->classes[i];

        fprintf(out, "\n[class.%s]\n", class->name);
        for (size_t j = 0; j < settings_class_row_count; j++) {
            settings_row_format(&settings_class_rows[j], class, value, sizeof(value));
            fprintf(out, "%s = %s\n", settings_class_rows[j].key, value);
        }
        for (size_t j = 0; j < class->option_count; j++) {
            fprintf(out, "option.%s = %s\n", class->options[j].key, class->options[j].value);
        }
    }
}

/* --- help --- */

/* "size, 2M to 1G", "one of fresh, pool, service". */
static void describe_type(const struct settings_row *row, char *ret_text, size_t size_bytes)
{
    const char *const *words = settings_type_words(row->type);
    char min[32], max[32];

    if (words) {
        size_t used = (size_t)snprintf(ret_text, size_bytes, "one of %s", words[0]);

        for (size_t i = 1; words[i] && used < size_bytes; i++) {
            used += (size_t)snprintf(ret_text + used, size_bytes - used, ", %s", words[i]);
        }
    } else if (row->max > 0) {
        settings_number_format(row->type, row->min, min, sizeof(min));
        settings_number_format(row->type, row->max, max, sizeof(max));
        snprintf(ret_text, size_bytes, "%s, %s to %s", settings_type_name(row->type), min, max);
    } else {
        snprintf(ret_text, size_bytes, "%s", settings_type_name(row->type));
    }
}

#define LINE_COLUMNS 78

/* Words into lines. In mdoc, what begins with a dot at the start of a line would be a request. */
static void print_wrapped(FILE *out, bool mdoc, const char *text)
{
    int indent = mdoc ? 0 : 6;
    int column = 0;

    while (*text) {
        int word = (int)strcspn(text, " ");

        if (column == 0 || column + 1 + word > LINE_COLUMNS) {
            fprintf(out, "%s%*s%s", column > 0 ? "\n" : "", indent, "",
                    mdoc && text[0] == '.' ? "\\&" : "");
            column = indent;
        } else {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", word, text);
        column += word;
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void print_section(FILE *out, bool mdoc, const char *section, bool first)
{
    if (mdoc) {
        fprintf(out, "%s.Ss [%s]\\&\n.Bl -tag -width Ds\n", first ? "" : ".El\n", section);
    } else {
        fprintf(out, "%s[%s]\n", first ? "" : "\n", section);
    }
}

/* initial may be NULL. */
static void print_option(FILE *out, bool mdoc, const char *key, const char *type,
                         const char *initial, const char *help)
{
    const char *comma = initial ? "; default " : "";

    initial = initial ? initial : "";
    if (mdoc) {
        fprintf(out, ".It Ic %s Pq %s%s%s\n", key, type, comma, initial);
    } else {
        fprintf(out, "  %s  (%s%s%s)\n", key, type, comma, initial);
    }
    print_wrapped(out, mdoc, help);
}

static void print_row(FILE *out, bool mdoc, const struct settings_row *row)
{
    char type[128];

    describe_type(row, type, sizeof(type));
    print_option(out, mdoc, row->key, type, row->initial, row->help);
}

/* The built-in classes: what they have in place of the defaults above. */
static void print_builtins(FILE *out, bool mdoc)
{
    for (size_t i = 0; i < settings_builtin_count; i++) {
        const struct settings_builtin *builtin = &settings_builtins[i];
        bool first =
            i == 0 || strcmp(settings_builtins[i - 1].class_name, builtin->class_name) != 0;

        if (mdoc) {
            if (first) {
                fprintf(out,
                        "%s.Ss [class.%s]\\&\nBuilt in:\n.Bd -literal -offset indent -compact\n",
                        i == 0 ? ".El\n" : ".Ed\n", builtin->class_name);
            }
            fprintf(out, "%s = %s\n", builtin->key, builtin->value);
        } else {
            if (first) {
                fprintf(out, "\n[class.%s]  (built in)\n", builtin->class_name);
            }
            fprintf(out, "  %s = %s\n", builtin->key, builtin->value);
        }
    }
    fputs(mdoc ? ".Ed\n" : "", out);
}

void settings_print_help(FILE *out, bool mdoc)
{
    for (size_t i = 0; i < settings_row_count; i++) {
        if (i == 0 || strcmp(settings_rows[i - 1].section, settings_rows[i].section) != 0) {
            print_section(out, mdoc, settings_rows[i].section, i == 0);
        }
        print_row(out, mdoc, &settings_rows[i]);
    }
    print_section(out, mdoc, "class.NAME", false);
    for (size_t i = 0; i < settings_class_row_count; i++) {
        print_row(out, mdoc, &settings_class_rows[i]);
    }
    print_option(out, mdoc, "option.KEY", "text", NULL,
                 "Handed over to the class's workers as KEY; they say what they know.");
    print_builtins(out, mdoc);
}

/* --- differences --- */

#define DIFFERENCE_BYTES 160

static void diff_rows(const struct settings_row *rows, size_t count, const char *prefix,
                      const void *before, const void *after,
                      void (*differs)(void *user, const char *key), void *user)
{
    char a[VALUE_BYTES], b[VALUE_BYTES];
    char key[DIFFERENCE_BYTES];

    for (size_t i = 0; i < count; i++) {
        settings_row_format(&rows[i], before, a, sizeof(a));
        settings_row_format(&rows[i], after, b, sizeof(b));
        if (strcmp(a, b) != 0) {
            snprintf(key, sizeof(key), "%s.%s", prefix ? prefix : rows[i].section, rows[i].key);
            differs(user, key);
        }
    }
}

/* Options of a that b has not, or (when values count) has otherwise. */
static void diff_options(const struct settings_class *a, const struct settings_class *b,
                         bool values, void (*differs)(void *user, const char *key), void *user)
{
    char key[DIFFERENCE_BYTES];

    for (size_t i = 0; i < a->option_count; i++) {
        const char *other = settings_option(b, a->options[i].key);

        if (!other || (values && strcmp(other, a->options[i].value) != 0)) {
            snprintf(key, sizeof(key), "class.%s.option.%s", a->name, a->options[i].key);
            differs(user, key);
        }
    }
}

static void diff_class(const struct settings_class *before, const struct settings_class *after,
                       void (*differs)(void *user, const char *key), void *user)
{
    char prefix[sizeof("class.") + sizeof(before->name)];

    snprintf(prefix, sizeof(prefix), "class.%s", before->name);
    diff_rows(settings_class_rows, settings_class_row_count, prefix, before, after, differs, user);
    diff_options(before, after, true, differs, user);
    diff_options(after, before, false, differs, user);
}

void settings_diff(const struct settings *before, const struct settings *after,
                   void (*differs)(void *user, const char *key), void *user)
{
    char key[DIFFERENCE_BYTES];

    diff_rows(settings_rows, settings_row_count, NULL, before, after, differs, user);
    for (size_t i = 0; i < before->class_count; i++) {
        const struct settings_class *class = &before->classes[i];
        const struct settings_class *other = settings_class_find(after, class->name);

        if (other) {
            diff_class(class, other, differs, user);
        } else {
            snprintf(key, sizeof(key), "class.%s", class->name);
            differs(user, key);
        }
    }
    for (size_t i = 0; i < after->class_count; i++) {
        if (!settings_class_find(before, after->classes[i].name)) {
            snprintf(key, sizeof(key), "class.%s", after->classes[i].name);
            differs(user, key);
        }
    }
}
