/* The monotonic clock, in milliseconds; never set back, the same for all processes of a host. */
#pragma once

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
