/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The whole terminal for one command.
 *
 * Invariant: the terminal's settings from before are put back by terminal_leave, once.
 * Process-wide, as the terminal is. Blocks as the terminal does.
 */
#include "ctl/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/buf.h"
#include "ctl/interrupt.h"
#include "ctl/output.h"
#include "ctl/text.h"

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define FRAME_BYTES_MAX (1U << 20)

static struct termios before;
static bool entered;

int terminal_enter(struct error *err)
{
    struct termios keys;

    if (tcgetattr(STDIN_FILENO, &before) < 0) {
        return error_set_errno(err, errno, "the terminal");
    }
    keys = before;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &keys) < 0) {
        return error_set_errno(err, errno, "the terminal");
    }
    /* To be stopped would leave the shell with our screen. */
    signal(SIGTSTP, SIG_IGN);
    fputs(ENTER, stdout);
    fflush(stdout);
    entered = true;
    return 0;
}

void terminal_leave(void)
{
    if (!entered) {
        return;
    }
    entered = false;
    fputs(LEAVE, stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    signal(SIGTSTP, SIG_DFL);
}

void terminal_draw(const char *text)
{
    unsigned columns = output_columns(stdout);
    unsigned rows = output_rows(stdout);
    struct buf frame;

    buf_init(&frame, FRAME_BYTES_MAX);
    buf_append_str(&frame, "\033[H", NULL);
    for (unsigned row = 0; *text && row + 1 < rows; row++) {
        size_t length = strcspn(text, "\n");

        text_append_line(&frame, text, length, columns, NULL);
        buf_append_str(&frame, "\033[K\n", NULL);
        text += length + (text[length] == '\n');
    }
    buf_append_str(&frame, "\033[J", NULL);
    fwrite(frame.data, 1, frame.size, stdout);
    fflush(stdout);
    buf_deinit(&frame);
}

int terminal_key(uint64_t timeout_ms)
{
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = interrupt_fd(), .events = POLLIN}};
    unsigned char key;
    int ready = poll(fds, 2, (int)timeout_ms);

    if (ready <= 0) {
        return 0;
    }
    if (fds[1].revents) {
        return -1;
    }
    return read(STDIN_FILENO, &key, 1) == 1 ? key : -1;
}
