/* What the event loop watches besides time. */
#include "ops/watch.h"

static void on_something(evutil_socket_t descriptor, short what, void *argument) {
    (void)descriptor;
    (void)what;
    const struct watch *watch = argument;
    watch->on_event(watch->owner);
}

static void init(struct watch *watch, struct event_base *base, int number, short what,
                 watch_on_event *on_event, void *owner) {
    *watch = (struct watch){.on_event = on_event, .owner = owner};
    (void)event_assign(&watch->event, base, number, (short)(what | EV_PERSIST), on_something,
                       watch);
}

void watch_init_descriptor(struct watch *watch, struct event_base *base, int descriptor, short what,
                           watch_on_event *on_event, void *owner) {
    init(watch, base, descriptor, what, on_event, owner);
}

void watch_init_signal(struct watch *watch, struct event_base *base, int number,
                       watch_on_event *on_event, void *owner) {
    init(watch, base, number, EV_SIGNAL, on_event, owner);
}

bool watch_start(struct watch *watch) {
    return event_add(&watch->event, NULL) == 0;
}

void watch_start_now(struct watch *watch) {
    event_active(&watch->event, EV_READ, 0);
}

void watch_stop(struct watch *watch) {
    if (event_initialized(&watch->event)) {
        (void)event_del(&watch->event);
    }
}
