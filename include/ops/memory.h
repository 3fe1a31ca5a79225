/*
 * Memory of a process that serves: there always is some, or the process ends. It then logs that and
 * aborts; its supervisor starts another (docs/decisions/051-out-of-memory.md). So these functions
 * never return NULL.
 *
 * Not for the supervisor and for commands, which go on or say what they could not do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MEMORY_RETURNS __attribute__((returns_nonnull, warn_unused_result))

/* To be released with free(). */
MEMORY_RETURNS void *memory_allocate(size_t size);
MEMORY_RETURNS void *memory_calloc(size_t count, size_t size);
MEMORY_RETURNS void *memory_realloc(void *memory, size_t size);
MEMORY_RETURNS char *memory_strdup(const char *text);

/* Logs that memory is out, and aborts. */
__attribute__((noreturn)) void memory_exhausted(void);

/* The same, unless `ok`: of a library's function that fails for want of memory only. */
static inline void memory_demand(bool ok) {
    if (!ok) {
        memory_exhausted();
    }
}

/* From here on the same holds for libevent and jansson. Before either is used. */
void memory_bind_libraries(void);
