/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which format a file has, by its bytes. Names and extensions do not count: the job's source has
 * none, and what a client called it proves nothing.
 */
#ifndef EBB_WORKERS_MUPDF_FORMAT_H
#define EBB_WORKERS_MUPDF_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "workers/mupdf/zip.h"

/* How much of a file's start and end is looked at. */
#define FORMAT_HEAD_BYTES 4096U
#define FORMAT_TAIL_BYTES 1024U

enum format {
    FORMAT_NONE, /* no document: text, a program, noise */
    FORMAT_PDF,
    FORMAT_XPS,
    FORMAT_IMAGE, /* a picture that mupdf reads as a document, or several in one file */
    FORMAT_COMIC, /* an archive of pictures */
    FORMAT_EPUB,  /* and the others that flow: pages are what the layout makes of them */
    FORMAT_FICTIONBOOK,
    FORMAT_MOBIPOCKET,
    FORMAT_HTML,
    FORMAT_XHTML,
    FORMAT_SVG,
    FORMAT_ARCHIVE,     /* what is in it tells: format_find_in_archive */
    FORMAT_UNSUPPORTED, /* a document of a kind that is known and not read */
};

struct format_found {
    enum format format;
    const char *name;  /* "PDF", "PNG", "Word (DOCX)"; static storage */
    const char *magic; /* what mupdf calls it ("image/png"); NULL where it does not read it */
};

/* head: the first bytes of the file, tail: the last ones; they may be the same bytes. */
struct format_found format_find(const uint8_t *head, size_t head_bytes, const uint8_t *tail,
                                size_t tail_bytes);

/* What an archive holds, gathered entry by entry. Starts as zeros. */
struct format_archive {
    uint64_t unpacked_bytes; /* of all entries */
    uint64_t markup_bytes;   /* of those that are XML, HTML or CSS */
    uint32_t files;          /* entries but folders */
    uint32_t pictures;
    uint32_t kinds; /* bits; format.c's own */
};

/* Matches zip_list. */
void format_archive_add(void *archive, const struct zip_entry *entry);
/* FORMAT_UNSUPPORTED, "ZIP" where it is no document. */
struct format_found format_find_in_archive(const struct format_archive *archive);

#endif
