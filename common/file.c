/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Files: whole reads, atomic writes, names. (Trees are in file_tree.c.)
 *
 * A file is written under a temporary name in its own folder and renamed over its place, so that
 * a reader sees the old one or the new one, whole. The temporary's name has the process and a
 * counter: one that is there already was left by a process that died, and is replaced.
 *
 * Invariants: a writer that is gone, committed or discarded, leaves no temporary. Everything here
 * blocks on the disk. Nothing is logged.
 */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdio.h"

#define READ_CHUNK_BYTES ((size_t)16 * 1024)
#define WRITE_BUFFER_BYTES ((size_t)64 * 1024)

struct file_writer {
    int fd;
    bool failed; /* an append failed: commit must not succeed */
    char *path;
    char *temporary_path;
    uint8_t *pending; /* WRITE_BUFFER_BYTES of what small appends brought; NULL before the first */
    size_t pending_bytes;
    uint64_t total_bytes;
};

static int read_all(int fd, const char *path, size_t max_bytes, struct buf *out, struct error *err)
{
    uint8_t chunk[READ_CHUNK_BYTES];
    size_t total_bytes = 0;

    for (;;) {
        ssize_t got_bytes = read(fd, chunk, sizeof(chunk));

        if (got_bytes == 0) {
            return 0;
        }
        if (got_bytes < 0) {
            if (errno == EINTR) {
                continue;
            }
            return error_set_errno(err, errno, "cannot read %s", path);
        }
        if ((size_t)got_bytes > max_bytes - total_bytes) {
            return error_set(err, ERROR_LIMIT, "%s is larger than %zu bytes", path, max_bytes);
        }
        if (buf_append(out, chunk, (size_t)got_bytes, err) < 0) {
            return error_wrap(err, "cannot hold %s", path);
        }
        total_bytes += (size_t)got_bytes;
    }
}

int file_read(const char *path, size_t max_bytes, struct buf *out, struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t size_before = out->size;

    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open %s", path);
    }
    if (read_all(fd, path, max_bytes, out, err) < 0) {
        out->size = size_before;
        return -1;
    }
    return 0;
}

int file_write_atomic(const char *path, const void *data, size_t size_bytes, mode_t mode,
                      bool durable, struct error *err)
{
    struct file_writer *writer = file_writer_open(path, mode, err);

    if (!writer) {
        return -1;
    }
    if (file_writer_append(writer, data, size_bytes, err) < 0) {
        file_writer_discard(writer);
        return -1;
    }
    return file_writer_commit(writer, durable, err);
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int file_mkdirs(const char *path, mode_t mode, struct error *err)
{
    char part[PATH_MAX];
    size_t path_bytes = strlen(path);
    char *end = part;

    if (path_bytes == 0 || path_bytes >= sizeof(part)) {
        return error_set(err, path_bytes ? ERROR_LIMIT : ERROR_INVALID,
                         "a folder's path has 1 to %zu bytes, not %zu", sizeof(part) - 1,
                         path_bytes);
    }
    memcpy(part, path, path_bytes + 1);
    while (*end) {
        char after;
        int mkdir_errno;

        end += strspn(end, "/");
        end += strcspn(end, "/");
        after = *end;
        *end = '\0';
        mkdir_errno = mkdir(part, mode) < 0 ? errno : 0;
        /* Whatever mkdir(2) says of a folder that is there (EEXIST, EROFS, EACCES) is no error. */
        if (mkdir_errno != 0 && !is_folder(part)) {
            return error_set_errno(err, mkdir_errno, "cannot make folder %s", part);
        }
        *end = after;
    }
    return 0;
}

/* The folder of path, "." where it names none. */
static int parent_of(const char *path, char ret_folder[PATH_MAX], struct error *err)
{
    const char *slash = strrchr(path, '/');
    size_t folder_bytes = slash ? (size_t)(slash - path) : 0;

    if (folder_bytes >= PATH_MAX) {
        return error_set(err, ERROR_LIMIT, "the path %.60s... is too long", path);
    }
    if (folder_bytes == 0) {
        memcpy(ret_folder, slash ? "/" : ".", 2);
    } else {
        memcpy(ret_folder, path, folder_bytes);
        ret_folder[folder_bytes] = '\0';
    }
    return 0;
}

int file_fsync_dir(const char *path, struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open folder %s", path);
    }
    /* EINVAL: this file system keeps folders without being asked (fsync(2)). */
    if (fsync(fd) < 0 && errno != EINVAL) {
        return error_set_errno(err, errno, "cannot sync folder %s", path);
    }
    return 0;
}

int file_join(char *ret_path, size_t size_bytes, const char *folder, const char *name,
              struct error *err)
{
    size_t folder_bytes = strlen(folder);
    size_t name_bytes;
    bool slash = folder_bytes > 0;

    name += strspn(name, "/");
    name_bytes = strlen(name);
    while (folder_bytes > 0 && folder[folder_bytes - 1] == '/') {
        folder_bytes--;
    }
    if (folder_bytes + slash + name_bytes + 1 > size_bytes) {
        return error_set(err, ERROR_LIMIT, "the path of \"%.60s\" is longer than %zu bytes", name,
                         size_bytes);
    }
    memmove(ret_path, folder, folder_bytes);
    if (slash) {
        ret_path[folder_bytes++] = '/';
    }
    memcpy(ret_path + folder_bytes, name, name_bytes + 1);
    return 0;
}

bool file_name_is_plain(const char *name)
{
    size_t i;

    if (name[0] == '.') {
        return false;
    }
    for (i = 0; name[i]; i++) {
        unsigned char byte = (unsigned char)name[i];

        if (i >= NAME_MAX || byte == '/' || byte < 0x20 || byte == 0x7f) {
            return false;
        }
    }
    return i > 0;
}

/* path with its name cut where NAME_MAX asks for it, and ".tmp-PID-N" behind. NULL: no memory. */
static char *temporary_path_of(const char *path)
{
    static atomic_uint counter;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char suffix[48];
    char *temporary_path = NULL;
    int suffix_bytes = snprintf(suffix, sizeof(suffix), ".tmp-%ld-%u", (long)getpid(),
                                atomic_fetch_add(&counter, 1));

    if (asprintf(&temporary_path, "%.*s%.*s%s", (int)(name - path), path, NAME_MAX - suffix_bytes,
                 name, suffix) < 0) {
        return NULL;
    }
    return temporary_path;
}

static int open_temporary(const char *path, mode_t mode)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = open(path, flags, mode);

    if (fd < 0 && errno == EEXIST && unlink(path) == 0) {
        fd = open(path, flags, mode);
    }
    return fd;
}

static void writer_free(struct file_writer *writer)
{
    if (writer->fd >= 0) {
        close(writer->fd);
    }
    free(writer->pending);
    free(writer->temporary_path);
    free(writer->path);
    free(writer);
}

struct file_writer *file_writer_open(const char *path, mode_t mode, struct error *err)
{
    struct file_writer *writer = NULL;

    if (strlen(path) >= PATH_MAX) {
        error_set(err, ERROR_LIMIT, "the path %.60s... is too long", path);
        return NULL;
    }
    writer = calloc(1, sizeof(*writer));
    if (!writer) {
        goto no_memory;
    }
    writer->fd = -1;
    writer->path = strdup(path);
    writer->temporary_path = temporary_path_of(path);
    if (!writer->path || !writer->temporary_path) {
        goto no_memory;
    }
    writer->fd = open_temporary(writer->temporary_path, mode);
    if (writer->fd < 0) {
        error_set_errno(err, errno, "cannot create %s", writer->temporary_path);
        writer_free(writer);
        return NULL;
    }
    return writer;

no_memory:
    error_set(err, ERROR_MEMORY, "no memory to write %s", path);
    if (writer) {
        writer_free(writer);
    }
    return NULL;
}

static int write_out(struct file_writer *writer, const void *data, size_t size_bytes,
                     struct error *err)
{
    if (fdio_write_full(writer->fd, data, size_bytes, err) < 0) {
        writer->failed = true;
        return error_wrap(err, "cannot write %s", writer->path);
    }
    return 0;
}

static int flush_pending(struct file_writer *writer, struct error *err)
{
    size_t pending_bytes = writer->pending_bytes;

    writer->pending_bytes = 0;
    return pending_bytes ? write_out(writer, writer->pending, pending_bytes, err) : 0;
}

int file_writer_append(struct file_writer *writer, const void *data, size_t size_bytes,
                       struct error *err)
{
    if (writer->failed) {
        return error_set(err, ERROR_SYSTEM, "an earlier write to %s failed", writer->path);
    }
    if (size_bytes > WRITE_BUFFER_BYTES - writer->pending_bytes && flush_pending(writer, err) < 0) {
        return -1;
    }
    if (size_bytes >= WRITE_BUFFER_BYTES) {
        if (write_out(writer, data, size_bytes, err) < 0) {
            return -1;
        }
    } else if (size_bytes > 0) {
        if (!writer->pending) {
            writer->pending = malloc(WRITE_BUFFER_BYTES);
        }
        if (!writer->pending) {
            writer->failed = true;
            return error_set(err, ERROR_MEMORY, "no memory to write %s", writer->path);
        }
        memcpy(writer->pending + writer->pending_bytes, data, size_bytes);
        writer->pending_bytes += size_bytes;
    }
    writer->total_bytes += size_bytes;
    return 0;
}

uint64_t file_writer_bytes(const struct file_writer *writer)
{
    return writer->total_bytes;
}

/* Everything up to the rename, and it. On failure the temporary is still there. */
static int put_in_place(struct file_writer *writer, bool durable, struct error *err)
{
    int fd;

    if (writer->failed) {
        return error_set(err, ERROR_SYSTEM, "an earlier write to %s failed", writer->path);
    }
    if (flush_pending(writer, err) < 0) {
        return -1;
    }
    if (durable && fsync(writer->fd) < 0) {
        return error_set_errno(err, errno, "cannot sync %s", writer->temporary_path);
    }
    fd = TAKE_FD(writer->fd);
    if (close(fd) < 0 && errno != EINTR) {
        return error_set_errno(err, errno, "cannot close %s", writer->temporary_path);
    }
    if (rename(writer->temporary_path, writer->path) < 0) {
        return error_set_errno(err, errno, "cannot put %s in place", writer->path);
    }
    return 0;
}

int file_writer_commit(struct file_writer *writer, bool durable, struct error *err)
{
    char folder[PATH_MAX];
    int result = 0;

    if (put_in_place(writer, durable, err) < 0) {
        file_writer_discard(writer);
        return -1;
    }
    if (durable) {
        result = parent_of(writer->path, folder, err) < 0 ? -1 : file_fsync_dir(folder, err);
    }
    writer_free(writer);
    return result;
}

void file_writer_discard(struct file_writer *writer)
{
    if (!writer) {
        return;
    }
    unlink(writer->temporary_path);
    writer_free(writer);
}
