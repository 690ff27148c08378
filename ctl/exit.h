/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What ebb says to the program that called it. Source: ebb(1), "EXIT STATUS".
 */
#ifndef EBB_CTL_EXIT_H
#define EBB_CTL_EXIT_H

enum ctl_exit {
    CTL_EXIT_OK = 0,
    CTL_EXIT_FAILED = 1,     /* the job or the request failed */
    CTL_EXIT_USAGE = 2,      /* the command line makes no sense */
    CTL_EXIT_NO_DAEMON = 3,  /* none answers, or it went away */
    CTL_EXIT_PAGES = 4,      /* finished, with pages that failed */
    CTL_EXIT_SIGNALLED = 128 /* plus the signal that ended a wait */
};

#endif
