/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Vector records: writing and reading. Only what is written here is accepted, byte for byte.
 *
 * Nothing blocks or logs. Source: PROTOCOL.md, "Vector records".
 */
#include "proto/vector.h"

#include <math.h>
#include <string.h>

#include "common/cleanup.h"
#include "proto/record.h"
#include "proto/utf8.h"
#include "proto/value.h"

#define HEAD_FIELDS 2
#define MODEL_FIELDS 3
#define VECTOR_FIELDS 3
#define LENGTH_TOLERANCE 1e-3

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "vectors travel as they are in memory");

static const char *const kind_names[] = {
#define VECTOR_KIND_NAME(symbol, name) [VECTOR_KIND_##symbol] = (name),
    VECTOR_KIND_LIST(VECTOR_KIND_NAME)
#undef VECTOR_KIND_NAME
};

const char *vector_kind_name(enum vector_kind kind)
{
    return kind_names[kind];
}

static const char *model_fault(const struct vector_model *model)
{
    if (model->kind >= VECTOR_KIND_COUNT) {
        return "a model of no kind";
    }
    if (!model->name || model->name[0] == '\0' || strlen(model->name) > VECTOR_MODEL_MAX_BYTES ||
        !utf8_valid(model->name, strlen(model->name))) {
        return "a model without a name";
    }
    if (model->dimensions == 0 || model->dimensions > VECTOR_DIMENSIONS_MAX) {
        return "a model without dimensions, or with too many";
    }
    return NULL;
}

static const char *head_fault(const struct vector_head *head)
{
    const char *fault =
        head->model_count == 0 || head->model_count > VECTOR_MODELS_MAX ? "no models" : NULL;

    for (uint32_t i = 0; i < head->model_count && !fault; i++) {
        fault = model_fault(&head->models[i]);
    }
    return fault;
}

int vector_head_encode(const struct vector_head *head, struct buf *out, struct error *err)
{
    size_t start_bytes = out->size;
    const char *fault = head_fault(head);
    struct pack pack;

    if (fault) {
        return error_set(err, ERROR_INVALID, "the head of vectors: %s", fault);
    }
    pack_init(&pack, out);
    pack_array(&pack, HEAD_FIELDS);
    pack_uint(&pack, VECTOR_RECORD_VERSION);
    pack_array(&pack, head->model_count);
    for (uint32_t i = 0; i < head->model_count; i++) {
        pack_array(&pack, MODEL_FIELDS);
        pack_uint(&pack, head->models[i].kind);
        pack_str(&pack, head->models[i].name);
        pack_uint(&pack, head->models[i].dimensions);
    }
    if (pack_finish(&pack, err) < 0) {
        out->size = start_bytes;
        return -1;
    }
    return 0;
}

int vector_head_decode(const void *data, size_t size_bytes, struct arena *arena,
                       struct vector_head *ret_head, struct error *err)
{
    struct vector_head head = {.model_count = 0};
    const char *fault;
    struct record in;

    record_init(&in, data, size_bytes, arena);
    scan_array_of(&in.scan, HEAD_FIELDS);
    scan_uint(&in.scan, VECTOR_RECORD_VERSION, VECTOR_RECORD_VERSION);
    head.model_count = scan_array(&in.scan, VECTOR_MODELS_MAX);
    for (uint32_t i = 0; i < head.model_count && !in.scan.fault; i++) {
        scan_array_of(&in.scan, MODEL_FIELDS);
        head.models[i].kind = (enum vector_kind)record_u32(&in, 0, VECTOR_KIND_COUNT - 1);
        head.models[i].name = record_text(&in, VECTOR_MODEL_MAX_BYTES);
        head.models[i].dimensions = record_u32(&in, 1, VECTOR_DIMENSIONS_MAX);
    }
    fault = in.scan.fault ? NULL : head_fault(&head);
    if (fault) {
        scan_fail(&in.scan, fault);
    }
    if (record_finish(&in, "vectors' head", err) < 0) {
        return -1;
    }
    *ret_head = head;
    return 0;
}

static double length_of(const float *vector, uint32_t dimensions)
{
    double sum = 0;

    for (uint32_t i = 0; i < dimensions; i++) {
        sum += (double)vector[i] * (double)vector[i];
    }
    return sqrt(sum);
}

bool vector_normalize(float *vector, uint32_t dimensions)
{
    double length = length_of(vector, dimensions);

    if (!isfinite(length) || length <= 0) {
        return false;
    }
    for (uint32_t i = 0; i < dimensions; i++) {
        vector[i] = (float)((double)vector[i] / length);
    }
    return true;
}

/* What is wrong with it, static; NULL when nothing is. A NaN is in no range. */
static const char *vector_fault(const struct vector_record *record, const struct vector_head *head)
{
    if (record->model >= head->model_count) {
        return "of a model that the head has not";
    }
    if (!record->vector) {
        return record->reason && record->reason[0] ? NULL : "neither a vector nor a reason";
    }
    if (record->dimensions != head->models[record->model].dimensions) {
        return "of other dimensions than its model's";
    }
    return fabs(length_of(record->vector, record->dimensions) - 1) <= LENGTH_TOLERANCE
               ? NULL
               : "not of length 1";
}

int vector_record_encode(const struct vector_record *record, const struct vector_head *head,
                         struct buf *out, struct error *err)
{
    size_t start_bytes = out->size;
    const char *fault = vector_fault(record, head);
    struct pack pack;

    if (fault) {
        return error_set(err, ERROR_INVALID, "a vector's record: %s", fault);
    }
    pack_init(&pack, out);
    pack_array(&pack, VECTOR_FIELDS);
    pack_uint(&pack, record->target);
    pack_uint(&pack, record->model);
    if (record->vector) {
        pack_bin(&pack, record->vector, record->dimensions * sizeof(float));
    } else {
        pack_str_cut(&pack, record->reason, VECTOR_REASON_MAX_BYTES);
    }
    if (pack_finish(&pack, err) < 0) {
        out->size = start_bytes;
        return -1;
    }
    return 0;
}

/* The bytes lie anywhere; floats do not. */
static void take_vector(struct record *in, const struct scan_item *item,
                        struct vector_record *record)
{
    uint32_t count = item->count / (uint32_t)sizeof(float);
    float *vector = NULL;

    if (count > 0 && count <= VECTOR_DIMENSIONS_MAX && item->count % sizeof(float) == 0) {
        vector = arena_calloc(in->arena, count, sizeof(*vector));
        if (!vector) {
            in->no_memory = true;
        }
    }
    if (!vector) {
        scan_fail(&in->scan, "no vector");
        return;
    }
    memcpy(vector, item->data, item->count);
    record->vector = vector;
    record->dimensions = count;
}

int vector_record_decode(const void *data, size_t size_bytes, const struct vector_head *head,
                         struct arena *arena, struct vector_record *ret_record, struct error *err)
{
    struct vector_record record = {0};
    struct scan_item item;
    const char *fault;
    struct record in;

    record_init(&in, data, size_bytes, arena);
    scan_array_of(&in.scan, VECTOR_FIELDS);
    record.target = scan_uint(&in.scan, 0, UINT64_MAX);
    record.model = record_u32(&in, 0, VECTOR_MODELS_MAX - 1);
    if (scan_next(&in.scan, &item)) {
        if (item.type == VALUE_BIN) {
            take_vector(&in, &item, &record);
        } else if (item.type == VALUE_STR && item.count <= VECTOR_REASON_MAX_BYTES) {
            record.reason = record_copy(&in, (const char *)item.data, item.count);
        } else {
            scan_fail(&in.scan, "neither a vector nor a reason");
        }
    }
    fault = in.scan.fault ? NULL : vector_fault(&record, head);
    if (fault) {
        scan_fail(&in.scan, fault);
    }
    if (record_finish(&in, "vector", err) < 0) {
        return -1;
    }
    *ret_record = record;
    return 0;
}
