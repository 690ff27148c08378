/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * hOCR 1.2 as XHTML: ocr_page, ocr_carea for each block, ocr_par, ocr_line, ocrx_word, and
 * ocr_photo for images. Boxes are pixels of the page's scan_res: the resolution at which OCR read
 * it, else HOCR_DPI.
 *
 * A record has no baselines: a line's is put above the bottom of its box by the part that hangs
 * below, where it has a letter that does or its box is that of its font. Nothing blocks or logs.
 *
 * Source: the hOCR specification 1.2 (kba.github.io/hocr-spec/1.2).
 */
#include "workers/library/render.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workers/library/words.h"
#include "workers/library/xml.h"

#define HOCR_DPI 300
#define DESCENT_SHARE 0.22F /* of a line's height that is below its baseline */

struct hocr {
    struct xml xml;
    const struct render_page *page;
    float scale; /* pixels of a point */
    struct error *err;
};

int render_hocr_begin(const struct render_document *document, struct buf *out, struct error *err)
{
    const char *name = document->name ? document->name : document->sha256;
    struct xml xml;

    xml_init(&xml, out);
    xml_put(&xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\""
                  " \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
                  "<html xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<title>");
    xml_text(&xml, name, strlen(name));
    xml_put(&xml, "</title>\n"
                  "<meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\" />\n"
                  "<meta name=\"ocr-system\" content=\"ebb " EBB_VERSION "\" />\n"
                  "<meta name=\"ocr-capabilities\" content=\"ocr_page ocr_carea ocr_par ocr_line"
                  " ocrx_word ocr_photo ocrp_wconf\" />\n");
    xml_printf(&xml, "<meta name=\"ocr-number-of-pages\" content=\"%u\" />\n",
               document->page_count);
    xml_put(&xml, "</head>\n<body>\n");
    return xml_finish(&xml, err);
}

int render_hocr_end(struct buf *out, struct error *err)
{
    return buf_append_str(out, "</body>\n</html>\n", err);
}

static long pixel(const struct hocr *hocr, float value)
{
    return lroundf(value * hocr->scale);
}

static void put_bbox(struct hocr *hocr, const struct page_box *box)
{
    xml_printf(&hocr->xml, "bbox %ld %ld %ld %ld", pixel(hocr, fmaxf(box->x0, 0)),
               pixel(hocr, fmaxf(box->y0, 0)), pixel(hocr, fmaxf(box->x1, 0)),
               pixel(hocr, fmaxf(box->y1, 0)));
}

/* A tag with an id made of places: "line_3_0_2" is line 2 of block 0 of page 3. */
static void put_open(struct hocr *hocr, const char *tag, const char *class, const char *id,
                     const struct page_box *box)
{
    xml_printf(&hocr->xml, "<%s class=\"%s\" id=\"%s\" title=\"", tag, class, id);
    put_bbox(hocr, box);
}

static void put_word(struct hocr *hocr, const struct word *word, const char *line_id,
                     uint32_t index)
{
    struct xml *xml = &hocr->xml;
    bool bold = (word->style & PAGE_STYLE_BOLD) != 0;
    bool italic = (word->style & PAGE_STYLE_ITALIC) != 0;

    xml_printf(xml, "<span class=\"ocrx_word\" id=\"word%s_%u\" title=\"", line_id + 4, index);
    put_bbox(hocr, &word->box);
    if (word->confidence > 0) {
        xml_printf(xml, "; x_wconf %u", word->confidence);
    }
    xml_put(xml, "\">");
    xml_put(xml, bold ? "<strong>" : "");
    xml_put(xml, italic ? "<em>" : "");
    xml_text(xml, word->text, word->text_bytes);
    xml_put(xml, italic ? "</em>" : "");
    xml_put(xml, bold ? "</strong>" : "");
    xml_put(xml, "</span>");
}

/* Whether something of the line hangs below its baseline inside its box. */
static bool hangs(const struct word *words, uint32_t count)
{
    for (uint32_t w = 0; w < count; w++) {
        if (words[w].confidence == 0) {
            return true; /* a native box is its font's */
        }
        for (uint32_t i = 0; i < words[w].text_bytes; i++) {
            if (strchr("gjpqy,;()[]Q", words[w].text[i])) {
                return true;
            }
        }
    }
    return false;
}

/* The rest of the line's title. A turned line has no baseline in the page's own directions. */
static void put_line_facts(struct hocr *hocr, const struct page_line *line,
                           const struct word *words, uint32_t count)
{
    struct xml *xml = &hocr->xml;
    float height = line->box.y1 - line->box.y0;
    float size_pt = words[0].size_pt > 0 ? words[0].size_pt : height;

    if (line->angle_deg == 0 && !line->vertical) {
        long offset = hangs(words, count) ? pixel(hocr, height * DESCENT_SHARE) : 0;

        xml_printf(xml, "; baseline 0 %ld", -offset);
    } else if (line->angle_deg != 0) {
        xml_printf(xml, "; textangle %d", (360 - line->angle_deg) % 360);
    }
    xml_printf(xml, "; x_size %ld\">", pixel(hocr, size_pt));
}

static int put_line(struct hocr *hocr, const struct page_line *line, uint32_t block, uint32_t index)
{
    struct word *words;
    uint32_t count;
    char id[64];

    if (words_of_line(line, hocr->page->arena, &words, &count, hocr->err) < 0) {
        return -1;
    }
    if (count == 0) {
        return 0;
    }
    snprintf(id, sizeof id, "line_%u_%u_%u", hocr->page->number, block, index);
    put_open(hocr, "span", "ocr_line", id, &line->box);
    put_line_facts(hocr, line, words, count);
    for (uint32_t w = 0; w < count; w++) {
        xml_put(&hocr->xml, w > 0 ? " " : "");
        put_word(hocr, &words[w], id, w);
    }
    xml_put(&hocr->xml, "</span>\n");
    return 0;
}

static int put_text_block(struct hocr *hocr, const struct page_block *block, uint32_t index)
{
    char id[64];

    snprintf(id, sizeof id, "block_%u_%u", hocr->page->number, index);
    put_open(hocr, "div", "ocr_carea", id, &block->box);
    xml_put(&hocr->xml, "\">\n");
    snprintf(id, sizeof id, "par_%u_%u", hocr->page->number, index);
    put_open(hocr, "p", "ocr_par", id, &block->box);
    xml_put(&hocr->xml, block->lines[0].right_to_left ? "\" dir=\"rtl\">\n" : "\">\n");
    for (uint32_t l = 0; l < block->line_count; l++) {
        if (put_line(hocr, &block->lines[l], index, l) < 0) {
            return -1;
        }
    }
    xml_put(&hocr->xml, "</p>\n</div>\n");
    return 0;
}

static int put_block(struct hocr *hocr, uint32_t index)
{
    const struct page_block *block = &hocr->page->record->blocks[index];
    char id[64];

    if (block->kind == PAGE_BLOCK_IMAGE) {
        snprintf(id, sizeof id, "photo_%u_%u", hocr->page->number, index);
        put_open(hocr, "div", "ocr_photo", id, &block->box);
        xml_put(&hocr->xml, "\"></div>\n");
        return 0;
    }
    return block->line_count > 0 ? put_text_block(hocr, block, index) : 0;
}

static void put_page(struct hocr *hocr, uint32_t dpi)
{
    const struct page_record *record = hocr->page->record;
    struct page_box box = {0, 0, record ? record->width_pt : 0, record ? record->height_pt : 0};
    char id[32];

    snprintf(id, sizeof id, "page_%u", hocr->page->number);
    put_open(hocr, "div", "ocr_page", id, &box);
    xml_printf(&hocr->xml, "; ppageno %u; scan_res %u %u", hocr->page->number - 1, dpi, dpi);
    if (hocr->page->label && hocr->page->label[0] && !strpbrk(hocr->page->label, ";'\"\\")) {
        xml_put(&hocr->xml, "; lpageno ");
        xml_text(&hocr->xml, hocr->page->label, strlen(hocr->page->label));
    }
    xml_put(&hocr->xml, "\">\n");
}

int render_hocr_page(const struct document_style *style, const struct render_page *page,
                     struct buf *out, struct error *err)
{
    const struct page_record *record = page->record;
    uint32_t dpi = record && record->ocr_dpi > 0 ? record->ocr_dpi : HOCR_DPI;
    struct hocr hocr = {.page = page, .scale = (float)dpi / 72.0F, .err = err};

    (void)style;
    xml_init(&hocr.xml, out);
    put_page(&hocr, dpi);
    for (uint32_t b = 0; record && b < record->block_count; b++) {
        if (put_block(&hocr, b) < 0) {
            return -1;
        }
    }
    xml_put(&hocr.xml, "</div>\n");
    return xml_finish(&hocr.xml, err);
}
