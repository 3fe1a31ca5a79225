/* The wait for the leases of other hosts. */
#include "pages/lease_wait.h"

#include <errno.h>
#include <time.h>

enum {
    US_PER_MS = 1000,
    US_PER_S = 1000000,
    NS_PER_US = 1000,
    /* The clocks of two hosts may run apart by one in so many: ten times what NTP corrects. */
    CLOCK_RATES = 200
};

int64_t lease_wait_us(int64_t lease_ms) {
    int64_t lease_us = lease_ms > 0 ? lease_ms * US_PER_MS : 0;
    return lease_us + lease_us / CLOCK_RATES;
}

void lease_wait(int64_t lease_ms) {
    int64_t wait_us = lease_wait_us(lease_ms);
    struct timespec rest = {.tv_sec = wait_us / US_PER_S,
                            .tv_nsec = wait_us % US_PER_S * NS_PER_US};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
}
