/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Receipts as a table for people.
 */
#include "ctl/receipts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "ctl/format.h"

static const struct table_column columns[] = {
    {"CLASS", TABLE_LEFT},   {"PID", TABLE_RIGHT},      {"STAGE", TABLE_LEFT},
    {"VERDICT", TABLE_LEFT}, {"UNITS", TABLE_RIGHT},    {"WALL", TABLE_RIGHT},
    {"CPU", TABLE_RIGHT},    {"PEAK RSS", TABLE_RIGHT}, {"STARTED", TABLE_LEFT},
};

struct table *receipts_table_create(void)
{
    return table_create(columns, ARRAY_LEN(columns));
}

/* The verdict, and for a crash what ended the process. */
static void add_verdict(struct table *table, struct value receipt)
{
    uint64_t signal = value_uint(value_get(receipt, "signal"), 0);
    char verdict[64];

    format_text(value_get(receipt, "verdict"), verdict, sizeof(verdict));
    if (signal > 0 && signal < 65) {
        const char *name = sigabbrev_np((int)signal);

        table_format(table, "%s (SIG%s)", verdict, name ? name : "?");
    } else {
        table_text(table, verdict);
    }
}

void receipts_table_add(struct table *table, struct value receipt)
{
    char time[FORMAT_TIME_BYTES];

    table_value_text(table, value_get(receipt, "class"));
    table_value_number(table, value_get(receipt, "pid"));
    table_value_text(table, value_get(receipt, "stage"));
    add_verdict(table, receipt);
    table_value_number(table, value_get(receipt, "units"));
    table_value_duration(table, value_get(receipt, "wall_ms"));
    table_value_duration(table, value_get(receipt, "cpu_ms"));
    table_value_bytes(table, value_get(receipt, "peak_rss_bytes"));
    format_time(value_get(receipt, "started_at"), time);
    table_text(table, time);
}
