/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Quality of chunks. Nothing is allocated, blocks or logs.
 */
#include "workers/index/quality.h"

#include "common/cleanup.h"
#include "workers/index/characters.h"

#define FULL_SHARE 0.75F

float quality_length(uint64_t characters, uint32_t size)
{
    float share = (float)characters / ((float)size * FULL_SHARE);

    return share < 1 ? share : 1;
}

static float seam_share(enum seam seam)
{
    static const float shares[SEAM_COUNT] = {
        [SEAM_CHARACTER] = 0, [SEAM_WORD] = 1.0F / 3, [SEAM_CLAUSE] = 2.0F / 3, [SEAM_SENTENCE] = 1,
        [SEAM_LINE] = 1,      [SEAM_BLOCK] = 1,       [SEAM_HEADING] = 1,
    };

    return shares[seam];
}

float quality_boundary(enum seam start, enum seam end)
{
    return (seam_share(start) + seam_share(end)) / 2;
}

/* Brackets, by pairs: what opens, what closes. */
static const uint16_t BRACKETS[][2] = {
    {'(', ')'},       {'[', ']'},       {'{', '}'},       {0x3008, 0x3009}, {0x300A, 0x300B},
    {0x300C, 0x300D}, {0x300E, 0x300F}, {0x3010, 0x3011}, {0xFF08, 0xFF09},
};

/* Marks that come in pairs but open in one language and close in another, by families. */
static const uint16_t QUOTES[][3] = {
    {'"', '"', '"'},
    {0x201C, 0x201D, 0x201E},
    {0xAB, 0xBB, 0xBB},
};

struct pairs {
    uint32_t open[ARRAY_LEN(BRACKETS)];
    uint32_t quotes[ARRAY_LEN(QUOTES)];
    uint32_t total, single;
};

static void count_mark(struct pairs *pairs, uint32_t character)
{
    for (size_t i = 0; i < ARRAY_LEN(BRACKETS); i++) {
        if (character == BRACKETS[i][0]) {
            pairs->open[i]++;
            pairs->total++;
        } else if (character == BRACKETS[i][1]) {
            pairs->total++;
            if (pairs->open[i] > 0) {
                pairs->open[i]--;
            } else {
                pairs->single++;
            }
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(QUOTES); i++) {
        if (character == QUOTES[i][0] || character == QUOTES[i][1] || character == QUOTES[i][2]) {
            pairs->quotes[i]++;
            pairs->total++;
        }
    }
}

static bool is_mark(uint32_t character)
{
    if (character < 0x80) {
        return character == '(' || character == ')' || character == '[' || character == ']' ||
               character == '{' || character == '}' || character == '"';
    }
    return character == 0xAB || character == 0xBB || (character >= 0x201C && character <= 0x201E) ||
           (character >= 0x3008 && character <= 0x3011) || character == 0xFF08 ||
           character == 0xFF09;
}

static float paired_share(const char *text, size_t size_bytes)
{
    struct pairs pairs = {.total = 0};

    for (size_t offset = 0; offset < size_bytes;) {
        uint32_t character = character_next(text, &offset);

        if (is_mark(character)) {
            count_mark(&pairs, character);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(BRACKETS); i++) {
        pairs.single += pairs.open[i];
    }
    for (size_t i = 0; i < ARRAY_LEN(QUOTES); i++) {
        pairs.single += pairs.quotes[i] % 2;
    }
    return pairs.total > 0 ? 1 - (float)pairs.single / (float)pairs.total : 1;
}

float quality_completeness(const char *text, size_t size_bytes, uint64_t characters,
                           uint64_t partial)
{
    float whole = 1 - (float)partial / (float)characters;

    return (whole + paired_share(text, size_bytes)) / 2;
}
