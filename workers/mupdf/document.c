/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An open document.
 *
 * mupdf decides by a file's name what it is; here its bytes decide, and mupdf is told. A damaged
 * PDF is repaired by mupdf, with warnings.
 *
 * Blocks: reads the file. Diagnostics: none; what mupdf warns of is in warnings.
 */
#include "workers/mupdf/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "workers/mupdf/image_document.h"

extern fz_document_handler pdf_document_handler;
extern fz_document_handler xps_document_handler;
extern fz_document_handler img_document_handler;
extern fz_document_handler cbz_document_handler;
extern fz_document_handler epub_document_handler;
extern fz_document_handler fb2_document_handler;
extern fz_document_handler mobi_document_handler;
extern fz_document_handler html_document_handler;
extern fz_document_handler xhtml_document_handler;
extern fz_document_handler svg_document_handler;

static const struct {
    const fz_document_handler *handler; /* NULL where mupdf does not read it */
    bool markup;                        /* the file itself is text with markup */
    bool pictures;                      /* each page is one */
} FORMATS[] = {
    [FORMAT_NONE] = {NULL, false, false},
    [FORMAT_PDF] = {&pdf_document_handler, false, false},
    [FORMAT_XPS] = {&xps_document_handler, false, false},
    [FORMAT_IMAGE] = {&img_document_handler, false, true},
    [FORMAT_COMIC] = {&cbz_document_handler, false, true},
    [FORMAT_EPUB] = {&epub_document_handler, false, false},
    [FORMAT_FICTIONBOOK] = {&fb2_document_handler, true, false},
    [FORMAT_MOBIPOCKET] = {&mobi_document_handler, true, false},
    [FORMAT_HTML] = {&html_document_handler, true, false},
    [FORMAT_XHTML] = {&xhtml_document_handler, true, false},
    [FORMAT_SVG] = {&svg_document_handler, true, false},
    [FORMAT_ARCHIVE] = {NULL, false, false},
    [FORMAT_UNSUPPORTED] = {NULL, false, false},
};

static int refuse(const char **ret_code, const char *code, struct error *err, enum error_code kind,
                  const char *text)
{
    *ret_code = code;
    return error_set(err, kind, "%s", text);
}

const char *document_caught_code(fz_context *ctx)
{
    return fz_caught(ctx) == FZ_ERROR_MEMORY ? "memory_exceeded" : "damaged";
}

static ssize_t read_at(int fd, void *data, size_t size_bytes, off_t offset)
{
    size_t done = 0;

    while (done < size_bytes) {
        ssize_t n = pread(fd, (char *)data + done, size_bytes - done, offset + (off_t)done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static uint64_t or_default(uint64_t value, uint64_t fallback)
{
    return value ? value : fallback;
}

/* What is in an archive, and whether it stays within bounds when it is unpacked. */
static int look_into_archive(int fd, uint64_t size_bytes, const struct document_options *options,
                             struct format_found *format, const char **ret_code, struct error *err)
{
    struct format_archive archive = {0};

    if (zip_list(fd, size_bytes, format_archive_add, &archive, err) < 0) {
        *ret_code = err->code == ERROR_MEMORY  ? "memory_exceeded"
                    : err->code == ERROR_LIMIT ? "too_large"
                                               : "not_a_document";
        return -1;
    }
    *format = format_find_in_archive(&archive);
    if (!FORMATS[format->format].handler) {
        return 0;
    }
    if (archive.unpacked_bytes > or_default(options->unpacked_bytes, DOCUMENT_UNPACKED_BYTES)) {
        return refuse(ret_code, "too_large", err, ERROR_LIMIT,
                      "the archive unpacks to more than the limit");
    }
    if (format->format == FORMAT_EPUB &&
        archive.markup_bytes > or_default(options->markup_bytes, DOCUMENT_MARKUP_BYTES)) {
        return refuse(ret_code, "too_large", err, ERROR_LIMIT,
                      "the book's text is longer than the limit");
    }
    return 0;
}

static int read_ends(int fd, uint64_t size_bytes, struct format_found *ret_format,
                     struct error *err)
{
    uint8_t head[FORMAT_HEAD_BYTES];
    uint8_t tail[FORMAT_TAIL_BYTES];
    ssize_t head_bytes = read_at(fd, head, sizeof(head), 0);
    ssize_t tail_bytes =
        read_at(fd, tail, sizeof(tail),
                size_bytes > sizeof(tail) ? (off_t)size_bytes - (off_t)sizeof(tail) : 0);

    if (head_bytes < 0 || tail_bytes < 0) {
        return error_set_errno(err, errno, "cannot read the document");
    }
    *ret_format = format_find(head, (size_t)head_bytes, tail, (size_t)tail_bytes);
    return 0;
}

/* The format by the file's bytes; refuses what is too large and what is no document. */
static int recognise(const char *path, const struct document_options *options,
                     struct format_found *ret_format, const char **ret_code, struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    uint64_t size_bytes;

    *ret_code = "io";
    if (fd < 0 || fstat(fd, &status) < 0) {
        return error_set_errno(err, errno, "cannot open the document");
    }
    size_bytes = (uint64_t)status.st_size;
    if (size_bytes > options->source_bytes) {
        return refuse(ret_code, "too_large", err, ERROR_LIMIT, "the file is over the limit");
    }
    if (read_ends(fd, size_bytes, ret_format, err) < 0) {
        return -1;
    }
    if (ret_format->format == FORMAT_ARCHIVE &&
        look_into_archive(fd, size_bytes, options, ret_format, ret_code, err) < 0) {
        return -1;
    }
    if (ret_format->format == FORMAT_NONE) {
        return refuse(ret_code, "not_a_document", err, ERROR_UNSUPPORTED,
                      size_bytes == 0 ? "the file is empty" : "the file is no document");
    }
    if (!FORMATS[ret_format->format].handler) {
        *ret_code = "unsupported_format";
        return error_set(err, ERROR_UNSUPPORTED, "%s is not supported", ret_format->name);
    }
    if (FORMATS[ret_format->format].markup &&
        size_bytes > or_default(options->markup_bytes, DOCUMENT_MARKUP_BYTES)) {
        return refuse(ret_code, "too_large", err, ERROR_LIMIT,
                      "the document's text is longer than the limit");
    }
    return 0;
}

static void open_with_mupdf(struct document *document, const char *path)
{
    fz_context *ctx = document->ctx;
    fz_stream *stream = fz_open_file(ctx, path);

    fz_try(ctx)
    {
        fz_register_document_handler(ctx, FORMATS[document->format.format].handler);
        document->fz = fz_open_document_with_stream(ctx, document->format.magic, stream);
        document->pdf = pdf_document_from_fz_document(ctx, document->fz);
        if (FORMATS[document->format.format].pictures) {
            document->fz = image_document_wrap(ctx, TAKE_PTR(document->fz));
        }
        fz_layout_document(ctx, document->fz, DOCUMENT_FLOW_WIDTH_PT, DOCUMENT_FLOW_HEIGHT_PT,
                           DOCUMENT_FLOW_EM_PT);
    }
    fz_always(ctx)
    {
        fz_drop_stream(ctx, stream);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* NULL, or the code of what is wrong with the password. */
static const char *unlock(struct document *document, const char *password)
{
    fz_context *ctx = document->ctx;

    document->encrypted =
        document->pdf &&
        pdf_is_dict(ctx, pdf_dict_get(ctx, pdf_trailer(ctx, document->pdf), PDF_NAME(Encrypt)));
    if (!fz_needs_password(ctx, document->fz)) {
        return NULL;
    }
    document->encrypted = true;
    if (!password || !password[0]) {
        return "password_required";
    }
    return fz_authenticate_password(ctx, document->fz, password) ? NULL : "password_wrong";
}

static const char *count_pages(struct document *document, uint32_t most)
{
    fz_context *ctx = document->ctx;

    if (document->pdf) {
        page_tree_init(&document->tree, ctx, document->pdf, most);
        document->page_count = document->tree.count;
        labels_init(&document->labels, ctx, document->pdf);
    } else {
        int count = fz_count_pages(ctx, document->fz);

        document->page_count = count > 0 ? (uint32_t)count : 0;
    }
    if (document->page_count == 0) {
        return "zero_pages";
    }
    return document->page_count > most ? "too_many_pages" : NULL;
}

static const char *explain(const char *code)
{
    static const struct {
        const char *code, *text;
    } texts[] = {
        {"password_required", "the document is encrypted and needs a password"},
        {"password_wrong", "the password does not open the document"},
        {"zero_pages", "the document has no page"},
        {"too_many_pages", "the document has more pages than the limit"},
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (strcmp(texts[i].code, code) == 0) {
            return texts[i].text;
        }
    }
    return code;
}

/* All that mupdf can throw in; NULL, or the code of what is wrong. */
static const char *open_throwing(struct document *document, const char *path,
                                 const struct document_options *options, struct error *err)
{
    fz_context *ctx = document->ctx;
    const char *volatile code = NULL;

    fz_try(ctx)
    {
        open_with_mupdf(document, path);
        code = unlock(document, options->password);
        if (!code) {
            code = count_pages(document, options->pages);
        }
        if (code) {
            error_set(err, ERROR_INVALID, "%s", explain(code));
        }
    }
    fz_catch(ctx)
    {
        code = fz_caught(ctx) == FZ_ERROR_MEMORY ? "memory_exceeded" : "not_a_document";
        error_set(err, ERROR_CORRUPT, "%s", fz_caught_message(ctx));
    }
    fz_flush_warnings(ctx);
    return code;
}

int document_open(const char *path, const struct document_options *options,
                  struct document **ret_document, const char **ret_code, struct error *err)
{
    struct document *document = calloc(1, sizeof(*document));
    const char *code;

    *ret_code = "memory_exceeded";
    if (!document) {
        return error_set(err, ERROR_MEMORY, "no memory for a document");
    }
    if (recognise(path, options, &document->format, ret_code, err) < 0) {
        free(document);
        return -1;
    }
    heap_init(&document->heap);
    document->ctx = fz_new_context(&document->heap.functions, NULL, options->store_bytes);
    if (!document->ctx) {
        free(document);
        return refuse(ret_code, "memory_exceeded", err, ERROR_MEMORY, "no memory for mupdf");
    }
    fz_set_warning_callback(document->ctx, warnings_add, &document->warnings);
    fz_set_error_callback(document->ctx, warnings_add, &document->warnings);
    code = open_throwing(document, path, options, err);
    if (code) {
        *ret_code = code;
        document_close(document);
        return -1;
    }
    *ret_document = document;
    return 0;
}

void document_close(struct document *document)
{
    if (!document) {
        return;
    }
    labels_deinit(&document->labels, document->ctx);
    page_tree_deinit(&document->tree);
    fz_drop_document(document->ctx, document->fz);
    fz_drop_context(document->ctx);
    free(document);
}
