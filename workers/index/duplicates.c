/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Duplicates: a table with open addressing of the first halves of digests (no two texts that
 * differ share 128 bits of SHA-256), at most half full.
 *
 * Nothing blocks or logs.
 */
#include "workers/index/duplicates.h"

#include <stdlib.h>
#include <string.h>

#include "workers/index/characters.h"

#define SLOTS_FIRST 1024U
#define SLOTS_MAX (1U << 25) /* for 16 million chunks */
#define KEY_BYTES 16

struct entry {
    uint8_t key[KEY_BYTES];
    uint32_t ordinal; /* 0: empty */
};

struct duplicates {
    struct entry *entries;
    size_t slots; /* a power of two */
    size_t used;
};

struct duplicates *duplicates_create(void)
{
    return calloc(1, sizeof(struct duplicates));
}

void duplicates_destroy(struct duplicates *duplicates)
{
    if (duplicates) {
        free(duplicates->entries);
        free(duplicates);
    }
}

void duplicates_reset(struct duplicates *duplicates)
{
    free(duplicates->entries);
    *duplicates = (struct duplicates){NULL, 0, 0};
}

static struct entry *find(struct entry *entries, size_t slots, const uint8_t *key)
{
    uint64_t hash;
    size_t slot;

    memcpy(&hash, key, sizeof(hash));
    slot = (size_t)hash & (slots - 1);
    while (entries[slot].ordinal != 0 && memcmp(entries[slot].key, key, KEY_BYTES) != 0) {
        slot = (slot + 1) & (slots - 1);
    }
    return &entries[slot];
}

static int grow(struct duplicates *duplicates, struct error *err)
{
    size_t slots = duplicates->slots > 0 ? 2 * duplicates->slots : SLOTS_FIRST;
    struct entry *entries;

    if (slots > SLOTS_MAX) {
        return error_set(err, ERROR_LIMIT, "over %u chunks", SLOTS_MAX / 2);
    }
    entries = calloc(slots, sizeof(*entries));
    if (!entries) {
        return error_set(err, ERROR_MEMORY, "no memory for %zu chunks", slots / 2);
    }
    for (size_t i = 0; i < duplicates->slots; i++) {
        if (duplicates->entries[i].ordinal != 0) {
            *find(entries, slots, duplicates->entries[i].key) = duplicates->entries[i];
        }
    }
    free(duplicates->entries);
    duplicates->entries = entries;
    duplicates->slots = slots;
    return 0;
}

int duplicates_note(struct duplicates *duplicates, const uint8_t digest[HASH_SHA256_BYTES],
                    uint32_t ordinal, uint32_t *ret_first, struct error *err)
{
    struct entry *entry;

    if (2 * duplicates->used >= duplicates->slots && grow(duplicates, err) < 0) {
        return -1;
    }
    entry = find(duplicates->entries, duplicates->slots, digest);
    *ret_first = entry->ordinal;
    if (entry->ordinal == 0) {
        memcpy(entry->key, digest, KEY_BYTES);
        entry->ordinal = ordinal;
        duplicates->used++;
    }
    return 0;
}

int duplicates_digest(const char *text, size_t size_bytes, struct buf *scratch,
                      uint8_t ret_digest[HASH_SHA256_BYTES], struct error *err)
{
    size_t start = character_skip_space(text, 0, size_bytes);
    size_t offset = start;

    buf_reset(scratch, scratch->capacity);
    while (offset < size_bytes) {
        size_t end = offset;

        if (!character_is_space(character_next(text, &offset))) {
            continue;
        }
        offset = character_skip_space(text, offset, size_bytes);
        if (buf_append(scratch, text + start, end - start, err) < 0 ||
            (offset < size_bytes && buf_append(scratch, " ", 1, err) < 0)) {
            return -1;
        }
        start = offset;
    }
    if (buf_append(scratch, text + start, size_bytes - start, err) < 0) {
        return -1;
    }
    hash_sha256_of(scratch->data, scratch->size, ret_digest);
    return 0;
}
