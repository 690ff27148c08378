/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How the work goes.
 *
 * One document shows its stages, a line each; several show a line in sum and one for each that is
 * at work. Invariant: whatever the daemon says is cleaned by live.h. Blocks as the terminal does.
 */
#include "ctl/progress.h"

#include <inttypes.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/parse.h"
#include "ctl/format.h"
#include "ctl/output.h"

#define DRAW_MS 100U
#define BAR_COLUMNS 24U
#define BAR_BYTES (BAR_COLUMNS * 3 + 3)
#define ACTIVE_SHOWN 8U
#define RATE_LEAST_MS 200U
/* More jobs than this tell of their ends only. */
#define STAGES_TOLD_JOBS 8U

enum progress_mode progress_choose(bool quiet, bool json)
{
    if (quiet) {
        return PROGRESS_NONE;
    }
    if (output_can_redraw(stderr)) {
        return PROGRESS_LIVE;
    }
    return json ? PROGRESS_NONE : PROGRESS_LINES;
}

static void give_way(void *user)
{
    live_clear(user);
}

void progress_init(struct progress *progress, enum progress_mode mode)
{
    memset(progress, 0, sizeof(*progress));
    progress->mode = mode;
    live_init(&progress->live, stderr);
    if (mode == PROGRESS_LIVE) {
        output_set_before_line(give_way, &progress->live);
    }
}

void progress_deinit(struct progress *progress)
{
    output_set_before_line(NULL, NULL);
    live_clear(&progress->live);
    live_deinit(&progress->live);
}

void progress_clear(struct progress *progress)
{
    live_clear(&progress->live);
}

/* Stages whose items are no pages. */
static const struct {
    const char *stage, *item;
} other_items[] = {
    {"embed_text", "chunk"}, {"embed_image", "image"}, {"collect", "chunk"},
    {"gather", "chunk"},     {"settle", "model"},
};

static const char *item_of(const char *stage)
{
    for (size_t i = 0; i < ARRAY_LEN(other_items); i++) {
        if (strcmp(other_items[i].stage, stage) == 0) {
            return other_items[i].item;
        }
    }
    return "page";
}

/* "412 pages/s", or "" while it is too early to say. item: the singular. */
static void format_rate(const char *item, uint64_t items, uint64_t time_ms, char *ret_text,
                        size_t size_bytes)
{
    double rate = time_ms > 0 ? (double)items * 1000.0 / (double)time_ms : 0.0;

    if (items < 2 || time_ms < RATE_LEAST_MS) {
        ret_text[0] = '\0';
    } else if (rate >= 10.0) {
        snprintf(ret_text, size_bytes, "%.0f %ss/s", rate, item);
    } else {
        snprintf(ret_text, size_bytes, "%.1f %ss/s", rate, item);
    }
}

static void draw_stage(struct progress *progress, const struct watch_live *live,
                       const struct watch_stage *stage)
{
    bool works = strcmp(stage->status, "processing") == 0;
    bool done = strcmp(stage->status, "completed") == 0;
    double share = done ? 1.0 : format_percent(stage->items_done, stage->items) / 100.0;
    uint64_t memory_bytes = works ? live->rss_bytes : stage->peak_rss_bytes;
    char bar[BAR_BYTES];
    char items[48] = "";
    char rate[32];
    char memory[32] = "";

    if (strcmp(stage->status, "skipped") == 0) {
        live_line(&progress->live, "  %-11s nothing to do", stage->name);
        return;
    }
    live_bar(share, BAR_COLUMNS, bar, sizeof(bar));
    if (stage->items > 1) {
        snprintf(items, sizeof(items), "%" PRIu64 "/%" PRIu64, stage->items_done, stage->items);
    }
    format_rate(item_of(stage->name), stage->items_done, stage->last_ms - stage->first_ms, rate,
                sizeof(rate));
    if (memory_bytes > 0) {
        parse_format_bytes(memory_bytes, memory, sizeof(memory));
    }
    live_line(&progress->live, "  %-11s %s %3.0f%%  %11s  %13s  %s%s", stage->name, bar,
              share * 100.0, items, rate, memory[0] ? (works ? "RSS " : "peak ") : "", memory);
}

static void draw_one(struct progress *progress, const struct watch *watch)
{
    const struct watch_job *job = &watch->jobs[0];
    char elapsed[32];
    char rss[32];
    char budget[32];

    clock_format_duration(clock_monotonic_ms() - watch->started_ms, elapsed, sizeof(elapsed));
    if (!job->live) {
        live_line(&progress->live, "%s  waiting  %s", job->name, elapsed);
        return;
    }
    parse_format_bytes(job->live->rss_bytes, rss, sizeof(rss));
    parse_format_bytes(job->live->budget_bytes, budget, sizeof(budget));
    live_line(&progress->live, "%s  %.0f%%  %s  RSS %s of %s", job->name, job->live->progress,
              elapsed, rss, budget);
    for (size_t i = 0; i < job->live->stage_count; i++) {
        draw_stage(progress, job->live, &job->live->stages[i]);
    }
}

/* Pages that are done of jobs at work: those of the stage that has most of them. */
static uint64_t pages_done(const struct watch_live *live)
{
    uint64_t most = 0;

    for (size_t i = 0; i < live->stage_count; i++) {
        bool pages = strcmp(item_of(live->stages[i].name), "page") == 0;

        most = pages && live->stages[i].items_done > most ? live->stages[i].items_done : most;
    }
    return most;
}

static void draw_active(struct progress *progress, const struct watch_job *job)
{
    char bar[BAR_BYTES];
    char rss[32];

    live_bar(job->live->progress / 100.0, BAR_COLUMNS, bar, sizeof(bar));
    parse_format_bytes(job->live->rss_bytes, rss, sizeof(rss));
    live_line(&progress->live, "  %s %3.0f%%  %-11s  RSS %-8s  %s", bar, job->live->progress,
              job->live->stage, rss, job->name);
}

static void draw_many(struct progress *progress, const struct watch *watch)
{
    uint64_t elapsed_ms = clock_monotonic_ms() - watch->started_ms;
    size_t total = progress->expected > watch->count ? progress->expected : watch->count;
    uint64_t pages = watch->pages_ended;
    uint64_t rss_bytes = 0;
    size_t left = watch->active;
    size_t shown = 0;
    char elapsed[32];
    char rate[32];
    char rss[32];
    char bar[BAR_BYTES];

    for (size_t i = 0; i < watch->count && left > 0; i++) {
        if (watch->jobs[i].state == WATCH_ACTIVE) {
            rss_bytes += watch->jobs[i].live->rss_bytes;
            pages += pages_done(watch->jobs[i].live);
            left--;
        }
    }
    clock_format_duration(elapsed_ms, elapsed, sizeof(elapsed));
    format_rate("page", pages, elapsed_ms, rate, sizeof(rate));
    parse_format_bytes(rss_bytes, rss, sizeof(rss));
    live_bar((double)watch->ended / (double)(total ? total : 1), BAR_COLUMNS, bar, sizeof(bar));
    live_line(&progress->live,
              "%s %zu/%zu documents  %zu failed  %" PRIu64 " pages  %s  RSS %s  %s", bar,
              watch->ended, total, watch->failed, pages, rate, rss, elapsed);
    for (size_t i = 0; i < watch->count && shown < ACTIVE_SHOWN && shown < watch->active; i++) {
        if (watch->jobs[i].state == WATCH_ACTIVE) {
            draw_active(progress, &watch->jobs[i]);
            shown++;
        }
    }
}

/* time_ms: 0 where it was too short to be seen. */
static void tell_stage(const struct watch_job *job, const char *name, uint64_t items,
                       uint64_t time_ms, uint64_t peak_rss_bytes)
{
    char time[40] = "";
    char rate[40];
    char peak[32];

    if (time_ms > 0) {
        char duration[32];

        clock_format_duration(time_ms, duration, sizeof(duration));
        snprintf(time, sizeof(time), " in %s", duration);
    }
    format_rate(item_of(name), items, time_ms, rate, sizeof(rate));
    parse_format_bytes(peak_rss_bytes, peak, sizeof(peak));
    output_note("%s: %s: %" PRIu64 " %s%s%s%s%s%s", job->name, name, items,
                items == 1 ? "item" : "items", time, rate[0] ? ", " : "", rate,
                peak_rss_bytes ? ", peak RSS " : "", peak_rss_bytes ? peak : "");
}

/* Stages of a job at work that have ended since we looked last. */
static void tell_stages(const struct watch *watch)
{
    for (size_t i = 0; i < watch->count; i++) {
        struct watch_live *live = watch->jobs[i].live;

        for (size_t s = 0; live && s < live->stage_count; s++) {
            struct watch_stage *stage = &live->stages[s];

            if (!stage->told && strcmp(stage->status, "completed") == 0) {
                stage->told = true;
                tell_stage(&watch->jobs[i], stage->name, stage->items_done,
                           stage->last_ms - stage->first_ms, stage->peak_rss_bytes);
            }
        }
    }
}

void progress_show(struct progress *progress, const struct watch *watch)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (progress->mode == PROGRESS_LINES && watch->count <= STAGES_TOLD_JOBS) {
        tell_stages(watch);
    }
    if (progress->mode != PROGRESS_LIVE || now_ms - progress->drawn_ms < DRAW_MS ||
        watch->count == 0) {
        return;
    }
    progress->drawn_ms = now_ms;
    live_begin(&progress->live);
    if (watch->count == 1 && progress->expected <= 1) {
        draw_one(progress, watch);
    } else {
        draw_many(progress, watch);
    }
    live_end(&progress->live);
}

/* Stages that ended between the last event and the job's end, as the daemon measured them. */
static void tell_last_stages(const struct watch_job *ended, struct value job)
{
    struct value stages = value_get(job, "stages");
    size_t count = value_count(stages);

    for (size_t i = 0; i < count; i++) {
        struct value stage = value_at(stages, i);
        char name[33];

        format_text(value_get(stage, "stage"), name, sizeof(name));
        if (value_str_equal(value_get(stage, "status"), "completed") &&
            !(ended->live && i < ended->live->stage_count && ended->live->stages[i].told)) {
            tell_stage(ended, name, value_uint(value_get(stage, "items_done"), 0),
                       value_uint(value_get(stage, "wall_ms"), 0),
                       value_uint(value_get(stage, "peak_rss_bytes"), 0));
        }
    }
}

void progress_job_ended(struct progress *progress, const struct watch *watch,
                        const struct watch_job *ended, struct value job)
{
    char time[32];
    char pages[40];
    char failed[48] = "";

    format_count(ended->pages, "page", pages, sizeof(pages));
    clock_format_duration(ended->wall_ms, time, sizeof(time));
    if (ended->pages_failed > 0) {
        snprintf(failed, sizeof(failed), ", %" PRIu64 " of them failed", ended->pages_failed);
    }
    if (progress->mode == PROGRESS_LINES) {
        if (watch->count <= STAGES_TOLD_JOBS) {
            tell_last_stages(ended, job);
        }
        output_note("%s: %s, %s%s, %s", ended->name, ended->outcome, pages, failed, time);
    } else if (progress->mode == PROGRESS_LIVE && ended->exit != CTL_EXIT_OK &&
               (watch->count > 1 || progress->expected > 1)) {
        /* What went well is in the sum. */
        live_print(&progress->live, "%s: %s, %s%s, %s", ended->name, ended->outcome, pages, failed,
                   time);
    }
}
