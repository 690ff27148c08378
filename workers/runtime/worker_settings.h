/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What INIT told: the class's settings, its limits and, for a moment, its secrets.
 */
#ifndef EBB_WORKERS_RUNTIME_WORKER_SETTINGS_H
#define EBB_WORKERS_RUNTIME_WORKER_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "proto/message.h"
#include "workers/runtime/sandbox.h"

struct text_pair {
    const char *key, *value;
};

/* Texts by name; owned. */
struct text_map {
    struct text_pair *pairs; /* NULL when there are none */
    size_t count;
    size_t size_bytes; /* of pairs and the texts behind them */
};

struct worker_settings {
    char class_name[33];
    bool shared; /* lifetime pool or service: serves every job; else fresh: one */
    enum sandbox_profile profile;
    bool sandbox_required; /* option "sandbox": required, best_effort (the default) */
    char state_folder[PATH_MAX];
    uint64_t memory_max_bytes, file_max_bytes;
    struct text_map options;
    struct text_map secrets; /* until worker_settings_forget_secrets */
};

/* Copies all of INIT. ERROR_PROTOCOL: a version, lifetime, profile or folder that cannot be;
 * ERROR_INVALID: an option of the harness's own that cannot be; ERROR_MEMORY. On failure there is
 * nothing to deinit. */
int worker_settings_read(struct worker_settings *settings, const struct message *init,
                         struct error *err);
void worker_settings_deinit(struct worker_settings *settings);
/* Overwrites and frees them. */
void worker_settings_forget_secrets(struct worker_settings *settings);
/* NULL where there is none. Owns: the map. */
const char *text_map_get(const struct text_map *map, const char *key);

#endif
