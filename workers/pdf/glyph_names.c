/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Characters by glyph name: what follows the first period is a variant and dropped, parts joined
 * by underscores are a ligature's, and each part is in the list or spells its code. Nothing
 * blocks or logs.
 */
#include "workers/pdf/glyph_names.h"

#include <mupdf/fitz.h>
#include <stdbool.h>
#include <string.h>

#include "common/cleanup.h"

#define PART_BYTES 64

static bool is_scalar(uint32_t c)
{
    return c >= 0x20 && c <= 0x10FFFF && !(c >= 0xD800 && c < 0xE000);
}

/* Upper-case hexadecimal digits, as the specification wants them; false when others are there. */
static bool parse_hex(const char *digits, size_t count, uint32_t *ret_value)
{
    uint32_t value = 0;

    for (size_t i = 0; i < count; i++) {
        char c = digits[i];

        if (c >= '0' && c <= '9') {
            value = value << 4 | (uint32_t)(c - '0');
        } else if (c >= 'A' && c <= 'F') {
            value = value << 4 | (uint32_t)(c - 'A' + 10);
        } else {
            return false;
        }
    }
    *ret_value = value;
    return is_scalar(value);
}

/* TeX names the sizes and pieces of a sign after the sign: "parenleftBigg", "summationdisplay". */
static int sign_of_size(const char *part, size_t length)
{
    static const char *const sizes[] = {"Bigg", "bigg", "Big", "big", "display",
                                        "text", "tp",   "bt",  "ex",  "mid"};
    char sign[PART_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        size_t size_length = strlen(sizes[i]);

        if (length > size_length && strcmp(part + length - size_length, sizes[i]) == 0) {
            memcpy(sign, part, length - size_length);
            sign[length - size_length] = '\0';
            return fz_unicode_from_glyph_name_strict(sign);
        }
    }
    return 0;
}

/* One part of a name; adds to characters. */
static uint32_t part_characters(const char *part, uint32_t *characters, uint32_t room)
{
    size_t length = strlen(part);
    uint32_t count = 0;
    int listed = fz_unicode_from_glyph_name_strict(part);

    if (room == 0) {
        return 0;
    }
    if (listed > 0) {
        characters[0] = (uint32_t)listed;
        return 1;
    }
    if (strncmp(part, "uni", 3) == 0 && length >= 7 && (length - 3) % 4 == 0) {
        for (size_t i = 3; i < length && count < room; i += 4) {
            if (!parse_hex(part + i, 4, &characters[count])) {
                return 0;
            }
            count++;
        }
        return count;
    }
    if (part[0] == 'u' && length >= 5 && length <= 7 &&
        parse_hex(part + 1, length - 1, characters)) {
        return 1;
    }
    listed = sign_of_size(part, length);
    characters[0] = (uint32_t)listed;
    return listed > 0 ? 1 : 0;
}

uint32_t glyph_name_characters(const char *name, uint32_t ret_characters[GLYPH_NAME_CHARACTERS_MAX])
{
    uint32_t count = 0;
    size_t length = strcspn(name, ".");

    if (length == 0) { /* ".notdef" */
        return 0;
    }
    for (size_t start = 0; start < length;) {
        char part[PART_BYTES];
        size_t part_length = strcspn(name + start, "_");
        uint32_t added;

        if (part_length > length - start) {
            part_length = length - start;
        }
        if (part_length >= sizeof(part)) {
            return 0;
        }
        memcpy(part, name + start, part_length);
        part[part_length] = '\0';
        added = part_characters(part, ret_characters + count, GLYPH_NAME_CHARACTERS_MAX - count);
        if (added == 0) {
            return 0;
        }
        count += added;
        start += part_length + 1;
    }
    return count;
}
