/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Parameters of the jobs that a command line asks for, each once.
 */
#ifndef EBB_CTL_PARAMS_H
#define EBB_CTL_PARAMS_H

#include <stddef.h>

#include "common/error.h"
#include "common/options.h"
#include "proto/value.h"

#define PARAMS_KEY_MAX_BYTES 64
#define PARAMS_VALUE_MAX_BYTES 65535
#define PARAMS_MAX 64 /* PROTOCOL.md, SUBMIT */

struct params {
    struct param {
        const char *key; /* key_bytes of it; borrowed, as value is */
        size_t key_bytes;
        const char *value;
    } items[PARAMS_MAX];
    size_t count;
};

/* ERROR_EXISTS when it was given before, ERROR_INVALID for a key or value of no length that fits,
 * ERROR_LIMIT for one too many. */
int params_add(struct params *params, const char *key, const char *value, struct error *err);
/* "key=value". */
int params_add_pair(struct params *params, const char *pair, struct error *err);
/* The map of SUBMIT. */
void params_pack(const struct params *params, struct pack *pack);

#endif
