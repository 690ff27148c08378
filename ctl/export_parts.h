/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The parts of a document: its images and its tables, which are several files, and its chunks.
 */
#ifndef EBB_CTL_EXPORT_PARTS_H
#define EBB_CTL_EXPORT_PARTS_H

#include "ctl/exit.h"

/* answer: the library's, in the format `images`; job_folder: where the files are. Writes
 * folder/images/, when there is any. */
enum ctl_exit export_images(const char *answer, const char *job_folder, const char *folder);
/* answer: in the format `tables`. Writes folder/tables/table-001.csv and so on (RFC 4180, UTF-8):
 * the text of a cell that covers several stands in the first of them. */
enum ctl_exit export_tables(const char *answer, const char *folder);
/* answer: in the format `chunks`. Writes folder/chunks.jsonl, an object a line. */
enum ctl_exit export_chunks(const char *answer, const char *folder);

#endif
