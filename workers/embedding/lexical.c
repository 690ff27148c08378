/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-lexical-512.
 *
 * A text is a bag of features: words, pairs of neighbouring words, and the character trigrams of
 * each word between two marks for its ends (a run of a script without spaces: its characters and
 * its pairs of them). A feature's value is its weight times 1 + ln(how often it comes). Its hash
 * says to which of the 512 components it is added, and with which sign; each kind is hashed with a
 * seed of its own. The weights:
 *
 * - a word counts by its length, as short words are frequent ones in every language, and little
 *   when it is one of the function words; one with a digit counts fully;
 * - a pair counts by the lesser of its words, and not at all with a function word;
 * - the trigrams of a word have together, in length, a share of what the word has, so that long
 *   words do not drown the others; they are what makes inflected and compound words meet.
 *
 * A component is an integer, a sum of products of integers; only bringing the vector to length 1
 * takes a square root and divisions, which IEEE 754 rounds in one way. So the vector is the same to
 * the bit everywhere. What changes a vector has to change the model's name.
 *
 * Invariants: a text of any size takes the same memory: when the table of features is full, what it
 * has is added to the vector, and counting begins anew.
 *
 * Nothing blocks, allocates or logs.
 */
#include "workers/embedding/lexical.h"

#include <math.h>
#include <string.h>

#include "workers/embedding/fold.h"
#include "workers/embedding/function_words.h"

#define SLOTS_MIN 1024U
#define SLOTS_MAX 16384U
#define MARK 1U /* at a word's ends: no character of one */

#define SEED_WORD UINT64_C(0x9e3779b97f4a7c15)
#define SEED_PAIR UINT64_C(0xc2b2ae3d27d4eb4f)
#define SEED_TRIGRAM UINT64_C(0x165667b19e3779f9)

/* Weights in 1/1024. */
#define UNIT 1024U
#define FUNCTION_WORD 60U
#define PAIR_SHARE 200U
#define TRIGRAM_SHARE 1500U

struct feature {
    uint64_t hash; /* 0: the slot is free */
    uint32_t weight;
    uint32_t count;
};

struct bag {
    struct feature slots[SLOTS_MAX];
    uint32_t mask, used, most;
    int64_t sums[LEXICAL_DIMENSIONS];
};

/* Weight of a word by its length in characters, 1 and up. */
static const uint32_t BY_LENGTH[] = {0, 300, 450, 650, 800, 900, 960, 1000};

/* 1024 / sqrt(n), rounded: what one of n trigrams has of all. */
static const uint32_t ROOT_SHARE[] = {0,   1024, 724, 591, 512, 458, 418, 387, 362, 341, 324,
                                      309, 296,  284, 274, 264, 256, 248, 241, 235, 229, 223,
                                      218, 214,  209, 205, 201, 197, 194, 190, 187, 184, 181};

/* 1024 * (1 + ln n), rounded, for 1 to 16; above, each doubling adds 1024 * ln 2. */
static const uint32_t SUBLINEAR[] = {0,    1024, 1734, 2149, 2444, 2672, 2859, 3017, 3153,
                                     3274, 3382, 3479, 3569, 3651, 3726, 3797, 3863};

static uint32_t sublinear(uint32_t count)
{
    uint32_t doublings = 0;

    while (count > 16) {
        count = count / 2 + count % 2;
        doublings++;
    }
    return SUBLINEAR[count] + doublings * 710;
}

/* A bijection of 64 bits in which each bit of the input moves about half of the output's. */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    return x;
}

static uint64_t hash_codes(uint64_t seed, const uint32_t *codes, uint32_t count)
{
    uint64_t hash = seed;

    for (uint32_t i = 0; i < count; i++) {
        hash = mix(hash ^ codes[i]);
    }
    return hash;
}

static void add_to_vector(struct bag *bag)
{
    for (uint32_t i = 0; i <= bag->mask; i++) {
        const struct feature *feature = &bag->slots[i];

        if (feature->hash != 0) {
            int64_t value = (int64_t)feature->weight * sublinear(feature->count) / UNIT;

            bag->sums[feature->hash % LEXICAL_DIMENSIONS] += feature->hash >> 63 ? -value : value;
        }
    }
    memset(bag->slots, 0, (bag->mask + 1) * sizeof(bag->slots[0]));
    bag->used = 0;
}

static void add_feature(struct bag *bag, uint64_t hash, uint32_t weight)
{
    uint32_t at;

    if (weight == 0) {
        return;
    }
    hash += hash == 0;
    /* The bits in the middle: the lowest choose the component, the highest the sign. */
    for (at = (uint32_t)(hash >> 20) & bag->mask; bag->slots[at].hash != 0;
         at = (at + 1) & bag->mask) {
        if (bag->slots[at].hash == hash) {
            bag->slots[at].count++;
            if (weight > bag->slots[at].weight) {
                bag->slots[at].weight = weight;
            }
            return;
        }
    }
    bag->slots[at] = (struct feature){.hash = hash, .weight = weight, .count = 1};
    if (++bag->used == bag->most) {
        add_to_vector(bag);
    }
}

static uint32_t word_weight(const struct fold_word *word, bool is_function_word)
{
    const uint32_t longest = sizeof(BY_LENGTH) / sizeof(BY_LENGTH[0]) - 1;

    if (is_function_word) {
        return FUNCTION_WORD;
    }
    if (word->digits && word->count > 1) {
        return UNIT;
    }
    return word->count > longest ? UNIT : BY_LENGTH[word->count];
}

static void add_trigrams(struct bag *bag, const struct fold_word *word, uint32_t weight)
{
    const uint32_t most = sizeof(ROOT_SHARE) / sizeof(ROOT_SHARE[0]) - 1;
    uint32_t codes[FOLD_WORD_MAX + 2];
    uint32_t share = ROOT_SHARE[word->count < most ? word->count : most];

    codes[0] = MARK;
    memcpy(codes + 1, word->codes, word->count * sizeof(codes[0]));
    codes[word->count + 1] = MARK;
    for (uint32_t i = 0; i < word->count; i++) {
        add_feature(bag, hash_codes(SEED_TRIGRAM, codes + i, 3),
                    weight * TRIGRAM_SHARE / UNIT * share / UNIT);
    }
}

/* Of a run without spaces: the pairs are what words are elsewhere. */
static void add_unspaced(struct bag *bag, const struct fold_word *run)
{
    for (uint32_t i = 0; i < run->count; i++) {
        add_feature(bag, hash_codes(SEED_TRIGRAM, run->codes + i, 1), UNIT / 3);
        if (i + 1 < run->count) {
            add_feature(bag, hash_codes(SEED_WORD, run->codes + i, 2), UNIT);
        }
    }
}

static void add_words(struct bag *bag, struct fold_reader *reader)
{
    uint64_t last_hash = 0;
    uint32_t last_weight = 0; /* 0: no pair with the word before this */
    struct fold_word word;

    while (fold_next(reader, &word)) {
        bool is_function_word;
        uint32_t weight;
        uint64_t hash;

        if (word.unspaced) {
            add_unspaced(bag, &word);
            last_weight = 0;
            continue;
        }
        is_function_word = function_word_is(&word);
        weight = word_weight(&word, is_function_word);
        hash = hash_codes(SEED_WORD, word.codes, word.count);
        add_feature(bag, hash, weight);
        if (is_function_word) {
            last_weight = 0;
            continue;
        }
        add_trigrams(bag, &word, weight);
        if (last_weight > 0) {
            add_feature(bag, mix(mix(last_hash ^ SEED_PAIR) ^ hash),
                        (weight < last_weight ? weight : last_weight) * PAIR_SHARE / UNIT);
        }
        last_hash = hash;
        last_weight = weight;
    }
}

bool lexical_embed(const char *text, size_t size_bytes, float ret_vector[LEXICAL_DIMENSIONS])
{
    struct bag bag;
    struct fold_reader reader;
    uint32_t slots = SLOTS_MIN;
    double square = 0;
    double length;

    /* A byte gives two features at most: three slots for it are never full. */
    while (slots < SLOTS_MAX && slots < 3 * size_bytes) {
        slots *= 2;
    }
    bag.mask = slots - 1;
    bag.used = 0;
    bag.most = SLOTS_MAX / 4 * 3;
    memset(bag.slots, 0, slots * sizeof(bag.slots[0]));
    memset(bag.sums, 0, sizeof(bag.sums));
    fold_init(&reader, text, size_bytes);
    add_words(&bag, &reader);
    add_to_vector(&bag);
    for (uint32_t i = 0; i < LEXICAL_DIMENSIONS; i++) {
        square += (double)bag.sums[i] * (double)bag.sums[i];
    }
    if (square <= 0) {
        return false;
    }
    length = sqrt(square);
    for (uint32_t i = 0; i < LEXICAL_DIMENSIONS; i++) {
        ret_vector[i] = (float)((double)bag.sums[i] / length);
    }
    return true;
}
