/*
 * A timer of the event loop, kept in its owner's struct. One that is all zeros is not initialised,
 * which timer_stop() allows.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

typedef void timer_on_time(void *owner);

struct timer {
    struct event event;
    timer_on_time *on_time;
    void *owner;
};

/* `base` must outlive the timer's use. */
void timer_init(struct timer *timer, struct event_base *base, timer_on_time *on_time, void *owner);

/* Calls on_time once, after `delay_ms`. One that runs already begins anew. Without memory for it
 * the process ends (ops/memory.h). */
void timer_start(struct timer *timer, int64_t delay_ms);

/* Calls on_time once, in this turn of the loop or the next, and never from within this function. */
void timer_start_now(struct timer *timer);

bool timer_is_running(const struct timer *timer);

/* From here on on_time is not called, until the timer is started again. Must precede the end of the
 * memory that holds a timer. */
void timer_stop(struct timer *timer);
