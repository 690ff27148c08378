/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-embed: vectors of texts, built in or from an endpoint.
 */
#include "workers/embed/unit.h"

int main(int argc, char **argv)
{
    return worker_main(&embed_ops, argc, argv);
}
