/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The unit of the stage assemble. A page whose text cannot be added is a warning: the page itself
 * is in the PDF, and in the library.
 *
 * Blocks: as assemble.c. Diagnostics: none.
 */
#include "workers/pdf/assemble_unit.h"

#include <string.h>

#include "workers/pdf/assemble.h"

struct assembling {
    struct worker *worker;
    struct worker_result *result;
};

static bool page_begins(void *user, uint32_t page, uint32_t pages_done)
{
    return worker_progress(((struct assembling *)user)->worker, page, pages_done);
}

static void page_failed(void *user, uint32_t page, const char *text)
{
    worker_result_warning(((struct assembling *)user)->result,
                          "page %u cannot be searched in " ASSEMBLE_NAME ": %s", page, text);
}

void assemble_unit_plan(const struct document *document, const struct worker_unit *unit,
                        struct worker_result *result)
{
    if (strcmp(worker_unit_param(unit, "searchable_pdf", "no"), "yes") != 0) {
        return;
    }
    if (assemble_possible(document)) {
        worker_result_unit(result, "assemble", 1, 1);
    } else {
        worker_result_warning(result,
                              "no " ASSEMBLE_NAME " is made of %s, but of PDFs and pictures",
                              document->format.name);
    }
}

int assemble_unit_run(struct worker *worker, struct document *document, const char *source,
                      struct arena *arena, const struct worker_unit *unit,
                      struct worker_result *result, struct error *err)
{
    struct assembling assembling = {worker, result};
    struct assemble_job job = {.document = document,
                               .source = source,
                               .folder = unit->folder,
                               .languages = worker_unit_param(unit, "languages", "eng"),
                               .password = worker_unit_param(unit, "password", ""),
                               .arena = arena,
                               .progress = page_begins,
                               .page_failed = page_failed,
                               .user = &assembling};
    struct assemble_result made;

    if (assemble_document(&job, &made, err) < 0) {
        return err->code == ERROR_CORRUPT || err->code == ERROR_UNSUPPORTED
                   ? worker_result_fail(result, "searchable_pdf", false, "%s", err->msg)
                   : -1;
    }
    if (made.pages_with_both > 0) {
        worker_result_warning(result,
                              ASSEMBLE_NAME ": %u pages keep text that they had, beside what "
                                            "OCR read",
                              made.pages_with_both);
    }
    worker_result_count(result, "searchable_pages", made.pages_read);
    worker_result_count(result, "searchable_words", made.words);
    worker_result_count(result, "searchable_bytes", made.bytes);
    return 0;
}
