/* All lanes of a pool. */
#include "db/lane_set.h"

#include "db/combine_writes.h"
#include "db/read_lane.h"
#include "ops/metrics.h"

_Static_assert((int)LANE_COUNT == (int)METRICS_LANES, "metrics know each lane");

static void open_read_lanes(struct lane_set *set, struct event_base *base,
                            const struct lane_set_settings *settings) {
    struct lane_settings reads = {
        .connections = settings->readers->connections,
        .connection_count = settings->readers->count,
        .call_limit = settings->queue_limit,
        .timeout_ms = settings->request_timeout_ms,
        .longest_wait_ms = INT64_MAX,
        .queue_wait_ms = settings->queue_wait_ms,
        .counts = {settings->metrics, LANE_READS},
    };
    set->all[LANE_READS] = read_lane_new(base, &reads);
    reads.counts.number = LANE_LARGE_READS;
    /* The statement of a large read may take all its time. Sent later, it would be overdue while it
     * runs, and take its connection with it. */
    reads.longest_wait_ms = settings->request_timeout_ms - settings->statement_timeout_ms;
    set->all[LANE_LARGE_READS] = read_lane_new_for_large(base, &reads);
}

static void open_write_lane(struct lane_set *set, struct event_base *base,
                            const struct lane_set_settings *settings) {
    const struct write_state_settings state = {
        .call_limit = settings->queue_limit,
        .timeout_ms = settings->request_timeout_ms,
        .lock_timeout_ms = settings->lock_timeout_ms,
        .is_lone_connection = settings->writers->count == 1,
    };
    set->write_state = combine_writes_state_new(&state);
    const struct lane_settings writes = {
        .combine = &combine_writes,
        .combine_state = set->write_state,
        .connections = settings->writers->connections,
        .connection_count = settings->writers->count,
        .busy_limit = settings->writers->count,
        .is_write = true,
        .longest_wait_ms = INT64_MAX,
        .call_limit = settings->queue_limit,
        .timeout_ms = settings->request_timeout_ms,
        /* A lock that somebody holds delays all writes, and is no overload. */
        .queue_wait_ms = settings->lock_timeout_ms + settings->queue_wait_ms,
        .counts = {settings->metrics, LANE_WRITES},
        .on_uncertain = settings->on_uncertain,
        .owner = settings->owner,
    };
    set->all[LANE_WRITES] = lane_new(base, &writes);
}

void lane_set_open(struct lane_set *set, struct event_base *base,
                   const struct lane_set_settings *settings) {
    open_read_lanes(set, base, settings);
    open_write_lane(set, base, settings);
}

void lane_set_close(struct lane_set *set) {
    for (size_t i = 0; i < LANE_COUNT; i++) {
        lane_close(set->all[i]);
    }
}

void lane_set_free(struct lane_set *set) {
    for (size_t i = 0; i < LANE_COUNT; i++) {
        lane_free(set->all[i]);
    }
    combine_writes_state_free(set->write_state);
}

bool lane_set_is_ready(const struct lane_set *set) {
    return lane_is_ready(set->all[LANE_READS]) && lane_is_ready(set->all[LANE_WRITES]);
}

bool lane_set_is_held(const struct lane_set *set) {
    return lane_is_held(set->all[LANE_READS]) || lane_is_held(set->all[LANE_WRITES]);
}

bool lane_set_has_waiting(const struct lane_set *set) {
    for (size_t i = 0; i < LANE_COUNT; i++) {
        if (lane_waits_since_ms(set->all[i]) != INT64_MAX) {
            return true;
        }
    }
    return false;
}

int64_t lane_set_dispatch(const struct lane_set *set) {
    struct lane *reads = set->all[LANE_READS];
    struct lane *large = set->all[LANE_LARGE_READS];
    bool large_came_first = lane_waits_since_ms(large) < lane_waits_since_ms(reads);
    struct lane *const lanes[] = {large_came_first ? large : reads,
                                  large_came_first ? reads : large, set->all[LANE_WRITES]};
    int64_t again_in_ms = INT64_MAX;
    for (size_t i = 0; i < LANE_COUNT; i++) {
        int64_t in_ms = lane_dispatch(lanes[i]);
        again_in_ms = in_ms < again_in_ms ? in_ms : again_in_ms;
    }
    return again_in_ms;
}

void lane_set_pause(const struct lane_set *set) {
    for (size_t i = 0; i < LANE_COUNT; i++) {
        lane_pause(set->all[i]);
    }
}

void lane_set_resume(const struct lane_set *set) {
    for (size_t i = 0; i < LANE_COUNT; i++) {
        lane_resume(set->all[i]);
    }
}

void lane_set_stop_awaiting(const struct lane_set *set, bool is_ready) {
    for (size_t i = 0; i < LANE_COUNT; i++) {
        if (lane_is_ready(set->all[i]) == is_ready) {
            lane_stop_awaiting(set->all[i]);
        }
    }
}

void lane_set_reject_waiting(const struct lane_set *set) {
    for (size_t i = 0; i < LANE_COUNT; i++) {
        if (!lane_is_ready(set->all[i])) {
            lane_reject_waiting(set->all[i]);
        }
    }
}
