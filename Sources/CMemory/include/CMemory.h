/* What happens when memory runs out. */
#ifndef CMEMORY_H
#define CMEMORY_H

/* From now on an allocation that fails ends the process with one sentence and exit code 71, instead of a trap of the
 * Swift runtime. No effect in builds with a sanitizer, which has its own allocator. */
void cm_end_without_memory(void);

#endif
