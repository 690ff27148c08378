/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The query `search`: its parameters, the lists that it asks for, the answer.
 *
 * Invariants: a query sees one state of the library from its first row to its last. What cannot be
 * had (the vectors' file, the question's vector) is said in the answer, and the rest answers.
 *
 * Blocks on the disk. Logs nothing.
 */
#include "workers/index/search.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/file.h"
#include "workers/embedding/lexical.h"
#include "workers/index/search_answer.h"
#include "workers/index/search_counts.h"
#include "workers/index/search_images.h"
#include "workers/index/search_text.h"

#define LIBRARY_FOLDER "library"
#define LIBRARY_FILE "library/library.db"
#define RESULTS_MAX 1000
#define RESULTS_DEFAULT 10
#define DEPTH_MIN 100 /* so long are the lists that are fused, and thrice as long as the answer */
#define QUERY_MEMORY_MAX_BYTES ((size_t)256 << 20)
#define ANSWER_MAX_BYTES ((size_t)64 << 20)
#define WARNINGS_MAX 8
#define LEXICAL_WEIGHT 0.1
/* Texts without a word have no vector of any model; so few are not worth a warning, nor is so small
 * a share. */
#define LACKING_FEW 8
#define LACKING_SHARE 100

struct searcher {
    struct search_db db;
    struct search_counts counts;
    char library_folder[PATH_MAX];
    char path[PATH_MAX];
    char *model;
    dev_t device; /* of the file that is open */
    ino_t inode;
};

enum mode { MODE_HYBRID, MODE_TEXT, MODE_VECTOR };

/* One query. */
struct call {
    struct searcher *searcher;
    const struct search_query *query;
    struct arena *arena;
    const char *question; /* NULL for none */
    enum mode mode;
    size_t k;
    struct search_words words;
    struct search_filter filter;
    struct search_lists lists;
    const char *model; /* whose vectors were compared; NULL for none */
    const char *warnings[WARNINGS_MAX];
    size_t warning_count;
    bool file_gone;
    uint32_t told; /* to progress */
};

/* ---- opening */

static int open_library(struct searcher *searcher, struct error *err)
{
    struct stat status;

    search_db_close(&searcher->db);
    memset(&searcher->counts, 0, sizeof searcher->counts);
    if (search_db_open(&searcher->db, searcher->path, err) < 0) {
        return -1;
    }
    if (stat(searcher->path, &status) == 0) {
        searcher->device = status.st_dev;
        searcher->inode = status.st_ino;
    }
    return 0;
}

/* The file that is open may have been put aside for a copy that was restored. */
static int open_again_if_replaced(struct searcher *searcher, struct error *err)
{
    struct stat status;

    if (searcher->db.db && stat(searcher->path, &status) == 0 &&
        status.st_dev == searcher->device && status.st_ino == searcher->inode) {
        return 0;
    }
    return open_library(searcher, err);
}

struct searcher *searcher_open(const struct searcher_settings *settings, struct error *err)
{
    struct searcher *searcher = calloc(1, sizeof *searcher);

    if (!searcher || !(searcher->model = strdup(settings->embed_model))) {
        error_set(err, ERROR_MEMORY, "no memory for searches");
        searcher_close(searcher);
        return NULL;
    }
    if (file_join(searcher->library_folder, sizeof searcher->library_folder, settings->state_folder,
                  LIBRARY_FOLDER, err) < 0 ||
        file_join(searcher->path, sizeof searcher->path, settings->state_folder, LIBRARY_FILE,
                  err) < 0 ||
        open_library(searcher, err) < 0) {
        searcher_close(searcher);
        return NULL;
    }
    return searcher;
}

void searcher_close(struct searcher *searcher)
{
    if (!searcher) {
        return;
    }
    search_db_close(&searcher->db);
    free(searcher->model);
    free(searcher);
}

/* ---- parameters */

static const char *param_of(const struct call *call, const char *key)
{
    const char *value = call->query->param(call->query->context, key);

    return value && value[0] ? value : NULL;
}

static void warn(struct call *call, const char *warning)
{
    if (warning && call->warning_count < WARNINGS_MAX) {
        call->warnings[call->warning_count++] = warning;
    }
}

static int read_mode(struct call *call, struct error *err)
{
    static const char *const names[] = {"hybrid", "text", "vector"};
    const char *mode = param_of(call, "mode");

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!mode || strcmp(mode, names[i]) == 0) {
            call->mode = (enum mode)i;
            return 0;
        }
    }
    return error_set(err, ERROR_INVALID, "mode is hybrid, text or vector, not \"%.40s\"", mode);
}

static int read_params(struct call *call, struct error *err)
{
    const char *k = param_of(call, "k");
    uint64_t count = RESULTS_DEFAULT;

    if (k && parse_u64(k, 1, RESULTS_MAX, &count, err) < 0) {
        return error_wrap(err, "k");
    }
    call->k = (size_t)count;
    call->question = call->query->param(call->query->context, "q");
    if (call->question && !call->question[0] && param_of(call, "image_vector")) {
        call->question = NULL;
    }
    if (!call->question && !param_of(call, "image_vector")) {
        return error_set(err, ERROR_INVALID,
                         "there is nothing to search for: give at least a word, or an image");
    }
    return read_mode(call, err);
}

/* ---- lists */

static bool tell(void *context, uint64_t done)
{
    struct call *call = context;

    (void)done;
    call->told++;
    return !call->query->progress ||
           call->query->progress(call->query->progress_context, call->told);
}

static int stop_sqlite(void *context)
{
    return !tell(context, 0);
}

static int list_by_words(struct call *call, struct error *err)
{
    struct searcher *searcher = call->searcher;
    bool cut = false;

    if (search_counts_fill(&searcher->counts, &searcher->db, &call->words,
                           call->filter.documents_all, err) < 0 ||
        search_text(&searcher->db, &call->words, &call->filter, call->arena, &call->lists.text,
                    &cut, err) < 0) {
        return -1;
    }
    if (call->words.prefix_cut) {
        warn(call, "a prefix of fewer than four letters is taken as a word in so large a library");
    }
    if (cut) {
        warn(call, "the words are in too many chunks to look at all of them: the best of those "
                   "looked at are shown, a rarer word finds more");
    }
    return 0;
}

/* The question as a vector: given, or made here. False where there is none; why is a warning. */
static bool probe_of(struct call *call, struct search_probe *ret_probe)
{
    const char *path = param_of(call, "text_vector");
    const char *reason = param_of(call, "text_vector_error");
    struct search_probe probes[VECTOR_MODELS_MAX];
    struct error err = ERROR_INIT;
    size_t count = 0;
    float *vector;

    if (path) {
        if (search_probes_read(path, call->arena, probes, &count, &err) < 0 || count == 0) {
            warn(call, arena_printf(call->arena, "the question has no vector: %s", err.msg));
            return false;
        }
        *ret_probe = probes[0];
        return true;
    }
    if (reason || strcmp(call->searcher->model, LEXICAL_MODEL) != 0) {
        warn(call, arena_printf(call->arena, "the question has no vector: %s",
                                reason ? reason : "nobody made one"));
        return false;
    }
    vector = arena_calloc(call->arena, LEXICAL_DIMENSIONS, sizeof *vector);
    if (!vector || !lexical_embed(call->question, strlen(call->question), vector)) {
        return false;
    }
    *ret_probe =
        (struct search_probe){{VECTOR_KIND_TEXT, LEXICAL_MODEL, LEXICAL_DIMENSIONS}, vector};
    return true;
}

static struct search_vectors vectors_of(struct call *call)
{
    return (struct search_vectors){
        .db = &call->searcher->db,
        .library_folder = call->searcher->library_folder,
        .filter = &call->filter,
        .accept = search_filter_has_chunk,
        .progress = tell,
        .context = call,
        .arena = call->arena,
    };
}

/* A library that is on its way from one model to another, or has documents that want no vectors. */
static int warn_of_lacking(struct call *call, const struct search_probe *probe, struct error *err)
{
    struct search_db *db = &call->searcher->db;
    int64_t lacking;

    if (search_vectors_lacking(db, probe, &lacking, err) < 0) {
        return -1;
    }
    if (lacking > LACKING_FEW + db->chunks / LACKING_SHARE) {
        warn(call, arena_printf(call->arena,
                                "%lld chunks have no vector of %s, words alone find them: "
                                "ebb reembed makes the vectors",
                                (long long)lacking, probe->model.name));
    }
    return 0;
}

static int list_by_vector(struct call *call, struct error *err)
{
    struct search_vectors search = vectors_of(call);
    enum search_vectors_state state;
    struct search_probe probe;

    if (!probe_of(call, &probe)) {
        return 0;
    }
    if (search_vectors(&search, &probe, &call->lists.vector, &state, err) < 0) {
        return -1;
    }
    switch (state) {
    case SEARCH_VECTORS_FOUND:
        call->model = probe.model.name;
        return warn_of_lacking(call, &probe, err);
    case SEARCH_VECTORS_NONE:
        warn(call, arena_printf(call->arena,
                                "no chunk has a vector of %s with %u dimensions: found by words "
                                "alone",
                                probe.model.name, probe.model.dimensions));
        break;
    case SEARCH_VECTORS_FILE_GONE:
        call->file_gone = true;
        warn(call, "the file of the vectors is missing or damaged until ebb-library has made it "
                   "again: found by words alone");
        break;
    }
    return 0;
}

static int list_by_image(struct call *call, const char *path, struct error *err)
{
    struct search_vectors search = vectors_of(call);
    struct search_probe probes[VECTOR_MODELS_MAX];
    size_t count = 0;
    bool gone = false;

    if (search_probes_read(path, call->arena, probes, &count, err) < 0) {
        return error_wrap(err, "the image's vectors");
    }
    if (search_images(&search, probes, count, &call->lists.image, &gone, err) < 0) {
        return -1;
    }
    call->file_gone |= gone;
    if (gone) {
        warn(call, "the file of the images' vectors is missing or damaged until ebb-library has "
                   "made it again: not all images were compared");
    } else if (call->lists.image.count == 0) {
        warn(call, "the library has no image to compare with");
    }
    return 0;
}

/*
 * What the vectors' list is worth beside that of the words, which is 1. A model that knows meanings
 * is worth as much. The built-in one knows spellings alone: of words that the library has it says
 * what the words say already, less sharply; of others (inflected, compound, misspelled) it is all
 * there is to go by. So it has the say of the question's unknown words, and little beside them.
 */
static double vector_weight(const struct call *call)
{
    uint32_t known = 0;
    uint32_t unknown = 0;

    if (!call->model || strcmp(call->model, LEXICAL_MODEL) != 0 || call->mode == MODE_VECTOR) {
        return 1;
    }
    for (uint32_t i = 0; i < call->words.count; i++) {
        const struct search_term *term = &call->words.terms[i];

        known += !term->function && term->rows > 0;
        unknown += !term->function && term->rows == 0;
    }
    return known + unknown > 0
               ? LEXICAL_WEIGHT + (1 - LEXICAL_WEIGHT) * unknown / (double)(known + unknown)
               : 1;
}

static int fill_lists(struct call *call, struct error *err)
{
    const char *image = param_of(call, "image_vector");
    size_t depth = call->k * 3 > DEPTH_MIN ? call->k * 3 : DEPTH_MIN;

    call->warning_count = 0;
    call->file_gone = false;
    call->model = NULL;
    if (search_filter_read(&call->searcher->db, call->query, call->arena, &call->filter, err) < 0 ||
        search_list_init(&call->lists.text, depth, call->arena, err) < 0 ||
        search_list_init(&call->lists.vector, depth, call->arena, err) < 0 ||
        search_list_init(&call->lists.image, depth, call->arena, err) < 0) {
        return -1;
    }
    if (call->question) {
        if (search_words_parse(&call->searcher->db, call->question, call->arena, &call->words,
                               err) < 0 ||
            (call->mode != MODE_VECTOR && list_by_words(call, err) < 0) ||
            (call->mode != MODE_TEXT && list_by_vector(call, err) < 0)) {
            return -1;
        }
    }
    call->lists.text_weight = 1;
    call->lists.vector_weight = vector_weight(call);
    call->lists.image_weight = 1;
    return image ? list_by_image(call, image, err) : 0;
}

/* ---- the answer */

static int put_answer(struct call *call, uint64_t start_us, const struct search_result *results,
                      size_t count, struct emit *emit, struct error *err)
{
    emit_open(emit, '{');
    emit_key(emit, "query");
    emit_str(emit, call->question);
    emit_key(emit, "mode");
    emit_str(emit, call->mode == MODE_TEXT     ? "text"
                   : call->mode == MODE_VECTOR ? "vector"
                                               : "hybrid");
    emit_key(emit, "model");
    emit_str(emit, call->model);
    emit_key(emit, "warnings");
    emit_open(emit, '[');
    for (size_t i = 0; i < call->warning_count; i++) {
        emit_str(emit, call->warnings[i]);
    }
    emit_close(emit, ']');
    emit_key(emit, "results");
    emit_open(emit, '[');
    for (size_t i = 0; i < count && i < call->k; i++) {
        if (search_answer_result(&call->searcher->db, &call->words, call->question, &results[i],
                                 call->arena, emit, err) < 0) {
            return -1;
        }
    }
    emit_close(emit, ']');
    emit_key(emit, "total_ms");
    emit_double(emit, (double)(clock_monotonic_us() - start_us) / 1000);
    emit_close(emit, '}');
    return emit_finish(emit, err);
}

/* A generation of vectors may have been put in the place of another since the view began: a
 * second look, with a new view, finds it. */
static int find(struct call *call, struct error *err)
{
    for (int i = 0; i < 2; i++) {
        if (search_db_begin(&call->searcher->db, err) < 0 || fill_lists(call, err) < 0) {
            return -1;
        }
        if (!call->file_gone) {
            break;
        }
        if (i == 0) {
            search_db_end(&call->searcher->db);
        }
    }
    return 0;
}

static int answer(struct call *call, struct error *err)
{
    uint64_t start_us = clock_monotonic_us();
    struct search_result *results;
    struct emit emit;
    struct buf buf;
    size_t count;
    int result;

    if (read_params(call, err) < 0 || find(call, err) < 0 ||
        search_results_fuse(&call->searcher->db, &call->lists, call->arena, &results, &count, err) <
            0) {
        return -1;
    }
    buf_init(&buf, ANSWER_MAX_BYTES);
    emit_init(&emit, &buf);
    result = put_answer(call, start_us, results, count, &emit, err);
    if (result == 0) {
        result = file_write_atomic(call->query->answer_path, buf.data, buf.size, 0640, false, err);
        if (result < 0 && err && err->code == ERROR_NOT_FOUND) {
            err->code = ERROR_SYSTEM; /* a folder that is not there is no document that is not */
        }
    }
    buf_deinit(&buf);
    return result;
}

int search_query_run(struct searcher *searcher, const struct search_query *query, struct error *err)
{
    struct call *call;
    int result;

    if (open_again_if_replaced(searcher, err) < 0) {
        return -1;
    }
    call = calloc(1, sizeof *call);
    if (!call || !(call->arena = arena_create(QUERY_MEMORY_MAX_BYTES))) {
        free(call);
        return error_set(err, ERROR_MEMORY, "no memory for a search");
    }
    call->searcher = searcher;
    call->query = query;
    sqlite3_progress_handler(searcher->db.db, 100000, stop_sqlite, call);
    result = answer(call, err);
    sqlite3_progress_handler(searcher->db.db, 0, NULL, NULL);
    search_db_end(&searcher->db);
    arena_destroy(call->arena);
    free(call);
    return result;
}
