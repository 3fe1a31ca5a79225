/*
 * The calls of a lane that are not completed, and those of them that wait, each in the order of
 * arrival. Calls belong to the lane (db/lane.h); nothing is allocated here.
 */
#pragma once

#include "db/call.h"

struct lane_queue {
    struct call_queue calls;
    struct call_queue waiting;
    size_t count;             /* of `calls` */
    uint64_t arrivals;        /* so far */
    int64_t waiting_since_ms; /* without a break; undefined while none waits */
    uint64_t resumed_at;      /* arrivals so far when the last pause ended */
    size_t held_over;         /* calls that arrived before, and are not completed */
    int64_t counts_from_ms;   /* overload counts no wait before: see lane_queue_count_anew() */
};

void lane_queue_init(struct lane_queue *queue);

/* A new call, which waits. */
void lane_queue_add(struct lane_queue *queue, struct call *call);

/* A call waits no longer: it is sent. */
void lane_queue_take(struct lane_queue *queue, struct call *call);

/* One that was sent waits again, at the place of its arrival. */
void lane_queue_return(struct lane_queue *queue, struct call *call);

/* A call is completed, whether it waited or was sent. */
void lane_queue_remove(struct lane_queue *queue, struct call *call);

/* A pause is over: what waits begins to wait, so that neither its deadline nor overload counts the
 * pause. Returns how many do. */
size_t lane_queue_wait_anew(struct lane_queue *queue);

/* As far as overload counts, what waits begins to wait. Each call that is completed after it has
 * waited in a pause does the same: those are many, and have come at once. */
void lane_queue_count_anew(struct lane_queue *queue);

/* When the first call that waits arrived; INT64_MAX: none waits. */
int64_t lane_queue_waits_since_ms(const struct lane_queue *queue);
