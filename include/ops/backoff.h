/*
 * Waiting times that double with each failure in a row, up to a limit, with jitter, so that many
 * processes that lost the same server do not come back in step.
 */
#pragma once

#include <stdint.h>

struct backoff {
    uint32_t first_ms; /* the longest first wait, at least 2 */
    uint32_t limit_ms; /* no wait is longer */
    uint32_t failures; /* in a row, so far */
};

/* The next wait in milliseconds, by chance: between half and the whole of first_ms * 2^failures or
 * of limit_ms, whichever is less. Counts one failure. */
uint32_t backoff_next_ms(struct backoff *backoff);

/* After a success. */
void backoff_reset(struct backoff *backoff);
