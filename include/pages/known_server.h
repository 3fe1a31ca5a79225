/*
 * The run of the database server (db/server_run.h) whose data all pages of this host show. The
 * first session with another run invalidates everything before it is used: that server may lack
 * what pages show, also where no write was under way.
 *
 * A run of an older timeline of the same cluster is refused, and sessions with it that are still
 * open are not current: a primary that nobody has told that another was promoted goes on as before.
 * Who reads notes the version first and then asks whether its session is current. So what an old
 * server returns is never of the new epoch.
 *
 * In the shared memory it is one number of its own, without a lock.
 */
#pragma once

#include "db/server_run.h"
#include "pages/shared_memory.h"

enum known_server {
    KNOWN_SERVER_SAME,    /* or the first, or somebody else is just taking it */
    KNOWN_SERVER_ANEW,    /* the same one was started anew: everything has been invalidated */
    KNOWN_SERVER_ANOTHER, /* the same for another one */
    KNOWN_SERVER_OLDER    /* it must not be used */
};

/* The run's number, which is not 0. */
uint64_t known_server_number(const struct server_run *run);

/* From here on this run counts, unless it is an older one. */
enum known_server known_server_take(const struct shared_memory *memory, uint64_t number,
                                    int64_t now_ms);

bool known_server_is(const struct shared_memory *memory, uint64_t number);
