/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-pdf: the stages survey and extract.
 *
 * The document is opened by the first unit and stays open, with its fonts, for the units that
 * follow in the same lease.
 */
#include "workers/pdf/units.h"
#include "workers/runtime/worker.h"

static const struct worker_ops OPS = {
    .class_name = "pdf",
    .init = pdf_init,
    .run = pdf_run,
    .deinit = pdf_deinit,
};

int main(int argc, char **argv)
{
    return worker_main(&OPS, argc, argv);
}
