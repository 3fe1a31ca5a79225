/* Exponential back-off with jitter. */
#include "ops/backoff.h"

#include <stdlib.h>

uint32_t backoff_next_ms(struct backoff *backoff) {
    uint64_t longest = backoff->limit_ms;
    if (backoff->failures < 32 && ((uint64_t)backoff->first_ms << backoff->failures) < longest) {
        longest = (uint64_t)backoff->first_ms << backoff->failures;
    }
    if (backoff->failures < UINT32_MAX) {
        backoff->failures++;
    }
    uint64_t shortest = longest / 2;
    return (uint32_t)shortest + arc4random_uniform((uint32_t)(longest - shortest) + 1);
}

void backoff_reset(struct backoff *backoff) {
    backoff->failures = 0;
}
