/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From INIT to READY: settings, limits, the class's own init, the sandbox of a shared worker.
 *
 * Invariants: secrets are gone from memory before READY. A mechanism of the sandbox that the
 * kernel does not offer is told in READY, or ends the worker where the class requires it; one
 * that it offers and that fails ends the worker in any case.
 *
 * Diagnostics: a LOG at error when the start fails; the worker ends then.
 */
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "proto/verdict.h"
#include "workers/runtime/limits.h"
#include "workers/runtime/worker_private.h"

static int prepare_sandbox(struct worker *worker, struct error *err)
{
    const struct sandbox_spec spec = {
        .profile = worker->settings.profile,
        .state_folder = worker->settings.state_folder,
        .read_paths = text_map_get(&worker->settings.options, "read_paths"),
        .every_job = worker->settings.shared,
    };

    worker->sandbox = sandbox_prepare(&spec, err);
    return worker->sandbox ? 0 : -1;
}

/* Does the kernel offer what the class must have? */
static int check_offer(struct worker *worker, struct error *err)
{
    sandbox_probe(&worker->offer);
    if (worker->settings.sandbox_required && worker->settings.profile != SANDBOX_PROFILE_NONE &&
        (worker->offer.landlock_abi == 0 || !worker->offer.seccomp)) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "class %s requires a sandbox: this kernel has landlock %u, seccomp %d",
                         worker->settings.class_name, worker->offer.landlock_abi,
                         worker->offer.seccomp);
    }
    return 0;
}

static int prepare_resources(struct worker *worker, struct error *err)
{
    const struct limits limits = {
        .memory_max_bytes = worker->settings.memory_max_bytes,
        .file_max_bytes = worker->settings.file_max_bytes,
        .may_have_threads = worker->settings.profile == SANDBOX_PROFILE_NET ||
                            worker->settings.profile == SANDBOX_PROFILE_NONE,
    };

    worker->status_fd = receipt_open();
    worker->reset_fd = receipt_reset_open();
    worker->arena = arena_create((size_t)worker->settings.memory_max_bytes);
    worker->result = worker_result_create();
    if (!worker->arena || !worker->result) {
        return error_set(err, ERROR_MEMORY, "no memory for a worker");
    }
    return limits_apply(&limits, err);
}

static int call_init(struct worker *worker, struct error *err)
{
    int status = 0;

    if (worker->ops->init) {
        channel_guard(&worker->channel, true);
        status = worker->ops->init(worker, &worker->user, err);
        channel_guard(&worker->channel, false);
    }
    worker_settings_forget_secrets(&worker->settings);
    explicit_bzero(worker->frame.data, worker->frame.size);
    channel_wipe(&worker->channel);
    return status;
}

void worker_on_init(struct worker *worker, const struct message *message)
{
    struct error err = ERROR_INIT;

    if (worker_settings_read(&worker->settings, message, &err) < 0) {
        worker_end_with(worker, err.code == ERROR_INVALID ? WORKER_EXIT_INIT : WORKER_EXIT_PROTOCOL,
                        &err);
        return;
    }
    worker->has_settings = true;
    if (check_offer(worker, &err) < 0 || prepare_resources(worker, &err) < 0) {
        worker_end_with(worker, WORKER_EXIT_SANDBOX, &err);
        return;
    }
    if (call_init(worker, &err) < 0) {
        worker_end_with(worker, WORKER_EXIT_INIT, &err);
        return;
    }
    worker->initialised = true;
    if (worker->settings.shared &&
        (prepare_sandbox(worker, &err) < 0 || sandbox_close(worker->sandbox, NULL, &err) < 0)) {
        worker_end_with(worker, WORKER_EXIT_SANDBOX, &err);
        return;
    }
    worker_send_ready(worker);
    worker->phase = PHASE_READY;
    /* From here on nobody waits. */
    if (!worker->settings.shared && prepare_sandbox(worker, &err) < 0) {
        worker_end_with(worker, WORKER_EXIT_SANDBOX, &err);
        return;
    }
    if (worker->ops->warm) {
        channel_guard(&worker->channel, true);
        worker->ops->warm(worker, worker->user);
        channel_guard(&worker->channel, false);
    }
}

const char *worker_class_name(const struct worker *worker)
{
    return worker->settings.class_name;
}

const char *worker_setting(const struct worker *worker, const char *key, const char *fallback)
{
    const char *text = text_map_get(&worker->settings.options, key);

    return text ? text : fallback;
}

const char *worker_secret(const struct worker *worker, const char *key, const char *fallback)
{
    const char *text = text_map_get(&worker->settings.secrets, key);

    return text ? text : fallback;
}

const char *worker_state_folder(const struct worker *worker)
{
    return worker->settings.state_folder;
}

uint64_t worker_memory_max_bytes(const struct worker *worker)
{
    return worker->settings.memory_max_bytes;
}
