/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * supervisor/store when things go wrong or get large: kill -9 at any moment, a full disk, damaged
 * and foreign files, a hundred thousand jobs.
 */
#include "store_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/proc.h"
#include "supervisor/stage.h"
#include "supervisor/store_sql.h"

static struct fixture fixture;

/* SQLite's own calls land here: what it puts on the disk is counted. */
static atomic_uint syncs;
int fdatasync(int fd)
{
    syncs++;
    return (int)syscall(SYS_fdatasync, fd);
}

static void start(void)
{
    fixture_init(&fixture);
}

static void stop(void)
{
    fixture_deinit(&fixture);
}

TestSuite(store_faults, .init = start, .fini = stop, .timeout = 100);

static uint64_t count_of(enum job_status status)
{
    struct store_counts counts;

    store_job_counts(fixture.store, &counts);
    return counts.jobs[status];
}

static void write_incoming(const char *file)
{
    char path[64];

    snprintf(path, sizeof(path), "incoming/%s", file);
    fixture_write_file(&fixture, path, "%PDF-", 5);
}

static void put_unit(const struct uuid *job, uint32_t number, uint16_t attempts)
{
    struct store_unit unit = {
        .number = number, .stage = STAGE_EXTRACT, .attempts = attempts, .first = 1, .last = 1};

    store_unit_put(fixture.store, job, &unit);
}

/* --- what is on the disk when --- */

Test(store_faults, only_durable_changes_are_synced)
{
    struct uuid id;
    struct store_job_change change;
    unsigned before;

    fixture_open(&fixture);
    id = fixture_accept(&fixture, "a");
    put_unit(&id, 1, 1);
    fixture_settle(&fixture);
    before = syncs;
    for (uint16_t i = 0; i < 20; i++) {
        put_unit(&id, 1, i);
        fixture_settle(&fixture);
    }
    cr_assert_eq(syncs, before, "a change of a unit was synced");
    change = (struct store_job_change){.id = id,
                                       .set_status = true,
                                       .status = JOB_STATUS_COMPLETED,
                                       .progress = -1,
                                       .durable = true};
    store_job_change(fixture.store, &change);
    fixture_settle(&fixture);
    cr_assert_gt(syncs, before, "a durable change was not");
    before = syncs;
    put_unit(&id, 1, 100);
    fixture_settle(&fixture);
    cr_assert_eq(syncs, before, "and it must not stay so");
    fixture_accept(&fixture, "b");
    cr_assert_gt(syncs, before);
}

/* --- kill -9 --- */

struct acked {
    uint32_t number;
    struct uuid id;
};

static unsigned outstanding;

static void on_accepted(void *user, const struct error *err)
{
    struct acked *acked = user;

    outstanding--;
    if (!err && write((int)acked->number, &acked->id, sizeof(acked->id)) < 0) {
        _exit(1);
    }
    free(acked);
}

/* Accepts jobs until it is killed, tells those that are accepted, and changes units two at a
 * time. */
static void accept_until_killed(int fd)
{
    struct uuid units_of;
    bool has_units = false;
    uint16_t round = 0;

    fixture_open(&fixture);
    for (unsigned n = 0;; n++) {
        struct acked *acked = malloc(sizeof(*acked));
        struct store_job_new job;
        char file[48];

        snprintf(file, sizeof(file), "f%d-%u", (int)getpid(), n);
        write_incoming(file);
        job = fixture_job(file);
        acked->number = (uint32_t)fd;
        acked->id = job.id;
        outstanding++;
        store_job_accept(fixture.store, &job, on_accepted, acked);
        if (!has_units) {
            units_of = job.id;
            has_units = true;
        }
        if (n % 3 == 0) {
            round++;
            put_unit(&units_of, 1, round);
            put_unit(&units_of, 2, round);
            store_job_count(fixture.store, &units_of, "rounds", round, true);
        }
        uv_run(&fixture.loop, outstanding > 8 ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    }
}

/* Reads ids until there are max or the other end is gone. */
static size_t read_acked(int fd, struct uuid *ids, size_t count, size_t max)
{
    while (count < max && read(fd, &ids[count], sizeof(ids[0])) == (ssize_t)sizeof(ids[0])) {
        count++;
    }
    return count;
}

static void check_job(const struct uuid *id)
{
    struct fixture_reply reply = {0};
    char name[80], id_text[UUID_TEXT_BYTES];

    uuid_format(id, id_text);
    fixture_read_job(&fixture, id, &reply);
    fixture_reply_free(&reply);
    snprintf(name, sizeof(name), "jobs/%s/source", id_text);
    cr_assert(fixture_exists(&fixture, name), "%s has no source", id_text);
}

#define ACKED_MAX 100000

Test(store_faults, what_was_accepted_survives_kill_at_any_moment)
{
    struct uuid *ids = calloc(ACKED_MAX, sizeof(*ids));
    size_t count = 0;

    cr_assert(ids);
    srand((unsigned)getpid()); /* other moments in each run */
    for (int round = 0; round < 25; round++) {
        int pipe_fds[2];
        int status;
        pid_t pid;

        cr_assert_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
        fcntl(pipe_fds[0], F_SETPIPE_SZ, 1 << 20);
        pid = fork();
        cr_assert_geq(pid, 0);
        if (pid == 0) {
            uv_loop_init(&fixture.loop);
            accept_until_killed(pipe_fds[1]);
            _exit(1);
        }
        close(pipe_fds[1]);
        /* In the middle of things, however fast or slow the disk is. */
        count = read_acked(pipe_fds[0], ids, count, count + (size_t)(rand() % 12));
        usleep((useconds_t)(rand() % 4000));
        kill(pid, SIGKILL);
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_assert(WIFSIGNALED(status), "it ended by itself");
        count = read_acked(pipe_fds[0], ids, count, ACKED_MAX);
        close(pipe_fds[0]);
    }
    cr_assert_gt(count, 50, "only %zu were accepted: nothing was tested", count);
    fixture_open(&fixture);
    for (size_t i = 0; i < count; i++) {
        check_job(&ids[i]);
    }
    cr_assert_geq(count_of(JOB_STATUS_PENDING), count);
    fixture_close(&fixture);
    cr_log_info("%zu jobs accepted in 25 lives", count);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM units"),
                 2 * fixture_sql(&fixture, "SELECT count(DISTINCT job) FROM units"));
    cr_assert_eq(fixture_sql(&fixture,
                             "SELECT count(*) FROM units a JOIN units b ON a.job = b.job "
                             "JOIN counts c ON a.job = c.job WHERE a.number = 1 AND b.number = 2 "
                             "AND (a.attempts <> b.attempts OR a.attempts <> c.value)"),
                 0, "an iteration's changes were torn");
    cr_assert_gt(fixture_sql(&fixture, "SELECT count(*) FROM units WHERE attempts > 1"), 0);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM pragma_integrity_check "
                                       "WHERE integrity_check <> 'ok'"),
                 0);
    free(ids);
}

/* --- a full disk --- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void run_until_health(bool healthy)
{
    uint64_t end_ms = clock_monotonic_ms() + 10000;

    while (fixture.healthy != healthy && clock_monotonic_ms() < end_ms) {
        fixture_settle(&fixture); /* the loop goes round while an answer is owed */
        usleep(1000);
    }
    cr_assert_eq(fixture.healthy, healthy);
    cr_assert_eq(store_healthy(fixture.store), healthy);
}

Test(store_faults, a_full_disk_answers_accepts_and_keeps_changes_until_there_is_room)
{
    struct uuid id;
    struct store_job_new job;
    struct fixture_taken taken;

    signal(SIGXFSZ, SIG_IGN);
    fixture_open(&fixture);
    id = fixture_accept(&fixture, "a");
    write_incoming("b");
    limit_files(4096);

    job = fixture_job("b");
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_FULL);
    run_until_health(false);
    cr_assert_eq(fixture.health_calls, 1);
    cr_assert(fixture_exists(&fixture, "incoming/b"), "the client's file is not back");
    for (uint16_t i = 0; i < 100; i++) {
        put_unit(&id, i, 7);
    }
    /* Reading goes on, of what is stored, and accepts are refused at once. */
    fixture_settle(&fixture);
    cr_assert_eq(store_queued(fixture.store), 100);
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_FULL);
    cr_assert_eq(count_of(JOB_STATUS_PENDING), 1);
    usleep(1200000);
    fixture_settle(&fixture);
    cr_assert_eq(store_queued(fixture.store), 100);
    cr_assert_eq(fixture.health_calls, 1);

    limit_files(RLIM_INFINITY);
    run_until_health(true);
    cr_assert_eq(fixture.health_calls, 2);
    cr_assert_eq(store_queued(fixture.store), 0);
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_NONE);
    fixture_take(&fixture, 1, &taken);
    cr_assert(uuid_equal(&taken.jobs[0].id, &id));
    cr_assert_eq(taken.jobs[0].unit_count, 100);
    fixture_taken_free(&taken);
}

static unsigned taken_calls;
static enum error_code taken_code;

static void on_taken(void *user, const struct error *err, struct store_job *jobs, size_t count)
{
    (void)user, (void)jobs, (void)count;
    taken_calls++;
    taken_code = err ? err->code : ERROR_NONE;
}

Test(store_faults, close_gives_up_on_a_full_disk_and_answers_what_it_owes)
{
    uint64_t before_ms;

    signal(SIGXFSZ, SIG_IGN);
    fixture_open(&fixture);
    fixture_accept(&fixture, "a");
    limit_files(4096);
    store_jobs_take(fixture.store, 1, on_taken, NULL);
    run_until_health(false);
    cr_assert_eq(taken_calls, 0);
    before_ms = clock_monotonic_ms();
    fixture_close(&fixture);
    cr_assert(clock_monotonic_ms() - before_ms >= 4000 && clock_monotonic_ms() - before_ms < 8000);
    cr_assert_eq(taken_calls, 1);
    cr_assert_eq(taken_code, ERROR_CANCELLED);
    limit_files(RLIM_INFINITY);
    fixture_open(&fixture);
    cr_assert_eq(count_of(JOB_STATUS_PENDING), 1);
}

/* A file system of 2 MiB, in a name space of our own. */
Test(store_faults, a_small_file_system_fills_up_and_is_emptied)
{
    static char filler[64 * 1024];
    struct store_job_new job;
    struct uuid id;
    uint32_t units = 0;
    int fd;

    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
        cr_skip_test("no name space of our own");
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("ebb", fixture.folder, "tmpfs", 0, "size=2m") < 0) {
        cr_skip_test("no file system of our own");
    }
    fixture_open(&fixture);
    id = fixture_accept(&fixture, "a");
    write_incoming("b");
    fd = open(fixture_path(&fixture, "filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(fd, filler, sizeof(filler)) > 0) {
    }
    while (fixture.healthy) {
        for (int i = 0; i < 500; i++) {
            put_unit(&id, units++, 3);
        }
        fixture_settle(&fixture);
        cr_assert_lt(units, 1000000);
    }
    job = fixture_job("b");
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_FULL);
    cr_assert_eq(ftruncate(fd, 0), 0);
    close(fd);
    run_until_health(true);
    cr_assert_eq(fixture_accept_job(&fixture, &job), ERROR_NONE);
    fixture_close(&fixture);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM units"), units);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM jobs"), 2);
    cr_assert_eq(umount2(fixture.folder, MNT_DETACH), 0);
}

/* --- files that are not as they should be --- */

Test(store_faults, a_newer_schema_is_refused_and_left_alone)
{
    struct error err;

    fixture_open(&fixture);
    fixture_accept(&fixture, "a");
    fixture_close(&fixture);
    fixture_sql(&fixture, "PRAGMA user_version = 99");
    cr_assert_eq(fixture_open_fails(&fixture, &err), ERROR_UNSUPPORTED, "%s", err.msg);
    cr_assert(strstr(err.msg, "schema 99"), "%s", err.msg);
    cr_assert_eq(fixture_sql(&fixture, "PRAGMA user_version"), 99);
    cr_assert_eq(fixture_sql(&fixture, "SELECT count(*) FROM jobs"), 1);
}

Test(store_faults, what_is_no_database_is_refused_and_left_alone)
{
    static char garbage[8192];
    struct error err;
    struct stat st;

    memset(garbage, 'g', sizeof(garbage));
    fixture_write_file(&fixture, "state.db", garbage, sizeof(garbage));
    cr_assert_eq(fixture_open_fails(&fixture, &err), ERROR_CORRUPT, "%s", err.msg);
    cr_assert_eq(stat(fixture_path(&fixture, "state.db"), &st), 0);
    cr_assert_eq(st.st_size, (off_t)sizeof(garbage));
}

Test(store_faults, another_programs_database_is_refused)
{
    struct error err;

    fixture_sql(&fixture, "CREATE TABLE jobs (id)");
    cr_assert_eq(fixture_open_fails(&fixture, &err), ERROR_CORRUPT, "%s", err.msg);
    cr_assert(strstr(err.msg, "not ebbd's"), "%s", err.msg);
}

Test(store_faults, damage_in_the_middle_is_found_at_open)
{
    static char zeros[4096];
    struct error err;
    struct uuid id;
    int fd;

    fixture_open(&fixture);
    id = fixture_accept(&fixture, "a");
    for (uint32_t i = 0; i < 3000; i++) {
        put_unit(&id, i, 1);
    }
    fixture_close(&fixture);
    memset(zeros, 0x5a, sizeof(zeros));
    fd = open(fixture_path(&fixture, "state.db"), O_WRONLY | O_CLOEXEC);
    cr_assert_eq(pwrite(fd, zeros, sizeof(zeros), 30 * 4096), (ssize_t)sizeof(zeros));
    close(fd);
    cr_assert_eq(fixture_open_fails(&fixture, &err), ERROR_CORRUPT, "%s", err.msg);
}

Test(store_faults, a_second_store_on_the_same_folder_is_refused)
{
    struct store *second = NULL;
    struct error err = ERROR_INIT;

    fixture_open(&fixture);
    cr_assert_eq(store_open(&fixture.loop, &fixture.options, &second, &err), -1);
    cr_assert_eq(err.code, ERROR_EXISTS, "%s", err.msg);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    fixture_accept(&fixture, "a");
}

Test(store_faults, a_folder_that_is_not_there_is_refused)
{
    struct error err = ERROR_INIT;

    fixture.options.state_dir = "/proc/nowhere";
    cr_assert_neq(fixture_open_fails(&fixture, &err), ERROR_NONE);
    fixture.options.state_dir = fixture.folder;
}

/* --- size and speed --- */

/* What walks over a table or an index, and may: because it takes the first rows of it, because
 * it is done once at open, or because the table is small. */
static bool may_scan(const char *name)
{
    static const char *const names[] = {"JOBS_WAITING", "HISTORY_FROM",  "RECEIPTS_AGED",
                                        "JOBS_COUNT",   "PROCESSES_END", "PROCESSES_DELETE",
                                        "SAMPLES_COUNT"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!strcmp(names[i], name)) {
            return true;
        }
    }
    return false;
}

Test(store_faults, no_statement_walks_over_a_table)
{
    static const char *const statements[][2] = {
#define NAME_AND_TEXT(symbol, text) {#symbol, text},
        SQL_LIST(NAME_AND_TEXT)
#undef NAME_AND_TEXT
    };
    sqlite3 *handle;
    sqlite3_stmt *stmt;
    char explain[2048];

    fixture_open(&fixture);
    fixture_close(&fixture);
    cr_assert_eq(sqlite3_open(fixture_path(&fixture, "state.db"), &handle), SQLITE_OK);
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", statements[i][1]);
        cr_assert_eq(sqlite3_prepare_v2(handle, explain, -1, &stmt, NULL), SQLITE_OK, "%s: %s",
                     statements[i][0], sqlite3_errmsg(handle));
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(stmt, 3);

            cr_assert(strncmp(step, "SCAN", 4) != 0 || strstr(step, "CONSTANT ROW") ||
                          strstr(step, "subquery") || may_scan(statements[i][0]),
                      "%s: %s", statements[i][0], step);
        }
        sqlite3_finalize(stmt);
    }
    sqlite3_close(handle);
}

/* 100,000 waiting jobs, written by another process so that this one's memory is not touched. */
static void insert_jobs(void)
{
    int status;
    pid_t pid = fork();

    cr_assert_geq(pid, 0);
    if (pid == 0) {
        fixture_sql(&fixture,
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                    "LIMIT 100000) INSERT INTO jobs (id, name, status, priority, rank, size, uid, "
                    "created_ms) SELECT randomblob(16), 'document ' || i || '.pdf', 'pending', 0, "
                    "i, 1000, 0, i FROM n");
        _exit(0);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A sanitizer's own memory would be measured: 0 then. */
static uint64_t rss_kib(void)
{
#ifdef EBB_SANITIZED
    return 0;
#else
    uint64_t bytes = 0;

    cr_assert_eq(proc_rss_read(0, &bytes, NULL), 0);
    return bytes / 1024;
#endif
}

Test(store_faults, a_hundred_thousand_waiting_jobs_cost_neither_memory_nor_time)
{
    uint64_t empty_kib, full_kib, before_us, open_us, take_us;
    struct fixture_taken taken;

    fixture_open(&fixture);
    fixture_accept(&fixture, "a");
    fixture_take(&fixture, 1, &taken);
    fixture_taken_free(&taken);
    fixture_settle(&fixture);
    empty_kib = rss_kib();
    fixture_close(&fixture);
    insert_jobs();

    before_us = clock_monotonic_us();
    fixture_open(&fixture);
    open_us = clock_monotonic_us() - before_us;
    cr_assert_eq(count_of(JOB_STATUS_PENDING), 100000);
    cr_assert_eq(count_of(JOB_STATUS_INTERRUPTED), 1);
    before_us = clock_monotonic_us();
    for (int i = 0; i < 200; i++) {
        fixture_take(&fixture, 1, &taken);
        cr_assert_eq(taken.count, 1);
        fixture_taken_free(&taken);
    }
    take_us = (clock_monotonic_us() - before_us) / 200;
    fixture_accept(&fixture, "b");
    full_kib = rss_kib();
    cr_log_info("open %llu us, take %llu us, RSS %llu KiB empty and %llu KiB full",
                (unsigned long long)open_us, (unsigned long long)take_us,
                (unsigned long long)empty_kib, (unsigned long long)full_kib);
    cr_assert_lt(full_kib, empty_kib + 2048);
    cr_assert_lt(take_us, 5000, "take looks at more than it takes");
    cr_assert_lt(open_us, 2000000);
}

Test(store_faults, thousands_of_changes_a_second)
{
    struct uuid id;
    uint64_t before_us, took_us, before_kib;

    fixture_open(&fixture);
    id = fixture_accept(&fixture, "a");
    for (uint32_t i = 0; i < 5000; i++) {
        put_unit(&id, i, 1);
        if (i % 100 == 0) {
            fixture_settle(&fixture);
        }
    }
    fixture_settle(&fixture);
    before_kib = rss_kib();
    before_us = clock_monotonic_us();
    for (uint16_t round = 0; round < 10; round++) {
        for (uint32_t i = 0; i < 5000; i++) {
            put_unit(&id, i, round);
            if (i % 100 == 0) {
                fixture_settle(&fixture);
            }
        }
    }
    fixture_settle(&fixture);
    took_us = clock_monotonic_us() - before_us;
    cr_log_info("%llu changes a second; RSS %llu KiB, then %llu KiB",
                (unsigned long long)(50000ULL * 1000000 / took_us), (unsigned long long)before_kib,
                (unsigned long long)rss_kib());
    cr_assert_lt(took_us, 10000000, "fewer than 5,000 a second");
    cr_assert_lt(rss_kib(), before_kib + 512);
}
