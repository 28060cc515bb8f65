/* Takes the place of the C library's allocation functions in this program and in all libraries that it loads, and calls
 * them; only the end without memory is our own. See "Replacing malloc" in the manual of the GNU C library. */
#include "CMemory.h"
#include "internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_ALLOCATOR 1
#endif
#endif

static atomic_bool is_armed, is_ending;

void cm_end_without_memory(void) { atomic_store(&is_armed, true); }

#ifndef HAS_OWN_ALLOCATOR

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* What no machine has, a library asks for only to hear that there is none. */
static const size_t greatest_size = (size_t)1 << 40;

static void end_without(size_t size) {
    if (!atomic_load(&is_armed) || size == 0 || size > greatest_size) return;
    /* What runs at the exit may need memory as well. */
    if (atomic_exchange(&is_ending, true)) _exit(EXIT_CODE);
    char text[160];
    int length = snprintf(
        text, sizeof text,
        "mgrq: there is no memory for %zu more bytes; raise the limit (ulimit -v), or use fewer threads or images\n",
        size);
    write_error(text, length);
    /* The terminal is given back by what runs at the exit. */
    exit(EXIT_CODE);
}

void *malloc(size_t size) {
    void *block = __libc_malloc(size);
    if (block == NULL) end_without(size);
    return block;
}

void *calloc(size_t count, size_t size) {
    void *block = __libc_calloc(count, size);
    size_t bytes;
    if (block == NULL && !__builtin_mul_overflow(count, size, &bytes)) end_without(bytes);
    return block;
}

void *realloc(void *block, size_t size) {
    void *other = __libc_realloc(block, size);
    if (other == NULL) end_without(size);
    return other;
}

void *memalign(size_t alignment, size_t size) {
    void *block = __libc_memalign(alignment, size);
    if (block == NULL) end_without(size);
    return block;
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
    void *found = memalign(alignment, size);
    if (found == NULL) return ENOMEM;
    *block = found;
    return 0;
}

#endif
