/* The part in a pause (ops/pause.h) of a process with sessions: it looks whether one is on, has
 * what it has of sessions pause and resume, and tells how far it is. */
#pragma once

#include "db/pool.h"
#include "ops/pause.h"
#include "ops/timer.h"

/* What pauses, of which `owner` is one. */
struct pausing_kind {
    void (*pause)(void *owner);
    void (*resume)(void *owner);
    struct pool_load (*load)(const void *owner);
};

/* A worker's pool. */
extern const struct pausing_kind pausing_pool;

/* Zeros: not begun, which pausing_stop() allows. */
struct pausing {
    struct pause *pause;
    size_t slot;
    const struct pausing_kind *kind;
    void *owner;
    struct timer look;
    uint64_t number; /* of the pause that it is in; 0: none */
    bool is_draining;
};

/* Begins to look. Before the event loop does: a process that starts in a pause begins paused.
 * `owner` must outlive the use. */
void pausing_begin(struct pausing *pausing, struct event_base *base, struct pause *pause,
                   size_t slot, const struct pausing_kind *kind, void *owner);

/* The process drains, and so takes part in no pause: it resumes, or a stop would wait for the end
 * of the pause. A pause is reached only after it has ended. */
void pausing_drain(struct pausing *pausing);

void pausing_stop(struct pausing *pausing);
