/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A file of vectors to be scanned: <state>/library/vectors/SET-GENERATION.vec, all of one model.
 *
 * It is an index, made of the library's rows by the one writer and made again from them when it is
 * missing or damaged; nothing is lost with it. A slot holds a vector's row, its components in 8
 * bits with a factor, how far that is from the vector it stands for, and a checksum. What the
 * library says of a set (how many slots, which generation) is what counts: slots behind that number
 * are those of a transaction that never was, and a slot whose row the library does not have at that
 * slot is nothing.
 *
 * A scan is exact: with the length e of the error of each vector and of the question's, a score
 * from 8 bits is off by at most what e allows, and everything that might be among the best k is
 * handed back, to be judged by the vectors as they are in the library.
 */
#ifndef EBB_WORKERS_VECTORS_VECTOR_FILE_H
#define EBB_WORKERS_VECTORS_VECTOR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define VECTOR_FOLDER "vectors" /* in <state>/library */

/* <folder>/00000003-00000001.vec */
int vector_file_path(char *path, size_t size_bytes, const char *library_folder, int64_t set,
                     uint64_t generation, struct error *err);

/* --- the writer's side: ebb-library alone --- */

struct vector_writer;
/* Makes the file (and the folder) when it is missing. ERROR_CORRUPT for a file that is no vector
 * file of these dimensions. */
struct vector_writer *vector_writer_open(const char *path, uint32_t dimensions, struct error *err);
/* row over 0; vector of length 1. Buffered: it may be in the file only after a flush. */
int vector_writer_put(struct vector_writer *writer, uint64_t slot, int64_t row, const float *vector,
                      struct error *err);
/* Overwrites the slot with zeros. */
int vector_writer_erase(struct vector_writer *writer, uint64_t slot, struct error *err);
/* Others see what was put; before the transaction that makes it count commits. */
int vector_writer_flush(struct vector_writer *writer, struct error *err);
/* And it is on the disk. */
int vector_writer_sync(struct vector_writer *writer, struct error *err);
void vector_writer_close(struct vector_writer *writer); /* NULL is a no-op; does not flush */
/* Whether each of the first slots slots is erased or whole (checksum); *ret_slot: the first that
 * is not. For after a power cut. 0 whole, 1 damaged, -1 error. */
int vector_file_check(const char *path, uint32_t dimensions, uint64_t slots, uint64_t *ret_slot,
                      struct error *err);

/* --- the reader's side --- */

struct vector_reader;
struct vector_reader *vector_reader_open(const char *path, uint32_t dimensions, struct error *err);
void vector_reader_close(struct vector_reader *reader);

struct vector_scan {
    uint64_t slots;     /* that count */
    const float *query; /* of length 1 */
    uint32_t k;
    /* Which rows count; NULL for all. */
    bool (*accept)(void *user, int64_t row);
    /* Every 2^16 slots; false ends the scan with ERROR_CANCELLED. NULL where nobody asks. */
    bool (*progress)(void *user, uint64_t slots_done);
    void *user;
};

struct vector_candidate {
    int64_t row;
    uint64_t slot;
    float score; /* about: the cosine */
    float error; /* the true score is within this of it */
};

/* The candidates, best first: all that can be among the best k. At most max; when more qualify the
 * best max are given and *ret_exact is false. The file is mapped a window at a time, and given back
 * behind it: the process's memory does not grow with the file. */
int vector_scan(struct vector_reader *reader, const struct vector_scan *scan,
                struct vector_candidate *ret_candidates, size_t max, size_t *ret_count,
                bool *ret_exact, struct error *err);

#endif
