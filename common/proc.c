/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the kernel says about a process: /proc/<pid> (proc(5)) and its cgroup (cgroups(7)).
 *
 * Each call opens, reads and closes a file that the kernel makes up: no disk is waited for.
 * Allocates nothing, so that it works when memory is what is missing. Nothing is logged.
 */
#include "common/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/parse.h"

/* /proc/<pid>/status with its line of supplementary groups; /proc/self/mountinfo. */
#define TEXT_BYTES ((size_t)32 * 1024)

static int read_text(const char *path, char *ret_text, size_t size_bytes, struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t done_bytes = 0;

    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open %s", path);
    }
    while (done_bytes < size_bytes - 1) {
        ssize_t got_bytes = read(fd, ret_text + done_bytes, size_bytes - 1 - done_bytes);

        if (got_bytes == 0) {
            break;
        }
        if (got_bytes > 0) {
            done_bytes += (size_t)got_bytes;
        } else if (errno == ESRCH) {
            return error_set(err, ERROR_NOT_FOUND, "%s: the process is gone", path);
        } else if (errno != EINTR) {
            return error_set_errno(err, errno, "cannot read %s", path);
        }
    }
    ret_text[done_bytes] = '\0';
    return 0;
}

static int read_process_text(pid_t pid, const char *name, char *ret_text, size_t size_bytes,
                             struct error *err)
{
    char path[64];

    if (pid == 0) {
        snprintf(path, sizeof(path), "/proc/self/%s", name);
    } else {
        snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
    }
    return read_text(path, ret_text, size_bytes, err);
}

/* Digits behind blanks at text. -1 when there are none. */
static int scan_number(const char *text, uint64_t *ret_value, const char **ret_end)
{
    uint64_t value = 0;
    const char *p = text + strspn(text, " \t");

    if (*p < '0' || *p > '9') {
        return -1;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value)) {
            return -1;
        }
    }
    *ret_value = value;
    *ret_end = p;
    return 0;
}

/* The number of the line "label:   123 kB", in bytes. -1 when there is no such line. */
static int find_kb(const char *text, const char *label, uint64_t *ret_bytes)
{
    size_t label_bytes = strlen(label);
    const char *line = text;
    const char *end;
    uint64_t kilobytes;

    while (line && (strncmp(line, label, label_bytes) != 0 || line[label_bytes] != ':')) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (!line || scan_number(line + label_bytes + 1, &kilobytes, &end) < 0 ||
        strncmp(end, " kB", 3) != 0 ||
        __builtin_mul_overflow(kilobytes, UINT64_C(1024), &kilobytes)) {
        return -1;
    }
    *ret_bytes = kilobytes;
    return 0;
}

int proc_memory_read(pid_t pid, struct proc_memory *ret_memory, struct error *err)
{
    char text[TEXT_BYTES];
    struct proc_memory memory;

    if (read_process_text(pid, "status", text, sizeof(text), err) < 0) {
        return -1;
    }
    if (find_kb(text, "VmRSS", &memory.rss_bytes) < 0 ||
        find_kb(text, "VmHWM", &memory.peak_rss_bytes) < 0 ||
        find_kb(text, "VmSize", &memory.vm_bytes) < 0) {
        return error_set(err, ERROR_NOT_FOUND, "process %ld has no memory any more", (long)pid);
    }
    *ret_memory = memory;
    return 0;
}

int proc_rss_read(pid_t pid, uint64_t *ret_rss_bytes, struct error *err)
{
    char text[256];
    const char *end;
    uint64_t size_pages;
    uint64_t rss_pages;
    long page_bytes = sysconf(_SC_PAGESIZE);

    if (read_process_text(pid, "statm", text, sizeof(text), err) < 0) {
        return -1;
    }
    if (scan_number(text, &size_pages, &end) < 0 || scan_number(end, &rss_pages, &end) < 0 ||
        __builtin_mul_overflow(rss_pages, (uint64_t)page_bytes, &rss_pages)) {
        return error_set(err, ERROR_UNSUPPORTED, "cannot understand statm of process %ld",
                         (long)pid);
    }
    *ret_rss_bytes = rss_pages;
    return 0;
}

int proc_pss_read(pid_t pid, uint64_t *ret_pss_bytes, struct error *err)
{
    char text[4096];

    if (read_process_text(pid, "smaps_rollup", text, sizeof(text), err) < 0) {
        return -1;
    }
    if (find_kb(text, "Pss", ret_pss_bytes) < 0) {
        return error_set(err, ERROR_NOT_FOUND, "process %ld has no memory any more", (long)pid);
    }
    return 0;
}

int proc_machine_memory_read(uint64_t *ret_total_bytes, uint64_t *ret_available_bytes,
                             struct error *err)
{
    char text[8192];
    uint64_t total_bytes;
    uint64_t available_bytes = 0;

    if (read_text("/proc/meminfo", text, sizeof(text), err) < 0) {
        return -1;
    }
    if (find_kb(text, "MemTotal", &total_bytes) < 0 ||
        (ret_available_bytes && find_kb(text, "MemAvailable", &available_bytes) < 0)) {
        return error_set(err, ERROR_UNSUPPORTED, "cannot understand /proc/meminfo");
    }
    *ret_total_bytes = total_bytes;
    if (ret_available_bytes) {
        *ret_available_bytes = available_bytes;
    }
    return 0;
}

/* The two ways in which the kernel shows memory limits. */
struct hierarchy {
    const char *controllers; /* the second field of /proc/self/cgroup has it; "" is v2's */
    const char *filesystem;  /* in mountinfo */
    const char *option;      /* a super option of the mount; NULL for any */
    const char *file;
};

static const struct hierarchy hierarchies[] = {
    {"", "cgroup2", NULL, "memory.max"},
    {"memory", "cgroup", "memory", "memory.limit_in_bytes"},
};

/* Is word one of the comma-separated words of list? The empty list has the empty word. */
static bool list_has(const char *list, size_t list_bytes, const char *word)
{
    size_t word_bytes = strlen(word);

    for (;;) {
        const char *comma = memchr(list, ',', list_bytes);
        size_t item_bytes = comma ? (size_t)(comma - list) : list_bytes;

        if (item_bytes == word_bytes && memcmp(list, word, word_bytes) == 0) {
            return true;
        }
        if (!comma) {
            return false;
        }
        list = comma + 1;
        list_bytes -= item_bytes + 1;
    }
}

/* The path in "4:memory:/path" for the hierarchy, cut out of text. NULL when it is not there. */
static char *find_group(char *text, const struct hierarchy *hierarchy)
{
    char *rest = text;
    char *line;

    while ((line = strsep(&rest, "\n"))) {
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;

        if (path &&
            list_has(controllers + 1, (size_t)(path - controllers - 1), hierarchy->controllers)) {
            return path + 1;
        }
    }
    return NULL;
}

/* The fields of a line of /proc/self/mountinfo that matter here (proc(5)). */
struct mount {
    const char *root;
    const char *point;
    const char *filesystem;
    const char *options;
};

static bool split_mount(char *line, struct mount *ret_mount)
{
    char *rest = line;
    char *word;
    int place = 0;
    int behind_dash = -1;

    memset(ret_mount, 0, sizeof(*ret_mount));
    while ((word = strsep(&rest, " "))) {
        if (place == 3) {
            ret_mount->root = word;
        } else if (place == 4) {
            ret_mount->point = word;
        } else if (behind_dash == 0) {
            ret_mount->filesystem = word;
        } else if (behind_dash == 2) {
            ret_mount->options = word;
        }
        if (behind_dash >= 0 || (place > 5 && strcmp(word, "-") == 0)) {
            behind_dash++;
        }
        place++;
    }
    return ret_mount->options != NULL;
}

static bool find_mount(char *text, const struct hierarchy *hierarchy, struct mount *ret_mount)
{
    char *rest = text;
    char *line;

    while ((line = strsep(&rest, "\n"))) {
        if (split_mount(line, ret_mount) &&
            strcmp(ret_mount->filesystem, hierarchy->filesystem) == 0 &&
            (!hierarchy->option ||
             list_has(ret_mount->options, strlen(ret_mount->options), hierarchy->option))) {
            return true;
        }
    }
    return false;
}

/* UINT64_MAX when the folder has no such file or no limit. */
static uint64_t read_limit(const char *folder, const char *file)
{
    char path[PATH_MAX];
    char text[32];
    uint64_t limit_bytes;
    int length = snprintf(path, sizeof(path), "%s/%s", folder, file);

    if (length < 0 || (size_t)length >= sizeof(path) ||
        read_text(path, text, sizeof(text), NULL) < 0) {
        return UINT64_MAX;
    }
    text[strcspn(text, "\n")] = '\0';
    /* v1 says "no limit" with the largest whole page that fits a long. */
    if (parse_u64(text, 0, UINT64_MAX, &limit_bytes, NULL) < 0 || limit_bytes > INT64_MAX / 2) {
        return UINT64_MAX;
    }
    return limit_bytes;
}

/* The folder of our group in the hierarchy; *ret_point_bytes of it are the mount point. */
static bool find_group_folder(const struct hierarchy *hierarchy, char ret_folder[PATH_MAX],
                              size_t *ret_point_bytes)
{
    char groups[4096];
    char mounts[TEXT_BYTES];
    struct mount mount;
    const char *group;
    size_t root_bytes;
    int length;

    if (read_text("/proc/self/cgroup", groups, sizeof(groups), NULL) < 0 ||
        read_text("/proc/self/mountinfo", mounts, sizeof(mounts), NULL) < 0) {
        return false;
    }
    group = find_group(groups, hierarchy);
    if (!group || !find_mount(mounts, hierarchy, &mount)) {
        return false;
    }
    /* In a container the mount shows a part of the tree only: our path is below that part, or
     * outside of what can be seen ("/.."). */
    root_bytes = strcmp(mount.root, "/") == 0 ? 0 : strlen(mount.root);
    if (strncmp(group, mount.root, root_bytes) == 0 && strncmp(group, "/..", 3) != 0 &&
        (group[root_bytes] == '/' || group[root_bytes] == '\0')) {
        group += root_bytes;
    } else {
        group = "";
    }
    length = snprintf(ret_folder, PATH_MAX, "%s%s", mount.point, group);
    *ret_point_bytes = strlen(mount.point);
    return length >= 0 && length < PATH_MAX;
}

/* The tightest limit of our group and its parents, as far up as the mount shows them. */
static uint64_t hierarchy_limit_bytes(const struct hierarchy *hierarchy)
{
    char folder[PATH_MAX];
    uint64_t tightest_bytes = UINT64_MAX;
    size_t point_bytes;
    char *slash;

    if (!find_group_folder(hierarchy, folder, &point_bytes)) {
        return UINT64_MAX;
    }
    do {
        uint64_t limit_bytes = read_limit(folder, hierarchy->file);

        tightest_bytes = limit_bytes < tightest_bytes ? limit_bytes : tightest_bytes;
        slash = strrchr(folder + point_bytes, '/');
        if (slash) {
            *slash = '\0';
        }
    } while (slash);
    return tightest_bytes;
}

uint64_t proc_cgroup_limit_bytes(void)
{
    uint64_t tightest_bytes = UINT64_MAX;

    for (size_t i = 0; i < ARRAY_LEN(hierarchies) && tightest_bytes == UINT64_MAX; i++) {
        tightest_bytes = hierarchy_limit_bytes(&hierarchies[i]);
    }
    return tightest_bytes;
}
