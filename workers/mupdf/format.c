/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which format a file has. A damaged PDF may have lost its header or its trailer: either is
 * enough. An archive is what the names in it say; XML is what its outermost element says. Nothing
 * blocks or logs.
 */
#include "workers/mupdf/format.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"

#define PDF_HEADER_WITHIN 1024U /* ISO 32000-1, annex H, implementation note 13 */

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
    {"BOOKMOBI", 8, 60, FORMAT_MOBIPOCKET, "Mobipocket", "application/x-mobipocket-ebook"},
    {"PK\3\4", 4, 0, FORMAT_ARCHIVE, "ZIP", NULL},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, 0, FORMAT_UNSUPPORTED, "Microsoft Office 97", NULL},
    {"{\\rtf", 5, 0, FORMAT_UNSUPPORTED, "Rich Text", NULL},
    {"%!PS", 4, 0, FORMAT_UNSUPPORTED, "PostScript", NULL},
    {"AT&TFORM", 8, 0, FORMAT_UNSUPPORTED, "DjVu", NULL},
    {"II+\0", 4, 0, FORMAT_UNSUPPORTED, "BigTIFF", NULL},
    {"MM\0+", 4, 0, FORMAT_UNSUPPORTED, "BigTIFF", NULL},
    {"II\xbc", 3, 0, FORMAT_UNSUPPORTED, "JPEG XR", NULL},
    {"8BPS", 4, 0, FORMAT_UNSUPPORTED, "Photoshop", NULL},
    {"WEBP", 4, 8, FORMAT_UNSUPPORTED, "WebP", NULL},
    {"ftyphei", 7, 4, FORMAT_UNSUPPORTED, "HEIF", NULL},
    {"ftypavif", 8, 4, FORMAT_UNSUPPORTED, "AVIF", NULL},
    {"Rar!\x1a\7", 6, 0, FORMAT_UNSUPPORTED, "RAR", NULL},
    {"7z\xbc\xaf\x27\x1c", 6, 0, FORMAT_UNSUPPORTED, "7-Zip", NULL},
    {"RIFF", 4, 0, FORMAT_UNSUPPORTED, "RIFF", NULL},
};

/* The outermost element of XML; HTML has neither to be XML nor to begin with its element. */
static const struct {
    const char *element;
    enum format format;
    const char *name, *magic;
} ROOTS[] = {
    {"html", FORMAT_XHTML, "XHTML", "application/xhtml+xml"},
    {"svg", FORMAT_SVG, "SVG", "image/svg+xml"},
    {"svg:svg", FORMAT_SVG, "SVG", "image/svg+xml"},
    {"FictionBook", FORMAT_FICTIONBOOK, "FictionBook", "application/x-fictionbook"},
};

enum match { MATCH_WHOLE, MATCH_START, MATCH_END };

/* What one entry of an archive tells; the first kind of the list that was seen is the archive's. */
static const struct {
    enum match match;
    const char *text;
    enum format format;
    const char *name, *magic;
} KINDS[] = {
    {MATCH_WHOLE, "META-INF/rights.xml", FORMAT_UNSUPPORTED, "EPUB with rights management", NULL},
    {MATCH_WHOLE, "META-INF/encryption.xml", FORMAT_UNSUPPORTED, "EPUB with encryption", NULL},
    {MATCH_WHOLE, "META-INF/container.xml", FORMAT_EPUB, "EPUB", "application/epub+zip"},
    {MATCH_END, ".fdseq", FORMAT_XPS, "XPS", "application/vnd.ms-xpsdocument"},
    {MATCH_WHOLE, "FixedDocSeq", FORMAT_XPS, "XPS", "application/vnd.ms-xpsdocument"},
    {MATCH_START, "word/", FORMAT_UNSUPPORTED, "Word (DOCX)", NULL},
    {MATCH_START, "xl/", FORMAT_UNSUPPORTED, "Excel (XLSX)", NULL},
    {MATCH_START, "ppt/", FORMAT_UNSUPPORTED, "PowerPoint (PPTX)", NULL},
    {MATCH_WHOLE, "META-INF/manifest.xml", FORMAT_UNSUPPORTED, "OpenDocument", NULL},
};

_Static_assert(ARRAY_LEN(KINDS) <= 32, "a bit for each kind");

static const char *const PICTURES[] = {".jpg", ".jpeg", ".png",  ".gif",  ".bmp", ".tif",
                                       ".jp2", ".jpx",  ".tiff", ".j2k",  ".pbm", ".pgm",
                                       ".ppm", ".pnm",  ".jb2",  ".jbig2"};
static const char *const MARKUP[] = {".xml",   ".html", ".xhtml", ".htm", ".css",
                                     ".fpage", ".opf",  ".ncx",   ".svg", ".fdoc"};

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

/* --- pictures whose signature is two letters, and so proves little --- */

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* "P4", white space or comments, and a number; or "P7" and the first word of its header. */
static bool is_portable_map(const uint8_t *head, size_t head_bytes)
{
    if (head_bytes < 8 || head[0] != 'P' || !is_space(head[2])) {
        return false;
    }
    if (head[1] == '7') {
        return head_bytes >= 9 && (memcmp(head + 3, "WIDTH ", 6) == 0 || head[3] == '#');
    }
    return head[1] >= '1' && head[1] <= '6' && (is_digit(head[3]) || head[3] == '#');
}

static bool is_bitmap(const uint8_t *head, size_t head_bytes)
{
    static const uint8_t header_bytes[] = {12, 40, 52, 56, 64, 108, 124};

    if (head_bytes < 26 || memcmp(head, "BM", 2) != 0 || head[15] || head[16] || head[17]) {
        return false;
    }
    return memchr(header_bytes, head[14], sizeof(header_bytes)) != NULL;
}

/* --- XML and HTML --- */

static bool starts_with(const uint8_t *p, const uint8_t *end, const char *text)
{
    size_t length = strlen(text);

    return (size_t)(end - p) >= length && strncasecmp((const char *)p, text, length) == 0;
}

/* Behind the next occurrence of text; end where there is none. */
static const uint8_t *behind(const uint8_t *p, const uint8_t *end, const char *text)
{
    const uint8_t *found = memmem(p, (size_t)(end - p), text, strlen(text));

    return found ? found + strlen(text) : end;
}

/* Behind a document type, which may hold declarations of its own between brackets. */
static const uint8_t *behind_doctype(const uint8_t *p, const uint8_t *end)
{
    while (p < end && *p != '>' && *p != '[') {
        p++;
    }
    return behind(p < end && *p == '[' ? behind(p, end, "]") : p, end, ">");
}

/* Past white space, a byte order mark, comments and declarations; *ret_xml and *ret_html are set
 * by what was seen on the way. */
static const uint8_t *first_element(const uint8_t *p, const uint8_t *end, bool *ret_xml,
                                    bool *ret_html)
{
    if (starts_with(p, end, "\xef\xbb\xbf")) {
        p += 3;
    }
    while (p < end) {
        if (is_space(*p)) {
            p++;
        } else if (starts_with(p, end, "<!--")) {
            p = behind(p, end, "-->");
        } else if (starts_with(p, end, "<?")) {
            *ret_xml = *ret_xml || starts_with(p, end, "<?xml");
            p = behind(p, end, "?>");
        } else if (starts_with(p, end, "<!doctype")) {
            *ret_html = starts_with(p, end, "<!doctype html");
            p = behind_doctype(p, end);
        } else {
            break;
        }
    }
    return p;
}

static struct format_found find_in_markup(const uint8_t *head, size_t head_bytes)
{
    const uint8_t *end = head + head_bytes;
    bool xml = false;
    bool html = false;
    const uint8_t *p = first_element(head, end, &xml, &html);

    for (size_t i = 0; i < ARRAY_LEN(ROOTS) && p < end && *p == '<'; i++) {
        size_t length = strlen(ROOTS[i].element);

        if (starts_with(p + 1, end, ROOTS[i].element) && p + 1 + length < end &&
            (is_space(p[1 + length]) || p[1 + length] == '>' || p[1 + length] == '/')) {
            if (ROOTS[i].format != FORMAT_XHTML || xml) {
                return (struct format_found){ROOTS[i].format, ROOTS[i].name, ROOTS[i].magic};
            }
            html = true;
        }
    }
    if (html) {
        return (struct format_found){FORMAT_HTML, "HTML", "text/html"};
    }
    return (struct format_found){FORMAT_NONE, "", NULL};
}

struct format_found format_find(const uint8_t *head, size_t head_bytes, const uint8_t *tail,
                                size_t tail_bytes)
{
    /* An archive may hold a PDF in its first bytes, and is none. */
    if (!(head_bytes >= 4 && memcmp(head, "PK\3\4", 4) == 0) &&
        is_pdf(head, head_bytes, tail, tail_bytes)) {
        return (struct format_found){FORMAT_PDF, "PDF", "application/pdf"};
    }
    for (size_t i = 0; i < ARRAY_LEN(SIGNATURES); i++) {
        const struct signature *s = &SIGNATURES[i];

        if (head_bytes >= (size_t)s->offset + s->size_bytes &&
            memcmp(head + s->offset, s->bytes, s->size_bytes) == 0) {
            return (struct format_found){s->format, s->name, s->magic};
        }
    }
    if (is_portable_map(head, head_bytes)) {
        return (struct format_found){FORMAT_IMAGE, "PNM", "image/x-portable-anymap"};
    }
    if (is_bitmap(head, head_bytes)) {
        return (struct format_found){FORMAT_IMAGE, "BMP", "image/bmp"};
    }
    return find_in_markup(head, head_bytes);
}

/* --- archives --- */

static bool ends_with(const struct zip_entry *entry, const char *text)
{
    size_t length = strlen(text);

    return entry->name_bytes >= length &&
           strncasecmp(entry->name + entry->name_bytes - length, text, length) == 0;
}

static bool ends_with_one(const struct zip_entry *entry, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ends_with(entry, texts[i])) {
            return true;
        }
    }
    return false;
}

static bool matches(const struct zip_entry *entry, enum match match, const char *text)
{
    size_t length = strlen(text);

    switch (match) {
    case MATCH_WHOLE:
        return entry->name_bytes == length && ends_with(entry, text);
    case MATCH_START:
        return entry->name_bytes >= length && strncasecmp(entry->name, text, length) == 0;
    case MATCH_END:
        return ends_with(entry, text);
    }
    return false;
}

void format_archive_add(void *user, const struct zip_entry *entry)
{
    struct format_archive *archive = user;

    if (entry->name_bytes == 0 || entry->name[entry->name_bytes - 1] == '/') {
        return;
    }
    archive->files++;
    archive->unpacked_bytes += entry->unpacked_bytes;
    if (ends_with_one(entry, PICTURES, ARRAY_LEN(PICTURES))) {
        archive->pictures++;
    } else if (ends_with_one(entry, MARKUP, ARRAY_LEN(MARKUP))) {
        archive->markup_bytes += entry->unpacked_bytes;
    }
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        if (matches(entry, KINDS[i].match, KINDS[i].text)) {
            archive->kinds |= 1U << i;
        }
    }
}

struct format_found format_find_in_archive(const struct format_archive *archive)
{
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        if (archive->kinds & 1U << i) {
            return (struct format_found){KINDS[i].format, KINDS[i].name, KINDS[i].magic};
        }
    }
    /* Pictures, and perhaps a word about them. */
    if (archive->pictures > 0 && archive->files - archive->pictures <= 1 + archive->pictures / 8) {
        return (struct format_found){FORMAT_COMIC, "Comic book (CBZ)", "application/x-cbz"};
    }
    return (struct format_found){FORMAT_UNSUPPORTED, "ZIP", NULL};
}
