/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ctl/export and export_parts: which formats are meant, and images and tables as files.
 */
#include "ctl/export.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/file.h"
#include "ctl/export_parts.h"

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/ebb-export-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    cr_assert_eq(file_remove_tree(folder, NULL), 0);
}

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(file_write_atomic(path_of(name), text, strlen(text), 0600, false, &err), 0, "%s",
                 err.msg);
}

static void holds(const char *name, const char *expected)
{
    struct error err = ERROR_INIT;
    struct buf text;

    buf_init(&text, 65536);
    cr_assert_eq(file_read(path_of(name), 65536, &text, &err), 0, "%s", err.msg);
    cr_assert_eq(buf_append(&text, "", 1, &err), 0);
    cr_assert_str_eq((const char *)text.data, expected);
    buf_deinit(&text);
}

Test(ctl_export, formats_by_name)
{
    struct export_choice choice;
    struct error err = ERROR_INIT;

    cr_assert_eq(export_choose("tables,json", &choice, &err), 0);
    cr_assert_eq(choice.always, EXPORT_BIT(TABLES) | EXPORT_BIT(JSON));
    cr_assert_eq(choice.when_read, 0);
    cr_assert_eq(export_choose("all", &choice, &err), 0);
    cr_assert_eq(choice.always, (1U << EXPORT_FORMAT_COUNT) - 1);
    cr_assert_eq(export_choose(NULL, &choice, &err), 0);
    cr_assert(choice.always & EXPORT_BIT(IMAGES));
    cr_assert(choice.when_read & EXPORT_BIT(PDF));
    cr_assert_not(choice.always & choice.when_read);
}

Test(ctl_export, formats_that_do_not_exist)
{
    static const char *const lists[] = {"", "json,", ",json", "jso", "jsonx", "json,docx", "JSON"};

    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        struct export_choice choice = {.always = 77};
        struct error err = ERROR_INIT;

        cr_assert_eq(export_choose(lists[i], &choice, &err), -1, "%s", lists[i]);
        cr_assert_eq(err.code, ERROR_INVALID);
        cr_assert_eq(choice.always, 77);
    }
}

Test(ctl_export, a_table_as_csv, .init = make_folder, .fini = remove_folder)
{
    put("answer",
        "{\"tables\": [{\"rows\": 3, \"columns\": 2, \"cells\": ["
        "{\"row\": 0, \"column\": 0, \"column_span\": 2, \"text\": \"Tide, \\\"high\\\"\"},"
        "{\"row\": 1, \"column\": 0, \"row_span\": 2, \"text\": \"4.5 m\"},"
        "{\"row\": 1, \"column\": 1, \"text\": \"two\\nlines\"},"
        "{\"row\": 2, \"column\": 1, \"text\": \"\\u00fc\"}]},"
        "{\"rows\": 1, \"columns\": 1, \"cells\": []}]}");
    cr_assert_eq(export_tables(path_of("answer"), folder), CTL_EXIT_OK);
    holds("tables/table-001.csv",
          "\"Tide, \"\"high\"\"\",\r\n4.5 m,\"two\nlines\"\r\n,\xc3\xbc\r\n");
    holds("tables/table-002.csv", "\r\n");
}

Test(ctl_export, no_table_no_folder, .init = make_folder, .fini = remove_folder)
{
    put("answer", "{\"tables\": []}");
    cr_assert_eq(export_tables(path_of("answer"), folder), CTL_EXIT_OK);
    cr_assert_neq(access(path_of("tables"), F_OK), 0);
}

/* Its second cell comes before its first. */
static const char out_of_order[] =
    "{\"tables\": [{\"rows\": 1, \"columns\": 2, \"cells\": [{\"row\": 0, \"column\": 1},"
    "{\"row\": 0, \"column\": 0}]}]}";

Test(ctl_export, answers_that_are_none, .init = make_folder, .fini = remove_folder)
{
    static const char *const answers[] = {
        "", "[]", "{\"tables\": 3}",
        /* no rows; a cell beside the table; cells out of order */
        "{\"tables\": [{\"columns\": 1, \"cells\": []}]}",
        "{\"tables\": [{\"rows\": 1, \"columns\": 1, \"cells\": [{\"row\": 0, \"column\": 1}]}]}",
        out_of_order, "{\"tables\": [{\"rows\": 100000001, \"columns\": 1, \"cells\": []}]}"};

    cr_assert_eq(export_tables(path_of("nowhere"), folder), CTL_EXIT_FAILED);
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        put("answer", answers[i]);
        cr_assert_eq(export_tables(path_of("answer"), folder), CTL_EXIT_FAILED, "%s", answers[i]);
        cr_assert_neq(access(path_of("tables/table-001.csv"), F_OK), 0);
    }
}

Test(ctl_export, images_that_have_files, .init = make_folder, .fini = remove_folder)
{
    char job[256];

    cr_assert_eq(file_mkdirs(path_of("job/images"), 0700, NULL), 0);
    put("job/images/0123.png", "one");
    put("job/images/4567.jpeg", "two");
    put("answer",
        "{\"images\": [{\"role\": \"content\", \"key\": \"0123\", \"format\": \"png\"},"
        "{\"key\": \"\", \"format\": \"\"}, {\"key\": null, \"format\": null},"
        "{\"role\": \"content\", \"repeated\": false, \"key\": \"4567\", \"format\": "
        "\"jpeg\"},{\"role\": \"content\", \"repeated\": true, \"key\": \"89\", \"format\": "
        "\"png\"},{\"role\": \"scan\", \"key\": \"ab\", \"format\": \"png\"}]}");
    snprintf(job, sizeof(job), "%s", path_of("job"));
    cr_assert_eq(export_images(path_of("answer"), job, folder), CTL_EXIT_OK);
    holds("images/0123.png", "one");
    holds("images/4567.jpeg", "two");
}

Test(ctl_export, images_that_lead_elsewhere, .init = make_folder, .fini = remove_folder)
{
    static const char *const keys[] = {"../../etc/passwd", ".hidden", "a/b"};
    char job[256];

    snprintf(job, sizeof(job), "%s", path_of("job"));
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        char answer[256];

        snprintf(answer, sizeof(answer),
                 "{\"images\": [{\"role\": \"content\", \"key\": \"%s\", \"format\": \"png\"}]}",
                 keys[i]);
        put("answer", answer);
        cr_assert_eq(export_images(path_of("answer"), job, folder), CTL_EXIT_FAILED);
    }
}
