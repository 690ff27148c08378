/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any bytes as a page record: one that is accepted is written back to the same bytes, its head
 * alone says the same, and it takes little more memory than its bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/page.h"

#define AMPLIFICATION_MAX 16
#define SLACK_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

static int same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_head(const struct page_record *page, const struct page_record *head)
{
    demand(head->number == page->number && head->text_bytes == page->text_bytes);
    demand(memcmp(head->text, page->text, page->text_bytes) == 0);
    demand(strlen(page->text) == page->text_bytes);
    demand(same_text(head->label, page->label) && same_text(head->source, page->source));
    demand(head->warning_count == page->warning_count);
    for (uint32_t i = 0; i < page->warning_count; i++) {
        demand(same_text(head->warnings[i], page->warnings[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static struct arena *arena;
    struct error err = ERROR_INIT;
    struct page_record page;
    struct page_record head;
    struct buf out;
    int head_decoded;

    if (!arena) {
        arena = arena_create(0);
    }
    arena_reset(arena);
    head_decoded = page_record_decode_head(data, size_bytes, arena, &head, &err);
    demand(head_decoded == 0 || err.code == ERROR_CORRUPT);
    if (page_record_decode(data, size_bytes, arena, &page, &err) < 0) {
        demand(err.code == ERROR_CORRUPT);
        return 0;
    }
    demand(arena_used_bytes(arena) <= AMPLIFICATION_MAX * size_bytes + SLACK_BYTES);
    demand(head_decoded == 0);
    check_head(&page, &head);
    buf_init(&out, size_bytes + SLACK_BYTES);
    demand(page_record_encode(&page, &out, &err) == 0);
    demand(out.size == size_bytes && memcmp(out.data, data, size_bytes) == 0);
    buf_deinit(&out);
    return 0;
}
