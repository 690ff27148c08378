/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Body records: writing and reading. Only what is written here is accepted, byte for byte.
 *
 * Invariants: out holds whole records only; an array is allocated only when as many bytes are
 * left as its elements need at least. Nothing blocks or logs.
 * Source: PROTOCOL.md, "Body records".
 */
#include "proto/body.h"

#include <string.h>

#include "common/cleanup.h"
#include "proto/page_wire.h"
#include "proto/utf8.h"

#define BLOCK_FIELDS 9
#define IMAGE_FIELDS 8
#define PIECE_FIELDS 6
#define LEVEL_MAX 15
#define KEY_DIGITS 32
#define FORMAT_MAX_BYTES 8

static const char *const joints[] = {"", "\n", "\n\n"};

static bool is_joint(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(joints); i++) {
        if (text && strcmp(joints[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static const char *pieces_fault(const struct body_block *block)
{
    if (block->piece_count == 0 || block->piece_count > BODY_PIECES_MAX) {
        return "a block without pieces, or with too many";
    }
    for (uint32_t i = 0; i < block->piece_count; i++) {
        uint32_t offset = block->pieces[i].offset;

        if (i == 0 ? offset != 0 : offset <= block->pieces[i - 1].offset) {
            return "pieces that do not follow each other";
        }
        if (offset >= block->text_bytes || ((uint8_t)block->text[offset] & 0xC0) == 0x80) {
            return "a piece that begins in no character of the text";
        }
        if (block->pieces[i].page == 0) {
            return "a piece on no page";
        }
    }
    return NULL;
}

/* What is wrong with it, static; NULL when nothing is. */
static const char *block_fault(const struct body_block *block)
{
    if (block->kind >= PAGE_BLOCK_COUNT || block->kind == PAGE_BLOCK_IMAGE) {
        return "a block of a kind that has no text";
    }
    if (block->level > LEVEL_MAX || (block->kind == PAGE_BLOCK_HEADING && block->level == 0)) {
        return "a level that its kind has not";
    }
    if (!is_joint(block->joint)) {
        return "a joint that is none";
    }
    if (!block->text || block->text_bytes == 0 || block->text_bytes > BODY_TEXT_MAX_BYTES) {
        return "a block without text, or with too much";
    }
    if (!utf8_valid(block->text, block->text_bytes)) {
        return "a text that is not UTF-8";
    }
    return pieces_fault(block);
}

static const char *image_fault(const struct body_image *image)
{
    if (image->number == 0 || image->page == 0) {
        return "an image without number or page";
    }
    if (!image->key || strlen(image->key) != KEY_DIGITS ||
        strspn(image->key, "0123456789abcdef") != KEY_DIGITS) {
        return "an image without its key";
    }
    if (!image->format || image->format[0] == '\0' || strlen(image->format) > FORMAT_MAX_BYTES ||
        strspn(image->format, "abcdefghijklmnopqrstuvwxyz0123456789") != strlen(image->format)) {
        return "an image of no format";
    }
    return NULL;
}

/* --- writing --- */

static void put_block(struct pack *pack, const struct body_block *block)
{
    pack_array(pack, BLOCK_FIELDS);
    pack_uint(pack, BODY_RECORD_VERSION);
    pack_uint(pack, BODY_BLOCK);
    pack_uint(pack, block->kind);
    pack_uint(pack, block->level);
    pack_uint(pack, block->table);
    pack_uint(pack, block->header_rows);
    pack_str(pack, block->joint);
    pack_str_n(pack, block->text, block->text_bytes);
    pack_array(pack, block->piece_count);
    for (uint32_t i = 0; i < block->piece_count; i++) {
        pack_array(pack, PIECE_FIELDS);
        pack_uint(pack, block->pieces[i].offset);
        pack_uint(pack, block->pieces[i].page);
        page_wire_put_box(pack, &block->pieces[i].box);
    }
}

static void put_image(struct pack *pack, const struct body_image *image)
{
    pack_array(pack, IMAGE_FIELDS);
    pack_uint(pack, BODY_RECORD_VERSION);
    pack_uint(pack, BODY_IMAGE);
    pack_uint(pack, image->number);
    pack_str(pack, image->key);
    pack_str(pack, image->format);
    pack_uint(pack, image->width_px);
    pack_uint(pack, image->height_px);
    pack_uint(pack, image->page);
}

int body_record_encode(const struct body_record *record, struct buf *out, struct error *err)
{
    size_t start_bytes = out->size;
    bool is_block = record->kind == BODY_BLOCK;
    const char *fault = is_block ? block_fault(&record->block) : image_fault(&record->image);
    struct pack pack;

    if (fault) {
        return error_set(err, ERROR_INVALID, "a body's record: %s", fault);
    }
    pack_init(&pack, out);
    if (is_block) {
        put_block(&pack, &record->block);
    } else {
        put_image(&pack, &record->image);
    }
    if (pack_finish(&pack, err) < 0) {
        out->size = start_bytes;
        return -1;
    }
    return 0;
}

/* --- reading --- */

static void take_pieces(struct record *in, struct body_block *block)
{
    struct scan *scan = &in->scan;

    block->piece_count = scan_array(scan, BODY_PIECES_MAX);
    block->pieces = record_alloc(in, block->piece_count, sizeof(*block->pieces), 1 + PIECE_FIELDS);
    for (uint32_t i = 0; i < block->piece_count && !scan->fault; i++) {
        scan_array_of(scan, PIECE_FIELDS);
        block->pieces[i].offset = record_u32(in, 0, UINT32_MAX);
        block->pieces[i].page = record_u32(in, 1, UINT32_MAX);
        page_wire_take_box(in, &block->pieces[i].box);
    }
}

static void take_block(struct record *in, struct body_block *block)
{
    const char *text;
    size_t text_bytes;
    const char *fault;

    block->kind = (enum page_block_kind)record_u32(in, 0, PAGE_BLOCK_COUNT - 1);
    block->level = (uint8_t)record_u32(in, 0, LEVEL_MAX);
    block->table = record_u32(in, 0, UINT32_MAX);
    block->header_rows = (uint16_t)record_u32(in, 0, UINT16_MAX);
    block->joint = record_text(in, BODY_JOINT_MAX_BYTES);
    text = scan_str(&in->scan, 1, BODY_TEXT_MAX_BYTES, &text_bytes);
    block->text = record_copy(in, text, text_bytes);
    block->text_bytes = (uint32_t)text_bytes;
    take_pieces(in, block);
    fault = in->scan.fault ? NULL : block_fault(block);
    if (fault) {
        scan_fail(&in->scan, fault);
    }
}

static void take_image(struct record *in, struct body_image *image)
{
    const char *fault;

    image->number = record_u32(in, 1, UINT32_MAX);
    image->key = record_text(in, KEY_DIGITS);
    image->format = record_text(in, FORMAT_MAX_BYTES);
    image->width_px = record_u32(in, 0, UINT32_MAX);
    image->height_px = record_u32(in, 0, UINT32_MAX);
    image->page = record_u32(in, 1, UINT32_MAX);
    fault = in->scan.fault ? NULL : image_fault(image);
    if (fault) {
        scan_fail(&in->scan, fault);
    }
}

int body_record_decode(const void *data, size_t size_bytes, struct arena *arena,
                       struct body_record *ret_record, struct error *err)
{
    struct body_record record = {.kind = BODY_BLOCK};
    struct record in;
    uint32_t fields;

    record_init(&in, data, size_bytes, arena);
    fields = scan_array(&in.scan, BLOCK_FIELDS);
    scan_uint(&in.scan, BODY_RECORD_VERSION, BODY_RECORD_VERSION);
    record.kind = record_u32(&in, BODY_BLOCK, BODY_IMAGE) == BODY_IMAGE ? BODY_IMAGE : BODY_BLOCK;
    if (fields != (record.kind == BODY_IMAGE ? IMAGE_FIELDS : BLOCK_FIELDS)) {
        scan_fail(&in.scan, "not the fields of its kind");
    } else if (record.kind == BODY_IMAGE) {
        take_image(&in, &record.image);
    } else {
        take_block(&in, &record.block);
    }
    if (record_finish(&in, "body", err) < 0) {
        return -1;
    }
    *ret_record = record;
    return 0;
}
