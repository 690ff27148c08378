/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-ocr: the stage ocr, page by page.
 *
 * Models and the document are loaded by the first unit, or before, and stay for those that follow
 * in the same lease.
 */
#include "workers/ocr/starved.h"
#include "workers/ocr/units.h"
#include "workers/runtime/worker.h"

static const struct worker_ops OPS = {
    .class_name = "ocr",
    .init = ocr_init,
    .warm = ocr_warm,
    .run = ocr_run,
    .deinit = ocr_deinit,
};

int main(int argc, char **argv)
{
    ocr_end_when_starved();
    return worker_main(&OPS, argc, argv);
}
