/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sentences: Unicode's own test file, and what we add to its rules.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "workers/index/sentences.h"

#define UNICODE_TESTS "/usr/share/unicode/auxiliary/SentenceBreakTest.txt"
#define CASE_BYTES 256

static size_t put_character(char *text, unsigned long character)
{
    if (character < 0x80) {
        text[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        text[0] = (char)(0xC0 | character >> 6);
        text[1] = (char)(0x80 | (character & 0x3F));
        return 2;
    }
    if (character < 0x10000) {
        text[0] = (char)(0xE0 | character >> 12);
        text[1] = (char)(0x80 | (character >> 6 & 0x3F));
        text[2] = (char)(0x80 | (character & 0x3F));
        return 3;
    }
    text[0] = (char)(0xF0 | character >> 18);
    text[1] = (char)(0x80 | (character >> 12 & 0x3F));
    text[2] = (char)(0x80 | (character >> 6 & 0x3F));
    text[3] = (char)(0x80 | (character & 0x3F));
    return 4;
}

/* A line of the file: "÷ 0041 × 002E ÷ # ...". */
static void check_line(char *line)
{
    char text[CASE_BYTES];
    size_t ends[CASE_BYTES];
    size_t end_count = 0;
    size_t size_bytes = 0;
    size_t offset = 0;
    char *save;

    for (char *part = strtok_r(line, " \t", &save); part; part = strtok_r(NULL, " \t", &save)) {
        if (strcmp(part, "\u00F7") == 0) {
            ends[end_count++] = size_bytes;
        } else if (strcmp(part, "\u00D7") != 0) {
            size_bytes += put_character(text + size_bytes, strtoul(part, NULL, 16));
        }
    }
    for (size_t i = 1; i < end_count; i++) {
        size_t end = sentence_end_plain(text, size_bytes, offset);

        cr_expect_eq(end, ends[i], "%s: a sentence ends at %zu, not at %zu", line, end, ends[i]);
        offset = end;
    }
    cr_expect_eq(offset, size_bytes);
}

Test(index_sentences, are_those_of_unicode)
{
    AUTO_FCLOSE FILE *file = fopen(UNICODE_TESTS, "r");
    char line[4096];
    size_t count = 0;

    if (!file) {
        cr_skip_test("no %s: package unicode-data", UNICODE_TESTS);
    }
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "#\n")] = '\0';
        if (line[0] != '\0') {
            check_line(line);
            count++;
        }
    }
    cr_expect_gt(count, 400);
}

/* Sentences with '|' between them: what must come out. */
static void expect(const char *marked)
{
    char text[512];
    char found[1024];
    size_t size_bytes = 0;
    size_t used = 0;

    for (const char *at = marked; *at; at++) {
        if (*at != '|') {
            text[size_bytes++] = *at;
        }
    }
    for (size_t start = 0; start < size_bytes;) {
        size_t end = sentence_end(text, size_bytes, start);

        used += (size_t)snprintf(found + used, sizeof(found) - used, "%s%.*s", start > 0 ? "|" : "",
                                 (int)(end - start), text + start);
        start = end;
    }
    cr_expect_str_eq(found, marked);
}

Test(index_sentences, end_behind_marks)
{
    expect("One. |Two! |Three?! |Four.");
    expect("He said \"No.\" |Then he left. |(So he did.) |Good.");
    expect("Version 2.3.1 is out. |It costs 3.50 today... and less tomorrow. |Fine.");
    expect("First line.\n|Second line\n|third line");
    expect("\u65E5\u672C\u3002|\u672C\u65E5\u306F\uFF01|\u306F\u3044\uFF1F|\u3048");
    expect("\u0645\u0631\u062D\u0628\u0627\u061F |\u0646\u0639\u0645.");
}

Test(index_sentences, do_not_end_behind_abbreviations)
{
    expect("Dr. Smith met Prof. Jones. |They talked.");
    expect("J. S. Bach and J.-P. Sartre never met. |Why?");
    expect("See Fig. 3 and Sec. 4. |He said no. |Then he pressed tab. |And No. 5 came.");
    expect("Cities, e. g. Berlin, z. B. Hamburg, d. h. St\u00E4dte. |Ende.");
    expect("The U.S. Army. |It is big.");
    expect("1. Introduction. |2.1. Scope. |In 1984. |The end.");
    expect("Vgl. Abb. 3 und Bd. 2. |Danach.");
}

Test(index_sentences, take_time_that_grows_with_the_text)
{
    size_t size_bytes = (size_t)4 << 20;
    AUTO_FREE char *text = malloc(size_bytes);
    size_t count = 0;

    cr_assert_not_null(text);
    /* Full stops before what is neither letter nor end: each looks ahead. */
    for (size_t i = 0; i < size_bytes; i++) {
        text[i] = "). 1"[i % 4];
    }
    for (size_t start = 0; start < size_bytes; count++) {
        start = sentence_end(text, size_bytes, start);
    }
    cr_expect_gt(count, 1);
}
