/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chunk and text records: writing and reading. Only what is written here is accepted, byte for
 * byte.
 *
 * Invariants: out holds whole records only; an array is allocated only when as many bytes are
 * left as its elements need at least. Nothing blocks or logs.
 * Source: PROTOCOL.md, "Chunk records", "Text records".
 */
#include "proto/chunk.h"

#include <math.h>
#include <string.h>

#include "proto/page_wire.h"
#include "proto/utf8.h"

#define CHUNK_FIELDS 18
#define HEADING_FIELDS 2
#define BOX_FIELDS 6
#define TEXT_FIELDS 3
#define HEADING_LEVEL_MAX 6
#define SHA256_HEX_DIGITS (HASH_SHA256_HEX_BYTES - 1)
#define SHARE_SCALE 10000U

static const char *const kind_names[] = {
#define CHUNK_KIND_NAME(symbol, name) [CHUNK_KIND_##symbol] = (name),
    CHUNK_KIND_LIST(CHUNK_KIND_NAME)
#undef CHUNK_KIND_NAME
};

const char *chunk_kind_name(enum chunk_kind kind)
{
    return kind_names[kind];
}

static bool starts_character(const char *text, uint32_t offset)
{
    return ((uint8_t)text[offset] & 0xC0) != 0x80;
}

static const char *boxes_fault(const struct chunk_record *chunk)
{
    if (chunk->box_count == 0 || chunk->box_count > CHUNK_BOXES_MAX) {
        return "a chunk without boxes, or with too many";
    }
    for (uint32_t i = 0; i < chunk->box_count; i++) {
        const struct chunk_box *box = &chunk->boxes[i];

        if (i == 0 ? box->offset != 0 : box->offset <= chunk->boxes[i - 1].offset) {
            return "boxes that do not follow each other";
        }
        if (box->offset >= chunk->text_bytes || !starts_character(chunk->text, box->offset)) {
            return "a box that begins in no character of the text";
        }
        if (box->page < chunk->first_page || box->page > chunk->last_page) {
            return "a box on none of the chunk's pages";
        }
    }
    return NULL;
}

static const char *headings_fault(const struct chunk_record *chunk)
{
    uint8_t above = 0;

    if (chunk->heading_count > CHUNK_HEADINGS_MAX) {
        return "too many headings";
    }
    for (uint32_t i = 0; i < chunk->heading_count; i++) {
        if (chunk->heading_levels[i] <= above || chunk->heading_levels[i] > HEADING_LEVEL_MAX) {
            return "headings whose levels do not rise";
        }
        if (!chunk->headings[i] || chunk->headings[i][0] == '\0') {
            return "a heading without text";
        }
        above = chunk->heading_levels[i];
    }
    return NULL;
}

static const char *place_fault(const struct chunk_record *chunk)
{
    if (chunk->ordinal == 0 || chunk->level >= CHUNK_LEVELS_MAX) {
        return "no ordinal, or a level too high";
    }
    if (chunk->parent != 0 && chunk->parent <= chunk->ordinal) {
        return "a parent that comes before it";
    }
    if (chunk->duplicate_of >= chunk->ordinal) {
        return "a duplicate of what does not come before it";
    }
    return chunk->first_page == 0 || chunk->first_page > chunk->last_page ? "no pages" : NULL;
}

static const char *text_fault(const struct chunk_record *chunk)
{
    if (!chunk->text || chunk->text_bytes == 0 || chunk->text_bytes > CHUNK_TEXT_MAX_BYTES) {
        return "no text, or too much";
    }
    if (!utf8_valid(chunk->text, chunk->text_bytes)) {
        return "a text that is not UTF-8";
    }
    if (chunk->overlap_bytes >= chunk->text_bytes ||
        !starts_character(chunk->text, chunk->overlap_bytes)) {
        return "an overlap that ends in no character of the text";
    }
    if (!chunk->joint || strlen(chunk->joint) > CHUNK_JOINT_MAX_BYTES ||
        !utf8_valid(chunk->joint, strlen(chunk->joint))) {
        return "a joint that is none";
    }
    return strspn(chunk->sha256, "0123456789abcdef") != SHA256_HEX_DIGITS ? "no SHA-256" : NULL;
}

/* What is wrong with it, static; NULL when nothing is. */
static const char *chunk_fault(const struct chunk_record *chunk)
{
    const char *fault = chunk->kind < CHUNK_KIND_COUNT ? place_fault(chunk) : "of no kind";

    fault = fault ? fault : text_fault(chunk);
    fault = fault ? fault : headings_fault(chunk);
    return fault ? fault : boxes_fault(chunk);
}

/* --- writing --- */

static void put_share(struct pack *pack, float share)
{
    float bound = share > 0.0F ? fminf(share, 1.0F) : 0.0F; /* 0 for a NaN too */

    pack_uint(pack, (uint64_t)lrintf(bound * (float)SHARE_SCALE));
}

static void put_headings(struct pack *pack, const struct chunk_record *chunk)
{
    pack_array(pack, chunk->heading_count);
    for (uint32_t i = 0; i < chunk->heading_count; i++) {
        pack_array(pack, HEADING_FIELDS);
        pack_uint(pack, chunk->heading_levels[i]);
        pack_str_cut(pack, chunk->headings[i], CHUNK_HEADING_MAX_BYTES);
    }
}

static void put_boxes(struct pack *pack, const struct chunk_record *chunk)
{
    pack_array(pack, chunk->box_count);
    for (uint32_t i = 0; i < chunk->box_count; i++) {
        pack_array(pack, BOX_FIELDS);
        pack_uint(pack, chunk->boxes[i].offset);
        pack_uint(pack, chunk->boxes[i].page);
        page_wire_put_box(pack, &chunk->boxes[i].box);
    }
}

int chunk_record_encode(const struct chunk_record *record, struct buf *out, struct error *err)
{
    size_t start_bytes = out->size;
    const char *fault = chunk_fault(record);
    struct pack pack;

    if (fault) {
        return error_set(err, ERROR_INVALID, "a chunk's record: %s", fault);
    }
    pack_init(&pack, out);
    pack_array(&pack, CHUNK_FIELDS);
    pack_uint(&pack, CHUNK_RECORD_VERSION);
    pack_uint(&pack, record->ordinal);
    pack_uint(&pack, record->level);
    pack_uint(&pack, record->parent);
    pack_uint(&pack, record->kind);
    pack_uint(&pack, record->first_page);
    pack_uint(&pack, record->last_page);
    put_headings(&pack, record);
    pack_str(&pack, record->joint);
    pack_uint(&pack, record->overlap_bytes);
    pack_str_n(&pack, record->text, record->text_bytes);
    pack_uint(&pack, record->table);
    put_boxes(&pack, record);
    pack_str(&pack, record->sha256);
    pack_uint(&pack, record->duplicate_of);
    put_share(&pack, record->length_quality);
    put_share(&pack, record->boundary_quality);
    put_share(&pack, record->completeness_quality);
    if (pack_finish(&pack, err) < 0) {
        out->size = start_bytes;
        return -1;
    }
    return 0;
}

/* --- reading --- */

static float take_share(struct record *in)
{
    return (float)record_u32(in, 0, SHARE_SCALE) / (float)SHARE_SCALE;
}

static void take_headings(struct record *in, struct chunk_record *chunk)
{
    struct scan *scan = &in->scan;

    chunk->heading_count = scan_array(scan, CHUNK_HEADINGS_MAX);
    chunk->headings =
        record_alloc(in, chunk->heading_count, sizeof(*chunk->headings), 1 + HEADING_FIELDS);
    for (uint32_t i = 0; i < chunk->heading_count && !scan->fault; i++) {
        scan_array_of(scan, HEADING_FIELDS);
        chunk->heading_levels[i] = (uint8_t)record_u32(in, 1, HEADING_LEVEL_MAX);
        chunk->headings[i] = record_text(in, CHUNK_HEADING_MAX_BYTES);
    }
}

static void take_boxes(struct record *in, struct chunk_record *chunk)
{
    struct scan *scan = &in->scan;

    chunk->box_count = scan_array(scan, CHUNK_BOXES_MAX);
    chunk->boxes = record_alloc(in, chunk->box_count, sizeof(*chunk->boxes), 1 + BOX_FIELDS);
    for (uint32_t i = 0; i < chunk->box_count && !scan->fault; i++) {
        scan_array_of(scan, BOX_FIELDS);
        chunk->boxes[i].offset = record_u32(in, 0, UINT32_MAX);
        chunk->boxes[i].page = record_u32(in, 1, UINT32_MAX);
        page_wire_take_box(in, &chunk->boxes[i].box);
    }
}

static void take_sha256(struct record *in, char ret_hex[HASH_SHA256_HEX_BYTES])
{
    size_t size_bytes;
    const char *text = scan_str(&in->scan, SHA256_HEX_DIGITS, SHA256_HEX_DIGITS, &size_bytes);

    if (text) {
        memcpy(ret_hex, text, size_bytes);
        ret_hex[size_bytes] = '\0';
    }
}

static void take_chunk(struct record *in, struct chunk_record *chunk)
{
    const char *text;
    size_t text_bytes;

    chunk->ordinal = record_u32(in, 1, UINT32_MAX);
    chunk->level = (uint8_t)record_u32(in, 0, CHUNK_LEVELS_MAX - 1);
    chunk->parent = record_u32(in, 0, UINT32_MAX);
    chunk->kind = (enum chunk_kind)record_u32(in, 0, CHUNK_KIND_COUNT - 1);
    chunk->first_page = record_u32(in, 1, UINT32_MAX);
    chunk->last_page = record_u32(in, 1, UINT32_MAX);
    take_headings(in, chunk);
    chunk->joint = record_text(in, CHUNK_JOINT_MAX_BYTES);
    chunk->overlap_bytes = record_u32(in, 0, UINT32_MAX);
    text = scan_str(&in->scan, 1, CHUNK_TEXT_MAX_BYTES, &text_bytes);
    chunk->text = record_copy(in, text, text_bytes);
    chunk->text_bytes = (uint32_t)text_bytes;
    chunk->table = record_u32(in, 0, UINT32_MAX);
    take_boxes(in, chunk);
    take_sha256(in, chunk->sha256);
    chunk->duplicate_of = record_u32(in, 0, UINT32_MAX);
    chunk->length_quality = take_share(in);
    chunk->boundary_quality = take_share(in);
    chunk->completeness_quality = take_share(in);
}

int chunk_record_decode(const void *data, size_t size_bytes, struct arena *arena,
                        struct chunk_record *ret_record, struct error *err)
{
    struct chunk_record chunk = {.sha256 = ""};
    const char *fault;
    struct record in;

    record_init(&in, data, size_bytes, arena);
    scan_array_of(&in.scan, CHUNK_FIELDS);
    scan_uint(&in.scan, CHUNK_RECORD_VERSION, CHUNK_RECORD_VERSION);
    take_chunk(&in, &chunk);
    fault = in.scan.fault ? NULL : chunk_fault(&chunk);
    if (fault) {
        scan_fail(&in.scan, fault);
    }
    if (record_finish(&in, "chunk", err) < 0) {
        return -1;
    }
    *ret_record = chunk;
    return 0;
}

/* --- texts --- */

int text_record_encode(const struct text_record *record, struct buf *out, struct error *err)
{
    size_t start_bytes = out->size;
    struct pack pack;

    if (record->target == 0 || record->text_bytes == 0 ||
        record->text_bytes > CHUNK_TEXT_MAX_BYTES ||
        !utf8_valid(record->text, record->text_bytes)) {
        return error_set(err, ERROR_INVALID, "a text's record without target or text");
    }
    pack_init(&pack, out);
    pack_array(&pack, TEXT_FIELDS);
    pack_uint(&pack, CHUNK_RECORD_VERSION);
    pack_uint(&pack, record->target);
    pack_str_n(&pack, record->text, record->text_bytes);
    if (pack_finish(&pack, err) < 0) {
        out->size = start_bytes;
        return -1;
    }
    return 0;
}

int text_record_decode(const void *data, size_t size_bytes, struct arena *arena,
                       struct text_record *ret_record, struct error *err)
{
    struct text_record record = {0};
    struct record in;
    const char *text;
    size_t text_bytes;

    record_init(&in, data, size_bytes, arena);
    scan_array_of(&in.scan, TEXT_FIELDS);
    scan_uint(&in.scan, CHUNK_RECORD_VERSION, CHUNK_RECORD_VERSION);
    record.target = scan_uint(&in.scan, 1, UINT64_MAX);
    text = scan_str(&in.scan, 1, CHUNK_TEXT_MAX_BYTES, &text_bytes);
    record.text = record_copy(&in, text, text_bytes);
    record.text_bytes = (uint32_t)text_bytes;
    if (record_finish(&in, "text", err) < 0) {
        return -1;
    }
    *ret_record = record;
    return 0;
}

int chunk_embedding_text(const char *const *headings, uint32_t heading_count, const char *text,
                         size_t text_bytes, struct buf *out, struct error *err)
{
    out->size = 0;
    for (uint32_t i = 0; i < heading_count; i++) {
        if (buf_append_str(out, headings[i], err) < 0 ||
            buf_append_str(out, i + 1 < heading_count ? " > " : "\n", err) < 0) {
            return -1;
        }
    }
    return buf_append(out, text, text_bytes, err);
}
