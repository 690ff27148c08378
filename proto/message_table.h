/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The lists of proto/message.h as tables, and the one check that reader and writer share.
 * Only for proto/.
 */
#ifndef EBB_PROTO_MESSAGE_TABLE_H
#define EBB_PROTO_MESSAGE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "proto/message.h"

enum field_type {
    FIELD_TYPE_UINT,
    FIELD_TYPE_BOOL,
    FIELD_TYPE_STR,
    FIELD_TYPE_STRMAP,
    FIELD_TYPE_COUNTS,
    FIELD_TYPE_STRLIST,
    FIELD_TYPE_UNITS,
    FIELD_TYPE_FAILURES,
    FIELD_TYPE_ANY,
    FIELD_TYPE_COUNT
};

struct field_spec {
    const char *key;
    size_t key_bytes;
    enum field_type type;
    uint64_t min, max;
};

struct message_spec {
    const char *name; /* NULL where the number is no message's */
    enum message_direction direction;
    unsigned phases;
    size_t max_bytes;  /* of the body */
    uint64_t required; /* sets of enum field */
    uint64_t optional;
};

const struct field_spec *field_spec(enum field field);
/* NULL when type is no message's number. */
const struct message_spec *message_spec(uint64_t type);

/* What a body that is as it should be holds. */
struct message_layout {
    enum message_type type;
    uint32_t id;
    uint64_t fields;            /* set of enum field */
    uint8_t order[FIELD_COUNT]; /* enum field of each entry of the payload, in their order */
    size_t count;
};

/* Checks one frame's body against the tables, all but its direction. Allocates nothing. code: of
 * what is reported (the reader's peer is to blame, or the writer's caller). */
int message_check(const uint8_t *body, size_t size_bytes, enum error_code code,
                  struct message_layout *ret_layout, struct error *err);

#endif
