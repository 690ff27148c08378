/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Landlock through its three system calls; neither glibc 2.36 nor Debian 12's header knows all.
 *
 * Invariants: what a kernel does not know is never asked of it (it would refuse the whole set of
 * rules), what it knows is always asked. A file that was open before stays usable: rules are
 * checked at open(2), not at read(2).
 *
 * Blocks only on the file systems that hold the paths. Nothing is logged.
 */
#include "workers/runtime/sandbox_landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

/* Constants and a structure that are younger than Linux 6.1's header. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0)
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

/* struct landlock_ruleset_attr as of ABI 6; a kernel takes a longer one when the rest is zero. */
struct ruleset_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

#define FS_ABI_1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define FS_FILE                                                                                    \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |   \
     LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_IOCTL_DEV)

static const uint64_t right_access[] = {
    [LANDLOCK_READ] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    [LANDLOCK_DEVICE] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE,
    [LANDLOCK_WRITE] =
        LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
        LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
        LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER,
};

unsigned landlock_abi(void)
{
    long abi =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);

    return abi > 0 ? (unsigned)abi : 0;
}

/* All that the kernel's Landlock can refuse. */
static struct ruleset_attr everything(unsigned abi)
{
    struct ruleset_attr attr = {.handled_access_fs = FS_ABI_1};

    if (abi >= 2) {
        attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    }
    if (abi >= 3) {
        attr.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
    }
    if (abi >= 4) {
        attr.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
    }
    if (abi >= 5) {
        attr.handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    }
    if (abi >= 6) {
        attr.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
    }
    return attr;
}

int landlock_create(bool may_connect, struct error *err)
{
    unsigned abi = landlock_abi();
    struct ruleset_attr attr = everything(abi);
    long fd;

    if (abi == 0) {
        return error_set(err, ERROR_UNSUPPORTED, "this kernel has no Landlock");
    }
    if (may_connect) {
        attr.handled_access_net &= ~LANDLOCK_ACCESS_NET_CONNECT_TCP;
    }
    fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0U);
    if (fd < 0) {
        return error_set_errno(err, errno, "cannot make Landlock rules");
    }
    return (int)fd;
}

int landlock_allow(int rules_fd, const char *path, enum landlock_right right, struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule;
    struct stat status;

    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open %s for the sandbox", path);
    }
    if (fstat(fd, &status) < 0) {
        return error_set_errno(err, errno, "cannot look at %s for the sandbox", path);
    }
    rule.parent_fd = fd;
    rule.allowed_access = right_access[right] & everything(landlock_abi()).handled_access_fs;
    if (!S_ISDIR(status.st_mode)) {
        rule.allowed_access &= FS_FILE; /* EINVAL otherwise */
    }
    if (syscall(SYS_landlock_add_rule, rules_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U) < 0) {
        return error_set_errno(err, errno, "cannot add a Landlock rule for %s", path);
    }
    return 0;
}

int landlock_enforce(int rules_fd, struct error *err)
{
    if (syscall(SYS_landlock_restrict_self, rules_fd, 0U) < 0) {
        return error_set_errno(err, errno, "cannot enforce Landlock");
    }
    return 0;
}
