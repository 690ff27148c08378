/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A command's connection to the daemon it is meant for: the one that runs or, where that will do, a
 * private one. Failures are reported here, with what to do about them, and come back as exit codes.
 */
#ifndef EBB_CTL_SESSION_H
#define EBB_CTL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/daemon.h"
#include "ctl/exit.h"
#include "ctl/place.h"

struct session {
    struct place place;
    struct client *client;
    struct daemon *daemon; /* NULL unless it is private */
};

enum session_want {
    SESSION_RUNNING, /* only a daemon that runs already */
    SESSION_EITHER,  /* else a private one over the state folder, which must exist, for the request
                      */
};

/* CTL_EXIT_OK and a session that session_close must end, or the code to end with. */
enum ctl_exit session_open(struct session *ret_session, const struct common_values *values,
                           enum session_want want);
/* A private daemon that works: over the state folder, made when it is not there. arguments: more of
 * ebbd's. values->socket, when given, is where it listens. Signals are interrupts from then on. */
enum ctl_exit session_open_private(struct session *ret_session, const struct common_values *values,
                                   const char *const *arguments, size_t argument_count);
/* As session_open with SESSION_EITHER, but a private daemon works: the jobs that it finds, too.
 * arguments: more of its command line. */
enum ctl_exit session_open_working(struct session *ret_session, const struct common_values *values,
                                   const char *const *arguments, size_t argument_count);
/* Stops a private daemon and says when that went wrong: its code then, else code. */
enum ctl_exit session_close(struct session *session, enum ctl_exit code);

/* Sends what was begun on session->client and takes its reply. what and of ("job", its id; of may
 * be NULL) begin the sentence when it fails. */
enum ctl_exit session_call(struct session *session, uint64_t timeout_ms, struct reply *ret_reply,
                           const char *what, const char *of);
/* Reports a failure of the client, with advice: for who calls the client himself. */
enum ctl_exit session_fail(struct session *session, const struct error *err, const char *what,
                           const char *of);

/* Where the daemon keeps its state, as it says itself. */
enum ctl_exit session_state_folder(struct session *session, char *ret_path, size_t size_bytes);

/* Options of ebb that name paths, as they go on to another ebb in an example: " --state DIR" or
 * "". */
void session_example_options(const struct session *session, char *ret_text, size_t size_bytes);

#endif
