/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A command's connection to the daemon it is meant for.
 *
 * Invariants: a private daemon that was started is ended by session_close, on every path; while
 * there is one, signals are interrupts and not deaths. Blocks with the time limits of client.h and
 * daemon.h. Diagnostics: every failure is one line on standard error.
 */
#include "ctl/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "ctl/holder.h"
#include "ctl/interrupt.h"
#include "ctl/output.h"

/* A daemon that only answers: it takes up no job that waits or was interrupted, and keeps no worker
 * ready that nobody needs. */
static const char *const reading_arguments[] = {
    "--set=limits.active_jobs=0",
    "--set=class.pdf.spare=0",
};

#define ADVICE_NO_STATE "name a folder with --state DIR"

/* What to do about a refusal; NULL where its text says all. */
static const char *refusal_advice(const char *code)
{
    static const struct {
        const char *code;
        const char *advice;
    } known[] = {
        {"limit", "try again when it has less to do"},
        {"draining", "it is about to stop; try again when it is back"},
        {"full", "make room on the disk that has its state folder"},
        {"internal", "its log says more"},
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(known[i].code, code) == 0) {
            return known[i].advice;
        }
    }
    return NULL;
}

static enum ctl_exit fail_lost(struct session *session, const struct error *err, const char *what)
{
    struct error why;

    if (!session->daemon) {
        return output_fail(CTL_EXIT_NO_DAEMON, err, "`ebb status` tells whether it is back", "%s",
                           what);
    }
    if (daemon_post_mortem(session->daemon, &why) < 0) {
        why = *err;
    }
    return output_fail(CTL_EXIT_NO_DAEMON, &why,
                       "accepted jobs are kept in the state folder and `ebb run` goes on with them",
                       "%s", what);
}

enum ctl_exit session_fail(struct session *session, const struct error *err, const char *what,
                           const char *of)
{
    char whole[1024];

    snprintf(whole, sizeof(whole), "%s%s%s", what, of ? " " : "", of ? of : "");
    if (err->code == ERROR_CANCELLED) {
        interrupt_take();
        if (interrupt_exit_code()) {
            return (enum ctl_exit)interrupt_exit_code();
        }
    }
    if (client_garbled(session->client)) {
        return output_fail(CTL_EXIT_FAILED, err,
                           "install ebb and ebbd of one version (this is ebb " EBB_VERSION ")",
                           "%s", whole);
    }
    if (client_lost(session->client)) {
        return fail_lost(session, err, whole);
    }
    return output_fail(CTL_EXIT_FAILED, err, refusal_advice(client_refusal(session->client)), "%s",
                       whole);
}

enum ctl_exit session_call(struct session *session, uint64_t timeout_ms, struct reply *ret_reply,
                           const char *what, const char *of)
{
    struct error err = ERROR_INIT;

    if (client_call(session->client, timeout_ms, ret_reply, &err) < 0) {
        return session_fail(session, &err, what, of);
    }
    return CTL_EXIT_OK;
}

static enum ctl_exit fail_locked(const struct session *session, const struct error *err)
{
    const char *state = session->place.state;
    struct holder holder;
    char advice[256];

    if (!holder_find(state, &holder)) {
        return output_fail(CTL_EXIT_NO_DAEMON, err, "name another folder with --state DIR",
                           "state folder %s", state);
    }
    snprintf(advice, sizeof(advice),
             "hand documents to it with `ebb submit%s%s`, or name another folder with --state DIR",
             holder.socket[0] ? " --socket " : "", holder.socket);
    return output_fail(CTL_EXIT_NO_DAEMON, NULL, advice,
                       "state folder %s: another ebbd (process %d) has it in use", state,
                       (int)holder.pid);
}

static enum ctl_exit fail_start(const struct session *session, const struct error *err)
{
    if (err->code == ERROR_CANCELLED && interrupt_take()) {
        return (enum ctl_exit)interrupt_exit_code();
    }
    if (err->code == ERROR_EXISTS) {
        return fail_locked(session, err);
    }
    return output_fail(CTL_EXIT_NO_DAEMON, err, NULL, "starting a private daemon over %s",
                       session->place.state);
}

/* Starts ebbd over place->state and connects to it. */
static enum ctl_exit start_private(struct session *session, const char *socket,
                                   const char *const *arguments, size_t argument_count)
{
    struct daemon_options options = {.state = session->place.state,
                                     .socket = socket,
                                     .arguments = arguments,
                                     .argument_count = argument_count};
    struct error err = ERROR_INIT;

    if (interrupt_open(&err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, NULL, "signals");
    }
    if (daemon_start(&options, &session->daemon, &err) < 0) {
        return fail_start(session, &err);
    }
    if (client_connect(daemon_socket(session->daemon), &session->client, &err) < 0) {
        return session_close(session,
                             output_fail(CTL_EXIT_NO_DAEMON, &err, NULL,
                                         "the private daemon over %s", session->place.state));
    }
    client_set_interrupt(session->client, interrupt_fd());
    return CTL_EXIT_OK;
}

/* What the daemon that answers says about its state folder; "" when it does not say. */
static enum ctl_exit ask_state(struct session *session, char *ret_state, size_t size_bytes)
{
    struct reply reply;
    enum ctl_exit code;

    client_begin(session->client, MESSAGE_STATUS);
    code = session_call(session, CLIENT_TIMEOUT_MS, &reply, "status", NULL);
    if (code == CTL_EXIT_OK) {
        value_str_copy(value_get(reply.data, "state_folder"), ret_state, size_bytes);
        reply_deinit(&reply);
    }
    return code;
}

/* A daemon answers. Is it the one that keeps place->state? Else it is let go. */
static enum ctl_exit check_state(struct session *session)
{
    char state[PLACE_PATH_BYTES] = "";
    enum ctl_exit code = ask_state(session, state, sizeof(state));

    if (code != CTL_EXIT_OK || !place_same_folder(state, session->place.state)) {
        client_destroy(TAKE_PTR(session->client));
    }
    return code;
}

/* The daemon at place->socket, unless a state folder was named with more weight, and it has
 * another. Without one err says why. */
static enum ctl_exit connect_named(struct session *session, struct error *err)
{
    const struct place *place = &session->place;
    enum ctl_exit code = CTL_EXIT_OK;

    if (client_connect(place->socket, &session->client, err) == 0 &&
        place->state_origin > place->socket_origin) {
        code = check_state(session);
        if (code == CTL_EXIT_OK && !session->client) {
            error_set(err, ERROR_NOT_FOUND, "the one at %s has another state folder than %s",
                      place->socket, place->state);
        }
    }
    return code;
}

/* A daemon elsewhere that has place->state in use, such as that of an `ebb run`. */
static enum ctl_exit connect_holder(struct session *session)
{
    struct holder holder;

    if (holder_find(session->place.state, &holder) && holder.socket[0] &&
        client_connect(holder.socket, &session->client, NULL) == 0) {
        return check_state(session);
    }
    return CTL_EXIT_OK;
}

static enum ctl_exit fail_no_daemon(const struct session *session, const struct error *err,
                                    enum session_want want)
{
    const struct place *place = &session->place;

    if (err->code != ERROR_NOT_FOUND) {
        return output_fail(CTL_EXIT_NO_DAEMON, err,
                           err->sys_errno == EACCES
                               ? "become a member of the group that may (`ebb`, under systemd)"
                               : NULL,
                           "no daemon");
    }
    if (want == SESSION_RUNNING) {
        return output_fail(CTL_EXIT_NO_DAEMON, err,
                           "start ebbd, or process documents without one: `ebb run FILE`",
                           "no daemon");
    }
    if (place->socket_origin > place->state_origin) {
        return output_fail(CTL_EXIT_NO_DAEMON, err,
                           "start ebbd, or name a state folder to look into with --state DIR",
                           "no daemon");
    }
    if (!place->state[0]) {
        return output_fail(CTL_EXIT_NO_DAEMON, &place->state_problem, ADVICE_NO_STATE,
                           "no daemon and no state folder");
    }
    return output_fail(
        CTL_EXIT_NO_DAEMON, NULL,
        "process a document with `ebb run FILE`, or name another folder with --state",
        "no daemon at %s and no documents in %s", place->socket, place->state);
}

/* What a private daemon is for, when it comes to that: its arguments; NULL: no private one. */
struct private_daemon {
    const char *const *arguments;
    size_t argument_count;
};

static enum ctl_exit open_any(struct session *ret_session, const struct common_values *values,
                              enum session_want want, const struct private_daemon *private_daemon)
{
    struct session session;
    const struct place *place = &session.place;
    struct error err = ERROR_INIT;
    enum ctl_exit code;
    bool by_state;

    memset(&session, 0, sizeof(session));
    if (place_find(values->socket, values->state, &session.place, &err) < 0) {
        return output_fail(CTL_EXIT_USAGE, &err, NULL, "the command line");
    }
    /* A socket that was named is the one that is meant, unless a folder was, too. */
    by_state = place->state[0] && (place->socket_origin == PLACE_DEFAULT ||
                                   place->state_origin >= place->socket_origin);
    code = connect_named(&session, &err);
    if (code == CTL_EXIT_OK && !session.client && by_state) {
        code = connect_holder(&session);
    }
    if (code == CTL_EXIT_OK && !session.client) {
        code = want == SESSION_EITHER && by_state && place_has_state(place)
                   ? start_private(&session, NULL, private_daemon->arguments,
                                   private_daemon->argument_count)
                   : fail_no_daemon(&session, &err, want);
    }
    if (code == CTL_EXIT_OK) {
        *ret_session = session;
    }
    return code;
}

enum ctl_exit session_open(struct session *ret_session, const struct common_values *values,
                           enum session_want want)
{
    static const struct private_daemon reading = {reading_arguments, ARRAY_LEN(reading_arguments)};

    return open_any(ret_session, values, want, &reading);
}

enum ctl_exit session_open_working(struct session *ret_session, const struct common_values *values,
                                   const char *const *arguments, size_t argument_count)
{
    const struct private_daemon working = {arguments, argument_count};

    return open_any(ret_session, values, SESSION_EITHER, &working);
}

enum ctl_exit session_open_private(struct session *ret_session, const struct common_values *values,
                                   const char *const *arguments, size_t argument_count)
{
    struct session session;
    struct error err = ERROR_INIT;
    enum ctl_exit code;

    memset(&session, 0, sizeof(session));
    if (place_find(values->socket, values->state, &session.place, &err) < 0) {
        return output_fail(CTL_EXIT_USAGE, &err, NULL, "the command line");
    }
    if (place_make_state(&session.place, &err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, ADVICE_NO_STATE, "the state folder");
    }
    code = start_private(&session, values->socket, arguments, argument_count);
    if (code == CTL_EXIT_OK) {
        *ret_session = session;
    }
    return code;
}

enum ctl_exit session_state_folder(struct session *session, char *ret_path, size_t size_bytes)
{
    enum ctl_exit code;

    ret_path[0] = '\0';
    code = ask_state(session, ret_path, size_bytes);
    if (code == CTL_EXIT_OK && !ret_path[0]) {
        code = output_fail(CTL_EXIT_FAILED, NULL, NULL,
                           "the daemon does not say where its state folder is");
    }
    return code;
}

enum ctl_exit session_close(struct session *session, enum ctl_exit code)
{
    struct error err = ERROR_INIT;

    client_destroy(TAKE_PTR(session->client));
    if (daemon_stop(TAKE_PTR(session->daemon), DAEMON_GRACE_MS, &err) < 0) {
        output_fail(CTL_EXIT_FAILED, &err, NULL, "stopping the private daemon");
        return code == CTL_EXIT_OK ? CTL_EXIT_FAILED : code;
    }
    return code;
}

void session_example_options(const struct session *session, char *ret_text, size_t size_bytes)
{
    const struct place *place = &session->place;

    ret_text[0] = '\0';
    if (session->daemon &&
        (place->state_origin != PLACE_DEFAULT || access(place->socket, F_OK) == 0)) {
        snprintf(ret_text, size_bytes, " --state %s", place->state);
    } else if (!session->daemon && place->socket_origin == PLACE_COMMAND_LINE) {
        snprintf(ret_text, size_bytes, " --socket %s", place->socket);
    }
}
