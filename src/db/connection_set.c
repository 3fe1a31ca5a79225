/* Connections for one kind of statements. */
#include "db/connection_set.h"

#include "ops/memory.h"

#include <stdlib.h>
#include <string.h>

void connection_set_open(struct connection_set *set, size_t count,
                         const struct connection_set_settings *settings) {
    set->connections = memory_calloc(count, sizeof(struct connection *));
    for (set->count = 0; set->count < count; set->count++) {
        set->connections[set->count] =
            connection_new(settings->base, settings->resolver, settings->address,
                           settings->connection, settings->events, settings->owner);
    }
}

void connection_set_close(struct connection_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        connection_free(set->connections[i]);
    }
    free(set->connections);
}

bool connection_set_is_complete(const struct connection_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        if (!connection_is_ready(set->connections[i])) {
            return false;
        }
    }
    return true;
}

size_t connection_set_count_sessions(const struct connection_set *set) {
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        count += !connection_is_suspended(set->connections[i]);
    }
    return count;
}

void connection_set_count(const struct connection_set *set,
                          metrics_number states[METRICS_CONNECTION_STATES]) {
    uint64_t counts[METRICS_CONNECTION_STATES] = {0};
    for (size_t i = 0; i < set->count; i++) {
        const struct connection *connection = set->connections[i];
        counts[!connection_is_ready(connection) ? METRICS_CONNECTING
               : connection_is_busy(connection) ? METRICS_USED
                                                : METRICS_IDLE]++;
    }
    for (size_t i = 0; i < METRICS_CONNECTION_STATES; i++) {
        metrics_set(&states[i], counts[i]);
    }
}

bool connection_set_shares_server(const struct connection_set *set,
                                  const struct connection *connection) {
    for (size_t i = 0; i < set->count; i++) {
        const struct connection *other = set->connections[i];
        if (other != connection && connection_is_ready(other) &&
            strcmp(connection_server_process(other), connection_server_process(connection)) == 0) {
            return true;
        }
    }
    return false;
}

void connection_set_suspend_idle(const struct connection_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        if (!connection_is_busy(set->connections[i])) {
            connection_suspend(set->connections[i]);
        }
    }
}

void connection_set_resume(const struct connection_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        connection_resume(set->connections[i]);
    }
}

void connection_set_drop_replaced(const struct connection_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        struct connection *connection = set->connections[i];
        if (connection_is_ready(connection) && !connection_is_busy(connection) &&
            !connection_is_current(connection)) {
            connection_drop(connection, connection_taken_over);
        }
    }
}
