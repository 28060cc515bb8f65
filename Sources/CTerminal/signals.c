/* Signals: one thread receives those that can wait; handlers restore the terminal after the others. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static const int crash_signals[] = {SIGSEGV, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE};
enum { CRASH_SIGNALS = sizeof crash_signals / sizeof crash_signals[0], HANDLER_STACK = 1 << 16 };
static struct sigaction previous_actions[CRASH_SIGNALS];
static sigset_t waited;

/* Not SIGUSR1: the backtracer of the Swift runtime stops all threads with it, and would wait for ever. What
 * asks for an end and was ignored when the process began, as nohup asks for, stays ignored. */
static void choose_signals(void) {
    static const int signals[] = {SIGWINCH, SIGTSTP, SIGUSR2};
    static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigemptyset(&waited);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) sigaddset(&waited, signals[i]);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct sigaction present;
        bool is_ignored =
            sigaction(endings[i], NULL, &present) == 0 && present.sa_handler == SIG_IGN;
        if (!is_ignored) sigaddset(&waited, endings[i]);
    }
}

/* Waits up to two seconds until the UI has read its `count`-th byte. */
static bool is_taken(unsigned count) {
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    for (int i = 0; i < 100; i++) {
        if ((int)(atomic_load(&ct_state.taken) - count) >= 0) return true;
        if (!atomic_load(&ct_state.is_open)) return false;
        nanosleep(&pause, NULL);
    }
    return false;
}

/* Ends the process if the UI is stuck or gone. A terminal that takes no bytes any more must
 * not keep us, hence the alarm. */
static void end_process(int number) {
    signal(SIGALRM, SIG_DFL);
    alarm(2);
    ct_restore_now();
    _exit(128 + number);
}

static void *receive_signals(void *unused) {
    (void)unused;
    unsigned sent = 0;
    bool is_ending = false;
    for (;;) {
        int number = 0;
        if (sigwait(&waited, &number) != 0) continue;
        bool ends = number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
        /* The kernel and the shell both send it when a terminal goes away; the second one must not
         * interrupt the output at the end. */
        if (number == SIGHUP && is_ending) continue;
        if (ends && !atomic_load(&ct_state.is_open)) end_process(number);
        unsigned char byte = (unsigned char)number;
        if (write(ct_state.signal_pipe[1], &byte, 1) == 1) sent++;
        else if (ends) end_process(number);
        if (ends && !is_taken(sent)) end_process(number);
        is_ending |= ends;
    }
    return NULL;
}

int ct_prepare(void) {
    if (ct_state.wake_fd >= 0) return 0;
    if (pipe2(ct_state.signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return errno;
    ct_state.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (ct_state.wake_fd < 0) return errno;
    choose_signals();
    int failure = pthread_sigmask(SIG_BLOCK, &waited, NULL);
    if (failure != 0) return failure;
    if (atexit(ct_restore_now) != 0) return ENOMEM;
    pthread_t thread;
    failure = pthread_create(&thread, NULL, receive_signals, NULL);
    if (failure == 0) pthread_detach(thread);
    return failure;
}

void ct_wake(void) {
    const uint64_t one = 1;
    int saved = errno;
    /* A full counter means that a wake is pending already. */
    if (ct_state.wake_fd >= 0 && write(ct_state.wake_fd, &one, sizeof one) < 0) errno = saved;
}

static void handle_crash(int number, siginfo_t *info, void *context) {
    (void)context;
    ct_restore_now();
    for (int i = 0; i < CRASH_SIGNALS; i++) {
        if (crash_signals[i] == number) sigaction(number, &previous_actions[i], NULL);
    }
    /* A faulting instruction runs again and reaches the previous handler; a signal that was sent, as by
     * abort, must be sent again. It is blocked until we return. */
    if (info->si_code <= 0) raise(number);
}

void ct_use_signal_stack(void) {
    static _Thread_local char memory[HANDLER_STACK];
    stack_t present;
    if (sigaltstack(NULL, &present) == 0 && !(present.ss_flags & SS_DISABLE)) return;
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    /* Fails on a signal stack in use and one too small only, and this is neither. */
    sigaltstack(&stack, NULL);
}

int ct_install_crash_handlers(void) {
    ct_use_signal_stack();
    struct sigaction action = {.sa_sigaction = handle_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < CRASH_SIGNALS; i++) {
        struct sigaction present;
        if (sigaction(crash_signals[i], NULL, &present) != 0) return errno;
        if (present.sa_sigaction == handle_crash) continue;
        previous_actions[i] = present;
        if (sigaction(crash_signals[i], &action, NULL) != 0) return errno;
    }
    return 0;
}
