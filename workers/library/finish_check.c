/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Artifacts against rows. An artifact is persisted in one transaction, so its first item speaks for
 * all. One that cannot be read is passed over: it was its own unit's failure. Blocks on the disk.
 * Logs nothing.
 */
#include "workers/library/finish_check.h"

#include <limits.h>

#include "common/file.h"
#include "proto/artifact.h"
#include "proto/vector.h"
#include "workers/library/structure.h"

/* NULL where the job has none, or none that is whole. */
static struct artifact_reader *open_artifact(const struct finish_unit *unit, const char *stage,
                                             uint32_t first, uint32_t last, const char *kind)
{
    struct error ignored = ERROR_INIT;
    char name[ARTIFACT_NAME_BYTES];
    char path[PATH_MAX];

    artifact_name(stage, first, last, name);
    if (file_join(path, sizeof path, unit->folder, name, &ignored) < 0) {
        return NULL;
    }
    return artifact_open(path, kind, &ignored);
}

static int check_chunks(const struct finish_unit *unit, struct outcome *outcome, struct error *err)
{
    struct artifact_reader *reader =
        outcome->chunks == 0 ? open_artifact(unit, "chunk", 1, 1, "chunks") : NULL;
    uint64_t made = reader ? artifact_record_count(reader) : 0;

    artifact_close(reader);
    if (made == 0) {
        return 0;
    }
    error_set(err, ERROR_NOT_FOUND, "the library has none of the document's %llu chunks",
              (unsigned long long)made);
    return outcome_fail(outcome, "rows_missing", true);
}

/* The first image that the artifact has a vector of; 0 for none. */
static uint64_t first_embedded(struct artifact_reader *reader, struct arena *arena)
{
    struct error ignored = ERROR_INIT;
    struct vector_head head;
    struct vector_record record;
    const uint8_t *data;
    size_t size_bytes;

    if (artifact_next(reader, &data, &size_bytes) != 1 ||
        vector_head_decode(data, size_bytes, arena, &head, &ignored) < 0) {
        return 0;
    }
    while (artifact_next(reader, &data, &size_bytes) == 1) {
        if (vector_record_decode(data, size_bytes, &head, arena, &record, &ignored) < 0) {
            return 0;
        }
        if (record.vector) {
            return record.target;
        }
    }
    return 0;
}

static int has_vector(struct library *library, const struct document *document, uint32_t number,
                      bool *ret_has, struct error *err)
{
    struct statement *list = library_statement(library, STATEMENT_VECTORS_OF_TARGETS);
    int64_t target = library_page_row(document->row, number);
    int got;

    statement_int(list, 1, target);
    statement_int(list, 2, target);
    statement_text(list, 3, vector_kind_name(VECTOR_KIND_IMAGE));
    got = statement_step(list, err);
    statement_end(list);
    *ret_has = got > 0;
    return got < 0 ? -1 : 0;
}

static int check_images(struct library *library, const struct finish_unit *unit,
                        const struct document *document, struct outcome *outcome, struct error *err)
{
    uint32_t images = (uint32_t)outcome->images;

    for (uint32_t first = 1; first <= images; first += STRUCTURE_IMAGES_A_UNIT) {
        struct artifact_reader *reader = open_artifact(
            unit, "embed_image", first, structure_last_image(first, images), "vectors");
        uint64_t number = reader ? first_embedded(reader, library_scratch(library)) : 0;
        bool has = true;

        artifact_close(reader);
        if (number == 0 || number > images) {
            continue;
        }
        if (has_vector(library, document, (uint32_t)number, &has, err) < 0) {
            return -1;
        }
        if (!has) {
            error_set(err, ERROR_NOT_FOUND, "the library has no vector of image %u",
                      (uint32_t)number);
            return outcome_fail(outcome, "rows_missing", true);
        }
    }
    return 0;
}

int finish_check(struct library *library, const struct finish_unit *unit,
                 const struct document *document, struct outcome *outcome, struct error *err)
{
    if (!unit->folder) {
        return 0;
    }
    if (check_chunks(unit, outcome, err) < 0) {
        return -1;
    }
    return check_images(library, unit, document, outcome, err);
}
