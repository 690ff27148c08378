/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document's outline. mupdf's own reader of PDFs follows it by recursion and repairs the
 * document while it reads; this one does neither. Nothing blocks or logs.
 */
#include "workers/pdf/outline.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32
#define TITLE_BYTES 1024U

struct page_number {
    int object;
    uint32_t number;
};

struct reader {
    fz_context *ctx;
    struct document *document;
    struct arena *arena;
    pdf_mark_bits *seen;
    struct page_number *pages; /* by object */
    uint32_t page_count;
    struct survey_outline *entries;
    uint32_t count, capacity;
};

static int by_object(const void *a, const void *b)
{
    const struct page_number *x = a;
    const struct page_number *y = b;

    return (x->object > y->object) - (x->object < y->object);
}

/* Which page each page object is. */
static void number_pages(struct reader *reader)
{
    fz_context *ctx = reader->ctx;
    uint32_t count = reader->document->page_count;

    reader->pages = fz_malloc_array(ctx, count, struct page_number);
    for (uint32_t i = 0; i < count; i++) {
        reader->pages[i].object = page_tree_object(&reader->document->tree, i + 1);
        reader->pages[i].number = i + 1;
    }
    reader->page_count = count;
    qsort(reader->pages, count, sizeof(*reader->pages), by_object);
}

static uint32_t page_of(struct reader *reader, pdf_obj *page)
{
    struct page_number key = {.object = pdf_to_num(reader->ctx, page)};
    const struct page_number *found;

    if (pdf_is_int(reader->ctx, page)) { /* a destination in another document, or a bad one */
        int64_t number = (int64_t)pdf_to_int(reader->ctx, page) + 1;

        return number > 0 && number <= reader->document->page_count ? (uint32_t)number : 0;
    }
    if (key.object <= 0) {
        return 0;
    }
    found = bsearch(&key, reader->pages, reader->page_count, sizeof(key), by_object);
    return found ? found->number : 0;
}

/* The page that an entry leads to; 0 for none in this document. */
static uint32_t entry_page(struct reader *reader, pdf_obj *entry)
{
    fz_context *ctx = reader->ctx;
    pdf_obj *dest = pdf_dict_get(ctx, entry, PDF_NAME(Dest));

    if (!dest) {
        pdf_obj *action = pdf_dict_get(ctx, entry, PDF_NAME(A));

        if (!pdf_name_eq(ctx, pdf_dict_get(ctx, action, PDF_NAME(S)), PDF_NAME(GoTo))) {
            return 0;
        }
        dest = pdf_dict_get(ctx, action, PDF_NAME(D));
    }
    if (pdf_is_name(ctx, dest) || pdf_is_string(ctx, dest)) {
        dest = pdf_lookup_dest(ctx, reader->document->pdf, dest);
    }
    if (pdf_is_dict(ctx, dest)) {
        dest = pdf_dict_get(ctx, dest, PDF_NAME(D));
    }
    return pdf_is_array(ctx, dest) ? page_of(reader, pdf_array_get(ctx, dest, 0)) : 0;
}

/* entry_page, where an entry that cannot be followed leads nowhere. */
static uint32_t entry_page_caught(struct reader *reader, pdf_obj *entry)
{
    fz_context *ctx = reader->ctx;
    volatile uint32_t page = 0;

    fz_try(ctx)
    {
        page = entry_page(reader, entry);
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        fz_warn(ctx, "outline: %s", fz_caught_message(ctx));
    }
    return page;
}

static void add_entry(struct reader *reader, const char *title, int depth, uint32_t page)
{
    fz_context *ctx = reader->ctx;
    struct survey_outline *out;

    if (reader->count == reader->capacity) {
        uint32_t bigger = reader->capacity ? reader->capacity * 2 : 64;
        struct survey_outline *entries = arena_calloc(reader->arena, bigger, sizeof(*entries));

        if (!entries) {
            fz_throw(ctx, FZ_ERROR_MEMORY, "no memory for the outline");
        }
        if (reader->count > 0) {
            memcpy(entries, reader->entries, reader->count * sizeof(*entries));
        }
        reader->entries = entries;
        reader->capacity = bigger;
    }
    out = &reader->entries[reader->count];
    out->title = arena_strndup(reader->arena, title ? title : "", TITLE_BYTES);
    if (!out->title) {
        fz_throw(ctx, FZ_ERROR_MEMORY, "no memory for the outline");
    }
    out->depth = (uint16_t)depth;
    out->page = page;
    reader->count++;
}

static void read_tree(struct reader *reader, pdf_obj *root)
{
    fz_context *ctx = reader->ctx;
    pdf_obj *path[DEPTH_MAX]; /* where to go on in each depth */
    int depth = 0;

    path[0] = pdf_dict_get(ctx, root, PDF_NAME(First));
    while (depth >= 0 && reader->count < SURVEY_OUTLINE_MAX) {
        pdf_obj *entry = path[depth];
        pdf_obj *first;

        if (!pdf_is_dict(ctx, entry) || !pdf_is_indirect(ctx, entry) ||
            pdf_mark_bits_set(ctx, reader->seen, entry)) {
            depth--;
            continue;
        }
        add_entry(reader, pdf_dict_get_text_string(ctx, entry, PDF_NAME(Title)), depth,
                  entry_page_caught(reader, entry));
        path[depth] = pdf_dict_get(ctx, entry, PDF_NAME(Next));
        first = pdf_dict_get(ctx, entry, PDF_NAME(First));
        if (first && depth + 1 < DEPTH_MAX) {
            path[++depth] = first;
        }
    }
}

/* --- formats other than PDF, as mupdf reads them --- */

/* Where an entry leads to; 0 for nowhere. Some formats give the place, some a link to it. */
static uint32_t located_page(struct reader *reader, const fz_outline *entry)
{
    fz_context *ctx = reader->ctx;
    fz_document *fz = reader->document->fz;
    fz_location location = entry->page;
    int number = -1;

    if (location.page < 0 && entry->uri && !fz_is_external_link(ctx, entry->uri)) {
        location = fz_resolve_link(ctx, fz, entry->uri, NULL, NULL);
    }
    if (location.page >= 0) {
        number = fz_page_number_from_location(ctx, fz, location);
    }
    return number >= 0 && (uint32_t)number < reader->document->page_count ? (uint32_t)number + 1
                                                                          : 0;
}

static void read_loaded(struct reader *reader, const fz_outline *first)
{
    const fz_outline *path[DEPTH_MAX];
    int depth = 0;

    path[0] = first;
    while (depth >= 0 && reader->count < SURVEY_OUTLINE_MAX) {
        const fz_outline *entry = path[depth];

        if (!entry) {
            depth--;
            continue;
        }
        add_entry(reader, entry->title, depth, located_page(reader, entry));
        path[depth] = entry->next;
        if (entry->down && depth + 1 < DEPTH_MAX) {
            path[++depth] = entry->down;
        }
    }
}

static void read_any(struct reader *reader)
{
    fz_context *ctx = reader->ctx;
    fz_outline *outline = fz_load_outline(ctx, reader->document->fz);

    fz_try(ctx)
    {
        read_loaded(reader, outline);
    }
    fz_always(ctx)
    {
        fz_drop_outline(ctx, outline);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void read_pdf(struct reader *reader)
{
    fz_context *ctx = reader->ctx;
    pdf_obj *root = pdf_dict_getp(ctx, pdf_trailer(ctx, reader->document->pdf), "Root/Outlines");

    if (pdf_is_dict(ctx, pdf_dict_get(ctx, root, PDF_NAME(First)))) {
        reader->seen = pdf_new_mark_bits(ctx, reader->document->pdf);
        number_pages(reader);
        read_tree(reader, root);
    }
}

void outline_read(struct document *document, struct arena *arena,
                  struct survey_outline **ret_entries, uint32_t *ret_count)
{
    fz_context *ctx = document->ctx;
    struct reader reader = {.ctx = ctx, .document = document, .arena = arena};

    *ret_count = 0;
    fz_try(ctx)
    {
        if (document->pdf) {
            read_pdf(&reader);
        } else {
            read_any(&reader);
        }
    }
    fz_always(ctx)
    {
        pdf_drop_mark_bits(ctx, reader.seen);
        fz_free(ctx, reader.pages);
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        fz_warn(ctx, "outline: %s", fz_caught_message(ctx));
    }
    *ret_entries = reader.entries;
    *ret_count = reader.count;
}
