/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Trees of files: removing and measuring them (file.h).
 *
 * A tree may have been made by a worker that a hostile document took over. Each step is relative
 * to an open folder and follows no symbolic link, so that nothing outside the tree is touched
 * even when a name is swapped meanwhile; the depth of the descent is bounded.
 *
 * Invariants: at most TREE_DEPTH_MAX + 2 descriptors are open. Everything here blocks on the disk.
 * Nothing is logged.
 */
#include "common/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

#define TREE_DEPTH_MAX 64
/* Attempts to empty a folder that somebody else is filling. */
#define EMPTY_ATTEMPTS 16

struct removal {
    int top_fd;
    unsigned moved_count; /* folders moved up from below TREE_DEPTH_MAX */
};

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int open_folder_at(int parent_fd, const char *name)
{
    return openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Permissions that a worker took away from a folder of ours would keep us out: puts them back. */
static int unlock_folder(int parent_fd, const char *name)
{
    char link[64];
    AUTO_CLOSE int handle = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;

    if (handle < 0 || fstat(handle, &status) < 0) {
        return -1;
    }
    if ((status.st_mode & S_IRWXU) == S_IRWXU) {
        return 0;
    }
    /* fchmod(2) does not take an O_PATH descriptor. */
    snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
    return chmod(link, S_IRWXU);
}

/* Takes over fd, also when it fails. */
static DIR *list_folder(int fd)
{
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    int saved_errno = errno;

    if (!folder && fd >= 0) {
        close(fd);
        errno = saved_errno;
    }
    return folder;
}

/* Moves a folder that is too deep to the top of the tree, where it is met again. */
static int move_up(struct removal *removal, int parent_fd, const char *name)
{
    char new_name[32];

    do {
        snprintf(new_name, sizeof(new_name), "deep-%u", removal->moved_count++);
        if (renameat(parent_fd, name, removal->top_fd, new_name) == 0) {
            return 0;
        }
    } while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);
    return -1;
}

static int remove_at(struct removal *removal, int parent_fd, const char *name, unsigned depth);

/* Removes what the folder lists now. Takes over fd. */
static int empty_folder(struct removal *removal, int fd, unsigned depth)
{
    DIR *folder = list_folder(fd);
    const struct dirent *entry;
    int result = 0;
    int saved_errno;

    if (!folder) {
        return -1;
    }
    while (result == 0) {
        errno = 0;
        entry = readdir(folder);
        if (!entry) {
            result = errno ? -1 : 0;
            break;
        }
        if (!is_dot(entry->d_name)) {
            result = remove_at(removal, dirfd(folder), entry->d_name, depth);
        }
    }
    saved_errno = errno;
    closedir(folder);
    errno = saved_errno;
    return result;
}

/* Opens a folder to empty it; the first one opened is the top of the tree. */
static int open_folder_to_empty(struct removal *removal, int parent_fd, const char *name)
{
    int fd;

    if (unlock_folder(parent_fd, name) < 0) {
        return -1;
    }
    fd = open_folder_at(parent_fd, name);
    if (fd >= 0 && removal->top_fd < 0) {
        removal->top_fd = fd;
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    return fd;
}

static int remove_folder_at(struct removal *removal, int parent_fd, const char *name,
                            unsigned depth)
{
    int attempts = 0;

    for (;;) {
        unsigned moved_before = removal->moved_count;
        int fd;

        if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
            return 0;
        }
        if ((errno != ENOTEMPTY && errno != EEXIST) || attempts >= EMPTY_ATTEMPTS) {
            return -1;
        }
        if (depth >= TREE_DEPTH_MAX) {
            return move_up(removal, parent_fd, name);
        }
        fd = open_folder_to_empty(removal, parent_fd, name);
        if (fd < 0) {
            return errno == ENOENT ? 0 : -1;
        }
        if (empty_folder(removal, fd, depth + 1) < 0) {
            return -1;
        }
        /* What was moved up from the depths is progress, not somebody filling the folder. */
        attempts = removal->moved_count == moved_before ? attempts + 1 : 0;
    }
}

/* 0 or -1 with errno. What is gone already is no error. */
static int remove_at(struct removal *removal, int parent_fd, const char *name, unsigned depth)
{
    int unlink_errno;

    if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT) {
        return 0;
    }
    unlink_errno = errno;
    /* Linux says EISDIR for a folder, POSIX EPERM. */
    if (unlink_errno != EISDIR && unlink_errno != EPERM) {
        return -1;
    }
    if (remove_folder_at(removal, parent_fd, name, depth) < 0) {
        errno = errno == ENOTDIR ? unlink_errno : errno;
        return -1;
    }
    return 0;
}

/* path without the slashes at its end, which would make the kernel follow a link. */
static int trim_path(const char *path, char ret_path[PATH_MAX], struct error *err)
{
    size_t path_bytes = strlen(path);

    while (path_bytes > 0 && path[path_bytes - 1] == '/') {
        path_bytes--;
    }
    if (path_bytes == 0) {
        return error_set(err, ERROR_INVALID, "\"%.60s\" is no tree of ours", path);
    }
    if (path_bytes >= PATH_MAX) {
        return error_set(err, ERROR_LIMIT, "the path %.60s... is too long", path);
    }
    memcpy(ret_path, path, path_bytes);
    ret_path[path_bytes] = '\0';
    return 0;
}

int file_remove_tree(const char *path, struct error *err)
{
    char trimmed[PATH_MAX];
    struct removal removal = {.top_fd = -1, .moved_count = 0};
    int result;
    int remove_errno;

    if (trim_path(path, trimmed, err) < 0) {
        return -1;
    }
    result = remove_at(&removal, AT_FDCWD, trimmed, 0);
    remove_errno = errno;
    if (removal.top_fd >= 0) {
        close(removal.top_fd);
    }
    return result < 0 ? error_set_errno(err, remove_errno, "cannot remove %s", path) : 0;
}

static int add_bytes_at(int parent_fd, const char *name, unsigned depth, uint64_t *bytes);

/* Takes over fd. */
static int add_folder_bytes(int fd, unsigned depth, uint64_t *bytes)
{
    DIR *folder = list_folder(fd);
    const struct dirent *entry;
    int result = 0;
    int saved_errno;

    if (!folder) {
        return -1;
    }
    while (result == 0) {
        errno = 0;
        entry = readdir(folder);
        if (!entry) {
            result = errno ? -1 : 0;
            break;
        }
        if (!is_dot(entry->d_name)) {
            result = add_bytes_at(dirfd(folder), entry->d_name, depth, bytes);
        }
    }
    saved_errno = errno;
    closedir(folder);
    errno = saved_errno;
    return result;
}

/* Adds what name and everything below it hold. 0 or -1 with errno; what vanishes below the top
 * meanwhile is no error. */
static int add_bytes_at(int parent_fd, const char *name, unsigned depth, uint64_t *bytes)
{
    struct stat status;
    int fd;

    if (fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == ENOENT && depth > 0 ? 0 : -1;
    }
    if (S_ISREG(status.st_mode)) {
        *bytes += (uint64_t)status.st_blocks * 512; /* stat(2): whatever the block size */
    }
    if (!S_ISDIR(status.st_mode)) {
        return 0;
    }
    if (depth >= TREE_DEPTH_MAX) {
        errno = ELOOP;
        return -1;
    }
    fd = open_folder_at(parent_fd, name);
    if (fd < 0) {
        return errno == ENOENT && depth > 0 ? 0 : -1;
    }
    return add_folder_bytes(fd, depth + 1, bytes);
}

int file_tree_bytes(const char *path, uint64_t *ret_bytes, struct error *err)
{
    char trimmed[PATH_MAX];
    uint64_t bytes = 0;

    if (trim_path(path, trimmed, err) < 0) {
        return -1;
    }
    if (add_bytes_at(AT_FDCWD, trimmed, 0, &bytes) < 0) {
        return error_set_errno(err, errno, "cannot measure %s", path);
    }
    *ret_bytes = bytes;
    return 0;
}
