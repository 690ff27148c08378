/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Names of languages. Nothing blocks or logs.
 */
#include "workers/pdf/language_tag.h"

#include <stddef.h>
#include <string.h>

#include "common/cleanup.h"

const char *language_tag(const char *languages)
{
    static const struct {
        const char *model, *tag;
    } tags[] = {
        {"afr", "af"}, {"ara", "ar"},           {"aze", "az"},           {"bel", "be"},
        {"ben", "bn"}, {"bul", "bg"},           {"cat", "ca"},           {"ces", "cs"},
        {"cym", "cy"}, {"dan", "da"},           {"deu", "de"},           {"ell", "el"},
        {"eng", "en"}, {"epo", "eo"},           {"est", "et"},           {"eus", "eu"},
        {"fas", "fa"}, {"fin", "fi"},           {"fra", "fr"},           {"gle", "ga"},
        {"glg", "gl"}, {"guj", "gu"},           {"heb", "he"},           {"hin", "hi"},
        {"hrv", "hr"}, {"hun", "hu"},           {"hye", "hy"},           {"ind", "id"},
        {"isl", "is"}, {"ita", "it"},           {"jpn", "ja"},           {"kan", "kn"},
        {"kat", "ka"}, {"kaz", "kk"},           {"khm", "km"},           {"kor", "ko"},
        {"lat", "la"}, {"lav", "lv"},           {"lit", "lt"},           {"mal", "ml"},
        {"mar", "mr"}, {"mkd", "mk"},           {"mlt", "mt"},           {"msa", "ms"},
        {"nep", "ne"}, {"nld", "nl"},           {"nor", "no"},           {"pan", "pa"},
        {"pol", "pl"}, {"por", "pt"},           {"ron", "ro"},           {"rus", "ru"},
        {"slk", "sk"}, {"slv", "sl"},           {"spa", "es"},           {"sqi", "sq"},
        {"srp", "sr"}, {"swa", "sw"},           {"swe", "sv"},           {"tam", "ta"},
        {"tel", "te"}, {"tha", "th"},           {"tur", "tr"},           {"ukr", "uk"},
        {"urd", "ur"}, {"vie", "vi"},           {"chi_sim", "zh-Hans"},  {"chi_tra", "zh-Hant"},
        {"yid", "yi"}, {"srp_latn", "sr-Latn"}, {"aze_cyrl", "az-Cyrl"}, {"frk", "de-Latf"},
    };
    size_t length = strcspn(languages, "+");

    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        if (strlen(tags[i].model) == length && strncmp(tags[i].model, languages, length) == 0) {
            return tags[i].tag;
        }
    }
    return NULL;
}
