/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From a block to atoms: sentences or lines; of those over the smallest size words; of words over
 * it stretches of whole grapheme clusters.
 *
 * Invariants: no atom has more than `smallest` characters or white space at its ends; together,
 * with the white space between them, they are the text. Each character is looked at a few times.
 * Nothing is allocated, blocks or logs.
 */
#include "workers/index/block_cutter.h"

#include <string.h>

#include "workers/index/characters.h"
#include "workers/index/sentences.h"

/* A word that is too long goes in so many pieces into the smallest size. */
#define PIECES_A_SIZE 4U

static void move_to(struct block_cutter *cutter, size_t offset)
{
    cutter->place.byte += offset - cutter->offset;
    cutter->place.character +=
        character_count(cutter->text + cutter->offset, offset - cutter->offset);
    cutter->offset = offset;
}

/* Of the line or sentence at offset, without the white space behind it. */
static size_t find_unit_end(const struct block_cutter *cutter)
{
    size_t end;

    if (cutter->by_lines) {
        const char *feed =
            memchr(cutter->text + cutter->offset, '\n', cutter->size_bytes - cutter->offset);

        end = feed ? (size_t)(feed - cutter->text) : cutter->size_bytes;
    } else {
        end = sentence_end(cutter->text, cutter->size_bytes, cutter->offset);
    }
    return character_trim(cutter->text, cutter->offset, end);
}

/* Of the word at offset. */
static size_t find_word_end(const struct block_cutter *cutter)
{
    size_t at = cutter->offset;
    uint32_t before = character_next(cutter->text, &at);

    while (at < cutter->unit_end) {
        size_t end = at;
        uint32_t next = character_next(cutter->text, &at);

        if (character_ends_word(next) || character_may_part(before, next)) {
            return character_trim(cutter->text, cutter->offset, end);
        }
        before = next;
    }
    return cutter->unit_end;
}

static void take_piece_of_word(struct block_cutter *cutter, struct atom *atom)
{
    size_t most = cutter->smallest / PIECES_A_SIZE;
    size_t count;
    size_t end = character_clusters(cutter->text, cutter->offset, cutter->word_end, most, &count);

    /* White space that holds words together may stand anywhere in a long one. */
    end = character_trim(cutter->text, cutter->offset, end);
    move_to(cutter, end);
    atom->end = cutter->place;
    move_to(cutter, character_skip_space(cutter->text, end, cutter->word_end));
    if (cutter->offset >= cutter->word_end) {
        cutter->word_end = 0;
    }
}

static bool ends_clause(const struct block_cutter *cutter, size_t end)
{
    size_t next = end;

    if (cutter->by_lines && end < cutter->size_bytes && cutter->text[end] == '\t') {
        return true; /* the end of a cell */
    }
    return character_is_clause_mark(character_previous(cutter->text, &next));
}

/* A word of a sentence or line that is too long, or the first piece of a word that is. */
static void take_word(struct block_cutter *cutter, struct atom *atom)
{
    size_t end = find_word_end(cutter);
    size_t count = character_count(cutter->text + cutter->offset, end - cutter->offset);

    cutter->clause_ended = ends_clause(cutter, end);
    if (count > cutter->smallest) {
        cutter->word_end = end;
        cutter->word_characters = count;
        take_piece_of_word(cutter, atom);
        return;
    }
    move_to(cutter, end);
    atom->end = cutter->place;
}

static void take_unit(struct block_cutter *cutter, struct atom *atom)
{
    size_t end = find_unit_end(cutter);
    size_t count = character_count(cutter->text + cutter->offset, end - cutter->offset);

    atom->seam = cutter->unit_seam;
    atom->whole = cutter->unit_whole;
    if (count <= cutter->smallest) {
        move_to(cutter, end);
        atom->end = cutter->place;
        return;
    }
    cutter->unit_end = end;
    cutter->unit_characters = count;
    take_word(cutter, atom);
}

bool block_cutter_next(struct block_cutter *cutter, struct atom *ret_atom)
{
    if (cutter->word_end > 0) {
        ret_atom->start = cutter->place;
        ret_atom->seam = SEAM_CHARACTER;
        ret_atom->whole = cutter->word_characters;
        take_piece_of_word(cutter, ret_atom);
        return true;
    }
    move_to(cutter, character_skip_space(cutter->text, cutter->offset, cutter->size_bytes));
    if (cutter->offset >= cutter->size_bytes) {
        return false;
    }
    ret_atom->start = cutter->place;
    if (cutter->offset < cutter->unit_end) {
        ret_atom->seam = cutter->clause_ended ? SEAM_CLAUSE : SEAM_WORD;
        ret_atom->whole = cutter->unit_characters;
        take_word(cutter, ret_atom);
    } else {
        take_unit(cutter, ret_atom);
    }
    return true;
}
