/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What `ebb run` and `ebb submit` share of a command line.
 *
 * Blocks on the disk.
 * Diagnostics: one line on standard error.
 */
#include "ctl/handin_options.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "ctl/output.h"

#define PASSWORD_BYTES_MAX 1024U
#define PRIORITY_MAX 9U

/* The first line of the file. */
static int read_password(const char *path, char **ret_password, struct error *err)
{
    struct buf text;
    int result = -1;

    buf_init(&text, PASSWORD_BYTES_MAX + 1);
    if (file_read(path, PASSWORD_BYTES_MAX, &text, err) == 0) {
        size_t size_bytes = 0;

        while (size_bytes < text.size && !strchr("\r\n", text.data[size_bytes])) {
            size_bytes++;
        }
        *ret_password = strndup(text.data ? (const char *)text.data : "", size_bytes);
        result = *ret_password ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
    }
    if (text.data) {
        explicit_bzero(text.data, text.size);
    }
    buf_deinit(&text);
    return result;
}

/* What to do about a document that cannot be taken. */
static const char *advice_for(const struct error *err)
{
    switch (err->code) {
    case ERROR_UNSUPPORTED:
        return "download it and name the file";
    case ERROR_NOT_FOUND:
        return "see how it is spelled";
    case ERROR_INVALID:
        return "name a file or a folder";
    case ERROR_SYSTEM:
        return err->sys_errno ? "see who may read it" : NULL;
    case ERROR_NONE:
    case ERROR_MEMORY:
    case ERROR_EXISTS:
    case ERROR_LIMIT:
    case ERROR_PROTOCOL:
    case ERROR_CORRUPT:
    case ERROR_CANCELLED:
    case ERROR_FULL:
        break;
    }
    return NULL;
}

static enum ctl_exit take_param(struct handin_request *request, const struct invocation *invocation,
                                const char *key, const char *value)
{
    struct error err = ERROR_INIT;

    if (params_add(&request->params, key, value, &err) < 0) {
        return output_fail(CTL_EXIT_USAGE, &err, "give it once, as an option or as --param",
                           "%s: --%s", invocation->command->name, key);
    }
    return CTL_EXIT_OK;
}

static enum ctl_exit take_params(struct handin_request *request, const char *command,
                                 const struct option_list *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        struct error err = ERROR_INIT;

        if (params_add_pair(&request->params, pairs->items[i], &err) < 0) {
            return output_fail(CTL_EXIT_USAGE, &err,
                               err.code == ERROR_INVALID ? "for example --param title=Tides"
                                                         : "give it once",
                               "%s: --param", command);
        }
    }
    return CTL_EXIT_OK;
}

/* --password or --password-file. */
static enum ctl_exit take_password(struct handin_request *request,
                                   const struct handin_options *options,
                                   const struct invocation *invocation)
{
    const char *command = invocation->command->name;
    struct error err = ERROR_INIT;

    if (options->password && options->password_file) {
        return output_fail(CTL_EXIT_USAGE, NULL, "give one of them",
                           "%s: --password and --password-file exclude each other", command);
    }
    if (options->password) {
        request->password = strdup(options->password);
        explicit_bzero((char *)(uintptr_t)options->password, strlen(options->password));
        if (!request->password) {
            return output_fail(CTL_EXIT_FAILED, NULL, NULL, "%s: out of memory", command);
        }
    } else if (options->password_file &&
               read_password(options->password_file, &request->password, &err) < 0) {
        return output_fail(CTL_EXIT_USAGE, &err, "name a file that holds it", "%s: --password-file",
                           command);
    }
    return request->password ? take_param(request, invocation, "password", request->password)
                             : CTL_EXIT_OK;
}

static enum ctl_exit take_ocr(struct handin_request *request, const struct handin_options *options,
                              const struct invocation *invocation)
{
    static const char *const modes[] = {"auto", "force", "redo", "off"};
    bool known = !options->ocr;
    enum ctl_exit code = CTL_EXIT_OK;

    for (size_t i = 0; i < ARRAY_LEN(modes) && !known; i++) {
        known = strcmp(options->ocr, modes[i]) == 0;
    }
    if (!known) {
        return output_fail(CTL_EXIT_USAGE, NULL, "it is one of auto, force, redo and off",
                           "%s: --ocr: unknown mode \"%.40s\"", invocation->command->name,
                           options->ocr);
    }
    if (options->ocr) {
        code = take_param(request, invocation, "ocr", options->ocr);
    }
    if (options->languages && code == CTL_EXIT_OK) {
        code = take_param(request, invocation, "languages", options->languages);
    }
    return code;
}

static enum ctl_exit take_chunks(struct handin_request *request,
                                 const struct handin_options *options, const char *command)
{
    struct error err = ERROR_INIT;

    if (chunk_options_take(&options->chunks, &request->params, &request->tags, &err) == 0) {
        return CTL_EXIT_OK;
    }
    return output_fail(err.code == ERROR_MEMORY ? CTL_EXIT_FAILED : CTL_EXIT_USAGE, &err,
                       err.code == ERROR_EXISTS ? "give it once, as an option or as --param" : NULL,
                       "%s", command);
}

enum ctl_exit handin_request_init(struct handin_request *ret_request,
                                  const struct handin_options *options,
                                  const struct invocation *invocation)
{
    const char *command = invocation->command->name;
    struct error err = ERROR_INIT;
    enum ctl_exit code;

    memset(ret_request, 0, sizeof(*ret_request));
    code = take_params(ret_request, command, &options->params);
    code = code == CTL_EXIT_OK ? take_ocr(ret_request, options, invocation) : code;
    code = code == CTL_EXIT_OK ? take_chunks(ret_request, options, command) : code;
    code = code == CTL_EXIT_OK ? take_password(ret_request, options, invocation) : code;
    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (options->priority > PRIORITY_MAX) {
        return output_fail(CTL_EXIT_USAGE, NULL, "from 0 to 9", "%s: --priority", command);
    }
    for (int i = 0; i < invocation->operand_count; i++) {
        if (sources_add(&ret_request->sources, invocation->operands[i], &err) < 0) {
            return output_fail(CTL_EXIT_USAGE, &err, advice_for(&err), "%s",
                               invocation->operands[i]);
        }
    }
    return CTL_EXIT_OK;
}

void handin_request_deinit(struct handin_request *request)
{
    if (request->password) {
        explicit_bzero(request->password, strlen(request->password));
    }
    free(request->password);
    request->password = NULL;
    free(TAKE_PTR(request->tags));
    sources_deinit(&request->sources);
}
