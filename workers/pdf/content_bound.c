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

/* A bound on what the stream unpacks to, from its size alone; UINT64_MAX when there is none. */
static uint64_t guess(fz_context *ctx, pdf_obj *stream)
{
    pdf_obj *filter = pdf_dict_geta(ctx, stream, PDF_NAME(Filter), PDF_NAME(F));
    int64_t packed = pdf_to_int64(ctx, pdf_dict_get(ctx, stream, PDF_NAME(Length)));

    if (packed < 0 || (pdf_is_array(ctx, filter) && pdf_array_len(ctx, filter) > 1)) {
        return UINT64_MAX;
    }
    if (!filter || (pdf_is_array(ctx, filter) && pdf_array_len(ctx, filter) == 0)) {
        return (uint64_t)packed;
    }
    return (uint64_t)packed > UINT64_MAX / MOST_OF_A_BYTE ? UINT64_MAX
                                                          : (uint64_t)packed * MOST_OF_A_BYTE;
}

/* What it unpacks to, or more than max_bytes. */
static uint64_t measure(fz_context *ctx, pdf_obj *stream, uint64_t max_bytes)
{
    unsigned char piece[PIECE_BYTES];
    fz_stream *in = NULL;
    uint64_t bytes = 0;
    size_t got;

    fz_var(in);
    fz_var(bytes);
    fz_try(ctx)
    {
        in = pdf_open_stream(ctx, stream);
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

bool content_exceeds(fz_context *ctx, pdf_obj *contents, uint64_t max_bytes)
{
    bool several = pdf_is_array(ctx, contents);
    int count = several ? pdf_array_len(ctx, contents) : 1;
    uint64_t left = max_bytes;

    for (int i = 0; i < count; i++) {
        pdf_obj *stream = several ? pdf_array_get(ctx, contents, i) : contents;
        uint64_t bytes;

        if (!pdf_is_stream(ctx, stream)) {
            continue;
        }
        bytes = guess(ctx, stream);
        if (bytes > left / (unsigned)count) {
            bytes = measure(ctx, stream, left);
        }
        if (bytes > left) {
            return true;
        }
        left -= bytes;
    }
    return false;
}
