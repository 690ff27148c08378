/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What extract found on a page.
 *
 * Units of extract cover ranges of pages, and a range that failed was tried again in halves, so a
 * page may be in several artifacts; each that is whole says the same of it. The shortest range is
 * the latest try and is asked first.
 *
 * Blocks: reads the job's folder. Nothing is logged.
 */
#include "workers/ocr/records.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "proto/artifact.h"

#define STAGE "extract"
#define PATH_BYTES 4096
#define RANGES_MAX 1000000U

void records_init(struct records *records)
{
    *records = (struct records){NULL, 0, 0};
}

void records_deinit(struct records *records)
{
    free(records->ranges);
    records_init(records);
}

void records_reset(struct records *records)
{
    records->count = 0;
}

/* --- which artifacts there are --- */

/* The number of digits at *text, which goes on behind them and mark; 0 where there is none. */
static uint32_t take_number(const char **text, char mark)
{
    char *end;
    unsigned long number = strtoul(*text, &end, 10);

    if (end == *text || *end != mark || number > UINT32_MAX) {
        return 0;
    }
    *text = end + 1;
    return (uint32_t)number;
}

static bool parse_name(const char *name, struct records_range *ret_range)
{
    char canonical[ARTIFACT_NAME_BYTES];
    const char *rest = name + strlen(STAGE "-");
    uint32_t first, last;

    if (strncmp(name, STAGE "-", strlen(STAGE "-")) != 0) {
        return false;
    }
    first = take_number(&rest, '-');
    last = first > 0 ? take_number(&rest, '.') : 0;
    if (last < first || last == 0) {
        return false;
    }
    artifact_name(STAGE, first, last, canonical);
    *ret_range = (struct records_range){first, last};
    return strcmp(canonical, name) == 0; /* no temporary file */
}

static int add(struct records *records, struct records_range range, struct error *err)
{
    if (records->count == records->capacity) {
        uint32_t bigger = records->capacity ? records->capacity * 2 : 64;
        void *ranges = bigger > RANGES_MAX
                           ? NULL
                           : realloc(records->ranges, bigger * sizeof(*records->ranges));

        if (!ranges) {
            return error_set(err, ERROR_MEMORY, "no memory for a list of %u artifacts", bigger);
        }
        records->ranges = ranges;
        records->capacity = bigger;
    }
    records->ranges[records->count++] = range;
    return 0;
}

static int by_length(const void *a, const void *b)
{
    const struct records_range *x = a;
    const struct records_range *y = b;
    uint32_t length_x = x->last - x->first;
    uint32_t length_y = y->last - y->first;

    if (length_x != length_y) {
        return length_x < length_y ? -1 : 1;
    }
    return (x->first > y->first) - (x->first < y->first);
}

static int list(struct records *records, const char *folder, struct error *err)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int status = 0;

    records->count = 0;
    if (!dir) {
        return error_set_errno(err, errno, "cannot read the job's folder");
    }
    while (status == 0 && (entry = readdir(dir))) {
        struct records_range range;

        if (parse_name(entry->d_name, &range)) {
            status = add(records, range, err);
        }
    }
    closedir(dir);
    if (records->count > 0) {
        qsort(records->ranges, records->count, sizeof(*records->ranges), by_length);
    }
    return status;
}

/* --- one of them --- */

/* Goes through the artifact's records up to the page's. */
static int read_record(struct artifact_reader *reader, uint32_t number, struct arena *arena,
                       struct page_record *ret_record, struct error *err)
{
    const uint8_t *data;
    size_t size_bytes;

    while (artifact_next(reader, &data, &size_bytes) == 1) {
        struct page_record head;

        if (page_record_decode_head(data, size_bytes, arena, &head, err) < 0) {
            return -1;
        }
        if (head.number == number) {
            return page_record_decode(data, size_bytes, arena, ret_record, err);
        }
    }
    return error_set(err, ERROR_NOT_FOUND, "page %u is not among its records", number);
}

static int read_artifact(const char *folder, struct records_range range, uint32_t number,
                         struct arena *arena, struct page_record *ret_record, struct error *err)
{
    char name[ARTIFACT_NAME_BYTES];
    char path[PATH_BYTES];
    struct artifact_reader *reader;
    int status;

    artifact_name(STAGE, range.first, range.last, name);
    if (file_join(path, sizeof(path), folder, name, err) < 0) {
        return -1;
    }
    reader = artifact_open(path, "pages", err);
    if (!reader) {
        return error_wrap(err, "%s", name);
    }
    status = read_record(reader, number, arena, ret_record, err);
    artifact_close(reader);
    return status < 0 ? error_wrap(err, "%s", name) : 0;
}

/* 0: found. -1: not, and err says why if any artifact claimed to hold the page. */
static int search(const struct records *records, const char *folder, uint32_t number,
                  struct arena *arena, struct page_record *ret_record, struct error *err)
{
    for (uint32_t i = 0; i < records->count; i++) {
        struct records_range range = records->ranges[i];

        if (number >= range.first && number <= range.last &&
            read_artifact(folder, range, number, arena, ret_record, err) == 0) {
            return 0;
        }
    }
    return -1;
}

int records_find(struct records *records, const char *folder, uint32_t number, struct arena *arena,
                 struct page_record *ret_record, struct error *err)
{
    struct error why = ERROR_INIT;

    if (search(records, folder, number, arena, ret_record, &why) == 0) {
        return 0;
    }
    error_set(&why, ERROR_NOT_FOUND, "no artifact of extract holds page %u", number);
    if (list(records, folder, &why) == 0 &&
        search(records, folder, number, arena, ret_record, &why) == 0) {
        return 0;
    }
    if (err) {
        *err = why;
    }
    return -1;
}
