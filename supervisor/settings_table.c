/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The table of options, and how a value of each type is read and written.
 *
 * Invariants: every default and every built-in value parses (settings_init asserts it); what
 * settings_row_format writes, settings_row_parse reads back as the same value. Nothing blocks or
 * is logged.
 */
#include "supervisor/settings_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/parse.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)
#define TIB (KIB * GIB)

#define SECONDS UINT64_C(1000)
#define MINUTES (60 * SECONDS)
#define HOURS (60 * MINUTES)
#define DAYS (24 * HOURS)

#define AT(field) offsetof(struct settings, field)
#define CLASS_AT(field) offsetof(struct settings_class, field)

/* clang-format off */
const struct settings_row settings_rows[] = {
    {"ebb", "state_dir", SETTINGS_FOLDER, 0, 0, NULL,
     "Where everything that lasts is kept; by default $STATE_DIRECTORY (systemd), else "
     "$XDG_STATE_HOME/ebb, else $HOME/.local/state/ebb, else /var/lib/ebb.", AT(state_dir)},
    {"ebb", "socket", SETTINGS_FOLDER, 0, 0, NULL,
     "The control socket; by default $RUNTIME_DIRECTORY/control.sock (systemd), else "
     "$XDG_RUNTIME_DIR/ebb/control.sock, else /run/ebb/control.sock.", AT(socket)},
    {"ebb", "libexec_dir", SETTINGS_FOLDER, 0, 0, NULL,
     "Where the workers' executables are; by default ../libexec/ebb beside ebbd's own folder "
     "when it is there, else where they were installed.", AT(libexec_dir)},
    {"ebb", "log_level", SETTINGS_LEVEL, 0, 0, "info",
     "The most detailed lines that are logged.", AT(log_level)},

    {"limits", "memory_budget", SETTINGS_BYTES, 0, 16 * TIB, "0",
     "What all processes of ebb may use together; 0 takes memory_budget_percent of the machine.",
     AT(memory_budget_bytes)},
    {"limits", "memory_budget_percent", SETTINGS_PERCENT, 1, 100, "80",
     "The budget's share of the smaller of the cgroup's limit and the machine's memory.",
     AT(memory_budget_percent)},
    {"limits", "cpu_slots", SETTINGS_NUMBER, 0, 1024, "0",
     "CPUs' worth of work at once; 0 takes the CPUs that ebbd may run on.", AT(cpu_slots)},
    {"limits", "active_jobs", SETTINGS_NUMBER, 0, 4096, "16",
     "Jobs in work at once; the others wait on the disk. 0 takes none up, for a daemon that only "
     "answers.", AT(active_jobs)},
    {"limits", "queued_jobs", SETTINGS_NUMBER, 1, 100000000, "1000000",
     "Jobs that may wait; more are refused.", AT(queued_jobs)},
    {"limits", "clients", SETTINGS_NUMBER, 1, 4096, "64",
     "Connections to the control socket at once.", AT(clients)},
    {"limits", "client_queue", SETTINGS_BYTES, 2 * MIB, GIB, "4M",
     "Replies and events that one client has not read yet.", AT(client_queue_bytes)},
    {"limits", "queries", SETTINGS_NUMBER, 1, 4096, "32",
     "Queries to the library that wait at once.", AT(queries)},
    {"limits", "document_bytes", SETTINGS_BYTES, 1, TIB, "2G",
     "The largest document that is accepted.", AT(document_bytes)},
    {"limits", "attempts", SETTINGS_NUMBER, 1, 100, "2",
     "Tries for one page before it is recorded as failed.", AT(attempts)},
    {"limits", "page_failures_percent", SETTINGS_PERCENT, 0, 100, "50",
     "When more than this share of its pages fails, a job fails.", AT(page_failures_percent)},
    {"limits", "frame_timeout", SETTINGS_DURATION, 100, HOURS, "10s",
     "From the first byte of a frame to its last.", AT(frame_timeout_ms)},
    {"limits", "shutdown_grace", SETTINGS_DURATION, 10, HOURS, "2s",
     "From asking a worker to end to killing it.", AT(shutdown_grace_ms)},
    {"limits", "drain_timeout", SETTINGS_DURATION, 0, DAYS, "30s",
     "What units in work may still take when ebbd is told to stop.", AT(drain_timeout_ms)},
    {"limits", "query_deadline", SETTINGS_DURATION, 100, HOURS, "60s",
     "What a query to the library may take.", AT(query_deadline_ms)},
    {"limits", "backoff_first", SETTINGS_DURATION, 1, HOURS, "100ms",
     "The first pause of a class whose workers die young; it doubles with each.",
     AT(backoff_first_ms)},
    {"limits", "backoff_max", SETTINGS_DURATION, 1, DAYS, "60s",
     "The longest such pause.", AT(backoff_max_ms)},
    {"limits", "metrics_queue", SETTINGS_NUMBER, 16, 1000000, "4096",
     "Samples and events that wait for the disk; more are dropped and counted.",
     AT(metrics_queue)},

    {"memory", "sample", SETTINGS_DURATION, 50, HOURS, "1s",
     "How often the resident memory of each process is sampled.", AT(sample_ms)},
    {"memory", "pss", SETTINGS_DURATION, 1000, DAYS, "15s",
     "How often its proportional share of memory is, which costs more.", AT(pss_ms)},
    {"memory", "warning_percent", SETTINGS_PERCENT, 1, 100, "80",
     "Share of the budget in use from which a warning is given.", AT(warning_percent)},
    {"memory", "critical_percent", SETTINGS_PERCENT, 1, 100, "90",
     "Share of the budget in use from which nothing more is started.", AT(critical_percent)},

    {"embedding", "retry_first", SETTINGS_DURATION, 100, DAYS, "30s",
     "After embeddings failed, when it is first looked what lacks a vector, to embed it; the "
     "pause doubles while it goes on to fail.", AT(embedding_first_ms)},
    {"embedding", "retry_max", SETTINGS_DURATION, 100, 30 * DAYS, "10min",
     "The longest such pause.", AT(embedding_max_ms)},
    {"embedding", "search_wait", SETTINGS_DURATION, 100, HOURS, "10s",
     "What a search waits for an endpoint to embed its words; it goes on without that then, and "
     "says so.", AT(embedding_search_ms)},

    {"retention", "jobs", SETTINGS_DURATION, MINUTES, 36500 * DAYS, "30d",
     "How long a job that has ended is kept, with its folder.", AT(jobs_ms)},
    {"retention", "receipts", SETTINGS_DURATION, MINUTES, 36500 * DAYS, "90d",
     "How long the receipt of a process is kept; a million at most.", AT(receipts_ms)},
    {"retention", "samples_raw", SETTINGS_DURATION, MINUTES, 30 * DAYS, "1h",
     "How long every memory sample is kept; then one a minute is.", AT(samples_raw_ms)},
    {"retention", "samples", SETTINGS_DURATION, MINUTES, 365 * DAYS, "48h",
     "How long one memory sample a minute is kept.", AT(samples_ms)},
    {"retention", "events", SETTINGS_NUMBER, 100, 10000000, "10000",
     "How many events are kept.", AT(events)},
};
const size_t settings_row_count = ARRAY_LEN(settings_rows);

const struct settings_row settings_class_rows[] = {
    {NULL, "executable", SETTINGS_PROGRAM, 0, 0, NULL,
     "The worker's program; a plain name is looked up in libexec_dir.", CLASS_AT(executable)},
    {NULL, "lifetime", SETTINGS_LIFETIME, 0, 0, "service",
     "fresh: one process for a stage of a job; pool: shared by all; service: one, restarted.",
     CLASS_AT(lifetime)},
    {NULL, "profile", SETTINGS_PROFILE, 0, 0, "none",
     "The sandbox that its workers close behind them.", CLASS_AT(profile)},
    {NULL, "spare", SETTINGS_NUMBER, 0, 64, "0",
     "fresh: started, unused processes that are kept ready.", CLASS_AT(spare)},
    {NULL, "min", SETTINGS_NUMBER, 0, 1024, "0",
     "pool: processes that are kept without work.", CLASS_AT(min)},
    {NULL, "prefork", SETTINGS_PREFORK, 0, 0, "early",
     "pool: min processes are started with ebbd (early), or when one is first needed (lazy).",
     CLASS_AT(prefork)},
    {NULL, "max", SETTINGS_NUMBER, 0, 1024, "1",
     "Processes at once, spares apart; 0 takes cpu_slots.", CLASS_AT(max)},
    {NULL, "cpu_percent", SETTINGS_NUMBER, 1, 102400, "100",
     "What a busy worker uses of one CPU, in percent.", CLASS_AT(cpu_percent)},
    {NULL, "memory_max", SETTINGS_BYTES, 8 * MIB, 16 * TIB, "256M",
     "What a worker may allocate, the budget at most; reckoned with while there is no history.",
     CLASS_AT(memory_max_bytes)},
    {NULL, "file_max", SETTINGS_BYTES, MIB, 16 * TIB, "1G",
     "The largest file that a worker may write.", CLASS_AT(file_max_bytes)},
    {NULL, "max_units", SETTINGS_NUMBER, 0, UINT32_MAX, "0",
     "pool: a worker is replaced after so many units; 0 is never.", CLASS_AT(max_units)},
    {NULL, "max_age", SETTINGS_DURATION, 0, 365 * DAYS, "0s",
     "pool: a worker is replaced at this age; 0 is never.", CLASS_AT(max_age_ms)},
    {NULL, "max_rss", SETTINGS_BYTES, 0, 16 * TIB, "0",
     "pool: a worker that is larger after a unit is replaced; 0 is never.",
     CLASS_AT(max_rss_bytes)},
    {NULL, "idle", SETTINGS_DURATION, 1, 365 * DAYS, "60s",
     "pool: a worker above min ends after so long without work.", CLASS_AT(idle_ms)},
    {NULL, "wait_timeout", SETTINGS_DURATION, 100, 365 * DAYS, "10min",
     "pool: work that has waited so long for a worker, while nobody was given one, fails.",
     CLASS_AT(wait_timeout_ms)},
    {NULL, "health_interval", SETTINGS_DURATION, 0, 365 * DAYS, "30s",
     "pool: how often a worker without work is asked whether it is well; 0 is never.",
     CLASS_AT(health_interval_ms)},
    {NULL, "health_timeout", SETTINGS_DURATION, 10, HOURS, "5s",
     "pool: one that does not answer for so long is killed.", CLASS_AT(health_timeout_ms)},
    {NULL, "item_deadline", SETTINGS_DURATION, 10, DAYS, "60s",
     "A busy worker that says nothing for so long is killed.", CLASS_AT(item_deadline_ms)},
    {NULL, "start_deadline", SETTINGS_DURATION, 10, HOURS, "10s",
     "A worker that is not ready so long after its start is killed.", CLASS_AT(start_deadline_ms)},
    {NULL, "attempts", SETTINGS_NUMBER, 0, 100, "0",
     "Tries for one page before it is recorded as failed; 0 takes limits.attempts.",
     CLASS_AT(attempts)},
};
const size_t settings_class_row_count = ARRAY_LEN(settings_class_rows);

const struct settings_builtin settings_builtins[] = {
    {"pdf", "executable", "ebb-pdf"},
    {"pdf", "lifetime", "fresh"},
    {"pdf", "profile", "parse"},
    {"pdf", "spare", "1"},
    {"pdf", "max", "0"},
    {"pdf", "memory_max", "1G"},
    {"pdf", "item_deadline", "20s"},
    {"pdf", "option.read_paths", "-/usr/share/tesseract-ocr"}, /* which languages there are */
    {"ocr", "executable", "ebb-ocr"},
    {"ocr", "lifetime", "fresh"},
    {"ocr", "profile", "parse"},
    {"ocr", "max", "0"},
    {"ocr", "memory_max", "1G"},
    {"ocr", "item_deadline", "2min"},
    {"ocr", "attempts", "3"}, /* each cheaper than the one before */
    {"ocr", "start_deadline", "30s"}, /* its models are some ten MB each */
    {"ocr", "option.read_paths", "-/usr/share/tesseract-ocr"},
    {"library", "executable", "ebb-library"},
    {"library", "lifetime", "pool"},
    {"library", "profile", "store"},
    {"library", "cpu_percent", "50"},
    {"library", "file_max", "1T"},
    {"library", "max_units", "10000"},
    {"library", "max_age", "1h"},
    {"library", "max_rss", "128M"},
    {"index", "executable", "ebb-index"},
    {"index", "lifetime", "pool"},
    {"index", "profile", "store"},
    {"index", "max", "0"},
    {"index", "memory_max", "1G"}, /* large files that it maps do not count */
    {"index", "item_deadline", "60s"},
    {"index", "max_units", "10000"},
    {"index", "max_age", "1h"},
    {"index", "max_rss", "512M"},
    {"embed", "executable", "ebb-embed"},
    {"embed", "lifetime", "pool"},
    {"embed", "profile", "net"},
    {"embed", "max", "1"}, /* one that knows how much it has asked of an endpoint */
    {"embed", "cpu_percent", "50"},
    {"embed", "memory_max", "256M"},
    {"embed", "item_deadline", "10min"}, /* it waits for an endpoint, and tries again */
    {"visual", "executable", "ebb-visual"},
    {"visual", "lifetime", "pool"},
    {"visual", "profile", "parse"},
    {"visual", "max", "0"},
    {"visual", "memory_max", "512M"},
    {"visual", "item_deadline", "30s"},
    {"visual", "max_units", "1000"},
};
const size_t settings_builtin_count = ARRAY_LEN(settings_builtins);
/* clang-format on */

static const char *const level_words[] = {"error", "warning", "notice", "info", "debug", NULL};
static const char *const lifetime_words[] = {"fresh", "pool", "service", NULL};
static const char *const prefork_words[] = {"early", "lazy", NULL};
static const char *const profile_words[] = {"parse", "net", "store", "none", NULL};

const char *lifetime_name(enum lifetime lifetime)
{
    return lifetime_words[lifetime];
}

const char *const *settings_type_words(enum settings_type type)
{
    switch (type) {
    case SETTINGS_LEVEL:
        return level_words;
    case SETTINGS_LIFETIME:
        return lifetime_words;
    case SETTINGS_PREFORK:
        return prefork_words;
    case SETTINGS_PROFILE:
        return profile_words;
    case SETTINGS_NUMBER:
    case SETTINGS_PERCENT:
    case SETTINGS_BYTES:
    case SETTINGS_DURATION:
    case SETTINGS_FOLDER:
    case SETTINGS_PROGRAM:
        break;
    }
    return NULL;
}

const char *settings_type_name(enum settings_type type)
{
    switch (type) {
    case SETTINGS_NUMBER:
        return "number";
    case SETTINGS_PERCENT:
        return "percentage";
    case SETTINGS_BYTES:
        return "size";
    case SETTINGS_DURATION:
        return "time";
    case SETTINGS_FOLDER:
        return "absolute path";
    case SETTINGS_PROGRAM:
        return "plain name or absolute path";
    case SETTINGS_PROFILE:
    case SETTINGS_LEVEL:
    case SETTINGS_LIFETIME:
    case SETTINGS_PREFORK:
        break;
    }
    return "word";
}

struct suffix {
    const char *text;
    uint64_t factor;
};

void settings_number_format(enum settings_type type, uint64_t value, char *ret_text,
                            size_t size_bytes)
{
    static const struct suffix sizes[] = {{"T", TIB}, {"G", GIB}, {"M", MIB}, {"K", KIB}};
    static const struct suffix times[] = {
        {"d", DAYS}, {"h", HOURS}, {"min", MINUTES}, {"s", SECONDS}, {"ms", 1}};
    const struct suffix *suffixes = type == SETTINGS_DURATION ? times : sizes;
    size_t count = type == SETTINGS_DURATION ? ARRAY_LEN(times)
                   : type == SETTINGS_BYTES  ? ARRAY_LEN(sizes)
                                             : 0;

    for (size_t i = 0; i < count && value > 0; i++) {
        if (value % suffixes[i].factor == 0) {
            snprintf(ret_text, size_bytes, "%" PRIu64 "%s", value / suffixes[i].factor,
                     suffixes[i].text);
            return;
        }
    }
    snprintf(ret_text, size_bytes, "%" PRIu64, value);
}

/* The word's place, or -1 with the words in err. */
static int find_word(const char *const *words, const char *text, struct error *err)
{
    char expected[96] = "";

    for (int i = 0; words[i]; i++) {
        size_t used = strlen(expected);

        if (!strcmp(words[i], text)) {
            return i;
        }
        snprintf(expected + used, sizeof(expected) - used, "%s%s",
                 i == 0         ? ""
                 : words[i + 1] ? ", "
                                : " or ",
                 words[i]);
    }
    return error_set(err, ERROR_INVALID, "expected %s, not \"%.60s\"", expected, text);
}

static int parse_number(const struct settings_row *row, const char *text, uint64_t *ret_value,
                        struct error *err)
{
    char min[32], max[32];
    uint64_t value;
    int rc = row->type == SETTINGS_BYTES      ? parse_bytes(text, &value, err)
             : row->type == SETTINGS_DURATION ? parse_duration_ms(text, &value, err)
                                              : parse_u64(text, row->min, row->max, &value, err);

    if (rc < 0) {
        return -1;
    }
    if (value < row->min || value > row->max) {
        settings_number_format(row->type, row->min, min, sizeof(min));
        settings_number_format(row->type, row->max, max, sizeof(max));
        return error_set(err, ERROR_INVALID, "expected a %s from %s to %s, not \"%.60s\"",
                         settings_type_name(row->type), min, max, text);
    }
    *ret_value = value;
    return 0;
}

static int parse_path(const struct settings_row *row, const char *text, char *ret_path,
                      struct error *err)
{
    bool plain = text[0] && text[0] != '.' && !strchr(text, '/');

    if (text[0] != '/' && !(row->type == SETTINGS_PROGRAM && plain)) {
        return error_set(err, ERROR_INVALID, "expected %s %s, not \"%.60s\"",
                         row->type == SETTINGS_PROGRAM ? "a" : "an", settings_type_name(row->type),
                         text);
    }
    if (strlen(text) >= SETTINGS_PATH_BYTES) {
        return error_set(err, ERROR_INVALID, "expected a path of at most %d bytes, not one of %zu",
                         SETTINGS_PATH_BYTES - 1, strlen(text));
    }
    strcpy(ret_path, text);
    return 0;
}

static int parse_word(const struct settings_row *row, const char *const *words, const char *text,
                      void *value, struct error *err)
{
    int word = find_word(words, text, err);

    if (word < 0) {
        return -1;
    }
    if (row->type == SETTINGS_PROFILE) {
        strcpy(value, words[word]);
    } else if (row->type == SETTINGS_LIFETIME) {
        *(enum lifetime *)value = (enum lifetime)word;
    } else if (row->type == SETTINGS_PREFORK) {
        *(enum prefork *)value = (enum prefork)word;
    } else {
        *(uint64_t *)value = (uint64_t)LOG_LEVEL_ERROR + (uint64_t)word;
    }
    return 0;
}

int settings_row_parse(const struct settings_row *row, void *base, const char *text,
                       struct error *err)
{
    void *value = (char *)base + row->offset;

    switch (row->type) {
    case SETTINGS_NUMBER:
    case SETTINGS_PERCENT:
    case SETTINGS_BYTES:
    case SETTINGS_DURATION:
        return parse_number(row, text, value, err);
    case SETTINGS_FOLDER:
    case SETTINGS_PROGRAM:
        return parse_path(row, text, value, err);
    case SETTINGS_PROFILE:
        return parse_word(row, profile_words, text, value, err);
    case SETTINGS_LEVEL:
        return parse_word(row, level_words, text, value, err);
    case SETTINGS_PREFORK:
        return parse_word(row, prefork_words, text, value, err);
    case SETTINGS_LIFETIME:
        break;
    }
    return parse_word(row, lifetime_words, text, value, err);
}

void settings_row_format(const struct settings_row *row, const void *base, char *ret_text,
                         size_t size_bytes)
{
    const void *value = (const char *)base + row->offset;

    switch (row->type) {
    case SETTINGS_NUMBER:
    case SETTINGS_PERCENT:
    case SETTINGS_BYTES:
    case SETTINGS_DURATION:
        settings_number_format(row->type, *(const uint64_t *)value, ret_text, size_bytes);
        break;
    case SETTINGS_FOLDER:
    case SETTINGS_PROGRAM:
    case SETTINGS_PROFILE:
        snprintf(ret_text, size_bytes, "%s", (const char *)value);
        break;
    case SETTINGS_LEVEL:
        snprintf(ret_text, size_bytes, "%s",
                 level_words[*(const uint64_t *)value - LOG_LEVEL_ERROR]);
        break;
    case SETTINGS_LIFETIME:
        snprintf(ret_text, size_bytes, "%s", lifetime_name(*(const enum lifetime *)value));
        break;
    case SETTINGS_PREFORK:
        snprintf(ret_text, size_bytes, "%s", prefork_words[*(const enum prefork *)value]);
        break;
    }
}

int settings_option_set(struct settings_option *option, const char *key, const char *value,
                        struct error *err)
{
    char *new_key = strdup(key);
    char *new_value = strdup(value);

    if (!new_key || !new_value) {
        free(new_key);
        free(new_value);
        return error_set(err, ERROR_MEMORY, "no memory for an option");
    }
    free(option->key);
    free(option->value);
    option->key = new_key;
    option->value = new_value;
    return 0;
}
