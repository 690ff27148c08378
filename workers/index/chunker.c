/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chunks of all levels. The largest are cut off the body one after the other; each is cut again
 * into those of the level below, before it is let go of.
 *
 * A record names its parent by ordinal, and ordinals of a level come behind all of those below it:
 * with several levels the body is read once to count, then once for each level to write.
 *
 * Blocks as ops do. Logs nothing.
 */
#include "workers/index/chunker.h"

#include <stdlib.h>
#include <string.h>

#include "workers/index/boxes.h"
#include "workers/index/duplicates.h"
#include "workers/index/headings.h"
#include "workers/index/packing.h"
#include "workers/index/quality.h"
#include "workers/index/window.h"

#define COUNT_ONLY CHUNK_LEVELS_MAX /* as the level to write */

/* One level, while the body is read. */
struct level {
    uint32_t count;           /* chunks so far */
    uint32_t first_ordinal;   /* of the level's first chunk */
    struct place start;       /* of the last chunk, its overlap left out */
    struct heading_path path; /* above the next chunk's first atom */
};

struct chunker {
    const struct chunk_sizes *sizes;
    const struct chunker_ops *ops;
    void *context;
    struct window *window;
    struct duplicates *duplicates;
    struct buf folded, joint;
    struct level levels[CHUNK_LEVELS_MAX];
    uint32_t write; /* the level that is written, or COUNT_ONLY */
    struct chunk_box boxes[CHUNK_BOXES_MAX];
};

/* A chunk as it was cut: atoms first to end of the window. */
struct cut {
    uint32_t level;
    size_t first, end;
    struct place start;
    enum seam start_seam;
    enum seam end_seam;
};

/* --- from a cut to its record --- */

/* The headings at the chunk's start: those above it, and those that it begins with. */
static void path_of(const struct chunker *chunker, const struct cut *cut,
                    struct heading_path *ret_path)
{
    size_t count;
    const struct atom *atoms = window_atoms(chunker->window, &count);

    *ret_path = chunker->levels[cut->level].path;
    if (atoms[cut->first].seam != SEAM_HEADING) {
        return;
    }
    for (size_t i = cut->first; i < cut->end && atoms[i].heading > 0; i++) {
        const struct window_heading *heading =
            atoms[i].seam == SEAM_HEADING ? window_heading_at(chunker->window, atoms[i].start.byte)
                                          : NULL;

        if (heading) {
            heading_path_push(ret_path, heading);
        }
    }
}

/* Characters of sentences that the chunk has not as a whole. */
static uint64_t partial_characters(const struct atom *atoms, const struct cut *cut)
{
    size_t first = cut->first;
    size_t end = cut->end;
    uint64_t partial = 0;

    if (cut->start_seam < SEAM_SENTENCE) {
        while (first < end && atoms[first].seam < SEAM_SENTENCE) {
            first++;
        }
        partial =
            (first < cut->end ? atoms[first].start.character : atoms[cut->end - 1].end.character) -
            cut->start.character;
    }
    if (cut->end_seam < SEAM_SENTENCE && first < cut->end) {
        do {
            end--;
        } while (end > first && atoms[end].seam < SEAM_SENTENCE);
        partial += atoms[cut->end - 1].end.character - atoms[end].start.character;
    }
    return partial;
}

/* What most of the text is, and of which table most of it is. */
static void fill_kind(const struct atom *atoms, const struct cut *cut, struct chunk_record *record)
{
    uint64_t bytes[CHUNK_KIND_COUNT] = {0};
    uint64_t run = 0;
    uint64_t best = 0;
    uint32_t table = 0;

    for (size_t i = cut->first; i < cut->end; i++) {
        uint64_t size_bytes = atoms[i].end.byte - atoms[i].start.byte;

        bytes[atoms[i].kind] += size_bytes;
        run =
            i > cut->first && atoms[i].table == atoms[i - 1].table ? run + size_bytes : size_bytes;
        if (atoms[i].table > 0 && run > best) {
            best = run;
            table = atoms[i].table;
        }
    }
    record->kind = CHUNK_KIND_TEXT;
    for (unsigned kind = 0; kind < CHUNK_KIND_COUNT; kind++) {
        if (bytes[kind] > bytes[record->kind]) {
            record->kind = (enum chunk_kind)kind;
        }
    }
    record->table = record->kind == CHUNK_KIND_TABLE ? table : 0;
}

static void fill_places(struct chunker *chunker, const struct cut *cut, uint64_t end_byte,
                        struct chunk_record *record)
{
    size_t shown_count;
    const struct shown *shown = window_shown(chunker->window, cut->start.byte, &shown_count);

    record->boxes = chunker->boxes;
    record->box_count = boxes_of(shown, shown_count, cut->start.byte, end_byte, chunker->boxes);
    record->first_page = record->boxes[0].page;
    record->last_page = record->boxes[0].page;
    for (uint32_t i = 1; i < record->box_count; i++) {
        uint32_t page = record->boxes[i].page;

        record->first_page = page < record->first_page ? page : record->first_page;
        record->last_page = page > record->last_page ? page : record->last_page;
    }
}

static int fill_digest(struct chunker *chunker, struct chunk_record *record, struct error *err)
{
    uint8_t digest[HASH_SHA256_BYTES];

    if (duplicates_digest(record->text, record->text_bytes, &chunker->folded, digest, err) < 0) {
        return -1;
    }
    hash_hex(digest, sizeof(digest), record->sha256);
    return duplicates_note(chunker->duplicates, digest, record->ordinal, &record->duplicate_of,
                           err);
}

static void fill_quality(const struct chunker *chunker, const struct atom *atoms,
                         const struct cut *cut, struct chunk_record *record)
{
    uint64_t characters = atoms[cut->end - 1].end.character - cut->start.character;

    record->length_quality = quality_length(characters, chunker->sizes->sizes[cut->level]);
    record->boundary_quality = quality_boundary(cut->start_seam, cut->end_seam);
    record->completeness_quality = quality_completeness(record->text, record->text_bytes,
                                                        characters, partial_characters(atoms, cut));
}

static int write_chunk(struct chunker *chunker, const struct cut *cut, struct error *err)
{
    const struct level *level = &chunker->levels[cut->level];
    bool is_part = cut->level + 1 < chunker->sizes->count;
    const char *headings[CHUNK_HEADINGS_MAX];
    struct heading_path path;
    struct chunk_record record = {.level = (uint8_t)cut->level};
    size_t count;
    const struct atom *atoms = window_atoms(chunker->window, &count);
    const struct atom *first = &atoms[cut->first];
    uint64_t end_byte = atoms[cut->end - 1].end.byte;

    path_of(chunker, cut, &path);
    record.ordinal = level->first_ordinal + level->count - 1;
    record.parent = is_part ? level[1].first_ordinal + level[1].count - 1 : 0;
    record.headings = headings;
    record.heading_count = path.count;
    for (uint32_t i = 0; i < path.count; i++) {
        headings[i] = path.headings[i].text;
        record.heading_levels[i] = path.headings[i].level;
    }
    buf_reset(&chunker->joint, chunker->joint.capacity);
    if (buf_append(&chunker->joint, window_text(chunker->window, first->gap_start),
                   (size_t)(first->start.byte - first->gap_start), err) < 0) {
        return error_wrap(err, "white space");
    }
    record.joint = buf_cstr(&chunker->joint, err);
    if (!record.joint) {
        return -1;
    }
    record.overlap_bytes = (uint32_t)(first->start.byte - cut->start.byte);
    record.text = window_text(chunker->window, cut->start.byte);
    record.text_bytes = (uint32_t)(end_byte - cut->start.byte);
    fill_kind(atoms, cut, &record);
    fill_places(chunker, cut, end_byte, &record);
    fill_quality(chunker, atoms, cut, &record);
    if (fill_digest(chunker, &record, err) < 0) {
        return -1;
    }
    return chunker->ops->emit(chunker->context, &record, err);
}

/* --- cutting --- */

/* Counts the cut, and writes it when its level's turn is. */
static int take_cut(struct chunker *chunker, const struct cut *cut, struct error *err)
{
    struct level *level = &chunker->levels[cut->level];

    if (level->count == UINT32_MAX / CHUNK_LEVELS_MAX) {
        return error_set(err, ERROR_LIMIT, "over %u chunks", level->count);
    }
    level->count++;
    return cut->level == chunker->write ? write_chunk(chunker, cut, err) : 0;
}

/* Behind a cut: the level's headings and start are those for its next one. */
static void pass_cut(struct chunker *chunker, const struct cut *cut)
{
    struct level *level = &chunker->levels[cut->level];
    size_t count;
    const struct atom *atoms = window_atoms(chunker->window, &count);

    for (size_t i = cut->first; i < cut->end; i++) {
        const struct window_heading *heading =
            atoms[i].seam == SEAM_HEADING ? window_heading_at(chunker->window, atoms[i].start.byte)
                                          : NULL;

        if (heading) {
            heading_path_push(&level->path, heading);
        }
    }
    level->start = atoms[cut->first].start;
}

/* The chunk that begins at atom first and ends before atom end; complete: nothing follows that. */
static struct cut next_cut(const struct chunker *chunker, uint32_t level, size_t first, size_t end,
                           bool complete, struct place lower)
{
    size_t count;
    const struct atom *atoms = window_atoms(chunker->window, &count);
    struct packing packing = {
        .atoms = atoms,
        .count = end,
        .complete = complete,
        .size = chunker->sizes->sizes[level],
        .overlap = chunker->sizes->overlap,
        .level = heading_path_level(&chunker->levels[level].path),
        .first = first,
        .lower = lower,
        .text = window_text(chunker->window, atoms[0].gap_start),
        .text_byte = atoms[0].gap_start,
    };
    struct packing_cut found = packing_next(&packing);

    return (struct cut){
        .level = level,
        .first = first,
        .end = found.end,
        .start = found.start,
        .start_seam = found.seam,
        .end_seam = found.end < count ? atoms[found.end].seam : SEAM_BLOCK,
    };
}

/* Cuts parts of the level below out of a chunk, and parts of these. */
static int cut_parts(struct chunker *chunker, const struct cut *whole, struct error *err)
{
    uint32_t below = whole->level - 1;
    struct level *level = &chunker->levels[below];

    for (size_t first = whole->first; first < whole->end;) {
        struct place lower = level->start.byte > whole->start.byte ? level->start : whole->start;
        struct cut cut = next_cut(chunker, below, first, whole->end, true, lower);

        if (take_cut(chunker, &cut, err) < 0 || (below > 0 && cut_parts(chunker, &cut, err) < 0)) {
            return -1;
        }
        pass_cut(chunker, &cut);
        first = cut.end;
    }
    return 0;
}

static int cut_body(struct chunker *chunker, struct error *err)
{
    uint32_t top = chunker->sizes->count - 1;
    uint64_t ahead = 2 * (uint64_t)chunker->sizes->sizes[top] + 1;
    size_t first = 0;

    for (;;) {
        size_t count;
        struct cut cut;

        if (window_fill(chunker->window, first, ahead, err) < 0) {
            return -1;
        }
        window_atoms(chunker->window, &count);
        if (first >= count) {
            return 0;
        }
        cut = next_cut(chunker, top, first, count, window_ended(chunker->window),
                       chunker->levels[top].start);
        if (take_cut(chunker, &cut, err) < 0 || (top > 0 && cut_parts(chunker, &cut, err) < 0)) {
            return -1;
        }
        pass_cut(chunker, &cut);
        first = cut.end - window_drop(chunker->window, chunker->levels[top].start.byte);
    }
}

/* Reads the body once and writes the chunks of one level, or only counts those of all. */
static int run(struct chunker *chunker, uint32_t write, struct error *err)
{
    int result;

    for (uint32_t i = 0; i < chunker->sizes->count; i++) {
        chunker->levels[i].count = 0;
        chunker->levels[i].start = (struct place){0, 0};
        chunker->levels[i].path.count = 0;
    }
    chunker->write = write;
    duplicates_reset(chunker->duplicates);
    chunker->window = window_create(chunker->sizes->sizes[0], chunker->ops->next, chunker->context);
    if (!chunker->window) {
        return error_set(err, ERROR_MEMORY, "no memory for a document's chunks");
    }
    result = chunker->ops->rewind(chunker->context, err);
    if (result == 0) {
        result = cut_body(chunker, err);
    }
    window_destroy(chunker->window);
    chunker->window = NULL;
    return result;
}

static int run_levels(struct chunker *chunker, struct error *err)
{
    uint32_t ordinal = 1;

    if (chunker->sizes->count > 1 && run(chunker, COUNT_ONLY, err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < chunker->sizes->count; i++) {
        chunker->levels[i].first_ordinal = ordinal;
        ordinal += chunker->levels[i].count;
    }
    for (uint32_t i = 0; i < chunker->sizes->count; i++) {
        if (run(chunker, i, err) < 0) {
            return -1;
        }
    }
    return 0;
}

int chunk_body(const struct chunk_sizes *sizes, const struct chunker_ops *ops, void *context,
               uint32_t *ret_count, uint32_t *ret_searched_count, struct error *err)
{
    struct chunker *chunker = calloc(1, sizeof(*chunker));
    uint32_t count = 0;
    int result;

    if (!chunker) {
        return error_set(err, ERROR_MEMORY, "no memory for a document's chunks");
    }
    chunker->sizes = sizes;
    chunker->ops = ops;
    chunker->context = context;
    chunker->duplicates = duplicates_create();
    buf_init(&chunker->folded, CHUNK_TEXT_MAX_BYTES);
    buf_init(&chunker->joint, CHUNK_JOINT_MAX_BYTES + 1);
    result = chunker->duplicates ? run_levels(chunker, err)
                                 : error_set(err, ERROR_MEMORY, "no memory for duplicates");
    for (uint32_t i = 0; i < sizes->count; i++) {
        count += chunker->levels[i].count;
    }
    if (result == 0) {
        *ret_count = count;
        *ret_searched_count = chunker->levels[0].count;
    }
    buf_deinit(&chunker->joint);
    buf_deinit(&chunker->folded);
    duplicates_destroy(chunker->duplicates);
    free(chunker);
    return result;
}
