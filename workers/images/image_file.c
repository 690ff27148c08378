/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Image files of a job, named by their content.
 *
 * A temporary name is images/.PID-N; one that a killed worker left behind goes with the job's
 * folder. Blocks: writes. Logs nothing.
 */
#include "workers/images/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdio.h"
#include "common/file.h"
#include "common/hash.h"

#define PATH_BYTES 4096
#define BUFFER_BYTES ((size_t)64 << 10)
#define FOLDER_MODE 0750
#define FILE_MODE 0640
#define KEY_DIGEST_BYTES ((PAGE_IMAGE_KEY_BYTES - 1) / 2)

struct image_file {
    int fd;                  /* -1 where nothing is written */
    char folder[PATH_BYTES]; /* of the images; "" where nothing is written */
    char path[PATH_BYTES];   /* the temporary name */
    struct hash_sha256 *hash;
    uint64_t bytes, max_bytes;
    size_t buffered;
    uint8_t buffer[BUFFER_BYTES];
};

static int final_path(const char *folder, const char *key, const char *format, char *ret_path,
                      struct error *err)
{
    char name[PAGE_IMAGE_KEY_BYTES + PAGE_IMAGE_FORMAT_MAX_BYTES + 2];

    snprintf(name, sizeof(name), "%s.%s", key, format);
    return file_join(ret_path, PATH_BYTES, folder, name, err);
}

static int open_temporary(struct image_file *file, const char *job_folder, struct error *err)
{
    static unsigned counter;
    char name[64];

    if (file_join(file->folder, sizeof(file->folder), job_folder, IMAGE_FILE_FOLDER, err) < 0 ||
        file_mkdirs(file->folder, FOLDER_MODE, err) < 0) {
        return -1;
    }
    snprintf(name, sizeof(name), ".%ld-%u", (long)getpid(), counter++);
    if (file_join(file->path, sizeof(file->path), file->folder, name, err) < 0) {
        return -1;
    }
    /* An earlier process of the same number may have left one behind. */
    file->fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (file->fd < 0) {
        return error_set_errno(err, errno, "%s", file->path);
    }
    return 0;
}

struct image_file *image_file_create(const struct image_file_options *options, struct error *err)
{
    struct image_file *file = calloc(1, sizeof(*file));

    if (!file) {
        error_set(err, ERROR_MEMORY, "no memory for an image file");
        return NULL;
    }
    file->fd = -1;
    file->max_bytes = options->max_bytes;
    file->hash = hash_sha256_create();
    if (!file->hash) {
        image_file_discard(file);
        error_set(err, ERROR_MEMORY, "no memory for an image file");
        return NULL;
    }
    if (options->folder && open_temporary(file, options->folder, err) < 0) {
        image_file_discard(file);
        return NULL;
    }
    return file;
}

static int flush(struct image_file *file, struct error *err)
{
    size_t size_bytes = file->buffered;

    file->buffered = 0;
    if (file->fd < 0 || size_bytes == 0) {
        return 0;
    }
    return fdio_write_full(file->fd, file->buffer, size_bytes, err);
}

int image_file_append(struct image_file *file, const void *data, size_t size_bytes,
                      struct error *err)
{
    const uint8_t *at = data;

    if (size_bytes > file->max_bytes - file->bytes) {
        return error_set(err, ERROR_LIMIT, "an image file of more than %llu bytes",
                         (unsigned long long)file->max_bytes);
    }
    hash_sha256_update(file->hash, data, size_bytes);
    file->bytes += size_bytes;
    while (size_bytes > 0) {
        size_t room = BUFFER_BYTES - file->buffered;
        size_t part = size_bytes < room ? size_bytes : room;

        memcpy(file->buffer + file->buffered, at, part);
        file->buffered += part;
        at += part;
        size_bytes -= part;
        if (file->buffered == BUFFER_BYTES && flush(file, err) < 0) {
            return error_wrap(err, "%s", file->path);
        }
    }
    return 0;
}

static void key_of(const uint8_t digest[HASH_SHA256_BYTES], char key[PAGE_IMAGE_KEY_BYTES])
{
    hash_hex(digest, KEY_DIGEST_BYTES, key);
}

/* The written file becomes path, unless that is there. */
static int put_in_place(struct image_file *file, const char *path, struct error *err)
{
    int fd = file->fd;

    file->fd = -1;
    if (close(fd) < 0) {
        unlink(file->path);
        return error_set_errno(err, errno, "%s", file->path);
    }
    if (access(path, F_OK) == 0) {
        unlink(file->path);
        return 0;
    }
    if (rename(file->path, path) < 0) {
        int saved = errno;

        unlink(file->path);
        return error_set_errno(err, saved, "%s", path);
    }
    return 0;
}

int image_file_commit(struct image_file *file, const char *format, struct image_file_name *ret_name,
                      struct error *err)
{
    uint8_t digest[HASH_SHA256_BYTES];
    char path[PATH_BYTES];
    struct image_file_name name = {.bytes = file->bytes};
    int status = -1;

    hash_sha256_finish(file->hash, digest);
    file->hash = NULL;
    key_of(digest, name.key);
    if (file->fd < 0) {
        status = 0;
    } else if (flush(file, err) == 0 &&
               final_path(file->folder, name.key, format, path, err) == 0) {
        status = put_in_place(file, path, err);
    }
    image_file_discard(file);
    if (status == 0) {
        *ret_name = name;
    }
    return status;
}

void image_file_discard(struct image_file *file)
{
    if (!file) {
        return;
    }
    if (file->fd >= 0) {
        close(file->fd);
        unlink(file->path);
    }
    if (file->hash) {
        hash_sha256_destroy(file->hash);
    }
    free(file);
}

/* Whether the file is there already. */
static bool is_stored(const struct image_file_options *options, const char *key, const char *format)
{
    char folder[PATH_BYTES];
    char path[PATH_BYTES];

    return options->folder &&
           file_join(folder, sizeof(folder), options->folder, IMAGE_FILE_FOLDER, NULL) == 0 &&
           final_path(folder, key, format, path, NULL) == 0 && access(path, F_OK) == 0;
}

int image_file_store(const struct image_file_options *options, const void *data, size_t size_bytes,
                     const char *format, struct image_file_name *ret_name, struct error *err)
{
    struct image_file_name name = {.bytes = size_bytes};
    uint8_t digest[HASH_SHA256_BYTES];
    struct image_file *file;

    if (size_bytes > options->max_bytes) {
        return error_set(err, ERROR_LIMIT, "an image file of %zu bytes", size_bytes);
    }
    hash_sha256_of(data, size_bytes, digest);
    key_of(digest, name.key);
    if (!options->folder || is_stored(options, name.key, format)) {
        *ret_name = name;
        return 0;
    }
    file = image_file_create(options, err);
    if (!file) {
        return -1;
    }
    if (image_file_append(file, data, size_bytes, err) < 0) {
        image_file_discard(file);
        return -1;
    }
    return image_file_commit(file, format, ret_name, err);
}
