/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Samples of everything in proto/.
 */
#include "proto_samples.h"

#include <criterion/criterion.h>
#include <string.h>

#include "common/cleanup.h"

#define SAMPLE_TEXT_MAX 8191

const enum message_type SAMPLE_TYPES[] = {
#define SAMPLE_TYPE(symbol, number, direction, phases, max, required, optional) MESSAGE_##symbol,
    MESSAGE_LIST(SAMPLE_TYPE)
#undef SAMPLE_TYPE
};
const size_t SAMPLE_TYPE_COUNT = ARRAY_LEN(SAMPLE_TYPES);

const char *sample_text(size_t size_bytes)
{
    static char text[SAMPLE_TEXT_MAX + 1];

    cr_assert_leq(size_bytes, SAMPLE_TEXT_MAX);
    for (size_t i = 0; i < size_bytes; i++) {
        text[i] = (char)('a' + i % 26);
    }
    text[size_bytes] = '\0';
    return text;
}

static void put_map(struct message_writer *writer, enum field field, enum sample_kind kind)
{
    size_t entries = kind == SAMPLE_LEAST ? 0 : 2;
    struct pack *pack = message_put_map(writer, field, entries);

    if (entries == 0) {
        return;
    }
    if (field_spec(field)->type == FIELD_TYPE_STRMAP) {
        pack_key_str(pack, "languages", "deu+eng");
        pack_key_str(pack, "empty", "");
    } else {
        pack_key_uint(pack, "pages", 16);
        pack_key_uint(pack, "glyphs", UINT64_MAX);
    }
}

static void put_list(struct message_writer *writer, enum field field, enum sample_kind kind)
{
    enum field_type type = field_spec(field)->type;
    uint32_t elements = kind == SAMPLE_LEAST ? 0 : 3;
    struct pack *pack = message_put_array(writer, field, elements);

    for (uint32_t i = 1; i <= elements; i++) {
        if (type == FIELD_TYPE_STRLIST) {
            pack_str(pack, sample_text(i * 100));
        } else if (type == FIELD_TYPE_UNITS) {
            pack_array(pack, 4);
            pack_str(pack, "extract");
            pack_uint(pack, i);
            pack_uint(pack, i == 3 ? UINT32_MAX : i);
            pack_uint(pack, i == 1 ? 0 : i * 4000);
        } else {
            pack_array(pack, 3);
            pack_uint(pack, i * 1000);
            pack_str(pack, "crashed");
            pack_str(pack, i == 1 ? "" : "signal 11 \xe2\x80\x93 on p\xc3\xa4ge");
        }
    }
}

static void put_any(struct message_writer *writer, enum field field)
{
    struct pack *pack = message_put_map(writer, field, 5);

    pack_key_str(pack, "nil", NULL);
    pack_key_double(pack, "share", 0.25);
    pack_key_bool(pack, "yes", true);
    pack_str(pack, "numbers");
    pack_array(pack, 4);
    pack_int(pack, -1);
    pack_int(pack, INT64_MIN);
    pack_uint(pack, UINT64_MAX);
    pack_float(pack, 1.5F);
    pack_str(pack, "bin");
    pack_bin(pack, "\0\1\2", 3);
}

void sample_put(struct message_writer *writer, enum field field, enum sample_kind kind)
{
    const struct field_spec *spec = field_spec(field);

    switch (spec->type) {
    case FIELD_TYPE_UINT:
        message_put_uint(writer, field, kind == SAMPLE_LEAST ? spec->min : spec->max);
        break;
    case FIELD_TYPE_BOOL:
        message_put_bool(writer, field, kind != SAMPLE_LEAST);
        break;
    case FIELD_TYPE_STR:
        message_put_str(writer, field,
                        sample_text(kind == SAMPLE_LEAST ? spec->min
                                    : spec->max < 40     ? spec->max
                                                         : 40));
        break;
    case FIELD_TYPE_STRMAP:
    case FIELD_TYPE_COUNTS:
        put_map(writer, field, kind);
        break;
    case FIELD_TYPE_STRLIST:
    case FIELD_TYPE_UNITS:
    case FIELD_TYPE_FAILURES:
        put_list(writer, field, kind);
        break;
    case FIELD_TYPE_ANY:
        if (kind == SAMPLE_LEAST) {
            message_put_raw(writer, field, "\xc0", 1);
        } else {
            put_any(writer, field);
        }
        break;
    case FIELD_TYPE_COUNT:
        cr_assert_fail("no field has this type");
    }
}

void sample_message(struct buf *out, enum message_type type, enum sample_kind kind, uint32_t id)
{
    const struct message_spec *spec = message_spec(type);
    uint64_t fields = spec->required | (kind == SAMPLE_LEAST ? 0 : spec->optional);
    struct error err = ERROR_INIT;
    struct message_writer writer;

    message_begin(&writer, out, type, id);
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        if (fields & FIELD_BIT(i)) {
            sample_put(&writer, (enum field)i, kind);
        }
    }
    cr_assert_eq(message_end(&writer, &err), 0, "%s: %s", spec->name, err.msg);
}

/* --- records --- */

static struct page_span SPANS[] = {
    {"Chapter ", 8, 0, PAGE_STYLE_BOLD, 17.215F, 0x102030, {72.0F, 71.996F, 140.5F, 90.0F}, 97},
    {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", 8, 1, 0, 9.963F, 0, {-3.25F, 100.01F, 1e-7F, 110.99F}, 0},
    {"", 0, 1, PAGE_STYLE_HIDDEN, 0.0F, 0xffffff, {0.0F, 0.0F, 0.0F, 0.0F}, 0},
};

static struct page_line LINES[] = {
    {.box = {72.0F, 72.0F, 540.0F, 90.0F}, .spans = &SPANS[0], .span_count = 1},
    {.box = {-3.25F, 100.0F, 540.0F, 111.0F},
     .angle_deg = -90,
     .vertical = true,
     .right_to_left = true,
     .hyphenated = true,
     .spans = &SPANS[1],
     .span_count = 2},
    {.box = {1.0F, 2.0F, 3.0F, 4.0F}, .angle_deg = 180},
};

static struct page_cell CELLS[] = {
    {.column_span = 2, .row_span = 1, .header = true, .text = "Tide", .text_bytes = 4},
    {.row = 1, .row_span = 2, .column_span = 1, .text = "high", .text_bytes = 4},
    {.row = 1, .column = 1, .row_span = 1, .column_span = 1, .text = ""},
    {.row = 2, .column = 1, .row_span = 1, .column_span = 1, .text = "4.5 m", .text_bytes = 5},
};

static struct page_table TABLE = {
    .rows = 3, .columns = 2, .ruled = true, .cells = CELLS, .cell_count = ARRAY_LEN(CELLS)};

static struct page_image IMAGES[] = {
    {.role = PAGE_IMAGE_ROLE_CONTENT,
     .key = "0123456789abcdef0123456789abcdef",
     .format = "png",
     .color_space = "cmyk",
     .width_px = 491,
     .height_px = 353,
     .bits = 8,
     .masked = true,
     .file_bytes = 70000,
     .sharpness = 0.25F,
     .contrast = 0.5F,
     .brightness = 0.75F,
     .noise = 0.0001F,
     .quality = 1,
     .perceptual_hash = 0x0123456789abcdef,
     .box = {44.0F, 587.25F, 289.5F, 763.75F},
     .dpi = 143.88F,
     .angle_deg = -90,
     .caption = "Figure 1: the ebb"},
    {.role = PAGE_IMAGE_ROLE_TINY, .format = "", .color_space = "gray"},
};

static struct page_block BLOCKS[] = {
    {.kind = PAGE_BLOCK_HEADING,
     .margin = PAGE_MARGIN_TOP,
     .margin_key = 0xfedcba9876543210,
     .box = {72.0F, 72.0F, 540.0F, 90.0F},
     .lines = &LINES[0],
     .line_count = 1},
    {.kind = PAGE_BLOCK_TEXT,
     .box = {-3.25F, 100.0F, 540.0F, 111.0F},
     .lines = &LINES[1],
     .line_count = 2},
    {.kind = PAGE_BLOCK_IMAGE, .margin = PAGE_MARGIN_BOTTOM, .image = 1},
    {.kind = PAGE_BLOCK_LIST_ITEM, .level = 2, .ocr = true},
    {.kind = PAGE_BLOCK_TABLE, .table = &TABLE},
    {.kind = PAGE_BLOCK_TABLE},
};

static struct page_font FONTS[] = {{"CMBX10", PAGE_STYLE_BOLD | PAGE_STYLE_SERIF}, {"", 0}};

static const char *WARNINGS[] = {"invalid font descriptor", ""};

const struct page_record *sample_page(void)
{
    static const char text[] = "Chapter \n\n\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d\n";
    static const struct page_record page = {
        .number = 17,
        .label = "iv",
        .width_pt = 612.0F,
        .height_pt = 791.968F,
        .rotation_deg = 270,
        .source = "native",
        .ocr_reason = "sparse_text",
        .failure_code = "too_slow",
        .failure_text = "stopped after 10 s",
        .glyph_count = 12,
        .garbled_count = 1,
        .hidden_count = 2,
        .image_count = 3,
        .image_cover = 0.333F,
        .fonts = FONTS,
        .font_count = ARRAY_LEN(FONTS),
        .images = IMAGES,
        .image_record_count = ARRAY_LEN(IMAGES),
        .confidence = 88.5F,
        .ocr_languages = "eng+deu",
        .ocr_dpi = 300,
        .ocr_skew_deg = -90.75F,
        .blocks = BLOCKS,
        .block_count = ARRAY_LEN(BLOCKS),
        .warnings = WARNINGS,
        .warning_count = ARRAY_LEN(WARNINGS),
        .text = text,
        .text_bytes = sizeof(text) - 1,
    };

    return &page;
}

struct page_record sample_page_least(void)
{
    return (struct page_record){.number = 1, .source = "native", .text = ""};
}

const struct survey_record *sample_survey(void)
{
    static struct survey_pair metadata[] = {{"title", "On T\xc3\xad"
                                                      "des"},
                                            {"author", ""}};
    static struct survey_outline outline[] = {{1, 0, "1 Ebb"}, {0, 1, "1.1 nowhere"}};
    static const struct survey_record survey = {
        .sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        .size_bytes = UINT64_C(5000000000),
        .format = "PDF 1.7",
        .page_count = 1158,
        .encrypted = true,
        .metadata = metadata,
        .metadata_count = ARRAY_LEN(metadata),
        .outline = outline,
        .outline_count = ARRAY_LEN(outline),
        .warnings = WARNINGS,
        .warning_count = ARRAY_LEN(WARNINGS),
    };

    return &survey;
}
