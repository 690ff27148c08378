/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Captions and footnotes.
 *
 * A footnote is told by four things together: smaller text than the page's, a mark at its start,
 * that it stands in the lower part of the page, and that no running text follows under it in its
 * column. A mark that is not raised must be one that the page's text refers to with a raised one.
 * Nothing blocks or logs.
 */
#include "workers/layout/notes.h"

#include <math.h>
#include <string.h>

#include "common/cleanup.h"
#include "workers/layout/text.h"

#define CAPTION_LINES_MAX 12U
#define LABEL_CHARS 12U
#define NUMBER_CHARS 8U
#define NOTE_SMALLER 0.93F /* than the page's running text */
#define NOTE_FROM 0.4F     /* of the page's height, down */
#define NOTE_GAP 1.5F      /* of its line height: a further paragraph of one note is nearer */
#define MARK_CHARS 3U

/* Lower case, without the point of an abbreviation. */
static const char *const labels[] = {
    "fig",       "figure",       "table",        "tab",          "chart",  "exhibit", "listing",
    "algorithm", "plate",        "scheme",       "graph",        "box",    "map",     "photo",
    "diagram",   "abb",          "abbildung",    "tabelle",      "bild",   "grafik",  "tableau",
    "graphique", "figura",       "tabla",        "cuadro",       "tabela", "quadro",  "tabel",
    "figuur",    "\xe5\x9b\xb3", "\xe5\x9b\xbe", "\xe8\xa1\xa8",
};

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(uint32_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_letter(uint32_t c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z') ||
           (c >= 0xC0 && c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c < 0x2E00));
}

/* The length of a label at the start; 0 where there is none. */
static uint32_t label_length(const struct block_look *look)
{
    char label[4 * LABEL_CHARS + 4];
    char *out = label;
    uint32_t count = 0;

    while (count < look->start_count && count < LABEL_CHARS && is_letter(look->start[count])) {
        uint32_t c = look->start[count++];

        out = text_put(out, is_upper(c) ? c | 0x20 : c);
    }
    *out = '\0';
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        if (strcmp(label, labels[i]) == 0) {
            return count;
        }
    }
    return 0;
}

/* "3", "A-1", "2.4a", "IV" from i on; its length. */
static uint32_t number_length(const struct block_look *look, uint32_t i)
{
    uint32_t end = i;
    bool digits = false;

    while (end < look->start_count && end - i < NUMBER_CHARS) {
        uint32_t c = look->start[end];
        bool joint =
            (c == '.' || c == '-') && end + 1 < look->start_count && is_digit(look->start[end + 1]);

        if (!is_digit(c) && !joint && !is_upper(c) && !(digits && c >= 'a' && c <= 'd')) {
            break;
        }
        digits = digits || is_digit(c) || c == 'I' || c == 'V' || c == 'X';
        end++;
    }
    return digits ? end - i : 0;
}

bool notes_is_caption(const struct page_block *block, const struct block_look *look)
{
    uint32_t at = label_length(look);
    uint32_t number;
    uint32_t label_style = look->start_style[0];

    if (at == 0 || block->line_count > CAPTION_LINES_MAX) {
        return false;
    }
    at += at < look->start_count && look->start[at] == '.';
    at += at < look->start_count && look->start[at] == ' ';
    number = number_length(look, at);
    if (number == 0) {
        return false;
    }
    at += number;
    if (at >= look->start_count) {
        return true;
    }
    if (look->start[at] == '.' || look->start[at] == ':' || look->start[at] == '|' ||
        look->start[at] == ')') {
        return true;
    }
    if (look->start[at] != ' ' || at + 1 >= look->start_count) {
        return false;
    }
    at++;
    return look->start_style[at] != label_style ||
           !(look->start[at] >= 'a' && look->start[at] <= 'z');
}

/* --- footnotes --- */

static bool is_symbol(uint32_t c)
{
    return c == '*' || c == 0x2217 || c == 0x2020 || c == 0x2021 || c == 0xA7 || c == 0xB6;
}

/* Superscript digits are characters of their own, too. */
static bool is_raised_digit(uint32_t c)
{
    return c == 0xB2 || c == 0xB3 || c == 0xB9 || (c >= 0x2070 && c <= 0x2079);
}

/* The length of the mark at the start: digits, a letter or symbols. ret_raised: it is set higher
 * than its text, or is a character that is. */
static uint32_t mark_length(const struct block_look *look, bool *ret_raised)
{
    uint32_t end = 0;

    *ret_raised = look->start_count > 0 && ((look->start_style[0] & PAGE_STYLE_SUPERSCRIPT) ||
                                            is_raised_digit(look->start[0]));
    while (end < look->start_count && end < MARK_CHARS) {
        uint32_t c = look->start[end];
        bool raised = (look->start_style[end] & PAGE_STYLE_SUPERSCRIPT) || is_raised_digit(c);

        if (raised != *ret_raised ||
            !(is_digit(c) || is_raised_digit(c) || is_symbol(c) || (raised && is_letter(c)))) {
            break;
        }
        end++;
    }
    uint32_t next = end + (end < look->start_count && look->start[end] == ' ');

    return next < look->start_count && !(look->start_style[next] & PAGE_STYLE_SUPERSCRIPT) ? end
                                                                                           : 0;
}

/* Whether the mark stands raised somewhere in the record's running text. */
static bool is_referred_to(const struct page_record *record, const struct block_look *look,
                           uint32_t length, float body_pt)
{
    char mark[4 * MARK_CHARS] = "";
    char *end = mark;

    for (uint32_t i = 0; i < length; i++) {
        end = text_put(end, look->start[i]);
    }
    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];

        for (uint32_t l = 0; l < block->line_count; l++) {
            for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
                const struct page_span *span = &block->lines[l].spans[s];

                if ((span->style & PAGE_STYLE_SUPERSCRIPT) && span->size_pt < body_pt &&
                    span->text_bytes >= (size_t)(end - mark) &&
                    memcmp(span->text, mark, (size_t)(end - mark)) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool overlaps(const struct page_box *a, const struct page_box *b)
{
    return a->x0 < b->x1 && b->x0 < a->x1;
}

/* Whether running text stands under the block, in its column. */
static bool is_followed(const struct page_record *record, const struct page_block *block,
                        float body_pt)
{
    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *other = &record->blocks[b];
        struct block_look look;

        if (other == block || other->line_count == 0 || other->margin != PAGE_MARGIN_NONE ||
            other->box.y0 < block->box.y1 - 1 || !overlaps(&other->box, &block->box)) {
            continue;
        }
        block_look_at(other, &look);
        if (look.usual_pt > NOTE_SMALLER * body_pt) {
            return true;
        }
    }
    return false;
}

static bool is_small_text(const struct page_record *record, const struct page_block *block,
                          const struct block_look *look, float body_pt)
{
    return (block->kind == PAGE_BLOCK_TEXT || block->kind == PAGE_BLOCK_LIST_ITEM) &&
           block->lines[0].angle_deg == 0 && look->usual_pt < NOTE_SMALLER * body_pt &&
           look->letters * 2 > look->chars && block->box.y0 > NOTE_FROM * record->height_pt;
}

/* A further paragraph of the note before. */
static bool continues(const struct page_block *note, const struct page_block *block,
                      const struct block_look *look)
{
    struct block_look before;
    float gap = block->box.y0 - note->box.y1;

    block_look_at(note, &before);
    return fabsf(before.usual_pt - look->usual_pt) < 0.1F && overlaps(&note->box, &block->box) &&
           gap > -look->usual_pt && gap < NOTE_GAP * look->usual_pt;
}

void notes_find_footnotes(struct page_record *record, float body_pt)
{
    for (uint32_t b = 0; b < record->block_count; b++) {
        struct page_block *block = &record->blocks[b];
        struct block_look look;
        uint32_t mark;
        bool raised;

        if (block->line_count == 0) {
            continue;
        }
        block_look_at(block, &look);
        if (!is_small_text(record, block, &look, body_pt)) {
            continue;
        }
        mark = mark_length(&look, &raised);
        if (mark > 0 ? (raised || is_symbol(look.start[0]) ||
                        is_referred_to(record, &look, mark, body_pt)) &&
                           !is_followed(record, block, body_pt)
                     : b > 0 && record->blocks[b - 1].kind == PAGE_BLOCK_FOOTNOTE &&
                           continues(&record->blocks[b - 1], block, &look)) {
            block->kind = PAGE_BLOCK_FOOTNOTE;
        }
    }
}
