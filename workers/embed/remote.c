/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Vectors from an endpoint, over libcurl's multi interface.
 *
 * Each round of the loop begins what may begin, waits a moment for the network, and deals with what
 * has ended. Limits and the breaker belong to the endpoint and outlive a unit, as do connections.
 *
 * Invariants: at the end of a call no request is under way, and each text has a vector or a reason.
 * The key is in the list of headers alone, and in nothing that is said: a complaint of the endpoint
 * that has it in it is not repeated.
 *
 * Blocks: on the network, at most TICK_MS between two calls of told. Nothing is logged.
 */
#include "workers/embed/remote.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "workers/embed/answer.h"
#include "workers/embed/batches.h"
#include "workers/embed/breaker.h"
#include "workers/embed/bucket.h"
#include "workers/embed/request.h"
#include "workers/embed/retry.h"

#define TICK_MS 50U
#define ANSWER_ARENA_BYTES ((size_t)64 << 20)
#define COMPLAINT_BYTES 200U
#define REJECTIONS_MAX 16U /* in a row: then it is not the texts */

struct remote {
    const struct embed_options *options;
    struct curl_slist *headers;
    char *key; /* "" for none */
    CURLM *multi;
    struct arena *answer; /* of one answer */
    struct bucket requests, tokens;
    struct breaker breaker;
    uint64_t pause_until_ms; /* the endpoint asked for it */
    uint32_t dimensions;     /* all its vectors have; 0 before the first */
    bool global;             /* libcurl is initialised */
};

/* One call of remote_embed. */
struct run {
    struct remote *remote;
    const struct remote_call *call;
    struct batches batches;
    uint32_t under_way;
    uint32_t rejections;  /* in a row */
    const char *hopeless; /* why no further request is made */
    uint64_t now_ms;
};

static void wipe_headers(struct remote *remote)
{
    for (struct curl_slist *item = remote->headers; item; item = item->next) {
        explicit_bzero(item->data, strlen(item->data));
    }
    curl_slist_free_all(remote->headers);
    remote->headers = NULL;
}

static bool add_header(struct remote *remote, const char *text)
{
    struct curl_slist *longer = curl_slist_append(remote->headers, text);

    remote->headers = longer ? longer : remote->headers;
    return longer != NULL;
}

static int make_headers(struct remote *remote, const char *key, struct error *err)
{
    static const char bearer[] = "Authorization: Bearer ";
    size_t length = strlen(key);
    char *header;
    bool done;

    if (strpbrk(key, "\r\n")) {
        return error_set(err, ERROR_INVALID, "the key has a line feed in it");
    }
    /* Without "Expect" a large body is not held back for a word of the server. */
    done = add_header(remote, "Content-Type: application/json") && add_header(remote, "Expect:");
    if (length > 0 && done) {
        header = malloc(sizeof(bearer) + length);
        if (header) {
            memcpy(header, bearer, sizeof(bearer) - 1);
            memcpy(header + sizeof(bearer) - 1, key, length + 1);
        }
        done = header && add_header(remote, header);
        if (header) {
            explicit_bzero(header, sizeof(bearer) + length);
        }
        free(header);
    }
    return done ? 0 : error_set(err, ERROR_MEMORY, "no memory for headers");
}

static int set_up(struct remote *remote, const char *key, struct error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return error_set(err, ERROR_UNSUPPORTED, "libcurl cannot be initialised");
    }
    remote->global = true;
    remote->multi = curl_multi_init();
    remote->answer = arena_create(ANSWER_ARENA_BYTES);
    remote->key = strdup(key);
    if (!remote->multi || !remote->answer || !remote->key) {
        return error_set(err, ERROR_MEMORY, "no memory for an endpoint");
    }
    if (curl_multi_setopt(remote->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                          (long)remote->options->concurrency) != CURLM_OK) {
        return error_set(err, ERROR_UNSUPPORTED, "libcurl bounds no connections");
    }
    return make_headers(remote, key, err);
}

struct remote *remote_create(const struct embed_options *options, const char *key,
                             struct error *err)
{
    struct remote *remote = calloc(1, sizeof(*remote));
    uint64_t now_ms = clock_monotonic_ms();

    if (!remote) {
        error_set(err, ERROR_MEMORY, "no memory for an endpoint");
        return NULL;
    }
    remote->options = options;
    remote->dimensions = options->dimensions;
    bucket_init(&remote->requests, options->requests_per_minute, now_ms);
    bucket_init(&remote->tokens, options->tokens_per_minute, now_ms);
    breaker_init(&remote->breaker, options->breaker_failures, options->breaker_ms);
    if (set_up(remote, key ? key : "", err) < 0) {
        remote_destroy(remote);
        return NULL;
    }
    return remote;
}

void remote_destroy(struct remote *remote)
{
    if (!remote) {
        return;
    }
    curl_multi_cleanup(remote->multi);
    wipe_headers(remote);
    if (remote->key) {
        explicit_bzero(remote->key, strlen(remote->key));
        free(remote->key);
    }
    arena_destroy(remote->answer);
    if (remote->global) {
        curl_global_cleanup();
    }
    free(remote);
}

/* A reason for its texts, unless it has no memory for one. */
static void set_reason(struct run *run, struct batch *batch, const char *code, const char *text)
{
    const char *reason = arena_printf(run->call->arena, "%s: %s", code, text);

    batch->reason = reason ? reason : "memory_exceeded: no memory for the reason";
}

static void tell_status(const struct run *run, const struct request *request, long status,
                        char *ret_text, size_t size_bytes)
{
    char complaint[COMPLAINT_BYTES];

    answer_complaint(request->answer.data, request->answer.size, complaint, sizeof(complaint));
    if (run->remote->key[0] && strstr(complaint, run->remote->key)) {
        complaint[0] = '\0';
    }
    snprintf(ret_text, size_bytes, "the endpoint answers %ld%s%s", status, complaint[0] ? ": " : "",
             complaint);
}

static void retry_or_end(struct run *run, struct batch *batch, uint64_t retry_after_ms)
{
    uint32_t random = 0;

    batch->tries++;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0) {
        random = UINT32_MAX; /* the longest pause */
    }
    batch->ready_ms = run->now_ms + retry_delay_ms(batch->tries, random, retry_after_ms,
                                                   run->remote->options->retry_after_max_ms);
    if (batch->tries >= run->call->attempts || batch->ready_ms > run->call->give_up_ms) {
        batches_end(&run->batches, batch);
    }
}

/* 0 and the batch's texts have their vectors, or ERROR_PROTOCOL, ERROR_MEMORY. */
static int take_vectors(struct run *run, struct batch *batch, struct error *err)
{
    struct remote *remote = run->remote;
    const struct answer expected = {.count = batch->count, .dimensions = remote->dimensions};
    const float *vectors;
    uint32_t dimensions;
    float *copy;
    int status = answer_read(&expected, batch->request->answer.data, batch->request->answer.size,
                             remote->answer, &vectors, &dimensions, err);

    if (status == 0) {
        copy = arena_calloc(run->call->arena, (size_t)batch->count * dimensions, sizeof(*copy));
        if (!copy) {
            status = error_set(err, ERROR_MEMORY, "no memory for vectors");
        } else {
            memcpy(copy, vectors, (size_t)batch->count * dimensions * sizeof(*copy));
            for (uint32_t i = 0; i < batch->count; i++) {
                run->call->texts->items[batch->first + i].vector = copy + (size_t)i * dimensions;
            }
            remote->dimensions = dimensions;
        }
    }
    arena_reset(remote->answer);
    return status;
}

static int on_answer(struct run *run, struct batch *batch, struct error *err)
{
    struct error answer_err = ERROR_INIT;

    if (take_vectors(run, batch, &answer_err) == 0) {
        breaker_succeeded(&run->remote->breaker);
        run->rejections = 0;
        batches_end(&run->batches, batch);
        return 0;
    }
    if (answer_err.code == ERROR_MEMORY) {
        *err = answer_err;
        return -1;
    }
    breaker_failed(&run->remote->breaker, run->now_ms);
    set_reason(run, batch, "bad_answer", answer_err.msg);
    retry_or_end(run, batch, 0);
    return 0;
}

static void on_rejection(struct run *run, struct batch *batch, const char *text)
{
    breaker_succeeded(&run->remote->breaker);
    set_reason(run, batch, "endpoint_rejected", text);
    if (++run->rejections >= REJECTIONS_MAX) {
        run->hopeless = batch->reason;
    }
    if (batch->count > 1 && !run->hopeless) {
        batches_split(&run->batches, batch);
    } else {
        batches_end(&run->batches, batch);
    }
}

static int on_status(struct run *run, struct batch *batch, struct error *err)
{
    struct remote *remote = run->remote;
    uint64_t retry_after_ms;
    curl_off_t retry_after_s = 0;
    char text[COMPLAINT_BYTES + 64];
    long status = 0;

    curl_easy_getinfo(batch->request->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(batch->request->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    retry_after_ms = retry_after_s > 0 && retry_after_s < 86400 ? (uint64_t)retry_after_s * 1000
                     : retry_after_s > 0                        ? UINT64_C(86400000)
                                                                : 0;
    if (retry_after_ms > remote->options->retry_after_max_ms) {
        retry_after_ms = remote->options->retry_after_max_ms;
    }
    if (retry_verdict_of(status) != RETRY_DONE) {
        tell_status(run, batch->request, status, text, sizeof(text));
    }
    switch (retry_verdict_of(status)) {
    case RETRY_DONE:
        return on_answer(run, batch, err);
    case RETRY_LATER:
        breaker_left(&remote->breaker);
        remote->pause_until_ms = run->now_ms + retry_after_ms;
        set_reason(run, batch, "endpoint_busy", text);
        retry_or_end(run, batch, retry_after_ms);
        break;
    case RETRY_FAILED:
        breaker_failed(&remote->breaker, run->now_ms);
        set_reason(run, batch, "endpoint_failed", text);
        retry_or_end(run, batch, retry_after_ms);
        break;
    case RETRY_SPLIT:
        on_rejection(run, batch, text);
        break;
    case RETRY_NEVER:
        breaker_failed(&remote->breaker, run->now_ms);
        set_reason(run, batch, "endpoint_refused", text);
        run->hopeless = batch->reason;
        batches_end(&run->batches, batch);
        break;
    }
    return 0;
}

static void on_transfer_failed(struct run *run, struct batch *batch, CURLcode code)
{
    const struct request *request = batch->request;
    char text[CURL_ERROR_SIZE];

    if (code == CURLE_WRITE_ERROR) {
        snprintf(text, sizeof(text), "an answer of over %zu bytes", request->answer.max);
    } else {
        snprintf(text, sizeof(text), "%s",
                 request->fault[0] ? request->fault : curl_easy_strerror(code));
    }
    breaker_failed(&run->remote->breaker, run->now_ms);
    set_reason(run, batch, code == CURLE_WRITE_ERROR ? "bad_answer" : "endpoint_down", text);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
        code == CURLE_URL_MALFORMAT) {
        run->hopeless = batch->reason;
        batches_end(&run->batches, batch);
    } else {
        retry_or_end(run, batch, 0);
    }
}

static void drop_request(struct run *run, struct batch *batch)
{
    curl_multi_remove_handle(run->remote->multi, batch->request->easy);
    request_destroy(batch->request);
    batch->request = NULL;
    run->under_way--;
}

static struct batch *batch_of(struct run *run, const CURL *easy)
{
    for (uint32_t i = 0; i < run->batches.count; i++) {
        if (run->batches.items[i].request && run->batches.items[i].request->easy == easy) {
            return &run->batches.items[i];
        }
    }
    return NULL;
}

static int take_ended(struct run *run, struct error *err)
{
    CURLMsg *message;
    int left;
    int status = 0;

    run->now_ms = clock_monotonic_ms();
    while (status == 0 && (message = curl_multi_info_read(run->remote->multi, &left))) {
        struct batch *batch = batch_of(run, message->easy_handle);
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE || !batch) {
            continue;
        }
        if (code == CURLE_OUT_OF_MEMORY) {
            return error_set(err, ERROR_MEMORY, "no memory for a request");
        }
        if (code != CURLE_OK) {
            on_transfer_failed(run, batch, code);
        } else {
            status = on_status(run, batch, err);
        }
        drop_request(run, batch);
    }
    return status;
}

static int begin_request(struct run *run, struct batch *batch, struct error *err)
{
    struct remote *remote = run->remote;

    batch->request = request_create(remote->options, remote->headers,
                                    &run->call->texts->items[batch->first], batch->count, err);
    if (!batch->request) {
        return -1;
    }
    bucket_take(&remote->requests, 1, run->now_ms);
    bucket_take(&remote->tokens, batch->tokens, run->now_ms);
    run->under_way++;
    if (curl_multi_add_handle(remote->multi, batch->request->easy) != CURLM_OK) {
        return error_set(err, ERROR_MEMORY, "no memory for a request");
    }
    return 0;
}

/* Why nothing more can begin; NULL where it can, now or later. */
static const char *hopeless(struct run *run)
{
    if (!run->hopeless && run->now_ms >= run->call->give_up_ms) {
        run->hopeless = "out_of_time: the endpoint was too slow for the unit";
    }
    if (!run->hopeless && run->under_way == 0 &&
        breaker_state(&run->remote->breaker, run->now_ms) == BREAKER_OPEN) {
        return "breaker_open: the endpoint failed too often, and is left alone for a while";
    }
    return run->hopeless;
}

/* How long until this batch may begin. */
static uint64_t wait_of(struct run *run, const struct batch *batch)
{
    struct remote *remote = run->remote;
    uint64_t until_ms =
        batch->ready_ms > remote->pause_until_ms ? batch->ready_ms : remote->pause_until_ms;
    uint64_t wait_ms = until_ms > run->now_ms ? until_ms - run->now_ms : 0;
    uint64_t requests_ms = bucket_wait_ms(&remote->requests, run->now_ms);
    uint64_t tokens_ms = bucket_wait_ms(&remote->tokens, run->now_ms);

    wait_ms = requests_ms > wait_ms ? requests_ms : wait_ms;
    return tokens_ms > wait_ms ? tokens_ms : wait_ms;
}

/* Begins what may begin. ret_wait_ms: until something else may, or TICK_MS. */
static int begin_requests(struct run *run, uint64_t *ret_wait_ms, struct error *err)
{
    *ret_wait_ms = TICK_MS;
    for (uint32_t i = 0; i < run->batches.count; i++) {
        struct batch *batch = &run->batches.items[i];
        const char *why;
        uint64_t wait_ms;

        if (batch->ended || batch->request) {
            continue;
        }
        why = hopeless(run);
        if (why) {
            batch->reason = batch->reason ? batch->reason : why;
            batches_end(&run->batches, batch);
            continue;
        }
        wait_ms = wait_of(run, batch);
        if (wait_ms > 0) {
            *ret_wait_ms = wait_ms < *ret_wait_ms ? wait_ms : *ret_wait_ms;
            continue;
        }
        if (run->under_way == run->remote->options->concurrency ||
            !breaker_enter(&run->remote->breaker, run->now_ms)) {
            continue;
        }
        if (begin_request(run, batch, err) < 0) {
            return -1;
        }
        if (!run->call->told(run->call->user, batch->first, run->batches.texts_done)) {
            return error_set(err, ERROR_CANCELLED, "cancelled");
        }
    }
    return 0;
}

/* Nothing stays under way, whatever happened. */
static void abandon(struct run *run)
{
    for (uint32_t i = 0; i < run->batches.count; i++) {
        if (run->batches.items[i].request) {
            drop_request(run, &run->batches.items[i]);
        }
    }
    breaker_left(&run->remote->breaker);
}

/* Those that are still under way when the time is over. */
static void end_late(struct run *run)
{
    for (uint32_t i = 0; i < run->batches.count; i++) {
        struct batch *batch = &run->batches.items[i];

        if (!batch->ended && batch->request) {
            drop_request(run, batch);
            batch->reason = "out_of_time: the endpoint was too slow for the unit";
            batches_end(&run->batches, batch);
        }
    }
}

static int go(struct run *run, struct error *err)
{
    CURLM *multi = run->remote->multi;
    uint32_t first = 0;

    while (run->batches.open > 0) {
        uint64_t wait_ms;
        int running;

        run->now_ms = clock_monotonic_ms();
        if (begin_requests(run, &wait_ms, err) < 0) {
            return -1;
        }
        if (curl_multi_perform(multi, &running) != CURLM_OK || take_ended(run, err) < 0 ||
            (run->batches.open > 0 &&
             curl_multi_poll(multi, NULL, 0, (int)wait_ms, NULL) != CURLM_OK)) {
            return err->code != ERROR_NONE ? -1
                                           : error_set(err, ERROR_SYSTEM, "libcurl cannot go on");
        }
        if (run->now_ms >= run->call->give_up_ms) {
            end_late(run);
        }
        while (first + 1 < run->batches.count && run->batches.items[first].ended) {
            first++;
        }
        if (!run->call->told(run->call->user, run->batches.items[first].first,
                             run->batches.texts_done)) {
            return error_set(err, ERROR_CANCELLED, "cancelled");
        }
    }
    return 0;
}

int remote_embed(struct remote *remote, const struct remote_call *call, struct error *err)
{
    struct run run = {.remote = remote, .call = call, .now_ms = clock_monotonic_ms()};
    struct error run_err = ERROR_INIT;
    int status;

    if (call->texts->count == 0) {
        call->texts->dimensions = remote->dimensions;
        return 0;
    }
    if (batches_init(&run.batches, call->texts, remote->options->batch, call->arena, err) < 0) {
        return -1;
    }
    status = go(&run, &run_err);
    abandon(&run);
    call->texts->dimensions = remote->dimensions;
    if (status < 0 && err) {
        *err = run_err;
    }
    return status;
}
