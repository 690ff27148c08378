/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The ebb command. commands.c reads the command line; each command has a file.
 */
#include "ctl/command.h"

int main(int argc, char **argv)
{
    return commands_main(argc, argv);
}
