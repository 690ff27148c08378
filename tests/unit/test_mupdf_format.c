/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/mupdf/format and zip: what a file's bytes, and the names in an archive, stand for.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "pdf_sketch.h"
#include "workers/mupdf/format.h"

/* --- bytes --- */

static struct format_found find(const char *bytes, size_t size)
{
    return format_find((const uint8_t *)bytes, size, (const uint8_t *)bytes, size);
}

#define FORMAT_OF(literal) find(literal, sizeof(literal) - 1).format

Test(mupdf_format, by_content_alone)
{
    cr_assert_eq(FORMAT_OF("%PDF-1.4\n"), FORMAT_PDF);
    cr_assert_eq(FORMAT_OF("garbage\n%PDF-1.4\n"), FORMAT_PDF);
    cr_assert_eq(FORMAT_OF("%!PS-Adobe-3.0 PDF-1.4\n%PDF-1.4\n"), FORMAT_PDF);
    cr_assert_eq(FORMAT_OF("no header\nstartxref\n9\n%%EOF"), FORMAT_PDF);
    cr_assert_eq(FORMAT_OF("\x89PNG\r\n\x1a\n...."), FORMAT_IMAGE);
    cr_assert_eq(FORMAT_OF("\xff\xd8\xff\xe0"), FORMAT_IMAGE);
    cr_assert_eq(FORMAT_OF("II*\0...."), FORMAT_IMAGE);
    cr_assert_eq(FORMAT_OF("PK\3\4%PDF-1.4\n"), FORMAT_ARCHIVE);
}

Test(mupdf_format, pictures_of_two_letters)
{
    cr_assert_eq(FORMAT_OF("P4\n16 16\n...."), FORMAT_IMAGE);
    cr_assert_eq(FORMAT_OF("P6 # by hand\n"), FORMAT_IMAGE);
    cr_assert_eq(FORMAT_OF("P7\nWIDTH 3\n"), FORMAT_IMAGE);
    cr_assert_eq(FORMAT_OF("BM\1\2\3\4\0\0\0\0\66\0\0\0\50\0\0\0\1\0\0\0\1\0\0\0"), FORMAT_IMAGE);
    cr_assert_eq(FORMAT_OF("P4 is a printer's paper size"), FORMAT_NONE);
    cr_assert_eq(FORMAT_OF("BMW, a maker of motor cars in Munich"), FORMAT_NONE);
}

Test(mupdf_format, markup_by_its_outermost_element)
{
    cr_assert_eq(FORMAT_OF("\xef\xbb\xbf <!DOCTYPE html><html>"), FORMAT_HTML);
    cr_assert_eq(FORMAT_OF("<!-- a page -->\n<html lang='de'>"), FORMAT_HTML);
    cr_assert_eq(FORMAT_OF("<!doctype HTML><p>no element around it"), FORMAT_HTML);
    cr_assert_eq(FORMAT_OF("<?xml version='1.0'?>\n<html xmlns='x'>"), FORMAT_XHTML);
    cr_assert_eq(FORMAT_OF("<?xml version='1.0'?><!-- <html> --><svg width='1'>"), FORMAT_SVG);
    cr_assert_eq(FORMAT_OF("<!DOCTYPE svg [<!ENTITY a 'b'> <!ENTITY c '&a;'>] ><svg>"), FORMAT_SVG);
    cr_assert_eq(FORMAT_OF("<FictionBook xmlns='x'>"), FORMAT_FICTIONBOOK);
    cr_assert_eq(FORMAT_OF("<?xml version='1.0'?><invoice>"), FORMAT_NONE);
    cr_assert_eq(FORMAT_OF("<svgs>"), FORMAT_NONE);
    cr_assert_eq(FORMAT_OF("<!-- never ends <html>"), FORMAT_NONE);
}

Test(mupdf_format, known_and_not_read)
{
    cr_assert_eq(FORMAT_OF("%!PS-Adobe-3.0\n"), FORMAT_UNSUPPORTED);
    cr_assert_eq(FORMAT_OF("{\\rtf1\\ansi"), FORMAT_UNSUPPORTED);
    cr_assert_str_eq(find("RIFF....WEBPVP8 ", 16).name, "WebP");
    cr_assert_str_eq(find("\0\0\0\x18"
                          "ftypheic....",
                          16)
                         .name,
                     "HEIF");
}

Test(mupdf_format, no_documents)
{
    cr_assert_eq(FORMAT_OF(""), FORMAT_NONE);
    cr_assert_eq(FORMAT_OF("This is a text about %PDF files.\n"), FORMAT_NONE);
    cr_assert_eq(FORMAT_OF("\x7f"
                           "ELF\2\1\1"),
                 FORMAT_NONE);
    cr_assert_eq(FORMAT_OF("a,b,c\n1,2,3\n"), FORMAT_NONE);
}

/* --- archives --- */

static struct format_found find_among(const char *const *names)
{
    struct format_archive archive = {0};

    for (; *names; names++) {
        struct zip_entry entry = {*names, strlen(*names), 10};

        format_archive_add(&archive, &entry);
    }
    return format_find_in_archive(&archive);
}

#define AMONG(...) find_among((const char *const[]){__VA_ARGS__, NULL})

Test(mupdf_format, archives_by_the_names_in_them)
{
    cr_assert_eq(AMONG("mimetype", "META-INF/container.xml", "OEBPS/a.xhtml").format, FORMAT_EPUB);
    cr_assert_eq(
        AMONG("[Content_Types].xml", "Documents/1/Pages/1.fpage", "FixedDocSeq.fdseq").format,
        FORMAT_XPS);
    cr_assert_eq(AMONG("01.jpg", "02.JPG", "folder/", "ComicInfo.xml").format, FORMAT_COMIC);
    cr_assert_eq(AMONG("report.csv", "logo.png", "notes.txt").format, FORMAT_UNSUPPORTED);
    cr_assert_str_eq(AMONG("[Content_Types].xml", "word/document.xml").name, "Word (DOCX)");
    cr_assert_str_eq(AMONG("[Content_Types].xml", "xl/workbook.xml").name, "Excel (XLSX)");
    cr_assert_str_eq(AMONG("META-INF/container.xml", "META-INF/encryption.xml").name,
                     "EPUB with encryption");
    cr_assert_str_eq(AMONG("a.txt").name, "ZIP");
}

static void put16(struct buf *buf, unsigned value)
{
    uint8_t bytes[] = {(uint8_t)value, (uint8_t)(value >> 8)};

    cr_assert_eq(buf_append(buf, bytes, sizeof(bytes), NULL), 0);
}

static void put32(struct buf *buf, uint32_t value)
{
    put16(buf, value & 0xFFFF);
    put16(buf, value >> 16);
}

/* A directory's entry, its file claiming so many bytes. */
static void put_entry(struct buf *buf, const char *name, uint32_t unpacked_bytes)
{
    buf_append(buf, "PK\1\2", 4, NULL);
    for (int i = 0; i < 10; i++) {
        put16(buf, 0);
    }
    put32(buf, unpacked_bytes);
    put16(buf, (unsigned)strlen(name));
    for (int i = 0; i < 8; i++) {
        put16(buf, 0);
    }
    buf_append_str(buf, name, NULL);
}

static void put_end(struct buf *buf, size_t directory, const char *comment)
{
    size_t bytes = buf->size - directory;

    buf_append(buf, "PK\5\6\0\0\0\0\2\0\2\0", 12, NULL);
    put32(buf, (uint32_t)bytes);
    put32(buf, (uint32_t)directory);
    put16(buf, (unsigned)strlen(comment));
    buf_append_str(buf, comment, NULL);
}

static int list(const struct buf *buf, struct format_archive *ret_archive, struct error *err)
{
    char path[SKETCH_PATH_BYTES];
    FILE *file;
    int status;

    *ret_archive = (struct format_archive){0};
    sketch_file(buf->data, buf->size, path);
    file = fopen(path, "re");
    cr_assert_not_null(file);
    status = zip_list(fileno(file), buf->size, format_archive_add, ret_archive, err);
    fclose(file);
    unlink(path);
    return status;
}

Test(mupdf_format, a_directory_is_read)
{
    struct format_archive archive;
    struct error err = ERROR_INIT;
    struct buf buf;

    buf_init(&buf, 1 << 16);
    buf_append_str(&buf, "PK\3\4 what is packed", NULL);
    size_t directory = buf.size;
    put_entry(&buf, "META-INF/container.xml", 300);
    put_entry(&buf, "OEBPS/", 0);
    put_entry(&buf, "OEBPS/chapter.xhtml", 70000);
    put_entry(&buf, "OEBPS/cover.jpeg", 1U << 31);
    put_end(&buf, directory, "a comment with PK in it");
    cr_assert_eq(list(&buf, &archive, &err), 0, "%s", err.msg);
    cr_assert_eq(archive.files, 3);
    cr_assert_eq(archive.pictures, 1);
    cr_assert_eq(archive.markup_bytes, 70300);
    cr_assert_eq(archive.unpacked_bytes, 70300 + (UINT64_C(1) << 31));
    cr_assert_eq(format_find_in_archive(&archive).format, FORMAT_EPUB);
    buf_deinit(&buf);
}

Test(mupdf_format, directories_that_are_broken)
{
    struct format_archive archive;
    struct error err = ERROR_INIT;
    struct buf buf;

    buf_init(&buf, 1 << 16);
    buf_append_str(&buf, "PK\3\4 cut", NULL);
    cr_assert_eq(list(&buf, &archive, &err), -1);
    cr_assert_eq(err.code, ERROR_CORRUPT);
    size_t directory = buf.size;
    buf_append_str(&buf, "PK\1\1 this is no entry of a directory, though it is long", NULL);
    put_end(&buf, directory, "");
    cr_assert_eq(list(&buf, &archive, &err), -1);
    cr_assert_eq(err.code, ERROR_CORRUPT);
    cr_assert_eq(archive.files, 0);
    buf_deinit(&buf);
}
