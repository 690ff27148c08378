/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The document's images as JSON: each once, with every place where it is shown. Blocks on the disk.
 * Logs nothing.
 */
#include <stdio.h>

#include "workers/library/render_parts.h"
#include "workers/library/show.h"

static int put_placements(struct show *show, const char *key, struct error *err)
{
    struct statement *list = library_statement(show->library, STATEMENT_PLACEMENTS_OF_IMAGE);
    struct emit *emit = &show->answer->emit;
    int got;

    emit_key(emit, "placements");
    emit_open(emit, '[');
    statement_int(list, 1, show->document.row);
    statement_text(list, 2, key);
    while ((got = statement_step(list, err)) > 0) {
        struct page_box box = {
            (float)statement_column_real(list, 1), (float)statement_column_real(list, 2),
            (float)statement_column_real(list, 3), (float)statement_column_real(list, 4)};

        emit_open(emit, '{');
        emit_key_uint(emit, "page", (uint64_t)statement_column_int(list, 0));
        render_json_box(emit, "bbox", &box);
        emit_key_hundredths(emit, "dpi", statement_column_real(list, 5));
        emit_key_int(emit, "angle_deg", statement_column_int(list, 6));
        emit_key_str(emit, "caption", statement_column_text(list, 7));
        emit_close(emit, '}');
        if (answer_flush(show->answer, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(list);
    emit_close(emit, ']');
    return got;
}

static void put_quality(struct emit *emit, struct statement *image)
{
    static const char *const names[] = {"sharpness", "contrast", "brightness", "noise", "quality"};

    for (int i = 0; i < 5; i++) {
        emit_key(emit, names[i]);
        emit_double(emit, statement_column_real(image, 11 + i));
    }
}

static int put_image(struct show *show, struct statement *image, struct error *err)
{
    struct emit *emit = &show->answer->emit;
    char hash[17];

    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)statement_column_int(image, 16));
    show_item_begin(show, "image");
    emit_key_str(emit, "id", statement_column_text(image, 1));
    render_json_file(emit, statement_column_text(image, 0), statement_column_text(image, 2));
    emit_key_str(emit, "format", statement_column_text(image, 2));
    emit_key_str(emit, "role", statement_column_text(image, 3));
    emit_key_bool(emit, "repeated", statement_column_int(image, 4) != 0);
    emit_key_str(emit, "color_space", statement_column_text(image, 5));
    emit_key_int(emit, "width_px", statement_column_int(image, 6));
    emit_key_int(emit, "height_px", statement_column_int(image, 7));
    emit_key_int(emit, "bits", statement_column_int(image, 8));
    emit_key_bool(emit, "masked", statement_column_int(image, 9) != 0);
    emit_key_int(emit, "file_bytes", statement_column_int(image, 10));
    put_quality(emit, image);
    emit_key_str(emit, "perceptual_hash", hash);
    emit_key_int(emit, "pages", statement_column_int(image, 17));
    emit_key_str(emit, "caption", statement_column_text(image, 18));
    emit_key_uint(emit, "number", (uint64_t)statement_column_int(image, 19));
    if (put_placements(show, statement_column_text(image, 0), err) < 0 ||
        show_item_vectors(
            show, VECTOR_KIND_IMAGE,
            library_page_row(show->document.row, (uint32_t)statement_column_int(image, 19)),
            err) < 0) {
        return -1;
    }
    return show_item_end(show, err);
}

/* Whether the image is on a page asked for. */
static int is_wanted(struct show *show, const char *key, bool *ret_wanted, struct error *err)
{
    struct statement *list;
    int got = 0;

    *ret_wanted = show->range_count == 1 && show->ranges[0].first == 1 &&
                  show->ranges[0].last == show->document.page_count;
    if (*ret_wanted) {
        return 0;
    }
    list = library_statement(show->library, STATEMENT_PLACEMENTS_OF_IMAGE);
    statement_int(list, 1, show->document.row);
    statement_text(list, 2, key);
    while (!*ret_wanted && (got = statement_step(list, err)) > 0) {
        uint32_t page = (uint32_t)statement_column_int(list, 0);

        *ret_wanted = show_wants(show, page, page);
    }
    statement_end(list);
    return got < 0 ? -1 : 0;
}

int show_images(struct show *show, struct error *err)
{
    struct statement *list = library_statement(show->library, STATEMENT_IMAGES_LIST);
    int got;

    show_list_begin(show, "images");
    statement_int(list, 1, show->document.row);
    while ((got = statement_step(list, err)) > 0) {
        bool wanted;

        if (is_wanted(show, statement_column_text(list, 0), &wanted, err) < 0 ||
            (wanted && put_image(show, list, err) < 0)) {
            got = -1;
            break;
        }
    }
    statement_end(list);
    show_list_end(show);
    return got;
}
