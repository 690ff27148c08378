/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Settings: defaults, assignments, and the relations between them.
 *
 * Every value passes through settings_assign, which looks the key up in the table of its section
 * and has the row read the text. Logs nothing: a problem is an error that says what was expected.
 */
#include "supervisor/settings.h"

#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "common/proc.h"
#include "supervisor/settings_table.h"

#ifndef EBB_LIBEXECDIR
#define EBB_LIBEXECDIR "/usr/local/libexec/ebb"
#endif

#define CLASS_PREFIX "class."
#define OPTION_PREFIX "option."
#define OPTION_KEY_MAX_BYTES 64 /* PROTOCOL.md: a STRMAP's key */
#define OPTION_VALUE_MAX_BYTES 4096
#define SECTION_BYTES 64

/* --- defaults --- */

static void set_first_path(char *ret_path, const char *const *candidates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (candidates[i][0] == '/' && strlen(candidates[i]) < SETTINGS_PATH_BYTES) {
            strcpy(ret_path, candidates[i]);
            return;
        }
    }
    ret_path[0] = '\0';
}

/* value of the variable (of a list with colons: its first) and tail; "" when it is not set. */
static void from_variable(char *ret_path, const char *variable, const char *tail)
{
    const char *value = getenv(variable);
    size_t size = value ? strcspn(value, ":") : 0;

    ret_path[0] = '\0';
    if (size > 0 && size + strlen(tail) < SETTINGS_PATH_BYTES) {
        memcpy(ret_path, value, size);
        strcpy(ret_path + size, tail);
    }
}

static void default_state_dir(char *ret_path)
{
    char systemd[SETTINGS_PATH_BYTES], xdg[SETTINGS_PATH_BYTES], home[SETTINGS_PATH_BYTES];
    const char *candidates[] = {systemd, xdg, home, "/var/lib/ebb"};

    from_variable(systemd, "STATE_DIRECTORY", "");
    from_variable(xdg, "XDG_STATE_HOME", "/ebb");
    from_variable(home, "HOME", "/.local/state/ebb");
    set_first_path(ret_path, candidates, ARRAY_LEN(candidates));
}

static void default_socket(char *ret_path)
{
    char systemd[SETTINGS_PATH_BYTES], xdg[SETTINGS_PATH_BYTES];
    const char *candidates[] = {systemd, xdg, "/run/ebb/control.sock"};

    from_variable(systemd, "RUNTIME_DIRECTORY", "/control.sock");
    from_variable(xdg, "XDG_RUNTIME_DIR", "/ebb/control.sock");
    set_first_path(ret_path, candidates, ARRAY_LEN(candidates));
}

/* The workers beside the running program, as a build folder and an installed tree have them. */
static void default_libexec_dir(char *ret_path)
{
    char path[SETTINGS_PATH_BYTES];
    ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
    struct stat st;

    if (size > 0 && (size_t)size < sizeof(path) - 1) {
        path[size] = '\0';
        for (int up = 0; up < 2; up++) {
            char *slash = strrchr(path, '/');

            if (slash) {
                *slash = '\0';
            }
        }
        if (strlen(path) + sizeof("/libexec/ebb") <= sizeof(path)) {
            strcat(path, "/libexec/ebb");
            if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
                strcpy(ret_path, path);
                return;
            }
        }
    }
    strcpy(ret_path, EBB_LIBEXECDIR);
}

static void set_default(const struct settings_row *row, void *base, const char *text)
{
    int rc = text ? settings_row_parse(row, base, text, NULL) : 0;

    assert(rc == 0);
    (void)rc;
}

static const struct settings_row *find_row(const struct settings_row *rows, size_t count,
                                           const char *section, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if ((!section || !strcmp(rows[i].section, section)) && !strcmp(rows[i].key, key)) {
            return &rows[i];
        }
    }
    return NULL;
}

static struct settings_class *find_class(struct settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->class_count; i++) {
        if (!strcmp(settings->classes[i].name, name)) {
            return &settings->classes[i];
        }
    }
    return NULL;
}

const struct settings_class *settings_class_find(const struct settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->class_count; i++) {
        if (!strcmp(settings->classes[i].name, name)) {
            return &settings->classes[i];
        }
    }
    return NULL;
}

const char *settings_option(const struct settings_class *class, const char *key)
{
    for (size_t i = 0; i < class->option_count; i++) {
        if (!strcmp(class->options[i].key, key)) {
            return class->options[i].value;
        }
    }
    return NULL;
}

/* A class with the defaults of one that is not built in; NULL when there is no room. */
static struct settings_class *add_class(struct settings *settings, const char *name)
{
    struct settings_class *class;

    if (settings->class_count == SETTINGS_CLASSES_MAX) {
        return NULL;
    }
    class = &settings->classes[settings->class_count++];
    memset(class, 0, sizeof(*class));
    snprintf(class->name, sizeof(class->name), "%s", name);
    for (size_t i = 0; i < settings_class_row_count; i++) {
        set_default(&settings_class_rows[i], class, settings_class_rows[i].initial);
    }
    return class;
}

static void set_builtin(struct settings *settings, const struct settings_builtin *builtin)
{
    char section[SECTION_BYTES];
    struct settings_class *class;
    int rc;

    snprintf(section, sizeof(section), CLASS_PREFIX "%s", builtin->class_name);
    rc = settings_assign(settings, section, builtin->key, builtin->value, NULL);
    class = find_class(settings, builtin->class_name);
    if (rc < 0 || !class) {
        abort(); /* the table is right, so there is no memory even for the start */
    }
    class->builtin = true;
}

void settings_init(struct settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    for (size_t i = 0; i < settings_row_count; i++) {
        set_default(&settings_rows[i], settings, settings_rows[i].initial);
    }
    default_state_dir(settings->state_dir);
    default_socket(settings->socket);
    default_libexec_dir(settings->libexec_dir);
    for (size_t i = 0; i < settings_builtin_count; i++) {
        set_builtin(settings, &settings_builtins[i]);
    }
}

void settings_deinit(struct settings *settings)
{
    for (size_t i = 0; i < settings->class_count; i++) {
        for (size_t j = 0; j < settings->classes[i].option_count; j++) {
            free(settings->classes[i].options[j].key);
            free(settings->classes[i].options[j].value);
        }
    }
    memset(settings, 0, sizeof(*settings));
}

/* --- one value --- */

/* Keeps the nearer of two names to text. */
static void keep_nearest(const char *text, const char *name, const char **nearest,
                         unsigned *distance)
{
    unsigned d = parse_edit_distance(text, name);

    if (!*nearest || d < *distance) {
        *nearest = name;
        *distance = d;
    }
}

static int unknown_section(const struct settings *settings, const char *section, struct error *err)
{
    char names[SETTINGS_CLASSES_MAX][sizeof(CLASS_PREFIX) + sizeof(settings->classes[0].name)];
    const char *nearest = NULL;
    unsigned distance = 0;

    for (size_t i = 0; i < settings_row_count; i++) {
        keep_nearest(section, settings_rows[i].section, &nearest, &distance);
    }
    for (size_t i = 0; i < settings->class_count; i++) {
        snprintf(names[i], sizeof(names[i]), CLASS_PREFIX "%s", settings->classes[i].name);
        keep_nearest(section, names[i], &nearest, &distance);
    }
    return error_set(err, ERROR_INVALID, "there is no section [%.40s]; did you mean [%s]?", section,
                     nearest);
}

static int unknown_key(const struct settings_row *rows, size_t count, const char *section,
                       const char *key, struct error *err)
{
    const char *nearest = NULL;
    unsigned distance = 0;

    for (size_t i = 0; i < count; i++) {
        if (!rows[i].section || !strcmp(rows[i].section, section)) {
            keep_nearest(key, rows[i].key, &nearest, &distance);
        }
    }
    return error_set(err, ERROR_INVALID, "there is no option %.60s; did you mean %s?", key,
                     nearest);
}

static bool class_name_is_legal(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    size_t size = strlen(name);

    return size > 0 && size < sizeof(((struct settings_class *)NULL)->name) &&
           strspn(name, letters) > 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == size;
}

/* option.KEY = VALUE: an empty value takes the option away. */
static int assign_option(struct settings_class *class, const char *key, const char *value,
                         struct error *err)
{
    size_t place = 0;

    if (key[0] == '\0' || strlen(key) > OPTION_KEY_MAX_BYTES ||
        strlen(value) > OPTION_VALUE_MAX_BYTES) {
        return error_set(err, ERROR_INVALID,
                         "expected an option of 1 to %d bytes with a value of at most %d",
                         OPTION_KEY_MAX_BYTES, OPTION_VALUE_MAX_BYTES);
    }
    while (place < class->option_count && strcmp(class->options[place].key, key) != 0) {
        place++;
    }
    if (place == SETTINGS_OPTIONS_MAX) {
        return error_set(err, ERROR_INVALID, "a class has at most %d options",
                         SETTINGS_OPTIONS_MAX);
    }
    if (settings_option_set(&class->options[place], key, value, err) < 0) {
        return -1;
    }
    if (place == class->option_count) {
        class->option_count++;
    }
    return 0;
}

static int assign_class(struct settings *settings, const char *name, const char *key,
                        const char *value, struct error *err)
{
    struct settings_class *class = find_class(settings, name);
    const struct settings_row *row =
        find_row(settings_class_rows, settings_class_row_count, NULL, key);
    bool is_option = !strncmp(key, OPTION_PREFIX, strlen(OPTION_PREFIX));

    if (!row && !is_option) {
        return unknown_key(settings_class_rows, settings_class_row_count, "", key, err);
    }
    if (!class) {
        if (!class_name_is_legal(name)) {
            return error_set(err, ERROR_INVALID,
                             "expected a class name of 1 to 32 bytes of a-z, 0-9, _ and -, "
                             "not \"%.40s\"",
                             name);
        }
        class = add_class(settings, name);
        if (!class) {
            return error_set(err, ERROR_INVALID, "there are %d classes at most",
                             SETTINGS_CLASSES_MAX);
        }
    }
    return row ? settings_row_parse(row, class, value, err)
               : assign_option(class, key + strlen(OPTION_PREFIX), value, err);
}

int settings_assign(struct settings *settings, const char *section, const char *key,
                    const char *value, struct error *err)
{
    const struct settings_row *row;
    bool known = false;

    for (const char *p = value; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f) {
            return error_set(err, ERROR_INVALID, "a value holds no control characters");
        }
    }
    if (!strncmp(section, CLASS_PREFIX, strlen(CLASS_PREFIX))) {
        return assign_class(settings, section + strlen(CLASS_PREFIX), key, value, err);
    }
    row = find_row(settings_rows, settings_row_count, section, key);
    if (row) {
        return settings_row_parse(row, settings, value, err);
    }
    for (size_t i = 0; i < settings_row_count && !known; i++) {
        known = !strcmp(settings_rows[i].section, section);
    }
    return known ? unknown_key(settings_rows, settings_row_count, section, key, err)
                 : unknown_section(settings, section, err);
}

int settings_set(struct settings *settings, const char *assignment, struct error *err)
{
    const char *equals = strchr(assignment, '=');
    const char *from = assignment;
    const char *dot;
    char section[SECTION_BYTES];
    char key[SECTION_BYTES + OPTION_KEY_MAX_BYTES];
    size_t section_bytes, key_bytes;

    if (!strncmp(from, CLASS_PREFIX, strlen(CLASS_PREFIX))) {
        from += strlen(CLASS_PREFIX);
    }
    dot = strchr(from, '.');
    if (!equals || !dot || dot > equals || dot + 1 == equals) {
        return error_set(err, ERROR_INVALID, "expected section.key=value, not \"%.60s\"",
                         assignment);
    }
    section_bytes = (size_t)(dot - assignment);
    key_bytes = (size_t)(equals - dot - 1);
    if (section_bytes >= sizeof(section) || key_bytes >= sizeof(key)) {
        return error_set(err, ERROR_INVALID, "there is no option \"%.60s\"", assignment);
    }
    memcpy(section, assignment, section_bytes);
    section[section_bytes] = '\0';
    memcpy(key, dot + 1, key_bytes);
    key[key_bytes] = '\0';
    if (settings_assign(settings, section, key, equals + 1, err) < 0) {
        return error_wrap(err, "%s.%s", section, key);
    }
    return 0;
}

/* --- relations --- */

static int finish_class(const struct settings *settings, struct settings_class *class,
                        struct error *err)
{
    if (!class->executable[0]) {
        return error_set(err, ERROR_INVALID, "executable: expected the name of a program");
    }
    if (class->builtin == (class->lifetime == LIFETIME_SERVICE)) {
        return error_set(err, ERROR_INVALID, "lifetime: expected %s, not %s",
                         class->builtin ? "fresh or pool in a class that is built in"
                                        : "service in a class that is not built in",
                         lifetime_name(class->lifetime));
    }
    if (class->max == 0) {
        class->max = settings->cpu_slots;
    }
    if (class->attempts == 0) {
        class->attempts = settings->attempts;
    }
    if (class->lifetime == LIFETIME_SERVICE) {
        class->min = class->max = 1;
    }
    if (class->min > class->max) {
        return error_set(err, ERROR_INVALID, "min: expected at most max");
    }
    if (class->memory_max_bytes > settings->memory_budget_bytes) {
        class->memory_max_bytes = settings->memory_budget_bytes;
    }
    return 0;
}

static int finish_machine(struct settings *settings, struct error *err)
{
    if (settings->memory_budget_bytes == 0) {
        uint64_t limit_bytes = proc_cgroup_limit_bytes();
        uint64_t total_bytes;

        if (proc_machine_memory_read(&total_bytes, NULL, err) < 0) {
            return error_wrap(err, "reading how much memory there is");
        }
        if (limit_bytes < total_bytes) {
            total_bytes = limit_bytes;
        }
        settings->memory_budget_bytes = total_bytes / 100 * settings->memory_budget_percent;
    }
    if (settings->cpu_slots == 0) {
        cpu_set_t cpus;

        settings->cpu_slots = 1;
        if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) > 0) {
            settings->cpu_slots = (uint64_t)CPU_COUNT(&cpus);
        }
    }
    return 0;
}

#define LEXICAL_MODEL "ebb-lexical-512"
#define LEXICAL_DIMENSIONS "512"
#define DIMENSIONS_MAX 4096 /* proto/vector.h */

/* Which vectors count is said once, to class embed; who keeps and compares them is told. */
static int finish_embedding(struct settings *settings, struct error *err)
{
    static const char *const told[] = {"library", "index"};
    const struct settings_class *embed = find_class(settings, "embed");
    const char *url = embed ? settings_option(embed, "url") : NULL;
    const char *model = LEXICAL_MODEL;
    const char *dimensions = LEXICAL_DIMENSIONS;
    uint64_t number;

    if (url && url[0]) {
        model = settings_option(embed, "model");
        dimensions = settings_option(embed, "dimensions");
        dimensions = dimensions && dimensions[0] ? dimensions : "0";
        if (!model || !model[0]) {
            return error_set(err, ERROR_INVALID,
                             "class.embed: option.model: expected the model that the endpoint at "
                             "option.url has");
        }
        if (parse_u64(dimensions, 0, DIMENSIONS_MAX, &number, err) < 0) {
            return error_wrap(err, "class.embed: option.dimensions");
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        struct settings_class *class = find_class(settings, told[i]);

        if (class && (assign_option(class, "embed_model", model, err) < 0 ||
                      assign_option(class, "embed_dimensions", dimensions, err) < 0)) {
            return error_wrap(err, CLASS_PREFIX "%s", told[i]);
        }
    }
    return 0;
}

int settings_finish(struct settings *settings, struct error *err)
{
    const struct {
        bool wrong;
        const char *what;
    } relations[] = {
        {!settings->state_dir[0], "ebb.state_dir: expected an absolute path"},
        {strlen(settings->socket) >= sizeof(((struct sockaddr_un *)NULL)->sun_path),
         "ebb.socket: expected a path of at most 107 bytes"},
        {settings->backoff_first_ms > settings->backoff_max_ms,
         "limits.backoff_first: expected at most backoff_max"},
        {settings->warning_percent >= settings->critical_percent,
         "memory.warning_percent: expected less than critical_percent"},
        {settings->embedding_first_ms > settings->embedding_max_ms,
         "embedding.retry_first: expected at most retry_max"},
        {settings->samples_raw_ms > settings->samples_ms,
         "retention.samples_raw: expected at most samples"},
    };

    for (size_t i = 0; i < ARRAY_LEN(relations); i++) {
        if (relations[i].wrong) {
            return error_set(err, ERROR_INVALID, "%s", relations[i].what);
        }
    }
    if (finish_machine(settings, err) < 0 || finish_embedding(settings, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < settings->class_count; i++) {
        if (finish_class(settings, &settings->classes[i], err) < 0) {
            return error_wrap(err, CLASS_PREFIX "%s", settings->classes[i].name);
        }
    }
    return 0;
}
