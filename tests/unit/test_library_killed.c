/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A process killed at any moment while it fills a library, embeds it, removes from it, compacts and
 * purges: the next one finds it sound, and doing it all again gives what it gives undisturbed.
 */
#include "library_chunks.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "workers/library/care.h"
#include "workers/library/reembed.h"

#define KILLS 16
#define CHUNKS 450
#define NEW_MODEL "model-n"

static const struct missing_progress unasked = {NULL, NULL};
static const struct missing_model new_model = {NEW_MODEL, CHUNKS_DIMENSIONS, false};

static const char *job_of(struct shelf *shelf, unsigned document)
{
    return arena_printf(shelf->arena, "01890000-0000-7000-8000-0000000000%02u", document);
}

static void put_document(struct shelf *shelf, unsigned document)
{
    const char *job = job_of(shelf, document);
    int64_t row = chunks_document(shelf, job, document, CHUNKS, "oak");

    chunks_vectors(shelf, row, 1, CHUNKS, "text", CHUNKS_MODEL);
    chunks_vectors(shelf, row, 1, 5, "image", "model-i");
    chunks_vectors(shelf, row, 1, CHUNKS, "text", NEW_MODEL);
}

static void remove_document(struct shelf *shelf, unsigned document)
{
    cr_assert_not_null(SHELF_QUERY(shelf, "delete", "job", job_of(shelf, document)), "%s",
                       shelf->err.msg);
}

/* What was there goes first: each step may have been done before, or half of it. */
static void do_all(struct shelf *shelf)
{
    struct care care = {.budget_ms = 60000};
    struct reembed_settled settled;
    bool done = false;

    for (unsigned document = 1; document <= 4; document++) {
        remove_document(shelf, document);
    }
    for (unsigned document = 1; document <= 4; document++) {
        put_document(shelf, document);
    }
    remove_document(shelf, 2);
    remove_document(shelf, 3);
    cr_assert_eq(reembed_settle(shelf->library, &new_model, &unasked, &settled, &shelf->err), 0,
                 "%s", shelf->err.msg);
    cr_assert_eq(library_care(shelf->library, &care, &done, &shelf->err), 0, "%s", shelf->err.msg);
    cr_assert(done);
}

/* In a process of its own that is killed after so long, or ends by itself. */
static void run_killed(struct shelf *shelf, uint64_t after_us)
{
    struct timespec moment = {.tv_sec = (time_t)(after_us / 1000000),
                              .tv_nsec = (long)(after_us % 1000000) * 1000};
    pid_t child;
    int status;

    library_close(shelf->library);
    shelf->library = NULL;
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        shelf->library = library_open(shelf->folder, 0, &shelf->err);
        if (shelf->library) {
            do_all(shelf);
            library_close(shelf->library);
        }
        _exit(shelf->library ? 0 : 1);
    }
    nanosleep(&moment, NULL);
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

static void expect_sound(struct shelf *shelf)
{
    static const char *const sets[][2] = {
        {"text", CHUNKS_MODEL}, {"image", "model-i"}, {"text", NEW_MODEL}};

    shelf->library = library_open(shelf->folder, 0, &shelf->err);
    cr_assert_not_null(shelf->library, "%s", shelf->err.msg);
    cr_assert_str_eq(shelf_sql(shelf, "PRAGMA integrity_check"), "ok");
    shelf_sql(shelf, "INSERT INTO chunks_fts(chunks_fts, rank) VALUES('integrity-check', 1)");
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        const char *found = shelf_sql(
            shelf, arena_printf(shelf->arena,
                                "SELECT count(*) FROM vector_sets WHERE kind='%s' AND model='%s'",
                                sets[i][0], sets[i][1]));

        cr_assert(strcmp(found, "0") == 0 || chunks_file_fits(shelf, sets[i][0], sets[i][1]), "%s",
                  sets[i][1]);
    }
}

Test(library_killed, at_any_moment_nothing_is_lost, .timeout = 110)
{
    struct shelf undisturbed;
    struct shelf shelf;
    char digest[HASH_SHA256_HEX_BYTES];
    uint64_t begin_us;
    uint64_t whole_us;

    shelf_init(&undisturbed);
    begin_us = clock_monotonic_us();
    do_all(&undisturbed);
    whole_us = clock_monotonic_us() - begin_us;
    snprintf(digest, sizeof digest, "%s", shelf_digest(&undisturbed));
    shelf_deinit(&undisturbed);
    shelf_init(&shelf);
    for (unsigned n = 0; n < KILLS; n++) {
        /* Odd ones too, so that a moment is not the same place each time. */
        run_killed(&shelf, whole_us * n / KILLS + n * 37);
        expect_sound(&shelf);
    }
    do_all(&shelf);
    cr_expect_str_eq(shelf_digest(&shelf), digest);
    library_close(shelf.library);
    expect_sound(&shelf);
    cr_expect_str_eq(library_note(shelf.library), "");
    shelf_deinit(&shelf);
}
