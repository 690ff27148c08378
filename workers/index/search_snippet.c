/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Choosing and marking a stretch of text.
 *
 * Words that say nothing of a subject are not marked while others are found. Nothing blocks,
 * nothing is logged.
 */
#include "workers/index/search_snippet.h"

#include <string.h>

#include "workers/embedding/lexical.h"

#define LEAD_BYTES                                                                                 \
    90 /* at most so much of a sentence stands before its first word that is meant                 \
        */
#define SENTENCES_MAX 256
#define ELLIPSIS "\xE2\x80\xA6"
#define MARK_OPEN "\x02"
#define MARK_CLOSE "\x03"

/* A stretch of the text where a term stands. */
struct mark {
    uint32_t start, end;
    uint32_t term;
};

struct marks {
    struct mark *marks;
    uint32_t count;
    bool subject; /* one of them is no function word */
};

/* At each place the longest term; none overlap. */
static int find_marks(struct search_db *db, const struct search_words *words, const char *text,
                      struct arena *arena, struct marks *ret_marks, struct error *err)
{
    struct search_text tokens;

    *ret_marks = (struct marks){.count = 0};
    if (search_text_read(db, words, text, strlen(text), arena, &tokens, err) < 0) {
        return -1;
    }
    ret_marks->marks = arena_calloc(arena, tokens.count, sizeof *ret_marks->marks);
    if (!ret_marks->marks) {
        return error_set(err, ERROR_MEMORY, "no memory for a snippet");
    }
    for (uint32_t at = 0; at < tokens.count; at++) {
        uint32_t longest = 0;
        uint32_t found = 0;

        for (uint32_t i = 0; i < words->count; i++) {
            if (words->terms[i].token_count > longest && search_text_has(&tokens, at, words, i)) {
                longest = words->terms[i].token_count;
                found = i;
            }
        }
        if (longest > 0) {
            uint32_t last = at + longest - 1;

            ret_marks->marks[ret_marks->count++] =
                (struct mark){tokens.tokens[at].start, tokens.tokens[last].end, found};
            ret_marks->subject |= !words->terms[found].function;
            at = last;
        }
    }
    return 0;
}

/* Each term once, and a little for each repetition. */
static double window_weight(const struct search_words *words, const struct marks *marks,
                            uint32_t first)
{
    bool seen[SEARCH_TERMS_MAX] = {false};
    double weight = 0;

    for (uint32_t i = first; i < marks->count; i++) {
        uint32_t term = marks->marks[i].term;

        if (marks->marks[i].end > marks->marks[first].start + SEARCH_SNIPPET_BYTES - LEAD_BYTES) {
            break;
        }
        weight += (words->terms[term].weight + 0.01) * (seen[term] ? 0.05 : 1);
        seen[term] = true;
    }
    return weight;
}

static size_t best_mark(const struct search_words *words, const struct marks *marks)
{
    uint32_t best = 0;
    double most = -1;

    for (uint32_t i = 0; i < marks->count; i++) {
        double weight = window_weight(words, marks, i);

        if (weight > most) {
            most = weight;
            best = i;
        }
    }
    return marks->marks[best].start;
}

static bool is_space(char c)
{
    return (unsigned char)c <= 0x20;
}

static bool ends_sentence(const char *text, size_t at)
{
    return text[at] == '\n' ||
           (strchr(".!?", text[at]) != NULL && text[at] && is_space(text[at + 1]));
}

/* Where the sentence begins that has the byte at. */
static size_t sentence_start(const char *text, size_t at)
{
    while (at > 0 && !ends_sentence(text, at - 1)) {
        at--;
    }
    while (is_space(text[at]) && text[at]) {
        at++;
    }
    return at;
}

/* The start of a word at or behind at; of a script without spaces, of a character. */
static size_t word_start(const char *text, size_t at, size_t end)
{
    size_t word = at;

    while (word < end && !is_space(text[word])) {
        word++;
    }
    while (word < end && is_space(text[word])) {
        word++;
    }
    if (word < end) {
        return word;
    }
    while (at < end && ((unsigned char)text[at] & 0xC0) == 0x80) {
        at++;
    }
    return at;
}

static size_t stretch_start(const char *text, size_t at)
{
    size_t start = sentence_start(text, at);

    if (start > at) {
        return at;
    }
    return at - start <= LEAD_BYTES ? start : word_start(text, at - LEAD_BYTES, at);
}

static size_t stretch_end(const char *text, size_t start)
{
    size_t length = strlen(text);
    size_t end = start + SEARCH_SNIPPET_BYTES;

    if (end >= length) {
        return length;
    }
    for (size_t at = end; at > start + SEARCH_SNIPPET_BYTES / 2; at--) {
        if (is_space(text[at])) {
            return at;
        }
    }
    while (end > start && ((unsigned char)text[end] & 0xC0) == 0x80) {
        end--;
    }
    return end;
}

/* The start of the sentence whose spelling is nearest to the question's. */
static size_t nearest_sentence(const char *question, const char *text)
{
    float wanted[LEXICAL_DIMENSIONS];
    float vector[LEXICAL_DIMENSIONS];
    double most = 0;
    size_t best = 0;
    size_t start = 0;

    if (!question || !lexical_embed(question, strlen(question), wanted)) {
        return 0;
    }
    for (int i = 0; i < SENTENCES_MAX && text[start]; i++) {
        size_t end = start;
        double score = 0;

        while (text[end] && !ends_sentence(text, end)) {
            end++;
        }
        if (lexical_embed(text + start, end - start, vector)) {
            for (uint32_t c = 0; c < LEXICAL_DIMENSIONS; c++) {
                score += (double)vector[c] * wanted[c];
            }
        }
        if (score > most) {
            most = score;
            best = start;
        }
        start = text[end] ? end + 1 : end;
    }
    while (is_space(text[best]) && text[best]) {
        best++;
    }
    return best;
}

/* Appends text from start to end as it is shown. */
static int put_plain(const char *text, size_t start, size_t end, bool *blank, struct buf *out,
                     struct error *err)
{
    for (size_t i = start; i < end; i++) {
        if (is_space(text[i])) {
            *blank = true;
            continue;
        }
        if (text[i] == 0x7F) {
            continue;
        }
        if ((*blank && out->size > 0 && buf_append(out, " ", 1, err) < 0) ||
            buf_append(out, text + i, 1, err) < 0) {
            return -1;
        }
        *blank = false;
    }
    return 0;
}

static int put_marked(const char *text, const struct mark *mark, bool *blank, struct buf *out,
                      struct error *err)
{
    if (*blank && out->size > 0 && buf_append(out, " ", 1, err) < 0) {
        return -1;
    }
    *blank = false;
    return buf_append_str(out, MARK_OPEN, err) < 0 ||
                   put_plain(text, mark->start, mark->end, blank, out, err) < 0 ||
                   buf_append_str(out, MARK_CLOSE, err) < 0
               ? -1
               : 0;
}

static int put_stretch(const struct search_words *words, const struct marks *marks,
                       const char *text, const struct search_snippet *snippet, struct buf *out,
                       struct error *err)
{
    size_t at = snippet->start;
    bool blank = false;

    if (snippet->start > 0 && buf_append_str(out, ELLIPSIS " ", err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < marks->count; i++) {
        const struct mark *mark = &marks->marks[i];

        if (mark->start < at || mark->end > snippet->end ||
            (words->terms[mark->term].function && marks->subject)) {
            continue;
        }
        if (put_plain(text, at, mark->start, &blank, out, err) < 0 ||
            put_marked(text, mark, &blank, out, err) < 0) {
            return -1;
        }
        at = mark->end;
    }
    if (put_plain(text, at, snippet->end, &blank, out, err) < 0) {
        return -1;
    }
    return text[snippet->end] ? buf_append_str(out, " " ELLIPSIS, err) : 0;
}

static bool has_subject(const struct search_words *words)
{
    for (uint32_t i = 0; i < words->count; i++) {
        if (!words->terms[i].function) {
            return true;
        }
    }
    return false;
}

int search_snippet(struct search_db *db, const struct search_words *words, const char *question,
                   const char *text, struct arena *arena, struct buf *out,
                   struct search_snippet *ret_snippet, struct error *err)
{
    struct marks marks;

    if (find_marks(db, words, text, arena, &marks, err) < 0) {
        return -1;
    }
    ret_snippet->start = marks.subject || (marks.count > 0 && !has_subject(words))
                             ? stretch_start(text, best_mark(words, &marks))
                             : nearest_sentence(question, text);
    ret_snippet->end = stretch_end(text, ret_snippet->start);
    return put_stretch(words, &marks, text, ret_snippet, out, err);
}
