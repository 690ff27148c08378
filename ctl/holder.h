/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who has a state folder in use: the ebbd that its lock file names, and the socket that it was
 * started with. So `ebb top` finds the private daemon of an `ebb run` in another terminal.
 */
#ifndef EBB_CTL_HOLDER_H
#define EBB_CTL_HOLDER_H

#include <stdbool.h>
#include <sys/types.h>

#include "ctl/place.h"

struct holder {
    pid_t pid;
    char socket[PLACE_SOCKET_BYTES]; /* "" when its command line does not say */
};

/* False when nobody has it, or it cannot be seen who. */
bool holder_find(const char *state, struct holder *ret_holder);

#endif
