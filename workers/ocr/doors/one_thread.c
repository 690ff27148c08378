/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * OpenMP for one thread: what libtesseract.a wants of libgomp, run by who calls it. Each page has a
 * process of its own, the sandbox refuses threads, and on few cores Tesseract's own threads cost
 * far more than they bring.
 *
 * Source: the OpenMP specification; the names are those that GCC calls (libgomp's manual, "The
 * libgomp ABI").
 */
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

int omp_get_num_threads(void);
int omp_get_thread_num(void);
void GOMP_parallel(void (*run)(void *), void *data, unsigned threads, unsigned flags);
void GOMP_parallel_sections(void (*run)(void *), void *data, unsigned threads, unsigned sections,
                            unsigned flags);
unsigned GOMP_sections_next(void);
void GOMP_sections_end_nowait(void);

/* The sections still to run of the innermost construct. */
static unsigned next_section, last_section;

int omp_get_num_threads(void)
{
    return 1;
}

int omp_get_thread_num(void)
{
    return 0;
}

void GOMP_parallel(void (*run)(void *), void *data, unsigned threads, unsigned flags)
{
    (void)threads;
    (void)flags;
    run(data);
}

void GOMP_parallel_sections(void (*run)(void *), void *data, unsigned threads, unsigned sections,
                            unsigned flags)
{
    unsigned outer_next = next_section;
    unsigned outer_last = last_section;

    (void)threads;
    (void)flags;
    next_section = 1;
    last_section = sections;
    run(data);
    next_section = outer_next;
    last_section = outer_last;
}

/* From 1; 0: none is left. */
unsigned GOMP_sections_next(void)
{
    return next_section <= last_section ? next_section++ : 0;
}

void GOMP_sections_end_nowait(void)
{
}
