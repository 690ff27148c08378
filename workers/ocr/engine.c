/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tesseract, as ebb uses it.
 *
 * The neural models alone (OEM_LSTM_ONLY) on grey pixels; Tesseract's own layout finds lines and
 * words. What it learned from one image (its adaptive classifier, the document's own words) is
 * cleared before the next, so that a page's words do not depend on the pages read before.
 *
 * Nothing blocks but the loading of models, which reads files. Tesseract's own messages go to
 * /dev/null, Leptonica's are switched off.
 */
#include "workers/ocr/engine.h"

#include <leptonica/allheaders.h>
#include <stdlib.h>
#include <string.h>
#include <tesseract/capi.h>

#include "common/cleanup.h"
#include "workers/layout/text.h"

#define LANGUAGES_BYTES 256
#define SURE_CONFIDENCE 75

struct engine {
    struct engine_options options;
    TessBaseAPI *tesseract;
    ETEXT_DESC *monitor;
    char languages[LANGUAGES_BYTES]; /* loaded; "" for none */
    bool stopped;                    /* the last reading, by go_on */
};

static bool is_stopped(void *user, int words)
{
    struct engine *engine = user;

    (void)words;
    if (!engine->stopped && engine->options.go_on) {
        engine->stopped = !engine->options.go_on(engine->options.user);
    }
    return engine->stopped;
}

struct engine *engine_create(const struct engine_options *options, struct error *err)
{
    struct engine *engine = calloc(1, sizeof(*engine));

    if (!engine) {
        error_set(err, ERROR_MEMORY, "no memory for an engine");
        return NULL;
    }
    setMsgSeverity(L_SEVERITY_NONE);
    engine->options = *options;
    engine->tesseract = TessBaseAPICreate();
    engine->monitor = TessMonitorCreate();
    TessMonitorSetCancelFunc(engine->monitor, is_stopped);
    TessMonitorSetCancelThis(engine->monitor, engine);
    return engine;
}

void engine_destroy(struct engine *engine)
{
    if (engine) {
        TessBaseAPIDelete(engine->tesseract);
        TessMonitorDelete(engine->monitor);
        free(engine);
    }
}

/* Tesseract goes on without a model that is missing, as long as it has one. */
static bool has_loaded(const TessBaseAPI *tesseract, const char *name, size_t bytes)
{
    char **loaded = TessBaseAPIGetLoadedLanguagesAsVector(tesseract);
    bool found = false;

    for (size_t i = 0; loaded && loaded[i]; i++) {
        found = found || (strlen(loaded[i]) == bytes && memcmp(loaded[i], name, bytes) == 0);
    }
    TessDeleteTextArray(loaded);
    return found;
}

static bool has_loaded_all(const TessBaseAPI *tesseract, const char *languages)
{
    const char *end;

    for (const char *name = languages;; name = end + 1) {
        end = strchrnul(name, '+');
        if (!has_loaded(tesseract, name, (size_t)(end - name))) {
            return false;
        }
        if (!*end) {
            return true;
        }
    }
}

int engine_load(struct engine *engine, const char *languages, struct error *err)
{
    /* What Tesseract takes is char **, what it changes is nothing. */
    char names[1][16] = {"debug_file"};
    char values[1][16] = {"/dev/null"};
    char *name[] = {names[0]};
    char *value[] = {values[0]};

    if (strcmp(engine->languages, languages) == 0) {
        return 0;
    }
    if (strlen(languages) >= sizeof(engine->languages)) {
        return error_set(err, ERROR_LIMIT, "too many languages: %.64s...", languages);
    }
    engine->languages[0] = '\0';
    if (TessBaseAPIInit4(engine->tesseract, engine->options.models, languages, OEM_LSTM_ONLY, NULL,
                         0, name, value, 1, false) != 0 ||
        !has_loaded_all(engine->tesseract, languages)) {
        return error_set(err, ERROR_NOT_FOUND, "cannot load the models of %.64s from %.128s",
                         languages, engine->options.models);
    }
    TessBaseAPISetPageSegMode(engine->tesseract, PSM_AUTO);
    strcpy(engine->languages, languages);
    return 0;
}

int engine_set(struct engine *engine, const char *name, const char *value, struct error *err)
{
    if (!TessBaseAPISetVariable(engine->tesseract, name, value)) {
        return error_set(err, ERROR_INVALID, "Tesseract has no variable %s", name);
    }
    return 0;
}

/* --- what was read --- */

/* A growing list of words. */
struct collector {
    struct arena *arena;
    struct ocr_reading *reading;
    uint32_t capacity;
    uint32_t line; /* at hand */
    bool has_baseline;
    int x0, y0, x1, y1; /* the line's baseline */
    bool vertical;
};

/* Room for one word more. */
static bool grow(struct collector *collector)
{
    struct ocr_reading *reading = collector->reading;
    uint32_t bigger = collector->capacity ? collector->capacity * 2 : 512;
    struct ocr_word *words;

    if (reading->words && reading->count < collector->capacity) {
        return true;
    }
    words = arena_calloc(collector->arena, bigger, sizeof(*words));
    if (!words) {
        return false;
    }
    if (reading->words) {
        memcpy(words, reading->words, reading->count * sizeof(*words));
    }
    reading->words = words;
    collector->capacity = bigger;
    return true;
}

static void start_line(struct collector *collector, TessResultIterator *results)
{
    TessPageIterator *place = TessResultIteratorGetPageIterator(results);
    TessOrientation orientation;
    TessWritingDirection direction;
    TessTextlineOrder order;
    float skew;

    collector->line++;
    collector->has_baseline =
        TessPageIteratorBaseline(place, RIL_TEXTLINE, &collector->x0, &collector->y0,
                                 &collector->x1, &collector->y1) &&
        collector->x1 > collector->x0;
    TessPageIteratorOrientation(place, &orientation, &direction, &order, &skew);
    collector->vertical = direction == WRITING_DIRECTION_TOP_TO_BOTTOM;
}

static void set_place(const struct collector *collector, struct ocr_word *word)
{
    float middle = (word->box.x0 + word->box.x1) / 2;

    word->line = collector->line;
    word->vertical = collector->vertical;
    if (word->vertical) {
        word->baseline_px = middle;
    } else if (collector->has_baseline) {
        float slope =
            (float)(collector->y1 - collector->y0) / (float)(collector->x1 - collector->x0);

        word->baseline_px = (float)collector->y0 + (middle - (float)collector->x0) * slope;
    } else {
        word->baseline_px = word->box.y1;
    }
}

/* A copy without white space and control characters; "" where nothing is left of it, NULL where
 * there is no memory. */
static const char *copy_text(struct arena *arena, const char *text)
{
    const char *end = text + strlen(text);
    char *copy = arena_alloc(arena, (size_t)(end - text) * 3 + 1); /* U+FFFD takes three */
    char *out = copy;

    while (copy && text < end) {
        size_t bytes;
        uint32_t c = text_get(text, end, &bytes);

        text += bytes;
        if (c >= 0x20 && c != 0x7F && !text_is_space(c) && c != 0x200B && c != 0x200E &&
            c != 0x200F) { /* the marks of direction go, the joiners of Indic words stay */
            out = text_put(out, c);
        }
    }
    return copy; /* terminated: the arena's memory is zeroed */
}

static int add_word(struct collector *collector, TessResultIterator *results, struct error *err)
{
    struct ocr_reading *reading = collector->reading;
    TessPageIterator *place = TessResultIteratorGetPageIterator(results);
    struct ocr_word word = {0};
    int left, top, right, bottom;
    float confidence;
    char *text;

    if (!TessPageIteratorBoundingBox(place, RIL_WORD, &left, &top, &right, &bottom)) {
        return 0;
    }
    text = TessResultIteratorGetUTF8Text(results, RIL_WORD);
    if (!text) {
        return 0;
    }
    word.text = copy_text(collector->arena, text);
    TessDeleteText(text);
    if (!word.text || !grow(collector)) {
        return error_set(err, ERROR_MEMORY, "no memory for a word");
    }
    word.text_bytes = (uint32_t)strlen(word.text);
    if (word.text_bytes == 0) {
        return 0;
    }
    confidence = TessResultIteratorConfidence(results, RIL_WORD);
    word.confidence = (uint8_t)(confidence < 1 ? 1 : confidence > 100 ? 100 : confidence + 0.5F);
    word.box = (struct ocr_box){(float)left, (float)top, (float)right, (float)bottom};
    set_place(collector, &word);
    reading->words[reading->count++] = word;
    return 0;
}

static int collect(struct engine *engine, struct arena *arena, struct ocr_reading *reading,
                   struct error *err)
{
    struct collector collector = {.arena = arena, .reading = reading};
    TessResultIterator *results = TessBaseAPIGetIterator(engine->tesseract);
    TessPageIterator *place;
    int status = 0;

    if (!results) {
        return 0;
    }
    place = TessResultIteratorGetPageIterator(results);
    do {
        if (TessPageIteratorIsAtBeginningOf(place, RIL_TEXTLINE)) {
            start_line(&collector, results);
        }
        reading->full = reading->count == OCR_WORDS_MAX;
        status = reading->full ? 0 : add_word(&collector, results, err);
    } while (status == 0 && !reading->full && TessResultIteratorNext(results, RIL_WORD));
    TessResultIteratorDelete(results);
    return status;
}

int engine_read(struct engine *engine, struct Pix *image, unsigned dpi, struct arena *arena,
                struct ocr_reading *ret_reading, struct error *err)
{
    struct ocr_reading reading = {0};
    int status;

    engine->stopped = false;
    TessBaseAPIClearAdaptiveClassifier(engine->tesseract);
    TessBaseAPISetImage2(engine->tesseract, image);
    TessBaseAPISetSourceResolution(engine->tesseract, (int)dpi);
    status = TessBaseAPIRecognize(engine->tesseract, engine->monitor);
    if (engine->stopped) {
        status = error_set(err, ERROR_CANCELLED, "cancelled");
    } else if (status != 0) {
        status = error_set(err, ERROR_UNSUPPORTED, "the engine could not read the image");
    } else {
        status = collect(engine, arena, &reading, err);
    }
    TessBaseAPIClear(engine->tesseract);
    if (status == 0) {
        *ret_reading = reading;
    }
    return status;
}

float ocr_reading_confidence(const struct ocr_reading *reading)
{
    double sum = 0;
    double characters = 0;

    for (uint32_t i = 0; i < reading->count; i++) {
        const struct ocr_word *word = &reading->words[i];
        uint32_t count = text_count(word->text, word->text + word->text_bytes);

        sum += (double)count * word->confidence;
        characters += count;
    }
    return characters > 0 ? (float)(sum / characters) : 0;
}

uint32_t ocr_reading_sure_chars(const struct ocr_reading *reading, uint32_t *ret_chars)
{
    uint32_t sure = 0;

    *ret_chars = 0;
    for (uint32_t i = 0; i < reading->count; i++) {
        const struct ocr_word *word = &reading->words[i];
        uint32_t count = text_count(word->text, word->text + word->text_bytes);

        *ret_chars += count;
        sure += word->confidence >= SURE_CONFIDENCE ? count : 0;
    }
    return sure;
}
