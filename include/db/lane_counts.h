/* What a lane counts of its calls (ops/metrics.h). */
#pragma once

#include "db/group.h"
#include "ops/metrics.h"

#include <stdbool.h>

struct lane_counts {
    struct metrics *metrics;
    size_t number; /* of the lane */
};

/* A call begins to wait. */
void lane_counts_arrive(const struct lane_counts *counts);

/* So many that waited are in a group now. */
void lane_counts_group(const struct lane_counts *counts, size_t calls);

/* One that was in a group waits again. */
void lane_counts_wait_again(const struct lane_counts *counts);

/* So many have waited for the end of a pause. */
void lane_counts_hold(const struct lane_counts *counts, size_t calls);

/* One that waited, or was in a group, does so no longer. */
void lane_counts_leave(const struct lane_counts *counts, bool was_waiting);

/* A call has completed, also one that was never admitted. */
void lane_counts_complete(const struct lane_counts *counts, enum query_outcome outcome);

/* A call is rejected before it was sent. Always false, for who has to say that it is not admitted.
 */
bool lane_counts_reject(const struct lane_counts *counts, enum metrics_rejection reason);

/* A group has been sent; `sent_us` is set, and its calls' `sends` do not count this time yet. */
void lane_counts_send(const struct lane_counts *counts, const struct group *group);

/* ... and its result is here. */
void lane_counts_settle(const struct lane_counts *counts, const struct group *group,
                        const PGresult *result);
