/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which languages the OCR engine has models for, and what to say about one that it has none for.
 *
 * A language is named as Tesseract names its model ("eng", "chi_sim", "script/Latin"); several are
 * joined by '+', the most important first.
 */
#ifndef EBB_WORKERS_LANGUAGES_LANGUAGES_H
#define EBB_WORKERS_LANGUAGES_LANGUAGES_H

#include <stddef.h>

#include "common/error.h"

#define LANGUAGES_DEFAULT "eng"
#define LANGUAGES_MAX 8          /* in one list: each costs time and memory on every page */
#define LANGUAGES_TEXT_BYTES 480 /* what languages_check says */

struct languages;

/* The folder of models: setting where it is not "", else where Debian's packages put them. */
const char *languages_folder(const char *setting);

/* The models in folder and in folder/script, without the two that are no languages. A folder that
 * is not there has none. ERROR_SYSTEM, ERROR_MEMORY; on failure ret_languages is untouched. */
int languages_read(const char *folder, struct languages **ret_languages, struct error *err);
void languages_destroy(struct languages *languages); /* NULL is a no-op */

/* How many there are, and the name of one of them, in alphabetical order. Owns: languages. */
size_t languages_count(const struct languages *languages);
const char *languages_name(const struct languages *languages, size_t index);

/* 0 when all of wanted ("eng+deu") are there. Else -1, and ret_text says to people what is wrong,
 * what is installed and which Debian package to install. */
int languages_check(const struct languages *languages, const char *wanted,
                    char ret_text[LANGUAGES_TEXT_BYTES]);

#endif
