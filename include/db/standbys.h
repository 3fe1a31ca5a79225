/*
 * Standbys that serve reads, beside a pool's connections with the primary
 * (docs/decisions/076-reads-from-standbys.md).
 *
 * A read that is sent to a standby tells, with its result, how far in the primary's log that
 * standby was before it took the read up (struct call_times). Whether that is far enough, whoever
 * wants the read decides, and asks the primary if not, or if there is no result: a standby that is
 * away, late or overloaded is no error, and a read waits for it for a part of its deadline only.
 *
 * Of several standbys the first one that can be reached serves, in the order in which they are
 * named, until it is lost, or was behind in most of a second's reads.
 */
#pragma once

#include "db/connection.h"

struct metrics;
struct standbys;

struct standbys_settings {
    const char *database_url;
    size_t connections;
    size_t queue_limit;
    int64_t queue_wait_ms;
    int64_t patience_ms; /* how long a read waits for a standby, at most */
    struct server_guard guard;
    struct metrics *metrics; /* not NULL */
};

/* `settings` is copied but for the connection string, which is read only here. On failure NULL and
 * one line in `error`. */
struct standbys *standbys_new(struct event_base *base, const struct logger *logger,
                              const struct standbys_settings *settings, char *error,
                              size_t error_size);

/* Connects, unless in a pause or done before: to be called when it is known which primary serves.
 */
void standbys_begin(struct standbys *standbys);

/* Whether a read may be sent: one is there. Of NULL, never. */
bool standbys_are_ready(const struct standbys *standbys);

/* As pool_submit() (db/pool.h), for a read. */
void standbys_submit(struct standbys *standbys, bool is_large, struct call *call);

/* To be told of each read that was sent: whether the standby was behind. */
void standbys_note(struct standbys *standbys, bool was_behind);

/* In a pause none is ready, and reads that wait are completed with QUERY_REFUSED. After it,
 * standbys_begin() connects. */
void standbys_pause(struct standbys *standbys);
void standbys_resume(struct standbys *standbys);

/* How many sessions are not suspended. */
size_t standbys_count_sessions(const struct standbys *standbys);

/* As those of a pool. */
void standbys_close(struct standbys *standbys);
void standbys_free(struct standbys *standbys);
