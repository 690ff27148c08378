/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Words that are read and not seen.
 *
 * All words of a line are as high as the line's tallest, so that a selection has no steps, and
 * stand on its baseline. Where that is a little skewed each word is level: readers take a word
 * apart whose letters climb. A record's boxes are upright; of a line that is turned they are the
 * boxes around turned words, from which the words' own length and height follow. A word of a
 * right-to-left script is written as other PDFs have it: from left to right as it is seen, so that
 * readers, which turn such words round, have it in logical order.
 *
 * Nothing blocks or logs.
 */
#include "workers/pdf/text_layer.h"

#include <math.h>
#include <mupdf/ucdn.h>
#include <string.h>

#include "workers/layout/text.h"

#define WORD_CHARACTERS_MAX 4096U /* what is longer is no word: the rest is left out */
#define LEAST_PT 0.5
/* Nearer than this to 45 degrees a box says too little of what is turned in it. */
#define DIAGONAL 0.25
/* A word that is so many times as high as the line's mean does not set the line's height. */
#define ODD_HEIGHT 2.0
#define SKEW_TOLERANCE_DEG 1.0
/* A line that is turned by less than this from level or upright has words that are not. */
#define LEVEL_WITHIN_DEG 10.0

struct layer {
    const struct page_record *record;
    fz_matrix to_page;
    struct glyphless_font *font;
    struct buf *out;
    struct error *err;
    uint32_t words;
    uint32_t characters[WORD_CHARACTERS_MAX]; /* of the word at hand, from left to right */
    uint32_t character_count;
};

/* A line's direction, and the span of its words across it: down is positive. */
struct frame {
    double along_x, along_y; /* the way the line runs, a unit vector of the page as seen */
    double word_x, word_y;   /* the way its words run */
    double top, bottom;      /* across it */
};

/* A word in its line's frame. */
struct placed {
    const char *text, *end;
    double left, right;             /* along the line */
    double top, bottom;             /* across it */
    bool space_before, space_after; /* in the line's text; some scripts have none */
};

/* --- geometry --- */

static double wrap_deg(double deg)
{
    deg = fmod(deg, 360);
    return deg > 180 ? deg - 360 : deg <= -180 ? deg + 360 : deg;
}

/* The line's whole degrees, or the page's skew where it is known more exactly. */
static double line_angle_deg(const struct page_record *record, const struct page_line *line)
{
    double skew = wrap_deg(-(double)record->ocr_skew_deg);
    double angle = line->angle_deg;

    if (fabs(wrap_deg(skew - angle)) <= SKEW_TOLERANCE_DEG) {
        angle = skew;
    }
    return line->vertical ? angle + 90 : angle;
}

static void place(const struct page_box *box, const struct frame *frame, struct placed *ret_word)
{
    double width = fmax(box->x1 - box->x0, 0);
    double height = fmax(box->y1 - box->y0, 0);
    double c = fabs(frame->along_x);
    double s = fabs(frame->along_y);
    double x = (box->x0 + (double)box->x1) / 2;
    double y = (box->y0 + (double)box->y1) / 2;
    double along = frame->along_x * x + frame->along_y * y;
    double across = -frame->along_y * x + frame->along_x * y;
    double divisor = c * c - s * s;
    double length;
    double thickness;

    if (fabs(divisor) > DIAGONAL) {
        length = (width * c - height * s) / divisor;
        thickness = (height * c - width * s) / divisor;
    } else {
        thickness = fmin(width, height) / (c + s);
        length = (width + height) / (c + s) - thickness;
    }
    length = fmax(length, LEAST_PT);
    thickness = fmax(thickness, LEAST_PT);
    ret_word->left = along - length / 2;
    ret_word->right = along + length / 2;
    ret_word->top = across - thickness / 2;
    ret_word->bottom = across + thickness / 2;
}

/* --- words --- */

/* A span's text without the spaces around it. */
static void trim(const struct page_span *span, struct placed *ret_word)
{
    const char *text = span->text;
    const char *end = text + span->text_bytes;

    while (text < end && *text == ' ') {
        text++;
    }
    while (end > text && end[-1] == ' ') {
        end--;
    }
    ret_word->text = text;
    ret_word->end = end;
    ret_word->space_before = ret_word->space_before || text > span->text;
    ret_word->space_after = end < span->text + span->text_bytes;
}

/* The next word of the line from span *at on; false where there is none. */
static bool next_word(const struct page_line *line, uint32_t *at, const struct frame *frame,
                      struct placed *ret_word)
{
    ret_word->space_before = false;
    while (*at < line->span_count) {
        const struct page_span *span = &line->spans[(*at)++];

        trim(span, ret_word);
        if (ret_word->text < ret_word->end) {
            place(&span->box, frame, ret_word);
            return true;
        }
    }
    return false;
}

static void measure_line(const struct page_line *line, struct frame *frame)
{
    struct placed word;
    double sum = 0;
    uint32_t count = 0;

    for (uint32_t at = 0; next_word(line, &at, frame, &word); count++) {
        sum += word.bottom - word.top;
    }
    frame->top = INFINITY;
    frame->bottom = -INFINITY;
    for (uint32_t at = 0; next_word(line, &at, frame, &word);) {
        if ((word.bottom - word.top) * count <= ODD_HEIGHT * sum) {
            frame->top = fmin(frame->top, word.top);
            frame->bottom = fmax(frame->bottom, word.bottom);
        }
    }
}

/* --- the stream --- */

static struct frame make_frame(double angle_deg)
{
    double level = round(angle_deg / 90) * 90;
    double angle = angle_deg * M_PI / 180;
    double word = (fabs(angle_deg - level) < LEVEL_WITHIN_DEG ? level : angle_deg) * M_PI / 180;

    return (struct frame){
        .along_x = cos(angle), .along_y = sin(angle), .word_x = cos(word), .word_y = sin(word)};
}

/* The matrix that puts text of this length and height around its middle. */
static int put_matrix(struct layer *layer, const struct frame *frame, const struct placed *text)
{
    double along = (text->left + text->right) / 2;
    double across = (text->top + text->bottom) / 2;
    double length = text->right - text->left;
    double height = text->bottom - text->top;
    double down = height * (0.5 - (double)GLYPHLESS_DESCENT);
    double x = frame->along_x * along - frame->along_y * across;
    double y = frame->along_y * along + frame->along_x * across;
    fz_matrix seen = fz_make_matrix((float)frame->word_x, (float)frame->word_y,
                                    (float)frame->word_y, (float)-frame->word_x,
                                    (float)(x - frame->word_x * length / 2 - frame->word_y * down),
                                    (float)(y - frame->word_y * length / 2 + frame->word_x * down));
    fz_matrix m = fz_concat(seen, layer->to_page);

    return buf_printf(layer->out, layer->err, "%.5f %.5f %.5f %.5f %.2f %.2f Tm\n", (double)m.a,
                      (double)m.b, (double)m.c, (double)m.d, (double)m.e, (double)m.f);
}

/* Scales what comes next to length, that many characters long. */
static int put_scale(struct layer *layer, double length, double height, uint32_t characters)
{
    double natural = height * (double)GLYPHLESS_WIDTH * characters;

    return buf_printf(layer->out, layer->err, "%.2f Tz", fmax(100 * length / natural, 0.01));
}

static int put_codes(struct layer *layer)
{
    for (uint32_t i = 0; i < layer->character_count; i++) {
        if (buf_printf(layer->out, layer->err, "%04X",
                       glyphless_font_code(layer->font, layer->characters[i])) < 0) {
            return -1;
        }
    }
    return 0;
}

static void turn_round(uint32_t *characters, uint32_t count)
{
    for (uint32_t i = 0; i < count / 2; i++) {
        uint32_t other = characters[count - 1 - i];

        characters[count - 1 - i] = characters[i];
        characters[i] = other;
    }
}

static bool is_right_to_left(uint32_t c)
{
    int class = ucdn_get_bidi_class(c);

    return class == UCDN_BIDI_CLASS_R || class == UCDN_BIDI_CLASS_AL;
}

/* Runs from left to right also within a word that does not: numbers, letters of other scripts. */
static bool is_left_to_right(uint32_t c)
{
    int class = ucdn_get_bidi_class(c);

    return class == UCDN_BIDI_CLASS_L || class == UCDN_BIDI_CLASS_EN || class == UCDN_BIDI_CLASS_AN;
}

/* The word's characters in the order in which they are seen, from left to right. */
static void order_characters(struct layer *layer)
{
    uint32_t *characters = layer->characters;
    uint32_t count = layer->character_count;
    bool turned = false;

    for (uint32_t i = 0; i < count && !turned; i++) {
        turned = is_right_to_left(characters[i]);
    }
    if (!turned) {
        return;
    }
    turn_round(characters, count);
    for (uint32_t i = 0, end; i < count; i = end + 1) {
        for (end = i; end < count && is_left_to_right(characters[end]);) {
            end++;
        }
        turn_round(characters + i, end - i);
    }
}

static void read_characters(struct layer *layer, const struct placed *word, bool hyphen)
{
    const char *text = word->text;

    layer->character_count = 0;
    for (size_t bytes;
         text < word->end && layer->character_count < WORD_CHARACTERS_MAX - (uint32_t)hyphen;
         text += bytes) {
        layer->characters[layer->character_count++] = text_get(text, word->end, &bytes);
    }
    if (hyphen) {
        layer->characters[layer->character_count++] = '-';
    }
    order_characters(layer);
}

/* Writes layer->characters over the place of text. */
static int put_text(struct layer *layer, const struct frame *frame, const struct placed *text)
{
    double height = text->bottom - text->top;

    if (buf_printf(layer->out, layer->err, "/" TEXT_LAYER_FONT " %.2f Tf\n", height) < 0 ||
        put_matrix(layer, frame, text) < 0 ||
        put_scale(layer, text->right - text->left, height, layer->character_count) < 0 ||
        buf_append_str(layer->out, "<", layer->err) < 0 || put_codes(layer) < 0) {
        return -1;
    }
    return buf_append_str(layer->out, ">Tj\n", layer->err);
}

/* As high as the line, unless the word does not fit in. */
static int put_word(struct layer *layer, const struct frame *frame, const struct placed *word,
                    bool hyphen)
{
    struct placed high = *word;

    if (word->top >= frame->top && word->bottom <= frame->bottom) {
        high.top = frame->top;
        high.bottom = frame->bottom;
    }
    read_characters(layer, word, hyphen);
    layer->words++;
    return put_text(layer, frame, &high);
}

/* A space over the gap between two words. */
static int put_space(struct layer *layer, const struct frame *frame, const struct placed *word,
                     const struct placed *next)
{
    struct placed gap = {.left = fmin(word->right, next->right),
                         .right = fmax(word->left, next->left),
                         .top = frame->top,
                         .bottom = frame->bottom};

    gap.right = fmax(gap.right, gap.left + LEAST_PT);
    layer->characters[0] = ' ';
    layer->character_count = 1;
    return put_text(layer, frame, &gap);
}

static int put_line(struct layer *layer, const struct page_line *line)
{
    struct frame frame = make_frame(line_angle_deg(layer->record, line));
    struct placed word;
    struct placed next;
    uint32_t at = 0;
    bool more = next_word(line, &at, &frame, &word);

    if (!more) {
        return 0;
    }
    measure_line(line, &frame);
    if (buf_append_str(layer->out, "BT 3 Tr\n", layer->err) < 0) {
        return -1;
    }
    while (more) {
        more = next_word(line, &at, &frame, &next);
        if (put_word(layer, &frame, &word, !more && line->hyphenated) < 0 ||
            (more && (word.space_after || next.space_before) &&
             put_space(layer, &frame, &word, &next) < 0)) {
            return -1;
        }
        word = next;
    }
    return buf_append_str(layer->out, "ET\n", layer->err);
}

int text_layer_write(const struct page_record *record, fz_matrix to_page,
                     struct glyphless_font *font, struct buf *out, uint32_t *ret_words,
                     struct error *err)
{
    struct layer layer = {
        .record = record, .to_page = to_page, .font = font, .out = out, .err = err};
    size_t start = out->size;

    if (buf_append_str(out, "q\n", err) < 0) {
        return -1;
    }
    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];

        for (uint32_t l = 0; block->ocr && l < block->line_count; l++) {
            if (put_line(&layer, &block->lines[l]) < 0) {
                return -1;
            }
        }
    }
    *ret_words = layer.words;
    if (layer.words == 0) {
        out->size = start;
        return 0;
    }
    return buf_append_str(out, "Q\n", err);
}
