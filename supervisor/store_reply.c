/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pieces of replies. A failed append is remembered by the pack and told by pack_finish. Nothing
 * blocks or is logged.
 */
#include "supervisor/store_reply.h"

#include "common/clock.h"

#define ROW_MAX_BYTES ((size_t)70 * 1024)

void reply_rows_init(struct reply_rows *rows, size_t max_bytes)
{
    buf_init(&rows->body, max_bytes + ROW_MAX_BYTES);
    pack_init(&rows->pack, &rows->body);
    rows->count = 0;
}

void reply_rows_deinit(struct reply_rows *rows)
{
    buf_deinit(&rows->body);
}

bool reply_rows_add(struct reply_rows *rows)
{
    if (rows->body.size + ROW_MAX_BYTES > rows->body.max) {
        return false;
    }
    rows->count++;
    return true;
}

void reply_rows_pack(struct pack *pack, const char *key, const struct reply_rows *rows)
{
    pack_str(pack, key);
    pack_array(pack, rows->count);
    if (rows->count > 0) {
        pack_raw(pack, rows->body.data, rows->body.size);
    }
    if (rows->pack.failed && !pack->failed) {
        pack->failed = true;
        pack->err = rows->pack.err;
    }
}

void pack_key_nil(struct pack *pack, const char *key)
{
    pack_str(pack, key);
    pack_nil(pack);
}

void pack_key_time(struct pack *pack, const char *key, uint64_t wall_ms)
{
    char text[CLOCK_RFC3339_BYTES];

    if (wall_ms == 0) {
        pack_key_nil(pack, key);
        return;
    }
    clock_format_rfc3339(wall_ms, text);
    pack_key_str(pack, key, text);
}

void pack_key_text(struct pack *pack, const char *key, const char *text)
{
    pack_key_str(pack, key, text && text[0] ? text : NULL);
}

void pack_key_uuid(struct pack *pack, const char *key, const struct uuid *uuid)
{
    char text[UUID_TEXT_BYTES];

    if (!uuid) {
        pack_key_nil(pack, key);
        return;
    }
    uuid_format(uuid, text);
    pack_key_str(pack, key, text);
}

void pack_key_positive(struct pack *pack, const char *key, uint64_t number)
{
    if (number == 0) {
        pack_key_nil(pack, key);
    } else {
        pack_key_uint(pack, key, number);
    }
}

void pack_unit_peak(struct pack *pack, const char *stage, uint64_t first, uint64_t last,
                    uint64_t peak_rss_bytes)
{
    pack_map(pack, 4);
    pack_key_str(pack, "stage", stage);
    pack_key_uint(pack, "first", first);
    pack_key_uint(pack, "last", last);
    pack_key_uint(pack, "peak_rss_bytes", peak_rss_bytes);
}
