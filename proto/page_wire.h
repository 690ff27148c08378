/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What page.c writes and page_decode.c reads: the shape of a page record in msgpack, and how
 * floats become its integers. Only for proto/.
 * Source: PROTOCOL.md, "Page records".
 */
#ifndef EBB_PROTO_PAGE_WIRE_H
#define EBB_PROTO_PAGE_WIRE_H

#include <stdint.h>

#include "proto/page.h"
#include "proto/record.h"
#include "proto/value.h"

/* Elements of each array. */
#define PAGE_WIRE_FIELDS 24
#define PAGE_WIRE_FONT_FIELDS 2
#define PAGE_WIRE_BLOCK_FIELDS 11
#define PAGE_WIRE_LINE_FIELDS 7
#define PAGE_WIRE_SPAN_FIELDS 10
#define PAGE_WIRE_TABLE_FIELDS 4
#define PAGE_WIRE_CELL_FIELDS 10
#define PAGE_WIRE_IMAGE_FIELDS 22

#define PAGE_WIRE_STYLE_MASK 0x7fU
#define PAGE_WIRE_COLOR_MAX 0xffffffU
#define PAGE_WIRE_ANGLE_MIN (-179)
#define PAGE_WIRE_ANGLE_MAX 180

#define PAGE_WIRE_LINE_VERTICAL 1U
#define PAGE_WIRE_LINE_RIGHT_TO_LEFT 2U
#define PAGE_WIRE_LINE_HYPHENATED 4U
#define PAGE_WIRE_LINE_FLAGS 7U

#define PAGE_WIRE_BLOCK_OCR 1U
#define PAGE_WIRE_BLOCK_FLAGS 1U
#define PAGE_WIRE_CONFIDENCE_MAX 100U
#define PAGE_WIRE_DEGREES_MAX 360.0F

/* A coordinate in 1/100 pt, halves away from 0; 0 for what is no number. */
int64_t page_wire_hundredths(float points);
/* The same for what cannot be negative. */
uint64_t page_wire_length(float points);
/* A share brought into 0 to 1. */
float page_wire_share(float share);
/* A confidence in 1/100 percent; 100 for what is no number. */
uint64_t page_wire_confidence(float confidence);
/* An angle in 1/100 degree, brought into a turn either way. */
int64_t page_wire_degrees(float degrees);
void page_wire_put_box(struct pack *pack, const struct page_box *box);
/* page_decode.c */
void page_wire_take_box(struct record *in, struct page_box *ret_box);
float page_wire_take_length(struct record *in);

/* page_table.c. What is wrong with it, static; NULL when nothing is. */
const char *page_table_fault(const struct page_table *table);
void page_wire_put_table(struct pack *pack, const struct page_table *table);
/* NULL for nil. */
struct page_table *page_wire_take_table(struct record *in);

/* page_image.c. As with tables. */
const char *page_image_fault(const struct page_image *image);
void page_wire_put_image(struct pack *pack, const struct page_image *image);
void page_wire_take_image(struct record *in, struct page_image *ret_image);

#endif
