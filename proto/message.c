/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Every message of ebb: the tables, and reading one that has been received.
 *
 * A body is checked byte by byte against the tables before anything is allocated for it
 * (proto/message_check.c); only then its values are made accessible. So the getters may trust
 * types and ranges, and a frame that is not legal costs nothing but its own bytes.
 *
 * Nothing blocks or logs.
 * Source: PROTOCOL.md.
 */
#include "proto/message.h"

#include <assert.h>
#include <string.h>

#include "common/cleanup.h"
#include "proto/message_table.h"

static const struct field_spec FIELDS[FIELD_COUNT] = {
#define FIELD_SPEC(symbol, key, type, min, max)                                                    \
    [FIELD_##symbol] = {key, sizeof(key) - 1, FIELD_TYPE_##type, min, max},
    FIELD_LIST(FIELD_SPEC)
#undef FIELD_SPEC
};

static const struct message_spec MESSAGES[] = {
#define MESSAGE_SPEC(symbol, number, direction, phases, max, required, optional)                   \
    [number] = {#symbol, DIRECTION_##direction, phases, max, required, optional},
    MESSAGE_LIST(MESSAGE_SPEC)
#undef MESSAGE_SPEC
};

#define MESSAGE_ASSERT(symbol, number, direction, phases, max, required, optional)                 \
    _Static_assert((max) >= 64 && (max) <= FRAME_BODY_MAX_BYTES, #symbol ": maximum size");        \
    _Static_assert(((required) & (optional)) == 0, #symbol ": required or optional, not both");
MESSAGE_LIST(MESSAGE_ASSERT)
#undef MESSAGE_ASSERT

const struct field_spec *field_spec(enum field field)
{
    assert((unsigned)field < FIELD_COUNT);
    return &FIELDS[field];
}

const struct message_spec *message_spec(uint64_t type)
{
    return type < ARRAY_LEN(MESSAGES) && MESSAGES[type].name ? &MESSAGES[type] : NULL;
}

const char *message_type_name(enum message_type type)
{
    const struct message_spec *spec = message_spec(type);

    return spec ? spec->name : "?";
}

const char *field_key(enum field field)
{
    return field_spec(field)->key;
}

enum message_direction message_type_direction(enum message_type type)
{
    const struct message_spec *spec = message_spec(type);

    assert(spec);
    return spec->direction;
}

unsigned message_type_phases(enum message_type type)
{
    const struct message_spec *spec = message_spec(type);

    return spec ? spec->phases : 0;
}

int message_decode(const uint8_t *body, size_t size_bytes, enum message_direction direction,
                   struct message *ret_message, struct error *err)
{
    struct message_layout layout;
    struct value_tree *tree;
    struct value payload;

    if (message_check(body, size_bytes, ERROR_PROTOCOL, &layout, err) < 0) {
        return -1;
    }
    if (message_type_direction(layout.type) != direction) {
        return error_set(err, ERROR_PROTOCOL, "%s does not travel in this direction",
                         message_type_name(layout.type));
    }
    tree = value_decode(body, size_bytes, err);
    if (!tree) {
        return -1;
    }
    memset(ret_message, 0, sizeof(*ret_message));
    ret_message->type = layout.type;
    ret_message->id = layout.id;
    ret_message->tree = tree;
    payload = value_at(value_root(tree), 2);
    for (size_t i = 0; i < layout.count; i++) {
        struct value key;

        value_entry(payload, i, &key, &ret_message->fields[layout.order[i]]);
    }
    return 0;
}

void message_deinit(struct message *message)
{
    value_tree_destroy(message->tree);
    memset(message, 0, sizeof(*message));
}

bool message_has(const struct message *message, enum field field)
{
    return value_present(message->fields[field]);
}

uint64_t message_uint(const struct message *message, enum field field, uint64_t fallback)
{
    return value_uint(message->fields[field], fallback);
}

bool message_bool(const struct message *message, enum field field, bool fallback)
{
    return value_bool(message->fields[field], fallback);
}

bool message_str(const struct message *message, enum field field, char *ret_text, size_t size_bytes)
{
    return value_str_copy(message->fields[field], ret_text, size_bytes);
}

bool message_strmap_get(const struct message *message, enum field field, const char *key,
                        char *ret_text, size_t size_bytes)
{
    return value_str_copy(value_get(message->fields[field], key), ret_text, size_bytes);
}

size_t message_count(const struct message *message, enum field field)
{
    return value_count(message->fields[field]);
}

bool message_unit_at(const struct message *message, size_t index, struct message_unit *ret_unit)
{
    struct value unit = value_at(message->fields[FIELD_UNITS], index);

    if (!value_present(unit)) {
        return false;
    }
    value_str_copy(value_at(unit, 0), ret_unit->stage, sizeof(ret_unit->stage));
    ret_unit->first = (uint32_t)value_uint(value_at(unit, 1), 0);
    ret_unit->last = (uint32_t)value_uint(value_at(unit, 2), 0);
    ret_unit->size = (uint32_t)value_uint(value_at(unit, 3), 0);
    return true;
}

bool message_failure_at(const struct message *message, enum field field, size_t index,
                        struct message_failure *ret_failure)
{
    struct value failure = value_at(message->fields[field], index);

    assert(field_spec(field)->type == FIELD_TYPE_FAILURES);
    if (!value_present(failure)) {
        return false;
    }
    ret_failure->item = (uint32_t)value_uint(value_at(failure, 0), 0);
    value_str_copy(value_at(failure, 1), ret_failure->code, sizeof(ret_failure->code));
    value_str_copy(value_at(failure, 2), ret_failure->text, sizeof(ret_failure->text));
    return true;
}
