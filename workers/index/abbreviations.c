/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Abbreviations by rule (a single letter: initials, "e. g.", "z. B.", "U. S.") and by lists. These
 * have only what is always followed by what it belongs to (a name, a number); "etc." or "Inc." may
 * end a sentence as well, and there Unicode's rules are right more often.
 *
 * Nothing is allocated, blocks or logs.
 */
#include "workers/index/abbreviations.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>

#include "common/cleanup.h"
#include "workers/index/characters.h"

#define LONGEST 8U         /* of the list, in bytes */
#define NUMBER_LONGEST 12U /* "10.2.13" and the like, before what it numbers */

/* In alphabetical order, lower case. Before whatever follows: */
static const char *const BEFORE_ALL[] = {
    "abb", "adm",    "approx", "bzw",  "ca",   "capt", "cca", "cf",   "cmdr", "dept", "dipl",
    "dr",  "eds",    "esp",    "evtl", "figs", "ggf",  "gov", "hr",   "hrsg", "inkl", "lt",
    "maj", "messrs", "mme",    "mr",   "mrs",  "ms",   "mt",  "pres", "prof", "resp", "rev",
    "sen", "sgt",    "sog",    "sra",  "st",   "vgl",  "viz", "vs",
};

/* And before a number, where the same word may else be no abbreviation ("no", "art"): */
static const char *const BEFORE_NUMBERS[] = {
    "abb",  "abs",  "absatz", "apr", "art", "aug", "bd",   "bl",   "ca",   "cap",
    "ch",   "chap", "col",    "dec", "ed",  "eq",  "eqn",  "eqs",  "feb",  "fig",
    "figs", "jan",  "jul",    "jun", "kap", "no",  "nos",  "nov",  "nr",   "oct",
    "okt",  "op",   "pag",    "pos", "pp",  "pt",  "ref",  "refs", "sec",  "sect",
    "sep",  "sept", "tab",    "tel", "ver", "vol", "vols", "zif",  "ziff",
};

static int compare(const void *key, const void *entry)
{
    return strcmp(key, *(const char *const *)entry);
}

static bool in_lists(const char *word, size_t size_bytes, bool number_follows)
{
    char folded[LONGEST + 1];
    const char *key = folded;

    if (size_bytes > LONGEST) {
        return false;
    }
    for (size_t i = 0; i < size_bytes; i++) {
        folded[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] - 'A' + 'a' : word[i]);
    }
    folded[size_bytes] = '\0';
    return bsearch(key, BEFORE_ALL, ARRAY_LEN(BEFORE_ALL), sizeof(BEFORE_ALL[0]), compare) ||
           (number_follows && bsearch(key, BEFORE_NUMBERS, ARRAY_LEN(BEFORE_NUMBERS),
                                      sizeof(BEFORE_NUMBERS[0]), compare));
}

/* A letter of a script that has upper and lower case. */
static bool is_cased(uint32_t character)
{
    if (character < 0x80) {
        return (character | 0x20U) >= 'a' && (character | 0x20U) <= 'z';
    }
    return u_hasBinaryProperty((UChar32)character, UCHAR_CASED);
}

static bool may_stand_before_initial(uint32_t character)
{
    return character_is_space(character) || character == '.' || character == '-' ||
           character == '(' || character == '[' || character == '"' || character == 0x2010 ||
           character == 0x201C || character == 0x201E || character == 0xAB;
}

static bool is_number(const char *text, size_t size_bytes)
{
    size_t start = character_skip_space(text, 0, size_bytes);

    if (start == size_bytes || size_bytes - start > NUMBER_LONGEST) {
        return false;
    }
    for (size_t i = start; i < size_bytes; i++) {
        if (!strchr("0123456789.([", text[i])) {
            return false;
        }
    }
    return true;
}

bool abbreviation_ends(const char *text, size_t size_bytes, bool number_follows)
{
    size_t start = size_bytes;
    size_t letters = 0;
    uint32_t before = ' ';

    while (start > 0 && letters <= LONGEST) {
        size_t previous = start;

        before = character_previous(text, &previous);
        if (!is_cased(before)) {
            break;
        }
        start = previous;
        letters++;
        before = ' ';
    }
    if (letters == 0) {
        return is_number(text, size_bytes);
    }
    if (letters == 1) {
        return may_stand_before_initial(before);
    }
    return may_stand_before_initial(before) &&
           in_lists(text + start, size_bytes - start, number_follows);
}
