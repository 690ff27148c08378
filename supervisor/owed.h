/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Vectors that are owed: chunks that an endpoint which was down, slow or mad left without one are
 * embedded when it is back, and nobody has to ask for it. Owed is what has no vector of any model
 * and is of a document that wants one: to embed a library again because another model was set is
 * for its owner to ask for, who pays for it (ebb reembed).
 *
 * A count of such chunks in what a worker says begins it, and so does each start of ebbd. The
 * library is asked what is owed; while something does, a job of kind reembed is submitted,
 * and its end begins the next round, later each time (settings [embedding]).
 */
#ifndef EBB_SUPERVISOR_OWED_H
#define EBB_SUPERVISOR_OWED_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* What a worker counts in DONE: chunks of its unit, of the library, that have no vector. */
#define OWED_COUNT "chunks_without_vector"

struct supervisor;
struct job;
struct query;

enum owed_state {
    OWED_NOTHING,   /* as far as is known */
    OWED_WAITING,   /* for the next round */
    OWED_ASKING,    /* the library, or for a job */
    OWED_EMBEDDING, /* a job of kind reembed has not ended */
};

struct owed {
    enum owed_state state;
    bool known;          /* something lacks a vector: an alert says so */
    uint64_t delay_ms;   /* before the next round */
    struct query *query; /* while the library is asked */
    uv_timer_t timer;    /* of the next round */
};

/* After start: something may be owed from before. */
void owed_start(struct supervisor *supervisor);
/* What was wrong may have been set right: it is looked soon. */
void owed_look(struct supervisor *supervisor);
/* Nothing is asked any more. */
void owed_stop(struct supervisor *supervisor);
/* Something may be owed. */
void owed_doubt(struct supervisor *supervisor);
/* So many chunks were left without a vector; 0 is none. */
void owed_note(struct supervisor *supervisor, uint64_t chunks);
/* A job of either kind has ended. */
void owed_job_ended(struct supervisor *supervisor, const struct job *job);

#endif
