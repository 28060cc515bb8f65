/* Raises the limit of stacks before main, or ends the program where it stays too small. */
#include "internal.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>

/* Bytes: what a stack has as a rule, and the least with which every command works. */
static const rlim_t usual_stack = 8 << 20, least_stack = 256 << 10;

/* The stack of the first thread grows up to the limit of the moment; other threads get that of the program's start. */
__attribute__((constructor)) static void raise_stack_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= usual_stack) return;
    rlim_t given = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max < usual_stack ? limit.rlim_max : usual_stack;
    if (setrlimit(RLIMIT_STACK, &limit) == 0) given = limit.rlim_cur;
    if (given >= least_stack) {
        pthread_attr_t attributes;
        if (pthread_attr_init(&attributes) != 0) return;
        if (pthread_attr_setstacksize(&attributes, (size_t)given) == 0) pthread_setattr_default_np(&attributes);
        pthread_attr_destroy(&attributes);
        return;
    }
    char text[160];
    int length = snprintf(
        text, sizeof text, "mgrq: the stack may have %llu KiB only; %llu KiB are the least (ulimit -s)\n",
        (unsigned long long)given >> 10, (unsigned long long)least_stack >> 10);
    write_error(text, length);
    _exit(EXIT_CODE);
}
