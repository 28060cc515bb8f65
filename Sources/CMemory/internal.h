/* What the files of this module share. */
#ifndef CMEMORY_INTERNAL_H
#define CMEMORY_INTERNAL_H

#include <unistd.h>

/* The code for what the system does not give, EX_OSERR of sysexits. */
enum { EXIT_CODE = 71 };

/* Writes a sentence that snprintf made; where that fails, nothing is left to say it with. */
static inline void write_error(const char *text, int length) {
    if (length > 0 && write(STDERR_FILENO, text, (size_t)length) < 0) _exit(EXIT_CODE);
}

#endif
