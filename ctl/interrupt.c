/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The signals by which a person ends ebb, as a signalfd.
 *
 * Invariant: signals and the mask belong to the process, so what is kept here does too. Nothing
 * blocks or logs.
 */
#include "ctl/interrupt.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int signal_fd = -1;
static int first_signal;
static sigset_t original_mask;

int interrupt_open(struct error *err)
{
    sigset_t mask;

    if (signal_fd >= 0) {
        return 0;
    }
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGHUP);
    signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signal_fd < 0) {
        return error_set_errno(err, errno, "making a descriptor for signals");
    }
    sigprocmask(SIG_BLOCK, &mask, &original_mask);
    return 0;
}

int interrupt_fd(void)
{
    return signal_fd;
}

int interrupt_take(void)
{
    struct signalfd_siginfo info;

    if (signal_fd < 0 || read(signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return 0;
    }
    if (first_signal == 0) {
        first_signal = (int)info.ssi_signo;
    }
    return (int)info.ssi_signo;
}

int interrupt_exit_code(void)
{
    return first_signal ? 128 + first_signal : 0;
}

const sigset_t *interrupt_original_mask(void)
{
    if (signal_fd < 0) {
        sigprocmask(SIG_BLOCK, NULL, &original_mask);
    }
    return &original_mask;
}
