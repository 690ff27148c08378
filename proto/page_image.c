/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Images of page records, there and back.
 *
 * Nothing blocks or logs. Source: PROTOCOL.md, "Page records".
 */
#include <string.h>

#include "proto/page_wire.h"

#define SHARE_STEPS 10000.0F /* numbers from 0 to 1 are written in steps of 1/10,000 */
#define BITS_MAX 32U

static const char *const ROLE_NAMES[PAGE_IMAGE_ROLE_COUNT] = {
#define PAGE_IMAGE_ROLE_NAME(symbol, name) name,
    PAGE_IMAGE_ROLE_LIST(PAGE_IMAGE_ROLE_NAME)
#undef PAGE_IMAGE_ROLE_NAME
};

const char *page_image_role_name(enum page_image_role role)
{
    return (unsigned)role < PAGE_IMAGE_ROLE_COUNT ? ROLE_NAMES[role] : "?";
}

/* "" or 32 lower-case hex digits. */
static bool is_key(const char *text)
{
    size_t size_bytes = strlen(text);

    return size_bytes == 0 || (size_bytes == PAGE_IMAGE_KEY_BYTES - 1 &&
                               strspn(text, "0123456789abcdef") == size_bytes);
}

const char *page_image_fault(const struct page_image *image)
{
    if ((unsigned)image->role >= PAGE_IMAGE_ROLE_COUNT || image->bits > BITS_MAX ||
        image->angle_deg < PAGE_WIRE_ANGLE_MIN || image->angle_deg > PAGE_WIRE_ANGLE_MAX) {
        return "an image with a role, depth or angle that does not exist";
    }
    return is_key(image->key) ? NULL : "an image whose key is none";
}

static void put_share(struct pack *pack, float share)
{
    pack_uint(pack, (uint64_t)(page_wire_share(share) * SHARE_STEPS + 0.5F));
}

void page_wire_put_image(struct pack *pack, const struct page_image *image)
{
    pack_array(pack, PAGE_WIRE_IMAGE_FIELDS);
    pack_uint(pack, (uint64_t)image->role);
    pack_str(pack, image->key);
    pack_str_cut(pack, image->format ? image->format : "", PAGE_IMAGE_FORMAT_MAX_BYTES);
    pack_str_cut(pack, image->color_space ? image->color_space : "", PAGE_COLOR_SPACE_MAX_BYTES);
    pack_uint(pack, image->width_px);
    pack_uint(pack, image->height_px);
    pack_uint(pack, image->bits);
    pack_bool(pack, image->masked);
    pack_uint(pack, image->file_bytes);
    put_share(pack, image->sharpness);
    put_share(pack, image->contrast);
    put_share(pack, image->brightness);
    put_share(pack, image->noise);
    put_share(pack, image->quality);
    pack_uint(pack, image->perceptual_hash);
    pack_int(pack, page_wire_hundredths(image->box.x0));
    pack_int(pack, page_wire_hundredths(image->box.y0));
    pack_int(pack, page_wire_hundredths(image->box.x1));
    pack_int(pack, page_wire_hundredths(image->box.y1));
    pack_uint(pack, page_wire_length(image->dpi));
    pack_int(pack, image->angle_deg);
    if (image->caption) {
        pack_str_cut(pack, image->caption, PAGE_CAPTION_MAX_BYTES);
    } else {
        pack_nil(pack);
    }
}

static float take_share(struct record *in)
{
    return (float)record_u32(in, 0, (uint32_t)SHARE_STEPS) / SHARE_STEPS;
}

static void take_key(struct record *in, char *ret_key)
{
    size_t size_bytes;
    const char *text = scan_str(&in->scan, 0, PAGE_IMAGE_KEY_BYTES - 1, &size_bytes);

    if (text) {
        memcpy(ret_key, text, size_bytes); /* the record's memory is zeroed */
    }
}

void page_wire_take_image(struct record *in, struct page_image *ret_image)
{
    struct scan *scan = &in->scan;

    scan_array_of(scan, PAGE_WIRE_IMAGE_FIELDS);
    ret_image->role = (enum page_image_role)record_u32(in, 0, PAGE_IMAGE_ROLE_COUNT - 1);
    take_key(in, ret_image->key);
    ret_image->format = record_text(in, PAGE_IMAGE_FORMAT_MAX_BYTES);
    ret_image->color_space = record_text(in, PAGE_COLOR_SPACE_MAX_BYTES);
    ret_image->width_px = record_u32(in, 0, UINT32_MAX);
    ret_image->height_px = record_u32(in, 0, UINT32_MAX);
    ret_image->bits = (uint8_t)record_u32(in, 0, BITS_MAX);
    ret_image->masked = scan_bool(scan);
    ret_image->file_bytes = scan_uint(scan, 0, UINT64_MAX);
    ret_image->sharpness = take_share(in);
    ret_image->contrast = take_share(in);
    ret_image->brightness = take_share(in);
    ret_image->noise = take_share(in);
    ret_image->quality = take_share(in);
    ret_image->perceptual_hash = scan_uint(scan, 0, UINT64_MAX);
    page_wire_take_box(in, &ret_image->box);
    ret_image->dpi = page_wire_take_length(in);
    ret_image->angle_deg = (int16_t)scan_int(scan, PAGE_WIRE_ANGLE_MIN, PAGE_WIRE_ANGLE_MAX);
    ret_image->caption = record_text_or_nil(in, PAGE_CAPTION_MAX_BYTES);
    if (!scan->fault && page_image_fault(ret_image)) {
        scan_fail(scan, page_image_fault(ret_image));
    }
}
