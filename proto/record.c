/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading records into an arena. Only shortest forms are accepted, so that a record has one
 * encoding.
 *
 * Nothing blocks or logs.
 */
#include "proto/record.h"

void record_init(struct record *record, const void *data, size_t size_bytes, struct arena *arena)
{
    scan_init(&record->scan, data, size_bytes, true);
    record->arena = arena;
    record->no_memory = false;
}

static void no_memory(struct record *record)
{
    record->no_memory = true;
    scan_fail(&record->scan, "no memory for what it holds");
}

void *record_alloc(struct record *record, uint32_t count, size_t element_bytes, size_t wire_bytes)
{
    void *array;

    if (count == 0 || record->scan.fault) {
        return NULL;
    }
    if (count > scan_left_bytes(&record->scan) / wire_bytes) {
        scan_fail(&record->scan, "more is announced than there is");
        return NULL;
    }
    array = arena_calloc(record->arena, count, element_bytes);
    if (!array) {
        no_memory(record);
    }
    return array;
}

const char *record_copy(struct record *record, const char *text, size_t size_bytes)
{
    char *copy;

    if (!text) {
        return NULL;
    }
    copy = arena_strndup(record->arena, text, size_bytes);
    if (!copy) {
        no_memory(record);
    }
    return copy;
}

const char *record_text(struct record *record, size_t max_bytes)
{
    size_t size_bytes;
    const char *text = scan_str(&record->scan, 0, max_bytes, &size_bytes);

    return record_copy(record, text, size_bytes);
}

const char *record_text_or_nil(struct record *record, size_t max_bytes)
{
    return scan_nil(&record->scan) ? NULL : record_text(record, max_bytes);
}

uint32_t record_u32(struct record *record, uint32_t min, uint32_t max)
{
    return (uint32_t)scan_uint(&record->scan, min, max);
}

int record_finish(struct record *record, const char *name, struct error *err)
{
    if (scan_finish(&record->scan)) {
        return 0;
    }
    scan_error(&record->scan, record->no_memory ? ERROR_MEMORY : ERROR_CORRUPT, err);
    return error_wrap(err, "%s record", name);
}
