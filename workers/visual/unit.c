/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units of the stage embed_image, and the query image_vector.
 *
 * Settings of the class: max_file_bytes (256M), max_pixels (50000000). Parameter of the query:
 * image, the plain name of a file in <state>/incoming.
 *
 * An image that cannot be decoded costs only itself: its records say why.
 *
 * Blocks on the disk. Logs nothing; what is missing is a warning of the unit.
 */
#include "workers/visual/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/parse.h"
#include "proto/artifact.h"
#include "proto/body.h"
#include "proto/vector.h"
#include "workers/images/image_file.h"
#include "workers/visual/decode.h"
#include "workers/visual/descriptors.h"

#define PATH_BYTES 4096
#define SCRATCH_MAX_BYTES ((size_t)128 << 20)
#define KEEP_BYTES ((size_t)1 << 20)

struct visual_worker {
    struct worker *worker;
    struct decode_bounds bounds;
    struct decoder *decoder;
    struct arena *scratch; /* of an image, or of a record that is read */
    struct buf buf;        /* a record, encoded */
};

/* The unit at hand. */
struct unit_run {
    struct visual_worker *self;
    const struct worker_unit *unit;
    struct worker_result *result;
    struct vector_head head;
    struct artifact_writer *writer;
    uint32_t done, missing;
    char first_reason[VECTOR_REASON_MAX_BYTES];
};

static int read_setting(const struct worker *worker, const char *key, const char *fallback,
                        uint64_t max, uint64_t *ret_value, struct error *err)
{
    const char *text = worker_setting(worker, key, fallback);
    uint64_t value;

    if (parse_bytes(text, &value, err) < 0) {
        return error_wrap(err, "setting %s", key);
    }
    if (value == 0 || value > max) {
        return error_set(err, ERROR_INVALID, "setting %s: %s is out of range", key, text);
    }
    *ret_value = value;
    return 0;
}

static int init(struct worker *worker, void **ret_user, struct error *err)
{
    struct visual_worker *self = calloc(1, sizeof(*self));

    if (!self) {
        return error_set(err, ERROR_MEMORY, "no memory for the worker");
    }
    *ret_user = self;
    self->worker = worker;
    buf_init(&self->buf, ARTIFACT_RECORD_MAX_BYTES);
    if (read_setting(worker, "max_file_bytes", "256M", UINT64_C(1) << 32, &self->bounds.file_bytes,
                     err) < 0 ||
        read_setting(worker, "max_pixels", "50000000", UINT64_C(1) << 30, &self->bounds.pixels,
                     err) < 0) {
        return -1;
    }
    self->decoder = decoder_create(err);
    self->scratch = arena_create(SCRATCH_MAX_BYTES);
    if (!self->decoder) {
        return -1;
    }
    return self->scratch ? 0 : error_set(err, ERROR_MEMORY, "no memory for an arena");
}

static void deinit(void *user)
{
    struct visual_worker *self = user;

    if (self) {
        decoder_destroy(self->decoder);
        arena_destroy(self->scratch);
        buf_deinit(&self->buf);
        free(self);
    }
}

/* -1: ret_reason says why there is none. ERROR_MEMORY in err alone is the unit's end. */
static int describe(struct visual_worker *self, const char *path,
                    struct descriptors *ret_descriptors, char *ret_reason, struct error *err)
{
    struct error image_err = ERROR_INIT;
    struct picture picture = {0};
    const char *code = "not_an_image";
    int status;

    if (decode_file(self->decoder, path, &self->bounds, &picture, &code, &image_err) < 0) {
        snprintf(ret_reason, VECTOR_REASON_MAX_BYTES, "%s: %s", code, image_err.msg);
        return -1;
    }
    status = descriptors_of(picture.samples, picture.width, picture.height, self->scratch,
                            ret_descriptors, err);
    picture_deinit(&picture);
    arena_reset(self->scratch);
    if (status < 0) {
        snprintf(ret_reason, VECTOR_REASON_MAX_BYTES, "memory_exceeded: %s", err->msg);
    }
    return status;
}

static int append(struct unit_run *run, const struct vector_record *record, struct error *err)
{
    struct buf *buf = &run->self->buf;
    int status;

    buf_reset(buf, KEEP_BYTES);
    status = record ? vector_record_encode(record, &run->head, buf, err)
                    : vector_head_encode(&run->head, buf, err);
    return status < 0 ? -1 : artifact_append(run->writer, buf->data, buf->size, err);
}

static int begin(struct unit_run *run, const char *path, struct error *err)
{
    for (uint32_t i = 0; i < DESCRIPTOR_COUNT; i++) {
        run->head.models[i] = (struct vector_model){.kind = VECTOR_KIND_IMAGE,
                                                    .name = descriptor_model(i),
                                                    .dimensions = DESCRIPTOR_DIMENSIONS};
    }
    run->head.model_count = DESCRIPTOR_COUNT;
    run->writer = artifact_create(path, "vectors", err);
    return run->writer ? append(run, NULL, err) : -1;
}

static int end(struct unit_run *run, int status, struct error *err)
{
    struct artifact_writer *writer = run->writer;

    run->writer = NULL;
    if (status < 0) {
        artifact_discard(writer);
        return -1;
    }
    return artifact_commit(writer, NULL, err);
}

static void count_missing(struct unit_run *run, const char *reason)
{
    if (run->missing++ == 0) {
        snprintf(run->first_reason, sizeof(run->first_reason), "%s", reason);
    }
}

/* The records of an image: a vector or a reason for each model. */
static int add_image(struct unit_run *run, uint64_t target, const char *path, struct error *err)
{
    struct descriptors descriptors;
    struct error describe_err = ERROR_INIT;
    char reason[VECTOR_REASON_MAX_BYTES] = "";
    bool described = describe(run->self, path, &descriptors, reason, &describe_err) == 0;

    for (uint32_t i = 0; i < DESCRIPTOR_COUNT; i++) {
        struct vector_record record = {
            .target = target, .model = i, .dimensions = DESCRIPTOR_DIMENSIONS};

        if (described && descriptors.present[i]) {
            record.vector = descriptors.vectors[i];
        } else {
            record.reason = described ? "plain: nothing is to be seen in it" : reason;
        }
        if (append(run, &record, err) < 0) {
            return -1;
        }
    }
    if (!described) {
        count_missing(run, reason);
    }
    run->done++;
    return 0;
}

static int add_record(struct unit_run *run, const uint8_t *data, size_t size_bytes,
                      struct error *err)
{
    const struct worker_unit *unit = run->unit;
    struct body_record record;
    struct body_image *image = &record.image;
    char path[PATH_BYTES];
    uint32_t number;
    int length;

    if (body_record_decode(data, size_bytes, run->self->scratch, &record, err) < 0) {
        return -1;
    }
    if (record.kind != BODY_IMAGE || image->number < unit->first || image->number > unit->last) {
        arena_reset(run->self->scratch);
        return 0;
    }
    number = image->number;
    if (!worker_progress(run->self->worker, number, run->done)) {
        return error_set(err, ERROR_CANCELLED, "cancelled");
    }
    length = snprintf(path, sizeof(path), "%s/%s/%s.%s", unit->folder, IMAGE_FILE_FOLDER,
                      image->key, image->format);
    if (length < 0 || (size_t)length >= sizeof(path) || strchr(image->key, '/') ||
        strchr(image->format, '/')) {
        return error_set(err, ERROR_CORRUPT, "image %u has no name of a file", number);
    }
    arena_reset(run->self->scratch);
    return add_image(run, number, path, err);
}

static int add_images(struct unit_run *run, struct error *err)
{
    char name[ARTIFACT_NAME_BYTES];
    char path[PATH_BYTES];
    struct artifact_reader *reader;
    const uint8_t *data;
    size_t size_bytes;
    int status = 0;

    artifact_name("structure", 1, 1, name);
    if (file_join(path, sizeof(path), run->unit->folder, name, err) < 0) {
        return -1;
    }
    reader = artifact_open(path, "body", err);
    if (!reader) {
        return -1;
    }
    while (status == 0 && artifact_next(reader, &data, &size_bytes)) {
        status = add_record(run, data, size_bytes, err);
    }
    arena_reset(run->self->scratch);
    artifact_close(reader);
    return status;
}

static int run_stage(struct unit_run *run, struct error *err)
{
    int status;

    if (!run->unit->artifact_path) {
        return error_set(err, ERROR_INVALID, "the unit names no artifact");
    }
    status = begin(run, run->unit->artifact_path, err);
    if (status == 0) {
        status = add_images(run, err);
    }
    if (!run->writer || end(run, status, err) < 0) {
        return -1;
    }
    worker_result_count(run->result, "images_embedded", run->done - run->missing);
    if (run->missing > 0) {
        worker_result_count(run->result, "images_without_vector", run->missing);
        worker_result_warning(run->result, "%u of %u images have no vectors: %s", run->missing,
                              run->done, run->first_reason);
    }
    return 0;
}

static int run_query(struct unit_run *run, struct error *err)
{
    const struct worker_unit *unit = run->unit;
    const char *image = worker_unit_param(unit, "image", "");
    char path[PATH_BYTES];
    int status;

    if (strcmp(unit->stage, "image_vector") != 0 || !unit->answer_path) {
        return worker_result_fail(run->result, "unsupported", false, "no such query: %s",
                                  unit->stage);
    }
    if (!file_name_is_plain(image)) {
        return worker_result_fail(run->result, "invalid", false,
                                  "image: expected the plain name of a file that was handed in");
    }
    if (file_join(path, sizeof(path), worker_state_folder(run->self->worker), "incoming", err) <
            0 ||
        file_join(path, sizeof(path), path, image, err) < 0) {
        return -1;
    }
    status = begin(run, unit->answer_path, err);
    if (status == 0) {
        status = add_image(run, 0, path, err);
    }
    if (status == 0 && run->missing > 0) {
        artifact_discard(run->writer);
        return worker_result_fail(run->result, "not_an_image", false, "%s", run->first_reason);
    }
    return run->writer ? end(run, status, err) : -1;
}

static int run(struct worker *worker, void *user, const struct worker_unit *unit,
               struct worker_result *result, struct error *err)
{
    struct unit_run unit_run = {.self = user, .unit = unit, .result = result};

    (void)worker;
    if (strcmp(unit->step, "query") == 0) {
        return run_query(&unit_run, err);
    }
    if (strcmp(unit->stage, "embed_image") != 0 || strcmp(unit->step, "work") != 0) {
        return worker_result_fail(result, "unsupported", false, "no work of ebb-visual: %s, %s",
                                  unit->stage, unit->step);
    }
    return run_stage(&unit_run, err);
}

const struct worker_ops visual_ops = {
    .class_name = "visual",
    .init = init,
    .run = run,
    .deinit = deinit,
};
