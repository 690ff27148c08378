/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A file on its way to the daemon: a copy in its incoming folder, under a name of its own.
 */
#ifndef EBB_CTL_INCOMING_H
#define EBB_CTL_INCOMING_H

#include <limits.h>

#include "common/error.h"
#include "common/uuid.h"

struct incoming {
    char name[UUID_TEXT_BYTES]; /* what requests call it */
    char path[PATH_MAX];
};

/* Copies source there. ERROR_CANCELLED when a signal came meanwhile (interrupt.h); ERROR_INVALID
 * for what is no file. Nothing is left behind on failure. */
int incoming_put(const char *state_folder, const char *source, struct incoming *ret_incoming,
                 struct error *err);
/* When nobody took it. One that is gone is a no-op. */
void incoming_remove(const struct incoming *incoming);

#endif
