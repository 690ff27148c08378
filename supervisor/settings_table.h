/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The rows behind settings.h: what an option is called, what it may be, where it is kept. For
 * settings*.c and their tests only.
 */
#ifndef EBB_SUPERVISOR_SETTINGS_TABLE_H
#define EBB_SUPERVISOR_SETTINGS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "supervisor/settings.h"

enum settings_type {
    SETTINGS_NUMBER,   /* uint64_t */
    SETTINGS_PERCENT,  /* uint64_t */
    SETTINGS_BYTES,    /* uint64_t */
    SETTINGS_DURATION, /* uint64_t, milliseconds */
    SETTINGS_FOLDER,   /* char[SETTINGS_PATH_BYTES], an absolute path */
    SETTINGS_PROGRAM,  /* char[SETTINGS_PATH_BYTES], a plain name or an absolute path */
    SETTINGS_PROFILE,  /* char[17], one of its words */
    SETTINGS_LEVEL,    /* uint64_t, enum log_level by name */
    SETTINGS_LIFETIME, /* enum lifetime by name */
    SETTINGS_PREFORK,  /* enum prefork by name */
};

struct settings_row {
    const char *section; /* NULL in the rows of a class */
    const char *key;
    enum settings_type type;
    uint64_t min, max;   /* of numbers of any type */
    const char *initial; /* text of the default; NULL when the machine decides (help says how) */
    const char *help;    /* one sentence */
    size_t offset;       /* in struct settings or struct settings_class */
};

/* Options of [ebb], [limits], [memory], [embedding], [retention]; sections are contiguous. */
extern const struct settings_row settings_rows[];
extern const size_t settings_row_count;
/* Options of [class.NAME], with the defaults of a class that is not built in. */
extern const struct settings_row settings_class_rows[];
extern const size_t settings_class_row_count;

/* What a built-in class has in place of the row's default; options of its workers too. */
struct settings_builtin {
    const char *class_name, *key, *value;
};
extern const struct settings_builtin settings_builtins[];
extern const size_t settings_builtin_count;

/* The words of a type that has words, NULL behind the last; NULL for other types. */
const char *const *settings_type_words(enum settings_type type);
/* "number", "size", ...: what a person calls it. */
const char *settings_type_name(enum settings_type type);

/* Sets the row's value in base (what its offset counts from). ERROR_INVALID: what was expected. */
int settings_row_parse(const struct settings_row *row, void *base, const char *text,
                       struct error *err);
/* The value as the parser reads it. */
void settings_row_format(const struct settings_row *row, const void *base, char *ret_text,
                         size_t size_bytes);
/* A number in the shortest text that parses to exactly it: 4M, 90d. */
void settings_number_format(enum settings_type type, uint64_t value, char *ret_text,
                            size_t size_bytes);

/* Copies of both; frees what was there (NULL or an option before). ERROR_MEMORY. */
int settings_option_set(struct settings_option *option, const char *key, const char *value,
                        struct error *err);
/* One key of a section, as a file or --set has it. ERROR_INVALID: what was expected, without the
 * name of the key but for an unknown one. */
int settings_assign(struct settings *settings, const char *section, const char *key,
                    const char *value, struct error *err);

#endif
