/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What `ebb run` and `ebb submit` share of a command line.
 *
 * A password comes from a file, because everybody can read argument lists. Blocks on the disk.
 * Diagnostics: one line on standard error.
 */
#include "ctl/handin_options.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
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

enum ctl_exit handin_request_init(struct handin_request *ret_request,
                                  const struct handin_options *options,
                                  const struct invocation *invocation)
{
    const char *command = invocation->command->name;
    struct error err = ERROR_INIT;
    enum ctl_exit code = handin_check_params(command, &options->params);

    memset(ret_request, 0, sizeof(*ret_request));
    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (options->priority > PRIORITY_MAX) {
        return output_fail(CTL_EXIT_USAGE, NULL, "from 0 to 9", "%s: --priority", command);
    }
    if (options->password_file &&
        read_password(options->password_file, &ret_request->password, &err) < 0) {
        return output_fail(CTL_EXIT_USAGE, &err, "name a file that holds it", "%s: --password-file",
                           command);
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
    sources_deinit(&request->sources);
}
