/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/file: atomic writes that leave nothing behind, trees that are removed without following
 * links, paths and names at their borders.
 */
#include "common/file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fdio.h"

static char room[64];

static void setup(void)
{
    strcpy(room, "/tmp/ebb-test-file-XXXXXX");
    cr_assert_not_null(mkdtemp(room));
    cr_assert_eq(chdir(room), 0);
    umask(022);
}

static void teardown(void)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(file_remove_tree(room, &err), 0, "%s", err.msg);
}

TestSuite(file, .init = setup, .fini = teardown);

static void put(const char *path, const char *text)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(file_write_atomic(path, text, strlen(text), 0644, false, &err), 0, "%s", err.msg);
}

static bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static bool holds(const char *path, const char *text)
{
    struct buf buf;
    bool same;

    buf_init(&buf, 1 << 20);
    same = file_read(path, 1 << 20, &buf, NULL) == 0 && buf.size == strlen(text) &&
           (buf.size == 0 || memcmp(buf.data, text, buf.size) == 0);
    buf_deinit(&buf);
    return same;
}

static int entry_count(const char *path)
{
    DIR *folder = opendir(path);
    int count = -2; /* "." and ".." */

    cr_assert_not_null(folder);
    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count;
}

Test(file, read_appends_and_stops_at_the_limit)
{
    struct error err = ERROR_INIT;
    struct buf buf;

    put("f", "0123456789");
    buf_init(&buf, 100);
    cr_assert_eq(buf_append_str(&buf, "<", NULL), 0);
    cr_assert_eq(file_read("f", 10, &buf, &err), 0, "%s", err.msg);
    cr_assert_str_eq(buf_cstr(&buf, NULL), "<0123456789");
    cr_assert_eq(file_read("f", 9, &buf, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(buf.size, 11);
    cr_assert_eq(file_read("missing", 9, &buf, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert_eq(file_read(".", 9, &buf, &err), -1);
    cr_assert_eq(err.sys_errno, EISDIR);
    buf_deinit(&buf);
}

Test(file, read_leaves_a_full_buffer_as_it_was)
{
    struct error err = ERROR_INIT;
    struct buf buf;

    put("f", "0123456789");
    buf_init(&buf, 9);
    cr_assert_eq(file_read("f", 100, &buf, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(buf.size, 0);
    buf_deinit(&buf);
}

Test(file, read_takes_what_has_no_size)
{
    struct buf buf;

    buf_init(&buf, 1 << 16);
    cr_assert_eq(file_read("/proc/self/status", 1 << 16, &buf, NULL), 0);
    cr_assert_gt(buf.size, 100);
    buf_deinit(&buf);
}

Test(file, write_atomic_replaces_and_leaves_no_temporary)
{
    struct stat status;

    put("f", "old");
    cr_assert_eq(file_write_atomic("f", "new", 3, 0600, true, NULL), 0);
    cr_assert(holds("f", "new"));
    cr_assert_eq(stat("f", &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0600);
    cr_assert_eq(file_write_atomic("empty", NULL, 0, 0644, true, NULL), 0);
    cr_assert(holds("empty", ""));
    cr_assert_eq(entry_count("."), 2);
}

Test(file, write_atomic_replaces_a_link_and_not_its_target)
{
    put("target", "precious");
    cr_assert_eq(symlink("target", "link"), 0);
    put("link", "new");
    cr_assert(holds("target", "precious"));
    cr_assert(holds("link", "new"));
}

Test(file, a_failed_rename_leaves_no_temporary)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(mkdir("folder", 0755), 0);
    cr_assert_eq(file_write_atomic("folder", "x", 1, 0644, true, &err), -1);
    cr_assert_eq(err.sys_errno, EISDIR);
    cr_assert_eq(entry_count("."), 1);
    cr_assert_eq(file_write_atomic("no/folder/f", "x", 1, 0644, true, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
}

Test(file, a_failed_write_leaves_the_old_file_and_no_temporary)
{
    const struct rlimit limit = {4096, 4096};
    static char big[300000];
    struct error err = ERROR_INIT;

    put("f", "old");
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(file_write_atomic("f", big, sizeof(big), 0644, true, &err), -1);
    cr_assert_eq(err.sys_errno, EFBIG);
    cr_assert(holds("f", "old"));
    cr_assert_eq(entry_count("."), 1);
}

Test(file, a_failed_append_makes_commit_fail)
{
    const struct rlimit limit = {4096, 4096};
    static char big[300000];
    struct error err = ERROR_INIT;
    struct file_writer *writer;

    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    writer = file_writer_open("f", 0644, &err);
    cr_assert_eq(file_writer_append(writer, big, sizeof(big), &err), -1);
    cr_assert_eq(file_writer_append(writer, big, 1, &err), -1);
    cr_assert_eq(file_writer_commit(writer, false, &err), -1);
    cr_assert_eq(entry_count("."), 0);

    /* One that fails only when the buffer is flushed. */
    writer = file_writer_open("f", 0644, &err);
    cr_assert_eq(file_writer_append(writer, big, 5000, &err), 0);
    cr_assert_eq(file_writer_commit(writer, false, &err), -1);
    cr_assert_eq(err.sys_errno, EFBIG);
    cr_assert_eq(entry_count("."), 0);
}

Test(file, a_stale_temporary_is_replaced)
{
    char name[64];

    for (unsigned i = 0; i < 8; i++) {
        snprintf(name, sizeof(name), "f.tmp-%ld-%u", (long)getpid(), i);
        cr_assert_eq(symlink("/nonexistent/target", name), 0);
    }
    put("f", "whole");
    cr_assert(holds("f", "whole"));
    cr_assert_eq(entry_count("."), 8);
}

Test(file, the_longest_name_can_be_written)
{
    char name[NAME_MAX + 2];

    memset(name, 'n', sizeof(name));
    name[NAME_MAX] = '\0';
    put(name, "x");
    cr_assert(holds(name, "x"));
    cr_assert_eq(entry_count("."), 1);
    name[NAME_MAX] = 'n';
    name[NAME_MAX + 1] = '\0';
    cr_assert_eq(file_write_atomic(name, "x", 1, 0644, false, NULL), -1);
    cr_assert_eq(entry_count("."), 1);
}

Test(file, writer_keeps_the_order_of_small_and_big)
{
    struct error err = ERROR_INIT;
    struct file_writer *writer = file_writer_open("f", 0644, &err);
    struct file_writer *other = file_writer_open("f", 0644, &err);
    static char big[200000];
    struct buf buf;
    size_t expected = 0;

    cr_assert_not_null(writer);
    cr_assert_not_null(other);
    for (size_t i = 0; i < sizeof(big); i++) {
        big[i] = (char)(i % 251);
    }
    for (size_t size = 1; size < 150000; size = size * 3 + 1) {
        cr_assert_eq(file_writer_append(writer, big, size, &err), 0);
        expected += size;
    }
    cr_assert_eq(file_writer_append(writer, NULL, 0, &err), 0);
    cr_assert_eq(file_writer_bytes(writer), expected);
    cr_assert(!exists("f"));
    cr_assert_eq(file_writer_commit(writer, false, &err), 0, "%s", err.msg);

    buf_init(&buf, 1 << 20);
    cr_assert_eq(file_read("f", 1 << 20, &buf, &err), 0);
    cr_assert_eq(buf.size, expected);
    expected = 0;
    for (size_t size = 1; size < 150000; size = size * 3 + 1) {
        cr_assert_eq(memcmp(buf.data + expected, big, size), 0);
        expected += size;
    }
    buf_deinit(&buf);
    file_writer_discard(other);
    file_writer_discard(NULL);
    cr_assert_eq(entry_count("."), 1);
}

Test(file, mkdirs)
{
    struct error err = ERROR_INIT;
    struct stat status;

    cr_assert_eq(file_mkdirs("a//b/c/", 0750, &err), 0, "%s", err.msg);
    cr_assert_eq(stat("a/b/c", &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0750);
    cr_assert_eq(file_mkdirs("a/b/c", 0750, &err), 0);
    cr_assert_eq(file_mkdirs("/", 0755, &err), 0);
    cr_assert_eq(symlink("a", "link"), 0);
    cr_assert_eq(file_mkdirs("link/d", 0755, &err), 0);
    cr_assert(exists("a/d"));
    put("f", "x");
    cr_assert_eq(file_mkdirs("f", 0755, &err), -1);
    cr_assert_eq(err.code, ERROR_EXISTS);
    cr_assert_eq(file_mkdirs("f/g", 0755, &err), -1);
    cr_assert_eq(file_mkdirs("", 0755, &err), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
}

Test(file, mkdirs_refuses_a_path_that_is_too_long)
{
    static char path[PATH_MAX + 1];
    struct error err = ERROR_INIT;

    memset(path, 'a', PATH_MAX);
    cr_assert_eq(file_mkdirs(path, 0755, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(file_remove_tree(path, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_null(file_writer_open(path, 0644, &err));
    cr_assert_eq(err.code, ERROR_LIMIT);
}

Test(file, remove_tree_removes_everything)
{
    struct error err = ERROR_INIT;
    char path[64];

    cr_assert_eq(file_mkdirs("t/a/b", 0755, &err), 0);
    for (int i = 0; i < 500; i++) {
        snprintf(path, sizeof(path), "t/a/f%d", i);
        put(path, "x");
    }
    cr_assert_eq(mkfifo("t/fifo", 0600), 0);
    cr_assert_eq(file_remove_tree("t/", &err), 0, "%s", err.msg);
    cr_assert(!exists("t"));
    cr_assert_eq(file_remove_tree("t", &err), 0);
    put("f", "x");
    cr_assert_eq(file_remove_tree("f", &err), 0);
    cr_assert(!exists("f"));
}

Test(file, remove_tree_follows_no_link)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(file_mkdirs("outside/deep", 0755, &err), 0);
    put("outside/deep/precious", "x");
    put("outside/precious", "x");
    cr_assert_eq(file_mkdirs("t/a", 0755, &err), 0);
    cr_assert_eq(symlink("../outside", "t/to-folder"), 0);
    cr_assert_eq(symlink("../../outside/precious", "t/a/to-file"), 0);
    cr_assert_eq(symlink("..", "t/a/up"), 0);
    cr_assert_eq(symlink("nowhere", "t/dangling"), 0);
    cr_assert_eq(file_remove_tree("t", &err), 0, "%s", err.msg);
    cr_assert(!exists("t"));

    /* path itself being a link, with and without a slash: the link goes, not what it names. */
    cr_assert_eq(symlink("outside", "link"), 0);
    cr_assert_eq(file_remove_tree("link", &err), 0);
    cr_assert_eq(symlink("outside", "link"), 0);
    cr_assert_eq(file_remove_tree("link///", &err), 0);
    cr_assert(!exists("link"));
    cr_assert(holds("outside/precious", "x"));
    cr_assert(holds("outside/deep/precious", "x"));
}

Test(file, remove_tree_refuses_what_is_nobodys_tree)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(file_remove_tree("", &err), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
    cr_assert_eq(file_remove_tree("///", &err), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
}

/* A chain of folders far deeper than PATH_MAX can name, with files on the way. */
Test(file, remove_tree_copes_with_any_depth)
{
    struct error err = ERROR_INIT;
    uint64_t bytes = 42;
    int before;
    int fd;

    cr_assert_eq(mkdir("t", 0755), 0);
    fd = open("t", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 3000; i++) {
        int next;

        cr_assert_eq(mkdirat(fd, "deep-0", 0755), 0);
        next = openat(fd, "deep-0", O_PATH | O_DIRECTORY | O_CLOEXEC);
        cr_assert_geq(next, 0);
        close(fd);
        fd = next;
        close(openat(fd, "deep-1", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }
    close(fd);
    before = fdio_open_count();
    cr_assert_eq(file_tree_bytes("t", &bytes, &err), -1);
    cr_assert_eq(err.sys_errno, ELOOP);
    cr_assert_eq(bytes, 42);
    cr_assert_eq(file_remove_tree("t", &err), 0, "%s", err.msg);
    cr_assert(!exists("t"));
    cr_assert_eq(fdio_open_count(), before);
}

/* Permissions keep out only who is not root: the child becomes nobody. */
Test(file, remove_tree_unlocks_its_folders)
{
    struct error err = ERROR_INIT;
    pid_t child;
    int status;

    cr_assert_eq(chmod(room, 0777), 0);
    child = fork();
    if (child == 0) {
        if (getuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0)) {
            _exit(2);
        }
        if (file_mkdirs("t/closed/inner", 0755, NULL) < 0 || chmod("t/closed/inner", 0) < 0 ||
            file_write_atomic("t/closed/f", "x", 1, 0400, false, NULL) < 0 ||
            chmod("t/closed", 0500) < 0 || chmod("t", 0) < 0) {
            _exit(3);
        }
        _exit(file_remove_tree("t", &err) == 0 && !exists("t") ? 0 : 4);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}

Test(file, remove_tree_says_what_it_could_not)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(file_remove_tree("/proc/self/status", &err), -1);
    cr_assert_neq(err.sys_errno, 0);
    cr_assert(strstr(err.msg, "/proc/self/status"));
}

Test(file, tree_bytes)
{
    static char block[65536];
    struct error err = ERROR_INIT;
    uint64_t bytes = 0;

    memset(block, 'x', sizeof(block));
    cr_assert_eq(file_mkdirs("t/a", 0755, &err), 0);
    cr_assert_eq(file_tree_bytes("t", &bytes, &err), 0);
    cr_assert_eq(bytes, 0);
    cr_assert_eq(file_write_atomic("t/a/f", block, sizeof(block), 0644, true, &err), 0);
    cr_assert_eq(file_write_atomic("t/g", block, sizeof(block), 0644, true, &err), 0);
    cr_assert_eq(file_write_atomic("outside", block, sizeof(block), 0644, true, &err), 0);
    cr_assert_eq(symlink("../outside", "t/link"), 0);
    cr_assert_eq(symlink("..", "t/up"), 0);
    cr_assert_eq(file_tree_bytes("t", &bytes, &err), 0);
    cr_assert_geq(bytes, 2 * sizeof(block));
    cr_assert_lt(bytes, 3 * sizeof(block));
    bytes = 7;
    cr_assert_eq(file_tree_bytes("missing", &bytes, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert_eq(bytes, 7);
}

Test(file, join)
{
    static const struct {
        const char *folder;
        const char *name;
        const char *path;
    } rows[] = {
        {"a", "b", "a/b"},       {"a/", "b", "a/b"}, {"a//", "/b", "a/b"}, {"/", "b", "/b"},
        {"/a", "b/c", "/a/b/c"}, {"", "b", "b"},     {"a", "", "a/"},
    };
    char path[8];
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_eq(file_join(path, sizeof(path), rows[i].folder, rows[i].name, &err), 0);
        cr_assert_str_eq(path, rows[i].path);
    }
    cr_assert_eq(file_join(path, sizeof(path), "123", "567", &err), 0);
    cr_assert_eq(file_join(path, sizeof(path), "123", "5678", &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_str_eq(path, "123/567");
    cr_assert_eq(file_join(path, 0, "", "", &err), -1);
    cr_assert_eq(file_join(path, 1, "", "", &err), 0);
    cr_assert_str_eq(path, "");
    memcpy(path, "a/", 3);
    cr_assert_eq(file_join(path, sizeof(path), path, "b", &err), 0);
    cr_assert_str_eq(path, "a/b");
}

Test(file, plain_names)
{
    char name[NAME_MAX + 2];

    cr_assert(file_name_is_plain("source.pdf"));
    cr_assert(file_name_is_plain("Gr\xc3\xb6\xc3\x9f"
                                 "e 1.pdf"));
    cr_assert(!file_name_is_plain(""));
    cr_assert(!file_name_is_plain("."));
    cr_assert(!file_name_is_plain(".."));
    cr_assert(!file_name_is_plain(".hidden"));
    cr_assert(!file_name_is_plain("a/b"));
    cr_assert(!file_name_is_plain("a\nb"));
    cr_assert(!file_name_is_plain("a\x7f"));
    memset(name, 'n', sizeof(name));
    name[NAME_MAX] = '\0';
    cr_assert(file_name_is_plain(name));
    name[NAME_MAX] = 'n';
    name[NAME_MAX + 1] = '\0';
    cr_assert(!file_name_is_plain(name));
}

Test(file, nothing_stays_open)
{
    int before = fdio_open_count();
    struct error err = ERROR_INIT;
    struct buf buf;

    buf_init(&buf, 100);
    put("f", "x");
    cr_assert_eq(file_read("f", 100, &buf, &err), 0);
    cr_assert_eq(file_write_atomic("f", "y", 1, 0644, true, &err), 0);
    cr_assert_eq(file_mkdirs("t/a/b", 0755, &err), 0);
    cr_assert_eq(file_write_atomic("t", "y", 1, 0644, true, &err), -1);
    cr_assert_eq(file_fsync_dir("t", &err), 0);
    cr_assert_eq(file_fsync_dir("f", &err), -1);
    file_writer_discard(file_writer_open("g", 0644, &err));
    cr_assert_eq(file_remove_tree("t", &err), 0);
    cr_assert_eq(fdio_open_count(), before);
    buf_deinit(&buf);
}
