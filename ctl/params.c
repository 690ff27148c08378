/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Parameters of jobs.
 *
 * Nothing blocks or logs.
 */
#include "ctl/params.h"

#include <string.h>

static int add(struct params *params, struct param param, struct error *err)
{
    if (param.key_bytes == 0 || param.key_bytes > PARAMS_KEY_MAX_BYTES ||
        strlen(param.value) > PARAMS_VALUE_MAX_BYTES) {
        return error_set(err, ERROR_INVALID, "\"%.80s\" is not KEY=VALUE", param.key);
    }
    for (size_t i = 0; i < params->count; i++) {
        if (params->items[i].key_bytes == param.key_bytes &&
            memcmp(params->items[i].key, param.key, param.key_bytes) == 0) {
            return error_set(err, ERROR_EXISTS, "%.*s is given twice", (int)param.key_bytes,
                             param.key);
        }
    }
    if (params->count == PARAMS_MAX) {
        return error_set(err, ERROR_LIMIT, "a job has at most %d parameters", PARAMS_MAX);
    }
    params->items[params->count++] = param;
    return 0;
}

int params_add(struct params *params, const char *key, const char *value, struct error *err)
{
    return add(params, (struct param){key, strlen(key), value}, err);
}

int params_add_pair(struct params *params, const char *pair, struct error *err)
{
    const char *equals = strchr(pair, '=');

    if (!equals) {
        return error_set(err, ERROR_INVALID, "\"%.80s\" is not KEY=VALUE", pair);
    }
    return add(params, (struct param){pair, (size_t)(equals - pair), equals + 1}, err);
}

void params_pack(const struct params *params, struct pack *pack)
{
    for (size_t i = 0; i < params->count; i++) {
        pack_str_n(pack, params->items[i].key, params->items[i].key_bytes);
        pack_str(pack, params->items[i].value);
    }
}
