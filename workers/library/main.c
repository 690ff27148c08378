/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-library: the one writer of library.db.
 */
#include "workers/library/unit.h"

int main(int argc, char **argv)
{
    return worker_main(&unit_ops, argc, argv);
}
