/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What looks like words and is none. */
#include <criterion/criterion.h>
#include <string.h>

#include "workers/ocr/noise.h"

#define WORDS_MAX 32

static struct ocr_word words[WORDS_MAX];
static struct ocr_reading reading;

static void setup(void)
{
    memset(words, 0, sizeof(words));
    reading = (struct ocr_reading){.words = words};
}

TestSuite(ocr_noise, .init = setup);

/* A word of that height, ten pixels a character, on a line of its own or on the last. */
static struct ocr_word *add(const char *text, bool new_line, float x, float height, int confidence)
{
    struct ocr_word *word = &words[reading.count];

    cr_assert(reading.count < WORDS_MAX);
    *word = (struct ocr_word){.text = text,
                              .text_bytes = (uint32_t)strlen(text),
                              .confidence = (uint8_t)confidence,
                              .line = reading.count > 0 ? word[-1].line + new_line : 1};
    word->box = (struct ocr_box){x, 100, x + 10 * (float)strlen(text), 100 + height};
    reading.count++;
    return word;
}

static void add_text(void)
{
    for (int i = 0; i < 8; i++) {
        add("lorem", true, 100, 20, 95);
        add("ipsum", false, 160, 20, 95);
    }
}

static bool has(const char *text)
{
    for (uint32_t i = 0; i < reading.count; i++) {
        if (strcmp(words[i].text, text) == 0) {
            return true;
        }
    }
    return false;
}

Test(ocr_noise, text_stays)
{
    add_text();
    cr_assert_eq(noise_remove(&reading), 0);
    cr_assert_eq(reading.count, 16);
}

Test(ocr_noise, specks_go)
{
    add_text();
    add("r", true, 500, 4, 60);
    add("lorem", true, 100, 20, 95);
    cr_assert_eq(noise_remove(&reading), 1);
    cr_assert_not(has("r"));
    cr_assert_eq(reading.count, 17);
}

Test(ocr_noise, a_few_doubtful_characters_alone_go)
{
    add_text();
    add("Fe", true, 500, 22, 37);
    noise_remove(&reading);
    cr_assert_not(has("Fe"));
}

Test(ocr_noise, beside_good_words_they_stay)
{
    add_text();
    add("Section", true, 100, 20, 96);
    add("4", false, 180, 20, 30);
    add("begins", false, 200, 20, 96);
    cr_assert_eq(noise_remove(&reading), 0);
    cr_assert(has("4"));
}

Test(ocr_noise, behind_a_gap_they_do_not)
{
    add_text();
    add("Section", true, 100, 20, 96);
    add("4", false, 400, 20, 30);
    cr_assert_eq(noise_remove(&reading), 1);
    cr_assert(has("Section"));
    cr_assert_not(has("4"));
}

Test(ocr_noise, doubtful_words_of_ordinary_size_stay)
{
    add_text();
    add("canvas.setFillColor", true, 100, 20, 10);
    cr_assert_eq(noise_remove(&reading), 0);
}

Test(ocr_noise, doubtful_giants_go)
{
    add_text();
    add("WWMWWMWW", true, 100, 120, 10);
    cr_assert_eq(noise_remove(&reading), 1);
}

Test(ocr_noise, a_headline_stays)
{
    add_text();
    add("HEADLINE", true, 100, 120, 85);
    cr_assert_eq(noise_remove(&reading), 0);
}

Test(ocr_noise, nothing_of_nothing)
{
    cr_assert_eq(noise_remove(&reading), 0);
}
