/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One POST to an endpoint of embeddings, by libcurl: what is sent, and what comes back, bounded.
 */
#ifndef EBB_WORKERS_EMBED_REQUEST_H
#define EBB_WORKERS_EMBED_REQUEST_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "workers/embed/options.h"
#include "workers/embed/texts.h"

/* About: four bytes of text are a token. */
#define REQUEST_BYTES_PER_TOKEN 4U
#define REQUEST_TEXT_TOKENS 8000U
#define REQUEST_TEXT_BYTES (REQUEST_TEXT_TOKENS * REQUEST_BYTES_PER_TOKEN)

/* The bytes of a text that are sent: all, or up to a character's end. */
size_t request_text_bytes(const struct text_item *item);

struct request {
    CURL *easy;
    char *body;
    struct buf answer;
    char fault[CURL_ERROR_SIZE]; /* libcurl's words */
};

/* headers: sent with it; borrowed until the end. Owns: the caller, until request_destroy. */
struct request *request_create(const struct embed_options *options, struct curl_slist *headers,
                               const struct text_item *items, uint32_t count, struct error *err);
void request_destroy(struct request *request); /* NULL is a no-op; it is in no multi handle */

#endif
