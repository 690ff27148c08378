/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Objects of a PDF, written one after the other.
 *
 * Invariants: mupdf's output is empty between two calls, so that the file's size is where the next
 * object begins. Tables of references are never encrypted.
 *
 * Blocks: writes the file. Diagnostics: none.
 */
#include "workers/pdf/pdf_writer.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_BYTES 8192
#define OFFSET_BYTES 8
#define ENTRY_BYTES (1 + OFFSET_BYTES + 2)

static void write_file(fz_context *ctx, void *state, const void *data, size_t size_bytes)
{
    struct pdf_writer *writer = state;

    if (file_writer_append(writer->file, data, size_bytes, writer->err) < 0) {
        fz_throw(ctx, FZ_ERROR_GENERIC, "%s", writer->err->msg);
    }
}

void pdf_writer_init(struct pdf_writer *writer, fz_context *ctx, struct file_writer *file,
                     uint32_t first_number, pdf_crypt *crypt, struct error *err)
{
    memset(writer, 0, sizeof(*writer));
    writer->ctx = ctx;
    writer->file = file;
    writer->crypt = crypt;
    writer->err = err;
    writer->next_number = first_number;
    writer->out = fz_new_output(ctx, OUTPUT_BYTES, writer, write_file, NULL, NULL);
}

void pdf_writer_deinit(struct pdf_writer *writer)
{
    if (writer->ctx) {
        fz_drop_output(writer->ctx, writer->out);
        fz_free(writer->ctx, writer->entries);
    }
    memset(writer, 0, sizeof(*writer));
}

uint32_t pdf_writer_reserve(struct pdf_writer *writer)
{
    if (writer->next_number >= PDF_MAX_OBJECT_NUMBER) {
        fz_throw(writer->ctx, FZ_ERROR_GENERIC, "the PDF has too many objects");
    }
    return writer->next_number++;
}

static void begin_object(struct pdf_writer *writer, uint32_t number, uint16_t generation)
{
    if (writer->count == writer->capacity) {
        uint32_t bigger = writer->capacity ? writer->capacity * 2 : 256;

        writer->entries =
            fz_realloc_array(writer->ctx, writer->entries, bigger, struct pdf_writer_entry);
        writer->capacity = bigger;
    }
    writer->entries[writer->count++] =
        (struct pdf_writer_entry){number, generation, file_writer_bytes(writer->file)};
    fz_write_printf(writer->ctx, writer->out, "%d %d obj\n", (int)number, generation);
}

void pdf_writer_object(struct pdf_writer *writer, uint32_t number, uint16_t generation,
                       pdf_obj *object)
{
    fz_context *ctx = writer->ctx;

    begin_object(writer, number, generation);
    pdf_print_encrypted_obj(ctx, writer->out, object, 1, 0, writer->crypt, (int)number, generation);
    fz_write_string(ctx, writer->out, "\nendobj\n");
    fz_flush_output(ctx, writer->out);
}

pdf_obj *pdf_writer_parse(struct pdf_writer *writer, pdf_document *doc, const char *text)
{
    fz_context *ctx = writer->ctx;
    fz_stream *stream = fz_open_memory(ctx, (const unsigned char *)text, strlen(text));
    pdf_obj *object = NULL;
    pdf_lexbuf lexbuf;

    pdf_lexbuf_init(ctx, &lexbuf, PDF_LEXBUF_SMALL);
    fz_var(object);
    fz_try(ctx)
    {
        object = pdf_parse_stm_obj(ctx, doc, stream, &lexbuf);
    }
    fz_always(ctx)
    {
        pdf_lexbuf_fin(ctx, &lexbuf);
        fz_drop_stream(ctx, stream);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    return object;
}

void pdf_writer_notation(struct pdf_writer *writer, pdf_document *doc, uint32_t number,
                         const char *text)
{
    fz_context *ctx = writer->ctx;
    pdf_obj *object = pdf_writer_parse(writer, doc, text);

    fz_try(ctx)
    {
        pdf_writer_object(writer, number, 0, object);
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, object);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void write_encrypted(fz_context *ctx, void *writer, const unsigned char *data, size_t size)
{
    fz_write_data(ctx, ((struct pdf_writer *)writer)->out, data, size);
}

static void write_stream(struct pdf_writer *writer, uint32_t number, pdf_obj *dict,
                         const unsigned char *data, size_t size_bytes, pdf_crypt *crypt)
{
    fz_context *ctx = writer->ctx;

    pdf_dict_put_int(ctx, dict, PDF_NAME(Length),
                     (int64_t)pdf_encrypted_len(ctx, crypt, (int)number, 0, size_bytes));
    pdf_print_encrypted_obj(ctx, writer->out, dict, 1, 0, crypt, (int)number, 0);
    fz_write_string(ctx, writer->out, "\nstream\n");
    pdf_encrypt_data(ctx, crypt, (int)number, 0, write_encrypted, writer, data, size_bytes);
    fz_write_string(ctx, writer->out, "\nendstream\nendobj\n");
    fz_flush_output(ctx, writer->out);
}

static void write_deflated(struct pdf_writer *writer, uint32_t number, pdf_obj *dict,
                           const unsigned char *data, size_t size_bytes, pdf_crypt *crypt)
{
    fz_context *ctx = writer->ctx;
    size_t deflated_bytes;
    unsigned char *deflated =
        fz_new_deflated_data(ctx, &deflated_bytes, data, size_bytes, FZ_DEFLATE_DEFAULT);

    fz_try(ctx)
    {
        pdf_dict_put(ctx, dict, PDF_NAME(Filter), PDF_NAME(FlateDecode));
        write_stream(writer, number, dict, deflated, deflated_bytes, crypt);
    }
    fz_always(ctx)
    {
        fz_free(ctx, deflated);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

void pdf_writer_stream(struct pdf_writer *writer, uint32_t number, pdf_obj *dict, const void *data,
                       size_t size_bytes, bool deflate)
{
    begin_object(writer, number, 0);
    if (deflate) {
        write_deflated(writer, number, dict, data, size_bytes, writer->crypt);
    } else {
        write_stream(writer, number, dict, data, size_bytes, writer->crypt);
    }
}

/* --- the end --- */

static int by_number(const void *a, const void *b)
{
    const struct pdf_writer_entry *x = a;
    const struct pdf_writer_entry *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

/* How many entries from first on follow each other in number. */
static uint32_t run_length(const struct pdf_writer *writer, uint32_t first)
{
    uint32_t length = 1;

    while (first + length < writer->count &&
           writer->entries[first + length].number == writer->entries[first].number + length) {
        length++;
    }
    return length;
}

static void write_table(struct pdf_writer *writer, const struct pdf_writer_end *end)
{
    fz_context *ctx = writer->ctx;
    fz_output *out = writer->out;

    fz_write_string(ctx, out, "xref\n");
    if (!end->update) {
        fz_write_string(ctx, out, "0 1\n0000000000 65535 f \n");
    }
    for (uint32_t first = 0, length; first < writer->count; first += length) {
        length = run_length(writer, first);
        fz_write_printf(ctx, out, "%d %d\n", (int)writer->entries[first].number, (int)length);
        for (uint32_t i = first; i < first + length; i++) {
            fz_write_printf(ctx, out, "%010ld %05d n \n", (int64_t)writer->entries[i].offset,
                            writer->entries[i].generation);
        }
    }
    fz_write_string(ctx, out, "trailer\n");
    pdf_print_obj(ctx, out, end->trailer, 1, 0);
    fz_write_string(ctx, out, "\n");
}

static void put_big_endian(uint8_t *out, uint64_t value, int size_bytes)
{
    for (int i = size_bytes - 1; i >= 0; i--) {
        out[i] = (uint8_t)value;
        value >>= 8;
    }
}

static void put_index(struct pdf_writer *writer, pdf_obj *dict)
{
    fz_context *ctx = writer->ctx;
    pdf_obj *index = pdf_dict_put_array(ctx, dict, PDF_NAME(Index), 16);

    for (uint32_t first = 0, length; first < writer->count; first += length) {
        length = run_length(writer, first);
        pdf_array_push_int(ctx, index, writer->entries[first].number);
        pdf_array_push_int(ctx, index, length);
    }
}

/* The stream is an object itself, and the last of its own entries. */
static void write_table_stream(struct pdf_writer *writer, const struct pdf_writer_end *end)
{
    fz_context *ctx = writer->ctx;
    uint32_t number = writer->entries[writer->count - 1].number;
    uint8_t *data = fz_malloc_array(ctx, (size_t)writer->count * ENTRY_BYTES, uint8_t);
    pdf_obj *widths;

    fz_try(ctx)
    {
        for (uint32_t i = 0; i < writer->count; i++) {
            uint8_t *entry = data + (size_t)i * ENTRY_BYTES;

            entry[0] = 1;
            put_big_endian(entry + 1, writer->entries[i].offset, OFFSET_BYTES);
            put_big_endian(entry + 1 + OFFSET_BYTES, writer->entries[i].generation, 2);
        }
        pdf_dict_puts_drop(ctx, end->trailer, "Type", pdf_new_name(ctx, "XRef"));
        put_index(writer, end->trailer);
        widths = pdf_dict_put_array(ctx, end->trailer, PDF_NAME(W), 3);
        pdf_array_push_int(ctx, widths, 1);
        pdf_array_push_int(ctx, widths, OFFSET_BYTES);
        pdf_array_push_int(ctx, widths, 2);
        write_deflated(writer, number, end->trailer, data, (size_t)writer->count * ENTRY_BYTES,
                       NULL);
    }
    fz_always(ctx)
    {
        fz_free(ctx, data);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

void pdf_writer_finish(struct pdf_writer *writer, const struct pdf_writer_end *end)
{
    fz_context *ctx = writer->ctx;
    uint64_t table;

    if (end->update) {
        pdf_dict_put_int(ctx, end->trailer, PDF_NAME(Prev), (int64_t)end->previous);
    }
    table = file_writer_bytes(writer->file);
    if (end->stream) {
        begin_object(writer, pdf_writer_reserve(writer), 0);
    }
    pdf_dict_put_int(ctx, end->trailer, PDF_NAME(Size), writer->next_number);
    qsort(writer->entries, writer->count, sizeof(*writer->entries), by_number);
    if (end->stream) {
        write_table_stream(writer, end);
    } else {
        write_table(writer, end);
    }
    fz_write_printf(ctx, writer->out, "startxref\n%ld\n%%%%EOF\n", (int64_t)table);
    fz_flush_output(ctx, writer->out);
}
