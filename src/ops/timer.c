/* A timer of the event loop. */
#include "ops/timer.h"

#include "ops/clock.h"
#include "ops/memory.h"

static void on_event(evutil_socket_t descriptor, short what, void *argument) {
    (void)descriptor;
    (void)what;
    const struct timer *timer = argument;
    timer->on_time(timer->owner);
}

void timer_init(struct timer *timer, struct event_base *base, timer_on_time *on_time, void *owner) {
    *timer = (struct timer){.on_time = on_time, .owner = owner};
    (void)evtimer_assign(&timer->event, base, on_event, timer);
}

void timer_start(struct timer *timer, int64_t delay_ms) {
    const struct timeval delay = clock_duration(delay_ms);
    memory_demand(evtimer_add(&timer->event, &delay) == 0);
}

void timer_start_now(struct timer *timer) {
    event_active(&timer->event, EV_TIMEOUT, 0);
}

bool timer_is_running(const struct timer *timer) {
    return evtimer_pending(&timer->event, NULL);
}

void timer_stop(struct timer *timer) {
    if (evtimer_initialized(&timer->event)) {
        (void)evtimer_del(&timer->event);
    }
}
