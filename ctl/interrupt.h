/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The signals by which a person ends ebb (SIGINT, SIGTERM, SIGHUP), as a descriptor. Only commands
 * that have something to put in order first (a private daemon, a changed terminal) open it;
 * elsewhere the signals kill, as they should.
 */
#ifndef EBB_CTL_INTERRUPT_H
#define EBB_CTL_INTERRUPT_H

#include <signal.h>

#include "common/error.h"

/* Blocks the signals; from then on interrupt_fd is readable when one has come. Again: no-op. */
int interrupt_open(struct error *err);
/* -1 before interrupt_open. */
int interrupt_fd(void);
/* Takes one signal that has come; 0 when none has. Remembers the first for interrupt_exit_code. */
int interrupt_take(void);
/* 128 plus the first signal that was taken, as a shell would say; 0 when none was. */
int interrupt_exit_code(void);
/* The mask from before interrupt_open, for a child. */
const sigset_t *interrupt_original_mask(void);

#endif
