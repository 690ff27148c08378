/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which format a file has. A damaged PDF may have lost its header or its trailer: either is
 * enough. Nothing blocks or logs.
 */
#include "workers/mupdf/format.h"

#include <stdbool.h>
#include <string.h>

#include "common/cleanup.h"

#define PDF_HEADER_WITHIN 1024U /* ISO 32000-1, annex H, implementation note 13 */
#define ZIP_NAME_OFFSET 30U     /* of the first entry's name */

struct signature {
    const char *bytes;
    uint8_t size_bytes;
    uint8_t offset;
    enum format format;
    const char *name;
    const char *magic;
};

static const struct signature SIGNATURES[] = {
    {"\x89PNG\r\n\x1a\n", 8, 0, FORMAT_IMAGE, "PNG", "image/png"},
    {"\xff\xd8\xff", 3, 0, FORMAT_IMAGE, "JPEG", "image/jpeg"},
    {"II*\0", 4, 0, FORMAT_IMAGE, "TIFF", "image/tiff"},
    {"MM\0*", 4, 0, FORMAT_IMAGE, "TIFF", "image/tiff"},
    {"GIF87a", 6, 0, FORMAT_IMAGE, "GIF", "image/gif"},
    {"GIF89a", 6, 0, FORMAT_IMAGE, "GIF", "image/gif"},
    {"\0\0\0\x0cjP  \r\n\x87\n", 12, 0, FORMAT_IMAGE, "JPEG 2000", "image/jp2"},
    {"\xff\x4f\xff\x51", 4, 0, FORMAT_IMAGE, "JPEG 2000", "image/jp2"},
    {"\x97JB2\r\n\x1a\n", 8, 0, FORMAT_IMAGE, "JBIG2", "image/x-jbig2"},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, 0, FORMAT_UNSUPPORTED, "Microsoft Office 97", NULL},
    {"{\\rtf", 5, 0, FORMAT_UNSUPPORTED, "Rich Text", NULL},
    {"%!PS", 4, 0, FORMAT_UNSUPPORTED, "PostScript", NULL},
    {"AT&TFORM", 8, 0, FORMAT_UNSUPPORTED, "DjVu", NULL},
    {"BOOKMOBI", 8, 60, FORMAT_UNSUPPORTED, "Mobipocket", NULL},
    {"PK\3\4", 4, 0, FORMAT_UNSUPPORTED, "ZIP", NULL},
    {"RIFF", 4, 0, FORMAT_UNSUPPORTED, "RIFF", NULL},
};

/* What the first entries of a ZIP archive tell. */
static const struct {
    const char *needle;
    enum format format;
    const char *name;
    const char *magic;
} ZIP_KINDS[] = {
    {"application/epub+zip", FORMAT_UNSUPPORTED, "EPUB", NULL},
    {"application/vnd.oasis.opendocument", FORMAT_UNSUPPORTED, "OpenDocument", NULL},
    {"FixedDocSeq", FORMAT_XPS, "XPS", "application/vnd.ms-xpsdocument"},
    {"FixedDocumentSequence", FORMAT_XPS, "XPS", "application/vnd.ms-xpsdocument"},
    {"Documents/1/", FORMAT_XPS, "XPS", "application/vnd.ms-xpsdocument"},
    {"word/", FORMAT_UNSUPPORTED, "Word (DOCX)", NULL},
    {"xl/", FORMAT_UNSUPPORTED, "Excel (XLSX)", NULL},
    {"ppt/", FORMAT_UNSUPPORTED, "PowerPoint (PPTX)", NULL},
};

static bool holds(const uint8_t *data, size_t size_bytes, const char *needle)
{
    return memmem(data, size_bytes, needle, strlen(needle)) != NULL;
}

static bool is_pdf(const uint8_t *head, size_t head_bytes, const uint8_t *tail, size_t tail_bytes)
{
    size_t within = head_bytes < PDF_HEADER_WITHIN ? head_bytes : PDF_HEADER_WITHIN;

    if (holds(head, within, "%PDF-") || holds(head, within, "%FDF-")) {
        return true;
    }
    return holds(tail, tail_bytes, "startxref") && holds(tail, tail_bytes, "%%EOF");
}

static struct format_found find_in_zip(const uint8_t *head, size_t head_bytes, const uint8_t *tail,
                                       size_t tail_bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(ZIP_KINDS); i++) {
        if (holds(head, head_bytes, ZIP_KINDS[i].needle) ||
            holds(tail, tail_bytes, ZIP_KINDS[i].needle)) {
            return (struct format_found){ZIP_KINDS[i].format, ZIP_KINDS[i].name,
                                         ZIP_KINDS[i].magic};
        }
    }
    return (struct format_found){FORMAT_UNSUPPORTED, "ZIP", NULL};
}

static bool is_html(const uint8_t *head, size_t head_bytes)
{
    while (head_bytes > 0 && (*head <= ' ' || *head >= 0x80)) { /* white space, a byte order mark */
        head++;
        head_bytes--;
    }
    return (head_bytes > 14 && strncasecmp((const char *)head, "<!doctype html", 14) == 0) ||
           (head_bytes > 5 && strncasecmp((const char *)head, "<html", 5) == 0);
}

struct format_found format_find(const uint8_t *head, size_t head_bytes, const uint8_t *tail,
                                size_t tail_bytes)
{
    if (is_pdf(head, head_bytes, tail, tail_bytes)) {
        return (struct format_found){FORMAT_PDF, "PDF", "application/pdf"};
    }
    if (head_bytes > ZIP_NAME_OFFSET && memcmp(head, "PK\3\4", 4) == 0) {
        return find_in_zip(head, head_bytes, tail, tail_bytes);
    }
    for (size_t i = 0; i < ARRAY_LEN(SIGNATURES); i++) {
        const struct signature *s = &SIGNATURES[i];

        if (head_bytes >= (size_t)s->offset + s->size_bytes &&
            memcmp(head + s->offset, s->bytes, s->size_bytes) == 0) {
            return (struct format_found){s->format, s->name, s->magic};
        }
    }
    if (is_html(head, head_bytes)) {
        return (struct format_found){FORMAT_UNSUPPORTED, "HTML", NULL};
    }
    return (struct format_found){FORMAT_NONE, "", NULL};
}
