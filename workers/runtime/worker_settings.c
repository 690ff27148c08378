/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * INIT, checked and copied. A map of texts is one block in the heap, overwritten before it is freed
 * where it holds secrets. Nothing blocks, nothing is logged.
 */
#include "workers/runtime/worker_settings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/value.h"

/* One block: the pairs, then their texts. */
static void text_map_clear(struct text_map *map, bool wipe)
{
    if (wipe && map->pairs) {
        explicit_bzero(map->pairs, map->size_bytes);
    }
    free(map->pairs);
    memset(map, 0, sizeof(*map));
}

static size_t map_bytes(struct value map)
{
    size_t size_bytes = value_count(map) * sizeof(struct text_pair);
    struct value key;
    struct value text;

    for (size_t i = 0; value_entry(map, i, &key, &text); i++) {
        size_bytes += value_count(key) + value_count(text) + 2;
    }
    return size_bytes;
}

/* Copies text to at. Returns what is behind it. */
static char *put_text(char *at, struct value value)
{
    size_t size_bytes;
    const char *text = value_str(value, &size_bytes);

    if (size_bytes > 0) {
        memcpy(at, text, size_bytes);
    }
    at[size_bytes] = '\0';
    return at + size_bytes + 1;
}

/* value: a STRMAP, checked by the decoder. */
static int text_map_read(struct text_map *map, struct value value, struct error *err)
{
    size_t count = value_count(value);
    size_t size_bytes = map_bytes(value);
    struct text_pair *pairs;
    char *at;
    struct value key;
    struct value text;

    memset(map, 0, sizeof(*map));
    if (count == 0) {
        return 0;
    }
    pairs = malloc(size_bytes);
    if (!pairs) {
        return error_set(err, ERROR_MEMORY, "no memory for %zu settings", count);
    }
    at = (char *)(pairs + count);
    *map = (struct text_map){.pairs = pairs, .count = 0, .size_bytes = size_bytes};
    while (map->count < count && value_entry(value, map->count, &key, &text)) {
        struct text_pair *pair = &pairs[map->count++];

        pair->key = at;
        at = put_text(at, key);
        pair->value = at;
        at = put_text(at, text);
    }
    return 0;
}

const char *text_map_get(const struct text_map *map, const char *key)
{
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->pairs[i].key, key) == 0) {
            return map->pairs[i].value;
        }
    }
    return NULL;
}

static int read_life(struct worker_settings *settings, const struct message *init,
                     struct error *err)
{
    char lifetime[17];
    char profile[17];
    uint64_t version = message_uint(init, FIELD_VERSION, 0);

    if (version != PROTOCOL_VERSION) {
        return error_set(err, ERROR_PROTOCOL, "INIT speaks version %" PRIu64 ", this worker %d",
                         version, PROTOCOL_VERSION);
    }
    message_str(init, FIELD_LIFETIME, lifetime, sizeof(lifetime));
    settings->shared = strcmp(lifetime, "pool") == 0 || strcmp(lifetime, "service") == 0;
    if (!settings->shared && strcmp(lifetime, "fresh") != 0) {
        return error_set(err, ERROR_PROTOCOL, "INIT names the unknown lifetime %s", lifetime);
    }
    message_str(init, FIELD_PROFILE, profile, sizeof(profile));
    if (!sandbox_profile_parse(profile, &settings->profile)) {
        return error_set(err, ERROR_PROTOCOL, "INIT names the unknown profile %s", profile);
    }
    if (!message_str(init, FIELD_STATE_FOLDER, settings->state_folder,
                     sizeof(settings->state_folder)) ||
        settings->state_folder[0] != '/') {
        return error_set(err, ERROR_PROTOCOL, "INIT names no absolute state folder");
    }
    message_str(init, FIELD_CLASS, settings->class_name, sizeof(settings->class_name));
    settings->memory_max_bytes = message_uint(init, FIELD_MEMORY_MAX, UINT64_MAX);
    settings->file_max_bytes = message_uint(init, FIELD_FILE_MAX, UINT64_MAX);
    return 0;
}

static int read_options(struct worker_settings *settings, const struct message *init,
                        struct error *err)
{
    const char *sandbox;

    if (text_map_read(&settings->options, init->fields[FIELD_SETTINGS], err) < 0 ||
        text_map_read(&settings->secrets, init->fields[FIELD_SECRETS], err) < 0) {
        return -1;
    }
    sandbox = text_map_get(&settings->options, "sandbox");
    settings->sandbox_required = sandbox && strcmp(sandbox, "required") == 0;
    if (sandbox && !settings->sandbox_required && strcmp(sandbox, "best_effort") != 0) {
        return error_set(err, ERROR_INVALID,
                         "option sandbox is \"%s\": expected required or best_effort", sandbox);
    }
    return 0;
}

int worker_settings_read(struct worker_settings *settings, const struct message *init,
                         struct error *err)
{
    memset(settings, 0, sizeof(*settings));
    if (read_life(settings, init, err) < 0 || read_options(settings, init, err) < 0) {
        worker_settings_deinit(settings);
        return -1;
    }
    return 0;
}

void worker_settings_deinit(struct worker_settings *settings)
{
    text_map_clear(&settings->options, false);
    text_map_clear(&settings->secrets, true);
}

void worker_settings_forget_secrets(struct worker_settings *settings)
{
    text_map_clear(&settings->secrets, true);
}
