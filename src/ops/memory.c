/* Memory of a process that serves. */
#include "ops/memory.h"

#include "ops/line_writer.h"
#include "ops/log.h"

#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line of the log that needs no memory. */
void memory_exhausted(void) {
    char time_text[LOG_TIME_SIZE], line[200];
    log_format_time(time_text);
    int length = snprintf(line, sizeof line,
                          "{\"time\":\"%s\",\"level\":\"error\",\"pid\":%d,"
                          "\"message\":\"memory is out; the process ends\"}\n",
                          time_text, (int)getpid());
    (void)!line_write(line, (size_t)length);
    abort();
}

void *memory_allocate(size_t size) {
    void *memory = malloc(size > 0 ? size : 1);
    if (!memory) {
        memory_exhausted();
    }
    return memory;
}

void *memory_calloc(size_t count, size_t size) {
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (!memory) {
        memory_exhausted();
    }
    return memory;
}

void *memory_realloc(void *memory, size_t size) {
    void *moved = realloc(memory, size > 0 ? size : 1);
    if (!moved) {
        memory_exhausted();
    }
    return moved;
}

char *memory_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(memory_allocate(size), text, size);
}

void memory_bind_libraries(void) {
    event_set_mem_functions(memory_allocate, memory_realloc, free);
    json_set_alloc_funcs(memory_allocate, free);
}
