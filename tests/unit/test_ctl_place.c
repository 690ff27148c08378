/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ctl/place.c and ctl/sources.c: what a command line and the environment name.
 */
#include "ctl/place.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/file.h"
#include "ctl/sources.h"

static char folder[64];

static void make_folder(void)
{
    static const char *const names[] = {"EBB_SOCKET", "EBB_STATE", "XDG_RUNTIME_DIR",
                                        "XDG_STATE_HOME", "HOME"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unsetenv(names[i]);
    }
    snprintf(folder, sizeof(folder), "/tmp/ebb-place-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    cr_assert_eq(file_remove_tree(folder, NULL), 0);
}

TestSuite(ctl_place, .init = make_folder, .fini = remove_folder);

static const char *below(const char *name)
{
    static char path[PATH_MAX];

    cr_assert_eq(file_join(path, sizeof(path), folder, name, NULL), 0);
    return path;
}

static void make_file(const char *name)
{
    int fd = open(below(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    cr_assert_geq(fd, 0);
    close(fd);
}

Test(ctl_place, what_is_nearest_weighs_most)
{
    struct place place;

    setenv("HOME", "/home/u", 1);
    cr_assert_eq(place_find(NULL, NULL, &place, NULL), 0);
    cr_expect_str_eq(place.socket, "/run/ebb/control.sock");
    cr_expect_str_eq(place.state, "/home/u/.local/state/ebb");
    cr_expect_eq(place.socket_origin, PLACE_DEFAULT);
    cr_expect_eq(place.state_origin, PLACE_DEFAULT);

    setenv("XDG_STATE_HOME", "/xdg/", 1);
    setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
    cr_assert_eq(place_find(NULL, NULL, &place, NULL), 0);
    cr_expect_str_eq(place.socket, "/run/user/1/ebb/control.sock");
    cr_expect_str_eq(place.state, "/xdg/ebb");

    setenv("EBB_SOCKET", "/env.sock", 1);
    setenv("EBB_STATE", "/env", 1);
    cr_assert_eq(place_find(NULL, "/line", &place, NULL), 0);
    cr_expect_str_eq(place.socket, "/env.sock");
    cr_expect_eq(place.socket_origin, PLACE_ENVIRONMENT);
    cr_expect_str_eq(place.state, "/line");
    cr_expect_eq(place.state_origin, PLACE_COMMAND_LINE);

    setenv("EBB_SOCKET", "", 1);
    cr_assert_eq(place_find("/line.sock", NULL, &place, NULL), 0);
    cr_expect_str_eq(place.socket, "/line.sock");
    cr_expect_str_eq(place.state, "/env");
}

Test(ctl_place, without_a_home)
{
    struct error err = ERROR_INIT;
    struct place place;

    cr_assert_eq(place_find(NULL, NULL, &place, NULL), 0);
    if (geteuid() == 0) {
        cr_expect_str_eq(place.state, "/var/lib/ebb");
    } else {
        cr_expect_str_eq(place.state, "");
        cr_expect_eq(place_make_state(&place, &err), -1);
        cr_expect_not_null(strstr(err.msg, "HOME"));
        cr_expect_not(place_has_state(&place));
    }
}

Test(ctl_place, a_path_that_is_too_long)
{
    char path[2000];
    struct error err = ERROR_INIT;
    struct place place;

    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    cr_expect_eq(place_find(path, NULL, &place, &err), -1);
    cr_expect_eq(err.code, ERROR_LIMIT);
    cr_expect_eq(place_find(NULL, path, &place, &err), -1);
    path[PLACE_SOCKET_BYTES] = '\0';
    cr_expect_eq(place_find(path, "/s", &place, &err), -1);
    path[PLACE_SOCKET_BYTES - 1] = '\0';
    cr_expect_eq(place_find(path, "/s", &place, &err), 0);
}

Test(ctl_place, a_state_folder_is_made_and_found)
{
    struct place place;

    cr_assert_eq(place_find(NULL, below("a/b"), &place, NULL), 0);
    cr_expect_not(place_has_state(&place));
    cr_assert_eq(place_make_state(&place, NULL), 0);
    cr_expect_eq(place.state[0], '/');
    cr_expect_not(place_has_state(&place));
    make_file("a/b/state.db");
    cr_expect(place_has_state(&place));
    cr_expect(place_same_folder(place.state, below("a/../a/b")));
    cr_expect_not(place_same_folder(place.state, below("a")));
    cr_expect_not(place_same_folder(place.state, below("none")));
}

Test(ctl_place, a_folder_stands_for_the_documents_in_it)
{
    static const char *const files[] = {"b.pdf", "a.PDF",      "c.txt",     "pdf",       ".d.pdf",
                                        "e.xps", "sub/f.oxps", "sub/g.tif", "h.pdf.part"};
    static const char *const wanted[] = {"a.PDF", "b.pdf", "e.xps", "sub/f.oxps", "sub/g.tif"};
    struct sources sources = {.count = 0};
    struct error err = ERROR_INIT;

    cr_assert_eq(mkdir(below("sub"), 0700), 0);
    cr_assert_eq(mkdir(below("empty"), 0700), 0);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        make_file(files[i]);
    }
    cr_assert_eq(symlink(folder, below("loop")), 0);
    cr_assert_eq(sources_add(&sources, below(""), &err), 0, "%s", err.msg);
    cr_assert_eq(sources.count, sizeof(wanted) / sizeof(wanted[0]));
    for (size_t i = 0; i < sources.count; i++) {
        cr_expect_str_eq(sources.items[i].name, wanted[i]);
    }
    /* Named, anything is taken, also through a link. */
    cr_assert_eq(sources_add(&sources, below("loop/c.txt"), &err), 0);
    cr_expect_str_eq(sources.items[sources.count - 1].name, "c.txt");
    cr_expect_eq(sources_add(&sources, below("empty"), &err), -1);
    cr_expect_eq(err.code, ERROR_NOT_FOUND);
    cr_expect_eq(sources_add(&sources, below("none"), &err), -1);
    cr_expect_eq(sources_add(&sources, "https://example.org/a.pdf", &err), -1);
    cr_expect_eq(err.code, ERROR_UNSUPPORTED);
    sources_deinit(&sources);
}

Test(ctl_place, a_walk_has_a_bottom)
{
    char path[PATH_MAX];
    struct sources sources = {.count = 0};
    struct error err = ERROR_INIT;

    snprintf(path, sizeof(path), "%s", folder);
    for (int i = 0; i < 70; i++) {
        cr_assert_eq(file_join(path, sizeof(path), path, "d", NULL), 0);
    }
    cr_assert_eq(file_mkdirs(path, 0700, NULL), 0);
    cr_expect_eq(sources_add(&sources, folder, &err), -1);
    cr_expect_eq(err.code, ERROR_LIMIT);
    sources_deinit(&sources);
}
