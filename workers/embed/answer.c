/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Answers of an endpoint. Jansson parses; it nests 2048 deep at most, and refuses numbers that do
 * not fit. Nothing blocks or logs.
 *
 * Source: the OpenAI API reference, "Create embeddings".
 */
#include "workers/embed/answer.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "proto/utf8.h"
#include "proto/vector.h"

struct reading {
    const struct answer *expected;
    struct arena *arena;
    float *vectors;      /* count of them, one behind the other */
    bool *there;         /* by index */
    uint32_t dimensions; /* 0 before the first */
};

static int read_vector(struct reading *reading, const json_t *numbers, uint32_t index,
                       struct error *err)
{
    float *vector = reading->vectors + (size_t)index * reading->dimensions;

    for (uint32_t i = 0; i < reading->dimensions; i++) {
        const json_t *number = json_array_get(numbers, i);

        if (!json_is_number(number)) {
            return error_set(err, ERROR_PROTOCOL, "component %u of vector %u is no number", i,
                             index);
        }
        vector[i] = (float)json_number_value(number);
        if (!isfinite(vector[i])) {
            return error_set(err, ERROR_PROTOCOL, "component %u of vector %u is out of range", i,
                             index);
        }
    }
    if (!vector_normalize(vector, reading->dimensions)) {
        return error_set(err, ERROR_PROTOCOL, "vector %u is zero", index);
    }
    return 0;
}

/* The first vector says how many dimensions all have. */
static int begin(struct reading *reading, size_t dimensions, struct error *err)
{
    const struct answer *expected = reading->expected;

    if (dimensions == 0 || dimensions > VECTOR_DIMENSIONS_MAX ||
        (expected->dimensions != 0 && dimensions != expected->dimensions)) {
        return error_set(err, ERROR_PROTOCOL, "a vector of %zu dimensions, expected %u", dimensions,
                         expected->dimensions ? expected->dimensions : VECTOR_DIMENSIONS_MAX);
    }
    reading->dimensions = (uint32_t)dimensions;
    reading->vectors =
        arena_calloc(reading->arena, (size_t)expected->count * dimensions, sizeof(float));
    return reading->vectors ? 0 : error_set(err, ERROR_MEMORY, "no memory for vectors");
}

static int read_entry(struct reading *reading, const json_t *entry, struct error *err)
{
    const json_t *index = json_object_get(entry, "index");
    const json_t *numbers = json_object_get(entry, "embedding");
    json_int_t at = json_is_integer(index) ? json_integer_value(index) : -1;
    size_t dimensions = json_array_size(numbers);

    if (at < 0 || at >= (json_int_t)reading->expected->count) {
        return error_set(err, ERROR_PROTOCOL, "an index that was not asked for, or none");
    }
    if (reading->there[at]) {
        return error_set(err, ERROR_PROTOCOL, "index %d comes twice", (int)at);
    }
    if (!json_is_array(numbers)) {
        return error_set(err, ERROR_PROTOCOL, "no vector at index %d", (int)at);
    }
    if (reading->dimensions == 0 && begin(reading, dimensions, err) < 0) {
        return -1;
    }
    if (dimensions != reading->dimensions) {
        return error_set(err, ERROR_PROTOCOL, "vectors of %u and of %zu dimensions",
                         reading->dimensions, dimensions);
    }
    reading->there[at] = true;
    return read_vector(reading, numbers, (uint32_t)at, err);
}

static int read_entries(struct reading *reading, const json_t *root, struct error *err)
{
    const json_t *data = json_object_get(root, "data");

    if (!json_is_array(data)) {
        return error_set(err, ERROR_PROTOCOL, "an answer without \"data\"");
    }
    if (json_array_size(data) != reading->expected->count) {
        return error_set(err, ERROR_PROTOCOL, "%zu vectors for %u texts", json_array_size(data),
                         reading->expected->count);
    }
    for (size_t i = 0; i < json_array_size(data); i++) {
        if (read_entry(reading, json_array_get(data, i), err) < 0) {
            return -1;
        }
    }
    return 0;
}

int answer_read(const struct answer *expected, const void *data, size_t size_bytes,
                struct arena *arena, const float **ret_vectors, uint32_t *ret_dimensions,
                struct error *err)
{
    struct reading reading = {.expected = expected, .arena = arena};
    json_error_t json_err;
    json_t *root;
    int status;

    reading.there = arena_calloc(arena, expected->count, sizeof(*reading.there));
    if (!reading.there) {
        return error_set(err, ERROR_MEMORY, "no memory for an answer");
    }
    root = json_loadb(data, size_bytes, 0, &json_err);
    if (!root) {
        return error_set(err, ERROR_PROTOCOL, "an answer that is no JSON, at byte %d",
                         json_err.position);
    }
    status = read_entries(&reading, root, err);
    json_decref(root);
    if (status == 0) {
        *ret_vectors = reading.vectors;
        *ret_dimensions = reading.dimensions;
    }
    return status;
}

void answer_complaint(const void *data, size_t size_bytes, char *ret_text, size_t text_bytes)
{
    json_t *root = json_loadb(data, size_bytes, 0, NULL);
    const json_t *complaint = json_object_get(root, "error");
    const char *text;
    size_t length;

    if (json_is_object(complaint)) {
        complaint = json_object_get(complaint, "message");
    } else if (!complaint) {
        complaint = json_object_get(root, "message");
    }
    text = json_string_value(complaint);
    length = text ? utf8_clean(text, strlen(text), ret_text, text_bytes - 1) : 0;
    ret_text[length] = '\0';
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)ret_text[i] < ' ' || ret_text[i] == 0x7f) {
            ret_text[i] = ' ';
        }
    }
    json_decref(root);
}
