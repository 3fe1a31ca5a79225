/* The monotonic clock, and durations, in milliseconds. */
#pragma once

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

/* Never set back, the same for all processes of a host. */
static inline int64_t clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A duration as libevent's timers take it. */
static inline struct timeval clock_duration(int64_t ms) {
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}
