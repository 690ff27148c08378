/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A searchable PDF from pictures: each page is one picture, of the size that the document module
 * gives it. JPEG, JPEG 2000 and JBIG2 files come in as they are; others are decoded and packed
 * again without loss, black and white ones as fax does it. Nothing of a page stays in memory when
 * the next one comes.
 *
 * A picture that cannot be read leaves an empty page, so that the pages keep their numbers.
 *
 * Blocks: reads the source, writes the file. Diagnostics: none.
 */
#include <string.h>

#include "workers/mupdf/image_document.h"
#include "workers/pdf/assemble_private.h"
#include "workers/pdf/language_tag.h"
#include "workers/pdf/text_layer.h"

#define PAGES_PER_NODE 64U
#define DEFAULT_WIDTH_PT 595
#define DEFAULT_HEIGHT_PT 842
#define TEXT_BYTES 512

struct pictures {
    struct assembly *assembly;
    fz_context *ctx;
    uint32_t catalog, root; /* numbers of objects */
    uint32_t *nodes;        /* of the page tree, below its root */
    uint32_t node_count;
    uint32_t kids[PAGES_PER_NODE]; /* of the node at hand */
    uint32_t kid_count;
};

/* A picture's page, as it is gathered. */
struct sheet {
    fz_rect box;
    uint32_t image, content; /* numbers of objects; 0 for none */
};

/* --- pictures --- */

/* Packs what is not: a decoded picture. */
static void write_samples(struct pictures *pictures, uint32_t number, pdf_obj *dict,
                          fz_buffer *samples)
{
    fz_context *ctx = pictures->ctx;
    int width = pdf_dict_get_int(ctx, dict, PDF_NAME(Width));
    int height = pdf_dict_get_int(ctx, dict, PDF_NAME(Height));
    fz_buffer *packed = NULL;
    pdf_obj *parameters;

    if (pdf_dict_get_int(ctx, dict, PDF_NAME(BitsPerComponent)) != 1) {
        pdf_writer_stream(&pictures->assembly->writer, number, dict, samples->data, samples->len,
                          true);
        return;
    }
    packed = fz_compress_ccitt_fax_g4(ctx, samples->data, width, height);
    fz_try(ctx)
    {
        pdf_dict_put(ctx, dict, PDF_NAME(Filter), PDF_NAME(CCITTFaxDecode));
        parameters = pdf_dict_put_dict(ctx, dict, PDF_NAME(DecodeParms), 3);
        pdf_dict_put_int(ctx, parameters, PDF_NAME(K), -1);
        pdf_dict_put_int(ctx, parameters, PDF_NAME(Columns), width);
        pdf_dict_put_int(ctx, parameters, PDF_NAME(Rows), height);
        pdf_writer_stream(&pictures->assembly->writer, number, dict, packed->data, packed->len,
                          false);
    }
    fz_always(ctx)
    {
        fz_drop_buffer(ctx, packed);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static uint32_t write_image(struct pictures *pictures, pdf_document *made, pdf_obj *image);

/* The picture's mask becomes an object of this file, and is named so. */
static void write_mask(struct pictures *pictures, pdf_document *made, pdf_obj *dict, pdf_obj *key)
{
    fz_context *ctx = pictures->ctx;
    pdf_obj *mask = pdf_dict_get(ctx, dict, key);

    if (pdf_is_stream(ctx, mask)) {
        uint32_t number = write_image(pictures, made, mask);

        pdf_dict_put_drop(ctx, dict, key, pdf_new_indirect(ctx, made, (int)number, 0));
    }
}

/* Files of JPEG say how much is not printed of each ink; PDF takes such values for how much is. */
static void turn_inks_round(struct pictures *pictures, const fz_image *image, pdf_obj *object)
{
    fz_context *ctx = pictures->ctx;
    pdf_obj *decode;

    if (!image->invert_cmyk_jpeg || image->n != 4 ||
        !pdf_name_eq(ctx, pdf_dict_get(ctx, object, PDF_NAME(Filter)), PDF_NAME(DCTDecode))) {
        return;
    }
    decode = pdf_dict_put_array(ctx, object, PDF_NAME(Decode), 8);
    for (int i = 0; i < 8; i++) {
        pdf_array_push_int(ctx, decode, i % 2 == 0);
    }
}

/* image: a stream of the document that mupdf made of it. A mask has no mask itself. */
static uint32_t write_image(struct pictures *pictures, pdf_document *made, pdf_obj *image)
{
    fz_context *ctx = pictures->ctx;
    uint32_t number = pdf_writer_reserve(&pictures->assembly->writer);
    fz_buffer *data = pdf_load_raw_stream(ctx, image);
    pdf_obj *dict = NULL;

    fz_var(dict);
    fz_try(ctx)
    {
        dict = pdf_copy_dict(ctx, image);
        write_mask(pictures, made, dict, PDF_NAME(SMask));
        write_mask(pictures, made, dict, PDF_NAME(Mask));
        if (pdf_dict_get(ctx, dict, PDF_NAME(Filter))) {
            pdf_writer_stream(&pictures->assembly->writer, number, dict, data->data, data->len,
                              false);
        } else {
            write_samples(pictures, number, dict, data);
        }
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, dict);
        fz_drop_buffer(ctx, data);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    return number;
}

static uint32_t add_image(struct pictures *pictures, fz_image *image)
{
    fz_context *ctx = pictures->ctx;
    pdf_document *made = pdf_create_document(ctx);
    pdf_obj *object = NULL;
    volatile uint32_t number = 0;

    fz_var(object);
    fz_try(ctx)
    {
        object = pdf_add_image(ctx, made, image);
        turn_inks_round(pictures, image, object);
        number = write_image(pictures, made, object);
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, object);
        pdf_drop_document(ctx, made);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    return number;
}

/* --- pages --- */

/* From the page as it is seen, y down, to the page as a PDF has it. */
static fz_matrix turned_over(const struct sheet *sheet)
{
    return fz_make_matrix(1, 0, 0, -1, -sheet->box.x0, sheet->box.y1);
}

static void show_image(struct pictures *pictures, fz_page *page, struct sheet *sheet)
{
    fz_context *ctx = pictures->ctx;
    struct shown_image shown = image_page_look(ctx, page);
    struct buf *stream = &pictures->assembly->stream;
    struct error err = ERROR_INIT;
    fz_matrix m =
        fz_concat(fz_pre_translate(fz_pre_scale(shown.ctm, 1, -1), 0, -1), turned_over(sheet));

    fz_try(ctx)
    {
        if (!shown.image) {
            fz_throw(ctx, FZ_ERROR_GENERIC, "the page shows no picture");
        }
        sheet->image = add_image(pictures, shown.image);
        buf_reset(stream, stream->capacity);
        if (buf_printf(stream, &err, "q %.7g %.7g %.7g %.7g %.7g %.7g cm /Im Do Q\n", (double)m.a,
                       (double)m.b, (double)m.c, (double)m.d, (double)m.e, (double)m.f) < 0) {
            fz_throw(ctx, FZ_ERROR_MEMORY, "%s", err.msg);
        }
        sheet->content = assemble_write_stream(pictures->assembly);
    }
    fz_always(ctx)
    {
        fz_drop_image(ctx, shown.image);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void read_sheet(struct pictures *pictures, uint32_t number, struct sheet *sheet)
{
    fz_context *ctx = pictures->ctx;
    fz_page *page = fz_load_page(ctx, pictures->assembly->job->document->fz, (int)number - 1);

    fz_try(ctx)
    {
        sheet->box = fz_bound_page(ctx, page);
        show_image(pictures, page, sheet);
    }
    fz_always(ctx)
    {
        fz_drop_page(ctx, page);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* The text's number; 0 for none. */
static uint32_t read_text(struct pictures *pictures, uint32_t number, const struct sheet *sheet)
{
    assemble_text(pictures->assembly, number, turned_over(sheet));
    return pictures->assembly->stream.size > 0 ? assemble_write_text(pictures->assembly) : 0;
}

/* What a page refers to: nothing of what it does not have. */
static void write_page(struct pictures *pictures, uint32_t number, const struct sheet *sheet,
                       uint32_t text)
{
    struct assembly *assembly = pictures->assembly;
    char contents[2][32] = {"", ""};
    char image[64] = "";
    char font[64] = "";
    char page[TEXT_BYTES];

    if (text > 0) {
        fz_snprintf(contents[0], sizeof(contents[0]), "%d 0 R", (int)text);
        fz_snprintf(font, sizeof(font), "/Font<</" TEXT_LAYER_FONT " %d 0 R>>",
                    (int)assembly->font_number);
    }
    if (sheet->content > 0) {
        fz_snprintf(contents[1], sizeof(contents[1]), " %d 0 R", (int)sheet->content);
        fz_snprintf(image, sizeof(image), "/XObject<</Im %d 0 R>>", (int)sheet->image);
    }
    fz_snprintf(page, sizeof(page),
                "<</Type/Page/Parent %d 0 R/MediaBox[0 0 %g %g]/Contents[%s%s]"
                "/Resources<<%s%s>>>>",
                (int)pictures->nodes[pictures->node_count - 1], sheet->box.x1 - sheet->box.x0,
                sheet->box.y1 - sheet->box.y0, contents[0], contents[1], image, font);
    pdf_writer_notation(&assembly->writer, assembly->objects, number, page);
}

static void add_page(struct pictures *pictures, uint32_t number)
{
    fz_context *ctx = pictures->ctx;
    uint32_t object = pdf_writer_reserve(&pictures->assembly->writer);
    struct sheet sheet = {.box = fz_make_rect(0, 0, DEFAULT_WIDTH_PT, DEFAULT_HEIGHT_PT)};
    volatile uint32_t text = 0;

    fz_try(ctx)
    {
        read_sheet(pictures, number, &sheet);
        text = read_text(pictures, number, &sheet);
    }
    fz_catch(ctx)
    {
        assemble_page_caught(pictures->assembly, number);
    }
    write_page(pictures, object, &sheet, text);
    pictures->kids[pictures->kid_count++] = object;
}

/* --- the page tree --- */

static void write_node(struct pictures *pictures, uint32_t number, uint32_t parent,
                       const uint32_t *kids, uint32_t kid_count, uint32_t page_count)
{
    fz_context *ctx = pictures->ctx;
    pdf_document *objects = pictures->assembly->objects;
    pdf_obj *node = pdf_new_dict(ctx, objects, 4);
    pdf_obj *list;

    fz_try(ctx)
    {
        pdf_dict_put(ctx, node, PDF_NAME(Type), PDF_NAME(Pages));
        pdf_dict_put_int(ctx, node, PDF_NAME(Count), page_count);
        if (parent > 0) {
            pdf_dict_put_drop(ctx, node, PDF_NAME(Parent),
                              pdf_new_indirect(ctx, objects, (int)parent, 0));
        }
        list = pdf_dict_put_array(ctx, node, PDF_NAME(Kids), (int)kid_count);
        for (uint32_t i = 0; i < kid_count; i++) {
            pdf_array_push_drop(ctx, list, pdf_new_indirect(ctx, objects, (int)kids[i], 0));
        }
        pdf_writer_object(&pictures->assembly->writer, number, 0, node);
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, node);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void end_node(struct pictures *pictures)
{
    if (pictures->kid_count > 0) {
        write_node(pictures, pictures->nodes[pictures->node_count - 1], pictures->root,
                   pictures->kids, pictures->kid_count, pictures->kid_count);
        pictures->kid_count = 0;
    }
}

static void add_pages(struct pictures *pictures)
{
    uint32_t count = pictures->assembly->job->document->page_count;

    pictures->nodes = fz_malloc_array(pictures->ctx, count / PAGES_PER_NODE + 1, uint32_t);
    for (uint32_t number = 1; number <= count; number++) {
        assemble_begin_page(pictures->assembly, number, number - 1);
        if ((number - 1) % PAGES_PER_NODE == 0) {
            end_node(pictures);
            pictures->nodes[pictures->node_count++] =
                pdf_writer_reserve(&pictures->assembly->writer);
        }
        add_page(pictures, number);
    }
    end_node(pictures);
    write_node(pictures, pictures->root, 0, pictures->nodes, pictures->node_count, count);
}

static void write_end(struct pictures *pictures)
{
    struct assembly *assembly = pictures->assembly;
    fz_context *ctx = pictures->ctx;
    const char *language = language_tag(assembly->job->languages);
    uint32_t info = pdf_writer_reserve(&assembly->writer);
    char text[TEXT_BYTES];
    pdf_obj *trailer;

    fz_snprintf(text, sizeof(text), "<</Type/Catalog/Pages %d 0 R%s%s%s>>", (int)pictures->root,
                language ? "/Lang(" : "", language ? language : "", language ? ")" : "");
    pdf_writer_notation(&assembly->writer, assembly->objects, pictures->catalog, text);
    pdf_writer_notation(&assembly->writer, assembly->objects, info,
                        "<</Producer(ebb " EBB_VERSION ")>>");
    fz_snprintf(text, sizeof(text), "<</Root %d 0 R/Info %d 0 R>>", (int)pictures->catalog,
                (int)info);
    trailer = pdf_writer_parse(&assembly->writer, assembly->objects, text);
    fz_try(ctx)
    {
        assemble_put_id(assembly, trailer);
        pdf_writer_finish(&assembly->writer, &(struct pdf_writer_end){.trailer = trailer});
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, trailer);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

void assemble_pictures(struct assembly *assembly)
{
    fz_context *ctx = assembly->ctx;
    struct pictures pictures = {.assembly = assembly, .ctx = ctx};

    assembly->objects = pdf_create_document(ctx);
    fz_try(ctx)
    {
        pdf_writer_init(&assembly->writer, ctx, assembly->file, 1, NULL, &assembly->write_err);
        fz_write_string(ctx, assembly->writer.out, "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n");
        fz_flush_output(ctx, assembly->writer.out);
        pictures.catalog = pdf_writer_reserve(&assembly->writer);
        pictures.root = pdf_writer_reserve(&assembly->writer);
        assembly->font_number = pdf_writer_reserve(&assembly->writer);
        add_pages(&pictures);
        glyphless_font_write(&assembly->font, &assembly->writer, assembly->objects,
                             assembly->font_number);
        write_end(&pictures);
    }
    fz_always(ctx)
    {
        fz_free(ctx, pictures.nodes);
        pdf_drop_document(ctx, assembly->objects);
        assembly->objects = NULL;
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}
