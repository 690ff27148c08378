/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Items of a document's lists: in one object, or each a line of its own. Blocks on the disk. Logs
 * nothing.
 */
#include <stdio.h>
#include <string.h>

#include "workers/library/show.h"

void show_list_begin(struct show *show, const char *name)
{
    struct emit *emit = &show->answer->emit;

    if (show->lines) {
        return;
    }
    emit_open(emit, '{');
    emit_key_str(emit, "document_id", show->document.id);
    emit_key(emit, name);
    emit_open(emit, '[');
}

void show_list_end(struct show *show)
{
    if (!show->lines) {
        emit_close(&show->answer->emit, ']');
        emit_close(&show->answer->emit, '}');
    }
}

void show_item_begin(struct show *show, const char *type)
{
    struct emit *emit = &show->answer->emit;

    emit_open(emit, '{');
    if (show->lines) {
        emit_key_str(emit, "type", type);
        emit_key_str(emit, "document_id", show->document.id);
    }
}

int show_item_end(struct show *show, struct error *err)
{
    struct emit *emit = &show->answer->emit;

    emit_close(emit, '}');
    if (show->lines) {
        emit->comma = false;
        if (emit_finish(emit, err) < 0 || buf_append(&show->answer->buf, "\n", 1, err) < 0) {
            return -1;
        }
    }
    return answer_flush(show->answer, err);
}

/* With as many digits as give the same number back. */
static void put_vector(struct emit *emit, const void *data, size_t size_bytes)
{
    const uint8_t *bytes = data;

    emit_open(emit, '[');
    for (size_t i = 0; i + sizeof(float) <= size_bytes; i += sizeof(float)) {
        char number[32];
        float value;

        memcpy(&value, bytes + i, sizeof value);
        snprintf(number, sizeof number, "%.9g", (double)value);
        emit_raw(emit, number);
    }
    emit_close(emit, ']');
}

int show_item_vectors(struct show *show, enum vector_kind kind, int64_t target, struct error *err)
{
    struct emit *emit = &show->answer->emit;
    struct statement *list;
    int got;

    if (!show->vectors) {
        return 0;
    }
    list = library_statement(show->library, STATEMENT_VECTORS_OF);
    statement_int(list, 1, target);
    statement_text(list, 2, vector_kind_name(kind));
    emit_key(emit, "embeddings");
    emit_open(emit, '[');
    while ((got = statement_step(list, err)) > 0) {
        size_t size_bytes;
        const void *data = statement_column_blob(list, 1, &size_bytes);

        emit_open(emit, '{');
        emit_key_str(emit, "model", statement_column_text(list, 0));
        emit_key(emit, "embedding");
        put_vector(emit, data, size_bytes);
        emit_close(emit, '}');
    }
    statement_end(list);
    emit_close(emit, ']');
    return got;
}
