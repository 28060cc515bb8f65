/* Taking the screen, drawing rows, giving it back. */
#include "internal.h"

#include <langinfo.h>
#include <locale.h>
#include <ncursesw/curses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Clicks, drags and positions beyond column 223; bracketed paste. */
static const char mouse_on[] = "\033[?1000h\033[?1002h\033[?1006h";
static const char mouse_off[] = "\033[?1006l\033[?1002l\033[?1000l";
static const char paste_on[] = "\033[?2004h";
static const char paste_off[] = "\033[?2004l";
static const char sync_begin[] = "\033[?2026h";
static const char sync_end[] = "\033[?2026l";
/* Cleared before the alternate screen is left: after a resize, terminals keep parts of it otherwise. */
static const char clear_screen[] = "\033[m\033[H\033[2J";
/* Without one, later output begins below the last frame. */
static const char below_screen[] = "\033[m\033[999;1H\r\n";

static SCREEN *screen;
static bool locale_is_utf8;
static cchar_t *row_buffer;
static int row_capacity;

#define WRITE(text) ct_write_all(STDOUT_FILENO, text, sizeof(text) - 1)

static void set_locale(void) {
    setlocale(LC_ALL, "");
    /* Numbers are read and written the same everywhere. */
    setlocale(LC_NUMERIC, "C");
    locale_is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (!locale_is_utf8) setlocale(LC_CTYPE, "C.UTF-8");
}

/* Adds a terminfo string without its padding marks `$<...>`. */
static void add_leave(const char *text) {
    if (text == NULL || text == (const char *)-1) return;
    while (*text != '\0' && ct_state.leave_length < sizeof ct_state.leave) {
        if (text[0] == '$' && text[1] == '<') {
            const char *end = strchr(text, '>');
            if (end != NULL) {
                text = end + 1;
                continue;
            }
        }
        ct_state.leave[ct_state.leave_length++] = *text++;
    }
}

static const char *capability(const char *name) {
    /* tigetstr takes a pointer to non-constant characters but only reads them. */
    return tigetstr((char *)(uintptr_t)name);
}

static void prepare_leaving(void) {
    ct_state.leave_length = 0;
    add_leave(sync_end);
    add_leave(mouse_off);
    add_leave(paste_off);
    add_leave(capability("sgr0"));
    add_leave(ct_state.is_inline ? below_screen : clear_screen);
    add_leave(capability("cnorm"));
    add_leave(capability("rmkx"));
    add_leave(capability("rmcup"));
}

static SCREEN *new_screen(const char *entry) {
    if (entry != NULL) {
        SCREEN *changed = newterm((char *)(uintptr_t)entry, stdout, stdin);
        if (changed != NULL || ct_state.is_inline) return changed;
    }
    return newterm(NULL, stdout, stdin);
}

/* Scrolls the lines above the cursor into the terminal's scrollback. */
static void make_room(void) {
    struct winsize size;
    if (!ct_state.is_inline || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return;
    for (int row = 1; row < size.ws_row; row++) WRITE("\n");
}

ct_status ct_open(int escape_delay, const char *entry, unsigned changes) {
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return CT_NO_TERMINAL;
    if (tcgetattr(STDIN_FILENO, &ct_state.shell_mode) != 0) return CT_NO_TERMINAL;
    set_locale();
    /* ncurses would trust exported values of another terminal. */
    unsetenv("LINES");
    unsetenv("COLUMNS");
    ct_state.is_inline = entry != NULL && changes & CT_INLINE;
    screen = new_screen(entry);
    if (screen == NULL) return CT_UNKNOWN_TERM;
    const char *addressing = capability("cup");
    if (addressing == NULL || addressing == (const char *)-1) {
        endwin();
        delscreen(screen);
        screen = NULL;
        return CT_NO_ADDRESSING;
    }
    make_room();
    prepare_leaving();
    atomic_store(&ct_state.is_open, true);
    ct_capture_stderr();
    raw();
    noecho();
    nonl();
    leaveok(stdscr, TRUE);
    scrollok(stdscr, FALSE);
    curs_set(0);
    set_escdelay(escape_delay);
    typeahead(-1);
    if (has_colors()) {
        start_color();
        use_default_colors();
    }
    if (!ct_open_input()) {
        ct_close();
        return CT_NO_MEMORY;
    }
    ct_follow_size();
    WRITE(paste_on);
    clearok(curscr, TRUE);
    return CT_OPENED;
}

/* Turns off the modes that ncurses does not know, then lets it leave the screen. */
static void leave_screen(void) {
    WRITE(sync_end);
    WRITE(mouse_off);
    WRITE(paste_off);
    if (!ct_state.is_inline) WRITE(clear_screen);
    endwin();
    if (ct_state.is_inline) WRITE(below_screen);
    tcflush(STDIN_FILENO, TCIFLUSH);
    tcsetattr(STDIN_FILENO, TCSANOW, &ct_state.shell_mode);
}

void ct_close(void) {
    if (screen == NULL) return;
    if (atomic_exchange(&ct_state.is_open, false)) {
        leave_screen();
        ct_release_stderr();
    }
    ct_close_input();
    delscreen(screen);
    screen = NULL;
    free(row_buffer);
    row_buffer = NULL;
    row_capacity = 0;
}

void ct_suspend(void) {
    if (!atomic_exchange(&ct_state.is_open, false)) return;
    leave_screen();
    ct_release_stderr();
    /* The whole group, like a Ctrl-Z that the terminal handles: a `make` that started us would wait
     * for ever otherwise. */
    kill(0, SIGSTOP);
    tcgetattr(STDIN_FILENO, &ct_state.shell_mode);
    make_room();
    atomic_store(&ct_state.is_open, true);
    ct_capture_stderr();
    /* The first update after endwin takes the screen and its modes again. */
    doupdate();
    ct_follow_size();
    curs_set(0);
    WRITE(paste_on);
    if (ct_state.captures_mouse) WRITE(mouse_on);
    clearok(curscr, TRUE);
}

int ct_width(void) { return screen == NULL ? 0 : COLS; }
int ct_height(void) { return screen == NULL ? 0 : LINES; }
int ct_color_count(void) { return screen != NULL && has_colors() ? COLORS : 0; }
bool ct_is_utf8(void) { return locale_is_utf8; }

bool ct_follow_size(void) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return false;
    bool has_changed = size.ws_row != LINES || size.ws_col != COLS;
    if (has_changed) resizeterm(size.ws_row, size.ws_col);
    clearok(curscr, TRUE);
    return has_changed;
}

void ct_capture_mouse(bool is_captured) {
    if (screen == NULL) return;
    ct_state.captures_mouse = is_captured;
    if (is_captured) WRITE(mouse_on);
    else WRITE(mouse_off);
}

void ct_write(const uint8_t *bytes, int count) {
    if (screen != NULL && count > 0) ct_write_all(STDOUT_FILENO, (const char *)bytes, (size_t)count);
}

static attr_t attributes_of(uint32_t attributes) {
    attr_t result = A_NORMAL;
    if (attributes & CT_BOLD) result |= A_BOLD;
    if (attributes & CT_DIM) result |= A_DIM;
    if (attributes & CT_UNDERLINE) result |= A_UNDERLINE;
    if (attributes & CT_REVERSE) result |= A_REVERSE;
    return result;
}

void ct_put_row(int y, const ct_cell *cells, int count) {
    if (screen == NULL || y < 0 || y >= LINES) return;
    if (count > COLS) count = COLS;
    if (count > row_capacity) {
        cchar_t *larger = realloc(row_buffer, (size_t)count * sizeof *larger);
        if (larger == NULL) return;
        row_buffer = larger;
        row_capacity = count;
    }
    bool has_pairs = has_colors();
    int used = 0, pair = 0;
    int32_t foreground = -1, background = -1;
    for (int x = 0; x < count; x++) {
        if (cells[x].glyph == 0) continue;
        if (cells[x].foreground != foreground || cells[x].background != background) {
            foreground = cells[x].foreground;
            background = cells[x].background;
            pair = has_pairs && (foreground >= 0 || background >= 0) ? alloc_pair(foreground, background) : 0;
            if (pair < 0) pair = 0;
        }
        const wchar_t text[2] = {(wchar_t)cells[x].glyph, L'\0'};
        /* The last argument carries the pair as an int, beyond the range of the one before it. */
        if (setcchar(&row_buffer[used], text, attributes_of(cells[x].attributes), 0, &pair) == OK) used++;
    }
    mvadd_wchnstr(y, 0, row_buffer, used);
}

void ct_flush(void) {
    if (screen == NULL || !atomic_load(&ct_state.is_open)) return;
    wnoutrefresh(stdscr);
    WRITE(sync_begin);
    doupdate();
    WRITE(sync_end);
}

void ct_invalidate(void) {
    if (screen != NULL) clearok(curscr, TRUE);
}
