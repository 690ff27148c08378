/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Limits, privileges, and what is left in memory.
 */
#include "tests/fake/probe.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

#define MEBIBYTE ((size_t)1 << 20)

/* arg: MiB. */
static int try_memory(const struct attempt_context *context)
{
    size_t size_bytes = number_of(context->arg) * MEBIBYTE;
    AUTO_FREE char *memory = malloc(size_bytes);

    if (!memory) {
        return errno;
    }
    memset(memory, 1, size_bytes);
    __asm__ volatile("" : : "r"(memory) : "memory"); /* do not leave the two lines above out */
    return 0;
}

/* Writes MiB after MiB into the artifact until it is refused; value: MiB written. */
static int try_file(const struct attempt_context *context)
{
    AUTO_CLOSE int fd =
        open(context->unit->artifact_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    static char block[MEBIBYTE];
    uint64_t written = 0;
    uint64_t limit = number_of(context->arg);
    ssize_t put_bytes = 0;

    if (fd < 0) {
        return errno;
    }
    while (written < limit &&
           (put_bytes = write(fd, block, sizeof(block))) == (ssize_t)sizeof(block)) {
        written++;
    }
    worker_result_count(context->result, "value", written);
    return put_bytes < 0 ? errno : 0;
}

/* value: how many more descriptors there were. */
static int try_descriptors(const struct attempt_context *context)
{
    int fds[4096];
    size_t count = 0;
    int failed;

    while (count < ARRAY_LEN(fds) && (fds[count] = dup(STDERR_FILENO)) >= 0) {
        count++;
    }
    failed = count < ARRAY_LEN(fds) ? errno : 0;
    worker_result_count(context->result, "value", count);
    while (count > 0) {
        close(fds[--count]);
    }
    return failed;
}

/* value: the soft limit named by arg. */
static int try_limit(const struct attempt_context *context)
{
    static const struct {
        const char *name;
        __rlimit_resource_t resource;
    } names[] = {
        {"data", RLIMIT_DATA},         {"fsize", RLIMIT_FSIZE}, {"nofile", RLIMIT_NOFILE},
        {"core", RLIMIT_CORE},         {"nproc", RLIMIT_NPROC}, {"memlock", RLIMIT_MEMLOCK},
        {"msgqueue", RLIMIT_MSGQUEUE},
    };
    struct rlimit limit;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i].name, context->arg) == 0) {
            int status = getrlimit(names[i].resource, &limit);

            worker_result_count(context->result, "value", limit.rlim_cur);
            worker_result_count(context->result, "hard", limit.rlim_max);
            return errno_of(status);
        }
    }
    return EINVAL;
}

static int try_privileges(const struct attempt_context *context)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
    long status = syscall(SYS_capget, &header, sets);
    int signal_number = 0;

    prctl(PR_GET_PDEATHSIG, &signal_number);
    worker_result_count(context->result, "no_new_privs",
                        (uint64_t)prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    worker_result_count(context->result, "dumpable", (uint64_t)prctl(PR_GET_DUMPABLE));
    worker_result_count(context->result, "death_signal", (uint64_t)signal_number);
    worker_result_count(context->result, "capabilities",
                        (uint64_t)sets[1].permitted << 32 | sets[0].permitted);
    return errno_of(status);
}

/* Looks through all writable memory for arg read backwards, so that the unit's own message does
 * not hold what is looked for. value: places where it was found. */
static uint64_t count_backwards(const char *start, const char *end, const char *text)
{
    size_t length = strlen(text);
    uint64_t found = 0;

    for (const char *at = start; at + length <= end; at++) {
        size_t same = 0;

        while (same < length && at[same] == text[length - 1 - same]) {
            same++;
        }
        found += same == length;
    }
    return found;
}

static int try_find_in_memory(const struct attempt_context *context)
{
    AUTO_FCLOSE FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    uint64_t found = 0;
    uint64_t mappings = 0;

    if (!maps) {
        return errno;
    }
    while (fgets(line, sizeof(line), maps)) {
        /* start-end mode ... */
        char *rest;
        uintptr_t start = strtoul(line, &rest, 16);
        uintptr_t end = *rest == '-' ? strtoul(rest + 1, &rest, 16) : 0;

        if (end > start && strncmp(rest, " rw", 3) == 0) {
            mappings++;
            found += count_backwards((const char *)start, (const char *)end, context->arg);
        }
    }
    worker_result_count(context->result, "value", found);
    worker_result_count(context->result, "mappings", mappings);
    return 0;
}

const struct attempt probe_limits[] = {
    {"memory", try_memory},
    {"file", try_file},
    {"descriptors", try_descriptors},
    {"limit", try_limit},
    {"privileges", try_privileges},
    {"find_in_memory", try_find_in_memory},
    {NULL, NULL},
};
