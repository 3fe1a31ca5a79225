/*
 * The shared memory (pages/shared_memory.h) as a process of NGINX has it: read-only, from the
 * supervisor, over a connection that stays open. When that ends, the memory is unmapped at once,
 * and asked for again each second.
 */
#pragma once

#include "pages/handout.h"
#include "pages/ring.h"
#include "pages/shared_memory.h"

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <stdbool.h>
#include <stdint.h>

/* Zeros at first. */
struct qa_pages_memory {
    bool is_mapped;
    bool has_ring; /* while it is mapped */
    struct shared_memory shared;
    struct ring ring;
    uint64_t counts[HANDOUT_COUNTS]; /* since they were last told */

    const char *shared_file;      /* not owned */
    ngx_connection_t *connection; /* to the supervisor; NULL: none */
    ngx_event_t timer;            /* set while there is no connection, or counts are to be told */
    ngx_connection_t timer_data;
    bool has_complained; /* since it last was mapped */
    ngx_log_t *log;
};

/* Asks for it. */
void qa_pages_memory_begin(struct qa_pages_memory *memory, const char *shared_file, ngx_log_t *log);

/* Lets go of it for good. */
void qa_pages_memory_end(struct qa_pages_memory *memory);

/* Whether the supervisor still has the other end: another memory cannot have begun then. It asks
 * the system, as NGINX may have an event to come that says so. Only while it is mapped. */
bool qa_pages_memory_is_handed_out(const struct qa_pages_memory *memory);

/* Counts a page that was found or not (pages/handout.h), which the supervisor is told within a
 * second. */
void qa_pages_memory_count(struct qa_pages_memory *memory, unsigned count);
