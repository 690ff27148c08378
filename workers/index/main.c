/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-index: cuts documents into chunks, and finds them.
 */
#include "workers/index/unit.h"

int main(int argc, char **argv)
{
    return worker_main(&unit_ops, argc, argv);
}
