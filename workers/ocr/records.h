/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What extract found on a page: its record, from the artifacts in the job's folder.
 */
#ifndef EBB_WORKERS_OCR_RECORDS_H
#define EBB_WORKERS_OCR_RECORDS_H

#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "proto/page.h"

/* Which artifacts there are; read again when a page is in none of them. */
struct records {
    struct records_range {
        uint32_t first, last;
    } * ranges; /* the shortest first */
    uint32_t count, capacity;
};

void records_init(struct records *records);
void records_deinit(struct records *records);
/* Forgets what it knows: another job's folder comes. */
void records_reset(struct records *records);

/* The record of page number, in arena. ERROR_NOT_FOUND when no artifact in folder holds the page;
 * what the artifact's reader says when each that should is damaged. */
int records_find(struct records *records, const char *folder, uint32_t number, struct arena *arena,
                 struct page_record *ret_record, struct error *err);

#endif
