/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How far a job is, for whoever watches it.
 *
 * Pages that a worker has in work count as it tells of them, so that a long unit moves too; those
 * that are read and on their way to the library count as done. Nothing blocks, nothing is logged.
 */
#include "supervisor/job.h"

#include "supervisor/worker.h"

static uint64_t unit_items(const struct unit *unit)
{
    return (uint64_t)unit->stored.last - unit->stored.first + 1;
}

static uint64_t items_in_work(const struct job *job, int stage)
{
    uint64_t items = 0;
    if (job->running == 0) {
        return 0;
    }
    for (size_t i = job->stages[stage].first_open; i < job->unit_count; i++) {
        const struct unit *unit = &job->units[i];
        if (unit->stored.stage == stage && unit->worker && unit->stored.step == UNIT_WORK) {
            items += unit->worker->items_done < unit_items(unit) ? unit->worker->items_done
                                                                 : unit_items(unit);
        } else if (unit->stored.stage == stage && unit->stored.step == UNIT_PERSIST &&
                   unit->stored.state != UNIT_DONE) {
            items += unit_items(unit); /* read; its rows are on their way */
        }
    }
    return items;
}

double job_progress(const struct job *job)
{
    double progress = 0;
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        const struct stage_share *share = &stage_row((enum stage_id)stage)->shares[job->kind];
        const struct job_stage *books = &job->stages[stage];
        if (!share->has) {
            continue;
        }
        if (books->status == STAGE_STATUS_COMPLETE || books->status == STAGE_STATUS_SKIPPED) {
            progress = share->to_percent;
        } else if (books->items > 0) {
            double done = (double)(books->items_done + items_in_work(job, stage));
            return share->from_percent +
                   (share->to_percent - share->from_percent) * done / (double)books->items;
        } else {
            return progress;
        }
    }
    return progress;
}

static const char *status_name(enum stage_status status)
{
    switch (status) {
    case STAGE_STATUS_WAITING:
        return "pending";
    case STAGE_STATUS_RUNNING:
        return "processing";
    case STAGE_STATUS_COMPLETE:
        return "completed";
    case STAGE_STATUS_SKIPPED:
        return "skipped";
    }
    return "pending";
}

void job_pack_progress(const struct job *job, struct pack *pack, uint64_t rss_bytes,
                       uint64_t budget_bytes)
{
    pack_map(pack, 7);
    pack_key_double(pack, "progress", job_progress(job));
    pack_key_str(pack, "stage", stage_row((enum stage_id)job_current_stage(job))->name);
    pack_key_uint(pack, "pages", job->pages);
    pack_key_uint(pack, "workers", job->workers);
    pack_key_uint(pack, "rss_bytes", rss_bytes);
    pack_key_uint(pack, "budget_bytes", budget_bytes);
    pack_str(pack, "stages");
    pack_array(pack, stage_count(job->kind));
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        const struct job_stage *books = &job->stages[stage];
        if (!stage_is_of((enum stage_id)stage, job->kind)) {
            continue;
        }
        pack_map(pack, 7);
        pack_key_str(pack, "stage", stage_row((enum stage_id)stage)->name);
        pack_key_str(pack, "status", status_name(books->status));
        pack_key_uint(pack, "units", books->units);
        pack_key_uint(pack, "units_done", books->units_done);
        pack_key_uint(pack, "units_failed", books->units_failed);
        pack_key_uint(pack, "items", books->items);
        pack_key_uint(pack, "items_done", books->items_done + items_in_work(job, stage));
    }
}
