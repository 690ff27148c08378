/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Secrets from files: which files are taken, which are refused and with what words, and that none
 * of a secret is ever in those words.
 */
#include "supervisor/secrets.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/file.h"

#define SECRET "sk-do_not-tell/0123456789=="

static char folder[64];
static struct settings settings;

static void start(void)
{
    snprintf(folder, sizeof(folder), "/tmp/ebb-test-secrets-XXXXXX");
    cr_assert(mkdtemp(folder));
    unsetenv("CREDENTIALS_DIRECTORY");
    settings_init(&settings);
}

static void stop(void)
{
    settings_deinit(&settings);
    file_remove_tree(folder, NULL);
}

TestSuite(secrets, .init = start, .fini = stop, .timeout = 60);

static void name_it(const char *name)
{
    char assignment[256];

    snprintf(assignment, sizeof(assignment), "class.embed.option.key_credential=%s", name);
    cr_assert_eq(settings_set(&settings, assignment, NULL), 0);
}

static const char *in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_key(const char *name, const char *text, mode_t mode)
{
    const char *path = in_folder(name);

    cr_assert_eq(file_write_atomic(path, text, strlen(text), 0600, false, NULL), 0);
    cr_assert_eq(chmod(path, mode), 0);
}

static int read_key(const char *class_name, char *ret_secret, struct error *err)
{
    return secrets_read(settings_class_find(&settings, class_name), ret_secret, err);
}

static void expect_refused(const char *words)
{
    char secret[SECRET_BYTES] = "unchanged";
    struct error err = ERROR_INIT;

    cr_assert_lt(read_key("embed", secret, &err), 0);
    cr_assert(strstr(err.msg, words), "\"%s\" is not in: %s", words, err.msg);
    cr_assert(strstr(err.msg, "class.embed: option.key_credential"), "%s", err.msg);
    cr_assert(!strstr(err.msg, "do_not"), "%s", err.msg);
    cr_assert_str_empty(secret);
    cr_assert_lt(secrets_check(&settings, &err), 0);
}

Test(secrets, none_is_named)
{
    char secret[SECRET_BYTES];

    cr_assert_eq(read_key("embed", secret, NULL), 0);
    cr_assert_eq(secrets_check(&settings, NULL), 0);
    name_it("");
    cr_assert_eq(read_key("embed", secret, NULL), 0);
}

Test(secrets, a_file_of_the_users_own)
{
    char secret[SECRET_BYTES];
    struct error err = ERROR_INIT;

    write_key("key", SECRET "\n", 0600);
    name_it(in_folder("key"));
    cr_assert_eq(read_key("embed", secret, &err), 1, "%s", err.msg);
    cr_assert_str_eq(secret, SECRET);
    cr_assert_eq(read_key("library", secret, &err), 0, "it is one class's alone");
    cr_assert_eq(secrets_check(&settings, &err), 0, "%s", err.msg);
    cr_assert_eq(chmod(in_folder("key"), 0400), 0);
    cr_assert_eq(read_key("embed", secret, &err), 1, "%s", err.msg);
}

Test(secrets, a_credential_of_systemds)
{
    char secret[SECRET_BYTES];
    struct error err = ERROR_INIT;

    write_key("embed-key", SECRET, 0440);
    name_it("embed-key");
    expect_refused("LoadCredential=");
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    cr_assert_eq(read_key("embed", secret, &err), 1, "%s", err.msg);
    cr_assert_str_eq(secret, SECRET);
    name_it("../embed-key");
    expect_refused("plain name");
    name_it("another");
    expect_refused("another");
}

Test(secrets, a_file_that_others_may_read)
{
    write_key("key", SECRET, 0640);
    name_it(in_folder("key"));
    expect_refused("has mode 0640");
    expect_refused("chmod 0600");
}

Test(secrets, a_file_of_somebody_elses)
{
    if (geteuid() != 0) {
        cr_skip("only root can give a file away");
    }
    write_key("key", SECRET, 0600);
    cr_assert_eq(chown(in_folder("key"), 65534, 65534), 0);
    name_it(in_folder("key"));
    expect_refused("belongs to uid 65534");
}

Test(secrets, what_is_no_file_of_one_line)
{
    char link_path[128];

    name_it(in_folder("nowhere"));
    expect_refused("nowhere");
    cr_assert_eq(mkdir(in_folder("folder"), 0700), 0);
    name_it(in_folder("folder"));
    expect_refused("no regular file");
    cr_assert_eq(mkfifo(in_folder("fifo"), 0600), 0);
    name_it(in_folder("fifo"));
    expect_refused("no regular file");
    write_key("key", SECRET, 0600);
    snprintf(link_path, sizeof(link_path), "%s", in_folder("link"));
    cr_assert_eq(symlink(in_folder("key"), link_path), 0);
    name_it(link_path);
    expect_refused("is a link");
    write_key("empty", "\r\n\n", 0600);
    name_it(in_folder("empty"));
    expect_refused("is empty");
    write_key("two", SECRET "\n" SECRET, 0600);
    name_it(in_folder("two"));
    expect_refused("one line");
}

Test(secrets, one_that_is_too_long)
{
    static char text[SECRET_BYTES + 1];
    static char secret[SECRET_BYTES];
    struct error err = ERROR_INIT;

    memset(text, 'k', SECRET_BYTES - 1);
    write_key("key", text, 0600);
    name_it(in_folder("key"));
    cr_assert_eq(read_key("embed", secret, &err), 1, "%s", err.msg);
    cr_assert_eq(strlen(secret), SECRET_BYTES - 1);
    text[SECRET_BYTES - 1] = 'k';
    write_key("key", text, 0600);
    expect_refused("more than 4096 bytes");
}
