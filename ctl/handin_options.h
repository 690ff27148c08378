/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What `ebb run` and `ebb submit` share of a command line: the documents, and what is said of the
 * jobs that they become.
 */
#ifndef EBB_CTL_HANDIN_OPTIONS_H
#define EBB_CTL_HANDIN_OPTIONS_H

#include <stdint.h>

#include "common/options.h"
#include "ctl/chunk_options.h"
#include "ctl/command.h"
#include "ctl/handin.h"
#include "ctl/params.h"
#include "ctl/sources.h"

struct handin_options {
    struct option_list params; /* "key=value" */
    const char *password, *password_file;
    const char *ocr, *languages;
    struct chunk_options chunks;
    uint64_t priority;
};

#define HANDIN_OPTIONS_DEFAULTS                                                                    \
    {                                                                                              \
        .priority = HANDIN_PRIORITY_DEFAULT                                                        \
    }

/* member: of type, a struct handin_options. */
#define HANDIN_OPTION_ROWS(type, member)                                                           \
    {"ocr",                                                                                        \
     0,                                                                                            \
     OPTION_STRING,                                                                                \
     "MODE",                                                                                       \
     "auto (default), force (every page), redo (old OCR layers), off",                             \
     offsetof(type, member.ocr)},                                                                  \
        {"languages",                                                                              \
         'l',                                                                                      \
         OPTION_STRING,                                                                            \
         "LANGS",                                                                                  \
         "what OCR reads, such as deu or eng+deu (eng)",                                           \
         offsetof(type, member.languages)},                                                        \
        CHUNK_OPTION_ROWS(type, member.chunks), {"password",                                       \
                                                 0,                                                \
                                                 OPTION_STRING,                                    \
                                                 "TEXT",                                           \
                                                 "opens encrypted documents",                      \
                                                 offsetof(type, member.password)},                 \
        {"password-file",                                                                          \
         0,                                                                                        \
         OPTION_STRING,                                                                            \
         "FILE",                                                                                   \
         "the same, from FILE's first line",                                                       \
         offsetof(type, member.password_file)},                                                    \
        {"priority",                                                                               \
         0,                                                                                        \
         OPTION_U64,                                                                               \
         "N",                                                                                      \
         "0 to 9, higher goes first (5)",                                                          \
         offsetof(type, member.priority)},                                                         \
    {                                                                                              \
        "param", 0, OPTION_LIST, "KEY=VALUE", "a parameter of the job; may be repeated",           \
            offsetof(type, member.params)                                                          \
    }

/* Checked and read: what handin_all needs of a command line. */
struct handin_request {
    struct sources sources;
    struct params params; /* borrows from the options and password */
    char *password;       /* owned, as tags is; NULL where there is none */
    char *tags;
};

/* Reports what is wrong; ret_request is to be deinitialised in any case. A password among the
 * arguments is overwritten there, where everybody on the machine could read it. */
enum ctl_exit handin_request_init(struct handin_request *ret_request,
                                  const struct handin_options *options,
                                  const struct invocation *invocation);
void handin_request_deinit(struct handin_request *request);

#endif
