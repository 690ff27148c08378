/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How much a page's content unpacks to.
 *
 * Blocks: reads the file. Logs nothing.
 */
#include "workers/pdf/content_bound.h"

/* No single filter makes more of a byte: LZW's longest string comes nearest to it. */
#define MOST_OF_A_BYTE 2048U
#define PIECE_BYTES 65536

/* Bytes of the stream, or more than max_bytes. */
static uint64_t count(fz_context *ctx, pdf_obj *stream, bool packed, uint64_t max_bytes)
{
    unsigned char piece[PIECE_BYTES];
    fz_stream *in = NULL;
    uint64_t bytes = 0;
    size_t got;

    fz_var(in);
    fz_var(bytes);
    fz_try(ctx)
    {
        in = packed ? pdf_open_raw_stream(ctx, stream) : pdf_open_stream(ctx, stream);
        while (bytes <= max_bytes && (got = fz_read(ctx, in, piece, sizeof(piece))) > 0) {
            bytes += got;
        }
    }
    fz_always(ctx)
    {
        fz_drop_stream(ctx, in);
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
    }
    return bytes;
}

/* What it unpacks to at most; more than max_bytes when only unpacking would tell. The stream's
 * Length is not asked: mupdf reads on to its end, whatever that says. */
static uint64_t guess(fz_context *ctx, pdf_obj *stream, uint64_t max_bytes)
{
    pdf_obj *filter = pdf_dict_geta(ctx, stream, PDF_NAME(Filter), PDF_NAME(F));

    if (!filter || (pdf_is_array(ctx, filter) && pdf_array_len(ctx, filter) == 0)) {
        return count(ctx, stream, true, max_bytes);
    }
    if (pdf_is_array(ctx, filter) && pdf_array_len(ctx, filter) > 1) {
        return UINT64_MAX;
    }
    return count(ctx, stream, true, max_bytes / MOST_OF_A_BYTE) * MOST_OF_A_BYTE;
}

bool content_exceeds(fz_context *ctx, pdf_obj *contents, uint64_t max_bytes)
{
    bool several = pdf_is_array(ctx, contents);
    int streams = several ? pdf_array_len(ctx, contents) : 1;
    uint64_t left = max_bytes;

    for (int i = 0; i < streams; i++) {
        pdf_obj *stream = several ? pdf_array_get(ctx, contents, i) : contents;
        uint64_t bytes;

        if (!pdf_is_stream(ctx, stream)) {
            continue;
        }
        bytes = guess(ctx, stream, left / (unsigned)streams);
        if (bytes > left / (unsigned)streams) {
            bytes = count(ctx, stream, false, left);
        }
        if (bytes > left) {
            return true;
        }
        left -= bytes;
    }
    return false;
}
