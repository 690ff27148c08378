/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Files and folders: whole reads, atomic writes, trees.
 */
#ifndef EBB_COMMON_FILE_H
#define EBB_COMMON_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/error.h"

/* Appends the whole file. ERROR_LIMIT when it is over max_bytes. */
int file_read(const char *path, size_t max_bytes, struct buf *out, struct error *err);
/* Writes path.tmp-PID-N (N counts in this process; a long name is cut to fit), fsyncs it and the
 * folder when durable, renames over path. No partial file is ever seen; the temporary is gone
 * after a failure. mode: as for open(2), less the umask. */
int file_write_atomic(const char *path, const void *data, size_t size_bytes, mode_t mode,
                      bool durable, struct error *err);
/* Makes each missing folder on the way with mode. No error when it exists as a folder. */
int file_mkdirs(const char *path, mode_t mode, struct error *err);
/* Removes a file or a tree, however deep, never following symbolic links (path itself may be one).
 * Missing is no error. ERROR_INVALID for "" and "/". */
int file_remove_tree(const char *path, struct error *err);
/* Bytes of all regular files below path (st_blocks, so what the disk holds). ERROR_SYSTEM (ELOOP)
 * when it is more than 64 folders deep. */
int file_tree_bytes(const char *path, uint64_t *ret_bytes, struct error *err);
int file_fsync_dir(const char *path, struct error *err);
/* Joins with one '/', whatever slashes meet; an empty folder gives name alone. ERROR_LIMIT when
 * ret_path is too small. ret_path may be folder itself. */
int file_join(char *ret_path, size_t size_bytes, const char *folder, const char *name,
              struct error *err);
/* A plain file name: 1 to 255 bytes, no '/', no control character, not starting with '.'. */
bool file_name_is_plain(const char *name);

/* A file being written under a temporary name beside its own; commit makes it appear. */
struct file_writer;
/* NULL and err on failure. */
struct file_writer *file_writer_open(const char *path, mode_t mode, struct error *err);
/* Buffered. After a failure nothing more can be appended and commit fails. */
int file_writer_append(struct file_writer *writer, const void *data, size_t size_bytes,
                       struct error *err);
uint64_t file_writer_bytes(const struct file_writer *writer);
/* Flushes, fsyncs when durable, renames, frees the writer. On failure the temporary is removed
 * and the writer freed too. */
int file_writer_commit(struct file_writer *writer, bool durable, struct error *err);
/* Removes the temporary and frees. NULL is a no-op. */
void file_writer_discard(struct file_writer *writer);

#endif
