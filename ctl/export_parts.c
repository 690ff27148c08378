/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document's images, tables and chunks as files.
 *
 * Invariants: names of files come from the library's answer and are made plain names before they
 * are used. A table is in memory as a whole, bounded by what a table may be (proto/page.h); the
 * answer is bounded by ANSWER_MAX_BYTES. Blocks on the disk. Diagnostics: a line for each failure.
 */
#include "ctl/export_parts.h"

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "ctl/output.h"
#include "ctl/results.h"

#define ANSWER_MAX_BYTES ((off_t)1 << 30)
#define CSV_MAX_BYTES ((size_t)256 << 20)
#define SIDE_MAX 100000000 /* rows of a table over many pages */

/* The array under key in the answer's object; NULL when that was reported. Owns: ret_root. */
static json_t *load_list(const char *answer, const char *key, json_t **ret_root)
{
    struct stat status;
    json_error_t why;
    json_t *list;

    *ret_root = NULL;
    if (stat(answer, &status) == 0 && status.st_size > ANSWER_MAX_BYTES) {
        output_fail(CTL_EXIT_FAILED, NULL, "see `ebb show --help`",
                    "--out: the list of the document's %s is too large", key);
        return NULL;
    }
    *ret_root = json_load_file(answer, 0, &why);
    list = json_object_get(*ret_root, key);
    if (!json_is_array(list)) {
        output_fail(CTL_EXIT_FAILED, NULL, NULL, "--out: the library's list of %s: %s", key,
                    *ret_root ? "it has none" : why.text);
        json_decref(*ret_root);
        *ret_root = NULL;
        return NULL;
    }
    return list;
}

/* folder/name, made. */
static enum ctl_exit make_folder(const char *folder, const char *name, char *ret_path,
                                 size_t size_bytes)
{
    struct error err = ERROR_INIT;

    if (file_join(ret_path, size_bytes, folder, name, &err) < 0 ||
        file_mkdirs(ret_path, 0777, &err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, "name a folder that can be written", "--out");
    }
    return CTL_EXIT_OK;
}

/* --- images --- */

/* Scans of whole pages, logos on every page and decoration are no pictures of the document. */
static bool is_shown(const json_t *image)
{
    const char *role = json_string_value(json_object_get(image, "role"));

    return role && strcmp(role, "content") == 0 &&
           !json_is_true(json_object_get(image, "repeated"));
}

static enum ctl_exit copy_image(const json_t *image, const char *from_folder, const char *to_folder)
{
    const char *key = json_string_value(json_object_get(image, "key"));
    const char *format = json_string_value(json_object_get(image, "format"));
    struct error err = ERROR_INIT;
    char name[NAME_MAX + 1];
    char from[PATH_MAX];
    char to[PATH_MAX];

    if (!is_shown(image) || !key || !key[0] || !format || !format[0]) {
        return CTL_EXIT_OK;
    }
    if ((size_t)snprintf(name, sizeof(name), "%s.%s", key, format) >= sizeof(name) ||
        !file_name_is_plain(name)) {
        return output_fail(CTL_EXIT_FAILED, NULL, NULL, "--out: an image of no possible name");
    }
    if (file_join(from, sizeof(from), from_folder, name, &err) < 0 ||
        file_join(to, sizeof(to), to_folder, name, &err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, NULL, "--out");
    }
    return results_save(from, to);
}

static bool any_is_shown(const json_t *images)
{
    size_t index;
    const json_t *image;

    json_array_foreach(images, index, image)
    {
        if (is_shown(image)) {
            return true;
        }
    }
    return false;
}

enum ctl_exit export_images(const char *answer, const char *job_folder, const char *folder)
{
    json_t *root;
    const json_t *images = load_list(answer, "images", &root);
    enum ctl_exit code = images ? CTL_EXIT_OK : CTL_EXIT_FAILED;
    struct error err = ERROR_INIT;
    char from[PATH_MAX];
    char to[PATH_MAX];
    size_t index;
    const json_t *image;

    if (code == CTL_EXIT_OK && any_is_shown(images)) {
        code = make_folder(folder, "images", to, sizeof(to));
        if (code == CTL_EXIT_OK && file_join(from, sizeof(from), job_folder, "images", &err) < 0) {
            code = output_fail(CTL_EXIT_FAILED, &err, NULL, "--out");
        }
    }
    if (images) {
        json_array_foreach(images, index, image)
        {
            code = code == CTL_EXIT_OK ? copy_image(image, from, to) : code;
        }
    }
    json_decref(root);
    return code;
}

/* --- tables --- */

/* A field of RFC 4180. */
static int put_field(struct buf *out, const char *text, struct error *err)
{
    if (!strpbrk(text, ",\"\r\n")) {
        return buf_append_str(out, text, err);
    }
    if (buf_append_str(out, "\"", err) < 0) {
        return -1;
    }
    for (; *text; text++) {
        if ((*text == '"' && buf_append_str(out, "\"", err) < 0) ||
            buf_append(out, text, 1, err) < 0) {
            return -1;
        }
    }
    return buf_append_str(out, "\"", err);
}

/* The whole number under key, 0 to SIDE_MAX; -1 when there is none. */
static json_int_t side(const json_t *object, const char *key)
{
    const json_t *number = json_object_get(object, key);
    json_int_t value = json_integer_value(number);

    return json_is_integer(number) && value >= 0 && value <= SIDE_MAX ? value : -1;
}

/* The cells come by row and column; places that none of them begins at stay empty. */
static int put_table(struct buf *out, const json_t *table, struct error *err)
{
    const json_t *cells = json_object_get(table, "cells");
    json_int_t rows = side(table, "rows");
    json_int_t columns = side(table, "columns");
    size_t next = 0;

    for (json_int_t row = 0; row < rows; row++) {
        for (json_int_t column = 0; column < columns; column++) {
            const json_t *cell = json_array_get(cells, next);
            const char *text = "";

            if (cell && side(cell, "row") == row && side(cell, "column") == column) {
                text = json_string_value(json_object_get(cell, "text"));
                next++;
            }
            if ((column > 0 && buf_append_str(out, ",", err) < 0) ||
                put_field(out, text ? text : "", err) < 0) {
                return -1;
            }
        }
        if (buf_append_str(out, "\r\n", err) < 0) {
            return -1;
        }
    }
    if (rows < 1 || columns < 1 || next != json_array_size(cells)) {
        return error_set(err, ERROR_CORRUPT, "its cells are not those of a table");
    }
    return 0;
}

static enum ctl_exit save_table(const json_t *table, size_t ordinal, const char *folder)
{
    struct error err = ERROR_INIT;
    char path[PATH_MAX];
    char name[64];
    struct buf csv;
    int status;

    snprintf(name, sizeof(name), "table-%03zu.csv", ordinal);
    buf_init(&csv, CSV_MAX_BYTES);
    status = put_table(&csv, table, &err);
    status = status < 0 ? -1 : file_join(path, sizeof(path), folder, name, &err);
    status = status < 0 ? -1 : file_write_atomic(path, csv.data, csv.size, 0666, false, &err);
    buf_deinit(&csv);
    return status < 0 ? output_fail(CTL_EXIT_FAILED, &err, NULL, "--out: %s", name) : CTL_EXIT_OK;
}

enum ctl_exit export_tables(const char *answer, const char *folder)
{
    json_t *root;
    const json_t *tables = load_list(answer, "tables", &root);
    enum ctl_exit code = tables ? CTL_EXIT_OK : CTL_EXIT_FAILED;
    char path[PATH_MAX];
    size_t index;
    const json_t *table;

    if (code == CTL_EXIT_OK && json_array_size(tables) > 0) {
        code = make_folder(folder, "tables", path, sizeof(path));
    }
    if (tables) {
        json_array_foreach(tables, index, table)
        {
            code = code == CTL_EXIT_OK ? save_table(table, index + 1, path) : code;
        }
    }
    json_decref(root);
    return code;
}

/* --- chunks --- */

/* An object a line. */
static int put_chunks(struct file_writer *writer, const json_t *chunks, struct error *err)
{
    size_t index;
    const json_t *chunk;

    json_array_foreach(chunks, index, chunk)
    {
        AUTO_FREE char *line = json_dumps(chunk, JSON_COMPACT);

        if (!line) {
            return error_set(err, ERROR_MEMORY, "out of memory");
        }
        if (file_writer_append(writer, line, strlen(line), err) < 0 ||
            file_writer_append(writer, "\n", 1, err) < 0) {
            return -1;
        }
    }
    return 0;
}

enum ctl_exit export_chunks(const char *answer, const char *folder)
{
    json_t *root;
    const json_t *chunks = load_list(answer, "chunks", &root);
    struct file_writer *writer = NULL;
    struct error err = ERROR_INIT;
    char path[PATH_MAX];
    int status = -1;

    if (!chunks) {
        return CTL_EXIT_FAILED;
    }
    if (file_join(path, sizeof(path), folder, "chunks.jsonl", &err) == 0) {
        writer = file_writer_open(path, 0666, &err);
    }
    if (writer) {
        status = put_chunks(writer, chunks, &err);
        if (status == 0) {
            status = file_writer_commit(writer, false, &err);
        } else {
            file_writer_discard(writer);
        }
    }
    json_decref(root);
    return status < 0 ? output_fail(CTL_EXIT_FAILED, &err, NULL, "--out: chunks.jsonl")
                      : CTL_EXIT_OK;
}
