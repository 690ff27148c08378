/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Memory samples of every live process and of ebbd itself, what the level of the budget asks for,
 * and the watchdog's sign of life.
 */
#ifndef EBB_SUPERVISOR_SAMPLING_H
#define EBB_SUPERVISOR_SAMPLING_H

struct supervisor;

/* (Re)starts the timer with the interval of the settings. */
void sampling_restart(struct supervisor *supervisor);

#endif
