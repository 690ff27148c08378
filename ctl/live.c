/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Lines that are drawn again in place.
 *
 * Invariants: the cursor stands at the start of the line below the region; one picture is one
 * write, so that it does not flicker; no line wraps. Blocks as the terminal does.
 */
#include "ctl/live.h"

#include <stdarg.h>
#include <string.h>

#include "ctl/output.h"
#include "ctl/text.h"

#define LINE_BYTES 2048
#define CLEAR_TO_LINE_END "\033[K"
#define CLEAR_TO_SCREEN_END "\033[J"

void live_init(struct live *live, FILE *file)
{
    memset(live, 0, sizeof(*live));
    live->file = file;
    buf_init(&live->frame, LIVE_BYTES_MAX);
}

void live_deinit(struct live *live)
{
    buf_deinit(&live->frame);
}

static void go_up(struct live *live)
{
    if (live->drawn > 0) {
        buf_printf(&live->frame, NULL, "\033[%uA", live->drawn);
    }
    live->drawn = 0;
}

static void flush_frame(struct live *live)
{
    fwrite(live->frame.data, 1, live->frame.size, live->file);
    fflush(live->file);
    buf_reset(&live->frame, LIVE_BYTES_MAX);
}

void live_begin(struct live *live)
{
    buf_reset(&live->frame, LIVE_BYTES_MAX);
    go_up(live);
}

static void put_line(struct live *live, const char *text)
{
    /* The last column stays free: some terminals wrap when it is filled. */
    unsigned columns = output_columns(live->file);

    text_append_line(&live->frame, text, strlen(text), columns > 1 ? columns - 1 : 1, NULL);
    buf_append_str(&live->frame, CLEAR_TO_LINE_END "\n", NULL);
}

void live_line(struct live *live, const char *fmt, ...)
{
    char text[LINE_BYTES];
    va_list ap;

    if (live->drawn + 1 >= output_rows(live->file)) {
        return;
    }
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    put_line(live, text);
    live->drawn++;
}

void live_end(struct live *live)
{
    buf_append_str(&live->frame, CLEAR_TO_SCREEN_END, NULL);
    flush_frame(live);
}

void live_clear(struct live *live)
{
    if (live->drawn > 0) {
        live_begin(live);
        live_end(live);
    }
}

void live_print(struct live *live, const char *fmt, ...)
{
    char text[LINE_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    live_begin(live);
    put_line(live, text);
    live_end(live);
}

void live_bar(double share, unsigned width, char *ret_text, size_t size_bytes)
{
    bool blocks = output_is_utf8();
    double bounded = share > 1.0 ? 1.0 : share > 0.0 ? share : 0.0;
    unsigned full = (unsigned)(bounded * width + 0.001);
    size_t used = 0;

    if (size_bytes < (size_t)width * 3 + 3) {
        ret_text[0] = '\0';
        return;
    }
    ret_text[used++] = '[';
    for (unsigned i = 0; i < width; i++) {
        const char *cell =
            i < full ? (blocks ? "\xE2\x96\x88" : "#") : (blocks ? "\xE2\x96\x91" : ".");

        memcpy(ret_text + used, cell, strlen(cell));
        used += strlen(cell);
    }
    ret_text[used++] = ']';
    ret_text[used] = '\0';
}
