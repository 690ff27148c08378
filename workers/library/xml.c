/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * XML: characters that it allows (section 2.2), escapes, numbers. Nothing blocks or logs.
 */
#include "workers/library/xml.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "workers/library/chars.h"

#define XML_PRINTF_BYTES 512

void xml_init(struct xml *xml, struct buf *out)
{
    *xml = (struct xml){.out = out, .err = ERROR_INIT};
}

int xml_finish(const struct xml *xml, struct error *err)
{
    if (xml->failed && err) {
        *err = xml->err;
    }
    return xml->failed ? -1 : 0;
}

static void put(struct xml *xml, const char *text, size_t size_bytes)
{
    if (!xml->failed && buf_append(xml->out, text, size_bytes, &xml->err) < 0) {
        xml->failed = true;
    }
}

void xml_put(struct xml *xml, const char *markup)
{
    put(xml, markup, strlen(markup));
}

void xml_printf(struct xml *xml, const char *fmt, ...)
{
    char text[XML_PRINTF_BYTES];
    va_list args;
    int length;

    va_start(args, fmt);
    length = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof text) {
        xml->failed = true;
        error_set(&xml->err, ERROR_LIMIT, "a piece of markup is too long");
        return;
    }
    put(xml, text, (size_t)length);
}

/* What stands for the character; NULL for itself, "" for nothing. */
static const char *instead(uint32_t character)
{
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
    case '\n':
    case '\r':
        return " ";
    case 0xFFFE:
    case 0xFFFF:
        return "";
    default:
        return character < 0x20 ? "" : NULL;
    }
}

void xml_text(struct xml *xml, const char *text, size_t size_bytes)
{
    size_t start = 0;
    size_t at = 0;

    while (at < size_bytes) {
        size_t used;
        uint32_t character = chars_decode(text + at, size_bytes - at, &used);
        const char *other = instead(character);

        if (!other && character == CHARS_REPLACEMENT && used == 1) {
            other = "\xEF\xBF\xBD"; /* it was no UTF-8 */
        }
        if (other) {
            put(xml, text + start, at - start);
            xml_put(xml, other);
            start = at + used;
        }
        at += used;
    }
    if (size_bytes > start) {
        put(xml, text + start, size_bytes - start);
    }
}

/* As emit_hundredths: printf would take most of the time. */
static void put_number(struct xml *xml, double value)
{
    char text[32];
    char *end = text + sizeof text;
    char *start = end;
    bool sane = isfinite(value) && fabs(value) <= 1e12;
    uint64_t hundredths = sane ? (uint64_t)llround(fabs(value) * 100.0) : 0;
    uint64_t whole = hundredths / 100;

    if (hundredths % 10 > 0) {
        *--start = (char)('0' + hundredths % 10);
    }
    if (hundredths % 100 > 0) {
        *--start = (char)('0' + hundredths / 10 % 10);
        *--start = '.';
    }
    do {
        *--start = (char)('0' + whole % 10);
        whole /= 10;
    } while (whole > 0);
    if (value < 0 && hundredths > 0) {
        *--start = '-';
    }
    put(xml, start, (size_t)(end - start));
}

void xml_number(struct xml *xml, const char *name, double value)
{
    put(xml, " ", 1);
    xml_put(xml, name);
    put(xml, "=\"", 2);
    put_number(xml, value);
    put(xml, "\"", 1);
}

void xml_attribute(struct xml *xml, const char *name, const char *text)
{
    put(xml, " ", 1);
    xml_put(xml, name);
    put(xml, "=\"", 2);
    xml_text(xml, text, strlen(text));
    put(xml, "\"", 1);
}
