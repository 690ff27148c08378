/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The document's style from the marks of its pages.
 *
 * Invariants: it is made anew each time, so that it says the same however often and in whatever
 * order the pages came. Blocks on the disk. Logs nothing.
 */
#include "workers/library/style_make.h"

#include "workers/library/style.h"

static int run_for_document(struct library *library, enum statement_name name,
                            const struct document *document, struct error *err)
{
    struct statement *statement = library_statement(library, name);

    statement_int(statement, 1, document->row);
    return statement_run(statement, err);
}

static int put_furniture(struct library *library, const struct document *document,
                         struct statement *mark, struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_FURNITURE_PUT);

    statement_int(put, 1, document->row);
    statement_int(put, 2, statement_column_int(mark, 0));
    statement_int(put, 3, statement_column_int(mark, 1));
    statement_int(put, 4, statement_column_int(mark, 2));
    return statement_run(put, err);
}

static int find_furniture(struct library *library, const struct document *document,
                          struct error *err)
{
    struct statement *marks;
    int got;

    if (run_for_document(library, STATEMENT_FURNITURE_CLEAR, document, err) < 0) {
        return -1;
    }
    marks = library_statement(library, STATEMENT_MARKS_FURNITURE);
    statement_int(marks, 1, document->row);
    statement_int(marks, 2, STYLE_REPEATS_MIN);
    while ((got = statement_step(marks, err)) > 0) {
        struct style_occurrence occurrence = {
            .pages = (uint32_t)statement_column_int(marks, 2),
            .first = (uint32_t)statement_column_int(marks, 3),
            .last = (uint32_t)statement_column_int(marks, 4),
            .odd_pages = (uint32_t)statement_column_int(marks, 5),
        };

        if (style_repeats(&occurrence) && put_furniture(library, document, marks, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(marks);
    return got < 0 ? -1 : 0;
}

static int find_body(struct library *library, const struct document *document, uint32_t *ret_class,
                     struct error *err)
{
    struct statement *body = library_statement(library, STATEMENT_MARKS_BODY);
    int got;

    statement_int(body, 1, document->row);
    got = statement_step(body, err);
    *ret_class = got > 0 ? (uint32_t)statement_column_int(body, 0) : 0;
    statement_end(body);
    return got < 0 ? -1 : 0;
}

static int find_headings(struct library *library, const struct document *document,
                         uint32_t body_class, struct style_heading *headings, uint32_t *ret_count,
                         struct error *err)
{
    struct statement *marks = library_statement(library, STATEMENT_MARKS_HEADINGS);
    uint32_t count = 0;
    int got;

    statement_int(marks, 1, document->row);
    statement_int(marks, 2, body_class);
    statement_int(marks, 3, style_promoted_class(body_class));
    statement_int(marks, 4, STYLE_HEADINGS_MAX);
    while ((got = statement_step(marks, err)) > 0 && count < STYLE_HEADINGS_MAX) {
        headings[count++] = (struct style_heading){
            .class = (uint32_t)statement_column_int(marks, 0),
            .pages = (uint32_t)statement_column_int(marks, 1),
        };
    }
    statement_end(marks);
    *ret_count = count;
    return got < 0 ? -1 : 0;
}

static int put_style(struct library *library, const struct document *document, uint32_t level,
                     uint32_t class, struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_STYLE_PUT);

    statement_int(put, 1, document->row);
    statement_real(put, 2, (double)style_class_size_pt(class));
    statement_int(put, 3, style_class_bold(class));
    statement_int(put, 4, level);
    return statement_run(put, err);
}

/* Furniture first: a running head is no heading. */
int style_make(struct library *library, const struct document *document, struct error *err)
{
    struct style_heading headings[STYLE_HEADINGS_MAX];
    uint32_t count = 0;
    uint32_t body_class = 0;

    if (find_furniture(library, document, err) < 0 ||
        find_body(library, document, &body_class, err) < 0 ||
        run_for_document(library, STATEMENT_STYLES_CLEAR, document, err) < 0) {
        return -1;
    }
    if (body_class == 0) {
        return 0; /* no text anywhere */
    }
    if (find_headings(library, document, body_class, headings, &count, err) < 0 ||
        put_style(library, document, 0, body_class, err) < 0) {
        return -1;
    }
    style_rank(headings, count);
    for (uint32_t i = 0; i < count; i++) {
        if (put_style(library, document, headings[i].level, headings[i].class, err) < 0) {
            return -1;
        }
    }
    return 0;
}
