/* The lanes of a pool: how each uses the pool's connections, and what is done with all of them. */
#pragma once

#include "db/connection_set.h"
#include "db/lane.h"
#include "db/pool_lane.h"

struct write_state;

struct lane_set {
    struct lane *all[LANE_COUNT];
    struct write_state *write_state;
};

/* See struct pool_settings (db/pool.h). */
struct lane_set_settings {
    const struct connection_set *readers, *writers; /* as for lane_new() */
    size_t queue_limit;                             /* of each lane */
    int64_t queue_wait_ms;
    int64_t request_timeout_ms;
    int64_t statement_timeout_ms;
    int64_t lock_timeout_ms;
    struct metrics *metrics; /* not NULL */
    void (*on_uncertain)(void *owner);
    void *owner;
};

void lane_set_open(struct lane_set *set, struct event_base *base,
                   const struct lane_set_settings *settings);

/* lane_close() and lane_free() of each. */
void lane_set_close(struct lane_set *set);
void lane_set_free(struct lane_set *set);

/* Whether reads and writes have a live connection each; whether either is held. */
bool lane_set_is_ready(const struct lane_set *set);
bool lane_set_is_held(const struct lane_set *set);

/* Whether a call waits in any. */
bool lane_set_has_waiting(const struct lane_set *set);

/* Sends what waits, of reads and large reads first the one that came first. Returns as
 * lane_dispatch(). */
int64_t lane_set_dispatch(const struct lane_set *set);

/* lane_pause() and lane_resume() of each. */
void lane_set_pause(const struct lane_set *set);
void lane_set_resume(const struct lane_set *set);

/* lane_stop_awaiting() of each that has a live connection, or of each that has none. */
void lane_set_stop_awaiting(const struct lane_set *set, bool is_ready);

/* Completes with QUERY_REFUSED all that waits in lanes that have no live connection. */
void lane_set_reject_waiting(const struct lane_set *set);
