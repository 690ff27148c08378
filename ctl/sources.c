/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The documents that a command line names.
 *
 * Invariants: a folder is walked by descriptors and never through a symbolic link, so the walk ends
 * and stays inside. Blocks on the disk. Nothing is logged.
 */
#include "ctl/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"

#define DEPTH_MAX 64

/* Of what a folder is searched for. Pictures are read too, when they are named: in a folder they
 * are more often parts of something else. */
static const char *const extensions[] = {".pdf",  ".xps", ".oxps", ".tif", ".tiff",
                                         ".epub", ".cbz", ".fb2",  ".mobi"};

bool sources_is_document(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < ARRAY_LEN(extensions); i++) {
        if (strcasecmp(dot, extensions[i]) == 0) {
            return true;
        }
    }
    return false;
}

void sources_deinit(struct sources *sources)
{
    arena_destroy(sources->paths);
    free(sources->items);
    memset(sources, 0, sizeof(*sources));
}

static int grow(struct sources *sources, struct error *err)
{
    size_t capacity = sources->capacity ? sources->capacity * 2 : 16;
    struct source *items;

    if (!sources->paths) {
        sources->paths = arena_create(0);
    }
    if (sources->count < sources->capacity) {
        return 0;
    }
    if (sources->capacity >= SOURCES_MAX) {
        return error_set(err, ERROR_LIMIT, "there are more than %u documents: name them in parts",
                         SOURCES_MAX);
    }
    items = reallocarray(sources->items, capacity, sizeof(*items));
    if (!items) {
        return error_set(err, ERROR_MEMORY, "out of memory");
    }
    sources->items = items;
    sources->capacity = capacity;
    return 0;
}

/* name_offset: where in path the document's name begins. */
static int add_file(struct sources *sources, const char *path, size_t name_offset,
                    struct error *err)
{
    struct source *source;
    char *copy;

    if (grow(sources, err) < 0) {
        return -1;
    }
    copy = sources->paths ? arena_strdup(sources->paths, path) : NULL;
    if (!copy) {
        return error_set(err, ERROR_MEMORY, "out of memory");
    }
    source = &sources->items[sources->count++];
    source->name = copy + name_offset;
    source->path = copy;
    return 0;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

struct walk {
    size_t name_offset;
    unsigned depth;
    char path[PATH_MAX];
};

static int walk_folder(struct walk *walk, struct sources *sources, int parent_fd, const char *name,
                       struct error *err);

/* One entry of the folder that walk->path names. */
static int walk_entry(struct walk *walk, struct sources *sources, int folder_fd, const char *name,
                      struct error *err)
{
    size_t length = strlen(walk->path);
    struct stat status;
    int result = 0;

    if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "%s/%s", walk->path, name);
    }
    if (file_join(walk->path, sizeof(walk->path), walk->path, name, err) < 0) {
        return -1;
    }
    if (S_ISDIR(status.st_mode)) {
        result = walk_folder(walk, sources, folder_fd, name, err);
    } else if (S_ISREG(status.st_mode) && sources_is_document(name)) {
        result = add_file(sources, walk->path, walk->name_offset, err);
    }
    walk->path[length] = '\0';
    return result;
}

static int walk_folder(struct walk *walk, struct sources *sources, int parent_fd, const char *name,
                       struct error *err)
{
    AUTO_CLOSE int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct dirent **entries = NULL;
    int result = 0;
    int count;

    if (fd < 0) {
        return error_set_errno(err, errno, "%s", walk->path);
    }
    if (walk->depth == DEPTH_MAX) {
        return error_set(err, ERROR_LIMIT, "%s is more than %d folders deep", walk->path,
                         DEPTH_MAX);
    }
    count = scandirat(fd, ".", &entries, is_visible, by_name);
    if (count < 0) {
        return error_set_errno(err, errno, "%s", walk->path);
    }
    walk->depth++;
    for (int i = 0; i < count; i++) {
        if (result == 0) {
            result = walk_entry(walk, sources, fd, entries[i]->d_name, err);
        }
        free(entries[i]);
    }
    walk->depth--;
    free(entries);
    return result;
}

/* A folder that is named may itself be a link. */
static int add_folder(struct sources *sources, const char *folder, struct error *err)
{
    struct walk walk = {.depth = 0};
    size_t before = sources->count;
    size_t length = strlen(folder);
    AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return error_set_errno(err, errno, "it cannot be opened");
    }
    while (length > 1 && folder[length - 1] == '/') {
        length--;
    }
    if (length + 2 > sizeof(walk.path)) {
        return error_set(err, ERROR_LIMIT, "its path is too long");
    }
    memcpy(walk.path, folder, length);
    walk.path[length] = '\0';
    walk.name_offset = length + (folder[length - 1] != '/');
    if (walk_folder(&walk, sources, fd, ".", err) < 0) {
        return -1;
    }
    if (sources->count == before) {
        return error_set(err, ERROR_NOT_FOUND, "there is no document in this folder");
    }
    return 0;
}

static bool is_url(const char *operand)
{
    size_t scheme =
        strspn(operand, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

    return scheme > 1 && strncmp(operand + scheme, "://", 3) == 0;
}

int sources_add(struct sources *sources, const char *operand, struct error *err)
{
    const char *slash = strrchr(operand, '/');
    struct stat status;

    if (stat(operand, &status) < 0) {
        if (errno == ENOENT && is_url(operand)) {
            return error_set(err, ERROR_UNSUPPORTED,
                             "this version fetches nothing from the network");
        }
        return error_set_errno(err, errno, "it cannot be read");
    }
    if (S_ISDIR(status.st_mode)) {
        return add_folder(sources, operand, err);
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(err, ERROR_INVALID, "it is neither a file nor a folder");
    }
    return add_file(sources, operand, slash ? (size_t)(slash - operand) + 1 : 0, err);
}
