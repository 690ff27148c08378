/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What workers log comes through here, and nothing else does: texts are bounded, and how many
 * there are a second is the harness's matter.
 */
#include "supervisor/worker_log.h"

#include "common/log.h"

void worker_log_frame(const struct worker *worker, const struct message *message)
{
    char text[900];
    message_str(message, FIELD_TEXT, text, sizeof(text));
    uint64_t level = message_uint(message, FIELD_LEVEL, LOG_LEVEL_INFO);
    if (level <= LOG_LEVEL_ERROR) {
        log_error("%s[%d]: %s", worker->settings->name, (int)worker->pid, text);
    } else if (level == LOG_LEVEL_WARNING) {
        log_warning("%s[%d]: %s", worker->settings->name, (int)worker->pid, text);
    } else if (level <= LOG_LEVEL_INFO) {
        log_info("%s[%d]: %s", worker->settings->name, (int)worker->pid, text);
    } else {
        log_debug("%s[%d]: %s", worker->settings->name, (int)worker->pid, text);
    }
}
