/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/runtime/worker_settings: INIT, checked and copied.
 */
#include "workers/runtime/worker_settings.h"

#include <criterion/criterion.h>
#include <string.h>

/* What differs from an INIT that is in order; NULL and 0 do not. */
struct init {
    const char *lifetime, *profile, *state_folder, *sandbox;
    uint64_t version;
};

#define INIT_OF(...) (&(const struct init){__VA_ARGS__})

static const char *or_else(const char *text, const char *usual)
{
    return text ? text : usual;
}

static int read_init(const struct init *init, struct worker_settings *settings, struct error *err)
{
    struct message_writer writer;
    struct message message;
    struct pack *pack;
    struct buf frame;
    int status;

    buf_init(&frame, 65536);
    message_begin(&writer, &frame, MESSAGE_INIT, 0);
    message_put_uint(&writer, FIELD_VERSION, init->version ? init->version : PROTOCOL_VERSION);
    message_put_str(&writer, FIELD_CLASS, "pdf");
    message_put_str(&writer, FIELD_LIFETIME, or_else(init->lifetime, "fresh"));
    message_put_str(&writer, FIELD_PROFILE, or_else(init->profile, "parse"));
    message_put_str(&writer, FIELD_STATE_FOLDER, or_else(init->state_folder, "/state"));
    message_put_uint(&writer, FIELD_MEMORY_MAX, 1000);
    message_put_uint(&writer, FIELD_FILE_MAX, 2000);
    pack = message_put_map(&writer, FIELD_SETTINGS, init->sandbox ? 2 : 1);
    pack_key_str(pack, "dpi", "300");
    if (init->sandbox) {
        pack_key_str(pack, "sandbox", init->sandbox);
    }
    pack = message_put_map(&writer, FIELD_SECRETS, 1);
    pack_key_str(pack, "key", "open sesame");
    cr_assert_eq(message_end(&writer, err), 0, "%s", err->msg);
    cr_assert_eq(message_decode(frame.data + FRAME_HEADER_BYTES, frame.size - FRAME_HEADER_BYTES,
                                DIRECTION_TO_WORKER, &message, err),
                 0, "%s", err->msg);
    status = worker_settings_read(settings, &message, err);
    message_deinit(&message);
    buf_deinit(&frame); /* nothing may be borrowed from it */
    return status;
}

Test(worker_settings, are_copied)
{
    struct worker_settings settings;
    struct error err = ERROR_INIT;

    cr_assert_eq(read_init(INIT_OF(.version = PROTOCOL_VERSION), &settings, &err), 0);
    cr_assert_str_eq(settings.class_name, "pdf");
    cr_assert_str_eq(settings.state_folder, "/state");
    cr_assert_eq(settings.profile, SANDBOX_PROFILE_PARSE);
    cr_assert_not(settings.shared);
    cr_assert_not(settings.sandbox_required);
    cr_assert_eq(settings.memory_max_bytes, 1000);
    cr_assert_eq(settings.file_max_bytes, 2000);
    cr_assert_str_eq(text_map_get(&settings.options, "dpi"), "300");
    cr_assert_null(text_map_get(&settings.options, "key"));
    cr_assert_null(text_map_get(&settings.options, "sandbox"));
    worker_settings_deinit(&settings);
}

Test(worker_settings, secrets_are_forgotten)
{
    struct worker_settings settings;
    struct error err = ERROR_INIT;

    cr_assert_eq(read_init(INIT_OF(.version = PROTOCOL_VERSION), &settings, &err), 0);
    cr_assert_str_eq(text_map_get(&settings.secrets, "key"), "open sesame");
    worker_settings_forget_secrets(&settings);
    cr_assert_null(text_map_get(&settings.secrets, "key"));
    worker_settings_forget_secrets(&settings);
    worker_settings_deinit(&settings);
}

Test(worker_settings, lifetimes)
{
    struct worker_settings settings;
    struct error err = ERROR_INIT;

    cr_assert_eq(read_init(INIT_OF(.lifetime = "pool"), &settings, &err), 0);
    cr_assert(settings.shared);
    worker_settings_deinit(&settings);
    cr_assert_eq(read_init(INIT_OF(.lifetime = "service"), &settings, &err), 0);
    cr_assert(settings.shared);
    worker_settings_deinit(&settings);
}

Test(worker_settings, sandbox_required_or_not)
{
    struct worker_settings settings;
    struct error err = ERROR_INIT;

    cr_assert_eq(read_init(INIT_OF(.sandbox = "required"), &settings, &err), 0);
    cr_assert(settings.sandbox_required);
    worker_settings_deinit(&settings);
    cr_assert_eq(read_init(INIT_OF(.sandbox = "best_effort"), &settings, &err), 0);
    cr_assert_not(settings.sandbox_required);
    worker_settings_deinit(&settings);
    cr_assert_eq(read_init(INIT_OF(.sandbox = "yes"), &settings, &err), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
    cr_assert(strstr(err.msg, "required or best_effort"));
}

static void assert_refused(const struct init *init, const char *text)
{
    struct worker_settings settings;
    struct error err = ERROR_INIT;

    cr_assert_eq(read_init(init, &settings, &err), -1);
    cr_assert_eq(err.code, ERROR_PROTOCOL);
    cr_assert(strstr(err.msg, text), "%s", err.msg);
}

Test(worker_settings, what_cannot_be_is_refused)
{
    assert_refused(INIT_OF(.version = PROTOCOL_VERSION + 1), "version");
    assert_refused(INIT_OF(.lifetime = "eternal"), "lifetime eternal");
    assert_refused(INIT_OF(.profile = "open"), "profile open");
    assert_refused(INIT_OF(.state_folder = "state"), "absolute");
}
