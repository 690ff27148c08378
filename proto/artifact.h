/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An artifact: the file in a job's folder in which one unit leaves its data (PROTOCOL.md,
 * "Artifacts"). A sequence of records, each a 4-byte big-endian length and one msgpack object;
 * the first names format, version and kind, the last counts the records and carries the FNV-1a
 * of every byte before it. Written under a temporary name and renamed; a reader takes all or
 * nothing, so half an artifact is never taken for a whole one, not even after a power cut.
 */
#ifndef EBB_PROTO_ARTIFACT_H
#define EBB_PROTO_ARTIFACT_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define ARTIFACT_VERSION 1
#define ARTIFACT_RECORD_MAX_BYTES (64U << 20)
#define ARTIFACT_NAME_BYTES 96

/* "extract-00000017-00000032.ebb": the one name of a unit's output. */
void artifact_name(const char *stage, uint32_t first, uint32_t last,
                   char ret_name[ARTIFACT_NAME_BYTES]);

struct artifact_writer;
/* kind: "survey", "pages". */
struct artifact_writer *artifact_create(const char *path, const char *kind, struct error *err);
/* data: one msgpack object. */
int artifact_append(struct artifact_writer *writer, const void *data, size_t size_bytes,
                    struct error *err);
/* Writes the last record and renames; frees the writer, also on failure. */
int artifact_commit(struct artifact_writer *writer, uint64_t *ret_bytes, struct error *err);
void artifact_discard(struct artifact_writer *writer); /* NULL is a no-op */

struct artifact_reader;
/* Maps the file and checks all of it. ERROR_CORRUPT when it is not whole or of another kind,
 * ERROR_NOT_FOUND. */
struct artifact_reader *artifact_open(const char *path, const char *kind, struct error *err);
uint64_t artifact_record_count(const struct artifact_reader *reader);
/* 1: ret_data borrows the next record until the reader is destroyed; 0: no more. */
int artifact_next(struct artifact_reader *reader, const uint8_t **ret_data, size_t *ret_size_bytes);
void artifact_close(struct artifact_reader *reader);

#endif
