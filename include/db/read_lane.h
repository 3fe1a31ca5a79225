/*
 * Lanes for reads, of a pool and of standbys. `settings` have the connections, the limits of calls
 * and times, and what counts; what all reads have in common is filled in.
 */
#pragma once

#include "db/lane.h"

/* The lane of most reads. */
struct lane *read_lane_new(struct event_base *base, const struct lane_settings *settings);

/* That of large ones, which leaves a connection to the others, if there are two. */
struct lane *read_lane_new_for_large(struct event_base *base, const struct lane_settings *settings);
