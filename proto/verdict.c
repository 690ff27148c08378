/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The verdicts' names. Nothing blocks, allocates or logs.
 * Source: PROTOCOL.md, "Verdicts".
 */
#include "proto/verdict.h"

#include <string.h>

static const char *const NAMES[VERDICT_COUNT] = {
#define VERDICT_NAME(symbol, name) name,
    VERDICT_LIST(VERDICT_NAME)
#undef VERDICT_NAME
};

const char *verdict_name(enum verdict verdict)
{
    return (unsigned)verdict < VERDICT_COUNT ? NAMES[verdict] : "?";
}

bool verdict_parse(const char *name, enum verdict *ret_verdict)
{
    for (unsigned i = 0; i < VERDICT_COUNT; i++) {
        if (strcmp(name, NAMES[i]) == 0) {
            *ret_verdict = (enum verdict)i;
            return true;
        }
    }
    return false;
}
