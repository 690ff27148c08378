/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tesseract is C++: where an allocation fails it throws, nobody catches, and the process aborts as
 * if the page had crashed it. The handler that operator new calls first ends it with the code that
 * says what it was, so that the page is tried again alone, and cheaper. Nothing is allocated or
 * logged here: there is no memory for it.
 */
#include "workers/ocr/starved.h"

#include <unistd.h>

#include "proto/verdict.h"

typedef void (*new_handler)(void);

/* std::set_new_handler(void (*)()), [new.handler] of C++, as the Itanium C++ ABI names it. */
extern new_handler set_new_handler(new_handler handler) __asm__("_ZSt15set_new_handlerPFvvE");

static void end_starved(void)
{
    _exit(WORKER_EXIT_MEMORY);
}

void ocr_end_when_starved(void)
{
    set_new_handler(end_starved);
}
