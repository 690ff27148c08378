/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Command-line options as a table: a row an option, a handler a type. GNU style: --name VALUE,
 * --name=VALUE, -x VALUE, -xVALUE, flags together as -xyz, "--" ends options, options and operands
 * mix. Names are not abbreviated. The last of several values counts.
 */
#ifndef EBB_COMMON_OPTIONS_H
#define EBB_COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/error.h"

enum option_type {
    OPTION_FLAG,     /* bool: set to true */
    OPTION_STRING,   /* const char *: points into argv */
    OPTION_U64,      /* uint64_t */
    OPTION_BYTES,    /* uint64_t, "512M" */
    OPTION_DURATION, /* uint64_t milliseconds, "1h" */
    OPTION_LIST,     /* struct option_list: repeated strings */
};

#define OPTION_LIST_MAX 64
struct option_list {
    const char *items[OPTION_LIST_MAX]; /* point into argv */
    size_t count;
};

struct option {
    const char *name; /* without the dashes */
    char letter;      /* 0 where there is none */
    enum option_type type;
    const char *argument; /* its name in the help, NULL for flags */
    const char *help;
    size_t offset; /* of the value in the caller's struct */
};

/* Parses argv[1..]; values go to target at their offsets; operands are moved to the front of
 * argv[1..] and counted. ERROR_INVALID names the option and, when it is unknown, the nearest known
 * one; ERROR_LIMIT when a list is full. On failure target and argv may be half done: a program ends
 * then. */
int options_parse(const struct option *options, size_t count, int argc, char **argv, void *target,
                  int *ret_operands, struct error *err);
/* One aligned line an option. */
void options_print(const struct option *options, size_t count, FILE *out);

#endif
