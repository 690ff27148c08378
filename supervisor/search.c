/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Searches, until they may run.
 *
 * Invariants: hangs on its query and ends with it; a part that is still asked is in parts[], and
 * told to nobody once it is not; each answer is removed when the query has ended. Without the
 * vectors of its picture a search fails; without that of its words it goes on and says so.
 *
 * Blocks: an unlink of fresh files. Diagnostics: none.
 */
#include "supervisor/search.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "supervisor/query.h"
#include "supervisor/schedule.h"
#include "supervisor/supervisor.h"

#define PARAMS_MAX_BYTES 139264 /* a query's, and what is added to them */
#define PARAM_MAX_BYTES 65536   /* PROTOCOL.md: a value of a STRMAP */

enum part { PART_IMAGE, PART_TEXT, PART_COUNT };

static const struct {
    const char *kind;  /* of the query, and the param that has its answer's path */
    const char *param; /* of the search that it is asked with, and of the query that is asked */
} PARTS[PART_COUNT] = {
    [PART_IMAGE] = {"image_vector", "image"}, [PART_TEXT] = {"text_vector", "q"}};
#define ERROR_PARAM "text_vector_error"

struct search {
    struct query *query;
    struct query *parts[PART_COUNT]; /* that are still asked */
    char answers[PART_COUNT][QUERY_PATH_BYTES];
    char picture[2 * SETTINGS_PATH_BYTES]; /* handed in; "" where there is none */
    char text_error[ERROR_MESSAGE_BYTES];  /* why the words have no vector */
    uv_timer_t timer;                      /* the words' vector is not waited for without end */
};

bool search_is_ours(struct value key)
{
    bool ours = value_str_equal(key, ERROR_PARAM);
    for (size_t i = 0; i < ARRAY_LEN(PARTS); i++) {
        ours |= value_str_equal(key, PARTS[i].kind);
    }
    return ours;
}

/* --- the end --- */

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void remove_file(const char *path)
{
    if (path[0] != '\0') {
        unlink(path);
    }
}

void search_end(struct search *search)
{
    if (!search) {
        return;
    }
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (search->parts[i]) {
            query_abandon(search->parts[i]);
        }
        remove_file(search->answers[i]);
    }
    remove_file(search->picture);
    uv_close((uv_handle_t *)&search->timer, on_timer_closed);
}

/* --- all is there --- */

static int pack_all(const struct search *search, struct value params, struct buf *packed,
                    struct error *err)
{
    struct pack pack;
    size_t added = search->text_error[0] != '\0';
    for (size_t i = 0; i < PART_COUNT; i++) {
        added += search->answers[i][0] != '\0';
    }
    pack_init(&pack, packed);
    pack_map(&pack, value_count(params) + added);
    for (size_t i = 0; i < value_count(params); i++) {
        struct value key;
        struct value value;
        if (value_entry(params, i, &key, &value)) {
            pack_value(&pack, key);
            pack_value(&pack, value);
        }
    }
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (search->answers[i][0] != '\0') {
            pack_key_str(&pack, PARTS[i].kind, search->answers[i]);
        }
    }
    if (search->text_error[0] != '\0') {
        pack_key_str(&pack, ERROR_PARAM, search->text_error);
    }
    return pack_finish(&pack, err);
}

static int add_answers(struct search *search, struct error *err)
{
    struct query *query = search->query;
    struct value_tree *params = value_decode(query->params, query->params_bytes, err);
    struct buf packed;
    if (!params) {
        return -1;
    }
    buf_init(&packed, PARAMS_MAX_BYTES);
    int failed = pack_all(search, value_root(params), &packed, err);
    if (failed == 0) {
        failed = query_set_params(query, &packed, err);
    }
    buf_deinit(&packed);
    value_tree_destroy(params);
    return failed;
}

/* May end the search, and its query with it. */
static void go_on(struct search *search)
{
    struct query *query = search->query;
    struct error err = ERROR_INIT;
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (search->parts[i]) {
            return;
        }
    }
    uv_timer_stop(&search->timer);
    if (add_answers(search, &err) < 0) {
        query_failed(query, err.code, "", err.msg);
        return;
    }
    query->deadline_ms =
        uv_now(query->supervisor->loop) + query->supervisor->settings.query_deadline_ms;
    query->prepared = true;
}

/* --- what is asked --- */

static void on_image(void *user, const struct error *err, const char *code, const char *path,
                     uint64_t bytes, const struct message *done)
{
    struct search *search = user;
    (void)bytes;
    (void)done;
    search->parts[PART_IMAGE] = NULL;
    if (err) {
        query_failed(search->query, err->code, code, err->msg);
        return;
    }
    snprintf(search->answers[PART_IMAGE], sizeof(search->answers[PART_IMAGE]), "%s", path);
    go_on(search);
}

static void on_text(void *user, const struct error *err, const char *code, const char *path,
                    uint64_t bytes, const struct message *done)
{
    struct search *search = user;
    (void)bytes;
    (void)done;
    search->parts[PART_TEXT] = NULL;
    if (err) {
        snprintf(search->text_error, sizeof(search->text_error), "%s%s%.200s", code,
                 code[0] ? ": " : "", err->msg);
    } else {
        snprintf(search->answers[PART_TEXT], sizeof(search->answers[PART_TEXT]), "%s", path);
    }
    go_on(search);
}

static void on_text_late(uv_timer_t *timer)
{
    struct search *search = timer->data;
    struct supervisor *supervisor = search->query->supervisor;
    struct query *part = search->parts[PART_TEXT];
    if (!part) {
        return;
    }
    search->parts[PART_TEXT] = NULL;
    query_abandon(part);
    snprintf(search->text_error, sizeof(search->text_error),
             "deadline_exceeded: no vector of the words within %" PRIu64 " ms",
             supervisor->settings.embedding_search_ms);
    go_on(search);
    schedule_run(supervisor);
}

static int ask(struct search *search, enum part part, struct value params, query_done_cb done,
               struct error *err)
{
    struct value given = value_get(params, PARTS[part].param);
    char *text = malloc(PARAM_MAX_BYTES);
    if (!text) {
        return error_set(err, ERROR_MEMORY, "no memory for a query");
    }
    value_str_copy(given, text, PARAM_MAX_BYTES);
    search->parts[part] =
        query_ask_part(search->query, PARTS[part].kind, PARTS[part].param, text, done, search, err);
    free(text);
    return search->parts[part] ? 0 : -1;
}

static int ask_image(struct search *search, struct value params, struct error *err)
{
    const char *state_dir = search->query->supervisor->settings.state_dir;
    char name[256];
    if (!value_str_copy(value_get(params, "image"), name, sizeof(name)) ||
        !file_name_is_plain(name)) {
        return error_set(err, ERROR_INVALID,
                         "image: the plain name of a file in incoming/ is expected");
    }
    snprintf(search->picture, sizeof(search->picture), "%s/incoming/%s", state_dir, name);
    return ask(search, PART_IMAGE, params, on_image, err);
}

static bool has_endpoint(const struct supervisor *supervisor)
{
    const struct settings_class *embed = settings_class_find(&supervisor->settings, "embed");
    const char *url = embed ? settings_option(embed, "url") : NULL;
    return url && url[0] != '\0';
}

int search_begin(struct query *query, struct value params, struct error *err)
{
    struct supervisor *supervisor = query->supervisor;
    struct search *search = calloc(1, sizeof(*search));
    if (!search) {
        return error_set(err, ERROR_MEMORY, "no memory for a query");
    }
    search->query = query;
    uv_timer_init(supervisor->loop, &search->timer);
    search->timer.data = search;
    query->search = search;
    bool has_words = value_count(value_get(params, "q")) > 0;
    bool has_image = value_count(value_get(params, "image")) > 0;
    if (has_image && ask_image(search, params, err) < 0) {
        return -1;
    }
    if (has_words && has_endpoint(supervisor) &&
        !value_str_equal(value_get(params, "mode"), "text")) {
        uv_timer_start(&search->timer, on_text_late, supervisor->settings.embedding_search_ms, 0);
        if (ask(search, PART_TEXT, params, on_text, err) < 0) {
            return -1;
        }
    }
    query->prepared = !search->parts[PART_IMAGE] && !search->parts[PART_TEXT];
    return 0;
}
