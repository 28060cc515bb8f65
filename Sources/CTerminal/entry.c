/* ncurses needs terminfo entries that systems do not ship for 24-bit colours and for a
 * screen without the alternate buffer. One is compiled from the terminal's own entry, once, into the
 * user's cache. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termcap.h>
#include <unistd.h>

extern char **environ;

/* Numbers below 8 stay palette colours; every terminal understands \E[38;2 with semicolons. */
static const char direct_capabilities[] =
    "\tRGB, ccc@, initc@, oc@, colors#0x1000000, pairs#0x7FFFF,\n"
    "\tsetaf=\\E[%?%p1%{8}%<%t3%p1%d%e38;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;"
    "%p1%{255}%&%d%;m,\n"
    "\tsetab=\\E[%?%p1%{8}%<%t4%p1%d%e48;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;"
    "%p1%{255}%&%d%;m,\n"
    "\top=\\E[39;49m, setb@, setf@,\n";

/* Also without scrolling regions: setting one moves the cursor away from where the shell left it. */
static const char inline_capabilities[] = "\tsmcup@, rmcup@, csr@,\n";

/* Whether a terminal type may be used in a terminfo source and in a file name. */
static bool is_plain_name(const char *name) {
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._");
    return length > 0 && length <= 64 && name[length] == '\0' && name[0] != '.';
}

/* Makes a folder and those above it. */
static bool make_folders(const char *path) {
    char partial[1024];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof partial) return false;
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(partial, path, i);
        partial[i] = '\0';
        if (mkdir(partial, 0700) != 0 && errno != EEXIST) return false;
    }
    return true;
}

/* Runs `tic` on a source file, silently. */
static bool compile(const char *folder, const char *source) {
    char *arguments[] = {"tic", "-x", "-o", (char *)(uintptr_t)folder, (char *)(uintptr_t)source, NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return false;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child;
    int failure = posix_spawnp(&child, "tic", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) return false;
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return false;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool write_source(const char *path, const char *name, const char *term, unsigned changes) {
    FILE *file = fopen(path, "we");
    if (file == NULL) return false;
    bool is_written =
        fprintf(
            file, "%s|%s for the workbench,\n%s%s\tuse=%s,\n", name, term,
            changes & CT_DIRECT ? direct_capabilities : "",
            changes & CT_INLINE ? inline_capabilities : "", term)
        > 0;
    return fclose(file) == 0 && is_written;
}

bool ct_make_entry(
    const char *folder, const char *term, unsigned changes, char *name, int capacity) {
    char compiled[1280], source[1280];
    if (!is_plain_name(term)) return false;
    int length = snprintf(
        name, (size_t)capacity, "%s%s%s", changes & CT_INLINE ? "inline-" : "",
        changes & CT_DIRECT ? "direct-" : "", term);
    if (length < 0 || length >= capacity) return false;
    /* tic sorts entries into folders by their first letter, or by its code where case is lost. */
    length = snprintf(compiled, sizeof compiled, "%s/%c/%s", folder, name[0], name);
    if (length < 0 || length >= (int)sizeof compiled) return false;
    if (access(compiled, R_OK) != 0) {
        length = snprintf(source, sizeof source, "%s/%s.%ld.ti", folder, name, (long)getpid());
        if (length < 0 || length >= (int)sizeof source || !make_folders(folder)) return false;
        bool is_compiled = write_source(source, name, term, changes) && compile(folder, source);
        unlink(source);
        if (!is_compiled || access(compiled, R_OK) != 0) return false;
    }
    const char *others = getenv("TERMINFO_DIRS");
    char folders[4096];
    /* An empty name stands for where ncurses looks by itself. */
    length = snprintf(folders, sizeof folders, "%s:%s", folder, others == NULL ? "" : others);
    return length > 0 && length < (int)sizeof folders && setenv("TERMINFO_DIRS", folders, 1) == 0;
}

bool ct_knows_term(const char *term) { return tgetent(NULL, term) == 1; }
