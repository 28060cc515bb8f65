/* A screen over ncurses as flat functions; nothing of curses.h is visible here, because its macros,
 * variadic functions and globals cannot be used from Swift.
 *
 * All functions belong to the thread that called ct_prepare, except where they say otherwise. */
#ifndef CTERMINAL_H
#define CTERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* Attributes of a cell; the values of TerminalUI's TextAttributes. */
enum { CT_BOLD = 1, CT_DIM = 2, CT_UNDERLINE = 4, CT_REVERSE = 8 };

/* A colour is -1 for the terminal's own, else a number of the terminal: an index, or 0xRRGGBB where
 * ct_color_count() is 0x1000000. */
typedef struct {
    uint32_t glyph; /* code point; 0 is the right half of the wide glyph before it */
    int32_t foreground;
    int32_t background;
    uint32_t attributes;
} ct_cell;

typedef enum {
    CT_CHARACTER,   /* code is a code point, controls and ESC included */
    CT_KEY,         /* code is a ct_key */
    CT_RESIZE,      /* width and height are new */
    CT_SIGNAL,      /* code is the number of a signal that asks the program to end */
    CT_REDRAW,      /* SIGUSR2: draw everything again */
    CT_SUSPEND,     /* SIGTSTP */
    CT_PASTE_BEGIN, /* the characters up to CT_PASTE_END were pasted */
    CT_PASTE_END,
    CT_WAKE,        /* ct_wake was called */
    CT_CLOSED       /* the terminal is gone */
} ct_kind;

typedef enum {
    CT_KEY_UP, CT_KEY_DOWN, CT_KEY_LEFT, CT_KEY_RIGHT, CT_KEY_HOME, CT_KEY_END, CT_KEY_PAGE_UP,
    CT_KEY_PAGE_DOWN, CT_KEY_INSERT, CT_KEY_DELETE, CT_KEY_BACKSPACE, CT_KEY_BACKTAB, CT_KEY_ENTER,
    CT_KEY_F0 = 64 /* and the number of the function key */
} ct_key;

typedef struct {
    int32_t kind;      /* a ct_kind */
    int32_t code;
    int32_t modifiers; /* 1 shift, 2 alt, 4 control */
    int32_t width;
    int32_t height;
} ct_event;

typedef enum { CT_OPENED, CT_NO_TERMINAL, CT_UNKNOWN_TERM, CT_NO_ADDRESSING, CT_NO_MEMORY } ct_status;

/* Blocks INT TERM HUP QUIT WINCH TSTP USR2 and starts the thread that receives them. Must be called
 * before any other thread exists, since threads inherit the mask. Returns 0 or an errno. */
int ct_prepare(void);

/* Restores the terminal when the process crashes, then lets the previous handlers run. */
int ct_install_crash_handlers(void);

/* Gives the calling thread a stack for signal handlers, unless it has one, so that its own overflow can be handled.
 * Any thread; the stack ends with it. */
void ct_use_signal_stack(void);

/* The changes of an entry of ct_make_entry from the terminal's own: 24-bit colours; a screen in the
 * normal buffer, whose last frame stays. */
enum { CT_DIRECT = 1, CT_INLINE = 2 };

/* Makes a terminfo entry for `term` with `changes` in `folder`, unless it is there, and lets ncurses find
 * it; its name is for ct_open. False if there is no `tic`, no place, or no such terminal. */
bool ct_make_entry(const char *folder, const char *term, unsigned changes, char *name, int capacity);

/* Whether there is a terminfo entry for `term`. Not while the screen is taken. */
bool ct_knows_term(const char *term);

/* Takes the screen. `escape_delay` in milliseconds; `entry` is the name of one with `changes`, or NULL with
 * 0. Where it cannot be used the terminal's own serves, unless CT_INLINE was asked for. Standard error is
 * kept in memory while the screen is taken. */
ct_status ct_open(int escape_delay, const char *entry, unsigned changes);

/* Gives the screen back and shows everything written to standard error meanwhile. */
void ct_close(void);

/* Gives the screen back, stops the process group, and takes the screen again when it goes on. */
void ct_suspend(void);

int ct_width(void);
int ct_height(void);
/* 0 where the terminal has no colours. */
int ct_color_count(void);
/* Whether the user's locale says UTF-8. */
bool ct_is_utf8(void);

void ct_capture_mouse(bool is_captured);
/* Writes `count` bytes that move no cursor, between frames. */
void ct_write(const uint8_t *bytes, int count);

/* Waits for input for at most `timeout` milliseconds, or for ever if negative. */
void ct_wait(int timeout);
/* The next event; false if there is none. */
bool ct_next(ct_event *event);

/* Draws `count` cells from the left of row `y`. */
void ct_put_row(int y, const ct_cell *cells, int count);
/* Sends the drawn rows as one synchronized update. */
void ct_flush(void);
/* The next ct_flush sends every cell. */
void ct_invalidate(void);

/* Ends the wait of the thread that waits. Any thread, also signal handlers. */
void ct_wake(void);

#endif
