/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document's row, metadata, outline and style as JSON. Blocks on the disk. Logs nothing.
 */
#include "workers/library/describe.h"

static int put_facts(struct library *library, int64_t row, struct json *json, struct error *err)
{
    struct statement *get = library_statement(library, STATEMENT_DOCUMENT_GET);
    const char *warnings;

    statement_int(get, 1, row);
    if (statement_step(get, err) < 1) {
        return -1;
    }
    warnings = statement_column_text(get, 11);
    json_key_str(json, "document_id", statement_column_text(get, 0));
    json_key_str(json, "name", statement_column_text(get, 12));
    json_key_str(json, "format", statement_column_text(get, 2));
    json_key_str(json, "sha256", statement_column_text(get, 1));
    json_key_uint(json, "size_bytes", (uint64_t)statement_column_int(get, 3));
    json_key_uint(json, "page_count", (uint64_t)statement_column_int(get, 4));
    json_key_bool(json, "encrypted", statement_column_int(get, 5) != 0);
    json_key_bool(json, "repaired", statement_column_int(get, 6) != 0);
    json_key_str(json, "status", statement_column_text(get, 7));
    json_key_uint(json, "pages_failed", (uint64_t)statement_column_int(get, 8));
    json_key_uint(json, "chars", (uint64_t)statement_column_int(get, 9));
    json_key_uint(json, "words", (uint64_t)statement_column_int(get, 10));
    json_key(json, "warnings");
    json_raw(json, warnings ? warnings : "[]");
    statement_end(get);
    return 0;
}

static int put_metadata(struct library *library, int64_t row, struct json *json, struct error *err)
{
    struct statement *list = library_statement(library, STATEMENT_METADATA_LIST);
    int got;

    json_key(json, "metadata");
    json_open(json, '{');
    statement_int(list, 1, row);
    while ((got = statement_step(list, err)) > 0) {
        json_key_text(json, statement_column_text(list, 0));
        json_str(json, statement_column_text(list, 1));
    }
    statement_end(list);
    json_close(json, '}');
    return got;
}

static int put_outline(struct library *library, int64_t row, struct answer *answer,
                       struct error *err)
{
    struct statement *list = library_statement(library, STATEMENT_OUTLINE_LIST);
    struct json *json = &answer->json;
    int got;

    json_key(json, "outline");
    json_open(json, '[');
    statement_int(list, 1, row);
    while ((got = statement_step(list, err)) > 0) {
        int64_t page = statement_column_int(list, 1);

        json_open(json, '{');
        json_key_str(json, "title", statement_column_text(list, 2));
        json_key_uint(json, "depth", (uint64_t)statement_column_int(list, 0));
        json_key(json, "page");
        if (page > 0) {
            json_int(json, page);
        } else {
            json_null(json);
        }
        json_close(json, '}');
        if (answer_flush(answer, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(list);
    json_close(json, ']');
    return got;
}

static void put_style(const struct document_style *style, struct json *json)
{
    json_key(json, "style");
    json_open(json, '{');
    json_key(json, "body_size_pt");
    if (style->body_class > 0) {
        json_hundredths(json, (double)style_class_size_pt(style->body_class));
    } else {
        json_null(json);
    }
    json_key(json, "headings");
    json_open(json, '[');
    for (uint32_t i = 0; i < style->heading_count; i++) {
        json_open(json, '{');
        json_key_uint(json, "level", style->headings[i].level);
        json_key_hundredths(json, "size_pt", (double)style_class_size_pt(style->headings[i].class));
        json_key_bool(json, "bold", style_class_bold(style->headings[i].class));
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

int describe_document(struct library *library, const struct document *document,
                      const struct document_style *style, struct answer *answer, struct error *err)
{
    if (put_facts(library, document->row, &answer->json, err) < 0 ||
        put_metadata(library, document->row, &answer->json, err) < 0 ||
        put_outline(library, document->row, answer, err) < 0) {
        return -1;
    }
    put_style(style, &answer->json);
    return 0;
}
