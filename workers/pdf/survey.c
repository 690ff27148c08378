/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Survey: metadata, outline and what opening found out.
 *
 * Blocks: reads the file. Diagnostics: none; warnings are in the record.
 */
#include "workers/pdf/survey.h"

#include "common/cleanup.h"
#include "workers/pdf/outline.h"

#define VALUE_BYTES 4096

static const struct {
    const char *key, *mupdf_key;
} METADATA[] = {
    {"title", FZ_META_INFO_TITLE},          {"author", FZ_META_INFO_AUTHOR},
    {"subject", FZ_META_INFO_SUBJECT},      {"keywords", FZ_META_INFO_KEYWORDS},
    {"creator", FZ_META_INFO_CREATOR},      {"producer", FZ_META_INFO_PRODUCER},
    {"created", FZ_META_INFO_CREATIONDATE}, {"modified", FZ_META_INFO_MODIFICATIONDATE},
};

_Static_assert(ARRAY_LEN(METADATA) <= SURVEY_METADATA_MAX, "metadata fits the record");

static char *copy(fz_context *ctx, struct arena *arena, const char *text)
{
    char *copied = arena_strdup(arena, text);

    if (!copied) {
        fz_throw(ctx, FZ_ERROR_MEMORY, "no memory for metadata");
    }
    return copied;
}

/* NULL where the document does not say. */
static char *look_up(struct document *document, struct arena *arena, const char *key)
{
    fz_context *ctx = document->ctx;
    char value[VALUE_BYTES];
    volatile int length = -1;

    fz_try(ctx)
    {
        length = fz_lookup_metadata(ctx, document->fz, key, value, sizeof(value));
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        fz_warn(ctx, "metadata: %s", fz_caught_message(ctx));
    }
    return length > 1 ? copy(ctx, arena, value) : NULL; /* length counts the NUL */
}

static void read_metadata(struct document *document, struct arena *arena,
                          struct survey_record *record)
{
    fz_context *ctx = document->ctx;

    /* "PDF 1.7"; of the others, "Image" and the like say less than their bytes did. */
    record->format = document->pdf ? look_up(document, arena, FZ_META_FORMAT) : NULL;
    if (!record->format) {
        record->format = document->format.name;
    }
    record->metadata = arena_calloc(arena, ARRAY_LEN(METADATA), sizeof(*record->metadata));
    if (!record->metadata) {
        fz_throw(ctx, FZ_ERROR_MEMORY, "no memory for metadata");
    }
    for (size_t i = 0; i < ARRAY_LEN(METADATA); i++) {
        const char *value = look_up(document, arena, METADATA[i].mupdf_key);

        if (value) {
            record->metadata[record->metadata_count++] =
                (struct survey_pair){METADATA[i].key, value};
        }
    }
}

int survey_document(struct document *document, struct arena *arena,
                    struct survey_record *ret_record, struct error *err)
{
    fz_context *ctx = document->ctx;
    volatile int status = 0;

    *ret_record = (struct survey_record){.page_count = document->page_count,
                                         .encrypted = document->encrypted};
    fz_try(ctx)
    {
        read_metadata(document, arena, ret_record);
        outline_read(document, arena, &ret_record->outline, &ret_record->outline_count);
        ret_record->repaired = document->pdf && pdf_was_repaired(ctx, document->pdf);
    }
    fz_catch(ctx)
    {
        status = error_set(err, ERROR_MEMORY, "%s", fz_caught_message(ctx));
    }
    fz_flush_warnings(ctx);
    if (status == 0) {
        ret_record->warnings =
            warnings_copy(&document->warnings, arena, &ret_record->warning_count);
    }
    return status;
}
