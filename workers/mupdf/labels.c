/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Page labels: a number tree of ranges, read once. The tree may be as broken as any: depth,
 * visits and ranges are bounded. Nothing blocks or logs.
 */
#include "workers/mupdf/labels.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

#define DEPTH_MAX 16
#define ROMAN_MAX 4999U
#define LETTERS_MAX 20U
#define NUMBER_BYTES 64

static char style_of(fz_context *ctx, pdf_obj *dict)
{
    const char *name = pdf_dict_get_name(ctx, dict, PDF_NAME(S));

    return name && name[0] && !name[1] && strchr("DRrAa", name[0]) ? name[0] : '\0';
}

static void add_range(struct labels *labels, fz_context *ctx, int index, pdf_obj *dict)
{
    struct label_range *range;
    const char *prefix;
    int start = pdf_to_int(ctx, pdf_dict_gets(ctx, dict, "St"));

    if (index < 0 || !pdf_is_dict(ctx, dict) || labels->count == LABEL_RANGES_MAX) {
        return;
    }
    if (labels->count == labels->capacity) {
        uint32_t bigger = labels->capacity ? labels->capacity * 2 : 8;

        labels->ranges = fz_realloc_array(ctx, labels->ranges, bigger, struct label_range);
        labels->capacity = bigger;
    }
    range = &labels->ranges[labels->count];
    range->first_index = (uint32_t)index;
    range->start = (uint32_t)fz_clampi(start, 1, INT32_MAX);
    range->style = style_of(ctx, dict);
    range->prefix = NULL;
    prefix = pdf_dict_get_text_string(ctx, dict, PDF_NAME(P));
    if (prefix && prefix[0]) {
        range->prefix = fz_strdup(ctx, prefix);
    }
    labels->count++;
}

static void read_node(struct labels *labels, fz_context *ctx, pdf_obj *node, int depth,
                      int *visits_left)
{
    pdf_obj *nums = pdf_dict_get(ctx, node, PDF_NAME(Nums));
    pdf_obj *kids = pdf_dict_get(ctx, node, PDF_NAME(Kids));
    int length = pdf_array_len(ctx, nums);

    if (depth == DEPTH_MAX || --*visits_left < 0) {
        return;
    }
    for (int i = 0; i + 1 < length && labels->count < LABEL_RANGES_MAX; i += 2) {
        add_range(labels, ctx, pdf_array_get_int(ctx, nums, i), pdf_array_get(ctx, nums, i + 1));
    }
    length = pdf_array_len(ctx, kids);
    for (int i = 0; i<length && * visits_left> 0; i++) {
        read_node(labels, ctx, pdf_array_get(ctx, kids, i), depth + 1, visits_left);
    }
}

static int by_first(const void *a, const void *b)
{
    const struct label_range *x = a;
    const struct label_range *y = b;

    return (x->first_index > y->first_index) - (x->first_index < y->first_index);
}

void labels_init(struct labels *labels, fz_context *ctx, pdf_document *doc)
{
    int visits_left = LABEL_RANGES_MAX;

    memset(labels, 0, sizeof(*labels));
    fz_try(ctx)
    {
        read_node(labels, ctx, pdf_dict_getp(ctx, pdf_trailer(ctx, doc), "Root/PageLabels"), 0,
                  &visits_left);
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        fz_warn(ctx, "page labels: %s", fz_caught_message(ctx));
    }
    if (labels->count > 1) {
        qsort(labels->ranges, labels->count, sizeof(*labels->ranges), by_first);
    }
}

void labels_deinit(struct labels *labels, fz_context *ctx)
{
    for (uint32_t i = 0; i < labels->count; i++) {
        fz_free(ctx, labels->ranges[i].prefix);
    }
    fz_free(ctx, labels->ranges);
    memset(labels, 0, sizeof(*labels));
}

static void format_roman(uint32_t number, bool upper, char ret_text[NUMBER_BYTES])
{
    static const struct {
        uint32_t value;
        const char *text;
    } parts[] = {{1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"},
                 {90, "xc"},  {50, "l"},   {40, "xl"}, {10, "x"},   {9, "ix"},
                 {5, "v"},    {4, "iv"},   {1, "i"}};
    size_t length = 0;

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        while (number >= parts[i].value) {
            for (const char *c = parts[i].text; *c; c++) {
                ret_text[length++] = upper ? (char)(*c - 'a' + 'A') : *c;
            }
            number -= parts[i].value;
        }
    }
    ret_text[length] = '\0';
}

/* a to z, then aa, bb, ... */
static void format_letters(uint32_t number, bool upper, char ret_text[NUMBER_BYTES])
{
    uint32_t times = (number - 1) / 26 + 1;
    char letter = (char)((upper ? 'A' : 'a') + (number - 1) % 26);

    memset(ret_text, letter, times);
    ret_text[times] = '\0';
}

static void format_number(uint32_t number, char style, char ret_text[NUMBER_BYTES])
{
    if ((style == 'r' || style == 'R') && number <= ROMAN_MAX) {
        format_roman(number, style == 'R', ret_text);
    } else if ((style == 'a' || style == 'A') && number <= 26 * LETTERS_MAX) {
        format_letters(number, style == 'A', ret_text);
    } else if (style == '\0') {
        ret_text[0] = '\0';
    } else {
        fz_snprintf(ret_text, NUMBER_BYTES, "%u", number);
    }
}

const char *labels_find(const struct labels *labels, uint32_t number, struct arena *arena)
{
    const struct label_range *range = NULL;
    char text[NUMBER_BYTES];

    for (uint32_t i = 0; i < labels->count && labels->ranges[i].first_index < number; i++) {
        range = &labels->ranges[i];
    }
    if (!range) {
        return NULL;
    }
    format_number(range->start + (number - 1 - range->first_index), range->style, text);
    return arena_printf(arena, "%s%s", range->prefix ? range->prefix : "", text);
}
