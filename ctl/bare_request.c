/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Commands that are one request without fields.
 *
 * Blocks with the time limits of client.h. Diagnostics: session.h.
 */
#include "ctl/bare_request.h"

#include "ctl/json.h"
#include "ctl/session.h"

const struct option bare_options[BARE_OPTION_COUNT] = {
    OPTION_ROW_JSON(struct bare_values),
    OPTION_ROW_SOCKET(struct bare_values),
    OPTION_ROW_STATE(struct bare_values),
    OPTION_ROW_HELP(struct bare_values),
};

enum ctl_exit bare_request(const struct invocation *invocation, enum message_type type,
                           void (*print)(struct value data))
{
    const struct bare_values *values = invocation->values;
    struct session session;
    struct reply reply;
    enum ctl_exit code = session_open(&session, &values->common, SESSION_RUNNING);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    client_begin(session.client, type);
    code = session_call(&session, CLIENT_TIMEOUT_MS, &reply, invocation->command->name, NULL);
    if (code == CTL_EXIT_OK) {
        if (values->common.json) {
            json_print_value(reply.data, stdout);
        } else {
            print(reply.data);
        }
        reply_deinit(&reply);
    }
    return session_close(&session, code);
}
