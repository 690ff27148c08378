/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Small pages and small PDFs for the tests of workers/pdf.
 */
#include "pdf_sketch.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "workers/layout/page_layout.h"
#include "workers/layout/text.h"

#define GLYPH_WIDTH 0.5F

void sketch_init(struct sketch *sketch, float width_pt, float height_pt)
{
    memset(sketch, 0, sizeof(*sketch));
    glyphs_init(&sketch->glyphs, 1 << 20);
    sketch->arena = arena_create(0);
    cr_assert_not_null(sketch->arena);
    sketch->width_pt = width_pt;
    sketch->height_pt = height_pt;
}

void sketch_deinit(struct sketch *sketch)
{
    glyphs_deinit(&sketch->glyphs);
    arena_destroy(sketch->arena);
}

/* The index of a font of that style. */
static uint16_t font_of(struct sketch *sketch, uint8_t style)
{
    static const char keys[256];
    int index = glyphs_font_find(&sketch->glyphs, &keys[style]);

    if (index < 0) {
        struct glyph_font font = {
            .key = &keys[style], .style = style, .ascent = 0.8F, .descent = 0.2F};

        snprintf(font.name, sizeof(font.name), "Sketch-%u", style);
        index = glyphs_font_add(&sketch->glyphs, &font);
    }
    cr_assert_geq(index, 0);
    return (uint16_t)index;
}

void sketch_text(struct sketch *sketch, float x, float y, struct sketch_style style,
                 const char *text)
{
    float radians = (float)style.angle_deg * (float)M_PI / 180;
    struct glyph_run run = {.ux = style.vertical ? 0 : cosf(radians),
                            .uy = style.vertical ? 1 : sinf(radians),
                            .size_pt = style.size_pt,
                            .ascent = 0.8F,
                            .descent = 0.2F,
                            .style = style.style,
                            .vertical = style.vertical,
                            .font = font_of(sketch, style.style)};
    float width = style.size_pt * (style.vertical ? 1 : GLYPH_WIDTH);
    const char *end = text + strlen(text);
    float along;

    if (style.angle_deg == 0 && !style.vertical) {
        run.ux = 1;
        run.uy = 0;
    }
    run.angle_deg = glyphs_angle(run.ux, run.uy);
    along = run.ux * x + run.uy * y;
    glyphs_run_continue(&sketch->glyphs, &run, -run.uy * x + run.ux * y, along);
    while (text < end) {
        size_t bytes;
        uint32_t c = text_get(text, end, &bytes);

        along -= style.leftwards ? width : 0;
        glyphs_add(&sketch->glyphs, along, along + width, c);
        along += style.leftwards ? 0 : width;
        text += bytes;
    }
}

void sketch_lay_out(struct sketch *sketch)
{
    struct error err = ERROR_INIT;

    sketch->record = (struct page_record){
        .number = 1, .width_pt = sketch->width_pt, .height_pt = sketch->height_pt};
    cr_assert_eq(page_layout(&sketch->glyphs, sketch->arena, &sketch->record, &err), 0, "%s",
                 err.msg);
}

const char *sketch_block(struct sketch *sketch, uint32_t block)
{
    struct buf buf;
    char *text;

    cr_assert_lt(block, sketch->record.block_count);
    buf_init(&buf, 1 << 20);
    for (uint32_t l = 0; l < sketch->record.blocks[block].line_count; l++) {
        const struct page_line *line = &sketch->record.blocks[block].lines[l];

        for (uint32_t s = 0; s < line->span_count; s++) {
            cr_assert_eq(buf_append(&buf, line->spans[s].text, line->spans[s].text_bytes, NULL), 0);
        }
        cr_assert_eq(buf_append_str(&buf, "|", NULL), 0);
    }
    text = arena_strdup(sketch->arena, buf_cstr(&buf, NULL));
    buf_deinit(&buf);
    return text;
}

void sketch_file(const void *data, size_t size_bytes, char *ret_path)
{
    int fd;

    snprintf(ret_path, SKETCH_PATH_BYTES, "/tmp/ebb-test-pdf-XXXXXX");
    fd = mkstemp(ret_path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, data, size_bytes), (ssize_t)size_bytes);
    close(fd);
}

void sketch_pdf(const char *const *objects, uint32_t count, const char *trailer, char *ret_path)
{
    struct buf buf;
    size_t offsets[64];
    size_t xref;

    cr_assert_lt(count, 64);
    buf_init(&buf, 1 << 20);
    buf_append_str(&buf, "%PDF-1.7\n", NULL);
    for (uint32_t i = 0; i < count; i++) {
        offsets[i] = buf.size;
        buf_printf(&buf, NULL, "%u 0 obj\n%s\nendobj\n", i + 1, objects[i]);
    }
    xref = buf.size;
    buf_printf(&buf, NULL, "xref\n0 %u\n0000000000 65535 f \n", count + 1);
    for (uint32_t i = 0; i < count; i++) {
        buf_printf(&buf, NULL, "%010zu 00000 n \n", offsets[i]);
    }
    buf_printf(&buf, NULL, "trailer\n<< /Size %u /Root 1 0 R %s >>\nstartxref\n%zu\n%%%%EOF\n",
               count + 1, trailer, xref);
    sketch_file(buf.data, buf.size, ret_path);
    buf_deinit(&buf);
}

void sketch_pdf_page(const char *content, const char *page_more, const char *font_more,
                     char *ret_path)
{
    struct buf page, font, stream;
    const char *objects[5];

    buf_init(&page, 1 << 20);
    buf_init(&font, 1 << 20);
    buf_init(&stream, 1 << 20);
    buf_printf(&page, NULL,
               "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
               "/Resources << /Font << /F1 5 0 R >> >> %s >>",
               page_more);
    buf_printf(&stream, NULL, "<< /Length %zu >>\nstream\n%s\nendstream", strlen(content), content);
    buf_printf(&font, NULL, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica %s >>", font_more);
    objects[0] = "<< /Type /Catalog /Pages 2 0 R >>";
    objects[1] = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
    objects[2] = buf_cstr(&page, NULL);
    objects[3] = buf_cstr(&stream, NULL);
    objects[4] = buf_cstr(&font, NULL);
    sketch_pdf(objects, 5, "", ret_path);
    buf_deinit(&page);
    buf_deinit(&font);
    buf_deinit(&stream);
}

void sketch_document_init(struct sketch_document *sketch)
{
    memset(sketch, 0, sizeof(*sketch));
    sketch->arena = arena_create(0);
    cr_assert_not_null(sketch->arena);
}

void sketch_document_deinit(struct sketch_document *sketch)
{
    if (sketch->document) {
        extractor_deinit(&sketch->extractor);
        document_close(sketch->document);
    }
    arena_destroy(sketch->arena);
    unlink(sketch->path);
    memset(sketch, 0, sizeof(*sketch));
}

const char *sketch_document_open(struct sketch_document *sketch, const char *password,
                                 uint32_t pages_max)
{
    struct document_options options = {.password = password,
                                       .store_bytes = 16U << 20,
                                       .source_bytes = 1U << 20,
                                       .pages = pages_max};
    struct error err = ERROR_INIT;
    const char *code = NULL;

    if (document_open(sketch->path, &options, &sketch->document, &code, &err) < 0) {
        cr_assert_neq(err.code, ERROR_NONE);
        cr_assert_neq(err.msg[0], '\0');
        return code;
    }
    extractor_init(
        &sketch->extractor, sketch->document,
        &(struct extract_options){.page_glyphs = 100000, .interpreter = {.font_bytes = 16U << 20}});
    return NULL;
}

struct page_record sketch_document_extract(struct sketch_document *sketch, uint32_t number)
{
    struct page_record record;

    extract_page(&sketch->extractor, number, sketch->arena, &record);
    return record;
}

const char *sketch_document_text(struct sketch_document *sketch, const struct page_record *record)
{
    return arena_strndup(sketch->arena, record->text, record->text_bytes);
}
