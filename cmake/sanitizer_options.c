/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the sanitizers do in our executables. It is compiled in because a worker's environment is
 * empty but for what the supervisor gives it. Signals are left alone: tests raise them on purpose
 * and look for them in the verdict. Leaks are not looked for in workers, where the sandbox forbids
 * the ptrace that this takes.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0:handle_sigill=0:"
#ifdef EBB_SANITIZER_NO_LEAKS
           "detect_leaks=0:"
#endif
           "exitcode=99";
}

const char *__ubsan_default_options(void)
{
    return "print_stacktrace=1:exitcode=99";
}
