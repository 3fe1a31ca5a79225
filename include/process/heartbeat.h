/*
 * Heartbeats of child processes, in memory that the supervisor shares with them: each writes the
 * time into its own slot about once a second, and the supervisor replaces one that stops. Workers
 * also say there whether they can serve, and the supervisor that the whole service stops.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the processes of two versions, which live together during a reload. */
enum { HEARTBEAT_SLOTS = 1024 };

struct heartbeats {
    _Atomic bool is_stopping;                 /* the service: all workers drain */
    _Atomic bool is_ready[HEARTBEAT_SLOTS];   /* the worker has a live database connection */
    _Atomic int64_t beat_ms[HEARTBEAT_SLOTS]; /* clock_ms(), the same for all processes */
};

/* Makes the shared memory; its descriptor is closed on exec. NULL with errno set. */
struct heartbeats *heartbeats_create(int *descriptor);

/* Maps what heartbeats_create() made in another process. NULL with errno set. */
struct heartbeats *heartbeats_map(int descriptor);
