/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Packing: of the places where a chunk may end, the best one.
 *
 * A chunk ends before the next heading that is not below the nearest one above its start, and
 * before it is over its size. Within these bounds it is as full as it can be, but rather ends where
 * the text does than a little later. What would be left over as a tiny last piece is shared.
 *
 * Nothing is allocated, blocks or logs.
 */
#include "workers/index/packing.h"

#include "workers/index/characters.h"

/* A rest of less than this part of the size is not left over. */
#define TINY_PARTS 4U

/* How much of a chunk's size a place is worth to it. */
static const double WORTH[SEAM_COUNT] = {
    [SEAM_CHARACTER] = -0.75, [SEAM_WORD] = -0.5,  [SEAM_CLAUSE] = -0.25, [SEAM_SENTENCE] = 0,
    [SEAM_LINE] = 0.125,      [SEAM_BLOCK] = 0.25, [SEAM_HEADING] = 0.5,
};

static uint64_t length(const struct packing *packing, size_t first, size_t end)
{
    return packing->atoms[end - 1].end.character - packing->atoms[first].start.character;
}

static bool starts_heading(const struct atom *atom)
{
    return atom->seam == SEAM_HEADING;
}

/* The first atom at which the section of the chunk that begins at first is over; count for none. */
static size_t section_end(const struct packing *packing)
{
    uint8_t level = packing->level > 0 ? packing->level : CHUNK_HEADINGS_MAX;
    bool leading = starts_heading(&packing->atoms[packing->first]);
    size_t i = packing->first;

    if (leading) {
        level = packing->atoms[i].heading;
        i++;
    }
    for (; i < packing->count; i++) {
        const struct atom *atom = &packing->atoms[i];

        if (starts_heading(atom)) {
            if (leading && atom->heading > level) {
                level = atom->heading;
            } else if (atom->heading <= level) {
                return i;
            }
        }
        leading = leading && atom->heading > 0;
    }
    return packing->count;
}

/* Whether a chunk may end before the atom. glue: a heading keeps what follows it. */
static bool may_end_before(const struct packing *packing, size_t index, bool glue)
{
    const struct atom *atom = &packing->atoms[index];
    const struct atom *before = atom - 1;

    if (atom->whole > 0 && atom->whole <= packing->size) {
        return false;
    }
    if (glue && before->heading > 0 && atom->seam >= SEAM_BLOCK) {
        return starts_heading(atom) && atom->heading <= before->heading;
    }
    return true;
}

/* --- where it ends --- */

/* The one that fills the chunk best; first for none. */
static size_t fullest(const struct packing *packing, size_t end, uint64_t room, bool glue)
{
    size_t best = packing->first;
    double best_worth = 0;

    for (size_t i = packing->first + 1; i < end; i++) {
        uint64_t used = length(packing, packing->first, i);
        double worth = (double)used / (double)room + WORTH[packing->atoms[i].seam];

        if (used > room) {
            break;
        }
        if (may_end_before(packing, i, glue) && (best == packing->first || worth >= best_worth)) {
            best = i;
            best_worth = worth;
        }
    }
    return best;
}

/* The one that shares what is left up to end between two chunks; fallback for none. */
static size_t balanced(const struct packing *packing, size_t end, uint64_t room, size_t fallback)
{
    size_t best = fallback;
    double best_worth = -2;

    for (size_t i = packing->first + 1; i < end; i++) {
        uint64_t head = length(packing, packing->first, i);
        uint64_t tail = length(packing, i, end);
        double worth = WORTH[packing->atoms[i].seam] -
                       (double)(head > tail ? head - tail : tail - head) / (double)packing->size;

        if (head > room) {
            break;
        }
        if (tail + packing->overlap <= packing->size && may_end_before(packing, i, true) &&
            worth > best_worth) {
            best = i;
            best_worth = worth;
        }
    }
    return best;
}

/* The index of the atom behind the chunk's last; first where nothing fits in room. */
static size_t find_end(const struct packing *packing, size_t end, uint64_t room, bool glue)
{
    bool known = end < packing->count || packing->complete;
    size_t best;

    if (known && length(packing, packing->first, end) <= room) {
        return end;
    }
    best = fullest(packing, end, room, glue);
    if (known && best > packing->first && length(packing, best, end) < packing->size / TINY_PARTS) {
        best = balanced(packing, end, room, best);
    }
    return best;
}

/* --- where its overlap begins --- */

/* Words at the end of the text before the chunk, as many as fit. */
static struct place words_before(const struct packing *packing, const struct place *lower)
{
    const struct atom *first = &packing->atoms[packing->first];
    const char *text = packing->text;
    size_t offset = (size_t)(first->gap_start - packing->text_byte);
    size_t lowest = (size_t)(lower->byte - packing->text_byte);
    size_t gap_bytes = (size_t)(first->start.byte - first->gap_start);
    uint64_t count = character_count(text + offset, gap_bytes);
    struct place best = first->start;
    uint32_t after = ' ';

    while (offset > lowest && count <= packing->overlap) {
        size_t previous = offset;
        uint32_t character = character_previous(text, &previous);

        if (!character_is_space(after) &&
            (character_ends_word(character) || character_may_part(character, after))) {
            best.byte = packing->text_byte + offset;
            best.character = first->start.character - count;
        }
        after = character;
        offset = previous;
        count++;
    }
    return best;
}

struct overlap {
    struct place start;
    enum seam seam;
};

static bool can_overlap(const struct packing *packing)
{
    const struct atom *first = &packing->atoms[packing->first];

    return packing->overlap > 0 && packing->first > 0 && packing->lower.byte < first->start.byte &&
           !starts_heading(first) && first[-1].heading == 0 && first[-1].stretch == first->stretch;
}

/* Whole sentences (rows, lines) where some fit, else words. */
static struct overlap find_overlap(const struct packing *packing)
{
    const struct atom *first = &packing->atoms[packing->first];
    const struct overlap none = {first->start, first->seam};
    bool by_lines = first->kind == CHUNK_KIND_TABLE || first->kind == CHUNK_KIND_CODE;
    struct overlap best = none;
    struct place lower = packing->lower;

    if (!can_overlap(packing)) {
        return none;
    }
    for (const struct atom *atom = first - 1;; atom--) {
        if (atom->start.byte < lower.byte || atom->heading > 0 || atom->stretch != first->stretch) {
            if (atom->end.byte > lower.byte) {
                lower = atom->end;
            }
            break;
        }
        if (first->start.character - atom->start.character > packing->overlap) {
            break;
        }
        if (atom->seam >= (by_lines ? SEAM_LINE : SEAM_SENTENCE)) {
            best = (struct overlap){atom->start, atom->seam};
        }
        if (atom == packing->atoms) {
            break;
        }
    }
    if (best.start.byte == none.start.byte && !by_lines) {
        struct place words = words_before(packing, &lower);

        if (words.byte < first->start.byte) {
            best = (struct overlap){words, SEAM_WORD};
        }
    }
    return best;
}

struct packing_cut packing_next(const struct packing *packing)
{
    const struct atom *first = &packing->atoms[packing->first];
    size_t end = section_end(packing);
    struct overlap overlap = find_overlap(packing);
    uint64_t repeated = first->start.character - overlap.start.character;
    struct packing_cut cut = {.start = overlap.start, .seam = overlap.seam};

    cut.end = find_end(packing, end, packing->size - repeated, true);
    if (cut.end > packing->first) {
        return cut;
    }
    cut.start = first->start;
    cut.seam = first->seam;
    cut.end = find_end(packing, end, packing->size, true);
    if (cut.end == packing->first) {
        /* A heading, and a sentence that fits only without it. */
        cut.end = find_end(packing, end, packing->size, false);
    }
    if (cut.end == packing->first) {
        cut.end = packing->first + 1; /* each atom fits alone */
    }
    return cut;
}
