/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a ZIP archive says that it holds: its directory, read without unpacking anything.
 * Source: APPNOTE.TXT 6.3, 4.3.12 and 4.3.16.
 */
#ifndef EBB_WORKERS_MUPDF_ZIP_H
#define EBB_WORKERS_MUPDF_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define ZIP_DIRECTORY_BYTES_MAX (16U << 20)

struct zip_entry {
    const char *name; /* not terminated; borrowed for the call */
    size_t name_bytes;
    uint64_t unpacked_bytes; /* as it claims; mupdf unpacks no more than that */
};

/*
 * Calls each for every entry, in order. fd: of the archive, of size_bytes. ERROR_CORRUPT where
 * there is no directory or it breaks off, ERROR_LIMIT for one over ZIP_DIRECTORY_BYTES_MAX.
 */
int zip_list(int fd, uint64_t size_bytes, void (*each)(void *user, const struct zip_entry *entry),
             void *user, struct error *err);

#endif
