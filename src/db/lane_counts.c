/* What a lane counts of its calls. */
#include "db/lane_counts.h"

#include "ops/clock.h"

_Static_assert((int)QUERY_UNKNOWN + 1 == (int)METRICS_OUTCOMES, "metrics know each outcome");
_Static_assert((int)STATEMENT_COUNT <= (int)METRICS_STATEMENTS,
               "metrics have room for each statement");

static metrics_number *waiting(const struct lane_counts *counts) {
    return &counts->metrics->gauges.waiting_calls[counts->number];
}

static metrics_number *running(const struct lane_counts *counts) {
    return &counts->metrics->gauges.running_calls[counts->number];
}

void lane_counts_arrive(const struct lane_counts *counts) {
    metrics_add(waiting(counts), 1);
}

void lane_counts_group(const struct lane_counts *counts, size_t calls) {
    metrics_subtract(waiting(counts), calls);
    metrics_add(running(counts), calls);
}

void lane_counts_wait_again(const struct lane_counts *counts) {
    metrics_subtract(running(counts), 1);
    metrics_add(waiting(counts), 1);
}

void lane_counts_hold(const struct lane_counts *counts, size_t calls) {
    metrics_add(&counts->metrics->lanes.held[counts->number], calls);
}

void lane_counts_leave(const struct lane_counts *counts, bool was_waiting) {
    metrics_subtract(was_waiting ? waiting(counts) : running(counts), 1);
}

void lane_counts_complete(const struct lane_counts *counts, enum query_outcome outcome) {
    metrics_add(&counts->metrics->lanes.outcomes[counts->number][outcome], 1);
}

bool lane_counts_reject(const struct lane_counts *counts, enum metrics_rejection reason) {
    metrics_add(&counts->metrics->lanes.rejections[counts->number][reason], 1);
    return false;
}

void lane_counts_send(const struct lane_counts *counts, const struct group *group) {
    struct metrics_lanes *lanes = &counts->metrics->lanes;
    metrics_observe(&lanes->group_size[counts->number], metrics_group_sizes, group->count);
    for (size_t place = 0; place < group->count; place++) {
        const struct call *call = group->calls[place];
        if (call->sends == 0) {
            metrics_observe_duration(&lanes->wait[counts->number], call->times.submitted_us,
                                     group->sent_us);
        }
    }
}

void lane_counts_settle(const struct lane_counts *counts, const struct group *group,
                        const PGresult *result) {
    struct metrics *metrics = counts->metrics;
    metrics_observe_duration(&metrics->statements[group->statement], group->sent_us, clock_us());
    if (group->is_write && group->kind != GROUP_LOOK && query_has_succeeded(result)) {
        metrics_add(&metrics->commits, 1);
    }
}
