/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Survey records: writing and reading. Only what is written here is accepted, byte for byte.
 *
 * Invariants: out holds whole records only; an array is allocated only when as many bytes are
 * left as its elements need at least. Nothing blocks or logs.
 * Source: PROTOCOL.md, "Survey records".
 */
#include "proto/survey.h"

#include <inttypes.h>
#include <string.h>

#include "proto/record.h"
#include "proto/value.h"

#define RECORD_FIELDS 10
#define PAIR_FIELDS 2
#define OUTLINE_FIELDS 3
#define SHA256_HEX_DIGITS (HASH_SHA256_HEX_BYTES - 1)

/* --- writing --- */

static int check_record(const struct survey_record *record, struct error *err)
{
    if (strspn(record->sha256, "0123456789abcdef") != SHA256_HEX_DIGITS || !record->format) {
        return error_set(err, ERROR_INVALID, "a survey without SHA-256 or format");
    }
    if (record->metadata_count > SURVEY_METADATA_MAX ||
        record->outline_count > SURVEY_OUTLINE_MAX || record->warning_count > SURVEY_WARNINGS_MAX) {
        return error_set(err, ERROR_LIMIT,
                         "a survey of %" PRIu32 " metadata, %" PRIu32
                         " outline entries and %" PRIu32 " warnings",
                         record->metadata_count, record->outline_count, record->warning_count);
    }
    return 0;
}

static void put_record(struct pack *pack, const struct survey_record *record)
{
    pack_array(pack, RECORD_FIELDS);
    pack_uint(pack, SURVEY_RECORD_VERSION);
    pack_str(pack, record->sha256);
    pack_uint(pack, record->size_bytes);
    pack_str_cut(pack, record->format, SURVEY_FORMAT_MAX_BYTES);
    pack_uint(pack, record->page_count);
    pack_bool(pack, record->encrypted);
    pack_bool(pack, record->repaired);
    pack_array(pack, record->metadata_count);
    for (uint32_t i = 0; i < record->metadata_count; i++) {
        pack_array(pack, PAIR_FIELDS);
        pack_str_cut(pack, record->metadata[i].key, SURVEY_KEY_MAX_BYTES);
        pack_str_cut(pack, record->metadata[i].value, SURVEY_VALUE_MAX_BYTES);
    }
    pack_array(pack, record->outline_count);
    for (uint32_t i = 0; i < record->outline_count; i++) {
        pack_array(pack, OUTLINE_FIELDS);
        pack_uint(pack, record->outline[i].page);
        pack_uint(pack, record->outline[i].depth);
        pack_str_cut(pack, record->outline[i].title, SURVEY_TITLE_MAX_BYTES);
    }
    pack_array(pack, record->warning_count);
    for (uint32_t i = 0; i < record->warning_count; i++) {
        pack_str_cut(pack, record->warnings[i], SURVEY_WARNING_MAX_BYTES);
    }
}

int survey_record_encode(const struct survey_record *record, struct buf *out, struct error *err)
{
    size_t start_bytes = out->size;
    struct pack pack;

    if (check_record(record, err) < 0) {
        return -1;
    }
    pack_init(&pack, out);
    put_record(&pack, record);
    if (pack_finish(&pack, err) < 0) {
        out->size = start_bytes;
        return -1;
    }
    return 0;
}

/* --- reading --- */

static void take_sha256(struct record *in, char ret_hex[HASH_SHA256_HEX_BYTES])
{
    size_t size_bytes;
    const char *text = scan_str(&in->scan, SHA256_HEX_DIGITS, SHA256_HEX_DIGITS, &size_bytes);

    if (!text) {
        return;
    }
    memcpy(ret_hex, text, size_bytes);
    ret_hex[size_bytes] = '\0';
    if (strspn(ret_hex, "0123456789abcdef") != SHA256_HEX_DIGITS) {
        scan_fail(&in->scan, "no SHA-256");
    }
}

static void take_metadata(struct record *in, struct survey_record *survey)
{
    struct scan *scan = &in->scan;

    survey->metadata_count = scan_array(scan, SURVEY_METADATA_MAX);
    survey->metadata =
        record_alloc(in, survey->metadata_count, sizeof(*survey->metadata), 1 + PAIR_FIELDS);
    for (uint32_t i = 0; i < survey->metadata_count && !scan->fault; i++) {
        scan_array_of(scan, PAIR_FIELDS);
        survey->metadata[i].key = record_text(in, SURVEY_KEY_MAX_BYTES);
        survey->metadata[i].value = record_text(in, SURVEY_VALUE_MAX_BYTES);
    }
}

static void take_outline(struct record *in, struct survey_record *survey)
{
    struct scan *scan = &in->scan;

    survey->outline_count = scan_array(scan, SURVEY_OUTLINE_MAX);
    survey->outline =
        record_alloc(in, survey->outline_count, sizeof(*survey->outline), 1 + OUTLINE_FIELDS);
    for (uint32_t i = 0; i < survey->outline_count && !scan->fault; i++) {
        scan_array_of(scan, OUTLINE_FIELDS);
        survey->outline[i].page = (uint32_t)scan_uint(scan, 0, UINT32_MAX);
        survey->outline[i].depth = (uint16_t)scan_uint(scan, 0, UINT16_MAX);
        survey->outline[i].title = record_text(in, SURVEY_TITLE_MAX_BYTES);
    }
}

static void take_warnings(struct record *in, struct survey_record *survey)
{
    struct scan *scan = &in->scan;

    survey->warning_count = scan_array(scan, SURVEY_WARNINGS_MAX);
    survey->warnings = record_alloc(in, survey->warning_count, sizeof(*survey->warnings), 1);
    for (uint32_t i = 0; i < survey->warning_count && !scan->fault; i++) {
        survey->warnings[i] = record_text(in, SURVEY_WARNING_MAX_BYTES);
    }
}

int survey_record_decode(const void *data, size_t size_bytes, struct arena *arena,
                         struct survey_record *ret_record, struct error *err)
{
    struct survey_record survey = {.sha256 = ""};
    struct record in;

    record_init(&in, data, size_bytes, arena);
    scan_array_of(&in.scan, RECORD_FIELDS);
    scan_uint(&in.scan, SURVEY_RECORD_VERSION, SURVEY_RECORD_VERSION);
    take_sha256(&in, survey.sha256);
    survey.size_bytes = scan_uint(&in.scan, 0, UINT64_MAX);
    survey.format = record_text(&in, SURVEY_FORMAT_MAX_BYTES);
    survey.page_count = record_u32(&in, 0, UINT32_MAX);
    survey.encrypted = scan_bool(&in.scan);
    survey.repaired = scan_bool(&in.scan);
    take_metadata(&in, &survey);
    take_outline(&in, &survey);
    take_warnings(&in, &survey);
    if (record_finish(&in, "survey", err) < 0) {
        return -1;
    }
    *ret_record = survey;
    return 0;
}
