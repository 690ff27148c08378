/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which languages are installed, and what is said of one that is not. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "workers/languages/languages.h"

static char folder[64];

static void touch(const char *name)
{
    char path[160];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert(fd >= 0);
    close(fd);
}

static void make_folder(void)
{
    char scripts[80];

    strcpy(folder, "/tmp/ebb-test-languages-XXXXXX");
    cr_assert(mkdtemp(folder));
    snprintf(scripts, sizeof(scripts), "%s/script", folder);
    cr_assert(mkdir(scripts, 0700) == 0);
}

static void remove_folder(void)
{
    file_remove_tree(folder, NULL);
}

static struct languages *installed(void)
{
    struct languages *languages = NULL;
    struct error err = ERROR_INIT;

    cr_assert(languages_read(folder, &languages, &err) == 0, "%s", err.msg);
    return languages;
}

static void some(void)
{
    touch("eng.traineddata");
    touch("deu.traineddata");
    touch("chi_sim.traineddata");
    touch("script/Latin.traineddata");
    touch("osd.traineddata");
    touch("equ.traineddata");
    touch("pdf.ttf");
    touch(".traineddata");
}

TestSuite(languages, .init = make_folder, .fini = remove_folder);

Test(languages, lists_models_in_order)
{
    static const char *const names[] = {"chi_sim", "deu", "eng", "script/Latin"};
    struct languages *languages;

    some();
    languages = installed();
    cr_assert(languages_count(languages) == 4);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_str_eq(languages_name(languages, i), names[i]);
    }
    languages_destroy(languages);
}

Test(languages, a_folder_that_is_not_there_has_none)
{
    struct languages *languages = NULL;
    char text[LANGUAGES_TEXT_BYTES];

    cr_assert(languages_read("/nowhere/at/all", &languages, NULL) == 0);
    cr_assert(languages_count(languages) == 0);
    cr_assert(languages_check(languages, "eng", text) < 0);
    cr_assert_str_eq(
        text, "eng is not installed for OCR: apt install tesseract-ocr-eng; none is installed");
    languages_destroy(languages);
}

Test(languages, accepts_what_is_there)
{
    struct languages *languages;
    char text[LANGUAGES_TEXT_BYTES];

    some();
    languages = installed();
    cr_assert(languages_check(languages, "eng", text) == 0);
    cr_assert(languages_check(languages, "eng+deu+chi_sim+script/Latin", text) == 0);
    languages_destroy(languages);
}

Test(languages, names_what_is_missing_and_its_package)
{
    struct languages *languages;
    char text[LANGUAGES_TEXT_BYTES];

    some();
    languages = installed();
    cr_assert(languages_check(languages, "eng+xyz", text) < 0);
    cr_assert_str_eq(text, "xyz is not installed for OCR: apt install tesseract-ocr-xyz; "
                           "installed: chi_sim, deu, eng, script/Latin");
    cr_assert(languages_check(languages, "chi_tra+script/Greek+fra", text) < 0);
    cr_assert_str_eq(text, "chi_tra, script/Greek, fra are not installed for OCR: apt install "
                           "tesseract-ocr-chi-tra tesseract-ocr-fra; installed: chi_sim, deu, eng, "
                           "script/Latin");
    cr_assert(languages_check(languages, "osd", text) < 0, "it is no language");
    languages_destroy(languages);
}

Test(languages, refuses_what_is_no_list)
{
    static const char *const wrong[] = {"",
                                        "+",
                                        "eng+",
                                        "+eng",
                                        "eng deu",
                                        "../eng",
                                        "script/../eng",
                                        "/eng",
                                        "eng/",
                                        "a/b/c",
                                        "an_exceedingly_long_name_that_no_model_ever_had"};
    struct languages *languages;
    char text[LANGUAGES_TEXT_BYTES];

    some();
    languages = installed();
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_assert(languages_check(languages, wrong[i], text) < 0, "%s", wrong[i]);
        cr_assert(strstr(text, "no list of languages"), "%s: %s", wrong[i], text);
    }
    cr_assert(languages_check(languages, "eng+eng+eng+eng+eng+eng+eng+eng+eng", text) < 0);
    cr_assert_str_eq(text, "at most 8 languages can be read at once");
    languages_destroy(languages);
}

Test(languages, cuts_a_long_list)
{
    struct languages *languages;
    char text[LANGUAGES_TEXT_BYTES];
    char name[32];

    for (int i = 0; i < 160; i++) {
        snprintf(name, sizeof(name), "l%03d.traineddata", i);
        touch(name);
    }
    languages = installed();
    cr_assert(languages_check(languages, "eng", text) < 0);
    cr_assert(strlen(text) < sizeof(text));
    cr_assert(strstr(text, "installed: l000, l001, "));
    cr_assert(strstr(text, " more"));
    languages_destroy(languages);
}
