/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Every setting of ebb: one table says name, type, unit, range, default and help; it reads
 * (inih), validates, prints and documents. Classes of workers have built-in defaults that a
 * section [class.NAME] changes; a NAME that is not built in adds a class (it must be a service).
 * Source: API.md "Configuration"; ebb.conf(5).
 */
#ifndef EBB_SUPERVISOR_SETTINGS_H
#define EBB_SUPERVISOR_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/error.h"

#define SETTINGS_CLASSES_MAX 16
#define SETTINGS_OPTIONS_MAX 32
#define SETTINGS_PATH_BYTES 1024

enum lifetime { LIFETIME_FRESH, LIFETIME_POOL, LIFETIME_SERVICE };
const char *lifetime_name(enum lifetime lifetime);

enum prefork { PREFORK_EARLY, PREFORK_LAZY };

struct settings_option {
    char *key;
    char *value;
}; /* owned */

/* [class.NAME]: how the workers of one class live. Sizes in bytes, times in milliseconds. */
struct settings_class {
    char name[33];
    char executable[SETTINGS_PATH_BYTES]; /* a plain name is looked up in libexec_dir */
    enum lifetime lifetime;
    char profile[17];            /* sandbox profile: parse, net, store, none */
    uint64_t spare;              /* fresh: started, unused processes kept ready */
    enum prefork prefork;        /* pool: when the first min start */
    uint64_t min, max;           /* processes; max 0: as many as there are CPU slots */
    uint64_t cpu_percent;        /* of one CPU that a busy worker uses */
    uint64_t memory_max_bytes;   /* RLIMIT_DATA, and the prediction while there is no history */
    uint64_t file_max_bytes;     /* RLIMIT_FSIZE */
    uint64_t max_units;          /* pool: recycled after so many units; 0 never */
    uint64_t max_age_ms;         /* pool: 0 never */
    uint64_t max_rss_bytes;      /* pool: 0 never */
    uint64_t idle_ms;            /* pool: workers above min leave after so long without work */
    uint64_t wait_timeout_ms;    /* pool: who waits so long while nobody gets a worker fails */
    uint64_t health_interval_ms; /* pool: idle workers are asked so often; 0 never */
    uint64_t health_timeout_ms;  /* pool: and are killed when they say nothing for so long */
    uint64_t item_deadline_ms;   /* a unit's worker is killed when it says nothing for so long */
    uint64_t start_deadline_ms;  /* from fork to READY */
    uint64_t attempts;           /* for a unit of one item; 0: as limits.attempts has it */
    /* option.KEY = VALUE: handed over in INIT */
    struct settings_option options[SETTINGS_OPTIONS_MAX];
    size_t option_count;
    bool builtin;
};

struct settings {
    /* [ebb] */
    char state_dir[SETTINGS_PATH_BYTES];
    char socket[SETTINGS_PATH_BYTES];
    char libexec_dir[SETTINGS_PATH_BYTES];
    uint64_t log_level; /* enum log_level */
    /* [limits] */
    uint64_t memory_budget_bytes;   /* 0: memory_budget_percent of the machine */
    uint64_t memory_budget_percent; /* of the smaller of the cgroup's limit and MemTotal */
    uint64_t cpu_slots;             /* 0: the CPUs this process may run on */
    uint64_t active_jobs;           /* jobs in work at once; the others wait in state.db */
    uint64_t queued_jobs;           /* more are refused */
    uint64_t clients;
    uint64_t client_queue_bytes; /* unread replies and events of one client */
    uint64_t queries;            /* waiting at once */
    uint64_t document_bytes;
    uint64_t attempts;              /* for a unit of one item */
    uint64_t page_failures_percent; /* more than this share of a job's pages fails the job */
    uint64_t frame_timeout_ms;      /* from a frame's first byte to its last */
    uint64_t shutdown_grace_ms;     /* from SHUTDOWN to SIGKILL */
    uint64_t drain_timeout_ms;      /* units in flight may take so long */
    uint64_t query_deadline_ms;
    uint64_t backoff_first_ms, backoff_max_ms;
    uint64_t metrics_queue; /* samples and events waiting for the disk; more are dropped */
    /* [memory] */
    uint64_t sample_ms, pss_ms;
    uint64_t warning_percent, critical_percent; /* of the budget */
    /* [embedding] */
    uint64_t embedding_first_ms, embedding_max_ms; /* pauses before owed vectors are tried again */
    uint64_t embedding_search_ms; /* what a search waits for the vector of its words */
    /* [retention] */
    uint64_t jobs_ms, receipts_ms, samples_raw_ms, samples_ms, events;
    /* [class.NAME] */
    struct settings_class classes[SETTINGS_CLASSES_MAX];
    size_t class_count;
};

/* The defaults, built-in classes (pdf, library, ...) included. */
void settings_init(struct settings *settings);
void settings_deinit(struct settings *settings);
/* Reads path and then path.d/ *.conf in name order over what is there. ERROR_INVALID names file,
 * line, section, key, what was expected and, for an unknown name, the nearest known one;
 * ERROR_NOT_FOUND only when must_exist. */
int settings_load(struct settings *settings, const char *path, bool must_exist, struct error *err);
/* One "section.key=value", as the command line's --set gives it. */
int settings_set(struct settings *settings, const char *assignment, struct error *err);
/* Relations between settings, and what depends on the machine (percent to bytes, slots). */
int settings_finish(struct settings *settings, struct error *err);
/* The whole configuration in force, as INI that settings_load reads back. */
void settings_print(const struct settings *settings, FILE *out);
/* Every key with type, range, default and help; as text, or as mdoc for ebb.conf(5). */
void settings_print_help(FILE *out, bool mdoc);
/* The value of option.KEY; NULL where it is not set. */
const char *settings_option(const struct settings_class *class, const char *key);
const struct settings_class *settings_class_find(const struct settings *settings, const char *name);
/* Calls differs(user, "section.key") for each key that differs. */
void settings_diff(const struct settings *before, const struct settings *after,
                   void (*differs)(void *user, const char *key), void *user);

#endif
