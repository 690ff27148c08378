/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Files by name: what Landlock judges.
 */
#include "tests/fake/probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

int opened(int fd)
{
    int saved_errno = errno;

    if (fd < 0) {
        return saved_errno;
    }
    close(fd);
    return 0;
}

static int try_read(const struct attempt_context *context)
{
    return opened(open(context->arg, O_RDONLY | O_CLOEXEC));
}

static int try_write(const struct attempt_context *context)
{
    return opened(open(context->arg, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int try_truncate(const struct attempt_context *context)
{
    return opened(open(context->arg, O_WRONLY | O_TRUNC | O_CLOEXEC));
}

static int try_list(const struct attempt_context *context)
{
    return opened(open(context->arg, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int try_mkdir(const struct attempt_context *context)
{
    return errno_of(mkdir(context->arg, 0700));
}

static int try_unlink(const struct attempt_context *context)
{
    return errno_of(unlink(context->arg));
}

/* arg: "from:to". */
static int try_rename(const struct attempt_context *context)
{
    AUTO_FREE char *from = strdup(context->arg);
    char *to = from ? strchr(from, ':') : NULL;

    if (!to) {
        return EINVAL;
    }
    *to++ = '\0';
    return errno_of(rename(from, to));
}

static int try_symlink(const struct attempt_context *context)
{
    return errno_of(symlink("/etc/passwd", context->arg));
}

static int try_chmod(const struct attempt_context *context)
{
    return errno_of(chmod(context->arg, 04755));
}

static int try_memfd(const struct attempt_context *context)
{
    (void)context;
    return opened(memfd_create("probe", MFD_CLOEXEC));
}

const struct attempt probe_files[] = {
    {"read", try_read},
    {"write", try_write},
    {"truncate", try_truncate},
    {"list", try_list},
    {"mkdir", try_mkdir},
    {"unlink", try_unlink},
    {"rename", try_rename},
    {"symlink", try_symlink},
    {"chmod", try_chmod},
    {"memfd", try_memfd},
    {NULL, NULL},
};
