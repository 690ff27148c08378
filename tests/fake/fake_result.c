/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Lists in a script's values: elements are separated by commas, their parts by colons, and '_'
 * stands for a blank.
 */
#include "tests/fake/fake_result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "workers/runtime/worker_result.h"

__attribute__((noreturn)) static void refuse(const char *key, const char *value)
{
    fprintf(stderr, "ebb-fake: %s=%s makes no sense\n", key, value);
    _exit(96);
}

/* Calls take for each element, with its parts; missing parts are "". */
static void each_element(const struct fake_rule *rule, const char *key,
                         void (*take)(struct worker_result *result, char *parts[3]),
                         struct worker_result *result)
{
    const char *value = fake_rule_text(rule, key, NULL);
    AUTO_FREE char *copy = value ? strdup(value) : NULL;
    char *rest = copy;
    char *element;

    while ((element = strsep(&rest, ","))) {
        char *parts[3] = {element, NULL, NULL};
        static char none[] = "";

        for (size_t i = 1; i < ARRAY_LEN(parts); i++) {
            parts[i] = strchr(parts[i - 1], ':');
            if (parts[i]) {
                *parts[i]++ = '\0';
            } else {
                parts[i] = none;
            }
        }
        for (char *at = parts[2]; *at; at++) {
            *at = *at == '_' ? ' ' : *at;
        }
        take(result, parts);
    }
}

static uint64_t number(const char *key, const char *text)
{
    uint64_t value;

    if (parse_u64(text, 0, UINT64_MAX, &value, NULL) < 0) {
        refuse(key, text);
    }
    return value;
}

static void take_count(struct worker_result *result, char *parts[3])
{
    worker_result_count(result, parts[0], number("counts", parts[1]));
}

static void take_unit(struct worker_result *result, char *parts[3])
{
    struct parse_range range;
    size_t count;

    if (parse_ranges(parts[1], &range, 1, &count, NULL) < 0 || count != 1) {
        refuse("units", parts[1]);
    }
    worker_result_sized_unit(result, parts[0], range.first, range.last,
                             parts[2][0] ? (uint32_t)number("units", parts[2]) : 0);
}

static void take_failure(struct worker_result *result, char *parts[3])
{
    worker_result_failure(result, (uint32_t)number("failures", parts[0]), parts[1], "%s", parts[2]);
}

static void take_warning(struct worker_result *result, char *parts[3])
{
    worker_result_warning(result, "%s", parts[0]);
}

void fake_result_fill(struct worker_result *result, const struct fake_rule *rule)
{
    const char *document = fake_rule_text(rule, "document", NULL);

    each_element(rule, "counts", take_count, result);
    each_element(rule, "units", take_unit, result);
    each_element(rule, "failures", take_failure, result);
    each_element(rule, "warnings", take_warning, result);
    if (document) {
        worker_result_document(result, document);
    }
}

int fake_done_frame(struct buf *out, const struct worker_result *result, uint32_t id,
                    struct error *err)
{
    struct message_writer writer;

    message_begin(&writer, out, MESSAGE_DONE, id);
    worker_result_put(result, &writer);
    return message_end(&writer, err);
}

static const struct {
    const char *name;
    enum message_type type;
} sayable[] = {
    {"READY", MESSAGE_READY},       {"PROGRESS", MESSAGE_PROGRESS}, {"DONE", MESSAGE_DONE},
    {"FAILED", MESSAGE_FAILED},     {"LOG", MESSAGE_LOG},           {"BYE", MESSAGE_BYE},
    {"SHUTDOWN", MESSAGE_SHUTDOWN}, {"STATUS", MESSAGE_STATUS},     {"PONG", MESSAGE_PONG},
};

static void put_fields(struct message_writer *writer, enum message_type type)
{
    switch (type) {
    case MESSAGE_READY:
        message_put_uint(writer, FIELD_VERSION, PROTOCOL_VERSION);
        message_put_uint(writer, FIELD_PID, (uint64_t)getpid());
        message_put_map(writer, FIELD_SANDBOX, 0);
        break;
    case MESSAGE_PROGRESS:
        message_put_uint(writer, FIELD_ITEM, 1);
        message_put_uint(writer, FIELD_ITEMS_DONE, 0);
        break;
    case MESSAGE_FAILED:
        message_put_str(writer, FIELD_CODE, "internal");
        message_put_bool(writer, FIELD_RETRYABLE, true);
        message_put_str(writer, FIELD_TEXT, "as the script says");
        break;
    case MESSAGE_LOG:
        message_put_uint(writer, FIELD_LEVEL, 7);
        message_put_str(writer, FIELD_TEXT, "a line of log past the harness");
        break;
    case MESSAGE_BYE:
        message_put_uint(writer, FIELD_PEAK_RSS, 0);
        message_put_uint(writer, FIELD_USER_US, 0);
        message_put_uint(writer, FIELD_SYSTEM_US, 0);
        break;
    case MESSAGE_PONG:
        message_put_bool(writer, FIELD_HEALTHY, true);
        break;
    default: /* the others of sayable[] need none */
        break;
    }
}

int fake_frame(struct buf *out, const char *name, uint32_t id, struct error *err)
{
    struct message_writer writer;

    for (size_t i = 0; i < ARRAY_LEN(sayable); i++) {
        if (strcmp(sayable[i].name, name) == 0) {
            message_begin(&writer, out, sayable[i].type, id);
            put_fields(&writer, sayable[i].type);
            return message_end(&writer, err);
        }
    }
    return error_set(err, ERROR_INVALID, "%s is nothing that ebb-fake can say", name);
}
