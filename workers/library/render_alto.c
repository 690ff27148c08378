/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ALTO 4.4: Page, PrintSpace, TextBlock, TextLine, String, SP, HYP; a ComposedBlock around a
 * table's text, an Illustration for an image, a GraphicalElement for decoration. Measures are
 * 1/1200 inch, so that they hold for every resolution. Headers and footers that repeat are in the
 * print space like all else: ALTO's margins would part them from the page's order.
 *
 * Nothing blocks or logs. Source: the schema of the Library of Congress, alto-4-4.xsd.
 */
#include "workers/library/render.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workers/library/words.h"
#include "workers/library/xml.h"

#define UNITS_A_POINT (1200.0 / 72.0)

struct alto {
    struct xml xml;
    const struct document_style *style;
    const struct render_page *page;
    struct error *err;
};

/* The words of a line and of the next one, whose first may be the rest of a broken word. */
struct alto_line {
    struct word *words;
    uint32_t count;
};

static void put_style(struct xml *xml, uint32_t class)
{
    xml_printf(xml, "<TextStyle ID=\"size_%u\"", class);
    xml_number(xml, "FONTSIZE", (double)style_class_size_pt(class));
    xml_put(xml, style_class_bold(class) ? " FONTSTYLE=\"bold\"/>\n" : "/>\n");
}

/* The body may be among the headings' classes no second time: IDs are unique. */
static void put_styles(struct xml *xml, const struct document_style *style)
{
    if (style->body_class == 0) {
        return;
    }
    xml_put(xml, "<Styles>\n");
    put_style(xml, style->body_class);
    for (uint32_t i = 0; i < style->heading_count; i++) {
        if (style->headings[i].class != style->body_class) {
            put_style(xml, style->headings[i].class);
        }
    }
    xml_put(xml, "</Styles>\n");
}

int render_alto_begin(const struct render_document *document, const struct document_style *style,
                      struct buf *out, struct error *err)
{
    const char *name = document->name ? document->name : document->sha256;
    struct xml xml;

    xml_init(&xml, out);
    xml_put(&xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<alto xmlns=\"http://www.loc.gov/standards/alto/ns-v4#\""
                  " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
                  " xsi:schemaLocation=\"http://www.loc.gov/standards/alto/ns-v4#"
                  " http://www.loc.gov/standards/alto/v4/alto-4-4.xsd\" SCHEMAVERSION=\"4.4\">\n"
                  "<Description>\n<MeasurementUnit>inch1200</MeasurementUnit>\n"
                  "<sourceImageInformation>\n<fileName>");
    xml_text(&xml, name, strlen(name));
    xml_put(&xml, "</fileName>\n<fileIdentifier fileIdentifierLocation=\"sha256\">");
    xml_text(&xml, document->sha256, strlen(document->sha256));
    xml_put(&xml, "</fileIdentifier>\n</sourceImageInformation>\n<Processing ID=\"ebb\">\n"
                  "<processingCategory>contentGeneration</processingCategory>\n"
                  "<processingSoftware>\n<softwareName>ebb</softwareName>\n"
                  "<softwareVersion>" EBB_VERSION "</softwareVersion>\n"
                  "</processingSoftware>\n</Processing>\n</Description>\n");
    put_styles(&xml, style);
    xml_put(&xml, "<Layout>\n");
    return xml_finish(&xml, err);
}

int render_alto_end(struct buf *out, struct error *err)
{
    return buf_append_str(out, "</Layout>\n</alto>\n", err);
}

static void put_box(struct xml *xml, const struct page_box *box)
{
    double x0 = fmax((double)box->x0, 0) * UNITS_A_POINT;
    double y0 = fmax((double)box->y0, 0) * UNITS_A_POINT;

    xml_number(xml, "HPOS", x0);
    xml_number(xml, "VPOS", y0);
    xml_number(xml, "WIDTH", fmax((double)box->x1 * UNITS_A_POINT - x0, 0));
    xml_number(xml, "HEIGHT", fmax((double)box->y1 * UNITS_A_POINT - y0, 0));
}

static void put_word_style(struct xml *xml, uint8_t style)
{
    static const struct {
        uint8_t bit;
        const char *name;
    } names[] = {
        {PAGE_STYLE_BOLD, "bold"},
        {PAGE_STYLE_ITALIC, "italics"},
        {PAGE_STYLE_SUPERSCRIPT, "superscript"},
        {PAGE_STYLE_SUBSCRIPT, "subscript"},
    };
    bool any = false;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (style & names[i].bit) {
            xml_put(xml, any ? " " : " STYLE=\"");
            xml_put(xml, names[i].name);
            any = true;
        }
    }
    xml_put(xml, any ? "\"" : "");
}

/* The bytes of a broken word that are before its hyphen. */
static uint32_t stem_bytes(const struct word *word)
{
    static const char *const hyphens[] = {"-", "\xC2\xAD", "\xE2\x80\x90"};

    for (size_t i = 0; i < sizeof hyphens / sizeof hyphens[0]; i++) {
        uint32_t length = (uint32_t)strlen(hyphens[i]);

        if (word->text_bytes > length &&
            memcmp(word->text + word->text_bytes - length, hyphens[i], length) == 0) {
            return word->text_bytes - length;
        }
    }
    return word->text_bytes;
}

/* A word, first and second the halves of the one that a line's end broke; NULL where whole. */
struct alto_string {
    const struct word *word;
    uint32_t text_bytes;
    const struct word *first, *second;
};

static void put_string(struct alto *alto, const struct alto_string *string, const char *id)
{
    struct xml *xml = &alto->xml;

    xml_put(xml, "<String");
    xml_attribute(xml, "ID", id);
    put_box(xml, &string->word->box);
    xml_put(xml, " CONTENT=\"");
    xml_text(xml, string->word->text, string->text_bytes);
    xml_put(xml, "\"");
    put_word_style(xml, string->word->style);
    if (string->first) {
        xml_put(xml, string->word == string->first ? " SUBS_TYPE=\"HypPart1\" SUBS_CONTENT=\""
                                                   : " SUBS_TYPE=\"HypPart2\" SUBS_CONTENT=\"");
        xml_text(xml, string->first->text, stem_bytes(string->first));
        xml_text(xml, string->second->text, string->second->text_bytes);
        xml_put(xml, "\"");
    }
    if (string->word->confidence > 0) {
        xml_number(xml, "WC", string->word->confidence / 100.0);
    }
    xml_put(xml, "/>");
}

static void put_space(struct xml *xml, const struct page_box *before, const struct page_box *after)
{
    struct page_box box = {fminf(before->x1, after->x1), before->y0, fmaxf(before->x0, after->x0),
                           before->y1};

    xml_put(xml, "<SP");
    put_box(xml, &box);
    xml_put(xml, "/>");
}

static void put_line_head(struct alto *alto, const struct page_line *line, uint32_t block,
                          uint32_t index)
{
    xml_printf(&alto->xml, "<TextLine ID=\"line_%u_%u_%u\"", alto->page->number, block, index);
    put_box(&alto->xml, &line->box);
    if (line->right_to_left) {
        xml_put(&alto->xml, " BASEDIRECTION=\"rtl\"");
    } else if (line->vertical) {
        xml_put(&alto->xml, " BASEDIRECTION=\"ttb\"");
    }
    xml_put(&alto->xml, ">");
}

/* before and after: the lines around it when a broken word ties them to it, else empty. */
static void put_line(struct alto *alto, const struct page_line *line, const struct alto_line *words,
                     const struct alto_line *before, const struct alto_line *after, uint32_t block,
                     uint32_t index)
{
    put_line_head(alto, line, block, index);
    for (uint32_t w = 0; w < words->count; w++) {
        struct alto_string string = {&words->words[w], words->words[w].text_bytes, NULL, NULL};
        char id[80];

        if (w + 1 == words->count && after->count > 0) {
            string.first = string.word;
            string.second = &after->words[0];
            string.text_bytes = stem_bytes(string.word);
        } else if (w == 0 && before->count > 0) {
            string.first = &before->words[before->count - 1];
            string.second = string.word;
        }
        if (w > 0) {
            put_space(&alto->xml, &words->words[w - 1].box, &string.word->box);
        }
        snprintf(id, sizeof id, "string_%u_%u_%u_%u", alto->page->number, block, index, w);
        put_string(alto, &string, id);
    }
    xml_put(&alto->xml, after->count > 0 ? "<HYP CONTENT=\"-\"/></TextLine>\n" : "</TextLine>\n");
}

static int put_lines(struct alto *alto, const struct page_block *block, uint32_t index)
{
    static const struct alto_line none = {NULL, 0};
    struct alto_line before = none;
    struct alto_line here = none;

    if (words_of_line(&block->lines[0], alto->page->arena, &here.words, &here.count, alto->err) <
        0) {
        return -1;
    }
    for (uint32_t l = 0; l < block->line_count; l++) {
        const struct page_line *line = &block->lines[l];
        struct alto_line after = none;
        bool broken = line->hyphenated;

        if (l + 1 < block->line_count && words_of_line(&block->lines[l + 1], alto->page->arena,
                                                       &after.words, &after.count, alto->err) < 0) {
            return -1;
        }
        if (here.count > 0) {
            put_line(alto, line, &here, l > 0 && line[-1].hyphenated ? &before : &none,
                     broken ? &after : &none, index, l);
        }
        before = here;
        here = after;
    }
    return 0;
}

static bool has_words(const struct page_block *block)
{
    for (uint32_t l = 0; l < block->line_count; l++) {
        for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
            for (uint32_t i = 0; i < block->lines[l].spans[s].text_bytes; i++) {
                if ((uint8_t)block->lines[l].spans[s].text[i] > 0x20) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* The style of the list above that the block has, if it has one. */
static void put_style_reference(struct alto *alto, const struct page_block *block)
{
    uint32_t class = style_block_class(block);
    bool known = class == alto->style->body_class;

    for (uint32_t i = 0; i < alto->style->heading_count; i++) {
        known = known || alto->style->headings[i].class == class;
    }
    if (known && class > 0) {
        xml_printf(&alto->xml, " STYLEREFS=\"size_%u\"", class);
    }
}

static void put_rotation(struct alto *alto, int angle_deg)
{
    if (angle_deg != 0) {
        xml_number(&alto->xml, "ROTATION", (360 - angle_deg) % 360);
    }
}

static int put_text_block(struct alto *alto, const struct page_block *block, uint32_t index)
{
    if (!has_words(block)) {
        return 0;
    }
    xml_printf(&alto->xml, "<TextBlock ID=\"block_%u_%u\"", alto->page->number, index);
    put_style_reference(alto, block);
    put_box(&alto->xml, &block->box);
    put_rotation(alto, block->lines[0].angle_deg);
    xml_put(&alto->xml, ">\n");
    if (put_lines(alto, block, index) < 0) {
        return -1;
    }
    xml_put(&alto->xml, "</TextBlock>\n");
    return 0;
}

static void put_image(struct alto *alto, const struct page_block *block, uint32_t index)
{
    const struct page_record *record = alto->page->record;
    const struct page_image *image =
        block->image < record->image_record_count ? &record->images[block->image] : NULL;

    xml_printf(&alto->xml, "<Illustration ID=\"image_%u_%u\"", alto->page->number, index);
    put_box(&alto->xml, &block->box);
    if (image && image->key[0]) {
        xml_printf(&alto->xml, " FILEID=\"images/%s.%s\"", image->key, image->format);
    }
    xml_put(&alto->xml, "/>\n");
}

static int put_block(struct alto *alto, uint32_t index)
{
    const struct page_block *block = &alto->page->record->blocks[index];

    switch (block->kind) {
    case PAGE_BLOCK_IMAGE:
        put_image(alto, block, index);
        return 0;
    case PAGE_BLOCK_TABLE:
        xml_printf(&alto->xml, "<ComposedBlock ID=\"table_%u_%u\"", alto->page->number, index);
        put_box(&alto->xml, &block->box);
        xml_put(&alto->xml, " TYPE=\"table\">\n");
        if (put_text_block(alto, block, index) < 0) {
            return -1;
        }
        xml_put(&alto->xml, "</ComposedBlock>\n");
        return 0;
    case PAGE_BLOCK_TEXT:
    case PAGE_BLOCK_HEADING:
    case PAGE_BLOCK_LIST_ITEM:
    case PAGE_BLOCK_CODE:
    case PAGE_BLOCK_CAPTION:
    case PAGE_BLOCK_FOOTNOTE:
        return put_text_block(alto, block, index);
    case PAGE_BLOCK_COUNT:
        break;
    }
    return 0;
}

static void put_decoration(struct alto *alto)
{
    const struct page_record *record = alto->page->record;

    for (uint32_t i = 0; i < record->image_record_count; i++) {
        if (record->images[i].role == PAGE_IMAGE_ROLE_DECORATION) {
            xml_printf(&alto->xml, "<GraphicalElement ID=\"decoration_%u_%u\"", alto->page->number,
                       i);
            put_box(&alto->xml, &record->images[i].box);
            xml_put(&alto->xml, "/>\n");
        }
    }
}

static void put_page_head(struct alto *alto)
{
    const struct render_page *page = alto->page;
    const struct page_record *record = page->record;
    struct page_box box = {0, 0, record ? record->width_pt : 0, record ? record->height_pt : 0};

    xml_printf(&alto->xml, "<Page ID=\"page_%u\" PHYSICAL_IMG_NR=\"%u\"", page->number,
               page->number);
    if (page->label && page->label[0]) {
        xml_attribute(&alto->xml, "PRINTED_IMG_NR", page->label);
    }
    if (!record) {
        xml_put(&alto->xml, page->failure_code ? " QUALITY=\"Damaged\"/>\n" : "/>\n");
        return;
    }
    xml_number(&alto->xml, "WIDTH", (double)record->width_pt * UNITS_A_POINT);
    xml_number(&alto->xml, "HEIGHT", (double)record->height_pt * UNITS_A_POINT);
    if (record->confidence > 0) {
        xml_number(&alto->xml, "PC", (double)record->confidence / 100.0);
    }
    xml_put(&alto->xml, " PROCESSINGREFS=\"ebb\">\n<PrintSpace");
    put_box(&alto->xml, &box);
    xml_put(&alto->xml, ">\n");
}

int render_alto_page(const struct document_style *style, const struct render_page *page,
                     struct buf *out, struct error *err)
{
    struct alto alto = {.style = style, .page = page, .err = err};

    xml_init(&alto.xml, out);
    put_page_head(&alto);
    if (page->record) {
        put_decoration(&alto);
        for (uint32_t b = 0; b < page->record->block_count; b++) {
            if (put_block(&alto, b) < 0) {
                return -1;
            }
        }
        xml_put(&alto.xml, "</PrintSpace>\n</Page>\n");
    }
    return xml_finish(&alto.xml, err);
}
