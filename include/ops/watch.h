/*
 * What the event loop watches besides time: a descriptor, or a signal. Kept in its owner's struct.
 * One that is all zeros is not initialised, which watch_stop() allows.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>

typedef void watch_on_event(void *owner);

struct watch {
    struct event event;
    watch_on_event *on_event;
    void *owner;
};

/* `base` must outlive the watch's use. `what` is EV_READ or EV_WRITE. */
void watch_init_descriptor(struct watch *watch, struct event_base *base, int descriptor, short what,
                           watch_on_event *on_event, void *owner);
void watch_init_signal(struct watch *watch, struct event_base *base, int number,
                       watch_on_event *on_event, void *owner);

/* Calls on_event each time, until watch_stop(). False, with errno, when the system refuses. */
__attribute__((warn_unused_result)) bool watch_start(struct watch *watch);

/* Calls on_event once, in this turn of the loop or the next, as if something had happened. */
void watch_start_now(struct watch *watch);

/* From here on on_event is not called, until the watch is started again. Must precede the end of
 * the memory that holds a watch, and of its descriptor. */
void watch_stop(struct watch *watch);
