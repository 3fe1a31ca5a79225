/*
 * A worker's pool: its connections, and the lanes (db/lane.h) whose calls they carry.
 *
 *   - Reads and writes have connections of their own, so that a read never waits behind a commit.
 *   - A lone read leaves at once. Reads that come while others are in flight wait for these and are
 *     then sent together (db/combine_reads.h); after some milliseconds, as behind a slow page, they
 *     get another connection.
 *   - Large reads are sent one by one, and never on all connections at once where there are
 *     several: however many wait, others go on. They have a lane of their own, which rejects what
 *     has waited until its statement might not end in time.
 *   - Writes are sent together as well (db/combine_writes.h), one group at a time on each
 *     connection, and done only when the commit is acknowledged.
 *   - While the database is away, calls are rejected at once. Reads that were admitted before wait
 *     for the first attempt to connect anew.
 *   - Where standbys serve reads (db/standbys.h), the pool keeps them. Who wants a read asks them
 *     first.
 *   - In a pause nothing is sent and calls wait. Each session is closed as soon as nothing is in
 *     flight on it: so no write is unknown because of the pause.
 */
#pragma once

#include "db/pool_lane.h"
#include "db/standbys.h"

struct metrics;
struct pool;

struct pool_settings {
    const char *database_url;
    size_t read_connections;
    size_t write_connections;
    size_t queue_limit;    /* of each lane: calls that are not completed */
    int64_t queue_wait_ms; /* of the read that waits longest, in a queue four times as old; of a
                              write, besides the lock timeout */
    int64_t request_timeout_ms;
    struct connection_settings connection; /* its limit of overdue sessions is that for reads */
    size_t overdue_writes_limit;           /* the same for writes */
    bool looks_for_rivals;                 /* db/rivals.h */
    const char *read_database_url;         /* of standbys; "": none */
    struct server_guard standby_guard;
    struct metrics *metrics; /* where the pool counts; NULL: nowhere */
    /* Told when writes of a form may have been applied without anybody knowing, before they are;
     * NULL: nobody. */
    void (*on_uncertain)(void *owner);
};

/* Told when reads and writes have got a connection, or one of them has lost its last; of a pause
 * only how it is after it. */
typedef void pool_on_change(void *owner, bool ready);

/*
 * Starts to connect. `settings` is copied but for connection strings, which are read only here;
 * `logger` must outlive the pool. On failure NULL and one line in `error`.
 */
struct pool *pool_new(struct event_base *base, const struct logger *logger,
                      const struct pool_settings *settings, pool_on_change *on_change, void *owner,
                      char *error, size_t error_size);

/* Those that serve reads; NULL: none. */
struct standbys *pool_standbys(const struct pool *pool);

/* Completes every call (QUERY_REFUSED, or QUERY_UNKNOWN for a write that was sent), and rejects all
 * that come from now on. */
void pool_close(struct pool *pool);

/* After pool_close(). A host name that is just being looked up is released in the event loop's next
 * turn. */
void pool_free(struct pool *pool);

/* True while reads and writes have a live connection with its statements prepared, or a pause keeps
 * calls waiting for one. */
bool pool_is_ready(const struct pool *pool);

/* In a pause calls wait: what nobody waits for comes better after it. */
bool pool_is_paused(const struct pool *pool);

/* Both may be called at any time, but not from within a callback of the pool. */
void pool_pause(struct pool *pool);

/* Connects anew, and sends what waits. on_change is told again, also that nothing has changed: it
 * may be another database. */
void pool_resume(struct pool *pool);

struct pool_load {
    size_t sessions;  /* that are not suspended: 0 when a pause is reached */
    size_t calls;     /* that are not completed */
    size_t held_over; /* of them, those that arrived before the last pause was over */
};

struct pool_load pool_load(const struct pool *pool);

/* Runs a call. The struct is copied, its texts are handed over. on_done is told exactly once,
 * possibly before this returns; on_send never before it returns. */
void pool_submit(struct pool *pool, enum pool_lane lane, struct call *call);
