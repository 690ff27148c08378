/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* ebb-lexical-512: the same everywhere, folded, and near where words are shared. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/hash.h"
#include "workers/embedding/fold.h"
#include "workers/embedding/function_words.h"
#include "workers/embedding/lexical.h"

#define PASSAGE                                                                                    \
    "The kiln is heated slowly to 980 degrees so that the water in the clay can escape. "          \
    "Glazed tiles are then cooled for twelve hours; cooling them faster cracks the glaze."
#define OTHER                                                                                      \
    "Members of the committee vote by show of hands. A motion is carried when more than half of "  \
    "those present are in favour, and the secretary writes the result into the minutes."

static void embed(const char *text, float ret_vector[LEXICAL_DIMENSIONS])
{
    cr_assert(lexical_embed(text, strlen(text), ret_vector), "no vector of %s", text);
}

static double near(const char *a, const char *b)
{
    float va[LEXICAL_DIMENSIONS];
    float vb[LEXICAL_DIMENSIONS];
    double sum = 0;

    embed(a, va);
    embed(b, vb);
    for (unsigned i = 0; i < LEXICAL_DIMENSIONS; i++) {
        sum += (double)va[i] * (double)vb[i];
    }
    return sum;
}

static void digest(const char *text, char ret_hex[17])
{
    float vector[LEXICAL_DIMENSIONS];
    uint8_t bytes[sizeof(vector)];

    embed(text, vector);
    for (unsigned i = 0; i < LEXICAL_DIMENSIONS; i++) {
        uint32_t bits;

        memcpy(&bits, &vector[i], sizeof(bits));
        for (unsigned byte = 0; byte < 4; byte++) {
            bytes[i * 4 + byte] = (uint8_t)(bits >> (8 * byte));
        }
    }
    snprintf(ret_hex, 17, "%016llx", (unsigned long long)hash_fnv1a(bytes, sizeof(bytes)));
}

/* What changes these changes the model: libraries that were embedded before would compare vectors
 * that have nothing to do with each other. */
Test(lexical, vectors_are_those_of_the_model)
{
    static const struct {
        const char *text, *digest;
    } golden[] = {
        {"tile", "75df9199edb0a826"},
        {PASSAGE, "725e07c75a50f057"},
        {"Wärmedämmung von Außenwänden, Łódź, ÆØÅ, Ελληνικά, Кирилл", "6e8f6d0247837b46"},
        {"図書館で本を読む。ひらがな カタカナ 한국어", "547dc69dda45b9c4"},
    };

    for (size_t i = 0; i < ARRAY_LEN(golden); i++) {
        char hex[17];

        digest(golden[i].text, hex);
        cr_expect_str_eq(hex, golden[i].digest, "%s: %s", golden[i].text, hex);
    }
}

Test(lexical, length_is_one)
{
    static const char *const texts[] = {"a", "7", PASSAGE, OTHER, "字", "the of and"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        cr_expect(fabs(near(texts[i], texts[i]) - 1) < 1e-5, "%s", texts[i]);
    }
}

Test(lexical, nothing_to_embed)
{
    static const char *const texts[] = {"",        " ", "... --- !?", "\xff\xfe", "\xe2\x80\x94",
                                        "\xcc\x81"};
    float vector[LEXICAL_DIMENSIONS] = {7};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        cr_expect_not(lexical_embed(texts[i], strlen(texts[i]), vector), "text %zu", i);
    }
    cr_expect(vector[0] == 7, "a vector was written");
}

Test(lexical, case_accents_and_punctuation_do_not_matter)
{
    static const char *const pairs[][2] = {
        {"Porcelain TILE", "porcelain tile"},
        {"Wärmedämmung Café Łódź naïve", "warmedammung cafe łodz naive"},
        {"re-use, \"quoted\" (text)", "re use quoted text"},
        {"m² ﬀ Ａ１", "m2 ﬀ a1"},
        {"ΑΘΗΝΑ Москва", "αθηνα москва"},
        {"e\xcc\x81t\xc3\xa9", "ete"},
    };

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        char a[17];
        char b[17];

        digest(pairs[i][0], a);
        digest(pairs[i][1], b);
        cr_expect_str_eq(a, b, "%s and %s", pairs[i][0], pairs[i][1]);
    }
}

Test(lexical, a_question_is_nearer_to_what_answers_it)
{
    static const char *const of_passage[] = {
        "how hot does a kiln get for clay?",
        "why do glazes crack when a tile cools quickly",
        "heating of kilns",
    };
    static const char *const of_other[] = {
        "who notes down the results of voting in committees?",
        "when has a motion been carried",
        "is it enough when half of the members are in favor of it?",
    };

    for (size_t i = 0; i < ARRAY_LEN(of_passage); i++) {
        cr_expect(near(of_passage[i], PASSAGE) > near(of_passage[i], OTHER) + 0.1, "%s",
                  of_passage[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(of_other); i++) {
        cr_expect(near(of_other[i], OTHER) > near(of_other[i], PASSAGE) + 0.1, "%s", of_other[i]);
    }
}

Test(lexical, inflected_words_meet)
{
    cr_expect(near("tiles", "tile") > 0.4);
    cr_expect(near("Wandfliesen", "Fliese") > 0.3);
    cr_expect(near("chocolat chaud", "chocolats chauds") > 0.4);
    cr_expect(near("tile", "vote") < 0.2);
}

Test(lexical, function_words_weigh_little)
{
    static const char *const words[] = {"the", "of", "der", "und", "quelle", "what", "jest", "och"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct fold_reader reader;
        struct fold_word word;

        fold_init(&reader, words[i], strlen(words[i]));
        cr_assert(fold_next(&reader, &word));
        cr_expect(function_word_is(&word), "%s", words[i]);
    }
    cr_expect(near("what is the temperature of the kiln", "temperature kiln") > 0.9);
    cr_expect(near("what is the price of the book", "what is the name of the town") < 0.3);
}

Test(lexical, scripts_without_spaces_meet_in_pairs)
{
    cr_expect(near("図書館で本を読む", "図書館") > 0.5);
    cr_expect(near("図書館で本を読む", "電車に乗る") < 0.2);
    cr_expect(near("ห้องสมุดแห่งชาติ", "ห้องสมุด") > 0.5);
}

/* The table of features is emptied several times; every slot is used. */
Test(lexical, a_text_of_any_size)
{
    const size_t size_bytes = 1 << 20;
    AUTO_FREE char *text = malloc(size_bytes);
    float vector[LEXICAL_DIMENSIONS];
    uint32_t state = 1;

    cr_assert(text);
    for (size_t i = 0; i < size_bytes; i++) {
        state = state * 1664525 + 1013904223;
        text[i] = "abcdefghijklmnopqrstuvwxyz 0123"[(state >> 16) % 31];
    }
    cr_expect(lexical_embed(text, size_bytes, vector));
    for (size_t cut = 0; cut < 3000; cut++) {
        cr_expect(lexical_embed(text, cut + 1, vector));
    }
}

/* Any bytes are a text. */
Test(lexical, bytes_that_are_no_text)
{
    uint32_t state = 12345;

    for (int round = 0; round < 2000; round++) {
        char bytes[64];
        float vector[LEXICAL_DIMENSIONS];
        size_t size_bytes = (size_t)round % sizeof(bytes);

        for (size_t i = 0; i < size_bytes; i++) {
            state = state * 1664525 + 1013904223;
            bytes[i] = (char)(state >> 24);
        }
        if (lexical_embed(bytes, size_bytes, vector)) {
            double square = 0;

            for (unsigned i = 0; i < LEXICAL_DIMENSIONS; i++) {
                square += (double)vector[i] * (double)vector[i];
            }
            cr_expect(fabs(square - 1) < 1e-5);
        }
    }
}

Test(lexical, runs_of_the_table_are_in_order)
{
    for (unsigned i = 0; i < FOLD_RUN_COUNT; i++) {
        cr_assert(FOLD_RUNS[i].first <= FOLD_RUNS[i].last);
        cr_assert(i == 0 || FOLD_RUNS[i].first > FOLD_RUNS[i - 1].last, "run %u", i);
    }
}
