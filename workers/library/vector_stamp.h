/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Whether the vector files are those of this library.db: a number in both, and a word beside it in
 * the files' folder. A library.db that was put in place of another has another number.
 *
 *   stamp        number    the files are
 *   closed       same      whole, and of these rows
 *   open         same      of these rows; what a power cut or a kill took is to be looked for
 *   none, other            of other rows, or of nothing
 */
#ifndef EBB_WORKERS_LIBRARY_VECTOR_STAMP_H
#define EBB_WORKERS_LIBRARY_VECTOR_STAMP_H

#include "workers/library/library.h"

struct vector_stamp {
    int64_t id; /* 0: there is none */
    bool closed;
};

/* folder: that of library.db. One that is missing or makes no sense reads as none. */
int vector_stamp_read(const char *folder, struct vector_stamp *ret_stamp, struct error *err);
/* On the disk when it returns; without an id it is removed. */
int vector_stamp_write(const char *folder, const struct vector_stamp *stamp, struct error *err);

/* The number in library.db: 0 where there never was one. */
int vector_stamp_get_id(struct library *library, int64_t *ret_id, struct error *err);
/* Inside a transaction. */
int vector_stamp_put_id(struct library *library, int64_t id, struct error *err);
/* A number that nobody has. */
int vector_stamp_make_id(int64_t *ret_id, struct error *err);

#endif
