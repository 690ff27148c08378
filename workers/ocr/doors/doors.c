/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Doors that stay shut. Debian's archives of Tesseract and Leptonica can fetch images by URL, read
 * packed models and read and write TIFF, GIF and WebP files; ebb-ocr hands them decoded pixels and
 * plain model files, and asks for none of that. These functions stand where those libraries (some
 * fifty, a network client among them) would be linked, so that a parser of strange documents has
 * no such code in it, and starts in a tenth of the time.
 *
 * Each fails as its original does when it has no memory: what opens something returns NULL, or
 * false. What needs something open can thus not be reached; it ends the process, as a call of it
 * would be our own mistake.
 *
 * The names and the ways to fail are those of libtiff, giflib, libwebp, libarchive and libcurl.
 */
#include <stdlib.h>

#pragma GCC visibility push(hidden)

/* Return NULL (0 of an integer is the same register, and as much of a failure). */
#define OPENERS(X)                                                                                 \
    X(TIFFOpen)                                                                                    \
    X(TIFFClientOpen)                                                                              \
    X(TIFFSetErrorHandler)                                                                         \
    X(TIFFSetWarningHandler)                                                                       \
    X(DGifOpen)                                                                                    \
    X(EGifOpen)                                                                                    \
    X(GifMakeMapObject)                                                                            \
    X(WebPDecodeRGBAInto)                                                                          \
    X(WebPEncodeRGBA)                                                                              \
    X(WebPEncodeLosslessRGBA)                                                                      \
    X(archive_read_new)                                                                            \
    X(curl_easy_init)

#define BEHIND(X)                                                                                  \
    X(TIFFCleanup)                                                                                 \
    X(TIFFClose)                                                                                   \
    X(TIFFCurrentDirOffset)                                                                        \
    X(TIFFGetField)                                                                                \
    X(TIFFGetFieldDefaulted)                                                                       \
    X(TIFFIsTiled)                                                                                 \
    X(TIFFPrintDirectory)                                                                          \
    X(TIFFReadDirectory)                                                                           \
    X(TIFFReadRGBAImageOriented)                                                                   \
    X(TIFFReadScanline)                                                                            \
    X(TIFFScanlineSize)                                                                            \
    X(TIFFSetDirectory)                                                                            \
    X(TIFFSetField)                                                                                \
    X(TIFFSetSubDirectory)                                                                         \
    X(TIFFWriteScanline)                                                                           \
    X(DGifCloseFile)                                                                               \
    X(DGifSlurp)                                                                                   \
    X(EGifCloseFile)                                                                               \
    X(EGifPutComment)                                                                              \
    X(EGifPutImageDesc)                                                                            \
    X(EGifPutLine)                                                                                 \
    X(EGifPutScreenDesc)                                                                           \
    X(GifFreeMapObject)                                                                            \
    X(archive_entry_pathname)                                                                      \
    X(archive_entry_size)                                                                          \
    X(archive_read_data)                                                                           \
    X(archive_read_free)                                                                           \
    X(archive_read_next_header)                                                                    \
    X(archive_read_open_filename)                                                                  \
    X(archive_read_support_filter_all)                                                             \
    X(archive_read_support_format_all)                                                             \
    X(curl_easy_cleanup)                                                                           \
    X(curl_easy_perform)                                                                           \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_strerror)

#define OPENER(name)                                                                               \
    void *name(void);                                                                              \
    void *name(void)                                                                               \
    {                                                                                              \
        return NULL;                                                                               \
    }
OPENERS(OPENER)

#define DOOR(name)                                                                                 \
    void name(void);                                                                               \
    void name(void)                                                                                \
    {                                                                                              \
        abort();                                                                                   \
    }
BEHIND(DOOR)

/* Its failure is no zero: VP8_STATUS_INVALID_PARAM. */
int WebPGetFeaturesInternal(void);
int WebPGetFeaturesInternal(void)
{
    return 2;
}
