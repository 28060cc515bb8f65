/* Shared by the files of this target. */
#ifndef CTERMINAL_INTERNAL_H
#define CTERMINAL_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "CTerminal.h"

struct ct_state {
    atomic_bool is_open;       /* the screen is taken; whoever turns it off restores the terminal */
    atomic_uint taken;         /* how many bytes of the signal pipe the UI has read */
    int signal_pipe[2];        /* from the signal thread to the UI; -1 before ct_prepare */
    int wake_fd;               /* an eventfd; -1 before ct_prepare */
    struct termios shell_mode; /* how the terminal was found */
    bool is_inline;            /* the screen is in the normal buffer, and its last frame stays */
    char leave[512];           /* turns every mode off and leaves the screen */
    size_t leave_length;
    int real_stderr;           /* -1 while standard error is not captured */
    int captured_stderr;
    bool captures_mouse;
};

extern struct ct_state ct_state;

/* Writes all bytes, or as many as the terminal takes. Safe in signal handlers. */
void ct_write_all(int fd, const char *bytes, size_t count);

/* Restores the terminal if the screen is taken. Safe in signal handlers and on any thread. */
void ct_restore_now(void);

/* Sends standard error to memory if it is a terminal; and back, replaying its output. */
void ct_capture_stderr(void);
void ct_release_stderr(void);

/* Adapts to the size the terminal has now; true if it changed. */
bool ct_follow_size(void);

/* Makes the pad that input is read from. Returns false without memory. */
bool ct_open_input(void);
void ct_close_input(void);

#endif
