/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Settings of the class embed: where texts get their vectors. docs/embeddings.md has the list.
 */
#ifndef EBB_WORKERS_EMBED_OPTIONS_H
#define EBB_WORKERS_EMBED_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

#define OPTIONS_URL_BYTES 2048

struct embed_options {
    char url[OPTIONS_URL_BYTES]; /* of the requests, whole; "" for the built-in embedding */
    char model[129];
    uint32_t dimensions; /* 0: what the endpoint gives */
    uint32_t batch;      /* texts of a request */
    uint32_t concurrency;
    uint32_t requests_per_minute; /* 0: no limit */
    uint32_t tokens_per_minute;   /* 0: no limit */
    uint32_t timeout_ms;          /* of a request */
    uint32_t attempts;            /* of a batch */
    uint32_t breaker_failures;
    uint32_t breaker_ms;
    uint32_t retry_after_max_ms;
    char ca_file[4096]; /* "": the system's */
};

/* Looks a setting up: as worker_setting. */
typedef const char *(*option_cb)(const void *user, const char *key, const char *fallback);

/* has_key: a key was given, which is not sent in the open. ERROR_INVALID, saying which one and what
 * was expected. */
int embed_options_read(option_cb get, const void *user, bool has_key,
                       struct embed_options *ret_options, struct error *err);

#endif
