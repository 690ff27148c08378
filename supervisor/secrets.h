/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Secrets of a class: they are in files, and named in its options. They are read when a worker
 * starts, handed over in INIT, and forgotten; ebbd keeps none.
 *
 * option.key_credential = NAME: a plain name is a credential that systemd hands over
 * ($CREDENTIALS_DIRECTORY/NAME); an absolute path is a file that nobody but its owner, the user
 * that ebbd runs as, may read.
 */
#ifndef EBB_SUPERVISOR_SECRETS_H
#define EBB_SUPERVISOR_SECRETS_H

#include "common/error.h"
#include "supervisor/settings.h"

#define SECRET_BYTES 4097

/* Reads the class's key into ret_secret, a line end behind it left out: 1 when there is one, 0
 * when the class names none. Blocks for a small file. ERROR_INVALID, ERROR_NOT_FOUND: which file,
 * what is wrong with it, what to do. The caller wipes it. */
int secrets_read(const struct settings_class *class, char ret_secret[SECRET_BYTES],
                 struct error *err);
/* Whether the secrets of all classes can be read. */
int secrets_check(const struct settings *settings, struct error *err);

#endif
