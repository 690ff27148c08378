/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From our errors to the codes that the supervisor and people see.
 */
#include "workers/library/outcome.h"

int outcome_fail(struct outcome *outcome, const char *code, bool retryable)
{
    outcome->code = code;
    outcome->retryable = retryable;
    return -1;
}

const char *outcome_code(const struct outcome *outcome, const struct error *err,
                         bool *ret_retryable)
{
    static const struct {
        enum error_code error;
        const char *code;
        bool retryable;
    } codes[] = {
        {ERROR_FULL, "disk_full", true},       {ERROR_CORRUPT, "library_damaged", false},
        {ERROR_NOT_FOUND, "not_found", false}, {ERROR_INVALID, "invalid", false},
        {ERROR_CANCELLED, "cancelled", true},
    };

    if (outcome->code) {
        *ret_retryable = outcome->retryable;
        return outcome->code;
    }
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].error == err->code) {
            *ret_retryable = codes[i].retryable;
            return codes[i].code;
        }
    }
    return NULL;
}
