/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Settings from files: one, and the drop-ins beside it.
 *
 * A file is read a line at a time through a reader of ours, because the parser's own would cut a
 * long line in two without a word; the lines are counted there. The first problem ends the
 * reading, as an error that names the file and the line. Blocks on files: for start-up and
 * reload. Logs nothing.
 */
#include "supervisor/settings.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "supervisor/settings_table.h"

#define DROP_INS_MAX 256

struct reading {
    struct settings *settings;
    FILE *file;
    const char *path;
    unsigned line;
    bool failed;
    struct error err;
};

/* fgets for the parser: whole lines only, and none that continues the one before. */
static char *read_line(char *text, int size_bytes, void *user)
{
    struct reading *reading = user;
    size_t used;

    if (reading->failed || !fgets(text, size_bytes, reading->file)) {
        return NULL;
    }
    reading->line++;
    used = strlen(text);
    if (used + 1 >= (size_t)size_bytes && text[used - 1] != '\n') {
        reading->failed = true;
        error_set(&reading->err, ERROR_INVALID, "%s:%u: the line is longer than %d bytes",
                  reading->path, reading->line, size_bytes - 2);
        return NULL;
    }
    used = strspn(text, " \t");
    memmove(text, text + used, strlen(text + used) + 1);
    return text;
}

/* One key = value. Returns what the parser wants: 0 for an error. */
static int take_value(void *user, const char *section, const char *key, const char *value)
{
    struct reading *reading = user;

    if (reading->failed) {
        return 0;
    }
    if (settings_assign(reading->settings, section, key, value, &reading->err) < 0) {
        reading->failed = true;
        error_wrap(&reading->err, "%s:%u: [%s] %s", reading->path, reading->line, section, key);
        return 0;
    }
    return 1;
}

static int load_file(struct settings *settings, const char *path, bool must_exist,
                     struct error *err)
{
    AUTO_FCLOSE FILE *file = fopen(path, "re");
    struct reading reading = {.settings = settings, .file = file, .path = path};
    int line;

    if (!file) {
        if (errno == ENOENT && !must_exist) {
            return 0;
        }
        return error_set_errno(err, errno, "%s", path);
    }
    line = ini_parse_stream(read_line, &reading, take_value, &reading);
    if (ferror(file)) {
        return error_set_errno(err, errno, "%s", path);
    }
    if (line > 0 && (!reading.failed || (unsigned)line < reading.line)) {
        return error_set(err, ERROR_INVALID, "%s:%d: expected [section] or key = value", path,
                         line);
    }
    if (reading.failed && err) {
        *err = reading.err;
    }
    return reading.failed ? -1 : 0;
}

static int is_drop_in(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);

    return entry->d_name[0] != '.' && size > 5 && !strcmp(entry->d_name + size - 5, ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_drop_ins(struct settings *settings, const char *path, struct error *err)
{
    char folder[SETTINGS_PATH_BYTES + 8];
    char file[sizeof(folder) + 257];
    struct dirent **entries = NULL;
    int count, rc = 0;

    snprintf(folder, sizeof(folder), "%s.d", path);
    count = scandir(folder, &entries, is_drop_in, by_name);
    if (count < 0) {
        return errno == ENOENT || errno == ENOTDIR ? 0 : error_set_errno(err, errno, "%s", folder);
    }
    if (count > DROP_INS_MAX) {
        rc = error_set(err, ERROR_INVALID, "%s: more than %d files", folder, DROP_INS_MAX);
    }
    for (int i = 0; i < count; i++) {
        if (rc == 0) {
            snprintf(file, sizeof(file), "%s/%s", folder, entries[i]->d_name);
            rc = load_file(settings, file, true, err);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int settings_load(struct settings *settings, const char *path, bool must_exist, struct error *err)
{
    if (strlen(path) >= SETTINGS_PATH_BYTES) {
        return error_set(err, ERROR_INVALID, "the path of the configuration is too long");
    }
    if (load_file(settings, path, must_exist, err) < 0) {
        return -1;
    }
    return load_drop_ins(settings, path, err);
}
