/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Escaping for CommonMark 0.30 and the tables and strike-through of GitHub's.
 *
 * Invariants: reads nothing past the size given; appends nothing of what it was given but with
 * backslashes and spaces in place. Source: the CommonMark specification, sections 2.4 and 6.
 */
#include "workers/library/markdown.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "workers/library/inline.h"

#define LEADER_DOTS 5
#define ADDRESS_MAX 512 /* bytes of a web address that are looked at */

/* A character at a place: what stands before and behind it decides. */
struct place {
    const char *text;
    size_t size_bytes;
    size_t at;
    bool in_cell;
    bool lone_star, lone_underscore, lone_backtick; /* nothing it could pair with */
};

static char char_at(const struct place *place, ptrdiff_t offset)
{
    ptrdiff_t index = (ptrdiff_t)place->at + offset;

    return index < 0 || (size_t)index >= place->size_bytes ? ' ' : place->text[index];
}

static bool is_blank(char c)
{
    return (uint8_t)c <= 0x20 || c == 0x7F;
}

static bool is_word(char c)
{
    return (uint8_t)c >= 0x80 || isalnum((unsigned char)c);
}

/* "&amp;", "&#38;": an entity's name has at most 31 characters. */
static bool is_entity(const struct place *place)
{
    ptrdiff_t i = 1;

    if (char_at(place, i) == '#') {
        i++;
    }
    while (i < 33 && isalnum((unsigned char)char_at(place, i))) {
        i++;
    }
    return i > 1 && char_at(place, i) == ';';
}

/* Whether the place is in a web address, where nothing is markup. */
static bool is_in_address(const struct place *place)
{
    size_t start = place->at;

    while (start > 0 && place->at - start < ADDRESS_MAX && !is_blank(place->text[start - 1])) {
        start--;
    }
    return memmem(place->text + start, place->at - start, "://", 3) != NULL ||
           (place->at - start > 4 && memcmp(place->text + start, "www.", 4) == 0);
}

static bool means_something(const struct place *place)
{
    char c = char_at(place, 0);
    char before = char_at(place, -1);
    char after = char_at(place, 1);

    switch (c) {
    case '`':
        return !place->lone_backtick;
    case '\\':
        return ispunct((unsigned char)after) != 0 || place->at + 1 == place->size_bytes;
    case '*':
        return !place->lone_star && !(is_blank(before) && is_blank(after)) && !is_in_address(place);
    case '_':
        return !place->lone_underscore && !(is_blank(before) && is_blank(after)) &&
               !(is_word(before) && is_word(after)) && !is_in_address(place);
    case '~':
        return before == '~' || after == '~';
    case '<':
        return isalpha((unsigned char)after) || after == '/' || after == '!' || after == '?';
    case '&':
        return is_entity(place);
    case '[':
        return after == '^';
    case ']':
        return after == '(' || after == ':' || after == '[';
    case '|':
        return place->in_cell;
    default:
        return false;
    }
}

/* Whether text is nothing but c and spaces: a rule, or the line under a heading. */
static bool is_only(const char *text, size_t size_bytes, char c)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (text[i] != c && !is_blank(text[i])) {
            return false;
        }
    }
    return true;
}

/* Where a backslash belongs at the start of a paragraph: before the byte of that index, or
 * SIZE_MAX for nowhere. */
static size_t start_escape(const char *text, size_t size_bytes)
{
    struct place place = {text, size_bytes, .at = 0};
    char first = char_at(&place, 0);
    size_t i = 0;

    if (first == '-' || first == '+') {
        return is_blank(char_at(&place, 1)) || is_only(text, size_bytes, first) ? 0 : SIZE_MAX;
    }
    if (first == '*') {
        return is_blank(char_at(&place, 1)) ? 0 : SIZE_MAX; /* others matter in pairs alone */
    }
    if (first == '=' || first == '_') {
        return is_only(text, size_bytes, first) ? 0 : SIZE_MAX;
    }
    if (first == '>') {
        return 0;
    }
    if (first == '#') {
        while (i < size_bytes && text[i] == '#') {
            i++;
        }
        return i <= 6 && (i == size_bytes || is_blank(text[i])) ? 0 : SIZE_MAX;
    }
    if (first == '~') {
        return SIZE_MAX; /* fences: "~~" is escaped anyway */
    }
    while (i < size_bytes && i < 10 && isdigit((unsigned char)text[i])) {
        i++;
    }
    place.at = i;
    if (i > 0 && i < 10 && (char_at(&place, 0) == '.' || char_at(&place, 0) == ')') &&
        is_blank(char_at(&place, 1))) {
        return i;
    }
    return SIZE_MAX;
}

static void trim(const char **text, size_t *size_bytes)
{
    while (*size_bytes > 0 && is_blank(**text)) {
        (*text)++;
        (*size_bytes)--;
    }
    while (*size_bytes > 0 && is_blank((*text)[*size_bytes - 1])) {
        (*size_bytes)--;
    }
}

/* What Markdown has for a mark of inline.h; NULL for any other byte. */
static const char *mark_text(char c)
{
    switch ((uint8_t)c) {
    case INLINE_SUPER_ON:
        return "<sup>";
    case INLINE_SUPER_OFF:
        return "</sup>";
    case INLINE_SUB_ON:
        return "<sub>";
    case INLINE_SUB_OFF:
        return "</sub>";
    case INLINE_NOTE_ON:
        return "[^";
    case INLINE_NOTE_OFF:
        return "]";
    default:
        return NULL;
    }
}

/* What stands in for the byte at place; NULL when it stands for itself. */
static const char *substitute(const struct place *place)
{
    char c = place->text[place->at];

    if (is_blank(c) && c != ' ') {
        return " ";
    }
    return mark_text(c);
}

static bool is_lone(const struct place *place, char c)
{
    const char *first = memchr(place->text, c, place->size_bytes);

    return first && !memchr(first + 1, c, place->size_bytes - (size_t)(first - place->text) - 1);
}

size_t markdown_leader_bytes(const char *text, size_t size_bytes)
{
    size_t dots = 0;
    size_t end = 0;

    for (size_t i = 0; i < size_bytes && (text[i] == '.' || text[i] == ' '); i++) {
        if (text[i] == '.') {
            dots++;
            end = i + 1;
        }
    }
    return dots >= LEADER_DOTS ? end : 0;
}

/* In a cell what leads to the next column leads nowhere. */
size_t markdown_without_leader(const char *text, size_t size_bytes)
{
    size_t end = size_bytes;

    while (end > 0 && (text[end - 1] == '.' || text[end - 1] == ' ')) {
        end--;
    }
    return markdown_leader_bytes(text + end, size_bytes - end) > 0 ? end : size_bytes;
}

static int escape(struct place place, size_t start, struct buf *out, struct error *err)
{
    size_t plain = 0; /* bytes before `at` that are not yet appended */

    place.lone_star = is_lone(&place, '*');
    place.lone_underscore = is_lone(&place, '_');
    place.lone_backtick = is_lone(&place, '`');

    for (; place.at < place.size_bytes; place.at++) {
        size_t leader =
            place.text[place.at] == '.'
                ? markdown_leader_bytes(place.text + place.at, place.size_bytes - place.at)
                : 0;
        const char *instead = leader > 0 ? "\xE2\x80\xA6" : substitute(&place);
        bool backslash = !instead && (place.at == start || means_something(&place));

        if (!instead && !backslash) {
            plain++;
            continue;
        }
        if (buf_append(out, place.text + place.at - plain, plain, err) < 0 ||
            buf_append_str(out, instead ? instead : "\\", err) < 0) {
            return -1;
        }
        plain = backslash ? 1 : 0;
        place.at += leader > 0 ? leader - 1 : 0;
    }
    return buf_append(out, place.text + place.size_bytes - plain, plain, err);
}

int markdown_escape(const char *text, size_t size_bytes, bool at_start, struct buf *out,
                    struct error *err)
{
    if (size_bytes == 0) {
        return 0; /* text may be NULL then */
    }
    trim(&text, &size_bytes);
    return escape((struct place){text, size_bytes, .at = 0},
                  at_start ? start_escape(text, size_bytes) : SIZE_MAX, out, err);
}

int markdown_escape_cell(const char *text, size_t size_bytes, struct buf *out, struct error *err)
{
    if (size_bytes == 0) {
        return 0;
    }
    trim(&text, &size_bytes);
    size_bytes = markdown_without_leader(text, size_bytes);
    return escape((struct place){text, size_bytes, .in_cell = true}, SIZE_MAX, out, err);
}

int markdown_escape_label(const char *text, size_t size_bytes, struct buf *out, struct error *err)
{
    size_t start = 0;

    for (size_t i = 0; i <= size_bytes; i++) {
        bool bracket = i < size_bytes && (text[i] == '[' || text[i] == ']');

        if (!bracket && i < size_bytes) {
            continue;
        }
        if (i > start &&
            escape((struct place){text + start, i - start, .at = 0}, SIZE_MAX, out, err) < 0) {
            return -1;
        }
        if (bracket &&
            (buf_append_str(out, "\\", err) < 0 || buf_append(out, text + i, 1, err) < 0)) {
            return -1;
        }
        start = i + 1;
    }
    return 0;
}

int markdown_escape_html(const char *text, size_t size_bytes, struct buf *out, struct error *err)
{
    size_t plain = 0;

    if (size_bytes == 0) {
        return 0;
    }
    size_bytes = markdown_without_leader(text, size_bytes);
    for (size_t i = 0; i < size_bytes; i++) {
        const char *instead = text[i] == '&'                        ? "&amp;"
                              : text[i] == '<'                      ? "&lt;"
                              : text[i] == '>'                      ? "&gt;"
                              : is_blank(text[i]) && text[i] != ' ' ? " "
                                                                    : NULL;

        if (!instead) {
            plain++;
            continue;
        }
        if (buf_append(out, text + i - plain, plain, err) < 0 ||
            buf_append_str(out, instead, err) < 0) {
            return -1;
        }
        plain = 0;
    }
    return buf_append(out, text + size_bytes - plain, plain, err);
}

/* Bytes of the bullet that text begins with; 0 for none. */
static size_t bullet_bytes(const char *text, size_t size_bytes)
{
    static const char *const bullets[] = {
        "\xE2\x80\xA2", /* bullet */
        "\xE2\x80\xA3", /* triangular bullet */
        "\xE2\x81\x83", /* hyphen bullet */
        "\xE2\x97\x8F",
        "\xE2\x97\x8B",
        "\xE2\x97\xA6", /* circles */
        "\xE2\x96\xA0",
        "\xE2\x96\xA1",
        "\xE2\x96\xAA",
        "\xE2\x96\xAB", /* squares */
        "\xE2\x80\x93",
        "\xE2\x80\x94", /* dashes */
        "\xC2\xB7",     /* middle dot */
        "-",
        "*",
        "+",
    };

    for (size_t i = 0; i < sizeof bullets / sizeof bullets[0]; i++) {
        size_t length = strlen(bullets[i]);

        if (size_bytes >= length && memcmp(text, bullets[i], length) == 0 &&
            (size_bytes == length || is_blank(text[length]) || length == 3)) {
            return length;
        }
    }
    return 0;
}

void markdown_list_marker(const char *text, size_t size_bytes, struct markdown_marker *ret_marker)
{
    size_t length = bullet_bytes(text, size_bytes);
    size_t digits = 0;

    snprintf(ret_marker->lead, sizeof ret_marker->lead, "- ");
    if (length == 0) {
        while (digits < size_bytes && digits < 9 && isdigit((unsigned char)text[digits])) {
            digits++;
        }
        if (digits > 0 && digits + 1 < size_bytes && (text[digits] == '.' || text[digits] == ')') &&
            is_blank(text[digits + 1])) {
            length = digits + 1;
            snprintf(ret_marker->lead, sizeof ret_marker->lead, "%.*s ", (int)length, text);
        }
    }
    while (length > 0 && length < size_bytes && is_blank(text[length])) {
        length++;
    }
    ret_marker->skip_bytes = length;
}

size_t markdown_longest_fence(const char *text, size_t size_bytes)
{
    size_t longest = 0;
    size_t run = 0;

    for (size_t i = 0; i < size_bytes; i++) {
        run = text[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}
