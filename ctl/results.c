/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Results of the library.
 *
 * Invariants: an answer of any size passes through one buffer; on a terminal it passes through
 * text_filter. Blocks: QUERY waits for the library's worker; copying blocks on the disk and on who
 * reads us. Diagnostics: one line on standard error for each failure.
 */
#include "ctl/results.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "ctl/output.h"
#include "ctl/text.h"

/* The daemon's own deadline (limits.query_deadline) comes first, unless it is set higher. */
#define QUERY_TIMEOUT_MS 600000U
#define COPY_BYTES 65536U
/* A control character may grow to the 14 bytes of a page break. */
#define CLEAN_BYTES_MAX (COPY_BYTES * 16U)

enum ctl_exit results_ask(struct session *session, const struct results_query *query,
                          char ret_path[PLACE_PATH_BYTES])
{
    struct message_writer *writer = client_begin(session->client, MESSAGE_QUERY);
    size_t given = 0;
    struct pack *pack;
    struct reply reply;
    enum ctl_exit code;

    for (size_t i = 0; i < query->param_count; i++) {
        given += query->params[i].value != NULL;
    }
    message_put_str(writer, FIELD_KIND, query->kind);
    pack = message_put_map(writer, FIELD_PARAMS, given);
    for (size_t i = 0; i < query->param_count; i++) {
        if (query->params[i].value) {
            pack_key_str(pack, query->params[i].key, query->params[i].value);
        }
    }
    code = session_call(session, QUERY_TIMEOUT_MS, &reply, query->what, query->of);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (!value_str_copy(value_get(reply.data, "answer"), ret_path, PLACE_PATH_BYTES)) {
        code =
            output_fail(CTL_EXIT_FAILED, NULL, NULL, "%s: the daemon named no answer", query->what);
    }
    reply_deinit(&reply);
    return code;
}

static int open_answer(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct error err = ERROR_INIT;

    if (fd < 0) {
        int cause = errno;

        error_set_errno(&err, cause, "%s", path);
        output_fail(CTL_EXIT_FAILED, &err,
                    cause == EACCES ? "become a member of the group that may read the state folder"
                                    : NULL,
                    "the answer");
    }
    return fd;
}

/* 1 and a piece of the answer, 0 at its end, -1 when it cannot be read. */
static int read_piece(int fd, char *data, size_t *ret_size_bytes)
{
    struct error err = ERROR_INIT;
    ssize_t got;

    do {
        got = read(fd, data, COPY_BYTES);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        error_set_errno(&err, errno, "reading it");
        output_fail(CTL_EXIT_FAILED, &err, NULL, "the answer");
        return -1;
    }
    *ret_size_bytes = (size_t)got;
    return got > 0;
}

static int print_raw(int fd)
{
    char data[COPY_BYTES];
    size_t size_bytes;
    int status;

    while ((status = read_piece(fd, data, &size_bytes)) > 0) {
        if (!output_write(data, size_bytes)) {
            return 0; /* output_finish says what there is to say */
        }
    }
    return status;
}

static int print_clean(int fd)
{
    struct text_filter filter = {.held_bytes = 0};
    char data[COPY_BYTES];
    size_t size_bytes;
    struct buf clean;
    int status;
    bool at_line_start = true;

    buf_init(&clean, CLEAN_BYTES_MAX);
    while ((status = read_piece(fd, data, &size_bytes)) > 0) {
        buf_reset(&clean, CLEAN_BYTES_MAX);
        if (text_filter_feed(&filter, data, size_bytes, &clean, NULL) < 0 ||
            !output_write(clean.data, clean.size)) {
            break;
        }
        at_line_start = clean.size > 0 ? clean.data[clean.size - 1] == '\n' : at_line_start;
    }
    buf_reset(&clean, CLEAN_BYTES_MAX);
    if (text_filter_end(&filter, &clean, NULL) == 0 && clean.size > 0) {
        output_write(clean.data, clean.size);
    }
    if (!at_line_start) {
        fputc('\n', stdout);
    }
    buf_deinit(&clean);
    return status < 0 ? -1 : 0;
}

enum ctl_exit results_print(const char *path)
{
    AUTO_CLOSE int fd = open_answer(path);

    if (fd < 0) {
        return CTL_EXIT_FAILED;
    }
    return (output_is_terminal(stdout) ? print_clean(fd) : print_raw(fd)) < 0 ? CTL_EXIT_FAILED
                                                                              : CTL_EXIT_OK;
}

static enum ctl_exit save(const char *path, const char *to, mode_t mode, bool durable)
{
    AUTO_CLOSE int fd = open_answer(path);
    struct error err = ERROR_INIT;
    struct file_writer *writer;
    char data[COPY_BYTES];
    size_t size_bytes;
    int status;

    if (fd < 0) {
        return CTL_EXIT_FAILED;
    }
    writer = file_writer_open(to, mode, &err);
    if (!writer) {
        return output_fail(CTL_EXIT_FAILED, &err, NULL, "%s", to);
    }
    while ((status = read_piece(fd, data, &size_bytes)) > 0) {
        if (file_writer_append(writer, data, size_bytes, &err) < 0) {
            file_writer_discard(writer);
            return output_fail(CTL_EXIT_FAILED, &err, NULL, "%s", to);
        }
    }
    if (status < 0) {
        file_writer_discard(writer);
        return CTL_EXIT_FAILED;
    }
    if (file_writer_commit(writer, durable, &err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, NULL, "%s", to);
    }
    return CTL_EXIT_OK;
}

enum ctl_exit results_save(const char *path, const char *to)
{
    return save(path, to, 0666, false);
}

enum ctl_exit results_keep(const char *path, const char *to)
{
    return save(path, to, 0600, true);
}

enum ctl_exit results_may_save(const char *command, const char *to, bool force)
{
    struct stat status;

    if (force || (lstat(to, &status) < 0 && errno == ENOENT)) {
        return CTL_EXIT_OK;
    }
    return output_fail(CTL_EXIT_FAILED, NULL, "name another file, or give --force",
                       "%s: %s is there already", command, to);
}
