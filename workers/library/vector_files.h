/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * All vector files of a library, when it is opened and when it is closed.
 */
#ifndef EBB_WORKERS_LIBRARY_VECTOR_FILES_H
#define EBB_WORKERS_LIBRARY_VECTOR_FILES_H

#include "workers/library/library.h"

/* Looks whether they are whole and of these rows (vector_stamp.h), makes anew those that are not
 * (the library's note says so), removes those of no set. */
int vector_files_look(struct library *library, const char *folder, struct error *err);
/* Has all of them on the disk, and says that they are whole. */
int vector_files_close(struct library *library, const char *folder, struct error *err);

#endif
