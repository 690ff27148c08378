/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * supervisor/settings: defaults, files, errors with file and line, --set, print and read back,
 * help, differences.
 */
#include "supervisor/settings.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "supervisor/settings_table.h"

static char folder[64];
static char path[128];
static struct settings settings;

static void start(void)
{
    strcpy(folder, "/tmp/ebb-settings-XXXXXX");
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/ebb.conf", folder);
    settings_init(&settings);
}

static void stop(void)
{
    char name_of[192];

    settings_deinit(&settings);
    for (const char *name = "abc"; *name; name++) {
        snprintf(name_of, sizeof(name_of), "%s.d/%c.conf", path, *name);
        unlink(name_of);
    }
    snprintf(name_of, sizeof(name_of), "%s.d", path);
    rmdir(name_of);
    unlink(path);
    rmdir(folder);
}

TestSuite(settings, .init = start, .fini = stop);

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    cr_assert(file);
    fputs(text, file);
    fclose(file);
}

static void write_drop_in(char name, const char *text)
{
    char file[192];

    snprintf(file, sizeof(file), "%s.d", path);
    mkdir(file, 0700);
    snprintf(file, sizeof(file), "%s.d/%c.conf", path, name);
    write_file(file, text);
}

static void load(const char *text)
{
    struct error err = ERROR_INIT;

    write_file(path, text);
    cr_assert_eq(settings_load(&settings, path, true, &err), 0, "%s", err.msg);
}

/* The file must be refused, at this line, with these words. */
static void refuse(const char *text, unsigned line, const char *words)
{
    struct settings fresh;
    struct error err = ERROR_INIT;
    char place[192];

    settings_init(&fresh);
    write_file(path, text);
    cr_assert_eq(settings_load(&fresh, path, true, &err), -1, "not refused: %s", text);
    cr_assert_eq(err.code, ERROR_INVALID);
    snprintf(place, sizeof(place), "%s:%u: ", path, line);
    cr_assert_eq(strncmp(err.msg, place, strlen(place)), 0, "%s does not start with %s", err.msg,
                 place);
    cr_assert(strstr(err.msg, words), "\"%s\" does not say \"%s\"", err.msg, words);
    settings_deinit(&fresh);
}

Test(settings, defaults_are_those_of_the_table)
{
    const struct settings_class *pdf = settings_class_find(&settings, "pdf");
    const struct settings_class *ocr = settings_class_find(&settings, "ocr");
    const struct settings_class *library = settings_class_find(&settings, "library");

    cr_assert_eq(settings.memory_budget_percent, 80);
    cr_assert_eq(settings.active_jobs, 16);
    cr_assert_eq(settings.queued_jobs, 1000000);
    cr_assert_eq(settings.client_queue_bytes, 4 << 20);
    cr_assert_eq(settings.document_bytes, UINT64_C(2) << 30);
    cr_assert_eq(settings.backoff_first_ms, 100);
    cr_assert_eq(settings.backoff_max_ms, 60000);
    cr_assert_eq(settings.jobs_ms, UINT64_C(30) * 86400000);
    cr_assert_eq(settings.samples_ms, UINT64_C(48) * 3600000);
    cr_assert_eq(settings.log_level, LOG_LEVEL_INFO);
    cr_assert_eq(settings.class_count, 6);
    cr_assert(ocr && ocr->builtin);
    cr_assert_str_eq(ocr->executable, "ebb-ocr");
    cr_assert_eq(ocr->lifetime, LIFETIME_FRESH);
    cr_assert_str_eq(ocr->profile, "parse");
    cr_assert_eq(ocr->spare, 0);
    cr_assert_eq(ocr->max, 0, "as many as there are CPU slots");
    cr_assert_eq(ocr->item_deadline_ms, 120000);
    cr_assert_eq(ocr->option_count, 1);
    cr_assert_str_eq(ocr->options[0].key, "read_paths");
    cr_assert_str_eq(ocr->options[0].value, "-/usr/share/tesseract-ocr");
    cr_assert(pdf && pdf->builtin && library && library->builtin);
    cr_assert_str_eq(pdf->executable, "ebb-pdf");
    cr_assert_eq(pdf->lifetime, LIFETIME_FRESH);
    cr_assert_str_eq(pdf->profile, "parse");
    cr_assert_eq(pdf->spare, 1);
    cr_assert_eq(pdf->memory_max_bytes, 1 << 30);
    cr_assert_eq(pdf->item_deadline_ms, 20000);
    cr_assert_eq(pdf->start_deadline_ms, 10000);
    cr_assert_eq(library->lifetime, LIFETIME_POOL);
    cr_assert_eq(library->max, 1);
    cr_assert_eq(library->cpu_percent, 50);
    cr_assert_eq(library->file_max_bytes, UINT64_C(1) << 40);
    cr_assert_eq(library->max_units, 10000);
    cr_assert_eq(library->max_rss_bytes, 128 << 20);
    cr_assert_eq(library->item_deadline_ms, 60000);
}

Test(settings, folders_come_from_the_environment)
{
    struct settings other;

    setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
    setenv("RUNTIME_DIRECTORY", "/run/a", 1);
    settings_init(&other);
    cr_assert_str_eq(other.state_dir, "/var/lib/a");
    cr_assert_str_eq(other.socket, "/run/a/control.sock");
    settings_deinit(&other);

    unsetenv("STATE_DIRECTORY");
    unsetenv("RUNTIME_DIRECTORY");
    setenv("XDG_STATE_HOME", "/h/state", 1);
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    settings_init(&other);
    cr_assert_str_eq(other.state_dir, "/h/state/ebb");
    cr_assert_str_eq(other.socket, "/run/user/7/ebb/control.sock");
    settings_deinit(&other);

    setenv("XDG_STATE_HOME", "not/absolute", 1);
    unsetenv("XDG_RUNTIME_DIR");
    setenv("HOME", "/h", 1);
    settings_init(&other);
    cr_assert_str_eq(other.state_dir, "/h/.local/state/ebb");
    cr_assert_str_eq(other.socket, "/run/ebb/control.sock");
    settings_deinit(&other);

    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    settings_init(&other);
    cr_assert_str_eq(other.state_dir, "/var/lib/ebb");
    settings_deinit(&other);
}

Test(settings, a_file_and_its_drop_ins_in_order_of_name)
{
    write_drop_in('b', "[limits]\nclients = 3\nqueries = 3\n");
    write_drop_in('a', "[limits]\nclients = 2\nattempts = 2\n");
    load("# a comment\n; another\n\n[limits]\n  clients = 1\nattempts=1\nqueries = 1\n"
         "[class.pdf]\nspare = 4 ; kept ready\n");
    cr_assert_eq(settings.clients, 3);
    cr_assert_eq(settings.attempts, 2);
    cr_assert_eq(settings.queries, 3);
    cr_assert_eq(settings_class_find(&settings, "pdf")->spare, 4);
}

Test(settings, a_missing_file_is_an_error_only_when_it_must_be_there)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(settings_load(&settings, path, false, &err), 0);
    cr_assert_eq(settings_load(&settings, path, true, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert_eq(settings_load(&settings, folder, true, &err), -1);
    cr_assert_eq(err.code, ERROR_SYSTEM, "a folder: %s", err.msg);
}

Test(settings, drop_ins_are_read_without_the_file)
{
    struct error err = ERROR_INIT;

    write_drop_in('a', "[limits]\nclients = 9\n");
    cr_assert_eq(settings_load(&settings, path, false, &err), 0, "%s", err.msg);
    cr_assert_eq(settings.clients, 9);
    write_drop_in('b', "[limits]\nclients = many\n");
    cr_assert_eq(settings_load(&settings, path, false, &err), -1);
    cr_assert(strstr(err.msg, ".d/b.conf:2: [limits] clients: expected a whole number"), "%s",
              err.msg);
}

Test(settings, what_is_wrong_is_named_with_its_line)
{
    char *line = malloc(400);

    refuse("[limits]\nclients = none\n", 2, "[limits] clients: expected a whole number from 1");
    refuse("[limits]\n\nclient = 5\n", 3, "did you mean clients?");
    refuse("[limit]\nclients = 5\n", 2, "did you mean [limits]?");
    refuse("[clas.pdf]\nspare = 5\n", 2, "did you mean [class.pdf]?");
    refuse("[class.pdf]\nspares = 5\n", 2, "did you mean spare?");
    refuse("[class.Pdf]\nspare = 5\n", 2, "expected a class name");
    refuse("clients = 5\n", 1, "there is no section []");
    refuse("[limits]\nclients\n", 2, "expected [section] or key = value");
    refuse("[limits\nclients = 1\n", 1, "expected [section] or key = value");
    refuse("[memory]\nsample = 1\n\nsample = 1ms\n", 4, "expected a time from 50ms to 1h");
    refuse("[limits]\nclient_queue = 1K\n", 2, "expected a size from 2M to 1G");
    refuse("[limits]\npage_failures_percent = 101\n", 2, "0 to 100");
    refuse("[ebb]\nlog_level = loud\n", 2,
           "expected error, warning, notice, info or debug, not \"loud\"");
    refuse("[ebb]\nstate_dir = here\n", 2, "expected an absolute path");
    refuse("[class.pdf]\nexecutable = ../evil\n", 2, "plain name or absolute path");
    refuse("[class.pdf]\nprofile = open\n", 2, "expected parse, net, store or none");
    refuse("[limits]\nclients = 5\x01\n", 2, "control characters");

    memset(line, 'x', 399);
    line[399] = '\0';
    memcpy(line, "[ebb]\nstate_dir = /", 19);
    refuse(line, 2, "longer than");
    free(line);
}

Test(settings, class_options_are_kept_and_replaced)
{
    const struct settings_class *library;

    load("[class.library]\noption.dpi = 300\noption.lang = eng\noption.dpi = 200\n"
         "[class.ocr]\noption.read_paths = /models\n");
    library = settings_class_find(&settings, "library");
    cr_assert_eq(library->option_count, 2);
    cr_assert_str_eq(library->options[0].key, "dpi");
    cr_assert_str_eq(library->options[0].value, "200");
    cr_assert_str_eq(library->options[1].value, "eng");
    cr_assert_str_eq(settings_class_find(&settings, "ocr")->options[0].value, "/models");
}

Test(settings, options_and_classes_are_bounded)
{
    struct error err = ERROR_INIT;
    char assignment[128];
    int rc = 0, set;

    for (set = 0; set <= SETTINGS_OPTIONS_MAX && rc == 0; set++) {
        snprintf(assignment, sizeof(assignment), "class.library.option.k%d=v", set);
        rc = settings_set(&settings, assignment, &err);
    }
    cr_assert_eq(rc, -1);
    cr_assert_eq(set, SETTINGS_OPTIONS_MAX + 1);
    for (set = 0, rc = 0; set <= SETTINGS_CLASSES_MAX && rc == 0; set++) {
        snprintf(assignment, sizeof(assignment), "class.c%d.executable=x", set);
        rc = settings_set(&settings, assignment, &err);
    }
    cr_assert_eq(rc, -1);
    cr_assert_eq(settings.class_count, SETTINGS_CLASSES_MAX);
}

Test(settings, set_takes_what_a_file_takes)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(settings_set(&settings, "limits.clients=7", &err), 0, "%s", err.msg);
    cr_assert_eq(settings_set(&settings, "class.pdf.executable=/x/fake", &err), 0, "%s", err.msg);
    cr_assert_eq(settings_set(&settings, "class.library.option.a.b=c=d", &err), 0, "%s", err.msg);
    cr_assert_eq(settings.clients, 7);
    cr_assert_str_eq(settings_class_find(&settings, "pdf")->executable, "/x/fake");
    cr_assert_str_eq(settings_class_find(&settings, "library")->options[0].key, "a.b");
    cr_assert_str_eq(settings_class_find(&settings, "library")->options[0].value, "c=d");
    cr_assert_eq(settings_set(&settings, "limits.client=7", &err), -1);
    cr_assert(strstr(err.msg, "did you mean clients?"), "%s", err.msg);
    cr_assert_eq(settings_set(&settings, "clients=7", &err), -1);
    cr_assert_eq(settings_set(&settings, "limits.clients", &err), -1);
    cr_assert_eq(settings_set(&settings, "limits.=7", &err), -1);
    cr_assert_eq(settings_set(&settings, "", &err), -1);
    cr_assert_eq(settings.clients, 7);
}

Test(settings, finish_asks_the_machine)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(settings_finish(&settings, &err), 0, "%s", err.msg);
    cr_assert_gt(settings.memory_budget_bytes, 16 << 20);
    cr_assert_geq(settings.cpu_slots, 1);
    cr_assert_eq(settings_class_find(&settings, "pdf")->max, settings.cpu_slots);
    cr_assert_eq(settings_class_find(&settings, "library")->max, 1);
    cr_assert_eq(settings_class_find(&settings, "pdf")->attempts, settings.attempts);
    cr_assert_eq(settings_class_find(&settings, "ocr")->attempts, 3);
}

Test(settings, finish_keeps_a_class_within_the_budget)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(settings_set(&settings, "limits.memory_budget=512M", &err), 0);
    cr_assert_eq(settings_finish(&settings, &err), 0, "%s", err.msg);
    cr_assert_eq(settings_class_find(&settings, "pdf")->memory_max_bytes, 512 << 20);
    cr_assert_eq(settings_class_find(&settings, "library")->memory_max_bytes, 256 << 20);
}

static void expect_model(const char *class_name, const char *model, const char *dimensions)
{
    const struct settings_class *class = settings_class_find(&settings, class_name);

    cr_assert(class && class->builtin);
    cr_assert_str_eq(settings_option(class, "embed_model"), model);
    cr_assert_str_eq(settings_option(class, "embed_dimensions"), dimensions);
}

Test(settings, finish_tells_which_vectors_count)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(settings_finish(&settings, &err), 0, "%s", err.msg);
    expect_model("library", "ebb-lexical-512", "512");
    expect_model("index", "ebb-lexical-512", "512");
    cr_assert_null(settings_option(settings_class_find(&settings, "visual"), "embed_model"));
    cr_assert_eq(settings_set(&settings, "class.embed.option.url=http://x/v1", &err), 0);
    cr_assert_eq(settings_finish(&settings, &err), -1);
    cr_assert(strstr(err.msg, "option.model"), "%s", err.msg);
    cr_assert_eq(settings_set(&settings, "class.embed.option.model=small-3", &err), 0);
    cr_assert_eq(settings_finish(&settings, &err), 0, "%s", err.msg);
    expect_model("library", "small-3", "0");
    cr_assert_eq(settings_set(&settings, "class.embed.option.dimensions=1536", &err), 0);
    cr_assert_eq(settings_finish(&settings, &err), 0, "%s", err.msg);
    expect_model("index", "small-3", "1536");
    cr_assert_eq(settings_set(&settings, "class.embed.option.dimensions=4097", &err), 0);
    cr_assert_eq(settings_finish(&settings, &err), -1);
    cr_assert(strstr(err.msg, "option.dimensions"), "%s", err.msg);
}

Test(settings, finish_refuses_what_contradicts_itself)
{
    static const struct {
        const char *assignment, *words;
    } wrong[] = {
        {"limits.backoff_max=1ms", "backoff_first"},
        {"memory.warning_percent=95", "warning_percent"},
        {"retention.samples=1min", "samples_raw"},
        {"embedding.retry_max=100ms", "retry_first"},
        {"class.library.min=2", "class.library: min"},
        {"class.pdf.lifetime=service", "class.pdf: lifetime"},
        {"class.http.memory_max=64M", "class.http: executable"},
        {"ebb.socket=/"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaa",
         "ebb.socket"},
    };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct settings other;
        struct error err = ERROR_INIT;

        settings_init(&other);
        cr_assert_eq(settings_set(&other, wrong[i].assignment, &err), 0, "%s", err.msg);
        cr_assert_eq(settings_finish(&other, &err), -1, "%s", wrong[i].assignment);
        cr_assert_eq(err.code, ERROR_INVALID);
        cr_assert(strstr(err.msg, wrong[i].words), "%s", err.msg);
        settings_deinit(&other);
    }
}

Test(settings, a_new_class_is_a_service)
{
    struct error err = ERROR_INIT;
    const struct settings_class *http;

    load("[class.http]\nexecutable = ebb-http\nprofile = net\nmemory_max = 64M\nmax = 5\n");
    cr_assert_eq(settings_finish(&settings, &err), 0, "%s", err.msg);
    http = settings_class_find(&settings, "http");
    cr_assert(http && !http->builtin);
    cr_assert_eq(http->lifetime, LIFETIME_SERVICE);
    cr_assert_eq(http->max, 1);
    cr_assert_eq(http->min, 1);
    load("[class.http]\nlifetime = pool\n");
    cr_assert_eq(settings_finish(&settings, &err), -1);
    cr_assert(strstr(err.msg, "expected service"), "%s", err.msg);
}

static void count(void *user, const char *key)
{
    char *all = user;

    strcat(strcat(all, key), " ");
}

Test(settings, what_is_printed_reads_back_the_same)
{
    struct settings other;
    struct error err = ERROR_INIT;
    char differences[1024] = "";
    FILE *file;

    load("[limits]\nclients = 17\nframe_timeout = 1500ms\ndocument_bytes = 1234567\n"
         "memory_budget_percent = 33\n"
         "[ebb]\nlog_level = debug\nstate_dir = /a b/c\n[class.pdf]\noption.x = y z\n"
         "[class.http]\nexecutable = ebb-http\nmax_age = 90s\n");
    cr_assert_eq(settings_finish(&settings, &err), 0, "%s", err.msg);
    file = fopen(path, "w");
    cr_assert(file);
    settings_print(&settings, file);
    fclose(file);

    settings_init(&other);
    cr_assert_eq(settings_load(&other, path, true, &err), 0, "%s", err.msg);
    settings_diff(&settings, &other, count, differences);
    cr_assert_str_eq(differences, "");
    cr_assert_eq(other.clients, 17);
    cr_assert_str_eq(other.state_dir, "/a b/c");
    cr_assert_eq(settings_class_find(&other, "http")->max_age_ms, 90000);
    settings_deinit(&other);
}

Test(settings, differences_are_named)
{
    struct settings other;
    struct error err = ERROR_INIT;
    char differences[1024] = "";

    settings_init(&other);
    settings_diff(&settings, &other, count, differences);
    cr_assert_str_eq(differences, "");
    cr_assert_eq(settings_set(&other, "limits.clients=7", &err), 0);
    cr_assert_eq(settings_set(&other, "class.pdf.spare=3", &err), 0);
    cr_assert_eq(settings_set(&other, "class.pdf.option.a=1", &err), 0);
    cr_assert_eq(settings_set(&other, "class.new.executable=x", &err), 0);
    settings_diff(&settings, &other, count, differences);
    cr_assert_str_eq(differences, "limits.clients class.pdf.spare class.pdf.option.a class.new ");
    differences[0] = '\0';
    settings_diff(&other, &settings, count, differences);
    cr_assert_str_eq(differences, "limits.clients class.pdf.spare class.pdf.option.a class.new ");
    settings_deinit(&other);
}

/* text holds words, however they are broken into lines. */
static bool has_words(const char *text, const char *words)
{
    for (const char *start = text; (start = strchr(start, words[0])); start++) {
        const char *p = start, *w = words;

        while (*w && (*p == *w || (*w == ' ' && *p == '\n'))) {
            bool blank = *w == ' ';

            p++, w++;
            while (blank && (*p == ' ' || *p == '\n' || (*p == '\\' && p[1] == '&'))) {
                p += *p == '\\' ? 2 : 1;
            }
        }
        if (!*w) {
            return true;
        }
    }
    return false;
}

/* Every option is in the help with its key, and every row is fit to be there. */
Test(settings, help_tells_every_option)
{
    for (int mdoc = 0; mdoc < 2; mdoc++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        cr_assert(out);
        settings_print_help(out, mdoc);
        fclose(out);
        for (size_t i = 0; i < settings_row_count + settings_class_row_count; i++) {
            const struct settings_row *row = i < settings_row_count
                                                 ? &settings_rows[i]
                                                 : &settings_class_rows[i - settings_row_count];
            char item[64];

            snprintf(item, sizeof(item), mdoc ? "\n.It Ic %s Pq " : "\n  %s  (", row->key);
            cr_assert(strstr(text, item), "no %s", row->key);
            cr_assert(has_words(text, row->help), "no help of %s", row->key);
            cr_assert_eq(row->help[strlen(row->help) - 1], '.', "%s", row->key);
        }
        cr_assert(strstr(text, "option.KEY"));
        cr_assert(strstr(text, "[class.library]"));
        free(text);
    }
}

/* The example is read as it is, and with each of its "#key = value" lines in force, where it says
 * nothing but the defaults. */
Test(settings, the_example_is_made_of_defaults)
{
    struct error err = ERROR_INIT;
    struct settings defaults;
    char line[256], differences[4096] = "";
    FILE *example = fopen(EBB_TEST_SOURCE_DIR "/docs/ebb.conf.example", "r");
    FILE *file = fopen(path, "w");
    unsigned options = 0;

    cr_assert(example && file);
    cr_assert_eq(settings_load(&settings, EBB_TEST_SOURCE_DIR "/docs/ebb.conf.example", true, &err),
                 0, "%s", err.msg);
    while (fgets(line, sizeof(line), example)) {
        bool option = line[0] == '#' && line[1] != ' ' && strchr(line, '=');

        options += option;
        fputs(line + option, file);
    }
    fclose(example);
    fclose(file);
    cr_assert_gt(options, 10);
    cr_assert_eq(settings_load(&settings, path, true, &err), 0, "%s", err.msg);
    settings_init(&defaults);
    settings_diff(&defaults, &settings, count, differences);
    cr_assert_str_eq(differences, "");
    settings_deinit(&defaults);
}

Test(settings, numbers_are_written_as_they_are_read)
{
    static const struct {
        enum settings_type type;
        uint64_t value;
        const char *text;
    } rows[] = {
        {SETTINGS_BYTES, 4 << 20, "4M"},
        {SETTINGS_BYTES, 1025, "1025"},
        {SETTINGS_BYTES, 0, "0"},
        {SETTINGS_DURATION, 1500, "1500ms"},
        {SETTINGS_DURATION, 90000, "90s"},
        {SETTINGS_DURATION, 600000, "10min"},
        {SETTINGS_DURATION, 172800000, "2d"},
        {SETTINGS_NUMBER, 1024, "1024"},
        {SETTINGS_BYTES, UINT64_C(1) << 40, "1T"},
    };
    char text[32];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        settings_number_format(rows[i].type, rows[i].value, text, sizeof(text));
        cr_assert_str_eq(text, rows[i].text);
    }
}
