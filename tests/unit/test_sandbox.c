/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/runtime/sandbox: what can be said of it without closing it for good around this
 * process; the escapes are in tests/integration/test_sandbox.py.
 */
#include "workers/runtime/sandbox.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "workers/runtime/sandbox_landlock.h"
#include "workers/runtime/sandbox_seccomp.h"

static char folder[] = "/tmp/ebb-sandbox-XXXXXX";

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    file_remove_tree(folder, NULL);
}

TestSuite(sandbox, .init = make_folder, .fini = remove_folder);

Test(sandbox, profiles_have_names)
{
    enum sandbox_profile profile = SANDBOX_PROFILE_NONE;

    cr_assert(sandbox_profile_parse("net", &profile));
    cr_assert_eq(profile, SANDBOX_PROFILE_NET);
    cr_assert(sandbox_profile_parse("none", &profile));
    cr_assert_not(sandbox_profile_parse("", &profile));
    cr_assert_not(sandbox_profile_parse("Parse", &profile));
    cr_assert_eq(profile, SANDBOX_PROFILE_NONE);
}

Test(sandbox, makes_the_folders_that_it_opens)
{
    const struct sandbox_spec spec = {
        .profile = SANDBOX_PROFILE_STORE, .state_folder = folder, .every_job = true};
    struct error err = ERROR_INIT;
    struct sandbox *sandbox = sandbox_prepare(&spec, &err);
    char path[64];

    cr_assert_not_null(sandbox, "%s", err.msg);
    cr_assert_not(sandbox_closed(sandbox));
    if (landlock_abi() > 0) {
        snprintf(path, sizeof(path), "%s/answers", folder);
        cr_assert_eq(access(path, W_OK), 0);
    }
    sandbox_destroy(sandbox);
}

Test(sandbox, refuses_paths_that_are_not_there)
{
    struct sandbox_spec spec = {.profile = SANDBOX_PROFILE_PARSE, .state_folder = folder};
    struct error err = ERROR_INIT;

    if (landlock_abi() == 0) {
        return;
    }
    spec.read_paths = "/usr::/nowhere/at/all";
    cr_assert_null(sandbox_prepare(&spec, &err));
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert(strstr(err.msg, "read_paths") && strstr(err.msg, "/nowhere"), "%s", err.msg);
    spec.read_paths = "-models";
    cr_assert_null(sandbox_prepare(&spec, &err));
    cr_assert_eq(err.code, ERROR_INVALID);
    spec.read_paths = "models";
    cr_assert_null(sandbox_prepare(&spec, &err));
    cr_assert_eq(err.code, ERROR_INVALID);
}

Test(sandbox, takes_paths_that_may_be_missing)
{
    struct sandbox_spec spec = {.profile = SANDBOX_PROFILE_PARSE,
                                .state_folder = folder,
                                .read_paths = "-/nowhere/at/all:-/usr:-"};
    struct error err = ERROR_INIT;
    struct sandbox *sandbox = sandbox_prepare(&spec, &err);

    cr_assert_not_null(sandbox, "%s", err.msg);
    sandbox_destroy(sandbox);
}

Test(sandbox, none_closes_and_refuses_nothing)
{
    const struct sandbox_spec spec = {.profile = SANDBOX_PROFILE_NONE, .state_folder = folder};
    struct error err = ERROR_INIT;
    struct sandbox *sandbox = sandbox_prepare(&spec, &err);

    cr_assert_not_null(sandbox);
    cr_assert_eq(sandbox_close(sandbox, folder, &err), 0);
    cr_assert(sandbox_closed(sandbox));
    cr_assert_geq(open("/etc/passwd", O_RDONLY), 0);
    cr_assert_eq(sandbox_close(sandbox, folder, &err), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
    sandbox_destroy(sandbox);
    sandbox_destroy(NULL);
}

Test(sandbox, closes_around_a_job_or_around_all)
{
    struct sandbox_spec spec = {.profile = SANDBOX_PROFILE_NONE, .state_folder = folder};
    struct error err = ERROR_INIT;
    struct sandbox *sandbox = sandbox_prepare(&spec, &err);

    cr_assert_eq(sandbox_close(sandbox, NULL, &err), -1);
    sandbox_destroy(sandbox);
    spec.every_job = true;
    sandbox = sandbox_prepare(&spec, &err);
    cr_assert_eq(sandbox_close(sandbox, folder, &err), -1);
    cr_assert_eq(sandbox_close(sandbox, NULL, &err), 0);
    sandbox_destroy(sandbox);
}

/* In a child: closed for good. The exit code names the check that failed. */
static int check_closed(void)
{
    const struct sandbox_spec spec = {.profile = SANDBOX_PROFILE_PARSE, .state_folder = folder};
    struct sandbox *sandbox = sandbox_prepare(&spec, NULL);
    struct sandbox_offer offer;

    sandbox_probe(&offer);
    if (!sandbox || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        sandbox_close(sandbox, folder, NULL) < 0) {
        return 1;
    }
    sandbox_destroy(sandbox); /* opens nothing again */
    if (offer.landlock_abi > 0 && (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)) {
        return 2;
    }
    if (offer.seccomp && (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM)) {
        return 3;
    }
    return open(folder, O_RDONLY | O_DIRECTORY) >= 0 ? 0 : 4;
}

Test(sandbox, closed_is_closed)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        _exit(check_closed());
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
    cr_assert_eq(WEXITSTATUS(status), 0, "check %d", WEXITSTATUS(status));
}

Test(sandbox, without_no_new_privs_it_does_not_close)
{
    const struct sandbox_spec spec = {.profile = SANDBOX_PROFILE_PARSE, .state_folder = folder};
    struct error err = ERROR_INIT;
    struct sandbox *sandbox;

    if (geteuid() == 0 || landlock_abi() == 0) {
        return; /* root may do without */
    }
    sandbox = sandbox_prepare(&spec, &err);
    cr_assert_eq(sandbox_close(sandbox, folder, &err), -1);
    cr_assert_eq(err.code, ERROR_SYSTEM);
    sandbox_destroy(sandbox);
}

Test(sandbox, landlock_knows_what_is_there)
{
    struct error err = ERROR_INIT;
    int fd;

    if (landlock_abi() == 0) {
        cr_assert_eq(landlock_create(false, &err), -1);
        cr_assert_eq(err.code, ERROR_UNSUPPORTED);
        return;
    }
    fd = landlock_create(false, &err);
    cr_assert_geq(fd, 0, "%s", err.msg);
    cr_assert_eq(landlock_allow(fd, "/etc/passwd", LANDLOCK_READ, &err), 0, "%s", err.msg);
    cr_assert_eq(landlock_allow(fd, "/usr", LANDLOCK_WRITE, &err), 0, "%s", err.msg);
    cr_assert_eq(landlock_allow(fd, "/dev/null", LANDLOCK_DEVICE, &err), 0, "%s", err.msg);
    cr_assert_eq(landlock_allow(fd, "/nowhere", LANDLOCK_READ, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    close(fd);
}

Test(sandbox, filters_are_built_for_both_kinds)
{
    struct error err = ERROR_INIT;
    struct seccomp_program *program;

    for (int with_network = 0; with_network <= 1; with_network++) {
        program = seccomp_program_create(with_network, &err);
        cr_assert_not_null(program, "%s", err.msg);
        seccomp_program_destroy(program);
    }
    seccomp_program_destroy(NULL);
}
