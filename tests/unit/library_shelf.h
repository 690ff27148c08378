/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A library in a folder of its own, with made-up surveys and pages, for its tests.
 */
#ifndef EBB_TESTS_UNIT_LIBRARY_SHELF_H
#define EBB_TESTS_UNIT_LIBRARY_SHELF_H

#include <limits.h>

#include "common/arena.h"
#include "proto/page.h"
#include "workers/library/finish.h"
#include "workers/library/library.h"
#include "workers/library/persist.h"
#include "workers/library/query.h"
#include "workers/library/structure.h"

#define SHELF_JOB "01890000-0000-7000-8000-000000000001"
#define SHELF_OTHER_JOB "01890000-0000-7000-8000-000000000002"

struct shelf {
    char folder[PATH_MAX]; /* the state folder */
    struct library *library;
    struct arena *arena; /* of the records, until shelf_deinit */
    struct error err;    /* of the last call */
    struct outcome outcome;
};

void shelf_init(struct shelf *shelf);
void shelf_deinit(struct shelf *shelf);
/* Closes the library and opens it again. */
void shelf_reopen(struct shelf *shelf);
/* Path of a file in the state folder. Owns: the arena. */
const char *shelf_path(struct shelf *shelf, const char *name);

/* A block of a made-up page: lines of text are parted by '\n'. The margin key is made of it. */
struct shelf_block {
    enum page_block_kind kind;
    const char *text;
    float size_pt;
    uint8_t style;
    enum page_margin margin;
};

/* A record with these blocks; its text is theirs. Owns: the arena. */
struct page_record *shelf_page(struct shelf *shelf, uint32_t number,
                               const struct shelf_block *blocks, uint32_t count);

/* Makes the block a table of texts by row and column, NULL for a place that the cell on its left
 * covers. The first header_rows rows are headers. Owns: the arena. */
void shelf_make_table(struct shelf *shelf, struct page_block *block, uint16_t rows,
                      uint16_t columns, uint16_t header_rows, const char *const *texts);
/* Makes the block an image, and adds that to the record's; its key is 32 times that digit. Where
 * caption is not NULL it is the candidate. Owns: the arena. */
void shelf_make_image(struct shelf *shelf, struct page_record *record, uint32_t block, char digit,
                      const char *caption);

/* 64 characters made from seed: a document's SHA-256. Owns: the arena. */
const char *shelf_sha256(struct shelf *shelf, unsigned seed);

/* Writes the survey's artifact of a document of so many pages, and persists it for the job. */
int shelf_survey(struct shelf *shelf, const char *job, unsigned seed, uint32_t page_count);
/* Writes and persists the artifact of pages first to last; records may leave some out. */
int shelf_pages(struct shelf *shelf, const char *job, uint32_t first, uint32_t last,
                struct page_record *const *records, uint32_t count);
/* A page with one block of body text. */
int shelf_simple_page(struct shelf *shelf, const char *job, uint32_t number, const char *text);
int shelf_finish(struct shelf *shelf, const char *job, const struct structure_failure *failures,
                 size_t count);

/* Runs a query with up to four parameters, "key", "value", …, NULL. Returns its answer, NULL and
 * shelf->err on failure. Owns: the arena. */
const char *shelf_query(struct shelf *shelf, const char *kind, const char *const *params);
#define SHELF_QUERY(shelf, kind, ...)                                                              \
    shelf_query(shelf, kind, (const char *const[]){__VA_ARGS__, NULL})
/* The digest of all documents, 64 characters. */
const char *shelf_digest(struct shelf *shelf);

/* The first column of the first row, through a connection of its own; SQL that answers nothing
 * gives "". Owns: the arena. */
const char *shelf_sql(struct shelf *shelf, const char *sql);

#endif
