/*
 * A queue whose items leave a fixed time after they came, in the order in which they came, and
 * never sooner. One timer of the event loop serves all of them.
 */
#pragma once

#include "ops/timer.h"

#include <stdint.h>
#include <sys/queue.h>

/* In its owner's struct. */
struct delayed {
    TAILQ_ENTRY(delayed) queue;
    int64_t due_us; /* by clock_us() */
};

TAILQ_HEAD(delayed_queue, delayed);

/* Kept in its owner's struct, too. The item has left the queue and may be released. */
struct delay {
    struct delayed_queue items;
    struct timer timer; /* runs while there are any */
    int64_t time_us;
    void (*on_due)(void *owner, struct delayed *item);
    void *owner;
};

/* `base` must outlive the delay's use. */
void delay_init(struct delay *delay, struct event_base *base, int64_t time_us,
                void (*on_due)(void *owner, struct delayed *item), void *owner);

/* The item's time begins now. on_due is never called from within this function. */
void delay_add(struct delay *delay, struct delayed *item);

/* Sleeps until the last item is due, which blocks the loop for `time_us` at most: for the end of a
 * process. The timer is stopped. */
void delay_finish(struct delay *delay);
