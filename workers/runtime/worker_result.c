/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Collecting a unit's result within the bounds of PROTOCOL.md: so many entries of each kind, and
 * all of it in one frame. What is past a bound is counted, and a warning of our own says so.
 *
 * Invariants: encoded_bytes is at least what the entries take in msgpack; with the notes' share
 * kept free it never passes BODY_BYTES, so that DONE can always be sent. Texts are valid UTF-8
 * on one line: they come out of documents. An allocation that fails makes the
 * result incomplete, which the harness reports as memory_exceeded.
 *
 * Nothing blocks, nothing is logged.
 */
#include "workers/runtime/worker_result.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "proto/utf8.h"

/* The bounds of FIELD_LIST. */
#define COUNTS_MAX 32
#define UNITS_MAX 32768
#define FAILURES_MAX 1024
#define WARNINGS_MAX 64
#define KEY_BYTES 65
#define DOCUMENT_BYTES 37

/* A warning of ours for each kind. */
#define NOTES_MAX 4
#define NOTE_BYTES 128
/* The frame's envelope, the keys, the notes. */
#define BODY_BYTES (FRAME_BODY_MAX_BYTES - 512 - NOTES_MAX * NOTE_BYTES)

struct result_count {
    char key[KEY_BYTES];
    uint64_t value;
};

struct result_failure {
    uint32_t item;
    char code[MESSAGE_CODE_BYTES];
    char *text;
};

struct worker_result {
    struct result_count counts[COUNTS_MAX];
    size_t count_count;
    struct message_unit *units;
    size_t unit_count, unit_capacity;
    struct result_failure *failures;
    size_t failure_count, failure_capacity;
    char *warnings[WARNINGS_MAX - NOTES_MAX];
    size_t warning_count;
    char document[DOCUMENT_BYTES]; /* "" where none */
    struct {
        uint64_t counts, units, failures, warnings;
    } left_out;
    size_t encoded_bytes;
    bool incomplete;
    bool failed, retryable;
    char fail_code[MESSAGE_CODE_BYTES];
    char fail_text[1024];
};

struct worker_result *worker_result_create(void)
{
    return calloc(1, sizeof(struct worker_result));
}

void worker_result_reset(struct worker_result *result)
{
    for (size_t i = 0; i < result->failure_count; i++) {
        free(result->failures[i].text);
    }
    for (size_t i = 0; i < result->warning_count; i++) {
        free(result->warnings[i]);
    }
    result->count_count = 0;
    result->unit_count = 0;
    result->failure_count = 0;
    result->warning_count = 0;
    result->document[0] = '\0';
    memset(&result->left_out, 0, sizeof(result->left_out));
    result->encoded_bytes = 0;
    result->incomplete = false;
    result->failed = false;
}

void worker_result_destroy(struct worker_result *result)
{
    if (!result) {
        return;
    }
    worker_result_reset(result);
    free(result->units);
    free(result->failures);
    free(result);
}

/* One line, whatever a document put into it. */
static void flatten(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = ' ';
        }
    }
}

/* As the frame will have it: at most max_bytes of UTF-8, cut between characters. */
__attribute__((format(printf, 2, 0))) static char *format_text(size_t max_bytes, const char *fmt,
                                                               va_list ap)
{
    char *raw;
    char *text;
    size_t size_bytes;

    if (vasprintf(&raw, fmt, ap) < 0) {
        return NULL;
    }
    flatten(raw);
    size_bytes = utf8_clean(raw, strlen(raw), NULL, max_bytes);
    text = malloc(size_bytes + 1);
    if (text) {
        utf8_clean(raw, strlen(raw), text, max_bytes);
        text[size_bytes] = '\0';
    }
    free(raw);
    return text;
}

/* Takes size_bytes of the frame; false when they are not left. */
static bool take_room(struct worker_result *result, size_t size_bytes)
{
    if (size_bytes > BODY_BYTES - result->encoded_bytes) {
        return false;
    }
    result->encoded_bytes += size_bytes;
    return true;
}

/* Room for one more element in a list that doubles up to max. */
static void *grow(struct worker_result *result, void *list, size_t count, size_t *capacity,
                  size_t max, size_t element_bytes)
{
    size_t wanted = *capacity ? *capacity * 2 : 64;
    void *bigger;

    if (count < *capacity) {
        return list;
    }
    wanted = wanted < max ? wanted : max;
    bigger = reallocarray(list, wanted, element_bytes);
    if (!bigger) {
        result->incomplete = true;
        return NULL;
    }
    *capacity = wanted;
    return bigger;
}

void worker_result_count(struct worker_result *result, const char *key, uint64_t value)
{
    size_t key_bytes = strlen(key);
    struct result_count *count = result->counts;

    assert(key_bytes >= 1 && key_bytes < KEY_BYTES);
    while (count < result->counts + result->count_count && strcmp(count->key, key) != 0) {
        count++;
    }
    if (count < result->counts + result->count_count) {
        if (__builtin_add_overflow(count->value, value, &count->value)) {
            count->value = UINT64_MAX;
        }
    } else if (result->count_count < COUNTS_MAX && take_room(result, key_bytes + 11)) {
        memcpy(count->key, key, key_bytes + 1);
        count->value = value;
        result->count_count++;
    } else {
        result->left_out.counts++;
    }
}

void worker_result_unit(struct worker_result *result, const char *stage, uint32_t first,
                        uint32_t last)
{
    worker_result_sized_unit(result, stage, first, last, 0);
}

void worker_result_sized_unit(struct worker_result *result, const char *stage, uint32_t first,
                              uint32_t last, uint32_t size)
{
    size_t stage_bytes = strlen(stage);
    struct message_unit *units;

    assert(stage_bytes >= 1 && stage_bytes < MESSAGE_STAGE_BYTES && first >= 1 && last >= first);
    if (result->unit_count == UNITS_MAX || !take_room(result, stage_bytes + 18)) {
        result->left_out.units++;
        return;
    }
    units = grow(result, result->units, result->unit_count, &result->unit_capacity, UNITS_MAX,
                 sizeof(*units));
    if (units) {
        struct message_unit *unit = &units[result->unit_count++];

        result->units = units;
        memcpy(unit->stage, stage, stage_bytes + 1);
        unit->first = first;
        unit->last = last;
        unit->size = size;
    }
}

void worker_result_failure(struct worker_result *result, uint32_t item, const char *code,
                           const char *fmt, ...)
{
    size_t code_bytes = strlen(code);
    struct result_failure *failures;
    va_list ap;
    char *text;

    assert(item >= 1 && code_bytes >= 1 && code_bytes < MESSAGE_CODE_BYTES);
    va_start(ap, fmt);
    text = format_text(MESSAGE_DETAIL_BYTES - 1, fmt, ap);
    va_end(ap);
    if (!text) {
        result->incomplete = true;
        return;
    }
    if (result->failure_count == FAILURES_MAX ||
        !take_room(result, code_bytes + strlen(text) + 11)) {
        result->left_out.failures++;
        free(text);
        return;
    }
    failures = grow(result, result->failures, result->failure_count, &result->failure_capacity,
                    FAILURES_MAX, sizeof(*failures));
    if (!failures) {
        free(text);
        return;
    }
    result->failures = failures;
    failures[result->failure_count].item = item;
    memcpy(failures[result->failure_count].code, code, code_bytes + 1);
    failures[result->failure_count].text = text;
    result->failure_count++;
}

void worker_result_warning(struct worker_result *result, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = format_text(MESSAGE_DETAIL_BYTES - 1, fmt, ap);
    va_end(ap);
    if (!text) {
        result->incomplete = true;
    } else if (result->warning_count == ARRAY_LEN(result->warnings) ||
               !take_room(result, strlen(text) + 3)) {
        result->left_out.warnings++;
        free(text);
    } else {
        result->warnings[result->warning_count++] = text;
    }
}

void worker_result_document(struct worker_result *result, const char *document_id)
{
    assert(strlen(document_id) == DOCUMENT_BYTES - 1);
    memcpy(result->document, document_id, DOCUMENT_BYTES);
}

int worker_result_fail(struct worker_result *result, const char *code, bool retryable,
                       const char *fmt, ...)
{
    va_list ap;

    assert(code[0] != '\0' && strlen(code) < sizeof(result->fail_code));
    va_start(ap, fmt);
    if (vsnprintf(result->fail_text, sizeof(result->fail_text), fmt, ap) < 0) {
        result->fail_text[0] = '\0';
    }
    va_end(ap);
    flatten(result->fail_text);
    strcpy(result->fail_code, code);
    result->retryable = retryable;
    result->failed = true;
    return -1;
}

bool worker_result_failed(const struct worker_result *result, const char **ret_code,
                          bool *ret_retryable, const char **ret_text)
{
    if (result->failed) {
        *ret_code = result->fail_code;
        *ret_retryable = result->retryable;
        *ret_text = result->fail_text;
    }
    return result->failed;
}

bool worker_result_incomplete(const struct worker_result *result)
{
    return result->incomplete;
}

static void put_counts(const struct worker_result *result, struct message_writer *writer)
{
    struct pack *pack = message_put_map(writer, FIELD_COUNTS, result->count_count);

    for (size_t i = 0; i < result->count_count; i++) {
        pack_key_uint(pack, result->counts[i].key, result->counts[i].value);
    }
}

static void put_units(const struct worker_result *result, struct message_writer *writer)
{
    struct pack *pack = message_put_array(writer, FIELD_UNITS, result->unit_count);

    for (size_t i = 0; i < result->unit_count; i++) {
        pack_array(pack, 4);
        pack_str(pack, result->units[i].stage);
        pack_uint(pack, result->units[i].first);
        pack_uint(pack, result->units[i].last);
        pack_uint(pack, result->units[i].size);
    }
}

static void put_failures(const struct worker_result *result, struct message_writer *writer)
{
    struct pack *pack = message_put_array(writer, FIELD_FAILURES, result->failure_count);

    for (size_t i = 0; i < result->failure_count; i++) {
        pack_array(pack, 3);
        pack_uint(pack, result->failures[i].item);
        pack_str(pack, result->failures[i].code);
        pack_str(pack, result->failures[i].text);
    }
}

static void put_warnings(const struct worker_result *result, struct message_writer *writer)
{
    const struct {
        uint64_t left_out;
        const char *what;
    } notes[NOTES_MAX] = {
        {result->left_out.units, "units"},
        {result->left_out.failures, "failures"},
        {result->left_out.warnings, "warnings"},
        {result->left_out.counts, "counts"},
    };
    size_t count = result->warning_count;
    struct pack *pack;

    for (size_t i = 0; i < NOTES_MAX; i++) {
        count += notes[i].left_out > 0;
    }
    if (count == 0) {
        return;
    }
    pack = message_put_array(writer, FIELD_WARNINGS, count);
    for (size_t i = 0; i < result->warning_count; i++) {
        pack_str(pack, result->warnings[i]);
    }
    for (size_t i = 0; i < NOTES_MAX; i++) {
        if (notes[i].left_out > 0) {
            char text[NOTE_BYTES];

            snprintf(text, sizeof(text), "%llu more %s did not fit and were left out",
                     (unsigned long long)notes[i].left_out, notes[i].what);
            pack_str(pack, text);
        }
    }
}

void worker_result_put(const struct worker_result *result, struct message_writer *writer)
{
    if (result->count_count > 0) {
        put_counts(result, writer);
    }
    if (result->unit_count > 0) {
        put_units(result, writer);
    }
    if (result->failure_count > 0) {
        put_failures(result, writer);
    }
    put_warnings(result, writer);
    if (result->document[0] != '\0') {
        message_put_str(writer, FIELD_DOCUMENT, result->document);
    }
}
