/* Metrics: the tables that say where a value is counted. */
#include "ops/metrics.h"

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "metrics are shared between processes");

const uint64_t metrics_durations_us[METRICS_BOUNDS] = {
    500,    1000,   2500,   5000,    10000,   25000,   50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

/* Up to 16 reads and 200 writes go together. */
const uint64_t metrics_group_sizes[METRICS_BOUNDS] = {
    1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100, 150,
};

/* The most frequent ones first. */
const unsigned metrics_statuses[METRICS_STATUSES] = {
    200, 304, 204, 201, 202, 404, 503, 504, 400, 405, 409, 413, 415, 422, 500, 0, /* others: */ 1,
};

uint64_t metrics_total(const metrics_number numbers[], size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += metrics_get(&numbers[i]);
    }
    return sum;
}

struct metrics *metrics_or_unseen(struct metrics *metrics) {
    static struct metrics unseen;
    return metrics ? metrics : &unseen;
}
