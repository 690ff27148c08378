/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From glyphs to a page's record. The direction in which most of the page is written is laid out
 * first; texts in other directions (a stamp along the margin) follow it. What lies off the page
 * comes last and hidden. Nothing blocks or logs.
 */
#include "workers/layout/page_layout.h"

#include <math.h>

#include "workers/layout/bidi.h"
#include "workers/layout/compose.h"
#include "workers/layout/flow.h"
#include "workers/layout/fragments.h"
#include "workers/layout/layout.h"
#include "workers/layout/lines.h"
#include "workers/layout/reading_order.h"
#include "workers/layout/text.h"

#define SPARSE_CHARS 50U
#define SPARSE_COVER 0.5F
#define GARBLED_SHARE 0.3
#define HEADER_SHARE 0.08F /* of the height: where columns do not begin */
#define OUTLINES_MANY 500U /* shapes that may well be letters */

static bool is_right_to_left(const struct glyphs *glyphs)
{
    uint32_t count = 0;

    if (!glyphs->may_be_right_to_left) {
        return false;
    }
    for (size_t i = 0; i < glyphs->count; i++) {
        count += bidi_may_be_right_to_left(glyphs->items[i].character);
    }
    return count * 2 > glyphs->glyph_count;
}

/* The page being laid out. */
struct sheet {
    struct glyphs glyphs; /* borrowed, but for runs that the finder of tables made */
    const struct table_finder *finder;
    float height_pt;
};

/* The fragments of a group that lie on the page, or those that do not, as lines. */
static int lay_out_part(struct sheet *sheet, const struct fragment_group *group, bool off_page,
                        struct arena *arena, struct compose_part *ret_part, struct error *err)
{
    const struct table_finder *finder = off_page ? NULL : sheet->finder;
    struct glyphs *glyphs = &sheet->glyphs;
    struct fragment **fragments = arena_calloc(arena, group->count, sizeof(struct fragment *));
    struct reading_order_options options = {.right_to_left = is_right_to_left(glyphs),
                                            .header_bottom = -INFINITY,
                                            .footer_top = INFINITY};
    struct reading_order order;
    uint32_t count = 0;

    if (!fragments) {
        return error_set(err, ERROR_MEMORY, "no memory for %u fragments", group->count);
    }
    for (uint32_t i = 0; i < group->count; i++) {
        if (group->items[i].off_page == off_page) {
            fragments[count++] = &group->items[i];
        }
    }
    if (group->angle_deg == 0 && !off_page) {
        options.header_bottom = HEADER_SHARE * sheet->height_pt;
        options.footer_top = (1 - HEADER_SHARE) * sheet->height_pt;
    }
    ret_part->group = group;
    ret_part->hidden = off_page;
    if (finder &&
        finder->in_fragments(finder->user, glyphs, group, &fragments, &count, arena, err) < 0) {
        return -1;
    }
    if (reading_order_find(fragments, count, &options, arena, &order, err) < 0) {
        return -1;
    }
    if (lines_build(glyphs, &order, arena, &ret_part->lines, err) < 0) {
        return -1;
    }
    if (finder && finder->in_lines(finder->user, glyphs, group, &ret_part->lines, arena, err) < 0) {
        return -1;
    }
    return flow_join(glyphs, &ret_part->lines, arena, err);
}

static int copy_fonts(const struct glyphs *glyphs, struct arena *arena, struct page_record *record,
                      struct error *err)
{
    record->fonts = arena_calloc(arena, glyphs->font_count, sizeof(*record->fonts));
    if (!record->fonts) {
        return error_set(err, ERROR_MEMORY, "no memory for %zu fonts", glyphs->font_count);
    }
    for (size_t i = 0; i < glyphs->font_count; i++) {
        record->fonts[i].name = arena_strdup(arena, glyphs->fonts[i].name);
        record->fonts[i].style = glyphs->fonts[i].style;
        if (!record->fonts[i].name) {
            return error_set(err, ERROR_MEMORY, "no memory for a font's name");
        }
    }
    record->font_count = (uint32_t)glyphs->font_count;
    return 0;
}

int page_layout(const struct glyphs *glyphs, struct arena *arena, struct page_record *record,
                struct error *err)
{
    return page_layout_with_tables(glyphs, NULL, arena, record, err);
}

int page_layout_with_tables(const struct glyphs *glyphs, const struct table_finder *finder,
                            struct arena *arena, struct page_record *record, struct error *err)
{
    struct sheet sheet = {.glyphs = *glyphs, .finder = finder, .height_pt = record->height_pt};
    struct fragment_group *groups;
    struct compose_part *parts;
    const bool *tabular;
    uint32_t group_count;
    uint32_t part_count = 0;

    if (glyphs->failed) {
        return error_set(err, ERROR_MEMORY, "no memory for the glyphs of a page");
    }
    sheet.glyphs.run_capacity = glyphs->run_count; /* what is added goes elsewhere */
    record->glyph_count = glyphs->glyph_count;
    record->garbled_count = glyphs->garbled_count;
    record->image_count = glyphs->image_count;
    record->image_cover = glyphs_image_cover(glyphs);
    record->source = "native";
    if (copy_fonts(glyphs, arena, record, err) < 0 ||
        fragments_build(glyphs, record->width_pt, record->height_pt, arena, &groups, &group_count,
                        err) < 0) {
        return -1;
    }
    parts = arena_calloc(arena, group_count * 2UL + 1, sizeof(*parts));
    if (!parts) {
        return error_set(err, ERROR_MEMORY, "no memory for %u directions", group_count);
    }
    for (int off_page = 0; off_page <= 1; off_page++) {
        for (uint32_t i = 0; i < group_count; i++) {
            if (lay_out_part(&sheet, &groups[i], off_page != 0, arena, &parts[part_count], err) <
                0) {
                return -1;
            }
            part_count += parts[part_count].lines.count > 0;
        }
    }
    if (compose(&sheet.glyphs, parts, part_count, arena, record, &tabular, err) < 0) {
        return -1;
    }
    layout_classify(record, tabular);
    return 0;
}

const char *page_ocr_reason(const struct page_record *record, uint32_t outline_count)
{
    uint32_t chars = text_count(record->text, record->text + record->text_bytes);

    if (chars == 0) {
        return record->image_count > 0 || outline_count > OUTLINES_MANY ? "no_text" : NULL;
    }
    if (record->garbled_count > GARBLED_SHARE * record->glyph_count) {
        return "garbled";
    }
    return chars < SPARSE_CHARS && record->image_cover > SPARSE_COVER ? "sparse_text" : NULL;
}
