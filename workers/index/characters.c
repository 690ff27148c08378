/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Characters: counting, white space, where ideographs part, grapheme clusters. Properties are
 * ICU's. Nothing blocks or logs.
 *
 * Source: UAX #14 (classes of characters at line ends), UAX #29 (grapheme clusters).
 */
#include "workers/index/characters.h"

#include <unicode/uchar.h>

#include "common/cleanup.h"

#define FIRST_EAST_ASIAN 0x2E80U /* below it nothing parts without white space */

size_t character_count(const char *text, size_t size_bytes)
{
    size_t count = 0;

    for (size_t i = 0; i < size_bytes; i++) {
        count += ((uint8_t)text[i] & 0xC0) != 0x80;
    }
    return count;
}

size_t character_skip_space(const char *text, size_t offset, size_t size_bytes)
{
    while (offset < size_bytes) {
        size_t next = offset;

        if (!character_is_space(character_next(text, &next))) {
            break;
        }
        offset = next;
    }
    return offset;
}

size_t character_trim(const char *text, size_t start, size_t end)
{
    while (end > start) {
        size_t previous = end;

        if (!character_is_space(character_previous(text, &previous))) {
            break;
        }
        end = previous;
    }
    return end;
}

bool character_may_part(uint32_t before, uint32_t after)
{
    int32_t class_before;
    int32_t class_after;

    if (after < FIRST_EAST_ASIAN || before < 0x80) {
        return false;
    }
    class_after = u_getIntPropertyValue((UChar32)after, UCHAR_LINE_BREAK);
    if (class_after != U_LB_IDEOGRAPHIC && class_after != U_LB_OPEN_PUNCTUATION) {
        return false;
    }
    class_before = u_getIntPropertyValue((UChar32)before, UCHAR_LINE_BREAK);
    return class_before == U_LB_IDEOGRAPHIC || class_before == U_LB_CLOSE_PUNCTUATION ||
           class_before == U_LB_NONSTARTER || class_before == U_LB_EXCLAMATION ||
           class_before == U_LB_CONDITIONAL_JAPANESE_STARTER;
}

bool character_is_clause_mark(uint32_t character)
{
    static const uint16_t marks[] = {',',    ';',    ':',    0x2013, 0x2014, 0x2026,
                                     0x037E, 0x0387, 0x060C, 0x061B, 0x3001, 0xFF0C,
                                     0xFF1A, 0xFF1B, 0xFE50, 0xFF64};

    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        if (character == marks[i]) {
            return true;
        }
    }
    return false;
}

static bool hangul_goes_on(int32_t before, int32_t after)
{
    switch (before) {
    case U_GCB_L:
        return after == U_GCB_L || after == U_GCB_V || after == U_GCB_LV || after == U_GCB_LVT;
    case U_GCB_LV:
    case U_GCB_V:
        return after == U_GCB_V || after == U_GCB_T;
    case U_GCB_LVT:
    case U_GCB_T:
        return after == U_GCB_T;
    default:
        return false;
    }
}

/* flags: regional indicators right before, which go by pairs. Where a joiner stands before, all
 * goes on, also what UAX #29 would part: a cut is never wrong for it. */
static bool cluster_goes_on(int32_t before, int32_t after, size_t flags)
{
    if (before == U_GCB_CONTROL || before == U_GCB_CR || before == U_GCB_LF) {
        return before == U_GCB_CR && after == U_GCB_LF;
    }
    if (after == U_GCB_EXTEND || after == U_GCB_ZWJ || after == U_GCB_SPACING_MARK) {
        return true;
    }
    if (before == U_GCB_ZWJ || before == U_GCB_PREPEND) {
        return after != U_GCB_CONTROL && after != U_GCB_CR && after != U_GCB_LF;
    }
    if (before == U_GCB_REGIONAL_INDICATOR && after == U_GCB_REGIONAL_INDICATOR) {
        return flags % 2 == 1;
    }
    return hangul_goes_on(before, after);
}

size_t character_clusters(const char *text, size_t offset, size_t end, size_t max_characters,
                          size_t *ret_characters)
{
    size_t whole = offset; /* behind the last whole cluster, of whole_count characters */
    size_t whole_count = 0;
    size_t count = 0;
    size_t flags = 0;
    int32_t before = U_GCB_OTHER;

    while (offset < end) {
        size_t next = offset;
        int32_t after = u_getIntPropertyValue((UChar32)character_next(text, &next),
                                              UCHAR_GRAPHEME_CLUSTER_BREAK);

        if (count > 0 && !cluster_goes_on(before, after, flags)) {
            whole = offset;
            whole_count = count;
        }
        if (count == max_characters) {
            break;
        }
        flags = after == U_GCB_REGIONAL_INDICATOR ? flags + 1 : 0;
        before = after;
        offset = next;
        count++;
    }
    if (offset == end || whole_count == 0) {
        whole = offset;
        whole_count = count;
    }
    *ret_characters = whole_count;
    return whole;
}
