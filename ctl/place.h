/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where a daemon would answer and where its state would be, from the command line and the
 * environment. Source: ebb(1), "Where the daemon is".
 */
#ifndef EBB_CTL_PLACE_H
#define EBB_CTL_PLACE_H

#include <stdbool.h>

#include "common/error.h"

#define PLACE_PATH_BYTES 1024
/* Of sockaddr_un's sun_path, with the terminating NUL. */
#define PLACE_SOCKET_BYTES 108

/* Who said so; what is greater weighs more. */
enum place_origin { PLACE_DEFAULT, PLACE_ENVIRONMENT, PLACE_COMMAND_LINE };

struct place {
    char socket[PLACE_SOCKET_BYTES];
    enum place_origin socket_origin;
    char state[PLACE_PATH_BYTES]; /* "" when there is none; state_problem says why then */
    enum place_origin state_origin;
    struct error state_problem;
};

/* socket, state: --socket and --state, NULL where not given. ERROR_LIMIT for a path that is too
 * long. */
int place_find(const char *socket, const char *state, struct place *ret_place, struct error *err);

/* Makes the state folder when it is not there and path absolute (in place). */
int place_make_state(struct place *place, struct error *err);
/* True when state holds the state of some daemon. */
bool place_has_state(const struct place *place);
/* True when both name one folder. */
bool place_same_folder(const char *a, const char *b);

#endif
