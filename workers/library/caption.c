/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Binding captions. Invariants: at most CAPTIONS_MAX captions and TARGETS_MAX images and tables of
 * a page are looked at, so that a page of nothing else costs no more. Nothing blocks or logs.
 */
#include "workers/library/caption.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "workers/library/inline.h"

#define CAPTIONS_MAX 512
#define TARGETS_MAX 2048
#define CAPTION_BYTES_MAX ((size_t)1 << 20)

enum subject { SUBJECT_ANY, SUBJECT_TABLE, SUBJECT_IMAGE };

static enum subject subject_of(const struct buf *text)
{
    static const struct {
        const char *start;
        enum subject subject;
    } words[] = {
        {"tab", SUBJECT_TABLE},    {"cuadro", SUBJECT_TABLE}, {"fig", SUBJECT_IMAGE},
        {"abb", SUBJECT_IMAGE},    {"bild", SUBJECT_IMAGE},   {"photo", SUBJECT_IMAGE},
        {"plate ", SUBJECT_IMAGE}, {"image", SUBJECT_IMAGE},  {"ilustr", SUBJECT_IMAGE},
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t length = strlen(words[i].start);

        if (text->size >= length &&
            strncasecmp((const char *)text->data, words[i].start, length) == 0) {
            return words[i].subject;
        }
    }
    return SUBJECT_ANY;
}

static float gap(float a0, float a1, float b0, float b1)
{
    return fmaxf(0.0F, fmaxf(b0 - a1, a0 - b1));
}

static float distance_pt(const struct page_box *a, const struct page_box *b)
{
    return hypotf(gap(a->x0, a->x1, b->x0, b->x1), gap(a->y0, a->y1, b->y0, b->y1));
}

/* Whether candidate says what text says, white space apart; it may be cut at its bound. */
static bool same_text(const char *candidate, const struct buf *text)
{
    size_t t = 0;
    size_t c = 0;

    for (;;) {
        while (candidate[c] == ' ') {
            c++;
        }
        while (t < text->size && text->data[t] == ' ') {
            t++;
        }
        if (candidate[c] == '\0' || t == text->size) {
            break;
        }
        if (candidate[c] != (char)text->data[t]) {
            return false;
        }
        c++;
        t++;
    }
    return candidate[c] == '\0' && c > 0 && (t == text->size || c + 8 > PAGE_CAPTION_MAX_BYTES);
}

struct binding {
    const struct page_record *record;
    struct captions *captions;
    struct buf text; /* of the caption in hand */
    uint32_t targets[TARGETS_MAX];
    uint32_t target_count;
};

static bool is_named(const struct binding *binding, const struct page_block *block)
{
    const struct page_record *record = binding->record;

    return block->kind == PAGE_BLOCK_IMAGE && block->image < record->image_record_count &&
           record->images[block->image].caption &&
           same_text(record->images[block->image].caption, &binding->text);
}

/* The block that the caption at index is of; one of the wrong subject only where there is none of
 * the right one. */
static uint32_t find_target(const struct binding *binding, uint32_t index)
{
    const struct page_block *blocks = binding->record->blocks;
    enum subject subject = subject_of(&binding->text);
    uint32_t best = CAPTION_NONE;
    float least = CAPTION_FAR_PT;

    for (uint32_t t = 0; t < binding->target_count; t++) {
        const struct page_block *block = &blocks[binding->targets[t]];
        bool table = block->kind == PAGE_BLOCK_TABLE;
        float distance = distance_pt(&block->box, &blocks[index].box);

        if (binding->captions->of[binding->targets[t]] != CAPTION_NONE ||
            distance > CAPTION_FAR_PT) {
            continue;
        }
        if (is_named(binding, block)) {
            return binding->targets[t];
        }
        if (subject != SUBJECT_ANY && (subject == SUBJECT_TABLE) != table) {
            continue;
        }
        if (distance < least) {
            least = distance;
            best = binding->targets[t];
        }
    }
    return best;
}

static int bind_all(struct binding *binding, struct error *err)
{
    const struct page_record *record = binding->record;
    uint32_t seen = 0;

    for (uint32_t b = 0; b < record->block_count && seen < CAPTIONS_MAX; b++) {
        uint32_t target;

        if (record->blocks[b].kind != PAGE_BLOCK_CAPTION) {
            continue;
        }
        seen++;
        if (caption_text(&record->blocks[b], &binding->text, err) < 0) {
            return -1;
        }
        target = find_target(binding, b);
        if (target != CAPTION_NONE) {
            binding->captions->of[target] = b;
            binding->captions->target[b] = target;
        }
    }
    return 0;
}

int captions_bind(const struct page_record *record, struct arena *arena,
                  struct captions *ret_captions, struct error *err)
{
    struct binding binding = {.record = record, .captions = ret_captions};
    uint32_t count = record->block_count;
    int result;

    ret_captions->of = arena_calloc(arena, count, sizeof *ret_captions->of);
    ret_captions->target = arena_calloc(arena, count, sizeof *ret_captions->target);
    if (!ret_captions->of || !ret_captions->target) {
        return error_set(err, ERROR_MEMORY, "no memory for a page's captions");
    }
    for (uint32_t b = 0; b < count; b++) {
        const struct page_block *block = &record->blocks[b];

        ret_captions->of[b] = CAPTION_NONE;
        ret_captions->target[b] = CAPTION_NONE;
        if ((block->kind == PAGE_BLOCK_IMAGE || block->kind == PAGE_BLOCK_TABLE) &&
            binding.target_count < TARGETS_MAX) {
            binding.targets[binding.target_count++] = b;
        }
    }
    buf_init(&binding.text, CAPTION_BYTES_MAX);
    result = binding.target_count > 0 ? bind_all(&binding, err) : 0;
    buf_deinit(&binding.text);
    return result;
}

int caption_text(const struct page_block *block, struct buf *out, struct error *err)
{
    out->size = 0;
    return inline_append_block(out, block, NULL, err);
}
