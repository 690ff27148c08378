/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/PROTOCOL.md says what proto's lists say: its tables are read and compared with them, row
 * by row and in both directions.
 */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "proto/artifact.h"
#include "proto/page_wire.h"
#include "proto/verdict.h"
#include "proto_samples.h"

#define CELLS_MAX 8
#define TEXT_MAX ((size_t)1 << 20)

struct row {
    char *cells[CELLS_MAX]; /* without the spaces and backquotes around them */
    size_t count;
};

static struct buf text;

static void load(void)
{
    struct error err = ERROR_INIT;

    buf_init(&text, TEXT_MAX);
    cr_assert_eq(file_read(EBB_TEST_SOURCE_DIR "/proto/PROTOCOL.md", TEXT_MAX, &text, &err), 0,
                 "%s", err.msg);
    cr_assert_not_null(buf_cstr(&text, NULL));
}

static void unload(void)
{
    buf_deinit(&text);
}

static char *trim(char *cell)
{
    cell += strspn(cell, " `");
    for (size_t end = strlen(cell); end > 0 && strchr(" `\n", cell[end - 1]); end--) {
        cell[end - 1] = '\0';
    }
    return cell;
}

static struct row split(char *line)
{
    struct row row = {.count = 0};
    char *rest = line + 1;
    char *cell;

    while ((cell = strsep(&rest, "|")) && rest) {
        cr_assert_lt(row.count, (size_t)CELLS_MAX, "%s", line);
        row.cells[row.count++] = trim(cell);
    }
    return row;
}

/* Calls each with every row of the first table behind the heading; returns their number. */
static size_t each_row(const char *heading, void (*each)(const struct row *row, void *user),
                       void *user)
{
    char line_start[100];
    AUTO_FREE char *copy = strdup((const char *)text.data);
    char *rest;
    char *line;
    size_t lines = 0;

    snprintf(line_start, sizeof(line_start), "\n%s\n", heading);
    rest = strstr(copy, line_start);
    cr_assert_not_null(rest, "no heading \"%s\"", heading);
    rest += strlen(line_start);
    while ((line = strsep(&rest, "\n"))) {
        if (line[0] != '|') {
            if (lines > 0) {
                break;
            }
            cr_assert_neq(line[0], '#', "no table behind \"%s\"", heading);
            continue;
        }
        if (lines++ >= 2) { /* behind the head and its rule */
            struct row row = split(line);

            each(&row, user);
        }
    }
    cr_assert_gt(lines, 2U, "no rows behind \"%s\"", heading);
    return lines - 2;
}

static uint64_t number(const char *cell)
{
    char *end;
    uint64_t value;

    cr_assert_not_null(cell);
    if (strcmp(cell, "2^64-1") == 0) {
        return UINT64_MAX;
    }
    if (strcmp(cell, "2^32-1") == 0) {
        return UINT32_MAX;
    }
    value = strtoull(cell, &end, 10);
    cr_assert(end != cell && *end == '\0', "\"%s\" is no number", cell);
    return value;
}

/* --- fields --- */

static const char *const TYPE_NAMES[FIELD_TYPE_COUNT] = {
    [FIELD_TYPE_UINT] = "UINT",     [FIELD_TYPE_BOOL] = "BOOL",
    [FIELD_TYPE_STR] = "STR",       [FIELD_TYPE_STRMAP] = "STRMAP",
    [FIELD_TYPE_COUNTS] = "COUNTS", [FIELD_TYPE_STRLIST] = "STRLIST",
    [FIELD_TYPE_UNITS] = "UNITS",   [FIELD_TYPE_FAILURES] = "FAILURES",
    [FIELD_TYPE_ANY] = "ANY",
};

/* FIELD_COUNT when there is none. */
static unsigned field_of(const char *key)
{
    unsigned field = 0;

    while (field < FIELD_COUNT && strcmp(field_key((enum field)field), key) != 0) {
        field++;
    }
    return field;
}

static void check_field(const struct row *row, void *user)
{
    uint64_t *seen = user;
    unsigned field = field_of(row->cells[0]);
    const struct field_spec *spec;

    cr_assert_eq(row->count, 5);
    cr_assert_lt(field, (unsigned)FIELD_COUNT, "no field %s", row->cells[0]);
    cr_assert_not(*seen & FIELD_BIT(field), "%s comes twice", row->cells[0]);
    *seen |= FIELD_BIT(field);
    spec = field_spec((enum field)field);
    cr_assert_str_eq(row->cells[1], TYPE_NAMES[spec->type], "%s", spec->key);
    cr_assert_eq(number(row->cells[2]), spec->type == FIELD_TYPE_BOOL ? 0 : spec->min, "%s",
                 spec->key);
    cr_assert_eq(number(row->cells[3]), spec->max, "%s", spec->key);
}

Test(protocol_text, fields, .init = load, .fini = unload)
{
    uint64_t seen = 0;

    cr_assert_eq(each_row("## Fields", check_field, &seen), (size_t)FIELD_COUNT);
}

static void check_type(const struct row *row, void *user)
{
    unsigned *seen = user;

    for (unsigned i = 0; i < FIELD_TYPE_COUNT; i++) {
        if (strcmp(row->cells[0], TYPE_NAMES[i]) == 0) {
            *seen |= 1U << i;
            return;
        }
    }
    cr_assert_fail("no type %s", row->cells[0]);
}

Test(protocol_text, types, .init = load, .fini = unload)
{
    unsigned seen = 0;

    each_row("## Types", check_type, &seen);
    cr_assert_eq(seen, (1U << FIELD_TYPE_COUNT) - 1);
}

/* --- messages --- */

static const char *const PHASE_NAMES[] = {"STARTING", "READY", "LEASED", "BUSY", "DRAINING"};

/* "READY, LEASED" */
static unsigned phases_of(char *cell)
{
    unsigned phases = 0;
    char *name;

    if (strcmp(cell, "always") == 0) {
        return PHASE_CLIENT;
    }
    if (strcmp(cell, "any") == 0) {
        return PHASE_ANY;
    }
    while ((name = strsep(&cell, ","))) {
        size_t i = 0;

        name = trim(name);
        while (i < ARRAY_LEN(PHASE_NAMES) && strcmp(name, PHASE_NAMES[i]) != 0) {
            i++;
        }
        cr_assert_lt(i, ARRAY_LEN(PHASE_NAMES), "no phase %s", name);
        phases |= 1U << i;
    }
    return phases;
}

/* "`job`, `folder`", or a dash for none. */
static uint64_t fields_of(char *cell)
{
    uint64_t fields = 0;
    char *key;

    if (strcmp(cell, "\xe2\x80\x93") == 0) {
        return 0;
    }
    while ((key = strsep(&cell, ","))) {
        unsigned field = field_of(trim(key));

        cr_assert_lt(field, (unsigned)FIELD_COUNT, "no field in \"%s\"", key);
        fields |= FIELD_BIT(field);
    }
    return fields;
}

static void check_message(const struct row *row, void *user)
{
    enum message_direction direction = *(const enum message_direction *)user;
    const struct message_spec *spec;

    cr_assert_eq(row->count, 6);
    spec = message_spec(number(row->cells[1]));
    cr_assert_not_null(spec, "%s", row->cells[0]);
    cr_assert_str_eq(row->cells[0], spec->name);
    cr_assert_eq(spec->direction, direction, "%s", spec->name);
    cr_assert_eq(phases_of(row->cells[2]), spec->phases, "%s", spec->name);
    cr_assert_eq(number(row->cells[3]), spec->max_bytes, "%s", spec->name);
    cr_assert_eq(fields_of(row->cells[4]), spec->required, "%s", spec->name);
    cr_assert_eq(fields_of(row->cells[5]), spec->optional, "%s", spec->name);
}

Test(protocol_text, messages, .init = load, .fini = unload)
{
    static const char *const headings[] = {
        [DIRECTION_TO_WORKER] = "### From ebbd to a worker",
        [DIRECTION_FROM_WORKER] = "### From a worker to ebbd",
        [DIRECTION_FROM_CLIENT] = "### From a client to ebbd",
        [DIRECTION_TO_CLIENT] = "### From ebbd to a client",
    };
    size_t rows = 0;

    for (unsigned i = 0; i < ARRAY_LEN(headings); i++) {
        enum message_direction direction = (enum message_direction)i;
        size_t expected = 0;
        size_t found = each_row(headings[i], check_message, &direction);

        for (size_t j = 0; j < SAMPLE_TYPE_COUNT; j++) {
            expected += message_type_direction(SAMPLE_TYPES[j]) == direction;
        }
        cr_assert_eq(found, expected, "%s", headings[i]);
        rows += found;
    }
    cr_assert_eq(rows, SAMPLE_TYPE_COUNT);
}

/* The messages of a direction that are legal in a phase, as a set of their numbers. */
static uint64_t legal_in(unsigned phase, enum message_direction direction)
{
    uint64_t numbers = 0;

    for (size_t i = 0; i < SAMPLE_TYPE_COUNT; i++) {
        if (message_type_direction(SAMPLE_TYPES[i]) == direction &&
            message_type_phases(SAMPLE_TYPES[i]) & phase) {
            numbers |= UINT64_C(1) << SAMPLE_TYPES[i];
        }
    }
    return numbers;
}

static uint64_t numbers_of(char *cell)
{
    uint64_t numbers = 0;
    char *name;

    while ((name = strsep(&cell, ","))) {
        size_t i = 0;

        name = trim(name);
        while (i < SAMPLE_TYPE_COUNT && strcmp(message_type_name(SAMPLE_TYPES[i]), name) != 0) {
            i++;
        }
        cr_assert_lt(i, SAMPLE_TYPE_COUNT, "no message %s", name);
        numbers |= UINT64_C(1) << SAMPLE_TYPES[i];
    }
    return numbers;
}

static void check_phase(const struct row *row, void *user)
{
    size_t *place = user;
    unsigned phase = 1U << *place;

    cr_assert_eq(row->count, 4);
    cr_assert_str_eq(row->cells[0], PHASE_NAMES[*place]);
    cr_assert_eq(numbers_of(row->cells[2]), legal_in(phase, DIRECTION_TO_WORKER), "%s",
                 row->cells[0]);
    cr_assert_eq(numbers_of(row->cells[3]), legal_in(phase, DIRECTION_FROM_WORKER), "%s",
                 row->cells[0]);
    ++*place;
}

Test(protocol_text, phases, .init = load, .fini = unload)
{
    size_t place = 0;

    cr_assert_eq(each_row("## A worker's life", check_phase, &place), ARRAY_LEN(PHASE_NAMES));
}

/* --- verdicts and exit codes --- */

static void check_verdict(const struct row *row, void *user)
{
    int *place = user;

    cr_assert_str_eq(row->cells[0], verdict_name((enum verdict) * place));
    ++*place;
}

Test(protocol_text, verdicts, .init = load, .fini = unload)
{
    int place = 0;

    cr_assert_eq(each_row("## Verdicts", check_verdict, &place), (size_t)VERDICT_COUNT);
}

static const struct {
    enum worker_exit code;
    const char *name;
} EXITS[] = {
    {WORKER_EXIT_OK, "OK"},
    {WORKER_EXIT_USAGE, "USAGE"},
    {WORKER_EXIT_PROTOCOL, "PROTOCOL"},
    {WORKER_EXIT_SANDBOX, "SANDBOX"},
    {WORKER_EXIT_INIT, "INIT"},
    {WORKER_EXIT_MEMORY, "MEMORY"},
    {WORKER_EXIT_EXEC, "EXEC"},
    {WORKER_EXIT_ORPHANED, "ORPHANED"},
};

static void check_exit(const struct row *row, void *user)
{
    size_t *place = user;

    cr_assert_lt(*place, ARRAY_LEN(EXITS));
    cr_assert_eq(number(row->cells[0]), (uint64_t)EXITS[*place].code);
    cr_assert_str_eq(row->cells[1], EXITS[*place].name);
    ++*place;
}

Test(protocol_text, exit_codes, .init = load, .fini = unload)
{
    size_t place = 0;

    cr_assert_eq(each_row("## Exit codes", check_exit, &place), ARRAY_LEN(EXITS));
}

/* --- records, and numbers in the text --- */

static void check_place(const struct row *row, void *user)
{
    size_t *place = user;

    cr_assert_eq(number(row->cells[0]), *place);
    ++*place;
}

__attribute__((format(printf, 1, 2))) static void says(const char *format, ...)
{
    char sentence[200];
    va_list ap;

    va_start(ap, format);
    vsnprintf(sentence, sizeof(sentence), format, ap);
    va_end(ap);
    cr_assert_not_null(strstr((const char *)text.data, sentence), "it does not say \"%s\"",
                       sentence);
}

Test(protocol_text, records, .init = load, .fini = unload)
{
    size_t place = 0;

    cr_assert_eq(each_row("### Page records", check_place, &place), (size_t)PAGE_WIRE_FIELDS);
    place = 0;
    each_row("### Survey records", check_place, &place);
    says("An array of %u:", (unsigned)place);
    says("An array of %u:", PAGE_WIRE_FIELDS);
    says("**block** is an array of %u:", PAGE_WIRE_BLOCK_FIELDS);
    says("**line** is an array of %u:", PAGE_WIRE_LINE_FIELDS);
    says("**span** is an array of %u:", PAGE_WIRE_SPAN_FIELDS);
    says("**table** is an array of %u:", PAGE_WIRE_TABLE_FIELDS);
    says("**cell** is an array of %u:", PAGE_WIRE_CELL_FIELDS);
    says("**image** is an array of %u:", PAGE_WIRE_IMAGE_FIELDS);
    says("their product at most %u", PAGE_TABLE_CELLS_MAX);
    says("array of at most %u images", PAGE_IMAGES_MAX);
    says("array of at most %u `[name, style]`", PAGE_FONTS_MAX);
    says("at most %u pt from it", (unsigned)PAGE_COORDINATE_MAX_PT);
    says("array of at most %u STR, 0\xe2\x80\x93"
         "512",
         PAGE_WARNINGS_MAX);
    says("array of at most %u STR, 0\xe2\x80\x93"
         "512",
         SURVEY_WARNINGS_MAX);
    says("array of at most %u `[key, value]`", SURVEY_METADATA_MAX);
    says("array of at most %u `[page, depth, title]`", SURVEY_OUTLINE_MAX);
    for (unsigned i = 0; i < PAGE_BLOCK_COUNT; i++) {
        says("%u `%s`", i, page_block_kind_name((enum page_block_kind)i));
    }
    for (unsigned i = 0; i < PAGE_IMAGE_ROLE_COUNT; i++) {
        says("%u `%s`", i, page_image_role_name((enum page_image_role)i));
    }
}

Test(protocol_text, limits_and_versions, .init = load, .fini = unload)
{
    says("length of the body, unsigned, most significant byte first: 1 to %u",
         FRAME_BODY_MAX_BYTES);
    says("says about messages is %u (`PROTOCOL_VERSION`)", PROTOCOL_VERSION);
    says("versions of their own (%u each)", ARTIFACT_VERSION);
    says("so have page records (%u)", PAGE_RECORD_VERSION);
    says("versions of their own (%u each)", SURVEY_RECORD_VERSION);
    says("most significant byte first: 1 to %u)", ARTIFACT_RECORD_MAX_BYTES);
    says("`[\"ebb\", %u, kind]`", ARTIFACT_VERSION);
}
