#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Prints workers/embedding/fold_table.c from the Unicode data of this Python.

Run by hand when the folding itself is to change, which makes it another embedding model: the table
is kept in the repository so that every build, on every system, gives the same vectors.
"""

import unicodedata

# Marks that are left out of a word: accents, and the points of Hebrew and Arabic. Marks of other
# scripts are vowels, and stay.
LEFT_OUT = ((0x300, 0x36F), (0x483, 0x487), (0x591, 0x5C7), (0x610, 0x61A), (0x64B, 0x65F),
            (0x670, 0x670), (0x6D6, 0x6ED), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF),
            (0xFE20, 0xFE2F))
# Characters whose parts say something else: Kana with their voice marks, Hangul syllables,
# compatibility ideographs. And those that are too rare for a row of the table each.
KEPT = ((0x3040, 0x30FF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
        (0x2C00, 0x2DFF), (0x3100, 0x33FF), (0xA600, 0xA7FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF),
        (0x1EE00, 0x1EEFF))
DROP = "FOLD_DROP"


def within(code, ranges):
    return any(first <= code <= last for first, last in ranges)


def fold(code):
    """The code that stands for it, DROP, or None for what is in no word."""
    character = chr(code)
    category = unicodedata.category(character)
    if within(code, LEFT_OUT) and category[0] == "M":
        return DROP
    if category[0] not in "LNM":
        return None
    if within(code, KEPT):
        return code
    parts = unicodedata.normalize("NFKD", character)
    if all(unicodedata.category(part)[0] == "M" for part in parts[1:]):
        character = parts[0]
    lower = character.lower()[0]
    return ord(unicodedata.normalize("NFKD", lower)[0])


def runs():
    found = []
    for code in range(0x80, 0x110000):
        to = fold(code)
        if to is None and unicodedata.category(chr(code)) == "Cn" and found and found[-1][2] == 0:
            to = code  # not assigned: joins what is around it
        if to is None:
            continue
        step = to if to == DROP else to - code
        if found and found[-1][1] == code - 1 and found[-1][2] == step:
            found[-1][1] = code
        else:
            found.append([code, code, step])
    return found


def main():
    print("""/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which characters are in words and what they fold to: {first, last, what is added}. Written by
 * make_fold_table.py from Unicode %s; never by hand.
 */
#include "workers/embedding/fold.h"

/* clang-format off */
const struct fold_run FOLD_RUNS[] = {""" % unicodedata.unidata_version)
    line = ""
    found = runs()
    for first, last, step in found:
        text = f"{{0x{first:x}, 0x{last:x}, {step}}},"
        if len(line) + 1 + len(text) > 97:
            print("   " + line)
            line = ""
        line += " " + text
    print("   " + line)
    print("};\n/* clang-format on */\nconst unsigned FOLD_RUN_COUNT = %d;" % len(found))


main()
