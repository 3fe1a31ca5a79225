/*
 * The monotonic clock, and durations, in milliseconds.
 *
 * The clock is read without a system call and goes in steps: of 4 ms on a kernel of 250 Hz, of 10
 * ms at most. It lags by up to a step, and libevent's timers go by it too. So a limit of a few
 * milliseconds lasts up to a step longer (docs/decisions/050-coarse-clock.md).
 */
#pragma once

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

enum { CLOCK_STEP_MS = 10 }; /* the longest; a kernel of 100 Hz has it */

/* Never set back, the same for all processes of a host. */
static inline int64_t clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The same clock without its steps, in microseconds: for what is measured, not for limits, which
 * libevent's timers would miss. */
static inline int64_t clock_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A duration as libevent's timers take it. */
static inline struct timeval clock_duration(int64_t ms) {
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}
