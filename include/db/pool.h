/*
 * A worker's pool of connections: one lane for reads, one for writes, so that a read never waits
 * behind a commit.
 *
 *   - A lone read leaves at once. Reads that come while others are in flight wait for these and are
 *     then sent together (db/read_batch.h); after some milliseconds, as behind a slow page, they
 *     get another connection. When a batch breaks, each of its reads is sent again by itself.
 *     A read whose connection was lost is sent again.
 *   - Large reads are sent one by one, and never on all connections at once where there are
 * several: however many wait, others go on. They have a queue of their own.
 *   - A write is a group of its own, one at a time on each connection, and done only when its
 *     commit is acknowledged. It is never sent twice.
 *   - Every query has a deadline that covers waiting and running. A connection that holds an
 *     overdue query is dropped and replaced.
 *   - Both lanes are bounded in number. While many reads wait, in a queue that has not been empty
 *     for long, and the first of them has waited too long for a connection, more would only wait
 *     longer. Past these bounds, and while the database is away, a query is refused at once. One
 *     that was accepted before waits for the first attempt to connect anew.
 */
#pragma once

#include "db/connection.h"

struct pool;

struct pool_settings {
    const char *database_url;
    size_t read_connections;
    size_t write_connections;
    size_t queue_limit;    /* unanswered queries in each lane */
    int64_t queue_wait_ms; /* of the read that waits longest, in a queue four times as old */
    int64_t request_timeout_ms;
    struct connection_settings connection;
};

/* Told when both lanes have got a connection, or one has lost its last. */
typedef void pool_on_change(void *owner, bool ready);

/*
 * Starts to connect. `settings` is copied but for the connection string, which is read only here;
 * `logger` must outlive the pool. On failure NULL and one line in `error`.
 */
struct pool *pool_new(struct event_base *base, const struct logger *logger,
                      const struct pool_settings *settings, pool_on_change *on_change, void *owner,
                      char *error, size_t error_size);

/* Answers every query (QUERY_REFUSED, or QUERY_UNKNOWN for a write that was sent), and refuses all
 * that come from now on. */
void pool_close(struct pool *pool);

/* After pool_close(). A host name that is just being looked up is released in the event loop's next
 * turn. */
void pool_free(struct pool *pool);

/* True while both lanes have a live connection with its statements prepared. */
bool pool_is_ready(const struct pool *pool);

/*
 * Run a statement. Parameters are text, at most QUERY_PARAMETERS_MAX, and copied. on_done is told
 * exactly once, possibly before the function returns; on_send never before it returns. A read has
 * the pool's own time limit, a write the deadline that is given (clock_ms()).
 */
void pool_read(struct pool *pool, enum statement statement, int parameter_count,
               const char *const *parameters, bool is_large, query_on_send *on_send,
               query_on_done *on_done, void *owner);
void pool_write(struct pool *pool, enum statement statement, int parameter_count,
                const char *const *parameters, int64_t deadline_ms, query_on_done *on_done,
                void *owner);

/* True while some connection for writes is live. */
bool pool_can_write(const struct pool *pool);
