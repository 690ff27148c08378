/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document's row, metadata, outline and style as JSON. Blocks on the disk. Logs nothing.
 */
#include "workers/library/describe.h"

static int put_facts(struct library *library, int64_t row, struct emit *emit, struct error *err)
{
    struct statement *get = library_statement(library, STATEMENT_DOCUMENT_GET);
    const char *warnings;

    statement_int(get, 1, row);
    if (statement_step(get, err) < 1) {
        return -1;
    }
    warnings = statement_column_text(get, 11);
    emit_key_str(emit, "document_id", statement_column_text(get, 0));
    emit_key_str(emit, "name", statement_column_text(get, 12));
    emit_key_str(emit, "format", statement_column_text(get, 2));
    emit_key_str(emit, "sha256", statement_column_text(get, 1));
    emit_key_uint(emit, "size_bytes", (uint64_t)statement_column_int(get, 3));
    emit_key_uint(emit, "page_count", (uint64_t)statement_column_int(get, 4));
    emit_key_bool(emit, "encrypted", statement_column_int(get, 5) != 0);
    emit_key_bool(emit, "repaired", statement_column_int(get, 6) != 0);
    emit_key_str(emit, "status", statement_column_text(get, 7));
    emit_key_uint(emit, "pages_failed", (uint64_t)statement_column_int(get, 8));
    emit_key_uint(emit, "chars", (uint64_t)statement_column_int(get, 9));
    emit_key_uint(emit, "words", (uint64_t)statement_column_int(get, 10));
    emit_key(emit, "warnings");
    emit_raw(emit, warnings ? warnings : "[]");
    statement_end(get);
    return 0;
}

static int put_metadata(struct library *library, int64_t row, struct emit *emit, struct error *err)
{
    struct statement *list = library_statement(library, STATEMENT_METADATA_LIST);
    int got;

    emit_key(emit, "metadata");
    emit_open(emit, '{');
    statement_int(list, 1, row);
    while ((got = statement_step(list, err)) > 0) {
        emit_key_text(emit, statement_column_text(list, 0));
        emit_str(emit, statement_column_text(list, 1));
    }
    statement_end(list);
    emit_close(emit, '}');
    return got;
}

static int put_outline(struct library *library, int64_t row, struct answer *answer,
                       struct error *err)
{
    struct statement *list = library_statement(library, STATEMENT_OUTLINE_LIST);
    struct emit *emit = &answer->emit;
    int got;

    emit_key(emit, "outline");
    emit_open(emit, '[');
    statement_int(list, 1, row);
    while ((got = statement_step(list, err)) > 0) {
        int64_t page = statement_column_int(list, 1);

        emit_open(emit, '{');
        emit_key_str(emit, "title", statement_column_text(list, 2));
        emit_key_uint(emit, "depth", (uint64_t)statement_column_int(list, 0));
        emit_key(emit, "page");
        if (page > 0) {
            emit_int(emit, page);
        } else {
            emit_null(emit);
        }
        emit_close(emit, '}');
        if (answer_flush(answer, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(list);
    emit_close(emit, ']');
    return got;
}

static void put_style(const struct document_style *style, struct emit *emit)
{
    emit_key(emit, "style");
    emit_open(emit, '{');
    emit_key(emit, "body_size_pt");
    if (style->body_class > 0) {
        emit_hundredths(emit, (double)style_class_size_pt(style->body_class));
    } else {
        emit_null(emit);
    }
    emit_key(emit, "headings");
    emit_open(emit, '[');
    for (uint32_t i = 0; i < style->heading_count; i++) {
        emit_open(emit, '{');
        emit_key_uint(emit, "level", style->headings[i].level);
        emit_key_hundredths(emit, "size_pt", (double)style_class_size_pt(style->headings[i].class));
        emit_key_bool(emit, "bold", style_class_bold(style->headings[i].class));
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
    emit_close(emit, '}');
}

int describe_document(struct library *library, const struct document *document,
                      const struct document_style *style, struct answer *answer, struct error *err)
{
    if (put_facts(library, document->row, &answer->emit, err) < 0 ||
        put_metadata(library, document->row, &answer->emit, err) < 0 ||
        put_outline(library, document->row, answer, err) < 0) {
        return -1;
    }
    put_style(style, &answer->emit);
    return 0;
}
