/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * `ebb run --out DIR`: the results of each document as files.
 */
#ifndef EBB_CTL_EXPORT_H
#define EBB_CTL_EXPORT_H

#include "ctl/session.h"
#include "ctl/watch.h"

/* document.json, document.md and document.txt of every job that made a document: in folder when
 * only one was asked for, else in folder/<its name>, with -2 and so on behind names that come
 * again. Reports its failures. */
enum ctl_exit export_documents(struct session *session, const struct watch *watch,
                               const char *folder);

#endif
