/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * UTF-8 as RFC 3629 has it (no overlong forms, no surrogates, nothing past U+10FFFF), and without
 * NUL. Every STR of ebb's msgpack is that; the packer sees to it and the scanner insists on it.
 */
#ifndef EBB_PROTO_UTF8_H
#define EBB_PROTO_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_valid(const void *text, size_t size_bytes);
/* Copies text with every byte that is not part of a character replaced by U+FFFD, and stops
 * before the character that would not fit in max_bytes. Returns the bytes written, not
 * terminated. ret_text: NULL to count only. */
size_t utf8_clean(const void *text, size_t size_bytes, void *ret_text, size_t max_bytes);

#endif
