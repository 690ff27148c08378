/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The files of accepted jobs: incoming/NAME becomes jobs/<id>/source. For store*.c only.
 *
 * The source is linked to its place, the job's row is committed, and only then does the name in
 * incoming go: whatever happens in between, the client's file is still there. Where a link is not
 * allowed (another user's file, a file system without links) it is renamed, and renamed back when
 * the job is refused.
 */
#ifndef EBB_SUPERVISOR_STORE_FILES_H
#define EBB_SUPERVISOR_STORE_FILES_H

#include "common/error.h"
#include "supervisor/store_op.h"

struct store_files {
    const char *state_dir; /* borrowed */
    int incoming_fd, jobs_fd;
};

/* Makes incoming/ and jobs/ where they are missing. */
int store_files_open(const char *state_dir, struct store_files *ret_files, struct error *err);
void store_files_close(struct store_files *files);

/* All operations are of kind ACCEPT. Nothing but the client's file is left after a failure. */
int store_files_place(const struct store_files *files, struct store_op *op, struct error *err);
/* Puts the source and its folder on the disk; store_files_sync_folders what they are in, once
 * for all. */
int store_files_sync(const struct store_files *files, struct store_op *op, struct error *err);
int store_files_sync_folders(const struct store_files *files, struct error *err);
/* After the commit: the client's name for it goes. */
void store_files_keep(const struct store_files *files, struct store_op *op);
/* Back to before store_files_place; no-op when that was never reached. */
void store_files_undo(const struct store_files *files, struct store_op *op);

/* Whether there is room for a little more (256 KiB) in the state folder. */
int store_files_probe(const struct store_files *files, struct error *err);

#endif
