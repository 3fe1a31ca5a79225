/* A worker's part in a pause (ops/pause.h): it looks whether one is on, has its pool pause and
 * resume, and tells how far it is. */
#pragma once

#include "db/pool.h"
#include "ops/pause.h"
#include "ops/timer.h"

/* Zeros: not begun, which pausing_stop() allows. */
struct pausing {
    struct pause *pause;
    size_t slot;
    struct pool *pool;
    struct timer look;
    uint64_t number; /* of the pause that the pool is in; 0: none */
    bool is_draining;
};

/* Begins to look. Before the event loop does: a worker that starts in a pause begins paused. `pool`
 * must outlive the use. */
void pausing_begin(struct pausing *pausing, struct event_base *base, struct pause *pause,
                   size_t slot, struct pool *pool);

/* The worker drains, and so takes part in no pause: its pool resumes, or a stop would wait for the
 * end of the pause. A pause is reached only after the worker has ended. */
void pausing_drain(struct pausing *pausing);

void pausing_stop(struct pausing *pausing);
