/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * All vector files of a library, when it is opened and when it is closed.
 */
#ifndef EBB_WORKERS_LIBRARY_VECTOR_FILES_H
#define EBB_WORKERS_LIBRARY_VECTOR_FILES_H

#include "workers/library/vector_set.h"

/* To be called when the library has been opened: vector_files_look, if there is little to look
 * through. *ret_later: it is to be called before the first change, and files that are not of these
 * rows are gone until then. */
int vector_files_begin(struct library *library, const char *folder, bool *ret_later,
                       struct error *err);
/* Looks whether they are whole and of these rows (vector_stamp.h), makes anew those that are not
 * (the library's note says so), removes those of no set. progress may be NULL. */
int vector_files_look(struct library *library, const char *folder,
                      const struct vector_set_progress *progress, struct error *err);
/* Has all of them on the disk, and says that they are whole. */
int vector_files_close(struct library *library, const char *folder, struct error *err);

#endif
