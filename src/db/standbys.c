/* Standbys that serve reads. */
#include "db/standbys.h"

#include "db/connection_set.h"
#include "db/outage.h"
#include "db/pooling.h"
#include "db/read_lane.h"
#include "ops/clock.h"
#include "ops/memory.h"
#include "ops/metrics.h"
#include "ops/timer.h"

#include <stdlib.h>

enum {
    WINDOW_MS = 1000, /* over which it is judged whether a standby is behind ... */
    LEAST_READS = 20  /* ... by so many reads at least */
};

enum { PLAIN, LARGE, LANES };

struct standbys {
    const struct logger *logger;
    struct connection_settings connection;
    struct resolver resolver;
    struct server_address *address;
    struct metrics *metrics;
    struct connection_set set;
    struct lane *lanes[LANES];
    struct timer dispatch;
    struct outage outage;
    bool is_paused;
    bool is_to_be_left; /* the standby, for another one */
    int64_t window_began_ms;
    uint64_t reads, behind; /* of the window */
};

static void count_connections(const struct standbys *standbys) {
    connection_set_count(&standbys->set,
                         standbys->metrics->gauges.connections[METRICS_FOR_STANDBY_READS]);
}

static void note_outage(struct standbys *standbys, const char *reason) {
    metrics_add(&standbys->metrics->standbys.losses, 1);
    outage_note(&standbys->outage, standbys->logger, "a standby does not serve reads; trying again",
                reason);
}

bool standbys_are_ready(const struct standbys *standbys) {
    return standbys && !standbys->is_paused && lane_is_ready(standbys->lanes[PLAIN]);
}

static void leave(struct standbys *standbys) {
    for (size_t i = 0; i < standbys->set.count; i++) {
        struct connection *connection = standbys->set.connections[i];
        if (connection_is_ready(connection)) {
            connection_leave(connection, "the standby was behind for most reads");
        }
    }
}

/* What nobody takes goes to the primary. */
static void on_dispatch(void *owner) {
    struct standbys *standbys = owner;
    int64_t again_in_ms = INT64_MAX;
    if (standbys->is_to_be_left) {
        standbys->is_to_be_left = false;
        leave(standbys);
    }
    for (size_t i = 0; i < LANES; i++) {
        int64_t in_ms = standbys->is_paused ? INT64_MAX : lane_dispatch(standbys->lanes[i]);
        again_in_ms = in_ms < again_in_ms ? in_ms : again_in_ms;
        if (!standbys_are_ready(standbys)) {
            lane_reject_waiting(standbys->lanes[i]);
        }
    }
    if (again_in_ms != INT64_MAX) {
        timer_start(&standbys->dispatch, again_in_ms);
    }
    count_connections(standbys);
}

static void suspend_if_idle(const struct standbys *standbys, struct connection *connection) {
    if (standbys->is_paused && !connection_is_busy(connection)) {
        connection_suspend(connection);
    }
}

static void on_ready(void *owner, struct connection *connection) {
    struct standbys *standbys = owner;
    if (connection_set_shares_server(&standbys->set, connection)) {
        connection_drop(connection, pooling_refusal);
        return;
    }
    if (connection_set_is_complete(&standbys->set)) {
        outage_end(&standbys->outage, standbys->logger);
    }
    count_connections(standbys);
}

static void on_settled(void *owner, struct connection *connection, struct group *group,
                       PGresult *result) {
    struct standbys *standbys = owner;
    /* What has failed does not tell. */
    bool is_standby = group->replayed > 0 || !query_has_succeeded(result);
    metrics_observe_duration(&standbys->metrics->statements[group->statement], group->sent_us,
                             clock_us());
    lane_settle(group, connection, result);
    if (!is_standby && connection_is_ready(connection)) {
        connection_leave(connection, "the server is no standby any more");
    }
    suspend_if_idle(standbys, connection);
    timer_start_now(&standbys->dispatch);
}

static void on_lost(void *owner, struct connection *connection, struct group_queue *unsettled,
                    const char *reason) {
    struct standbys *standbys = owner;
    struct group *group;
    while ((group = TAILQ_FIRST(unsettled))) {
        TAILQ_REMOVE(unsettled, group, in_connection);
        lane_lose(group);
    }
    note_outage(standbys, reason);
    suspend_if_idle(standbys, connection);
    timer_start_now(&standbys->dispatch);
}

static void on_failed(void *owner, const char *reason, bool at_once) {
    (void)at_once;
    note_outage(owner, reason);
}

static const struct connection_events connection_events = {
    .on_ready = on_ready,
    .on_settled = on_settled,
    .on_lost = on_lost,
    .on_failed = on_failed,
};

void standbys_submit(struct standbys *standbys, bool is_large, struct call *call) {
    lane_submit(standbys->lanes[is_large ? LARGE : PLAIN], call);
    timer_start_now(&standbys->dispatch);
}

/* One that lags serves what has not changed lately: it is left where that is little, and where
 * there may be another one. */
void standbys_note(struct standbys *standbys, bool was_behind) {
    int64_t now_ms = clock_ms();
    standbys->reads++;
    standbys->behind += was_behind;
    if (now_ms - standbys->window_began_ms < WINDOW_MS || standbys->reads < LEAST_READS) {
        return;
    }
    if (standbys->behind > standbys->reads / 2 &&
        server_address_host_count(standbys->address) > 1) {
        standbys->is_to_be_left = true;
        timer_start_now(&standbys->dispatch);
    }
    standbys->window_began_ms = now_ms;
    standbys->reads = standbys->behind = 0;
}

void standbys_pause(struct standbys *standbys) {
    standbys->is_paused = true;
    connection_set_suspend_idle(&standbys->set);
    timer_start_now(&standbys->dispatch);
}

void standbys_resume(struct standbys *standbys) {
    standbys->is_paused = false;
}

void standbys_begin(struct standbys *standbys) {
    if (!standbys->is_paused) {
        connection_set_resume(&standbys->set);
    }
}

size_t standbys_count_sessions(const struct standbys *standbys) {
    return connection_set_count_sessions(&standbys->set);
}

/* Their calls are no shoppers': nobody is told of those that go on to the primary. */
static void open_lanes(struct standbys *standbys, struct event_base *base,
                       const struct standbys_settings *settings) {
    const struct lane_settings reads = {
        .connections = standbys->set.connections,
        .connection_count = standbys->set.count,
        .call_limit = settings->queue_limit,
        .timeout_ms = settings->patience_ms,
        .longest_wait_ms = INT64_MAX,
        .queue_wait_ms = settings->queue_wait_ms,
        .counts = {metrics_or_unseen(NULL), 0},
    };
    standbys->lanes[PLAIN] = read_lane_new(base, &reads);
    standbys->lanes[LARGE] = read_lane_new_for_large(base, &reads);
}

struct standbys *standbys_new(struct event_base *base, const struct logger *logger,
                              const struct standbys_settings *settings, char *error,
                              size_t error_size) {
    struct server_address *address = server_address_new(settings->database_url, error, error_size);
    if (!address) {
        return NULL;
    }
    server_address_seek_standbys(address);
    struct standbys *standbys = memory_allocate(sizeof *standbys);
    /* The server ends a statement before the read is given up here, which costs a connection. */
    int64_t statement_timeout_ms = settings->patience_ms - settings->patience_ms / 4;
    *standbys = (struct standbys){
        .logger = logger,
        .connection = {.lock_timeout_ms = statement_timeout_ms,
                       .statement_timeout_ms = statement_timeout_ms,
                       .is_to_standby = true,
                       .guard = settings->guard},
        .resolver = {.base = base},
        .address = address,
        .metrics = settings->metrics,
        .outage = {.is_of_standbys = true},
    };
    timer_init(&standbys->dispatch, base, on_dispatch, standbys);
    const struct connection_set_settings connections = {
        .base = base,
        .resolver = &standbys->resolver,
        .address = address,
        .connection = &standbys->connection,
        .events = &connection_events,
        .owner = standbys,
    };
    connection_set_open(&standbys->set, settings->connections, &connections);
    connection_set_suspend_idle(&standbys->set);
    open_lanes(standbys, base, settings);
    count_connections(standbys);
    return standbys;
}

void standbys_close(struct standbys *standbys) {
    for (size_t i = 0; i < LANES; i++) {
        lane_close(standbys->lanes[i]);
    }
}

void standbys_free(struct standbys *standbys) {
    timer_stop(&standbys->dispatch);
    connection_set_close(&standbys->set);
    for (size_t i = 0; i < LANES; i++) {
        lane_free(standbys->lanes[i]);
    }
    resolver_close(&standbys->resolver);
    server_address_free(standbys->address);
    free(standbys);
}
