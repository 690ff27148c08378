/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/images: files named by their content, PNGs written row by row, headers read.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hash.h"
#include "workers/images/image_file.h"
#include "workers/images/jp2.h"
#include "workers/images/jpeg_header.h"
#include "workers/images/png_writer.h"

static char folder[64];

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/ebb-test-images-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void teardown(void)
{
    cr_assert_eq(file_remove_tree(folder, NULL), 0);
}

TestSuite(images_file, .init = setup, .fini = teardown);

/* How many files the folder of images holds, temporary ones included. */
static int count_files(void)
{
    char path[128];
    DIR *dir;
    int count = 0;

    snprintf(path, sizeof(path), "%s/images", folder);
    dir = opendir(path);
    if (!dir) {
        return 0;
    }
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(dir);
    return count;
}

static struct image_file_options options(uint64_t max_bytes)
{
    return (struct image_file_options){.folder = folder, .max_bytes = max_bytes};
}

static void path_of(const struct image_file_name *name, const char *format, char *path)
{
    snprintf(path, 160, "%s/images/%s.%s", folder, name->key, format);
}

Test(images_file, named_by_content)
{
    struct image_file_options to = options(100);
    struct image_file_name stored, streamed;
    struct error err = ERROR_INIT;
    struct image_file *file = image_file_create(&to, &err);
    char sha256[HASH_SHA256_HEX_BYTES];
    char path[160];
    uint64_t bytes;

    cr_assert_not_null(file, "%s", err.msg);
    cr_assert_eq(image_file_append(file, "some", 4, &err), 0);
    cr_assert_eq(image_file_append(file, " bytes", 6, &err), 0);
    cr_assert_eq(image_file_commit(file, "png", &streamed, &err), 0);
    cr_assert_eq(streamed.bytes, 10);
    path_of(&streamed, "png", path);
    cr_assert_eq(hash_sha256_file(path, sha256, &bytes, &err), 0, "%s", err.msg);
    cr_assert_eq(bytes, 10);
    cr_assert_eq(strncmp(sha256, streamed.key, 32), 0);
    cr_assert_eq(strlen(streamed.key), 32);
    cr_assert_eq(image_file_store(&to, "some bytes", 10, "png", &stored, &err), 0);
    cr_assert_str_eq(stored.key, streamed.key);
    cr_assert_eq(count_files(), 1);
}

Test(images_file, not_written_twice)
{
    struct image_file_options to = options(100);
    struct image_file_name name;
    struct stat before, after;
    char path[160];

    cr_assert_eq(image_file_store(&to, "abc", 3, "jpeg", &name, NULL), 0);
    path_of(&name, "jpeg", path);
    cr_assert_eq(stat(path, &before), 0);
    cr_assert_eq(image_file_store(&to, "abc", 3, "jpeg", &name, NULL), 0);
    for (int i = 0; i < 2; i++) {
        struct image_file *file = image_file_create(&to, NULL);

        cr_assert_eq(image_file_append(file, "abc", 3, NULL), 0);
        cr_assert_eq(image_file_commit(file, "jpeg", &name, NULL), 0);
    }
    cr_assert_eq(stat(path, &after), 0);
    cr_assert_eq(before.st_ino, after.st_ino);
    cr_assert_eq(count_files(), 1);
}

Test(images_file, bounds_and_discarding)
{
    struct image_file_options to = options(5);
    struct image_file_name name;
    struct error err = ERROR_INIT;
    struct image_file *file = image_file_create(&to, &err);

    cr_assert_eq(image_file_store(&to, "123456", 6, "png", &name, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(image_file_append(file, "12345", 5, &err), 0);
    cr_assert_eq(image_file_append(file, "6", 1, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    image_file_discard(file);
    cr_assert_eq(count_files(), 0);
}

Test(images_file, keys_without_a_folder)
{
    struct image_file_options nowhere = {.folder = NULL, .max_bytes = 100};
    struct image_file_options to = options(100);
    struct image_file_name a, b;

    cr_assert_eq(image_file_store(&nowhere, "abc", 3, "png", &a, NULL), 0);
    cr_assert_eq(image_file_store(&to, "abc", 3, "png", &b, NULL), 0);
    cr_assert_str_eq(a.key, b.key);
}

Test(images_file, what_the_file_system_refuses)
{
    struct image_file_options to = {.folder = "/proc/ebb-no-such-folder", .max_bytes = 100};
    struct image_file_name name;
    struct error err = ERROR_INIT;

    cr_assert_eq(image_file_store(&to, "abc", 3, "png", &name, &err), -1);
    cr_assert_neq(err.code, ERROR_NONE);
    cr_assert_neq(err.code, ERROR_LIMIT);
}

/* --- PNG --- */

static uint32_t get32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static void write_png(const struct png_format *format, const uint8_t *rows, size_t row_bytes,
                      struct buf *ret_data)
{
    struct image_file_options to = options(1 << 20);
    struct error err = ERROR_INIT;
    struct image_file *file = image_file_create(&to, &err);
    struct png_writer *writer = png_writer_create(file, format, &err);
    struct image_file_name name;
    char path[160];

    cr_assert_not_null(writer, "%s", err.msg);
    for (uint32_t y = 0; y < format->height; y++) {
        cr_assert_eq(png_writer_row(writer, rows + y * row_bytes, &err), 0, "%s", err.msg);
    }
    cr_assert_eq(png_writer_finish(writer, &err), 0, "%s", err.msg);
    cr_assert_eq(image_file_commit(file, "png", &name, &err), 0, "%s", err.msg);
    path_of(&name, "png", path);
    cr_assert_eq(file_read(path, 1 << 20, ret_data, &err), 0, "%s", err.msg);
    cr_assert_eq(ret_data->size, name.bytes);
}

Test(images_file, pngs_of_each_kind)
{
    static const uint8_t palette[6] = {255, 0, 0, 0, 0, 255};
    static const struct {
        struct png_format format;
        uint8_t color_type;
    } kinds[] = {
        {{.width = 8, .height = 2, .bits = 1, .components = 1}, 0},
        {{.width = 1, .height = 2, .bits = 8, .components = 1}, 0},
        {{.width = 1, .height = 2, .bits = 8, .components = 3, .dpi = 300}, 2},
        {{.width = 8,
          .height = 2,
          .bits = 1,
          .components = 1,
          .palette_count = 2,
          .palette = palette},
         3},
        {{.width = 1, .height = 2, .bits = 8, .components = 1, .alpha = true}, 4},
        {{.width = 1, .height = 2, .bits = 8, .components = 3, .alpha = true}, 6},
    };
    static const uint8_t rows[8] = {0xA5, 2, 3, 4, 5, 6, 7, 8};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        struct buf data;

        buf_init(&data, 1 << 20);
        write_png(&kinds[i].format, rows, 4, &data);
        cr_assert_eq(memcmp(data.data, "\x89PNG\r\n\x1a\n", 8), 0);
        cr_assert_eq(get32(data.data + 16), kinds[i].format.width);
        cr_assert_eq(get32(data.data + 20), 2);
        cr_assert_eq(data.data[24], kinds[i].format.bits);
        cr_assert_eq(data.data[25], kinds[i].color_type);
        cr_assert_eq(memcmp(data.data + data.size - 8, "IEND", 4), 0);
        buf_deinit(&data);
    }
}

Test(images_file, a_png_past_its_bound)
{
    struct image_file_options to = options(64);
    struct png_format format = {.width = 2000, .height = 100, .bits = 8, .components = 3};
    struct error err = ERROR_INIT;
    struct image_file *file = image_file_create(&to, &err);
    struct png_writer *writer = png_writer_create(file, &format, &err);
    uint8_t row[6000];
    int status = 0;

    cr_assert_not_null(writer);
    for (uint32_t y = 0; y < 100 && status == 0; y++) {
        for (uint32_t x = 0; x < sizeof(row); x++) {
            row[x] = (uint8_t)((x * 2654435761U + y * 40503U) >> 7);
        }
        status = png_writer_row(writer, row, &err);
    }
    cr_assert_eq(status, -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    png_writer_discard(writer);
    image_file_discard(file);
    cr_assert_eq(count_files(), 0);
}

/* --- headers --- */

#define JPEG_START "\xFF\xD8\xFF\xE0\0\x04JF"
#define SOF(n) "\xFF" n "\0\x11\x08\x01\x02\x03\x04\x03\x01\x22\0\x02\x11\x01\x03\x11\x01"

Test(images_header, jpeg)
{
    static const char baseline[] = JPEG_START SOF("\xC0");
    static const char progressive[] = JPEG_START "\xFF\xFF" SOF("\xC2");
    static const char adobe[] = "\xFF\xD8\xFF\xEE\0\x0E"
                                "Adobe"
                                "\0\x64\0\0\0\0\0" SOF("\xC0");
    struct jpeg_header header;

    cr_assert(jpeg_header_read((const uint8_t *)baseline, sizeof(baseline) - 1, &header));
    cr_assert_eq(header.width, 0x304);
    cr_assert_eq(header.height, 0x102);
    cr_assert_eq(header.components, 3);
    cr_assert_eq(header.bits, 8);
    cr_assert_not(header.progressive);
    cr_assert(jpeg_header_is_common(&header));
    cr_assert_eq(jpeg_header_decode_bytes(&header), 0);
    cr_assert(jpeg_header_read((const uint8_t *)progressive, sizeof(progressive) - 1, &header));
    cr_assert(header.progressive);
    cr_assert(jpeg_header_is_common(&header));
    cr_assert_eq(jpeg_header_decode_bytes(&header), 0x304 * 0x102 * 6);
    cr_assert(jpeg_header_read((const uint8_t *)adobe, sizeof(adobe) - 1, &header));
    cr_assert(header.has_adobe);
    cr_assert_eq(header.adobe_transform, 0);
}

Test(images_header, jpegs_that_are_none)
{
    static const char start[] = JPEG_START SOF("\xC0");
    static const char scan_first[] = JPEG_START "\xFF\xDA\0\x08\x01\x01\0\0\x3F\0";
    static const char arithmetic[] = JPEG_START SOF("\xC9");
    struct jpeg_header header;

    for (size_t bytes = 0; bytes < sizeof(start) - 1; bytes++) {
        uint8_t *data = malloc(bytes + 1); /* so that reading past the end is seen */

        memcpy(data, start, bytes);
        cr_assert_not(jpeg_header_read(data, bytes, &header), "%zu bytes", bytes);
        free(data);
    }
    cr_assert_not(jpeg_header_read((const uint8_t *)scan_first, sizeof(scan_first) - 1, &header));
    cr_assert_not(jpeg_header_read((const uint8_t *)"GIF89a..........", 16, &header));
    cr_assert(jpeg_header_read((const uint8_t *)arithmetic, sizeof(arithmetic) - 1, &header));
    cr_assert_not(jpeg_header_is_common(&header));
}

#define CODESTREAM                                                                                 \
    "\xFF\x4F\xFF\x51\0\x2F\0\0\0\0\x02\x0A\0\0\x01\x05\0\0\0\x0A\0\0\0\x05"                       \
    "\0\0\x02\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\x03\x07\x01\x01"

Test(images_header, jpeg_2000)
{
    static const char bare[] = CODESTREAM;
    static const char file[] = "\0\0\0\x0CjP  \r\n\x87\n"
                               "\0\0\0\x14"
                               "ftypjp2 \0\0\0\0jp2 "
                               "\0\0\0\x17"
                               "jp2h"
                               "\0\0\0\x0F"
                               "colr\x01\0\0\0\0\0\x10"
                               "\0\0\0\0jp2c" CODESTREAM;
    struct jp2_header header;

    cr_assert(jp2_header_read((const uint8_t *)bare, sizeof(bare) - 1, &header));
    cr_assert_eq(header.width, 512);
    cr_assert_eq(header.height, 256);
    cr_assert_eq(header.components, 3);
    cr_assert_eq(header.bits, 8);
    cr_assert_not(header.is_file);
    cr_assert_not(jp2_header_is_common(&header));
    cr_assert(jp2_header_read((const uint8_t *)file, sizeof(file) - 1, &header));
    cr_assert(header.is_file);
    cr_assert_eq(header.color_space, 16);
    cr_assert_eq(header.width, 512);
    cr_assert(jp2_header_is_common(&header));
    for (size_t bytes = 0; bytes < sizeof(file) - 1; bytes++) {
        uint8_t *data = malloc(bytes + 1);

        memcpy(data, file, bytes);
        cr_assert_not(jp2_header_read(data, bytes, &header), "%zu bytes", bytes);
        free(data);
    }
}
