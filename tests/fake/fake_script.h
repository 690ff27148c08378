/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The script of ebb-fake: what it does instead of, or before, its work. README.md has the language.
 */
#ifndef EBB_TESTS_FAKE_SCRIPT_H
#define EBB_TESTS_FAKE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* X(SYMBOL, "name"): the moments at which rules are looked at */
#define FAKE_MOMENT_LIST(X)                                                                        \
    X(INIT, "init")   /* INIT has come, READY has not been said */                                 \
    X(READY, "ready") /* READY has been said */                                                    \
    X(LEASE, "lease") /* LEASE has come; the sandbox is closed */                                  \
    X(RUN, "run")     /* RUN has come */                                                           \
    X(ITEM, "item")   /* PROGRESS was said for an item (page) of an extract unit */                \
    X(DONE, "done")   /* the unit's work is done and said so: DONE was sent */                     \
    X(CHECK, "check") /* PING has come, PONG has not been said */                                  \
    X(END, "end")     /* SHUTDOWN has come, BYE has not been said */

enum fake_moment {
#define FAKE_MOMENT_ENUM(symbol, name) FAKE_MOMENT_##symbol,
    FAKE_MOMENT_LIST(FAKE_MOMENT_ENUM)
#undef FAKE_MOMENT_ENUM
        FAKE_MOMENT_COUNT
};

/* What is true when rules are looked at. */
struct fake_now {
    enum fake_moment moment;
    const char *class_name;
    const char *stage, *step;      /* "" where no unit runs */
    uint32_t first, last, attempt; /* 0 where no unit runs */
    uint32_t item;                 /* 0 but at ITEM */
    uint64_t nth;                  /* units that this process has begun */
};

struct fake_script;
struct fake_rule;

/* ERROR_INVALID names the line and what is wrong with it. */
struct fake_script *fake_script_read(const char *path, struct error *err);
void fake_script_destroy(struct fake_script *script);
/* A number of the lines without "on". */
uint64_t fake_script_number(const struct fake_script *script, const char *key, uint64_t fallback);
const char *fake_script_text(const struct fake_script *script, const char *key,
                             const char *fallback);

/* The next rule from *cursor on that fits; NULL when there is no more. A rule with once= fits only
 * when its marker file could be made. */
const struct fake_rule *fake_script_next(const struct fake_script *script,
                                         const struct fake_now *now, size_t *cursor);
const char *fake_rule_text(const struct fake_rule *rule, const char *key, const char *fallback);
uint64_t fake_rule_number(const struct fake_rule *rule, const char *key, uint64_t fallback);

#endif
