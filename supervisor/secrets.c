/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Secrets, from their files.
 *
 * Invariant: no byte of a secret is left in memory of ours but in what the caller gave; none is
 * ever in a message.
 *
 * Blocks: on one small file. Diagnostics: none.
 */
#include "supervisor/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"

#define OPTION "key_credential"

static int find_path(const char *name, char *ret_path, size_t size_bytes, struct error *err)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (name[0] == '/') {
        snprintf(ret_path, size_bytes, "%s", name);
        return 0;
    }
    if (!file_name_is_plain(name)) {
        return error_set(err, ERROR_INVALID,
                         "expected the plain name of a credential or an absolute path");
    }
    if (!folder || folder[0] == '\0') {
        return error_set(err, ERROR_NOT_FOUND,
                         "credential %.60s: systemd hands none over here; give LoadCredential= in "
                         "the unit, or the absolute path of a file",
                         name);
    }
    return file_join(ret_path, size_bytes, folder, name, err);
}

/* Credentials are kept by systemd as it sees fit; a file of the user's must be his alone. */
static int look_at(int fd, const char *path, bool credential, struct error *err)
{
    struct stat status;
    if (fstat(fd, &status) < 0) {
        return error_set_errno(err, errno, "%.160s", path);
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(err, ERROR_INVALID, "%.160s is no regular file", path);
    }
    if (status.st_size >= SECRET_BYTES) {
        return error_set(err, ERROR_INVALID, "%.160s has more than %d bytes", path,
                         SECRET_BYTES - 1);
    }
    if (credential) {
        return 0;
    }
    if (status.st_uid != geteuid()) {
        return error_set(err, ERROR_INVALID, "%.160s belongs to uid %u, not to %u: chown it", path,
                         (unsigned)status.st_uid, (unsigned)geteuid());
    }
    if ((status.st_mode & 077) != 0) {
        return error_set(err, ERROR_INVALID, "%.160s has mode %04o: others can read it; chmod 0600",
                         path, (unsigned)status.st_mode & 07777);
    }
    return 0;
}

static int read_line(int fd, const char *path, char ret_secret[SECRET_BYTES], struct error *err)
{
    size_t size_bytes = 0;
    ssize_t got;
    while (size_bytes < SECRET_BYTES - 1 &&
           (got = read(fd, ret_secret + size_bytes, SECRET_BYTES - 1 - size_bytes)) != 0) {
        if (got < 0 && errno != EINTR) {
            return error_set_errno(err, errno, "%.160s", path);
        }
        size_bytes += got > 0 ? (size_t)got : 0;
    }
    while (size_bytes > 0 &&
           (ret_secret[size_bytes - 1] == '\n' || ret_secret[size_bytes - 1] == '\r')) {
        size_bytes--;
    }
    ret_secret[size_bytes] = '\0';
    if (size_bytes == 0) {
        return error_set(err, ERROR_INVALID, "%.160s is empty", path);
    }
    for (size_t i = 0; i < size_bytes; i++) {
        if ((unsigned char)ret_secret[i] < '!' || (unsigned char)ret_secret[i] > '~') {
            return error_set(err, ERROR_INVALID,
                             "%.160s: expected one line of letters, digits and marks, no blanks",
                             path);
        }
    }
    return 0;
}

static int read_file(const char *path, bool credential, char ret_secret[SECRET_BYTES],
                     struct error *err)
{
    AUTO_CLOSE int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (credential ? 0 : O_NOFOLLOW));
    if (fd < 0 && errno == ELOOP) {
        return error_set(err, ERROR_INVALID, "%.160s is a link: name the file itself", path);
    }
    if (fd < 0) {
        return error_set_errno(err, errno, "%.160s", path);
    }
    return look_at(fd, path, credential, err) < 0 ? -1 : read_line(fd, path, ret_secret, err);
}

int secrets_read(const struct settings_class *class, char ret_secret[SECRET_BYTES],
                 struct error *err)
{
    const char *name = settings_option(class, OPTION);
    char path[2 * SETTINGS_PATH_BYTES];
    if (!name || name[0] == '\0') {
        return 0;
    }
    if (find_path(name, path, sizeof(path), err) < 0 ||
        read_file(path, name[0] != '/', ret_secret, err) < 0) {
        explicit_bzero(ret_secret, SECRET_BYTES);
        return error_wrap(err, "class.%s: option." OPTION, class->name);
    }
    return 1;
}

int secrets_check(const struct settings *settings, struct error *err)
{
    char secret[SECRET_BYTES];
    for (size_t i = 0; i < settings->class_count; i++) {
        int found = secrets_read(&settings->classes[i], secret, err);
        explicit_bzero(secret, sizeof(secret));
        if (found < 0) {
            return -1;
        }
    }
    return 0;
}
