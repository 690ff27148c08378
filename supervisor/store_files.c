/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The files of accepted jobs.
 *
 * What a client left in incoming/ is not trusted: it is opened without following a link and
 * without waiting for a FIFO, must be a regular file, and the very file that was checked is the
 * one that gets linked.
 *
 * Everything blocks on the disk. Logs (warning) a name that could not be taken away or put back.
 */
#include "supervisor/store_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"

#define SOURCE_NAME "source"
#define PROBE_BYTES (256 * 1024)

static int open_folder(const char *state_dir, const char *name, mode_t mode, int *ret_fd,
                       struct error *err)
{
    char path[PATH_MAX];

    if (file_join(path, sizeof(path), state_dir, name, err) < 0 ||
        file_mkdirs(path, mode, err) < 0) {
        return -1;
    }
    *ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd < 0 ? error_set_errno(err, errno, "%s", path) : 0;
}

int store_files_open(const char *state_dir, struct store_files *ret_files, struct error *err)
{
    AUTO_CLOSE int incoming_fd = -1;
    AUTO_CLOSE int jobs_fd = -1;

    if (open_folder(state_dir, "incoming", 0770, &incoming_fd, err) < 0 ||
        open_folder(state_dir, "jobs", 0700, &jobs_fd, err) < 0) {
        return -1;
    }
    *ret_files = (struct store_files){state_dir, TAKE_FD(incoming_fd), TAKE_FD(jobs_fd)};
    return 0;
}

void store_files_close(struct store_files *files)
{
    close(files->incoming_fd);
    close(files->jobs_fd);
}

/* The client's file, checked. Returns a descriptor or -1. */
static int open_incoming(const struct store_files *files, const struct store_job_new *job,
                         struct stat *ret_st, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (!file_name_is_plain(job->file)) {
        return error_set(err, ERROR_INVALID, "expected a plain file name, not \"%.60s\"",
                         job->file);
    }
    fd = openat(files->incoming_fd, job->file,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && (errno == ELOOP || errno == ENXIO)) {
        return error_set(err, ERROR_INVALID, "incoming/%.100s is no regular file", job->file);
    }
    if (fd < 0 || fstat(fd, ret_st) < 0) {
        return error_set_errno(err, errno, "incoming/%.100s", job->file);
    }
    if (!S_ISREG(ret_st->st_mode)) {
        return error_set(err, ERROR_INVALID, "incoming/%.100s is no regular file", job->file);
    }
    if ((uint64_t)ret_st->st_size > job->max_bytes) {
        return error_set(err, ERROR_LIMIT, "the document has %lld bytes, and %llu are the limit",
                         (long long)ret_st->st_size, (unsigned long long)job->max_bytes);
    }
    return TAKE_FD(fd);
}

/* The checked file into the job's folder; by its descriptor, so that it is that one. */
static int place_source(const struct store_files *files, struct store_args_accept *args, int fd,
                        const struct stat *st, int folder_fd, struct error *err)
{
    char link[64];
    struct stat now;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, link, folder_fd, SOURCE_NAME, AT_SYMLINK_FOLLOW) == 0) {
        args->state = ACCEPT_LINKED;
        return 0;
    }
    if (errno == ENOSPC || errno == EDQUOT) {
        return error_set_errno(err, errno, "linking the source");
    }
    if (renameat(files->incoming_fd, args->job.file, folder_fd, SOURCE_NAME) < 0) {
        return error_set_errno(err, errno, "moving incoming/%.100s", args->job.file);
    }
    args->state = ACCEPT_RENAMED;
    if (fstatat(folder_fd, SOURCE_NAME, &now, AT_SYMLINK_NOFOLLOW) < 0 ||
        now.st_dev != st->st_dev || now.st_ino != st->st_ino) {
        return error_set(err, ERROR_INVALID, "incoming/%.100s was exchanged meanwhile",
                         args->job.file);
    }
    return 0;
}

int store_files_place(const struct store_files *files, struct store_op *op, struct error *err)
{
    struct store_args_accept *args = STORE_ARGS(op, accept);
    char id[UUID_TEXT_BYTES];
    struct stat st = {0};
    AUTO_CLOSE int folder_fd = -1;
    AUTO_CLOSE int fd = -1;

    if (args->job.file && (fd = open_incoming(files, &args->job, &st, err)) < 0) {
        return -1;
    }
    uuid_format(&args->job.id, id);
    if (mkdirat(files->jobs_fd, id, 0700) < 0) {
        return error_set_errno(err, errno, "making jobs/%s", id);
    }
    args->state = ACCEPT_FOLDER;
    args->size_bytes = (uint64_t)st.st_size;
    folder_fd = openat(files->jobs_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder_fd < 0) {
        error_set_errno(err, errno, "jobs/%s", id);
    } else if (fd < 0 || place_source(files, args, fd, &st, folder_fd, err) == 0) {
        return 0;
    }
    store_files_undo(files, op);
    return -1;
}

int store_files_sync(const struct store_files *files, struct store_op *op, struct error *err)
{
    char id[UUID_TEXT_BYTES];
    AUTO_CLOSE int folder_fd = -1;
    AUTO_CLOSE int fd = -1;

    uuid_format(&STORE_ARGS(op, accept)->job.id, id);
    folder_fd = openat(files->jobs_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder_fd < 0) {
        return error_set_errno(err, errno, "jobs/%s", id);
    }
    if (STORE_ARGS(op, accept)->job.file) {
        fd = openat(folder_fd, SOURCE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0) {
            return error_set_errno(err, errno, "putting jobs/%s/" SOURCE_NAME " on the disk", id);
        }
    }
    if (fsync(folder_fd) < 0) {
        return error_set_errno(err, errno, "putting jobs/%s on the disk", id);
    }
    return 0;
}

int store_files_sync_folders(const struct store_files *files, struct error *err)
{
    if (fsync(files->jobs_fd) < 0) {
        return error_set_errno(err, errno, "putting jobs/ on the disk");
    }
    return 0;
}

void store_files_keep(const struct store_files *files, struct store_op *op)
{
    const struct store_args_accept *args = STORE_ARGS(op, accept);

    if (args->state == ACCEPT_LINKED && unlinkat(files->incoming_fd, args->job.file, 0) < 0 &&
        errno != ENOENT) {
        log_warning("incoming/%s stays though its job is accepted: error %d", args->job.file,
                    errno);
    }
}

void store_files_undo(const struct store_files *files, struct store_op *op)
{
    struct store_args_accept *args = STORE_ARGS(op, accept);
    char source[UUID_TEXT_BYTES + sizeof("/" SOURCE_NAME)];
    char id[UUID_TEXT_BYTES];

    if (args->state == ACCEPT_NONE) {
        return;
    }
    uuid_format(&args->job.id, id);
    snprintf(source, sizeof(source), "%s/" SOURCE_NAME, id);
    if (args->state == ACCEPT_RENAMED && renameat2(files->jobs_fd, source, files->incoming_fd,
                                                   args->job.file, RENAME_NOREPLACE) < 0) {
        log_warning("jobs/%s could not be put back into incoming: error %d", source, errno);
        return;
    }
    if (args->state == ACCEPT_LINKED) {
        unlinkat(files->jobs_fd, source, 0);
    }
    if (unlinkat(files->jobs_fd, id, AT_REMOVEDIR) < 0) {
        log_warning("jobs/%s could not be taken away: error %d", id, errno);
    }
    args->state = ACCEPT_NONE;
}

int store_files_probe(const struct store_files *files, struct error *err)
{
    int rc = 0;
    AUTO_CLOSE int fd =
        openat(files->jobs_fd, ".room", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0) {
        return error_set_errno(err, errno, "looking for room");
    }
    rc = posix_fallocate(fd, 0, PROBE_BYTES);
    unlinkat(files->jobs_fd, ".room", 0);
    return rc == 0 ? 0 : error_set_errno(err, rc, "looking for room");
}
