/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-visual: vectors of images, from their pixels.
 */
#include "workers/visual/unit.h"

int main(int argc, char **argv)
{
    return worker_main(&visual_ops, argc, argv);
}
