/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Noise among what was read.
 *
 * Judged by phrases, so that a small or doubtful word between good ones stays. A phrase goes when
 * it is far smaller than the page's text and not surely read, when it is a few characters that the
 * engine itself doubts, or when it is doubtful and of another size than any text near. Nothing
 * blocks or logs.
 */
#include "workers/ocr/noise.h"

#include <math.h>
#include <stdlib.h>

#include "workers/layout/text.h"

#define PHRASE_GAP 1.5F /* of the words' height: from here on, it is another phrase */
#define SAMPLES_MAX 512U
/* Against the median height of the page's words. */
#define TINY 0.4F
#define GIANT 4.0F
#define SURE 90.0F     /* percent: whatever it looks like, it stays */
#define DOUBTFUL 50.0F /* for a few characters */
#define HOPELESS 25.0F
#define FEW_CHARS 4U

struct phrase {
    float confidence; /* mean, by characters */
    float height;     /* of its highest word */
    float width;
    uint32_t chars;
};

static float height_of(const struct ocr_word *word)
{
    return word->vertical ? word->box.x1 - word->box.x0 : word->box.y1 - word->box.y0;
}

bool noise_same_phrase(const struct ocr_word *word, const struct ocr_word *next)
{
    float most = PHRASE_GAP * fmaxf(height_of(word), height_of(next));

    if (word->line != next->line) {
        return false;
    }
    return word->vertical ||
           (next->box.x0 - word->box.x1 <= most && word->box.x0 - next->box.x1 <= most);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

/* The median height of words that were well read, or of all where none was. */
static float usual_height(const struct ocr_reading *reading)
{
    float samples[SAMPLES_MAX];

    for (uint8_t least = 80;; least = 0) {
        uint32_t taken = 0;

        for (uint32_t i = 0; i < reading->count && taken < SAMPLES_MAX; i++) {
            if (reading->words[i].confidence >= least) {
                samples[taken++] = height_of(&reading->words[i]);
            }
        }
        if (taken > 0) {
            qsort(samples, taken, sizeof(samples[0]), by_value);
            return samples[taken / 2];
        }
        if (least == 0) {
            return 0;
        }
    }
}

static struct phrase measure(const struct ocr_word *words, uint32_t count)
{
    struct phrase phrase = {0};
    double sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t chars = text_count(words[i].text, words[i].text + words[i].text_bytes);

        phrase.chars += chars;
        sum += (double)chars * words[i].confidence;
        phrase.height = fmaxf(phrase.height, height_of(&words[i]));
        phrase.width += words[i].box.x1 - words[i].box.x0;
    }
    phrase.confidence = phrase.chars > 0 ? (float)(sum / phrase.chars) : 0;
    return phrase;
}

static bool is_noise(const struct phrase *phrase, float usual)
{
    if (phrase->confidence >= SURE || usual <= 0) {
        return false;
    }
    if (phrase->height < TINY * usual && phrase->width < usual * (float)phrase->chars) {
        return true;
    }
    if (phrase->chars <= FEW_CHARS) {
        return phrase->confidence < DOUBTFUL;
    }
    return phrase->confidence < HOPELESS && phrase->height > GIANT * usual;
}

uint32_t noise_remove(struct ocr_reading *reading)
{
    float usual = usual_height(reading);
    uint32_t kept = 0;
    uint32_t first = 0;
    uint32_t before = reading->count;

    for (uint32_t i = 0; i < before; i++) {
        if (i + 1 < before && noise_same_phrase(&reading->words[i], &reading->words[i + 1])) {
            continue;
        }
        struct phrase phrase = measure(&reading->words[first], i + 1 - first);

        if (!is_noise(&phrase, usual)) {
            for (uint32_t w = first; w <= i; w++) {
                reading->words[kept++] = reading->words[w];
            }
        }
        first = i + 1;
    }
    reading->count = kept;
    return before - kept;
}
