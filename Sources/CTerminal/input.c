/* Input: keys through a pad, because reading from the screen's own window would refresh it. */
#include "internal.h"

#include <errno.h>
#include <ncursesw/curses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Codes of our own for sequences that terminfo does not describe. */
enum { KEY_PASTE_BEGIN = KEY_MAX + 1, KEY_PASTE_END };

static WINDOW *pad;
static bool is_woken, is_closed, has_reported_closed;

bool ct_open_input(void) {
    pad = newpad(1, 1);
    if (pad == NULL) return false;
    keypad(pad, TRUE);
    nodelay(pad, TRUE);
    /* ncurses loses presses, the right button and columns beyond 223; Swift parses the reports. */
    keyok(KEY_MOUSE, FALSE);
    define_key("\033[200~", KEY_PASTE_BEGIN);
    define_key("\033[201~", KEY_PASTE_END);
    is_closed = has_reported_closed = false;
    return true;
}

void ct_close_input(void) {
    if (pad != NULL) delwin(pad);
    pad = NULL;
}

void ct_wait(int timeout) {
    struct pollfd files[3] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = ct_state.signal_pipe[0], .events = POLLIN},
        {.fd = ct_state.wake_fd, .events = POLLIN},
    };
    if (is_closed) files[0].fd = -1;
    if (poll(files, 3, timeout) <= 0) return;
    if (files[0].revents & (POLLHUP | POLLERR | POLLNVAL)) is_closed = true;
    if (files[2].revents & POLLIN) {
        uint64_t count;
        is_woken = read(ct_state.wake_fd, &count, sizeof count) == (ssize_t)sizeof count;
    }
}

static bool next_signal(ct_event *event) {
    unsigned char number;
    while (read(ct_state.signal_pipe[0], &number, 1) == 1) {
        atomic_fetch_add(&ct_state.taken, 1);
        switch (number) {
        case SIGWINCH:
            ct_follow_size();
            event->kind = CT_RESIZE;
            event->width = COLS;
            event->height = LINES;
            return true;
        case SIGTSTP: event->kind = CT_SUSPEND; return true;
        case SIGUSR2: event->kind = CT_REDRAW; return true;
        default:
            event->kind = CT_SIGNAL;
            event->code = number;
            return true;
        }
    }
    return false;
}

static const struct {
    int code;
    ct_key key;
    int modifiers;
} fixed_keys[] = {
    {KEY_UP, CT_KEY_UP, 0}, {KEY_DOWN, CT_KEY_DOWN, 0}, {KEY_LEFT, CT_KEY_LEFT, 0},
    {KEY_RIGHT, CT_KEY_RIGHT, 0}, {KEY_HOME, CT_KEY_HOME, 0}, {KEY_END, CT_KEY_END, 0},
    {KEY_LL, CT_KEY_END, 0}, {KEY_PPAGE, CT_KEY_PAGE_UP, 0}, {KEY_NPAGE, CT_KEY_PAGE_DOWN, 0},
    {KEY_IC, CT_KEY_INSERT, 0}, {KEY_DC, CT_KEY_DELETE, 0}, {KEY_BACKSPACE, CT_KEY_BACKSPACE, 0},
    {KEY_BTAB, CT_KEY_BACKTAB, 0}, {KEY_ENTER, CT_KEY_ENTER, 0}, {KEY_SLEFT, CT_KEY_LEFT, 1},
    {KEY_SRIGHT, CT_KEY_RIGHT, 1}, {KEY_SR, CT_KEY_UP, 1}, {KEY_SF, CT_KEY_DOWN, 1},
    {KEY_SHOME, CT_KEY_HOME, 1}, {KEY_SEND, CT_KEY_END, 1}, {KEY_SPREVIOUS, CT_KEY_PAGE_UP, 1},
    {KEY_SNEXT, CT_KEY_PAGE_DOWN, 1}, {KEY_SDC, CT_KEY_DELETE, 1}, {KEY_SIC, CT_KEY_INSERT, 1},
    {KEY_A1, CT_KEY_HOME, 0}, {KEY_A3, CT_KEY_PAGE_UP, 0}, {KEY_C1, CT_KEY_END, 0},
    {KEY_C3, CT_KEY_PAGE_DOWN, 0},
};

/* The extended names of keys with modifiers, such as kRIT5; ncurses assigns their codes anew in each run. */
static const struct {
    const char *name;
    ct_key key;
} named_keys[] = {
    {"kUP", CT_KEY_UP}, {"kDN", CT_KEY_DOWN}, {"kLFT", CT_KEY_LEFT}, {"kRIT", CT_KEY_RIGHT},
    {"kHOM", CT_KEY_HOME}, {"kEND", CT_KEY_END}, {"kPRV", CT_KEY_PAGE_UP}, {"kNXT", CT_KEY_PAGE_DOWN},
    {"kIC", CT_KEY_INSERT}, {"kDC", CT_KEY_DELETE},
};

static bool map_key(int code, ct_event *event) {
    event->kind = CT_KEY;
    if (code == KEY_PASTE_BEGIN || code == KEY_PASTE_END) {
        event->kind = code == KEY_PASTE_BEGIN ? CT_PASTE_BEGIN : CT_PASTE_END;
        return true;
    }
    for (size_t i = 0; i < sizeof fixed_keys / sizeof fixed_keys[0]; i++) {
        if (fixed_keys[i].code != code) continue;
        event->code = (int32_t)fixed_keys[i].key;
        event->modifiers = fixed_keys[i].modifiers;
        return true;
    }
    if (code > KEY_F0 && code <= KEY_F0 + 60) {
        /* Beyond the twelfth, terminfo counts on for shift, control, both, and alt. */
        static const int modifiers[] = {0, 1, 4, 5, 2};
        int number = code - KEY_F0 - 1;
        event->code = CT_KEY_F0 + number % 12 + 1;
        event->modifiers = modifiers[number / 12];
        return true;
    }
    const char *name = keyname(code);
    if (name == NULL) return false;
    for (size_t i = 0; i < sizeof named_keys / sizeof named_keys[0]; i++) {
        size_t length = strlen(named_keys[i].name);
        if (strncmp(name, named_keys[i].name, length) != 0) continue;
        const char *digit = name + length;
        if (*digit != '\0' && (digit[0] < '2' || digit[0] > '8' || digit[1] != '\0')) continue;
        event->code = (int32_t)named_keys[i].key;
        /* xterm's number is one more than the bits of shift, alt and control. */
        event->modifiers = *digit == '\0' ? 1 : *digit - '1';
        return true;
    }
    return false;
}

static bool next_key(ct_event *event) {
    wint_t character;
    for (;;) {
        switch (wget_wch(pad, &character)) {
        case OK:
            event->kind = CT_CHARACTER;
            event->code = (int32_t)character;
            return true;
        case KEY_CODE_YES:
            if (map_key((int)character, event)) return true;
            memset(event, 0, sizeof *event);
            continue; /* a key without a meaning here, such as KEY_RESIZE */
        default:
            return false;
        }
    }
}

bool ct_next(ct_event *event) {
    memset(event, 0, sizeof *event);
    if (pad == NULL) return false;
    if (ct_state.signal_pipe[0] >= 0 && next_signal(event)) return true;
    if (is_woken) {
        is_woken = false;
        event->kind = CT_WAKE;
        return true;
    }
    if (next_key(event)) return true;
    if (!is_closed || has_reported_closed) return false;
    has_reported_closed = true;
    event->kind = CT_CLOSED;
    return true;
}
