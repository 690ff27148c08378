/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Operations of the store: allocation, copies of what they point to, lists. Nothing blocks,
 * nothing is logged.
 */
#include "supervisor/store_op.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "proto/frame.h"
#include "supervisor/store_summary.h"

/* A reply travels in a frame, with a few bytes around it. */
#define REPLY_MAX_BYTES (FRAME_BODY_MAX_BYTES - 1024)

static const struct {
    size_t args_bytes;
    enum store_op_class class;
} kinds[] = {
#define KIND_ROW(symbol, args, class) [STORE_OP_##symbol] = {sizeof(args), STORE_OP_CLASS_##class},
    STORE_OP_LIST(KIND_ROW)
#undef KIND_ROW
};

enum store_op_class store_op_class(enum store_op_kind kind)
{
    return kinds[kind].class;
}

struct store_op *store_op_create(enum store_op_kind kind, size_t texts_bytes, bool answered)
{
    size_t args_bytes = kinds[kind].args_bytes;
    struct store_op *op = calloc(1, sizeof(*op) + args_bytes + texts_bytes);

    if (!op) {
        return NULL;
    }
    op->kind = kind;
    op->used_bytes = (uint32_t)args_bytes;
    if (answered) {
        op->answer = calloc(1, sizeof(*op->answer));
        if (!op->answer) {
            free(op);
            return NULL;
        }
        buf_init(&op->answer->reply, REPLY_MAX_BYTES);
    }
    return op;
}

void store_op_destroy(struct store_op *op)
{
    if (!op) {
        return;
    }
    if (op->kind == STORE_OP_READ_MEMORY) {
        store_summary_destroy(STORE_ARGS(op, read_memory)->summary);
    }
    if (op->answer) {
        store_answer_reset(op->answer);
        buf_deinit(&op->answer->reply);
        free(op->answer);
    }
    free(op);
}

size_t store_op_text_bytes(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

const uint8_t *store_op_data(struct store_op *op, const void *data, size_t size_bytes)
{
    unsigned char *copy = op->args + op->used_bytes;

    if (!data) {
        return NULL;
    }
    memcpy(copy, data, size_bytes);
    op->used_bytes += (uint32_t)size_bytes;
    return copy;
}

const char *store_op_text(struct store_op *op, const char *text)
{
    return (const char *)store_op_data(op, text, store_op_text_bytes(text));
}

void store_jobs_free(struct store_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(jobs[i].name);
        free(jobs[i].params);
        free(jobs[i].units);
        for (size_t j = 0; jobs[i].failures && j < jobs[i].failures_loaded; j++) {
            free(jobs[i].failures[j].code);
            free(jobs[i].failures[j].text);
        }
        free(jobs[i].failures);
    }
    free(jobs);
}

void *store_answer_memory(size_t count, size_t size_bytes)
{
    return calloc(count, size_bytes);
}

char *store_answer_text(const char *text)
{
    return strdup(text);
}

uint8_t *store_answer_data(const void *data, size_t size_bytes)
{
    uint8_t *copy = malloc(size_bytes);

    if (copy) {
        memcpy(copy, data, size_bytes);
    }
    return copy;
}

void store_answer_reset(struct store_answer *answer)
{
    answer->err = (struct error)ERROR_INIT;
    buf_reset(&answer->reply, 0);
    store_jobs_free(answer->jobs, answer->job_count);
    answer->jobs = NULL;
    answer->job_count = 0;
    free(answer->ids);
    answer->ids = NULL;
    answer->id_count = 0;
}

void store_op_list_append(struct store_op_list *list, struct store_op *op)
{
    op->next = NULL;
    if (list->last) {
        list->last->next = op;
    } else {
        list->first = op;
    }
    list->last = op;
    list->count++;
}

void store_op_list_join(struct store_op_list *to, struct store_op_list *from)
{
    if (!from->first) {
        return;
    }
    if (to->last) {
        to->last->next = from->first;
    } else {
        to->first = from->first;
    }
    to->last = from->last;
    to->count += from->count;
    *from = (struct store_op_list){NULL, NULL, 0};
}

struct store_op *store_op_list_shift(struct store_op_list *list)
{
    struct store_op *op = list->first;

    if (op) {
        list->first = op->next;
        list->count--;
        op->next = NULL;
        if (!list->first) {
            list->last = NULL;
        }
    }
    return op;
}
