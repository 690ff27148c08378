/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cgroup v2 by plain files under /sys/fs/cgroup.
 *
 * Invariants: no process of ours is left in an inner node (the kernel forbids controllers there).
 * Blocks: writes to cgroupfs, which is memory. Diagnostics: none; a group that cannot be removed
 * is left to systemd, which removes the unit's whole subtree.
 */
#include "supervisor/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

#define MOUNT "/sys/fs/cgroup"
#define PATH_BYTES 512

struct cgroup_root {
    char path[PATH_BYTES];
};

struct cgroup {
    char path[PATH_BYTES + 32];
};

static int read_small(const char *folder, const char *name, char *ret_text, size_t size_bytes)
{
    char path[PATH_BYTES + 96];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    ssize_t size = read(fd, ret_text, size_bytes - 1);
    if (size < 0) {
        return -1;
    }
    ret_text[size] = '\0';
    return 0;
}

static int write_small(const char *folder, const char *name, const char *text)
{
    char path[PATH_BYTES + 96];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    return write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

/* The v2 line of /proc/self/cgroup is "0::/path". */
static int own_path(char *ret_path, size_t size_bytes)
{
    char text[4096];
    if (read_small("/proc/self", "cgroup", text, sizeof(text)) < 0) {
        return -1;
    }
    char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (!line) {
        return -1;
    }
    line += *line == '\n' ? 4 : 3;
    line[strcspn(line, "\n")] = '\0';
    int length = snprintf(ret_path, size_bytes, "%s%s", MOUNT, strcmp(line, "/") == 0 ? "" : line);
    return length < 0 || (size_t)length >= size_bytes ? -1 : 0;
}

static bool lists_memory(const char *folder, const char *file)
{
    char text[256];
    return read_small(folder, file, text, sizeof(text)) == 0 && strstr(text, "memory") != NULL;
}

int cgroup_root_open(struct cgroup_root **ret_root, struct error *err)
{
    AUTO_FREE struct cgroup_root *root = calloc(1, sizeof(*root));
    if (!root) {
        return error_set(err, ERROR_MEMORY, "no memory for the cgroup root");
    }
    if (own_path(root->path, sizeof(root->path)) < 0 ||
        !lists_memory(root->path, "cgroup.controllers")) {
        return error_set(err, ERROR_UNSUPPORTED, "no cgroup v2 subtree with the memory controller");
    }
    char leaf[PATH_BYTES + 32];
    snprintf(leaf, sizeof(leaf), "%s/supervisor", root->path);
    if (mkdir(leaf, 0755) < 0 && errno != EEXIST) {
        return error_set(err, ERROR_UNSUPPORTED, "the cgroup is not delegated: %s",
                         strerror(errno));
    }
    char pid[32];
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    if (write_small(leaf, "cgroup.procs", pid) < 0 ||
        write_small(root->path, "cgroup.subtree_control", "+memory") < 0) {
        return error_set(err, ERROR_UNSUPPORTED, "the cgroup is not delegated: %s",
                         strerror(errno));
    }
    *ret_root = TAKE_PTR(root);
    return 0;
}

void cgroup_root_close(struct cgroup_root *root)
{
    free(root);
}

int cgroup_place(struct cgroup_root *root, pid_t pid, uint64_t memory_max_bytes,
                 struct cgroup **ret_cgroup, struct error *err)
{
    *ret_cgroup = NULL;
    if (!root) {
        return 0;
    }
    struct cgroup *cgroup = calloc(1, sizeof(*cgroup));
    if (!cgroup) {
        return error_set(err, ERROR_MEMORY, "no memory for a cgroup");
    }
    snprintf(cgroup->path, sizeof(cgroup->path), "%s/worker-%d", root->path, (int)pid);
    if (mkdir(cgroup->path, 0755) < 0 && errno != EEXIST) {
        error_set_errno(err, errno, "%s", cgroup->path);
        free(cgroup);
        return -1;
    }
    char text[32];
    if (memory_max_bytes > 0) {
        snprintf(text, sizeof(text), "%" PRIu64, memory_max_bytes);
        (void)write_small(cgroup->path, "memory.max", text); /* RLIMIT_DATA still holds */
        (void)write_small(cgroup->path, "memory.swap.max", "0");
    }
    snprintf(text, sizeof(text), "%d", (int)pid);
    if (write_small(cgroup->path, "cgroup.procs", text) < 0) {
        error_set_errno(err, errno, "%s: moving worker %d", cgroup->path, (int)pid);
        cgroup_remove(cgroup);
        return -1;
    }
    *ret_cgroup = cgroup;
    return 0;
}

bool cgroup_peak_bytes(const struct cgroup *cgroup, uint64_t *ret_bytes)
{
    char text[64];
    if (!cgroup || read_small(cgroup->path, "memory.peak", text, sizeof(text)) < 0) {
        return false;
    }
    char *end;
    unsigned long long bytes = strtoull(text, &end, 10);
    if (end == text) {
        return false;
    }
    *ret_bytes = bytes;
    return true;
}

bool cgroup_oom_killed(const struct cgroup *cgroup)
{
    char text[512];
    if (!cgroup || read_small(cgroup->path, "memory.events", text, sizeof(text)) < 0) {
        return false;
    }
    const char *line = strstr(text, "oom_kill ");
    return line && strtoull(line + strlen("oom_kill "), NULL, 10) > 0;
}

void cgroup_remove(struct cgroup *cgroup)
{
    if (cgroup) {
        rmdir(cgroup->path);
        free(cgroup);
    }
}
