/* A queue whose items leave a fixed time after they came. */
#include "ops/delay.h"

#include "ops/clock.h"

#include <errno.h>
#include <time.h>

enum { US_PER_MS = 1000, US_PER_S = 1000000 };

/* libevent's clock lags behind clock_us(), so its timer may call too early: then it runs on. */
static void on_time(void *owner) {
    struct delay *delay = owner;
    int64_t now_us = clock_us();
    struct delayed *item;
    while ((item = TAILQ_FIRST(&delay->items)) && item->due_us <= now_us) {
        TAILQ_REMOVE(&delay->items, item, queue);
        delay->on_due(delay->owner, item);
    }
    if (item && !timer_is_running(&delay->timer)) {
        timer_start(&delay->timer, (item->due_us - now_us + US_PER_MS - 1) / US_PER_MS);
    }
}

void delay_init(struct delay *delay, struct event_base *base, int64_t time_us,
                void (*on_due)(void *owner, struct delayed *item), void *owner) {
    *delay = (struct delay){.time_us = time_us, .on_due = on_due, .owner = owner};
    TAILQ_INIT(&delay->items);
    timer_init(&delay->timer, base, on_time, delay);
}

void delay_add(struct delay *delay, struct delayed *item) {
    item->due_us = clock_us() + delay->time_us;
    TAILQ_INSERT_TAIL(&delay->items, item, queue);
    if (!timer_is_running(&delay->timer)) {
        timer_start(&delay->timer, (delay->time_us + US_PER_MS - 1) / US_PER_MS);
    }
}

static void sleep_until(int64_t time_us) {
    const struct timespec until = {.tv_sec = time_us / US_PER_S,
                                   .tv_nsec = time_us % US_PER_S * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

void delay_finish(struct delay *delay) {
    const struct delayed *last = TAILQ_LAST(&delay->items, delayed_queue);
    if (last) {
        sleep_until(last->due_us);
        on_time(delay);
    }
    timer_stop(&delay->timer);
}
