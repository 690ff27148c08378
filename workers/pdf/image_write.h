/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The files of images: as they are where that is a file, else a PNG written row by row.
 */
#ifndef EBB_WORKERS_PDF_IMAGE_WRITE_H
#define EBB_WORKERS_PDF_IMAGE_WRITE_H

#include <stdbool.h>

#include "workers/pdf/image_store.h"

/* Writes the file of an open source, and fills what facts say of it. Throws; what the file system
 * refuses is in store->err then, too. */
void image_write(struct image_store *store, struct image_source *source, struct image_facts *facts);

/* Writes count sources as one PNG: each under the one before, or right of it. The sources have
 * their images, and one width (or height). Throws as above. */
void image_write_joined(struct image_store *store, const struct image_source *sources,
                        uint32_t count, bool vertical, struct image_facts *facts);

#endif
