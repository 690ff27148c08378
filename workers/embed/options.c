/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Settings of the class embed, as a table. Nothing blocks or logs.
 */
#include "workers/embed/options.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "proto/utf8.h"
#include "proto/vector.h"
#include "workers/embedding/lexical.h"

#define ENDPOINT "/embeddings"
#define DAY_MS 86400000U

#define AT(field) offsetof(struct embed_options, field)

static const struct {
    const char *key, *fallback;
    uint64_t min, max;
    size_t at;
} NUMBERS[] = {
    {"dimensions", "0", 0, VECTOR_DIMENSIONS_MAX, AT(dimensions)},
    {"batch", "64", 1, 2048, AT(batch)},
    {"concurrency", "4", 1, 64, AT(concurrency)},
    {"requests_per_minute", "0", 0, 1000000, AT(requests_per_minute)},
    {"tokens_per_minute", "0", 0, 1000000000, AT(tokens_per_minute)},
    {"timeout_ms", "30000", 10, DAY_MS, AT(timeout_ms)},
    {"attempts", "4", 1, 20, AT(attempts)},
    {"breaker_failures", "5", 1, 1000, AT(breaker_failures)},
    {"breaker_ms", "60000", 1, DAY_MS, AT(breaker_ms)},
    {"retry_after_max_ms", "60000", 0, DAY_MS, AT(retry_after_max_ms)},
};

static int read_numbers(option_cb get, const void *user, struct embed_options *options,
                        struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(NUMBERS); i++) {
        uint64_t value;
        uint32_t number;

        if (parse_u64(get(user, NUMBERS[i].key, NUMBERS[i].fallback), NUMBERS[i].min,
                      NUMBERS[i].max, &value, err) < 0) {
            return error_wrap(err, "option.%s", NUMBERS[i].key);
        }
        number = (uint32_t)value;
        memcpy((char *)options + NUMBERS[i].at, &number, sizeof(number));
    }
    return 0;
}

static int copy(char *ret_text, size_t size_bytes, const char *key, const char *text,
                struct error *err)
{
    size_t length = strlen(text);

    if (length >= size_bytes) {
        return error_set(err, ERROR_INVALID, "option.%s: expected at most %zu bytes, not %zu", key,
                         size_bytes - 1, length);
    }
    memcpy(ret_text, text, length + 1);
    return 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* The host alone, as it stands in the URL; an address of IPv6 with its brackets. */
static void host_of(const char *url, const char **ret_host, size_t *ret_bytes)
{
    const char *host = strstr(url, "://") + 3;
    size_t length = strcspn(host, "/?#");
    const char *user_end = memchr(host, '@', length);

    if (user_end) {
        length -= (size_t)(user_end + 1 - host);
        host = user_end + 1;
    }
    if (host[0] == '[') {
        const char *close = memchr(host, ']', length);

        length = close ? (size_t)(close + 1 - host) : length;
    } else {
        const char *colon = memchr(host, ':', length);

        length = colon ? (size_t)(colon - host) : length;
    }
    *ret_host = host;
    *ret_bytes = length;
}

/* Does what is sent there stay on this machine? */
static bool is_loopback(const char *url)
{
    static const char *const names[] = {"localhost", "[::1]"};
    const char *host;
    size_t length;

    host_of(url, &host, &length);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (length == strlen(names[i]) && strncasecmp(host, names[i], length) == 0) {
            return true;
        }
    }
    return length > 4 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") >= length;
}

/* A base, or the whole path: both are in use. */
static int read_url(option_cb get, const void *user, bool has_key, struct embed_options *options,
                    struct error *err)
{
    const char *text = get(user, "url", "");
    bool plain = strncmp(text, "http://", 7) == 0;
    bool allow_plain;
    size_t length;

    if (parse_bool(get(user, "allow_plain", "no"), &allow_plain, err) < 0) {
        return error_wrap(err, "option.allow_plain");
    }
    if (text[0] == '\0') {
        return 0;
    }
    if (!plain && strncmp(text, "https://", 8) != 0) {
        return error_set(err, ERROR_INVALID, "option.url: expected http://... or https://...");
    }
    if (strpbrk(text, " \t\r\n#@")) {
        return error_set(err, ERROR_INVALID,
                         "option.url: expected no blank, '#' or '@'; a key goes into "
                         "option.key_credential");
    }
    if (plain && has_key && !allow_plain && !is_loopback(text)) {
        return error_set(err, ERROR_INVALID,
                         "option.url: a key would go over the network in the open: expected "
                         "https://... or option.allow_plain = yes");
    }
    if (copy(options->url, sizeof(options->url) - strlen(ENDPOINT), "url", text, err) < 0) {
        return -1;
    }
    length = strlen(options->url);
    if (!strchr(options->url, '?')) {
        while (length > 0 && options->url[length - 1] == '/') {
            options->url[--length] = '\0';
        }
        if (!ends_with(options->url, ENDPOINT)) {
            memcpy(options->url + length, ENDPOINT, sizeof(ENDPOINT));
        }
    }
    return 0;
}

static int read_model(option_cb get, const void *user, struct embed_options *options,
                      struct error *err)
{
    const char *model = get(user, "model", "");

    if (options->url[0] == '\0') {
        options->dimensions = LEXICAL_DIMENSIONS;
        return copy(options->model, sizeof(options->model), "model", LEXICAL_MODEL, err);
    }
    if (model[0] == '\0' || !utf8_valid(model, strlen(model))) {
        return error_set(err, ERROR_INVALID, "option.model: expected the name of the model at %s",
                         options->url);
    }
    if (strcmp(model, LEXICAL_MODEL) == 0) {
        return error_set(err, ERROR_INVALID,
                         "option.model: %s is the built-in one's name, and that has no option.url",
                         model);
    }
    return copy(options->model, sizeof(options->model), "model", model, err);
}

int embed_options_read(option_cb get, const void *user, bool has_key,
                       struct embed_options *ret_options, struct error *err)
{
    struct embed_options options = {0};

    if (read_url(get, user, has_key, &options, err) < 0 ||
        read_numbers(get, user, &options, err) < 0 || read_model(get, user, &options, err) < 0 ||
        copy(options.ca_file, sizeof(options.ca_file), "ca_file", get(user, "ca_file", ""), err) <
            0) {
        return -1;
    }
    *ret_options = options;
    return 0;
}
