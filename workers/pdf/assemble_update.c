/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A searchable PDF from a PDF: an update at its end (ISO 32000-1, 7.5.6), so that every byte that
 * was there stays. A page that ocr read gets a content stream before its own, which draws nothing
 * and leaves nothing changed for those behind it, and one more font. What is encrypted stays so,
 * and the new objects are encrypted alike.
 *
 * Blocks: reads the source, writes the file. Diagnostics: none.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "workers/pdf/assemble_private.h"
#include "workers/pdf/hidden_text.h"
#include "workers/pdf/language_tag.h"
#include "workers/pdf/text_layer.h"

#define CACHED_PAGES 128U
#define PRODUCER_BYTES 1024
#define CONTENT_BYTES_MAX ((size_t)64 << 20)

struct update {
    struct assembly *assembly;
    fz_context *ctx;
    pdf_document *base;
    struct page_tree tree;
    pdf_mark_bits *done; /* pages that stand in several places are updated once */
};

static pdf_obj *copy_or_new(struct update *update, pdf_obj *dict)
{
    return pdf_is_dict(update->ctx, dict) ? pdf_copy_dict(update->ctx, dict)
                                          : pdf_new_dict(update->ctx, update->base, 4);
}

/* The page's resources with the font among them. */
static void put_resources(struct update *update, pdf_obj *page, pdf_obj *copy)
{
    fz_context *ctx = update->ctx;
    pdf_obj *inherited = pdf_dict_get_inheritable(ctx, page, PDF_NAME(Resources));
    pdf_obj *resources = copy_or_new(update, inherited);
    pdf_obj *fonts = NULL;

    fz_var(fonts);
    fz_try(ctx)
    {
        fonts = copy_or_new(update, pdf_dict_get(ctx, resources, PDF_NAME(Font)));
        pdf_dict_puts_drop(
            ctx, fonts, TEXT_LAYER_FONT,
            pdf_new_indirect(ctx, update->base, (int)update->assembly->font_number, 0));
        pdf_dict_put(ctx, resources, PDF_NAME(Font), fonts);
        pdf_dict_put(ctx, copy, PDF_NAME(Resources), resources);
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, fonts);
        pdf_drop_obj(ctx, resources);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void push_reference(struct update *update, pdf_obj *array, uint32_t number)
{
    pdf_array_push_drop(update->ctx, array,
                        pdf_new_indirect(update->ctx, update->base, (int)number, 0));
}

static uint32_t write_content(struct update *update, const fz_buffer *content)
{
    fz_context *ctx = update->ctx;
    uint32_t number = pdf_writer_reserve(&update->assembly->writer);
    pdf_obj *dict = pdf_new_dict(ctx, update->base, 2);

    fz_try(ctx)
    {
        pdf_writer_stream(&update->assembly->writer, number, dict, content->data, content->len,
                          true);
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, dict);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    return number;
}

/* The page's content without the text of an earlier OCR, as a new object; 0 where it stays. */
static uint32_t renew_content(struct update *update, pdf_obj *page, pdf_obj *contents)
{
    fz_context *ctx = update->ctx;
    struct hidden_text_found found = {false};
    fz_stream *stream = pdf_open_contents_stream(ctx, update->base, contents);
    fz_buffer *content = NULL;
    fz_buffer *rest = NULL;
    volatile uint32_t number = 0;

    fz_var(content);
    fz_var(rest);
    fz_try(ctx)
    {
        content = fz_read_best(ctx, stream, 0, NULL, CONTENT_BYTES_MAX);
        rest = hidden_text_remove(ctx, pdf_dict_get_inheritable(ctx, page, PDF_NAME(Resources)),
                                  content, &found);
        if (rest) {
            number = write_content(update, rest);
        }
        update->assembly->result.pages_with_both += found.left;
    }
    fz_always(ctx)
    {
        fz_drop_buffer(ctx, rest);
        fz_drop_buffer(ctx, content);
        fz_drop_stream(ctx, stream);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    return number;
}

/* Everything that the page had. */
static void push_contents(struct update *update, pdf_obj *array, pdf_obj *old)
{
    fz_context *ctx = update->ctx;
    int length = pdf_array_len(ctx, old);

    for (int i = 0; i < length; i++) {
        pdf_array_push(ctx, array, pdf_array_get(ctx, old, i));
    }
    if (old && !pdf_is_array(ctx, old)) {
        pdf_array_push(ctx, array, old);
    }
}

/* The text's stream, and behind it what the page had. */
static void put_contents(struct update *update, pdf_obj *page, pdf_obj *copy, uint32_t text)
{
    fz_context *ctx = update->ctx;
    pdf_obj *old = pdf_dict_get(ctx, page, PDF_NAME(Contents));
    pdf_obj *contents = pdf_new_array(ctx, update->base, 2);

    fz_try(ctx)
    {
        uint32_t renewed = old && update->assembly->reread ? renew_content(update, page, old) : 0;

        push_reference(update, contents, text);
        if (renewed > 0) {
            push_reference(update, contents, renewed);
        } else {
            push_contents(update, contents, old);
        }
        pdf_dict_put(ctx, copy, PDF_NAME(Contents), contents);
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, contents);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* The object with its number, as it was changed. */
static void write_changed(struct update *update, pdf_obj *old, pdf_obj *changed)
{
    pdf_writer_object(&update->assembly->writer, (uint32_t)pdf_to_num(update->ctx, old),
                      (uint16_t)pdf_to_gen(update->ctx, old), changed);
}

static void update_page(struct update *update, uint32_t number)
{
    fz_context *ctx = update->ctx;
    pdf_obj *page = page_tree_find(&update->tree, number);
    pdf_obj *copy = NULL;
    fz_matrix ctm;

    if (pdf_to_num(ctx, page) <= 0) {
        fz_throw(ctx, FZ_ERROR_GENERIC, "the page is no object of its own");
    }
    if (pdf_mark_bits_set(ctx, update->done, page)) {
        return;
    }
    pdf_page_obj_transform(ctx, page, NULL, &ctm);
    assemble_text(update->assembly, number, fz_invert_matrix(ctm));
    if (update->assembly->stream.size == 0) {
        return;
    }
    fz_var(copy);
    fz_try(ctx)
    {
        copy = pdf_copy_dict(ctx, page);
        put_resources(update, page, copy);
        put_contents(update, page, copy, assemble_write_text(update->assembly));
        write_changed(update, page, copy);
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, copy);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void update_page_caught(struct update *update, uint32_t number)
{
    fz_context *ctx = update->ctx;

    fz_try(ctx)
    {
        update_page(update, number);
    }
    fz_catch(ctx)
    {
        assemble_page_caught(update->assembly, number);
    }
}

static void update_pages(struct update *update)
{
    uint32_t count = update->assembly->job->document->page_count;

    for (uint32_t number = 1; number <= count; number++) {
        assemble_begin_page(update->assembly, number, number - 1);
        if (number % CACHED_PAGES == 0) {
            pdf_clear_xref(update->ctx, update->base);
        }
        update_page_caught(update, number);
    }
}

/* Says in which language the document is, unless it does. */
static void update_catalog(struct update *update)
{
    fz_context *ctx = update->ctx;
    const char *language = language_tag(update->assembly->job->languages);
    pdf_obj *catalog = pdf_dict_get(ctx, pdf_trailer(ctx, update->base), PDF_NAME(Root));
    pdf_obj *copy;

    if (!language || pdf_to_num(ctx, catalog) <= 0 || pdf_dict_get(ctx, catalog, PDF_NAME(Lang))) {
        return;
    }
    copy = pdf_copy_dict(ctx, catalog);
    fz_try(ctx)
    {
        pdf_dict_put_text_string(ctx, copy, PDF_NAME(Lang), language);
        write_changed(update, catalog, copy);
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, copy);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* Adds who made this of it to the producer. */
static void update_info(struct update *update, pdf_obj *trailer)
{
    fz_context *ctx = update->ctx;
    pdf_obj *info = pdf_dict_get(ctx, pdf_trailer(ctx, update->base), PDF_NAME(Info));
    pdf_obj *copy = copy_or_new(update, info);
    char producer[PRODUCER_BYTES];

    fz_try(ctx)
    {
        const char *old = pdf_dict_get_text_string(ctx, copy, PDF_NAME(Producer));

        fz_snprintf(producer, sizeof(producer), "%s%sebb " EBB_VERSION, old,
                    old[0] ? "; made searchable by " : "");
        pdf_dict_put_text_string(ctx, copy, PDF_NAME(Producer), producer);
        if (pdf_to_num(ctx, info) > 0) {
            write_changed(update, info, copy);
            pdf_dict_put(ctx, trailer, PDF_NAME(Info), info);
        } else {
            uint32_t number = pdf_writer_reserve(&update->assembly->writer);

            pdf_writer_object(&update->assembly->writer, number, 0, copy);
            pdf_dict_put_drop(ctx, trailer, PDF_NAME(Info),
                              pdf_new_indirect(ctx, update->base, (int)number, 0));
        }
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, copy);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* Whether the table of objects at startxref is a stream. */
static bool table_is_stream(fz_context *ctx, const char *path, int64_t offset)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[64] = "";
    ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, offset);
    const char *p = text;

    while (isspace((unsigned char)*p)) {
        p++;
    }
    if (n <= 0 || !(strncmp(p, "xref", 4) == 0 || isdigit((unsigned char)*p))) {
        fz_throw(ctx, FZ_ERROR_GENERIC, "the document's table of objects is not where it says");
    }
    return *p != 'x';
}

static void write_end(struct update *update, const char *base_path)
{
    fz_context *ctx = update->ctx;
    pdf_obj *old = pdf_trailer(ctx, update->base);
    pdf_obj *trailer = pdf_new_dict(ctx, update->base, 8);
    struct pdf_writer_end end = {
        .trailer = trailer, .update = true, .previous = (uint64_t)update->base->startxref};

    fz_try(ctx)
    {
        end.stream = table_is_stream(ctx, base_path, update->base->startxref);
        pdf_dict_put(ctx, trailer, PDF_NAME(Root), pdf_dict_get(ctx, old, PDF_NAME(Root)));
        if (update->base->crypt) {
            pdf_dict_put(ctx, trailer, PDF_NAME(Encrypt),
                         pdf_dict_get(ctx, old, PDF_NAME(Encrypt)));
        }
        if (pdf_dict_get(ctx, old, PDF_NAME(ID))) {
            pdf_dict_put(ctx, trailer, PDF_NAME(ID), pdf_dict_get(ctx, old, PDF_NAME(ID)));
        }
        update_info(update, trailer);
        assemble_put_id(update->assembly, trailer);
        pdf_writer_finish(&update->assembly->writer, &end);
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

/* mupdf encrypts streams as it does strings. */
static void check_encryption(fz_context *ctx, pdf_document *base)
{
    pdf_obj *encrypt = pdf_dict_get(ctx, pdf_trailer(ctx, base), PDF_NAME(Encrypt));

    if (base->crypt && pdf_dict_get_int(ctx, encrypt, PDF_NAME(V)) >= 4 &&
        !pdf_name_eq(ctx, pdf_dict_get(ctx, encrypt, PDF_NAME(StmF)),
                     pdf_dict_get(ctx, encrypt, PDF_NAME(StrF)))) {
        fz_throw(ctx, FZ_ERROR_GENERIC,
                 "the document's streams and strings are encrypted in different ways");
    }
}

void assemble_update(struct assembly *assembly, pdf_document *base, const char *base_path)
{
    fz_context *ctx = assembly->ctx;
    struct update update = {.assembly = assembly, .ctx = ctx, .base = base};

    check_encryption(ctx, base);
    assembly->objects = base;
    pdf_writer_init(&assembly->writer, ctx, assembly->file, (uint32_t)pdf_xref_len(ctx, base),
                    base->crypt, &assembly->write_err);
    fz_try(ctx)
    {
        update.done = pdf_new_mark_bits(ctx, base);
        page_tree_init(&update.tree, ctx, base, assembly->job->document->page_count);
        assembly->font_number = pdf_writer_reserve(&assembly->writer);
        fz_write_string(ctx, assembly->writer.out, "\n");
        fz_flush_output(ctx, assembly->writer.out);
        update_pages(&update);
        update_catalog(&update);
        glyphless_font_write(&assembly->font, &assembly->writer, base, assembly->font_number);
        write_end(&update, base_path);
    }
    fz_always(ctx)
    {
        page_tree_deinit(&update.tree);
        pdf_drop_mark_bits(ctx, update.done);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}
