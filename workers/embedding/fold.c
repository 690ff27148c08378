/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Text into folded words.
 *
 * ASCII, which most text is, needs no table; of other characters the run is searched that has it.
 * Nothing blocks, allocates or logs.
 */
#include "workers/embedding/fold.h"

#include "common/cleanup.h"

#define NO_LETTER UINT32_MAX
#define LEFT_OUT (UINT32_MAX - 1)

/* Scripts without spaces between words. */
static const struct {
    uint32_t first, last;
} UNSPACED[] = {{0xe00, 0xeff},     {0x1000, 0x109f},  {0x1780, 0x17ff}, {0x2e80, 0x2fdf},
                {0x3005, 0x3007},   {0x3040, 0x30ff},  {0x31f0, 0x31ff}, {0x3400, 0x4dbf},
                {0x4e00, 0x9fff},   {0xf900, 0xfaff},  {0xff66, 0xff9d}, {0x1b000, 0x1b16f},
                {0x1f200, 0x1f2ff}, {0x20000, 0x323af}};

void fold_init(struct fold_reader *reader, const char *text, size_t size_bytes)
{
    reader->at = (const uint8_t *)text;
    reader->end = reader->at + size_bytes;
}

static uint32_t continuation(const uint8_t *at)
{
    return *at & 0x3fU;
}

/* The character at the reader's place, which moves behind it; 0 for a byte that begins none. */
static uint32_t read_code(struct fold_reader *reader)
{
    const uint8_t *at = reader->at;
    size_t left = (size_t)(reader->end - at);
    uint32_t code = 0;
    size_t length = 1;

    if (at[0] < 0x80) {
        code = at[0];
    } else if (at[0] >= 0xc2 && at[0] < 0xe0 && left >= 2) {
        length = 2;
        code = (at[0] & 0x1fU) << 6 | continuation(at + 1);
    } else if (at[0] >= 0xe0 && at[0] < 0xf0 && left >= 3) {
        length = 3;
        code = (at[0] & 0x0fU) << 12 | continuation(at + 1) << 6 | continuation(at + 2);
    } else if (at[0] >= 0xf0 && at[0] < 0xf5 && left >= 4) {
        length = 4;
        code = (at[0] & 0x07U) << 18 | continuation(at + 1) << 12 | continuation(at + 2) << 6 |
               continuation(at + 3);
    }
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0U) != 0x80U) {
            length = 1;
            code = 0;
        }
    }
    reader->at += length;
    return code;
}

static uint32_t fold_code(uint32_t code)
{
    unsigned low = 0;
    unsigned high = FOLD_RUN_COUNT;

    if (code < 0x80) {
        if (code >= 'A' && code <= 'Z') {
            return code + ('a' - 'A');
        }
        return (code >= 'a' && code <= 'z') || (code >= '0' && code <= '9') ? code : NO_LETTER;
    }
    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (FOLD_RUNS[middle].last < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == FOLD_RUN_COUNT || FOLD_RUNS[low].first > code) {
        return NO_LETTER;
    }
    if (FOLD_RUNS[low].step == FOLD_DROP) {
        return LEFT_OUT;
    }
    return (uint32_t)((int32_t)code + FOLD_RUNS[low].step);
}

static bool is_unspaced(uint32_t code)
{
    if (code < UNSPACED[0].first) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(UNSPACED); i++) {
        if (code >= UNSPACED[i].first && code <= UNSPACED[i].last) {
            return true;
        }
    }
    return false;
}

bool fold_next(struct fold_reader *reader, struct fold_word *ret_word)
{
    ret_word->count = 0;
    ret_word->digits = false;
    ret_word->unspaced = false;
    while (reader->at < reader->end && ret_word->count < FOLD_WORD_MAX) {
        const uint8_t *before = reader->at;
        uint32_t code = fold_code(read_code(reader));
        bool unspaced;

        if (code == LEFT_OUT) {
            continue;
        }
        if (code == NO_LETTER) {
            if (ret_word->count > 0) {
                return true;
            }
            continue;
        }
        unspaced = is_unspaced(code);
        if (ret_word->count > 0 && unspaced != ret_word->unspaced) {
            reader->at = before;
            return true;
        }
        ret_word->unspaced = unspaced;
        ret_word->digits |= code >= '0' && code <= '9';
        ret_word->codes[ret_word->count++] = code;
    }
    return ret_word->count > 0;
}
