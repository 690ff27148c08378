/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which format a file has, by its first bytes. Names and extensions do not count: the job's
 * source has none, and what a client called it proves nothing.
 */
#ifndef EBB_WORKERS_MUPDF_FORMAT_H
#define EBB_WORKERS_MUPDF_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* How much of a file's start and end is looked at. */
#define FORMAT_HEAD_BYTES 4096U
#define FORMAT_TAIL_BYTES 1024U

enum format {
    FORMAT_NONE, /* no document: text, a program, noise */
    FORMAT_PDF,
    FORMAT_XPS,
    FORMAT_IMAGE,       /* a picture that mupdf reads as a document */
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

#endif
