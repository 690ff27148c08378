/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which languages the OCR engine has models for.
 *
 * Blocks: languages_folder and languages_read look into folders. Nothing is logged.
 */
#include "workers/languages/languages.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"

#define NAME_BYTES 40
#define NAMES_MAX 1024 /* Tesseract has some 160 models */
#define SUFFIX ".traineddata"
#define PATH_BYTES 4096

static const char *const FOLDERS[] = {
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
};

/* Orientation and script, and equations: models that read no text. */
static const char *const NOT_LANGUAGES[] = {"osd", "equ"};

struct languages {
    size_t count, capacity;
    char (*names)[NAME_BYTES];
};

const char *languages_folder(const char *setting)
{
    if (setting[0]) {
        return setting;
    }
    for (size_t i = 0; i < ARRAY_LEN(FOLDERS); i++) {
        if (access(FOLDERS[i], R_OK) == 0) {
            return FOLDERS[i];
        }
    }
    return FOLDERS[0];
}

void languages_destroy(struct languages *languages)
{
    if (languages) {
        free(languages->names);
        free(languages);
    }
}

size_t languages_count(const struct languages *languages)
{
    return languages->count;
}

const char *languages_name(const struct languages *languages, size_t index)
{
    return languages->names[index];
}

/* --- what is installed --- */

static bool is_language(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(NOT_LANGUAGES); i++) {
        if (strcmp(NOT_LANGUAGES[i], name) == 0) {
            return false;
        }
    }
    return name[0] != '\0';
}

/* A file's name, when it is a model's: its length without the suffix; else 0. */
static size_t model_bytes(const char *file)
{
    size_t bytes = strlen(file);

    return bytes > strlen(SUFFIX) && strcmp(file + bytes - strlen(SUFFIX), SUFFIX) == 0
               ? bytes - strlen(SUFFIX)
               : 0;
}

static int add(struct languages *languages, const char *prefix, const char *file, struct error *err)
{
    char name[NAME_BYTES];
    size_t prefix_bytes = strlen(prefix);
    size_t bytes = model_bytes(file);

    if (bytes == 0 || prefix_bytes + bytes >= sizeof(name) || languages->count == NAMES_MAX) {
        return 0;
    }
    memset(name, 0, sizeof(name));
    memcpy(name, prefix, prefix_bytes);
    memcpy(name + prefix_bytes, file, bytes);
    if (!is_language(name)) {
        return 0;
    }
    if (languages->count == languages->capacity) {
        size_t bigger = languages->capacity ? languages->capacity * 2 : 16;
        void *names = realloc(languages->names, bigger * sizeof(*languages->names));

        if (!names) {
            return error_set(err, ERROR_MEMORY, "no memory for the list of languages");
        }
        languages->names = names;
        languages->capacity = bigger;
    }
    memcpy(languages->names[languages->count++], name, sizeof(name));
    return 0;
}

static int read_folder(struct languages *languages, const char *folder, const char *prefix,
                       struct error *err)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int status = 0;

    if (!dir) {
        return errno == ENOENT || errno == ENOTDIR
                   ? 0
                   : error_set_errno(err, errno, "cannot read %.128s", folder);
    }
    while (status == 0 && (entry = readdir(dir))) {
        status = add(languages, prefix, entry->d_name, err);
    }
    closedir(dir);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

int languages_read(const char *folder, struct languages **ret_languages, struct error *err)
{
    struct languages *languages = calloc(1, sizeof(*languages));
    char scripts[PATH_BYTES];

    if (!languages) {
        return error_set(err, ERROR_MEMORY, "no memory for the list of languages");
    }
    if (file_join(scripts, sizeof(scripts), folder, "script", err) < 0 ||
        read_folder(languages, folder, "", err) < 0 ||
        read_folder(languages, scripts, "script/", err) < 0) {
        languages_destroy(languages);
        return -1;
    }
    if (languages->count > 0) {
        qsort(languages->names, languages->count, sizeof(*languages->names), by_name);
    }
    *ret_languages = languages;
    return 0;
}

/* --- what is wanted --- */

/* What people are told, cut where it is full. */
struct text {
    char *at;
    size_t left; /* with the NUL */
};

static void put(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *text, const char *fmt, ...)
{
    va_list args;
    int bytes;

    va_start(args, fmt);
    bytes = vsnprintf(text->at, text->left, fmt, args);
    va_end(args);
    if (bytes > 0) {
        size_t used = (size_t)bytes < text->left ? (size_t)bytes : text->left - 1;

        text->at += used;
        text->left -= used;
    }
}

static bool is_installed(const struct languages *languages, const char *name)
{
    return languages->count > 0 && bsearch(name, languages->names, languages->count,
                                           sizeof(*languages->names), by_name) != NULL;
}

/* Letters, digits, '_' and '-', and one '/' at most: what a model can be called. */
static bool is_name(const char *name)
{
    const char *slash = strchr(name, '/');

    return name[0] &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/") ==
               strlen(name) &&
           (!slash || (slash > name && slash[1] && !strchr(slash + 1, '/')));
}

/* "tesseract-ocr-chi-sim" for "chi_sim". Models of scripts have packages of other names. */
static bool package_of(const char *name, char ret_package[NAME_BYTES + 16])
{
    char *out = ret_package + snprintf(ret_package, NAME_BYTES + 16, "tesseract-ocr-");

    for (const char *c = name; *c; c++) {
        if (*c != '_' && (*c < 'a' || *c > 'z')) {
            return false;
        }
        *out++ = *c == '_' ? '-' : *c;
    }
    *out = '\0';
    return true;
}

static void put_installed(struct text *text, const struct languages *languages)
{
    put(text, languages->count ? "; installed: " : "; none is installed");
    for (size_t i = 0; i < languages->count; i++) {
        const char *name = languages->names[i];

        if (text->left < strlen(name) + 24) {
            put(text, " and %zu more", languages->count - i);
            return;
        }
        put(text, "%s%s", i > 0 ? ", " : "", name);
    }
}

struct missing {
    char names[LANGUAGES_MAX][NAME_BYTES];
    size_t count;
};

static void explain(const struct languages *languages, const struct missing *missing,
                    struct text *text)
{
    size_t packages = 0;

    for (size_t i = 0; i < missing->count; i++) {
        put(text, "%s%s", i > 0 ? ", " : "", missing->names[i]);
    }
    put(text, missing->count > 1 ? " are not installed for OCR" : " is not installed for OCR");
    for (size_t i = 0; i < missing->count; i++) {
        char package[NAME_BYTES + 16];

        if (package_of(missing->names[i], package)) {
            put(text, packages++ ? " %s" : ": apt install %s", package);
        }
    }
    put_installed(text, languages);
}

int languages_check(const struct languages *languages, const char *wanted,
                    char ret_text[LANGUAGES_TEXT_BYTES])
{
    struct text text = {ret_text, LANGUAGES_TEXT_BYTES};
    struct missing missing = {.count = 0};
    size_t count = 0;
    const char *end;

    for (const char *start = wanted;; start = end + 1) {
        char name[NAME_BYTES];

        end = strchrnul(start, '+');
        if (++count > LANGUAGES_MAX) {
            put(&text, "at most %d languages can be read at once", LANGUAGES_MAX);
            return -1;
        }
        if ((size_t)(end - start) < sizeof(name)) {
            snprintf(name, sizeof(name), "%.*s", (int)(end - start), start);
        }
        if ((size_t)(end - start) >= sizeof(name) || !is_name(name)) {
            put(&text, "\"%.80s\" is no list of languages like eng+deu", wanted);
            return -1;
        }
        if (!is_installed(languages, name)) {
            memcpy(missing.names[missing.count++], name, sizeof(name));
        }
        if (!*end) {
            break;
        }
    }
    if (missing.count == 0) {
        return 0;
    }
    explain(languages, &missing, &text);
    return -1;
}
