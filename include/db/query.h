/*
 * A query on its way: a prepared statement with its parameters, and who waits for the outcome.
 *
 * A query belongs to the pool that made it (db/pool.h). While it waits it stands in a line of the
 * pool; once sent it stands in the line of one connection (db/connection.h), or of the batch that
 * is sent for it (db/read_batch.h), until its result, or the end of its pipeline group, arrives.
 */
#pragma once

#include "db/statement_names.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum { QUERY_PARAMETERS_MAX = 5 };

enum query_outcome {
    QUERY_DONE,     /* it ran; a write is committed. The only outcome with rows */
    QUERY_FAILED,   /* PostgreSQL reported an error that is our fault; a write was rolled back */
    QUERY_LOCKED,   /* PostgreSQL rolled it back: somebody held a lock for the lock timeout */
    QUERY_CONFLICT, /* PostgreSQL rolled it back for what may pass: a deadlock, a full disk */
    QUERY_REFUSED,  /* no connection, or a full queue: nothing was done */
    QUERY_EXPIRED,  /* the deadline or the statement timeout passed: nothing was written */
    QUERY_UNKNOWN   /* a write that was sent and not acknowledged: it may have been applied */
};

/*
 * Told once for each query. `result` is set for QUERY_DONE and QUERY_FAILED, else NULL; whoever
 * takes it releases it with PQclear().
 */
typedef void query_on_done(void *owner, enum query_outcome outcome, PGresult *result);

/* Told before a query is sent, again when it is sent once more. Must not call the pool. */
typedef void query_on_send(void *owner);

struct connection;

TAILQ_HEAD(query_line, query);

struct query {
    TAILQ_ENTRY(query) line;        /* waiting in the pool, in flight on a connection, in a batch */
    TAILQ_ENTRY(query) by_deadline; /* all queries of the pool that are not yet answered */
    struct connection *connection;  /* NULL while it waits, or is in a batch */
    struct query *batch;            /* what it was sent in (db/read_batch.h); else NULL */
    struct query_line members;      /* of a batch; else empty */
    query_on_send *on_send;         /* NULL: nobody asks */
    query_on_done *on_done;         /* NULL once answered: its result is nobody's any more */
    void *owner;
    PGresult *result; /* kept until the end of its group when that decides; owned */
    int64_t deadline_ms;
    enum statement statement;
    bool is_write;
    bool is_large; /* a read of much (db/pool.h) */
    bool alone;    /* in no batch */
    int sent;      /* how often it has been sent */
    int parameter_count;
    const char *parameters[QUERY_PARAMETERS_MAX]; /* text format; point into `text` */
    char text[];
};

/* Copies the parameters. query_free() releases it, with its members. */
struct query *query_new(enum statement statement, int parameter_count,
                        const char *const *parameters);

void query_free(struct query *query);

/*
 * Takes the query out of the hands of whoever waits for it: tells the outcome, once, and hands over
 * `result` (which may be NULL). The query itself stays where it is.
 */
void query_answer(struct query *query, enum query_outcome outcome, PGresult *result);

/* What an error that PostgreSQL reported, and rolled back, means for a query. */
enum query_outcome query_outcome_of_error(const PGresult *result);

/* Whether the server takes none of its kind at present: it is read-only, or out of resources. */
bool query_is_refused_by_server(const PGresult *result);
