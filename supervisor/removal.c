/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Removals, step by step: end the job, the library's rows, the folder, the job's rows.
 *
 * Blocks: never; the folder is removed on the one thread of libuv's pool.
 *
 * Diagnostics: a warning for a removal that failed when nobody waits for its answer.
 */
#include "supervisor/removal.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "supervisor/schedule.h"
#include "supervisor/supervisor.h"

struct removal {
    LIST_ENTRY(removal) link;
    struct supervisor *supervisor;
    struct uuid job;
    char id_text[UUID_TEXT_BYTES];
    bool keep_library;
    removal_done_cb done;
    void *user;
    uv_work_t work;
    char folder[2 * SETTINGS_PATH_BYTES];
    struct error folder_error;
};

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

int removal_prepare(uv_loop_t *loop, struct error *err)
{
    static uv_work_t work;
    int failed;
    setenv("UV_THREADPOOL_SIZE", "1", 1); /* one folder at a time will do */
    failed = uv_queue_work(loop, &work, do_nothing, NULL);
    return failed == 0 ? 0 : error_set(err, ERROR_SYSTEM, "a thread: %s", uv_strerror(failed));
}

static void end(struct removal *removal, const struct error *err)
{
    struct supervisor *supervisor = removal->supervisor;
    if (removal->done) {
        removal->done(removal->user, err);
    } else if (err) {
        log_warning("job %s could not be removed: %s; it will be tried again", removal->id_text,
                    err->msg);
    }
    if (!err) {
        events_emit(supervisor->events, "job.deleted", &removal->job, NULL, "%s",
                    removal->keep_library ? "its retention is over" : "with all it made");
    }
    LIST_REMOVE(removal, link);
    free(removal);
    supervisor_changed(supervisor);
}

static void on_rows_deleted(void *user, const struct error *err)
{
    end(user, err);
}

static void on_folder_removed(uv_work_t *work, int status)
{
    struct removal *removal = work->data;
    (void)status;
    if (removal->folder_error.code != ERROR_NONE) {
        end(removal, &removal->folder_error);
        return;
    }
    store_job_delete(removal->supervisor->store, &removal->job, on_rows_deleted, removal);
}

static void remove_folder(uv_work_t *work)
{
    struct removal *removal = work->data;
    file_remove_tree(removal->folder, &removal->folder_error);
}

static void start_folder(struct removal *removal)
{
    struct error err = ERROR_INIT;
    removal->work.data = removal;
    if (supervisor_job_folder(removal->supervisor, removal->id_text, removal->folder,
                              sizeof(removal->folder), &err) < 0 ||
        uv_queue_work(removal->supervisor->loop, &removal->work, remove_folder,
                      on_folder_removed) != 0) {
        end(removal, &err);
    }
}

static void on_library_deleted(void *user, const struct error *err, const char *code,
                               const char *path, uint64_t bytes, const struct message *done)
{
    struct removal *removal = user;
    (void)code;
    (void)bytes;
    (void)done;
    if (path) {
        unlink(path);
    }
    /* A job that never got as far as the library left nothing there. */
    if (err && err->code != ERROR_NOT_FOUND) {
        end(removal, err);
        return;
    }
    start_folder(removal);
}

static void start_library(struct removal *removal)
{
    struct error err = ERROR_INIT;
    if (removal->keep_library) {
        start_folder(removal);
        return;
    }
    if (!query_ask_about(removal->supervisor, "delete", "job", removal->id_text, on_library_deleted,
                         removal, &err)) {
        end(removal, &err);
        return;
    }
    schedule_run(removal->supervisor);
}

static void on_settled(void *user)
{
    start_library(user);
}

static void end_job_first(struct removal *removal, struct job *job)
{
    struct error err = ERROR_INIT;
    if (intake_wait(removal->supervisor, &removal->job, on_settled, removal, &err) < 0) {
        end(removal, &err);
        return;
    }
    intake_end(removal->supervisor, job, JOB_STATUS_CANCELLED, "cancelled", "it was deleted");
    intake_settle(removal->supervisor, job);
}

static void on_not_waiting(void *user, const struct error *err)
{
    struct removal *removal = user;
    struct job *job = err ? intake_find(removal->supervisor, &removal->job) : NULL;
    if (job) {
        end_job_first(removal, job); /* it was on its way into work */
    } else if (err && err->code != ERROR_EXISTS) {
        end(removal, err);
    } else {
        start_library(removal); /* cancelled now, or it had ended */
    }
}

int removal_start(struct supervisor *supervisor, const struct uuid *job, bool keep_library,
                  removal_done_cb done, void *user, struct error *err)
{
    struct removal *removal = calloc(1, sizeof(*removal));
    if (!removal) {
        return error_set(err, ERROR_MEMORY, "no memory to remove a job");
    }
    removal->supervisor = supervisor;
    removal->job = *job;
    uuid_format(job, removal->id_text);
    removal->keep_library = keep_library;
    removal->done = done;
    removal->user = user;
    LIST_INSERT_HEAD(&supervisor->removals, removal, link);
    struct job *active = intake_find(supervisor, job);
    if (active) {
        end_job_first(removal, active);
    } else {
        store_job_cancel_waiting(supervisor->store, job, on_not_waiting, removal);
    }
    return 0;
}

bool removal_under_way(const struct supervisor *supervisor, const struct uuid *job)
{
    const struct removal *removal;
    LIST_FOREACH(removal, &supervisor->removals, link)
    {
        if (uuid_equal(&removal->job, job)) {
            return true;
        }
    }
    return false;
}

static void on_expired(void *user, const struct error *err, const struct uuid *ids, size_t count)
{
    struct supervisor *supervisor = user;
    struct error failed = ERROR_INIT;
    if (err) {
        log_warning("looking for jobs whose retention is over: %s", err->msg);
        return;
    }
    for (size_t i = 0; i < count && !supervisor->draining; i++) {
        if (removal_start(supervisor, &ids[i], true, NULL, NULL, &failed) < 0) {
            log_warning("%s", failed.msg);
        }
    }
}

void removal_expired(struct supervisor *supervisor)
{
    uint64_t now_ms = clock_wall_ms();
    uint64_t keep_ms = supervisor->settings.jobs_ms;
    if (keep_ms > 0 && now_ms > keep_ms && !supervisor->draining) {
        store_read_expired(supervisor->store, now_ms - keep_ms, on_expired, supervisor);
    }
}
