/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What page.c writes and page_decode.c reads: the shape of a page record in msgpack, and how
 * floats become its integers. Only for proto/.
 * Source: PROTOCOL.md, "Page records".
 */
#ifndef EBB_PROTO_PAGE_WIRE_H
#define EBB_PROTO_PAGE_WIRE_H

#include <stdint.h>

/* Elements of each array. */
#define PAGE_WIRE_FIELDS 19
#define PAGE_WIRE_FONT_FIELDS 2
#define PAGE_WIRE_BLOCK_FIELDS 8
#define PAGE_WIRE_LINE_FIELDS 7
#define PAGE_WIRE_SPAN_FIELDS 9

#define PAGE_WIRE_STYLE_MASK 0x7fU
#define PAGE_WIRE_COLOR_MAX 0xffffffU
#define PAGE_WIRE_ANGLE_MIN (-179)
#define PAGE_WIRE_ANGLE_MAX 180

#define PAGE_WIRE_LINE_VERTICAL 1U
#define PAGE_WIRE_LINE_RIGHT_TO_LEFT 2U
#define PAGE_WIRE_LINE_HYPHENATED 4U
#define PAGE_WIRE_LINE_FLAGS 7U

/* A coordinate in 1/100 pt, halves away from 0; 0 for what is no number. */
int64_t page_wire_hundredths(float points);
/* The same for what cannot be negative. */
uint64_t page_wire_length(float points);
/* A share brought into 0 to 1. */
float page_wire_share(float share);

#endif
