/* What became of a query. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

/* Metrics (ops/metrics.h) have them in this order. */
enum query_outcome {
    QUERY_DONE,     /* it ran; a write is committed. The only outcome with rows */
    QUERY_FAILED,   /* PostgreSQL reported an error that is our fault; a write was rolled back */
    QUERY_LOCKED,   /* PostgreSQL rolled it back: somebody held a lock for the lock timeout */
    QUERY_CONFLICT, /* PostgreSQL rolled it back for what may pass: a deadlock, a full disk */
    QUERY_REFUSED,  /* no connection, or a full queue: nothing was done */
    QUERY_EXPIRED,  /* the deadline or the statement timeout passed: nothing was written */
    QUERY_UNKNOWN   /* a write that was sent and not acknowledged: it may have been applied */
};

bool query_has_succeeded(const PGresult *result);

/* What the result of a query means for it. An error was reported by PostgreSQL, and rolled back. */
enum query_outcome query_outcome_of(const PGresult *result);

/* Whether the server takes none of its kind at present: it is read-only, or out of resources. */
bool query_is_refused_by_server(const PGresult *result);

/* Whether the schema has changed under the prepared statements of this connection. The query was
 * rolled back and may be sent again over a new one. */
bool query_is_outdated(const PGresult *result);
