/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What `ebb run` and `ebb submit` say of how documents are cut into chunks and found again.
 */
#ifndef EBB_CTL_CHUNK_OPTIONS_H
#define EBB_CTL_CHUNK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/options.h"
#include "ctl/params.h"

#define CHUNK_OPTIONS_TAGS_MAX 16
#define CHUNK_OPTIONS_TAG_MAX_BYTES 64

struct chunk_options {
    const char *size, *overlap; /* characters, as given; NULL where not */
    const char *sizes;          /* "2048,1024,512" */
    struct option_list tags;
    bool no_embed;
};

/* member: of type, a struct chunk_options. */
#define CHUNK_OPTION_ROWS(type, member)                                                            \
    {"tag",                                                                                        \
     0,                                                                                            \
     OPTION_LIST,                                                                                  \
     "TAG",                                                                                        \
     "marks the documents, for `ebb search --tag`; may be repeated",                               \
     offsetof(type, member.tags)},                                                                 \
        {"chunk-size",                                                                             \
         0,                                                                                        \
         OPTION_STRING,                                                                            \
         "CHARS",                                                                                  \
         "of the chunks that are searched (1024)",                                                 \
         offsetof(type, member.size)},                                                             \
        {"chunk-overlap",                                                                          \
         0,                                                                                        \
         OPTION_STRING,                                                                            \
         "CHARS",                                                                                  \
         "so much of a chunk's end begins the next (128)",                                         \
         offsetof(type, member.overlap)},                                                          \
        {"chunk-sizes",                                                                            \
         0,                                                                                        \
         OPTION_STRING,                                                                            \
         "LIST",                                                                                   \
         "chunks within larger ones, such as 2048,1024,512",                                       \
         offsetof(type, member.sizes)},                                                            \
    {                                                                                              \
        "no-embed", 0, OPTION_FLAG, NULL, "no embeddings: found by words alone",                   \
            offsetof(type, member.no_embed)                                                        \
    }

/* Checks them and adds the job's parameters. ret_tags: the text that one of them borrows, to be
 * freed after the parameters' end; NULL where there is none. ERROR_INVALID says which and what was
 * expected. */
int chunk_options_take(const struct chunk_options *options, struct params *params, char **ret_tags,
                       struct error *err);
/* ERROR_INVALID: no tag, or one too long, or with a comma or a control in it. */
int chunk_options_check_tag(const char *tag, struct error *err);
/* "a,b"; the caller frees it. NULL and err when a tag is none or there are too many. */
char *chunk_options_join_tags(const struct option_list *tags, struct error *err);

#endif
