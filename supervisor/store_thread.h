/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The thread that owns state.db: takes operations in, does them, hands their answers back to the
 * loop. For store*.c only.
 */
#ifndef EBB_SUPERVISOR_STORE_THREAD_H
#define EBB_SUPERVISOR_STORE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "supervisor/store.h"
#include "supervisor/store_op.h"

struct store_thread;

/* Opens the database and the folders on the calling thread (so that errors are the caller's), then
 * starts. wake(user) is called on the thread whenever there is something to fetch. options:
 * borrowed. */
int store_thread_start(const struct store_options *options, void (*wake)(void *user), void *user,
                       struct store_thread **ret_thread, struct error *err);
/* Ends when everything is written, after 5 s at the latest; joins and closes the database. What
 * was not fetched can still be. */
void store_thread_stop(struct store_thread *thread);
/* After store_thread_stop. NULL is a no-op. */
void store_thread_destroy(struct store_thread *thread);

/* Hands operations over; the list is empty afterwards. They are done in their order, reads behind
 * the writes that came with them. */
void store_thread_submit(struct store_thread *thread, struct store_op_list *ops);

struct store_health {
    bool healthy;
    unsigned changes;               /* how often it turned, or said why anew */
    char text[ERROR_MESSAGE_BYTES]; /* why not */
};
/* Answered operations since the last call (the caller destroys them), and the health as it is. */
void store_thread_fetch(struct store_thread *thread, struct store_op_list *ret_done,
                        struct store_health *ret_health);

/* As of the last transaction. */
void store_thread_counts(struct store_thread *thread, struct store_counts *ret_counts);
/* Operations that are not done yet: all, and the metrics among them. */
void store_thread_queued(struct store_thread *thread, uint64_t *ret_all, uint64_t *ret_metrics);
uint64_t store_thread_last_sequence(const struct store_thread *thread);

#endif
