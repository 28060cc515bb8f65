/* Bringing the terminal back, whatever happens. Everything here may run in a signal handler. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

struct ct_state ct_state = {
    .signal_pipe = {-1, -1}, .wake_fd = -1, .real_stderr = -1, .captured_stderr = -1};

/* More of a flood of messages is not shown. */
enum { REPLAY_LIMIT = 1 << 20 };

void ct_write_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        bytes += written;
        count -= (size_t)written;
    }
}

void ct_restore_now(void) {
    if (!atomic_exchange(&ct_state.is_open, false)) return;
    int saved = errno;
    ct_write_all(STDOUT_FILENO, ct_state.leave, ct_state.leave_length);
    /* Late mouse reports would be typed into the shell. */
    tcflush(STDIN_FILENO, TCIFLUSH);
    tcsetattr(STDIN_FILENO, TCSANOW, &ct_state.shell_mode);
    ct_release_stderr();
    errno = saved;
}

void ct_capture_stderr(void) {
    if (ct_state.real_stderr >= 0 || !isatty(STDERR_FILENO)) return;
    int memory = memfd_create("stderr", MFD_CLOEXEC);
    if (memory < 0) return;
    int real = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (real < 0 || dup2(memory, STDERR_FILENO) < 0) {
        close(memory);
        if (real >= 0) close(real);
        return;
    }
    ct_state.captured_stderr = memory;
    ct_state.real_stderr = real;
}

void ct_release_stderr(void) {
    if (ct_state.real_stderr < 0) return;
    int memory = ct_state.captured_stderr;
    dup2(ct_state.real_stderr, STDERR_FILENO);
    close(ct_state.real_stderr);
    ct_state.real_stderr = -1;
    ct_state.captured_stderr = -1;
    char buffer[4096];
    off_t offset = 0;
    while (offset < REPLAY_LIMIT) {
        ssize_t count = pread(memory, buffer, sizeof buffer, offset);
        if (count <= 0) break;
        ct_write_all(STDERR_FILENO, buffer, (size_t)count);
        offset += count;
    }
    close(memory);
}
