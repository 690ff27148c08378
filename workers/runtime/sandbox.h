/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The sandbox of a worker: what its profile may reach, closed for good before the first unit.
 *
 * Preparing (paths that do not depend on the job, the compiled filter) is apart from closing, so
 * that a worker which waits for its lease spends the waiting on it.
 *
 * Source: ARCHITECTURE.md "Sandbox".
 */
#ifndef EBB_WORKERS_RUNTIME_SANDBOX_H
#define EBB_WORKERS_RUNTIME_SANDBOX_H

#include <stdbool.h>

#include "common/error.h"

/* X(SYMBOL, "name") */
#define SANDBOX_PROFILE_LIST(X)                                                                    \
    X(NONE, "none")   /* nothing beyond limits.h; for tests */                                     \
    X(PARSE, "parse") /* its job's folder, fonts, read_paths; no sockets */                        \
    X(NET, "net")     /* its job's folder, the cache, sockets, certificates */                     \
    X(STORE, "store") /* its job's folder, the library, answers; no sockets */

enum sandbox_profile {
#define SANDBOX_PROFILE_ENUM(symbol, name) SANDBOX_PROFILE_##symbol,
    SANDBOX_PROFILE_LIST(SANDBOX_PROFILE_ENUM)
#undef SANDBOX_PROFILE_ENUM
        SANDBOX_PROFILE_COUNT
};

/* False when name is no profile. */
bool sandbox_profile_parse(const char *name, enum sandbox_profile *ret_profile);

/* What this kernel offers. */
struct sandbox_offer {
    unsigned landlock_abi; /* 0: none */
    bool seccomp;
};
void sandbox_probe(struct sandbox_offer *ret_offer);

struct sandbox_spec {
    enum sandbox_profile profile;
    const char *state_folder; /* absolute, exists */
    /* Further paths to read, separated by colons; one with a "-" before it may be missing. NULL:
     * none. */
    const char *read_paths;
    bool every_job; /* the worker is shared: it may reach <state>/jobs, not one job's folder */
};

struct sandbox;
/* Opens what the profile names and builds the filter; borrows nothing. A mechanism that the
 * kernel does not offer is left out (sandbox_probe tells). Folders of the state folder that are
 * missing are made (0700); a read_path that is missing is ERROR_NOT_FOUND. */
struct sandbox *sandbox_prepare(const struct sandbox_spec *spec, struct error *err);
/*
 * Closes it for this thread, which must be the process's only one. job_folder: absolute; NULL
 * where every_job is. On failure some of it may be closed: the process should end.
 * Once only.
 */
int sandbox_close(struct sandbox *sandbox, const char *job_folder, struct error *err);
bool sandbox_closed(const struct sandbox *sandbox);
/* The sandbox itself stays closed. NULL is a no-op. */
void sandbox_destroy(struct sandbox *sandbox);

#endif
