/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where sentences end: UAX #29's rules over the property Sentence_Break, read from left to right.
 * Up to U+00FF the property is a table here, beyond it is ICU's.
 *
 * Each text is read about twice: rule SB8 looks ahead, but never past the next mark that could end
 * a sentence. Nothing is allocated, blocks or logs.
 * Source: UAX #29, "Sentence Boundary Rules" (names as SB6 are of its rules).
 */
#include "workers/index/sentences.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <unicode/uchar.h>

#include "workers/index/abbreviations.h"
#include "workers/index/characters.h"

/* Classes of the property; as letters, so that the table below can be read. */
enum {
    OTHER = '-',
    CR = 'r',
    LF = 'n',
    SEP = 'p',
    EXTEND = 'x', /* Format too: both are taken as part of the character before them (SB5) */
    SPACE = 's',
    LOWER = 'l',
    UPPER = 'u',
    OTHER_LETTER = 'o',
    NUMERIC = 'd',
    STOP = 'a', /* ATerm: a full stop, which may be part of a number or a short form */
    END = 't',  /* STerm */
    CLOSE = 'c',
    CONTINUE = 'k',
};

#define TABLE_SIZE 256U

static const char TABLE[] = "---------snssr------------------stc----ccc--kka-ddddddddddk----t"
                            "-uuuuuuuuuuuuuuuuuuuuuuuuuuc-c---llllllllllllllllllllllllllc-c--"
                            "-----p--------------------------s---------lc-x-------l----lc----"
                            "uuuuuuuuuuuuuuuuuuuuuuu-uuuuuuullllllllllllllllllllllll-llllllll";

static_assert(sizeof(TABLE) == TABLE_SIZE + 1, "a class for each character");

static char class_of(uint32_t character)
{
    static const char classes[] = {
        [U_SB_OTHER] = OTHER,
        [U_SB_ATERM] = STOP,
        [U_SB_CLOSE] = CLOSE,
        [U_SB_FORMAT] = EXTEND,
        [U_SB_LOWER] = LOWER,
        [U_SB_NUMERIC] = NUMERIC,
        [U_SB_OLETTER] = OTHER_LETTER,
        [U_SB_SEP] = SEP,
        [U_SB_SP] = SPACE,
        [U_SB_STERM] = END,
        [U_SB_UPPER] = UPPER,
        [U_SB_CR] = CR,
        [U_SB_EXTEND] = EXTEND,
        [U_SB_LF] = LF,
        [U_SB_SCONTINUE] = CONTINUE,
    };
    int32_t value;

    if (character < TABLE_SIZE) {
        return TABLE[character];
    }
    value = u_getIntPropertyValue((UChar32)character, UCHAR_SENTENCE_BREAK);
    return value >= 0 && (size_t)value < sizeof(classes) ? classes[value] : (char)OTHER;
}

struct reader {
    const char *text;
    size_t size_bytes;
    size_t start;
};

/* The class at offset, and where the next character is that is not part of it; OTHER at the end. */
static char class_at(const struct reader *in, size_t offset, size_t *ret_next)
{
    char class = OTHER;
    size_t next = offset;

    if (offset < in->size_bytes) {
        class = class_of(character_next(in->text, &next));
    }
    *ret_next = next;
    if (class == SEP || class == CR || class == LF) {
        return class;
    }
    while (next < in->size_bytes && (uint8_t)in->text[next] >= 0x80) {
        size_t behind = next;

        if (class_of(character_next(in->text, &behind)) != EXTEND) {
            break;
        }
        next = behind;
    }
    *ret_next = next;
    return class;
}

static size_t skip_class(const struct reader *in, size_t offset, char class)
{
    size_t next;

    while (offset < in->size_bytes && class_at(in, offset, &next) == class) {
        offset = next;
    }
    return offset;
}

static bool separates(char class)
{
    return class == SEP || class == CR || class == LF;
}

/* Behind the separator of paragraphs at offset. */
static size_t skip_separator(const struct reader *in, size_t offset)
{
    size_t next;
    char class = class_at(in, offset, &next);

    if (class == CR && next < in->size_bytes && in->text[next] == '\n') {
        next++;
    }
    return next;
}

/* SB8: what comes goes on in lower case. */
static bool goes_on_lower(const struct reader *in, size_t offset)
{
    while (offset < in->size_bytes) {
        char class = class_at(in, offset, &offset);

        if (class == LOWER) {
            return true;
        }
        if (class == OTHER_LETTER || class == UPPER || class == STOP || class == END ||
            separates(class)) {
            return false;
        }
    }
    return false;
}

struct mark {
    size_t at, behind; /* the mark that may end a sentence */
    char class;        /* STOP or END */
    char before;       /* class of the character before it */
};

/* Whether the sentence ends with the mark. *ret_offset: where it ends, or where to read on. */
static bool ends_at(const struct reader *in, const struct mark *mark, bool plain,
                    size_t *ret_offset)
{
    size_t next;
    char class = class_at(in, mark->behind, &next);
    size_t close;

    *ret_offset = mark->behind;
    if (mark->class == STOP && (class == NUMERIC || (class == UPPER && (mark->before == UPPER ||
                                                                        mark->before == LOWER)))) {
        return false; /* SB6, SB7 */
    }
    close = skip_class(in, mark->behind, CLOSE);
    *ret_offset = skip_class(in, close, SPACE);
    if (*ret_offset >= in->size_bytes) {
        *ret_offset = in->size_bytes;
        return true;
    }
    class = class_at(in, *ret_offset, &next);
    if (separates(class)) {
        *ret_offset = skip_separator(in, *ret_offset);
        return true;
    }
    if (class == CONTINUE || class == STOP || class == END ||
        (mark->class == STOP && goes_on_lower(in, *ret_offset))) {
        return false; /* SB8a, SB8 */
    }
    return plain || mark->class != STOP || close > mark->behind ||
           !abbreviation_ends(in->text + in->start, mark->at - in->start, class == NUMERIC);
}

static size_t find_end(const struct reader *in, bool plain)
{
    size_t offset = in->start;
    char before = OTHER;

    while (offset < in->size_bytes) {
        struct mark mark = {.at = offset, .before = before};

        mark.class = class_at(in, offset, &mark.behind);
        if (separates(mark.class)) {
            return skip_separator(in, offset);
        }
        before = mark.class;
        offset = mark.behind;
        if (mark.class == STOP || mark.class == END) {
            if (ends_at(in, &mark, plain, &offset)) {
                return offset;
            }
            before = offset > mark.behind ? (char)OTHER : mark.class;
        }
    }
    return in->size_bytes;
}

size_t sentence_end_plain(const char *text, size_t size_bytes, size_t start)
{
    struct reader in = {text, size_bytes, start};

    return find_end(&in, true);
}

size_t sentence_end(const char *text, size_t size_bytes, size_t start)
{
    struct reader in = {text, size_bytes, start};

    return find_end(&in, false);
}
