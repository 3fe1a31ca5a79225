/* Which run of the database server (db/server_run.h) the sessions of a process may use: the one
 * that is known in the shared memory (pages/known_server.h), or one that takes its place there. */
#pragma once

#include "db/server_run.h"
#include "ops/log.h"
#include "pages/shared_memory.h"

struct metrics;

struct run_guard {
    const struct logger *logger;
    const struct shared_memory *memory;
    struct metrics *metrics;
};

/* For a pool or a connection; `guard` must outlive it. */
struct server_guard run_guard_of(struct run_guard *guard);

/* For sessions with standbys, which may be used where they follow that run, and change nothing. */
struct server_guard run_guard_of_standbys(struct run_guard *guard);
