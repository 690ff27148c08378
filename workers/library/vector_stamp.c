/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The stamp beside the vector files: a line of text, "ebb-vectors closed 0123456789abcdef".
 *
 * Blocks on the disk. Logs nothing.
 */
#include "workers/library/vector_stamp.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "workers/library/upkeep.h"
#include "workers/vectors/vector_file.h"

#define STAMP_FILE VECTOR_FOLDER "/stamp"
#define STAMP_MAX_BYTES 64
#define STAMP_OPEN "ebb-vectors open "
#define STAMP_CLOSED "ebb-vectors closed "
#define STAMP_WORD_AT (sizeof "ebb-vectors " - 1)

static int stamp_path(const char *folder, char path[PATH_MAX], struct error *err)
{
    return file_join(path, PATH_MAX, folder, STAMP_FILE, err);
}

/* What was not written here reads as none. */
static void parse_stamp(const char *text, struct vector_stamp *ret_stamp)
{
    static const char *const words[] = {STAMP_OPEN, STAMP_CLOSED};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t length = strlen(words[i]);
        char *end;

        if (strncmp(text, words[i], length) == 0) {
            long long id = strtoll(text + length, &end, 16);

            if (strcmp(end, "\n") == 0 && id > 0) {
                *ret_stamp = (struct vector_stamp){id, words[i][STAMP_WORD_AT] == 'c'};
            }
        }
    }
}

int vector_stamp_read(const char *folder, struct vector_stamp *ret_stamp, struct error *err)
{
    struct error local = ERROR_INIT;
    char path[PATH_MAX];
    struct buf text;
    int result = -1;

    if (stamp_path(folder, path, err) < 0) {
        return -1;
    }
    *ret_stamp = (struct vector_stamp){0};
    buf_init(&text, STAMP_MAX_BYTES);
    if (file_read(path, STAMP_MAX_BYTES - 1, &text, &local) == 0) {
        const char *line = buf_cstr(&text, err);

        if (line) {
            parse_stamp(line, ret_stamp);
            result = 0;
        }
    } else if (local.code == ERROR_NOT_FOUND || local.code == ERROR_LIMIT) {
        result = 0;
    } else if (err) {
        *err = local;
    }
    buf_deinit(&text);
    return result;
}

int vector_stamp_write(const char *folder, const struct vector_stamp *stamp, struct error *err)
{
    char path[PATH_MAX];
    char vectors[PATH_MAX];
    char line[STAMP_MAX_BYTES];
    int length = snprintf(line, sizeof line, "%s%016" PRIx64 "\n",
                          stamp->closed ? STAMP_CLOSED : STAMP_OPEN, (uint64_t)stamp->id);

    if (stamp_path(folder, path, err) < 0) {
        return -1;
    }
    if (stamp->id == 0) {
        return file_remove_tree(path, err);
    }
    if (file_join(vectors, sizeof vectors, folder, VECTOR_FOLDER, err) < 0 ||
        file_mkdirs(vectors, 0750, err) < 0) {
        return -1;
    }
    return file_write_atomic(path, line, (size_t)length, 0640, true, err);
}

int vector_stamp_get_id(struct library *library, int64_t *ret_id, struct error *err)
{
    return upkeep_get(library, UPKEEP_VECTORS_ID, ret_id, err);
}

int vector_stamp_put_id(struct library *library, int64_t id, struct error *err)
{
    return upkeep_put(library, UPKEEP_VECTORS_ID, id, err);
}

int vector_stamp_make_id(int64_t *ret_id, struct error *err)
{
    uint64_t id = 0;

    if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id) {
        return error_set_errno(err, errno, "no random number for the vector files");
    }
    *ret_id = (int64_t)((id >> 1) | 1);
    return 0;
}
