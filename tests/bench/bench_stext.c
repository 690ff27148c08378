/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The yardstick of `./dev bench`: one process that only runs mupdf's structured text, with its
 * default options, over every page of a document. No layout of ours, no output.
 *
 * Usage: bench_stext FILE. Prints "pages=N seconds=S". Exit codes: 0, 1 when the document cannot
 * be read, 2 usage.
 */
#include <mupdf/fitz.h>
#include <stdio.h>

#include "common/clock.h"

extern fz_document_handler pdf_document_handler;

static void read_page(fz_context *ctx, fz_document *doc, int number)
{
    fz_page *page = fz_load_page(ctx, doc, number);
    fz_stext_page *text = NULL;
    fz_device *device = NULL;

    fz_var(text);
    fz_var(device);
    fz_try(ctx)
    {
        text = fz_new_stext_page(ctx, fz_bound_page(ctx, page));
        device = fz_new_stext_device(ctx, text, NULL);
        fz_run_page(ctx, page, device, fz_identity, NULL);
        fz_close_device(ctx, device);
    }
    fz_always(ctx)
    {
        fz_drop_device(ctx, device);
        fz_drop_stext_page(ctx, text);
        fz_drop_page(ctx, page);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

int main(int argc, char **argv)
{
    uint64_t start_us = clock_monotonic_us();
    fz_context *ctx;
    fz_document *doc = NULL;
    int pages = 0;
    int status = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: bench_stext FILE\n");
        return 2;
    }
    ctx = fz_new_context(NULL, NULL, FZ_STORE_DEFAULT);
    if (!ctx) {
        fprintf(stderr, "bench_stext: out of memory\n");
        return 1;
    }
    fz_var(doc);
    fz_var(pages);
    fz_try(ctx)
    {
        fz_register_document_handler(ctx, &pdf_document_handler);
        doc = fz_open_document(ctx, argv[1]);
        pages = fz_count_pages(ctx, doc);
        for (int number = 0; number < pages; number++) {
            read_page(ctx, doc, number);
        }
    }
    fz_always(ctx)
    {
        fz_drop_document(ctx, doc);
    }
    fz_catch(ctx)
    {
        fprintf(stderr, "bench_stext: %s: %s\n", argv[1], fz_caught_message(ctx));
        status = 1;
    }
    fz_drop_context(ctx);
    if (status == 0) {
        printf("pages=%d seconds=%.3f\n", pages, (double)(clock_monotonic_us() - start_us) / 1e6);
    }
    return status;
}
