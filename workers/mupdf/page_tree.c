/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The pages of a PDF.
 *
 * To look at an object may mean to decode a stream of a hundred others, so that a whole tree costs
 * as much as extracting a tenth of its pages. A node whose /Count is the length of its /Kids, and
 * whose first and last kid are pages, is believed to hold only pages; and only the upper nodes are
 * looked at. What is believed depends on the file alone: every worker numbers its pages alike.
 * Nodes may refer to themselves, and one node may stand in many places: depth, visits and pages
 * are bounded. Nothing blocks or logs.
 */
#include "workers/mupdf/page_tree.h"

#include <string.h>

#define DEPTH_MAX 64
#define LOOKED_AT_MAX 48U
#define VISITS_SPARE 1024U

struct walk {
    fz_context *ctx;
    pdf_document *doc;
    uint64_t visits_left;
    uint32_t pages_max;
    pdf_obj *path[DEPTH_MAX]; /* the nodes above, to see loops */
    int depth;
    pdf_obj **pages; /* NULL while only counting */
    uint32_t count, capacity;
};

static bool is_inner(fz_context *ctx, pdf_obj *node)
{
    return pdf_is_array(ctx, pdf_dict_get(ctx, node, PDF_NAME(Kids))) &&
           !pdf_name_eq(ctx, pdf_dict_get(ctx, node, PDF_NAME(Type)), PDF_NAME(Page));
}

static bool on_path(const struct walk *walk, pdf_obj *node)
{
    for (int i = 0; i < walk->depth; i++) {
        if (pdf_objcmp_resolve(walk->ctx, walk->path[i], node) == 0 &&
            pdf_to_num(walk->ctx, walk->path[i]) == pdf_to_num(walk->ctx, node)) {
            return true;
        }
    }
    return false;
}

/* Enters a node; false where a loop or a bound forbids it. Pair with leave. */
static bool enter(struct walk *walk, pdf_obj *node)
{
    if (walk->depth == DEPTH_MAX || walk->visits_left == 0 || on_path(walk, node)) {
        return false;
    }
    walk->visits_left--;
    walk->path[walk->depth++] = node;
    return true;
}

static void leave(struct walk *walk)
{
    walk->depth--;
}

/* A node that holds nothing but pages, as far as its ends show. */
static bool is_leafy(fz_context *ctx, pdf_obj *node)
{
    pdf_obj *kids = pdf_dict_get(ctx, node, PDF_NAME(Kids));
    int length = pdf_array_len(ctx, kids);

    return length > 0 && length == pdf_dict_get_int(ctx, node, PDF_NAME(Count)) &&
           !is_inner(ctx, pdf_array_get(ctx, kids, 0)) &&
           !is_inner(ctx, pdf_array_get(ctx, kids, length - 1));
}

/* The upper nodes of the tree, level by level, as far as they are looked at. */
struct upper {
    pdf_obj *nodes[LOOKED_AT_MAX];
    uint32_t count;
    uint32_t looks_left;
};

static bool upper_holds(fz_context *ctx, const struct upper *upper, pdf_obj *node)
{
    for (uint32_t i = 0; i < upper->count; i++) {
        if (upper->nodes[i] == node ||
            (pdf_to_num(ctx, node) != 0 &&
             pdf_to_num(ctx, upper->nodes[i]) == pdf_to_num(ctx, node))) {
            return true;
        }
    }
    return false;
}

/* Whether a node's count is that of its kids; notes those of its kids that are nodes. */
static bool node_agrees(fz_context *ctx, struct upper *upper, pdf_obj *node)
{
    pdf_obj *kids = pdf_dict_get(ctx, node, PDF_NAME(Kids));
    int length = pdf_array_len(ctx, kids);
    int64_t count = 0;

    if (is_leafy(ctx, node)) {
        return true;
    }
    for (int i = 0; i < length; i++) {
        pdf_obj *kid = pdf_array_get(ctx, kids, i);

        upper->looks_left -= upper->looks_left > 0;
        if (!is_inner(ctx, kid)) {
            count += pdf_is_dict(ctx, kid);
            continue;
        }
        count += pdf_dict_get_int(ctx, kid, PDF_NAME(Count));
        if (upper_holds(ctx, upper, kid)) {
            return false;
        }
        if (upper->count < LOOKED_AT_MAX) {
            upper->nodes[upper->count++] = kid;
        }
    }
    return count == pdf_dict_get_int(ctx, node, PDF_NAME(Count));
}

/* Whether the counts of the tree's upper nodes agree, and could be true. Objects are looked at
 * up to a bound: a lie further down costs only the pages below it. Sets walk->count. */
static bool counts_agree(struct walk *walk, pdf_obj *root)
{
    fz_context *ctx = walk->ctx;
    int claimed = pdf_dict_get_int(ctx, root, PDF_NAME(Count));
    struct upper upper = {.nodes = {root}, .count = 1, .looks_left = LOOKED_AT_MAX};

    if (!is_inner(ctx, root) || claimed <= 0 || claimed > pdf_xref_len(ctx, walk->doc)) {
        return false;
    }
    walk->count = (uint32_t)claimed;
    for (uint32_t i = 0; i < upper.count && upper.looks_left > 0; i++) {
        if (!node_agrees(ctx, &upper, upper.nodes[i])) {
            return false;
        }
    }
    return true;
}

static void add_page(struct walk *walk, pdf_obj *page)
{
    if (walk->count == walk->capacity) {
        uint32_t bigger = walk->capacity ? walk->capacity * 2 : 64;

        walk->pages = fz_realloc_array(walk->ctx, walk->pages, bigger, pdf_obj *);
        walk->capacity = bigger;
    }
    walk->pages[walk->count++] = pdf_keep_obj(walk->ctx, page);
}

/* Every page below node. One that cannot be read is left out; the pages after it are not. */
static void list_pages(struct walk *walk, pdf_obj *node)
{
    fz_context *ctx = walk->ctx;
    pdf_obj *kids;
    int length;

    if (!enter(walk, node)) {
        return;
    }
    kids = pdf_dict_get(ctx, node, PDF_NAME(Kids));
    length = pdf_array_len(ctx, kids);
    for (int i = 0; i < length && walk->count <= walk->pages_max && walk->visits_left > 0; i++) {
        pdf_obj *kid = pdf_array_get(ctx, kids, i);

        walk->visits_left--;
        if (is_inner(ctx, kid)) {
            list_pages(walk, kid);
        } else if (pdf_is_dict(ctx, kid)) {
            add_page(walk, kid);
        }
    }
    leave(walk);
}

static pdf_obj *tree_root(fz_context *ctx, pdf_document *doc)
{
    return pdf_dict_getp(ctx, pdf_trailer(ctx, doc), "Root/Pages");
}

static void start_walk(struct walk *walk, const struct page_tree *tree, uint32_t pages_max)
{
    *walk = (struct walk){.ctx = tree->ctx,
                          .doc = tree->doc,
                          .pages_max = pages_max,
                          .visits_left = (uint64_t)pages_max * 2 + VISITS_SPARE +
                                         (uint64_t)pdf_xref_len(tree->ctx, tree->doc)};
}

/* Walks with step, an error being the end of the walk; memory errors go on. */
static bool walk_tree(struct walk *walk, const struct page_tree *tree,
                      bool (*step)(struct walk *walk, pdf_obj *node))
{
    fz_context *ctx = tree->ctx;
    volatile bool agree = false;

    fz_try(ctx)
    {
        agree = step(walk, tree_root(ctx, tree->doc));
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        fz_warn(ctx, "page tree: %s", fz_caught_message(ctx));
    }
    return agree;
}

static void scan_object(struct walk *walk, int object)
{
    fz_context *ctx = walk->ctx;
    pdf_obj *reference = pdf_new_indirect(ctx, walk->doc, object, 0);

    fz_try(ctx)
    {
        if (pdf_name_eq(ctx, pdf_dict_get(ctx, reference, PDF_NAME(Type)), PDF_NAME(Page))) {
            add_page(walk, reference);
        }
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, reference);
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
    }
}

static bool list_step(struct walk *walk, pdf_obj *node)
{
    if (is_inner(walk->ctx, node)) {
        list_pages(walk, node);
    } else if (pdf_is_dict(walk->ctx, node)) {
        add_page(walk, node);
    }
    return true;
}

/* Pages that no tree leads to: every object that says it is a page, in the order of the file's
 * numbers. node is the root, of no use here. */
static bool scan_step(struct walk *walk, pdf_obj *node)
{
    fz_context *ctx = walk->ctx;
    int end = pdf_xref_len(ctx, walk->doc);

    (void)node;
    for (int object = 1; object < end && walk->count <= walk->pages_max; object++) {
        scan_object(walk, object);
    }
    return true;
}

void page_tree_init(struct page_tree *tree, fz_context *ctx, pdf_document *doc, uint32_t pages_max)
{
    struct walk walk;

    memset(tree, 0, sizeof(*tree));
    tree->ctx = ctx;
    tree->doc = doc;
    start_walk(&walk, tree, pages_max);
    tree->believed = walk_tree(&walk, tree, counts_agree);
    tree->count = walk.count;
    if (tree->believed || walk.count > pages_max) {
        return;
    }
    start_walk(&walk, tree, pages_max);
    walk_tree(&walk, tree, list_step);
    if (walk.count == 0) {
        walk_tree(&walk, tree, scan_step);
    }
    tree->pages = walk.pages;
    tree->count = walk.count;
}

void page_tree_deinit(struct page_tree *tree)
{
    if (tree->pages) {
        for (uint32_t i = 0; i < tree->count; i++) {
            pdf_drop_obj(tree->ctx, tree->pages[i]);
        }
        fz_free(tree->ctx, tree->pages);
    }
    pdf_drop_obj(tree->ctx, tree->leaf);
    memset(tree, 0, sizeof(*tree));
}

/* The kid of node that holds the page skip pages from its start; skip becomes what is left. */
static pdf_obj *kid_with(fz_context *ctx, pdf_obj *node, uint32_t *skip)
{
    pdf_obj *kids = pdf_dict_get(ctx, node, PDF_NAME(Kids));
    int length = pdf_array_len(ctx, kids);

    for (int i = 0; i < length; i++) {
        pdf_obj *kid = pdf_array_get(ctx, kids, i);
        uint32_t pages = 1;

        if (is_inner(ctx, kid)) {
            pages = (uint32_t)fz_maxi(pdf_dict_get_int(ctx, kid, PDF_NAME(Count)), 0);
        }
        if (*skip < pages) {
            return kid;
        }
        *skip -= pages;
    }
    fz_throw(ctx, FZ_ERROR_GENERIC, "page not found in the page tree");
}

static pdf_obj *find_by_count(struct page_tree *tree, uint32_t index)
{
    fz_context *ctx = tree->ctx;
    pdf_obj *node = tree_root(ctx, tree->doc);
    uint32_t skip = index;

    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        if (is_leafy(ctx, node)) {
            pdf_drop_obj(ctx, tree->leaf);
            tree->leaf = pdf_keep_obj(ctx, node);
            tree->leaf_first = index - skip;
            tree->leaf_count = (uint32_t)pdf_dict_get_int(ctx, node, PDF_NAME(Count));
            return pdf_array_get(ctx, pdf_dict_get(ctx, node, PDF_NAME(Kids)), (int)skip);
        }
        node = kid_with(ctx, node, &skip);
        if (!is_inner(ctx, node)) {
            return node;
        }
    }
    fz_throw(ctx, FZ_ERROR_GENERIC, "page tree is too deep");
}

/* The page as the tree refers to it; what it refers to may be anything. */
static pdf_obj *find_reference(struct page_tree *tree, uint32_t number)
{
    fz_context *ctx = tree->ctx;
    uint32_t index = number - 1;

    if (number == 0 || number > tree->count) {
        fz_throw(ctx, FZ_ERROR_GENERIC, "there is no page %u", number);
    }
    if (!tree->believed) {
        return tree->pages[index];
    }
    if (tree->leaf && index >= tree->leaf_first && index - tree->leaf_first < tree->leaf_count) {
        return pdf_array_get(ctx, pdf_dict_get(ctx, tree->leaf, PDF_NAME(Kids)),
                             (int)(index - tree->leaf_first));
    }
    return find_by_count(tree, index);
}

pdf_obj *page_tree_find(struct page_tree *tree, uint32_t number)
{
    pdf_obj *page = find_reference(tree, number);

    if (!pdf_is_dict(tree->ctx, page)) {
        fz_throw(tree->ctx, FZ_ERROR_GENERIC, "page %u is not a dictionary", number);
    }
    return page;
}

int page_tree_object(struct page_tree *tree, uint32_t number)
{
    fz_context *ctx = tree->ctx;
    volatile int object = 0;

    fz_try(ctx)
    {
        object = pdf_to_num(ctx, find_reference(tree, number));
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
    }
    return object;
}
