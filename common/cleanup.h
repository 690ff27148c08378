/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Cleanup attributes for locals: freed or closed at the end of the scope, on every path.
 * TAKE_PTR/TAKE_FD hand the value on and disarm the cleanup.
 */
#ifndef EBB_COMMON_CLEANUP_H
#define EBB_COMMON_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void cleanup_free(void *pointer)
{
    void *memory;

    /* pointer is a char ** or a struct foo **: reading it as a void ** would break the aliasing
     * rules. */
    memcpy(&memory, pointer, sizeof(memory));
    free(memory);
}

static inline void cleanup_close(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static inline void cleanup_fclose(FILE **file)
{
    if (*file) {
        fclose(*file);
    }
}

#define AUTO_FREE __attribute__((cleanup(cleanup_free)))
#define AUTO_CLOSE __attribute__((cleanup(cleanup_close)))
#define AUTO_FCLOSE __attribute__((cleanup(cleanup_fclose)))

#define TAKE_PTR(p)                                                                                \
    __extension__({                                                                                \
        __typeof__(p) *take_from_ = &(p);                                                          \
        __typeof__(p) taken_ = *take_from_;                                                        \
        *take_from_ = NULL;                                                                        \
        taken_;                                                                                    \
    })

#define TAKE_FD(fd)                                                                                \
    __extension__({                                                                                \
        int *take_from_ = &(fd);                                                                   \
        int taken_ = *take_from_;                                                                  \
        *take_from_ = -1;                                                                          \
        taken_;                                                                                    \
    })

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
