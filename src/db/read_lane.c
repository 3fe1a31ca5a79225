/* Lanes for reads. */
#include "db/read_lane.h"

#include "db/combine_reads.h"

enum {
    PATIENCE_MS = 5,  /* then a read may have a connection more; with clock_ms(), 5 to 9 */
    SHORT_QUEUE = 64, /* reads for each connection, of which none is rejected */
    YOUNG_QUEUE = 4   /* times the longest wait: what a stall has left is served by then */
};

static struct lane *open_lane(struct event_base *base, struct lane_settings lane) {
    lane.short_queue = SHORT_QUEUE * lane.busy_limit;
    lane.young_queue_ms = YOUNG_QUEUE * lane.queue_wait_ms;
    return lane_new(base, &lane);
}

struct lane *read_lane_new(struct event_base *base, const struct lane_settings *settings) {
    struct lane_settings lane = *settings;
    lane.combine = &combine_reads;
    lane.patience_ms = PATIENCE_MS;
    lane.busy_limit = lane.connection_count;
    return open_lane(base, lane);
}

struct lane *read_lane_new_for_large(struct event_base *base,
                                     const struct lane_settings *settings) {
    struct lane_settings lane = *settings;
    lane.combine = &combine_large_reads;
    lane.busy_limit = lane.connection_count > 1 ? lane.connection_count - 1 : 1;
    return open_lane(base, lane);
}
