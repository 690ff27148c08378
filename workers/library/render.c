/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What all renderers ask of a page. Nothing blocks or logs.
 */
#include "workers/library/render.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"

#define NUMBER_BYTES_MAX 40 /* of a block that is a page's number */
#define NUMBER_OFF_MAX 20   /* by how much the printed number may differ from the page's */

const struct render_part *render_part_at(const struct render_page *page, uint32_t block)
{
    for (uint32_t i = 0; i < page->part_count; i++) {
        if (page->parts[i].block == block) {
            return &page->parts[i];
        }
    }
    return NULL;
}

/* The block's letters and digits, in words with one space between; false when they are too many. */
static bool words_of(const struct page_block *block, char ret_text[NUMBER_BYTES_MAX])
{
    size_t length = 0;

    for (uint32_t l = 0; l < block->line_count; l++) {
        for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
            const struct page_span *span = &block->lines[l].spans[s];

            for (uint32_t i = 0; i < span->text_bytes; i++) {
                uint8_t byte = (uint8_t)span->text[i];
                bool word = byte >= 0x80 || isalnum(byte);

                if (length + 2 > NUMBER_BYTES_MAX - 1) {
                    return false;
                }
                if (word) {
                    ret_text[length++] = (char)byte;
                } else if (length > 0 && ret_text[length - 1] != ' ') {
                    ret_text[length++] = ' ';
                }
            }
        }
    }
    while (length > 0 && ret_text[length - 1] == ' ') {
        length--;
    }
    ret_text[length] = '\0';
    return length > 0;
}

/* "12", "Page 12", "Seite 12 von 40", "12 / 40": the page's own number or label, with no more
 * around it than such words and a count. Dashes of any kind and the like are no letters. */
static bool says_number(char *text, const struct render_page *page)
{
    static const char *const words[] = {"page", "pages", "seite", "p",   "s",   "p\xC3\xA1gina",
                                        "de",   "of",    "von",   "sur", "pag", "pagina"};
    bool found = false;
    char *rest = text;
    char *word;

    while ((word = strtok_r(rest, " ", &rest))) {
        char *end;
        unsigned long number = strtoul(word, &end, 10);
        bool known = false;

        if (!found && ((*end == '\0' && number == page->number) ||
                       (page->label && strcasecmp(word, page->label) == 0))) {
            found = true;
            continue;
        }
        for (size_t i = 0; i < ARRAY_LEN(words); i++) {
            known = known || strcasecmp(word, words[i]) == 0;
        }
        known = known || strcmp(word, "\xE2\x80\x93") == 0 || strcmp(word, "\xE2\x80\x94") == 0;
        if (!known && !(found && *end == '\0' && number >= page->number)) {
            return false;
        }
    }
    return found;
}

/* "3/34" at the end of the line, on page 3: what browsers print at the foot. */
static bool ends_in_count(const struct page_block *block, uint32_t number)
{
    const struct page_line *line = &block->lines[0];
    const struct page_span *span = &line->spans[line->span_count - 1];
    uint32_t at = span->text_bytes;
    char text[24] = "";
    unsigned long page;
    unsigned long pages;
    char *end;

    while (at > 0 && span->text[at - 1] != ' ' && span->text_bytes - at < sizeof text - 1) {
        at--;
    }
    memcpy(text, span->text + at, span->text_bytes - at);
    page = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '/' || !isdigit((unsigned char)end[1])) {
        return false;
    }
    pages = strtoul(end + 1, &end, 10);
    return *end == '\0' && page == number && pages >= page;
}

/* A number alone at the foot of the page, not far from the page's own. */
static bool is_plain_number(const struct page_block *block, const char *text, uint32_t number)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long printed = strtoul(text, NULL, 10);

    return block->margin == PAGE_MARGIN_BOTTOM && digits > 0 && digits <= 3 &&
           text[digits] == '\0' && printed + NUMBER_OFF_MAX >= number &&
           printed <= (unsigned long)number + NUMBER_OFF_MAX;
}

bool render_is_furniture(const struct document_style *style, const struct render_page *page,
                         const struct page_block *block)
{
    char text[NUMBER_BYTES_MAX];

    if (block->margin == PAGE_MARGIN_NONE) {
        return false;
    }
    if (style_is_furniture(style, block)) {
        return true;
    }
    if (block->line_count != 1 || block->lines[0].span_count == 0) {
        return false;
    }
    return ends_in_count(block, page->number) ||
           (words_of(block, text) &&
            (is_plain_number(block, text, page->number) || says_number(text, page)));
}
