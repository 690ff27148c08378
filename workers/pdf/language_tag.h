/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A language as documents name it (BCP 47), from what Tesseract calls it (ISO 639-2, a script
 * behind some).
 */
#ifndef EBB_WORKERS_PDF_LANGUAGE_TAG_H
#define EBB_WORKERS_PDF_LANGUAGE_TAG_H

/* "en" for "eng+deu": of the first. NULL where no language is known by that name. Static
 * storage. */
const char *language_tag(const char *languages);

#endif
