/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Image files of a job: images/KEY.FORMAT in its folder, KEY being the first half of the SHA-256
 * of what the file holds. A file is written under a temporary name and renamed; one that is there
 * already is left as it is, so that two workers may well write the same.
 */
#ifndef EBB_WORKERS_IMAGES_IMAGE_FILE_H
#define EBB_WORKERS_IMAGES_IMAGE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "proto/page.h"

#define IMAGE_FILE_FOLDER "images"

struct image_file_options {
    const char *folder; /* the job's; NULL: nothing is written, keys are found all the same */
    uint64_t max_bytes; /* of one file */
};

struct image_file_name {
    char key[PAGE_IMAGE_KEY_BYTES];
    uint64_t bytes;
};

struct image_file;

/* options->folder need not stay. NULL and err on failure: the file system's errors. */
struct image_file *image_file_create(const struct image_file_options *options, struct error *err);
/* ERROR_LIMIT past max_bytes; the file system's errors. After one only discard is left. */
int image_file_append(struct image_file *file, const void *data, size_t size_bytes,
                      struct error *err);
/* Gives the file its name and frees it, also on failure. */
int image_file_commit(struct image_file *file, const char *format, struct image_file_name *ret_name,
                      struct error *err);
void image_file_discard(struct image_file *file); /* NULL is a no-op */

/* The whole of a file that is in memory: not written where it is there already. */
int image_file_store(const struct image_file_options *options, const void *data, size_t size_bytes,
                     const char *format, struct image_file_name *ret_name, struct error *err);

#endif
