/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chunks of any body: random ones, other scripts, bodies of one kind of character. chunk_sketch
 * demands what holds for all; here it is that no word, sentence, row or section is cut that need
 * not be.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "chunk_sketch.h"
#include "common/cleanup.h"
#include "workers/index/characters.h"
#include "workers/index/sentences.h"

#define BODIES 400
#define BLOCK_MAX_BYTES 6000

static uint64_t random_state;

/* xorshift64*: the same bodies every time. */
static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % bound;
}

static const char *const WORDS[] = {
    "a",
    "the",
    "word",
    "sentence",
    "Dr.",
    "e.g.",
    "3.14",
    "end.",
    "What?",
    "stop!",
    "comma,",
    "(bracket",
    "closed)",
    "\"quoted",
    "text.\"",
    "\u00DCber",
    "na\u00EFve",
    "\u65E5\u672C\u8A9E",
    "\u6587\u3002",
    "\u3042\u308A\u3001",
    "\u0E2A\u0E27\u0E31\u0E2A\u0E14\u0E35",
    "\u0645\u0631\u062D\u0628\u0627",
    "\u05E9\u05DC\u05D5\u05DD.",
    "\U0001F469\u200D\U0001F4BB",
    "e\u0301\u0302",
    "\U0001F1E9\U0001F1EA",
    "10\u00A0kg",
    "pneumonoultramicroscopicsilicovolcano",
};
static const char *const SPACES[] = {" ", " ", " ", " ", " ", "  ", "\u3000", "\t", "\n"};

static size_t random_text(char *text, uint32_t words, bool lines)
{
    size_t used = 0;

    for (uint32_t i = 0; i < words && used < BLOCK_MAX_BYTES - 300; i++) {
        const char *word = WORDS[random_below(ARRAY_LEN(WORDS))];
        const char *space = SPACES[random_below(ARRAY_LEN(SPACES) - 1)];
        uint32_t repeats = random_below(200) == 0 ? random_below(6) + 1 : 1;

        if (lines && random_below(6) == 0) {
            space = "\n    ";
        }
        for (uint32_t n = 0; n < repeats; n++) {
            used += strlen(strcpy(text + used, word));
        }
        if (i + 1 < words) {
            used += strlen(strcpy(text + used, space));
        }
    }
    return character_trim(text, 0, used);
}

static void random_body(struct chunk_sketch *sketch, uint32_t blocks)
{
    static const enum page_block_kind kinds[] = {
        PAGE_BLOCK_TEXT,      PAGE_BLOCK_TEXT, PAGE_BLOCK_TEXT,  PAGE_BLOCK_HEADING,
        PAGE_BLOCK_LIST_ITEM, PAGE_BLOCK_CODE, PAGE_BLOCK_TABLE, PAGE_BLOCK_CAPTION,
    };
    char text[BLOCK_MAX_BYTES];

    for (uint32_t i = 0; i < blocks; i++) {
        enum page_block_kind kind = kinds[random_below(ARRAY_LEN(kinds))];
        bool lines = kind == PAGE_BLOCK_CODE || kind == PAGE_BLOCK_TABLE;
        uint32_t words = kind == PAGE_BLOCK_HEADING ? 1 + random_below(8) : 1 + random_below(300);
        size_t size_bytes = random_text(text, words, lines);
        uint8_t level =
            kind == PAGE_BLOCK_HEADING ? (uint8_t)(1 + random_below(6)) : (uint8_t)random_below(2);
        struct body_block *block =
            chunk_sketch_add_n(sketch, kind, level, 1 + i / 4, text, size_bytes);

        block->table = kind == PAGE_BLOCK_TABLE ? i + 1 : 0;
    }
}

/* --- where chunks of level 0 begin in the body, their overlap left out --- */

/* Blocks that a text of the body has at or behind byte, and where it stands in them. */
struct cursor {
    const struct chunk_sketch *sketch;
    size_t block;
    size_t block_start; /* byte of the body */
};

static void seek(struct cursor *cursor, size_t byte)
{
    const struct body_block *block = &cursor->sketch->blocks[cursor->block];

    while (byte >= cursor->block_start + block->text_bytes) {
        cursor->block_start += block->text_bytes;
        cursor->block++;
        block++;
        cursor->block_start += strlen(block->joint);
    }
}

/* The sentence or line around offset. */
static size_t unit_around(const struct body_block *block, size_t offset, size_t *ret_start)
{
    size_t start = 0;
    size_t end = 0;
    bool lines = block->kind == PAGE_BLOCK_CODE || block->kind == PAGE_BLOCK_TABLE;

    while (end <= offset) {
        start = character_skip_space(block->text, end, block->text_bytes);
        if (lines) {
            const char *feed = memchr(block->text + start, '\n', block->text_bytes - start);

            end = feed ? (size_t)(feed - block->text) : block->text_bytes;
        } else {
            end = sentence_end(block->text, block->text_bytes, start);
        }
    }
    *ret_start = start;
    return character_trim(block->text, start, end);
}

static void check_start(const struct body_block *block, size_t offset, uint32_t size)
{
    size_t start;
    size_t end = unit_around(block, offset, &start);
    size_t before = offset;
    size_t at = offset;

    if (start == offset) {
        return;
    }
    cr_assert_gt(character_count(block->text + start, end - start), size,
                 "a sentence is cut that fits: %.*s", (int)(end - start), block->text + start);
    cr_assert_gt(offset, 0);
    if (!character_ends_word(character_previous(block->text, &before)) &&
        !character_may_part(character_next(block->text, &before),
                            character_next(block->text, &at))) {
        size_t first = offset;
        size_t last = offset;

        while (first > start) {
            size_t previous = first;

            if (character_ends_word(character_previous(block->text, &previous))) {
                break;
            }
            first = previous;
        }
        while (last < end) {
            size_t next = last;

            if (character_ends_word(character_next(block->text, &next))) {
                break;
            }
            last = next;
        }
        cr_assert_gt(character_count(block->text + first, last - first), size,
                     "a word is cut that fits: %.*s", (int)(last - first), block->text + first);
    }
}

/* Each chunk of level 0 begins where it may. */
static void check_starts(const struct chunk_sketch *sketch, uint32_t size)
{
    struct cursor cursor = {.sketch = sketch};
    size_t byte = 0;

    for (uint32_t i = 0; i < sketch->searched; i++) {
        const struct chunk_record *chunk = &sketch->chunks[i];
        const struct body_block *block;
        size_t offset;

        byte += strlen(chunk->joint);
        seek(&cursor, byte);
        block = &sketch->blocks[cursor.block];
        offset = byte - cursor.block_start;
        if (offset > 0) {
            check_start(block, offset, size);
            if (block->kind == PAGE_BLOCK_TABLE || block->kind == PAGE_BLOCK_LIST_ITEM) {
                size_t above = cursor.block;
                size_t headed = character_count(block->text, block->text_bytes);

                while (above > 0 && sketch->blocks[above - 1].kind == PAGE_BLOCK_HEADING) {
                    above--;
                    headed += 2 + character_count(sketch->blocks[above].text,
                                                  sketch->blocks[above].text_bytes);
                }
                cr_assert_gt(headed, size, "a table or item is cut that fits");
            }
        }
        byte += chunk->text_bytes - chunk->overlap_bytes;
    }
}

/* No chunk has a heading in it that is not below the last of its own, behind those it begins with;
 * none ends with one that has text under it. */
static void check_sections(const struct chunk_sketch *sketch)
{
    struct cursor cursor = {.sketch = sketch};
    size_t byte = 0;

    for (uint32_t i = 0; i < sketch->searched; i++) {
        const struct chunk_record *chunk = &sketch->chunks[i];
        uint8_t level = chunk->heading_count > 0 ? chunk->heading_levels[chunk->heading_count - 1]
                                                 : CHUNK_HEADINGS_MAX;
        size_t end;
        bool leading = true;

        byte += strlen(chunk->joint);
        end = byte + chunk->text_bytes - chunk->overlap_bytes;
        seek(&cursor, byte);
        for (size_t b = cursor.block, start = cursor.block_start; start < end;) {
            const struct body_block *block = &sketch->blocks[b];
            bool heading = block->kind == PAGE_BLOCK_HEADING;

            leading = leading && heading;
            cr_assert(!heading || leading || start < byte || block->level > level,
                      "chunk %u crosses a heading", chunk->ordinal);
            start += block->text_bytes;
            b++;
            start += b < sketch->block_count ? strlen(sketch->blocks[b].joint) : 1;
            if (!leading && heading && b < sketch->block_count && start > end) {
                cr_assert(sketch->blocks[b].kind == PAGE_BLOCK_HEADING,
                          "a heading is left alone at the end of chunk %u", chunk->ordinal);
            }
        }
        byte = end;
    }
}

Test(index_chunks_any, of_random_bodies)
{
    for (uint32_t seed = 1; seed <= BODIES; seed++) {
        struct chunk_sketch sketch;
        uint32_t size;

        random_state = seed * UINT64_C(0x9E3779B97F4A7C15);
        chunk_sketch_init(&sketch);
        random_body(&sketch, 1 + random_below(40));
        size = seed % 4 == 0 ? 1024 : 64 + random_below(700);
        chunk_sketch_cut_plain(&sketch, size, random_below((size - 1) / 2 + 1));
        check_starts(&sketch, size);
        check_sections(&sketch);
        chunk_sketch_deinit(&sketch);
    }
}

Test(index_chunks_any, of_random_bodies_in_levels)
{
    for (uint32_t seed = 1; seed <= BODIES / 4; seed++) {
        struct chunk_sketch sketch;
        struct chunk_sizes sizes = {.count = 2 + seed % 2};

        random_state = seed * UINT64_C(0xD1B54A32D192ED03);
        chunk_sketch_init(&sketch);
        random_body(&sketch, 1 + random_below(40));
        sizes.sizes[0] = 64 + random_below(500);
        sizes.sizes[1] = sizes.sizes[0] + 1 + random_below(600);
        sizes.sizes[2] = sizes.sizes[1] + 1 + random_below(4000);
        sizes.overlap = random_below((sizes.sizes[0] - 1) / 2 + 1);
        chunk_sketch_cut(&sketch, &sizes);
        check_starts(&sketch, sizes.sizes[0]);
        check_sections(&sketch);
        chunk_sketch_deinit(&sketch);
    }
}

Test(index_chunks_any, the_same_each_time)
{
    struct chunk_sketch one;
    struct chunk_sketch other;

    random_state = 7;
    chunk_sketch_init(&one);
    random_body(&one, 30);
    chunk_sketch_cut_plain(&one, 512, 64);
    random_state = 7;
    chunk_sketch_init(&other);
    random_body(&other, 30);
    chunk_sketch_cut_plain(&other, 512, 64);
    cr_assert_eq(one.chunk_count, other.chunk_count);
    for (size_t i = 0; i < one.chunk_count; i++) {
        cr_assert_str_eq(one.chunks[i].sha256, other.chunks[i].sha256);
    }
    chunk_sketch_deinit(&one);
    chunk_sketch_deinit(&other);
}

/* --- one text over and over --- */

static void cut_repeated(struct chunk_sketch *sketch, const char *text, size_t times)
{
    size_t size_bytes = strlen(text) * times;
    char *repeated = malloc(size_bytes + 1);

    cr_assert_not_null(repeated);
    for (size_t i = 0; i < times; i++) {
        memcpy(repeated + i * strlen(text), text, strlen(text));
    }
    repeated[size_bytes] = '\0';
    chunk_sketch_init(sketch);
    chunk_sketch_add_n(sketch, PAGE_BLOCK_TEXT, 0, 1, repeated,
                       character_trim(repeated, 0, size_bytes));
    chunk_sketch_cut_plain(sketch, 1024, 128);
    free(repeated);
}

Test(index_chunks_any, a_megabyte_without_a_space)
{
    struct chunk_sketch sketch;

    cut_repeated(&sketch, "0123456789abcdef", 65536);
    cr_expect_eq(sketch.chunk_count, 1024);
    cr_expect_float_eq(sketch.chunks[1].boundary_quality, 0, 1e-6);
    chunk_sketch_deinit(&sketch);
}

Test(index_chunks_any, clusters_of_a_long_word_are_whole)
{
    struct chunk_sketch sketch;

    cut_repeated(&sketch, "\U0001F469\u200D\U0001F469\u200D\U0001F467e\u0301\U0001F1E9\U0001F1EA",
                 2000);
    cr_expect_gt(sketch.chunk_count, 10);
    for (size_t i = 0; i < sketch.chunk_count; i++) {
        const char *text = sketch.chunks[i].text;

        cr_expect(strncmp(text, "\U0001F469", 4) == 0 || text[0] == 'e' ||
                      strncmp(text, "\U0001F1E9", 4) == 0,
                  "chunk %zu begins within a cluster", i);
    }
    chunk_sketch_deinit(&sketch);
}

Test(index_chunks_any, chinese_ends_at_its_full_stops)
{
    struct chunk_sketch sketch;

    cut_repeated(&sketch,
                 "\u6211\u4EEC\u4ECA\u5929\u53BB\u5B66\u6821\uFF0C\u7136\u540E\u56DE"
                 "\u5BB6\u3002\u4F60\u597D\uFF01",
                 500);
    cr_expect_gt(sketch.chunk_count, 8);
    for (size_t i = 0; i < sketch.chunk_count; i++) {
        cr_expect_float_eq(sketch.chunks[i].boundary_quality, 1, 1e-6);
    }
    chunk_sketch_deinit(&sketch);
}

Test(index_chunks_any, chinese_without_marks_is_cut_between_ideographs)
{
    struct chunk_sketch sketch;

    cut_repeated(&sketch, "\u6211\u4EEC\u4ECA\u5929\u53BB\u5B66\u6821", 1000);
    cr_expect_gt(sketch.chunk_count, 6);
    cr_expect_gt(sketch.chunks[1].overlap_bytes, 0);
    chunk_sketch_deinit(&sketch);
}

Test(index_chunks_any, thai_is_cut_at_its_spaces)
{
    struct chunk_sketch sketch;

    cut_repeated(&sketch, "\u0E2A\u0E27\u0E31\u0E2A\u0E14\u0E35\u0E04\u0E23\u0E31\u0E1A ", 600);
    cr_expect_gt(sketch.chunk_count, 5);
    for (size_t i = 0; i < sketch.chunk_count; i++) {
        cr_expect_eq(strncmp(sketch.chunks[i].text, "\u0E2A\u0E27", 6), 0);
    }
    chunk_sketch_deinit(&sketch);
}

Test(index_chunks_any, hebrew_ends_at_its_sentences)
{
    struct chunk_sketch sketch;

    cut_repeated(&sketch, "\u05E9\u05DC\u05D5\u05DD \u05E2\u05D5\u05DC\u05DD. ", 600);
    cr_expect_gt(sketch.chunk_count, 5);
    for (size_t i = 0; i < sketch.chunk_count; i++) {
        cr_expect_float_eq(sketch.chunks[i].boundary_quality, 1, 1e-6);
    }
    chunk_sketch_deinit(&sketch);
}

/* A sentence of 16 MB, all words: as fast as any other, and no more memory. */
Test(index_chunks_any, one_endless_sentence, .timeout = 100)
{
    struct chunk_sketch sketch;

    cut_repeated(&sketch, "endless words ", 1U << 20);
    cr_expect_gt(sketch.chunk_count, 14000);
    chunk_sketch_deinit(&sketch);
}

Test(index_chunks_any, white_space_at_odd_places)
{
    struct chunk_sketch sketch;

    chunk_sketch_init(&sketch);
    chunk_sketch_add(&sketch, PAGE_BLOCK_TEXT, 0, 1, "  \n ");
    chunk_sketch_add(&sketch, PAGE_BLOCK_HEADING, 1, 1, "  Title   of\n it ");
    chunk_sketch_add(&sketch, PAGE_BLOCK_TEXT, 0, 1, "\u00A0");
    chunk_sketch_add(&sketch, PAGE_BLOCK_CODE, 0, 1, "    indented\n\n\n      more\n");
    chunk_sketch_cut_plain(&sketch, 64, 10);
    cr_assert_eq(sketch.chunk_count, 1);
    cr_expect_str_eq(sketch.chunks[0].headings[0], "Title of it");
    cr_expect_str_eq(sketch.chunks[0].joint, "  \n \n\n  ");
    chunk_sketch_deinit(&sketch);
}

/* Wherever a chunk ends, the white space behind it is a joint of its own length. */
Test(index_chunks_any, much_white_space)
{
    struct chunk_sketch sketch;
    char text[20001];

    memset(text, ' ', sizeof(text));
    text[0] = 'a';
    text[sizeof(text) - 1] = 'b';
    chunk_sketch_init(&sketch);
    chunk_sketch_add_n(&sketch, PAGE_BLOCK_CODE, 0, 1, text, sizeof(text));
    chunk_sketch_cut_plain(&sketch, 64, 10);
    cr_assert_eq(sketch.chunk_count, 2);
    cr_expect_eq(strlen(sketch.chunks[1].joint), sizeof(text) - 2);
    chunk_sketch_deinit(&sketch);
}
