/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The store's thread.
 *
 * A turn: take all that came in, do the writes in one transaction, then a slice of each read,
 * then hand the answers over. When there is nothing to do, a slice of keeping house.
 *
 * Invariants: what is shared with the loop (struct shared) is touched with the lock held, all
 * else by the thread alone. A write that somebody waits for is answered after its commit. When a
 * transaction fails because of the disk, its accepts are answered at once and their files put
 * back; all other writes stay, in their order, and are tried again each second, together with
 * what came meanwhile. Until one such try goes well the store is not healthy, and an accept is
 * refused when it comes.
 *
 * The lock is held for moving lists only. Logs nothing: the health tells it all.
 */
#include "supervisor/store_thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/clock.h"
#include "supervisor/store_db.h"
#include "supervisor/store_files.h"

#define RETRY_MS 1000
#define STOP_MS 5000
#define KEEP_FIRST_MS 5000
#define KEEP_EVERY_MS 60000
#define STACK_BYTES ((size_t)512 * 1024)

struct shared {
    uv_mutex_t lock;
    uv_cond_t arrived;
    struct store_op_list incoming, done;
    uint64_t queued, queued_metrics;
    struct store_counts counts;
    struct store_health health;
    bool stopping;
};

struct store_thread {
    uv_thread_t thread;
    struct shared shared;
    void (*wake)(void *user);
    void *user;
    uint64_t last_sequence;
    /* the thread's own */
    struct store_db *db;
    struct store_files files;
    struct store_op_list writes; /* in order; more than one turn's only while not healthy */
    struct store_op_list reads;
    struct store_op_list answered;
    bool healthy;
    bool stopping;
    bool keeping;
    uint64_t retry_at_ms, keep_at_ms, stop_at_ms;
};

/* --- finishing operations --- */

static void finish(struct store_thread *thread, struct store_op *op)
{
    bool metric = store_op_class(op->kind) == STORE_OP_CLASS_METRIC;

    uv_mutex_lock(&thread->shared.lock);
    thread->shared.queued--;
    thread->shared.queued_metrics -= metric;
    uv_mutex_unlock(&thread->shared.lock);
    if (op->answer) {
        store_op_list_append(&thread->answered, op);
    } else {
        store_op_destroy(op);
    }
}

static void publish(struct store_thread *thread)
{
    struct shared *shared = &thread->shared;
    uv_sem_t *waiter = NULL;
    bool news = thread->answered.first != NULL;

    /* Once the lock is open, the operations are the loop's. */
    for (struct store_op *op = thread->answered.first; op; op = op->next) {
        if (op->kind == STORE_OP_READ_HISTORY) {
            waiter = STORE_ARGS(op, read_history)->finished;
        }
    }
    uv_mutex_lock(&shared->lock);
    shared->counts = *store_db_counts(thread->db);
    store_op_list_join(&shared->done, &thread->answered);
    uv_mutex_unlock(&shared->lock);
    if (waiter) {
        uv_sem_post(waiter);
    }
    if (news) {
        thread->wake(thread->user);
    }
}

static void set_health(struct store_thread *thread, bool healthy, const char *text)
{
    struct store_health *health = &thread->shared.health;

    if (thread->healthy == healthy) {
        return;
    }
    thread->healthy = healthy;
    uv_mutex_lock(&thread->shared.lock);
    health->healthy = healthy;
    health->changes++;
    snprintf(health->text, sizeof(health->text), "%s", text);
    uv_mutex_unlock(&thread->shared.lock);
    thread->wake(thread->user);
}

static void settle(struct store_op *op, const struct error *err)
{
    store_answer_reset(op->answer);
    op->answer->err = *err;
    op->settled = true;
}

/* --- a transaction --- */

/* The next accept of the list that has no outcome yet, from op on. */
static struct store_op *open_accept(struct store_op *op)
{
    while (op && (op->kind != STORE_OP_ACCEPT || op->settled)) {
        op = op->next;
    }
    return op;
}

static void refuse_accept(struct store_thread *thread, struct store_op *op, const struct error *err)
{
    store_files_undo(&thread->files, op);
    settle(op, err);
}

/* The sources of accepted jobs to their places and onto the disk. What fails is settled. The
 * files' contents go first: a journal that is written with them has the folders in it already,
 * and what is synced then costs nothing. */
static void place_files(struct store_thread *thread)
{
    struct store_op *op = open_accept(thread->writes.first);
    struct error err = ERROR_INIT;

    for (; op; op = open_accept(op->next)) {
        if (store_files_place(&thread->files, op, &err) < 0) {
            settle(op, &err);
        }
    }
    for (op = open_accept(thread->writes.first); op; op = open_accept(op->next)) {
        if (store_files_sync(&thread->files, op, &err) < 0) {
            refuse_accept(thread, op, &err);
        }
    }
    op = open_accept(thread->writes.first);
    if (op && store_files_sync_folders(&thread->files, &err) < 0) {
        for (; op; op = open_accept(op->next)) {
            refuse_accept(thread, op, &err);
        }
    }
}

static int write_all(struct store_thread *thread, struct error *err)
{
    bool durable = false;

    for (struct store_op *op = thread->writes.first; op; op = op->next) {
        durable |= op->durable && !op->settled;
    }
    if (store_db_begin(thread->db, durable, err) < 0) {
        return -1;
    }
    for (struct store_op *op = thread->writes.first; op; op = op->next) {
        struct error refused = ERROR_INIT;

        if (op->settled || store_db_write(thread->db, op, &refused) == 0) {
            continue;
        }
        if (store_db_failing(thread->db)) {
            *err = refused;
            return -1;
        }
        if (op->answer) {
            store_answer_reset(op->answer);
            op->answer->err = refused;
        }
    }
    return store_db_commit(thread->db, err);
}

/* Back to the loop. ret_full: why a file found no room, where one did not. */
static void finish_written(struct store_thread *thread, struct error *ret_full)
{
    struct store_op *op;

    while ((op = store_op_list_shift(&thread->writes))) {
        if (op->kind == STORE_OP_ACCEPT) {
            if (op->settled && op->answer->err.code == ERROR_FULL) {
                *ret_full = op->answer->err;
            } else if (op->answer->err.code == ERROR_NONE) {
                store_files_keep(&thread->files, op);
            } else {
                store_files_undo(&thread->files, op);
            }
        }
        finish(thread, op);
    }
}

/* Accepts are answered with err, all else waits for the next try. */
static void keep_unwritten(struct store_thread *thread, const struct error *err)
{
    struct store_op_list kept = {NULL, NULL, 0};
    struct store_op *op;

    while ((op = store_op_list_shift(&thread->writes))) {
        if (op->kind == STORE_OP_ACCEPT) {
            if (!op->settled) {
                store_files_undo(&thread->files, op);
                settle(op, err);
            }
            finish(thread, op);
            continue;
        }
        if (op->answer) {
            store_answer_reset(op->answer);
        }
        store_op_list_append(&kept, op);
    }
    thread->writes = kept;
}

static void do_writes(struct store_thread *thread)
{
    struct error err = ERROR_INIT;
    struct error full = ERROR_INIT;
    int rc = thread->healthy ? 0 : store_files_probe(&thread->files, &err);

    if (rc == 0) {
        place_files(thread);
        rc = write_all(thread, &err);
    }
    if (rc == 0) {
        finish_written(thread, &full);
    } else {
        store_db_rollback(thread->db);
        full = err;
        full.code = ERROR_FULL;
        keep_unwritten(thread, &full);
    }
    set_health(thread, full.code == ERROR_NONE, full.msg);
    thread->retry_at_ms = clock_monotonic_ms() + RETRY_MS;
}

/* --- reads --- */

static void do_reads(struct store_thread *thread)
{
    struct store_op_list unfinished = {NULL, NULL, 0};
    struct store_op *op;

    while ((op = store_op_list_shift(&thread->reads))) {
        struct error err = ERROR_INIT;
        bool more = false;

        if (store_db_read(thread->db, op, &more, &err) < 0) {
            settle(op, &err);
            more = false;
        }
        if (more) {
            store_op_list_append(&unfinished, op);
        } else {
            finish(thread, op);
        }
    }
    thread->reads = unfinished;
}

/* --- turns --- */

/* How long the thread may sleep; 0 when there is something to do. */
static uint64_t idle_ms(const struct store_thread *thread)
{
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t until_ms = thread->healthy ? thread->keep_at_ms : thread->retry_at_ms;

    if (thread->reads.first || (thread->keeping && thread->healthy)) {
        return 0;
    }
    return until_ms > now_ms ? until_ms - now_ms : 0;
}

static void wait_for_work(struct store_thread *thread, struct store_op_list *ret_arrived)
{
    struct shared *shared = &thread->shared;

    uv_mutex_lock(&shared->lock);
    while (!shared->incoming.first && shared->stopping == thread->stopping) {
        uint64_t wait_ms = idle_ms(thread);

        if (wait_ms == 0) {
            break;
        }
        uv_cond_timedwait(&shared->arrived, &shared->lock, wait_ms * 1000000);
    }
    *ret_arrived = shared->incoming;
    shared->incoming = (struct store_op_list){NULL, NULL, 0};
    if (shared->stopping && !thread->stopping) {
        thread->stopping = true;
        thread->stop_at_ms = clock_monotonic_ms() + STOP_MS;
        thread->retry_at_ms = 0;
    }
    uv_mutex_unlock(&shared->lock);
}

static void sort_arrived(struct store_thread *thread, struct store_op_list *arrived)
{
    static const struct error full = {ERROR_FULL, 0, "the disk is full; try again later"};
    struct store_op *op;

    while ((op = store_op_list_shift(arrived))) {
        if (store_op_class(op->kind) == STORE_OP_CLASS_READ) {
            store_op_list_append(&thread->reads, op);
        } else if (op->kind == STORE_OP_ACCEPT && !thread->healthy) {
            settle(op, &full);
            finish(thread, op);
        } else {
            store_op_list_append(&thread->writes, op);
        }
    }
}

static void keep_house(struct store_thread *thread)
{
    uint64_t now_ms = clock_monotonic_ms();
    struct error err = ERROR_INIT;
    bool more = false;

    if (!thread->keeping && now_ms < thread->keep_at_ms) {
        return;
    }
    if (store_db_keep(thread->db, clock_wall_ms(), &more, &err) < 0) {
        store_db_rollback(thread->db);
        set_health(thread, false, err.msg);
        thread->retry_at_ms = now_ms + RETRY_MS;
        more = false;
    }
    thread->keeping = more;
    if (!more) {
        thread->keep_at_ms = now_ms + KEEP_EVERY_MS;
    }
}

static void run(void *arg)
{
    struct store_thread *thread = arg;
    struct store_op_list arrived;

    for (;;) {
        wait_for_work(thread, &arrived);
        sort_arrived(thread, &arrived);
        if (thread->healthy ? thread->writes.first != NULL
                            : clock_monotonic_ms() >= thread->retry_at_ms) {
            do_writes(thread);
        }
        do_reads(thread);
        publish(thread);
        if (thread->stopping) {
            if ((!thread->writes.first && !thread->reads.first) ||
                clock_monotonic_ms() >= thread->stop_at_ms) {
                return;
            }
        } else if (thread->healthy) {
            keep_house(thread);
        }
    }
}

/* --- the loop's side --- */

static int start(struct store_thread *thread, struct error *err)
{
    uv_thread_options_t options = {UV_THREAD_HAS_STACK_SIZE, STACK_BYTES};
    sigset_t all, before;
    int rc;

    /* Signals are the loop's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = uv_thread_create_ex(&thread->thread, &options, run, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0
               ? 0
               : error_set(err, ERROR_SYSTEM, "starting the store's thread: %s", uv_strerror(rc));
}

int store_thread_start(const struct store_options *options, void (*wake)(void *user), void *user,
                       struct store_thread **ret_thread, struct error *err)
{
    struct store_thread *thread = calloc(1, sizeof(*thread));

    if (!thread) {
        return error_set(err, ERROR_MEMORY, "no memory for the store");
    }
    thread->wake = wake;
    thread->user = user;
    thread->healthy = thread->shared.health.healthy = true;
    thread->keep_at_ms = clock_monotonic_ms() + KEEP_FIRST_MS;
    if (store_files_open(options->state_dir, &thread->files, err) < 0) {
        goto no_files;
    }
    if (store_db_open(options, &thread->db, err) < 0) {
        goto no_db;
    }
    thread->last_sequence = store_db_last_sequence(thread->db);
    thread->shared.counts = *store_db_counts(thread->db);
    uv_mutex_init(&thread->shared.lock);
    uv_cond_init(&thread->shared.arrived);
    if (start(thread, err) < 0) {
        goto no_thread;
    }
    *ret_thread = thread;
    return 0;

no_thread:
    uv_cond_destroy(&thread->shared.arrived);
    uv_mutex_destroy(&thread->shared.lock);
    store_db_close(thread->db);
no_db:
    store_files_close(&thread->files);
no_files:
    free(thread);
    return -1;
}

/* What could not be done before the end. */
static void cancel_all(struct store_thread *thread, struct store_op_list *list)
{
    static const struct error closed = {ERROR_CANCELLED, 0, "the store was closed before"};
    struct store_op *op;

    while ((op = store_op_list_shift(list))) {
        if (op->answer) {
            settle(op, &closed);
        }
        finish(thread, op);
    }
}

void store_thread_stop(struct store_thread *thread)
{
    uv_mutex_lock(&thread->shared.lock);
    thread->shared.stopping = true;
    uv_cond_signal(&thread->shared.arrived);
    uv_mutex_unlock(&thread->shared.lock);
    uv_thread_join(&thread->thread);
    cancel_all(thread, &thread->writes);
    cancel_all(thread, &thread->reads);
    cancel_all(thread, &thread->shared.incoming);
    store_op_list_join(&thread->shared.done, &thread->answered);
    store_db_close(thread->db);
    store_files_close(&thread->files);
    thread->db = NULL;
}

void store_thread_destroy(struct store_thread *thread)
{
    struct store_op *op;

    if (!thread) {
        return;
    }
    while ((op = store_op_list_shift(&thread->shared.done))) {
        store_op_destroy(op);
    }
    uv_cond_destroy(&thread->shared.arrived);
    uv_mutex_destroy(&thread->shared.lock);
    free(thread);
}

void store_thread_submit(struct store_thread *thread, struct store_op_list *ops)
{
    uint64_t metrics = 0;

    for (const struct store_op *op = ops->first; op; op = op->next) {
        metrics += store_op_class(op->kind) == STORE_OP_CLASS_METRIC;
    }
    uv_mutex_lock(&thread->shared.lock);
    thread->shared.queued += ops->count;
    thread->shared.queued_metrics += metrics;
    store_op_list_join(&thread->shared.incoming, ops);
    uv_cond_signal(&thread->shared.arrived);
    uv_mutex_unlock(&thread->shared.lock);
}

void store_thread_fetch(struct store_thread *thread, struct store_op_list *ret_done,
                        struct store_health *ret_health)
{
    uv_mutex_lock(&thread->shared.lock);
    *ret_done = thread->shared.done;
    thread->shared.done = (struct store_op_list){NULL, NULL, 0};
    *ret_health = thread->shared.health;
    uv_mutex_unlock(&thread->shared.lock);
}

void store_thread_counts(struct store_thread *thread, struct store_counts *ret_counts)
{
    uv_mutex_lock(&thread->shared.lock);
    *ret_counts = thread->shared.counts;
    uv_mutex_unlock(&thread->shared.lock);
}

void store_thread_queued(struct store_thread *thread, uint64_t *ret_all, uint64_t *ret_metrics)
{
    uv_mutex_lock(&thread->shared.lock);
    *ret_all = thread->shared.queued;
    *ret_metrics = thread->shared.queued_metrics;
    uv_mutex_unlock(&thread->shared.lock);
}

uint64_t store_thread_last_sequence(const struct store_thread *thread)
{
    return thread->last_sequence;
}
