/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One POST to an endpoint of embeddings.
 *
 * Invariants: TLS is verified; no redirection is followed, as a key would go with it; no proxy is
 * asked; an answer longer than any that was asked for ends the request.
 *
 * Nothing blocks or logs.
 */
#include "workers/embed/request.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/vector.h"

#define CONNECT_MS_MAX 10000L
#define NUMBER_BYTES 32U /* a component, written as widely as anybody does */
#define ANSWER_EXTRA_BYTES ((size_t)64 << 10)
#define ANSWER_MAX_BYTES ((size_t)48 << 20)

size_t request_text_bytes(const struct text_item *item)
{
    size_t bytes = item->text_bytes;

    if (bytes > REQUEST_TEXT_BYTES) {
        bytes = REQUEST_TEXT_BYTES;
        while (bytes > 0 && ((unsigned char)item->text[bytes] & 0xc0U) == 0x80U) {
            bytes--;
        }
    }
    return bytes;
}

static char *make_body(const struct embed_options *options, const struct text_item *items,
                       uint32_t count)
{
    json_t *root = json_object();
    json_t *input = json_array();
    int status = json_object_set_new(root, "model", json_string(options->model));
    char *body = NULL;

    for (uint32_t i = 0; i < count; i++) {
        status |= json_array_append_new(input,
                                        json_stringn(items[i].text, request_text_bytes(&items[i])));
    }
    status |= json_object_set_new(root, "input", input);
    status |= json_object_set_new(root, "encoding_format", json_string("float"));
    if (options->dimensions > 0) {
        status |= json_object_set_new(root, "dimensions", json_integer(options->dimensions));
    }
    if (status == 0) {
        body = json_dumps(root, JSON_COMPACT);
    }
    json_decref(root);
    return body;
}

static size_t take_answer(char *data, size_t size, size_t count, void *user)
{
    struct request *request = user;
    size_t bytes = size * count;

    return buf_append(&request->answer, data, bytes, NULL) < 0 ? 0 : bytes;
}

static size_t answer_bound(const struct embed_options *options, uint32_t count)
{
    size_t dimensions = options->dimensions ? options->dimensions : VECTOR_DIMENSIONS_MAX;
    size_t bytes = ANSWER_EXTRA_BYTES + dimensions * count * NUMBER_BYTES;

    return bytes < ANSWER_MAX_BYTES ? bytes : ANSWER_MAX_BYTES;
}

/* The first that fails is remembered; each is of a build of libcurl that has what is asked. */
static CURLcode set_up(struct request *request, const struct embed_options *options,
                       struct curl_slist *headers)
{
    CURL *easy = request->easy;
    const bool is_tls = strncmp(options->url, "https:", 6) == 0;
    long connect_ms =
        (long)options->timeout_ms < CONNECT_MS_MAX ? (long)options->timeout_ms : CONNECT_MS_MAX;
    CURLcode codes[] = {
        curl_easy_setopt(easy, CURLOPT_URL, options->url),
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https"),
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers),
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body),
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->body)),
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS),
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, is_tls ? 1L : 0L),
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L),
        curl_easy_setopt(easy, CURLOPT_PROXY, ""),
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L),
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms),
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms),
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, ""),
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "ebb/" EBB_VERSION),
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->fault),
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer),
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, request),
        curl_easy_setopt(easy, CURLOPT_PRIVATE, request),
        options->ca_file[0] ? curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file) : CURLE_OK,
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i] != CURLE_OK) {
            return codes[i];
        }
    }
    return CURLE_OK;
}

struct request *request_create(const struct embed_options *options, struct curl_slist *headers,
                               const struct text_item *items, uint32_t count, struct error *err)
{
    struct request *request = calloc(1, sizeof(*request));
    CURLcode code;

    if (!request) {
        error_set(err, ERROR_MEMORY, "no memory for a request");
        return NULL;
    }
    buf_init(&request->answer, answer_bound(options, count));
    request->body = make_body(options, items, count);
    request->easy = curl_easy_init();
    if (!request->body || !request->easy) {
        error_set(err, ERROR_MEMORY, "no memory for a request of %u texts", count);
        request_destroy(request);
        return NULL;
    }
    code = set_up(request, options, headers);
    if (code != CURLE_OK) {
        error_set(err, code == CURLE_OUT_OF_MEMORY ? ERROR_MEMORY : ERROR_UNSUPPORTED,
                  "cannot set a request up: %s", curl_easy_strerror(code));
        request_destroy(request);
        return NULL;
    }
    return request;
}

void request_destroy(struct request *request)
{
    if (request) {
        curl_easy_cleanup(request->easy);
        free(request->body);
        buf_deinit(&request->answer);
        free(request);
    }
}
