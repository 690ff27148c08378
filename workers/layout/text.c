/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Characters as plain text. Nothing blocks or logs.
 */
#include "workers/layout/text.h"

#include <string.h>
#include <strings.h>

#include <mupdf/ucdn.h>

#define DECOMPOSED_MAX 18 /* of any character, by the Unicode stability policy */
#define SOFT_HYPHEN 0xAD
#define HYPHEN 0x2010

char *text_put(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xC0 | (c >> 6));
        *out++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | (c >> 12));
        *out++ = (char)(0x80 | ((c >> 6) & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    } else {
        *out++ = (char)(0xF0 | (c >> 18));
        *out++ = (char)(0x80 | ((c >> 12) & 0x3F));
        *out++ = (char)(0x80 | ((c >> 6) & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    }
    return out;
}

bool text_is_space(uint32_t c)
{
    return c == ' ' || c == '\t' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
           c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Control characters, surrogates, non-characters, what only steers display. */
static bool is_nothing(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) ||
           (c >= 0x200B && c <= 0x200F && c != 0x200C && c != 0x200D) ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF ||
           (c >= 0xD800 && c < 0xE000) || (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c < 0xFDF0) ||
           c > 0x10FFFF;
}

/* Latin, Armenian, Hebrew and Arabic ligatures and presentation forms. */
static bool is_presentation_form(uint32_t c)
{
    return (c >= 0xFB00 && c <= 0xFDFF) || (c >= 0xFE70 && c <= 0xFEFC);
}

char *text_put_expanded(char *out, uint32_t c)
{
    if (text_is_space(c)) {
        *out++ = ' ';
        return out;
    }
    if (is_nothing(c)) {
        return out;
    }
    if (c == SOFT_HYPHEN) { /* it was drawn, so it is seen */
        *out++ = '-';
        return out;
    }
    if (is_presentation_form(c)) {
        uint32_t parts[DECOMPOSED_MAX];
        int count = ucdn_compat_decompose(c, parts);

        if (count > 0) {
            for (int i = 0; i < count; i++) {
                out = text_put(out, parts[i]);
            }
            return out;
        }
    }
    return text_put(out, c);
}

uint32_t text_get(const char *text, const char *end, size_t *ret_bytes)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length = bytes[0] < 0x80 ? 1 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;
    uint32_t c = length == 1 ? bytes[0] : bytes[0] & (0x7FU >> length);

    *ret_bytes = 1;
    if (length > (size_t)(end - text)) {
        return 0xFFFD;
    }
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0xFFFD;
        }
        c = c << 6 | (bytes[i] & 0x3F);
    }
    *ret_bytes = length;
    return c;
}

uint32_t text_count(const char *text, const char *end)
{
    uint32_t count = 0;

    for (; text < end; text++) {
        count += ((unsigned char)*text & 0xC0) != 0x80 && *text != ' ' && *text != '\n';
    }
    return count;
}

/* The character before end, and its bytes. */
static uint32_t get_before(const char *text, const char *end, size_t *ret_bytes)
{
    const char *start = end;

    do {
        start--;
    } while (start > text && ((unsigned char)*start & 0xC0) == 0x80);
    return text_get(start, end, ret_bytes);
}

static bool is_letter(uint32_t c)
{
    int category;

    if (c < 0x80) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    category = ucdn_get_general_category(c);
    return category >= UCDN_GENERAL_CATEGORY_LL && category <= UCDN_GENERAL_CATEGORY_LU;
}

static bool is_lower(uint32_t c)
{
    return c < 0x80 ? c >= 'a' && c <= 'z'
                    : ucdn_get_general_category(c) == UCDN_GENERAL_CATEGORY_LL;
}

/* Whether the word that ends at end has a hyphen inside: then it is a compound, broken at one of
 * its own hyphens. */
static bool is_compound(const char *line, const char *end)
{
    for (; end > line && end[-1] != ' '; end--) {
        if (end[-1] == '-') {
            return true;
        }
    }
    return false;
}

/* Whether [from, to) is one of words, which are lower case and end in NULL; any case. */
static bool is_one_of(const char *from, const char *to, const char *const *words)
{
    for (; *words; words++) {
        if (strlen(*words) == (size_t)(to - from) &&
            strncasecmp(*words, from, (size_t)(to - from)) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_ascii_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

/* Whether the hyphen between a line's last word and the next line's first is the words' own by
 * what they are: "self-made", "state-of-the-art". */
static bool keeps_hyphen(const char *line, const char *stem_end, const char *next,
                         const char *next_end)
{
    static const char *const firsts[] = {"self", "well", "quasi", "double", "vice", NULL};
    static const char *const middles[] = {"of", "to",  "the", "in",  "by",  "on", "and", "for",
                                          "up", "off", "out", "at",  "as",  "a",  "or",  "is",
                                          "it", "and", "de",  "und", "par", NULL};
    static const char *const endings[] = {"ish", "less", "hood", "ness", "t", NULL};
    const char *stem = stem_end;
    const char *end = next;

    while (stem > line && is_ascii_letter(stem[-1])) {
        stem--;
    }
    while (end < next_end && is_ascii_letter(*end)) {
        end++;
    }
    if (end < next_end && *end == '-' && is_one_of(next, end, middles)) {
        return true;
    }
    return is_one_of(stem, stem_end, firsts) && !is_one_of(next, end, endings);
}

bool text_is_hyphenated(const char *line, const char *line_end, const char *next,
                        const char *next_end, size_t *ret_kept_bytes)
{
    size_t bytes;
    const char *stem_end;

    while (line_end > line && line_end[-1] == ' ') {
        line_end--;
    }
    if (line_end == line || next == next_end) {
        return false;
    }
    uint32_t hyphen = get_before(line, line_end, &bytes);

    if (hyphen != '-' && hyphen != HYPHEN) {
        return false;
    }
    stem_end = line_end - bytes;
    if (stem_end - line < 2 || !is_letter(get_before(line, stem_end, &bytes)) ||
        !is_letter(get_before(line, stem_end - bytes, &bytes)) ||
        !is_lower(text_get(next, next_end, &bytes)) || is_compound(line, stem_end) ||
        keeps_hyphen(line, stem_end, next, next_end)) {
        return false;
    }
    *ret_kept_bytes = (size_t)(stem_end - line);
    return true;
}
