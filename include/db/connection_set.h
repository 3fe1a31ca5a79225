/* Connections for one kind of statements, reads or writes. */
#pragma once

#include "db/connection.h"
#include "ops/metrics.h"

struct connection_set {
    struct connection **connections;
    size_t count;
    bool is_refused; /* by the server: read-only, say; until it takes a statement again */
};

/* What all connections of a set have in common; see connection_new(). */
struct connection_set_settings {
    struct event_base *base;
    struct resolver *resolver;
    struct server_address *address;
    const struct connection_settings *connection;
    const struct connection_events *events;
    void *owner;
};

/* Begins to connect so many. */
void connection_set_open(struct connection_set *set, size_t count,
                         const struct connection_set_settings *settings);
void connection_set_close(struct connection_set *set);

/* Whether every one is live. */
bool connection_set_is_complete(const struct connection_set *set);

/* How many are not suspended. */
size_t connection_set_count_sessions(const struct connection_set *set);

/* Writes how many are in which state. */
void connection_set_count(const struct connection_set *set,
                          metrics_number states[METRICS_CONNECTION_STATES]);

/* Whether another connection has the same server process, as a pooler that mixes sessions up does
 * it; one that was there at the start has been refused (db/pooling.h). */
bool connection_set_shares_server(const struct connection_set *set,
                                  const struct connection *connection);

/* Suspends those that are not busy; connects those that are suspended. */
void connection_set_suspend_idle(const struct connection_set *set);
void connection_set_resume(const struct connection_set *set);

/* Drops those that are idle, and whose server another has taken over from. */
void connection_set_drop_replaced(const struct connection_set *set);
