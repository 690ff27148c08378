/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Handing documents in.
 *
 * Invariants: a file in incoming/ that was not accepted is removed again, unless the daemon went
 * away with the answer. Its name is random (a UUID) and made with O_EXCL; its content is on the
 * disk before it is submitted. Blocks on the disk and with the time limits of client.h.
 * Diagnostics: a line for each document that is refused.
 */
#include "ctl/handin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdio.h"
#include "common/file.h"
#include "ctl/interrupt.h"
#include "ctl/output.h"

#define COPY_AT_ONCE (16U << 20)
#define COPY_BYTES 65536U
#define NAME_BYTES_MAX 1024

/* A document that was submitted and not answered. */
struct pending {
    uint32_t id;
    size_t index;
    char path[PATH_MAX];
};

struct transfer {
    const struct handin *handin;
    struct pending pending[CLIENT_UNANSWERED_MAX];
    unsigned pending_count;
    size_t accepted;
    bool refused;
};

static bool interrupted(void)
{
    struct pollfd fd = {.fd = interrupt_fd(), .events = POLLIN};

    return poll(&fd, 1, 0) > 0;
}

static int copy_by_hand(int from, int to, struct error *err)
{
    char data[COPY_BYTES];
    ssize_t got;

    while ((got = read(from, data, sizeof(data))) != 0) {
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set_errno(err, errno, "reading it");
        }
        if (fdio_write_full(to, data, (size_t)got, err) < 0) {
            return error_wrap(err, "copying it");
        }
        if (interrupted()) {
            return error_set(err, ERROR_CANCELLED, "interrupted");
        }
    }
    return 0;
}

/* Shares the blocks where the file system can, lets the kernel copy where it may, else by hand. */
static int copy_content(int from, int to, struct error *err)
{
    ssize_t copied;

    if (ioctl(to, FICLONE, from) == 0) {
        return 0;
    }
    while ((copied = copy_file_range(from, NULL, to, NULL, COPY_AT_ONCE, 0)) > 0) {
        if (interrupted()) {
            return error_set(err, ERROR_CANCELLED, "interrupted");
        }
    }
    if (copied < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO)) {
        return error_set_errno(err, errno, "copying it");
    }
    /* Also at the end: some file systems tell the kernel nothing of what can be read. */
    return copy_by_hand(from, to, err);
}

static int copy_document(const char *source, const char *path, struct error *err)
{
    AUTO_CLOSE int from = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    AUTO_CLOSE int to = -1;
    struct stat status;

    if (from < 0 || fstat(from, &status) < 0) {
        return error_set_errno(err, errno, "it cannot be read");
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(err, ERROR_INVALID, "it is not a file any more");
    }
    to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (to < 0) {
        return error_set_errno(err, errno, "the daemon's folder %s", path);
    }
    /* The daemon may be another user, who reads it by the folder's group. */
    if (fchmod(to, 0640) < 0) {
        error_set_errno(err, errno, "%s", path);
    } else if (copy_content(from, to, err) == 0) {
        if (fsync(to) == 0) {
            return 0;
        }
        error_set_errno(err, errno, "copying it");
    }
    unlink(path);
    return -1;
}

static void put_params(const struct handin *handin, struct message_writer *writer)
{
    if (handin->params && handin->params->count > 0) {
        params_pack(handin->params, message_put_map(writer, FIELD_PARAMS, handin->params->count));
    }
}

/* The end of a name that is too long says more than its beginning. */
static const char *fitting_name(const char *name)
{
    size_t size_bytes = strlen(name);
    const char *slash;

    if (size_bytes <= NAME_BYTES_MAX) {
        return name;
    }
    slash = strrchr(name, '/');
    return slash ? slash + 1 : name + size_bytes - NAME_BYTES_MAX;
}

static enum ctl_exit refuse(struct transfer *transfer, size_t index, const struct error *err)
{
    const char *advice = NULL;

    if (err->sys_errno == EACCES) {
        advice = "see who may read and write there";
    } else if (err->code == ERROR_FULL) {
        advice = "make room on the disk that has the state folder";
    } else if (err->code == ERROR_LIMIT) {
        advice = "hand it in again later";
    }
    transfer->refused = true;
    return output_fail(CTL_EXIT_FAILED, err, advice, "%s",
                       transfer->handin->sources->items[index].path);
}

/* Takes one answer. */
static enum ctl_exit take_answer(struct transfer *transfer)
{
    const struct handin *handin = transfer->handin;
    struct session *session = handin->session;
    struct error err = ERROR_INIT;
    struct reply reply;
    unsigned place = 0;

    if (client_receive(session->client, CLIENT_TIMEOUT_MS, &reply, &err) < 0) {
        return session_fail(session, &err, "handing documents in", NULL);
    }
    while (place < transfer->pending_count && transfer->pending[place].id != reply.id) {
        place++;
    }
    if (place < transfer->pending_count) {
        struct pending *pending = &transfer->pending[place];

        if (reply.refused) {
            unlink(pending->path);
            refuse(transfer, pending->index, &reply.err);
        } else {
            char job_id[UUID_TEXT_BYTES];

            value_str_copy(value_get(reply.data, "job_id"), job_id, sizeof(job_id));
            transfer->accepted++;
            handin->accepted(handin->user, pending->index, job_id);
        }
        *pending = transfer->pending[--transfer->pending_count];
    }
    reply_deinit(&reply);
    return CTL_EXIT_OK;
}

static int make_path(const struct handin *handin, char *ret_path, size_t size_bytes,
                     char ret_file[UUID_TEXT_BYTES], struct error *err)
{
    struct uuid uuid;

    if (uuid_v7(&uuid, err) < 0) {
        return -1;
    }
    uuid_format(&uuid, ret_file);
    if (file_join(ret_path, size_bytes, handin->state_folder, "incoming", err) < 0 ||
        file_join(ret_path, size_bytes, ret_path, ret_file, err) < 0) {
        return -1;
    }
    return 0;
}

/* Copies and submits one; its answer comes later. */
static enum ctl_exit submit(struct transfer *transfer, size_t index)
{
    const struct handin *handin = transfer->handin;
    const struct source *source = &handin->sources->items[index];
    struct pending *pending = &transfer->pending[transfer->pending_count];
    struct client *client = handin->session->client;
    struct error err = ERROR_INIT;
    struct message_writer *writer;
    char file[UUID_TEXT_BYTES];

    if (make_path(handin, pending->path, sizeof(pending->path), file, &err) < 0 ||
        copy_document(source->path, pending->path, &err) < 0) {
        if (err.code == ERROR_CANCELLED) {
            return session_fail(handin->session, &err, "handing documents in", NULL);
        }
        refuse(transfer, index, &err);
        return CTL_EXIT_OK;
    }
    writer = client_begin(client, MESSAGE_SUBMIT);
    message_put_str(writer, FIELD_FILE, file);
    message_put_str(writer, FIELD_NAME, fitting_name(source->name));
    message_put_uint(writer, FIELD_PRIORITY, handin->priority);
    put_params(handin, writer);
    if (client_send(client, &pending->id, &err) < 0) {
        unlink(pending->path);
        if (client_lost(client)) {
            return session_fail(handin->session, &err, "handing documents in", NULL);
        }
        refuse(transfer, index, &err);
        return CTL_EXIT_OK;
    }
    pending->index = index;
    transfer->pending_count++;
    return CTL_EXIT_OK;
}

enum ctl_exit handin_all(const struct handin *handin, size_t *ret_accepted)
{
    struct transfer transfer = {.handin = handin};
    enum ctl_exit code = CTL_EXIT_OK;

    for (size_t i = 0; i < handin->sources->count && code == CTL_EXIT_OK; i++) {
        if (transfer.pending_count == CLIENT_UNANSWERED_MAX) {
            code = take_answer(&transfer);
        }
        if (code == CTL_EXIT_OK) {
            code = submit(&transfer, i);
        }
        if (handin->pause) {
            handin->pause(handin->user);
        }
    }
    while (transfer.pending_count > 0 && code == CTL_EXIT_OK) {
        code = take_answer(&transfer);
    }
    for (unsigned i = 0; i < transfer.pending_count; i++) {
        unlink(transfer.pending[i].path);
    }
    *ret_accepted = transfer.accepted;
    return code != CTL_EXIT_OK ? code : transfer.refused ? CTL_EXIT_FAILED : CTL_EXIT_OK;
}
