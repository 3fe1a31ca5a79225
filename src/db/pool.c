/* A worker's pool: what its pipelined connections tell, and what its lanes do then. */
#include "db/pool.h"

#include "db/connection_set.h"
#include "db/lane_set.h"
#include "db/outage.h"
#include "db/pooling.h"
#include "db/rivals.h"
#include "ops/memory.h"
#include "ops/metrics.h"
#include "ops/timer.h"

#include <stdlib.h>

struct pool {
    struct event_base *base;
    const struct logger *logger;
    struct pool_settings settings;
    struct connection_settings reader, writer;
    struct resolver resolver;
    struct server_address *address;
    struct rivals *rivals;     /* NULL: others look for them */
    struct standbys *standbys; /* NULL: none serve reads */
    struct metrics *metrics;
    pool_on_change *on_change;
    void *owner;
    struct connection_set readers;
    struct connection_set writers;
    struct lane_set lanes;
    struct timer dispatch;
    bool ready;
    bool is_paused;
    bool is_dropping;
    bool tells_anew; /* after a pause: the database may be another one */
    struct outage outage;
};

/* To be called when a connection may have changed its state. */
static void count_connections(const struct pool *pool) {
    struct metrics_gauges *gauges = &pool->metrics->gauges;
    connection_set_count(&pool->readers, gauges->connections[METRICS_FOR_READS]);
    connection_set_count(&pool->writers, gauges->connections[METRICS_FOR_WRITES]);
}

/* To be called when an outage may have begun or ended. */
static void count_outage(const struct pool *pool) {
    metrics_number *has_outage = &pool->metrics->gauges.has_outage;
    bool is_out = pool->outage.reason_count > 0;
    if (is_out && metrics_get(has_outage) == 0) {
        metrics_add(&pool->metrics->outages, 1);
    }
    metrics_set(has_outage, is_out);
}

static void tell_change(struct pool *pool) {
    bool ready = lane_set_is_ready(&pool->lanes);
    if (!lane_set_is_held(&pool->lanes) && (ready != pool->ready || pool->tells_anew)) {
        pool->ready = ready;
        metrics_set(&pool->metrics->gauges.has_database, ready);
        pool->tells_anew = false;
        pool->on_change(pool->owner, ready);
    }
}

static void plan_dispatch_of_waiting(struct pool *pool) {
    if (lane_set_has_waiting(&pool->lanes)) {
        timer_start_now(&pool->dispatch);
    }
}

static void on_dispatch(void *owner) {
    struct pool *pool = owner;
    if (pool->is_paused) {
        return;
    }
    int64_t again_in_ms = lane_set_dispatch(&pool->lanes);
    if (again_in_ms != INT64_MAX) {
        timer_start(&pool->dispatch, again_in_ms);
    }
    count_connections(pool);
}

static void note_outage(struct pool *pool, const char *reason) {
    outage_note(&pool->outage, pool->logger, "a database connection failed; trying again", reason);
    count_outage(pool);
}

static void end_outage(struct pool *pool) {
    if (connection_set_is_complete(&pool->readers) && connection_set_is_complete(&pool->writers) &&
        !pool->readers.is_refused && !pool->writers.is_refused) {
        outage_end(&pool->outage, pool->logger);
        count_outage(pool);
    }
}

/* Connections may be well and the server take nothing: it is read-only, or its disk is full. */
static void note_result(struct pool *pool, const struct group *group, const PGresult *result) {
    struct connection_set *set = group->is_write ? &pool->writers : &pool->readers;
    if (query_is_refused_by_server(result)) {
        set->is_refused = true;
        outage_note(&pool->outage, pool->logger, "the database refuses statements; trying again",
                    PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
        count_outage(pool);
    } else if (set->is_refused && query_has_succeeded(result)) {
        set->is_refused = false;
        end_outage(pool);
    }
}

/* Connections with a server that another has taken over from, so that calls need not find out one
 * after the other. */
static void drop_replaced(struct pool *pool) {
    if (!pool->is_dropping) {
        pool->is_dropping = true;
        connection_set_drop_replaced(&pool->readers);
        connection_set_drop_replaced(&pool->writers);
        pool->is_dropping = false;
    }
}

static void on_ready(void *owner, struct connection *connection) {
    struct pool *pool = owner;
    if (connection_set_shares_server(&pool->readers, connection) ||
        connection_set_shares_server(&pool->writers, connection)) {
        connection_drop(connection, pooling_refusal);
        return;
    }
    drop_replaced(pool);
    if (pool->standbys) {
        standbys_begin(pool->standbys);
    }
    end_outage(pool);
    lane_set_stop_awaiting(&pool->lanes, true);
    tell_change(pool);
    timer_start_now(&pool->dispatch);
}

/* In a pause. */
static void suspend_if_idle(struct pool *pool, struct connection *connection) {
    if (pool->is_paused && !connection_is_busy(connection)) {
        connection_suspend(connection);
    }
}

static void on_settled(void *owner, struct connection *connection, struct group *group,
                       PGresult *result) {
    struct pool *pool = owner;
    note_result(pool, group, result);
    /* First, so that the database is at work again while responses are sent. */
    plan_dispatch_of_waiting(pool);
    lane_settle(group, connection, result);
    plan_dispatch_of_waiting(pool);
    suspend_if_idle(pool, connection);
    count_connections(pool);
}

/* What waits for a connection that does not come is told at once, not at its deadline. */
static void on_failed(void *owner, const char *reason, bool at_once) {
    struct pool *pool = owner;
    metrics_add(&pool->metrics->failed_connects, 1);
    note_outage(pool, reason);
    lane_set_stop_awaiting(&pool->lanes, false);
    if (at_once) {
        lane_set_reject_waiting(&pool->lanes);
    }
    tell_change(pool);
}

static void on_lost(void *owner, struct connection *connection, struct group_queue *unsettled,
                    const char *reason) {
    struct pool *pool = owner;
    metrics_add(&pool->metrics->lost_connections, 1);
    note_outage(pool, reason);
    struct group *group;
    while ((group = TAILQ_FIRST(unsettled))) {
        TAILQ_REMOVE(unsettled, group, in_connection);
        lane_lose(group);
    }
    if (pool->is_paused) {
        connection_suspend(connection);
        count_connections(pool);
        return;
    }
    drop_replaced(pool);
    /* Reads that wait may still be served: a new connection is on its way. */
    struct lane *writes = pool->lanes.all[LANE_WRITES];
    if (!lane_is_ready(writes)) {
        lane_reject_waiting(writes);
    }
    tell_change(pool);
    timer_start_now(&pool->dispatch);
}

static const struct connection_events connection_events = {
    .on_ready = on_ready,
    .on_settled = on_settled,
    .on_lost = on_lost,
    .on_failed = on_failed,
};

/* Another host takes writes as well. A session with it tells which of the two is right; so one for
 * reads is given up for it, whose reads go again. */
static void on_rival(void *owner, const struct endpoint *endpoint) {
    struct pool *pool = owner;
    struct connection *connection = pool->readers.connections[0];
    if (connection_is_ready(connection)) {
        server_address_prefer(pool->address, endpoint);
        connection_drop(connection, "another host takes writes as well");
    }
}

void pool_submit(struct pool *pool, enum pool_lane lane, struct call *call) {
    lane_submit(pool->lanes.all[lane], call);
    timer_start_now(&pool->dispatch);
}

bool pool_is_ready(const struct pool *pool) {
    return pool->ready || lane_set_is_held(&pool->lanes);
}

bool pool_is_paused(const struct pool *pool) {
    return pool->is_paused;
}

struct standbys *pool_standbys(const struct pool *pool) {
    return pool->standbys;
}

void pool_pause(struct pool *pool) {
    pool->is_paused = true;
    if (pool->standbys) {
        standbys_pause(pool->standbys); /* first: what waits there waits here then */
    }
    lane_set_pause(&pool->lanes);
    if (pool->rivals) {
        rivals_pause(pool->rivals);
    }
    connection_set_suspend_idle(&pool->readers);
    connection_set_suspend_idle(&pool->writers);
    count_connections(pool);
}

/* A session with the primary that has outlived the pause does not tell again that it is there. */
static void resume_standbys(struct pool *pool) {
    standbys_resume(pool->standbys);
    if (lane_is_ready(pool->lanes.all[LANE_READS]) || lane_is_ready(pool->lanes.all[LANE_WRITES])) {
        standbys_begin(pool->standbys);
    }
}

void pool_resume(struct pool *pool) {
    pool->is_paused = false;
    pool->tells_anew = true;
    lane_set_resume(&pool->lanes);
    connection_set_resume(&pool->readers);
    connection_set_resume(&pool->writers);
    if (pool->standbys) {
        resume_standbys(pool);
    }
    if (pool->rivals) {
        rivals_resume(pool->rivals);
    }
    lane_set_stop_awaiting(&pool->lanes, true);
    tell_change(pool);
    timer_start_now(&pool->dispatch);
}

struct pool_load pool_load(const struct pool *pool) {
    struct pool_load load = {.sessions = connection_set_count_sessions(&pool->readers) +
                                         connection_set_count_sessions(&pool->writers)};
    if (pool->standbys) {
        load.sessions += standbys_count_sessions(pool->standbys);
    }
    for (size_t i = 0; i < LANE_COUNT; i++) {
        load.calls += lane_call_count(pool->lanes.all[i]);
        load.held_over += lane_held_over(pool->lanes.all[i]);
    }
    return load;
}

static void open_lanes(struct pool *pool) {
    const struct pool_settings *settings = &pool->settings;
    const struct lane_set_settings lanes = {
        .readers = &pool->readers,
        .writers = &pool->writers,
        .queue_limit = settings->queue_limit,
        .queue_wait_ms = settings->queue_wait_ms,
        .request_timeout_ms = settings->request_timeout_ms,
        .statement_timeout_ms = settings->connection.statement_timeout_ms,
        .lock_timeout_ms = settings->connection.lock_timeout_ms,
        .metrics = pool->metrics,
        .on_uncertain = settings->on_uncertain,
        .owner = pool->owner,
    };
    lane_set_open(&pool->lanes, pool->base, &lanes);
}

/* A read waits for a standby for half of the time that is left when the primary's statement has
 * what it may take. False with one line in `error`. */
static bool open_standbys(struct pool *pool, char *error, size_t error_size) {
    const struct pool_settings *settings = &pool->settings;
    int64_t rest_ms = settings->request_timeout_ms - settings->connection.statement_timeout_ms;
    const struct standbys_settings standbys = {
        .database_url = settings->read_database_url,
        .connections = settings->read_connections,
        .queue_limit = settings->queue_limit,
        .queue_wait_ms = settings->queue_wait_ms,
        .patience_ms = rest_ms > 1 ? rest_ms / 2 : 1,
        .guard = settings->standby_guard,
        .metrics = pool->metrics,
    };
    bool is_wanted = settings->read_database_url && *settings->read_database_url;
    pool->standbys =
        is_wanted ? standbys_new(pool->base, pool->logger, &standbys, error, error_size) : NULL;
    return !is_wanted || pool->standbys;
}

struct pool *pool_new(struct event_base *base, const struct logger *logger,
                      const struct pool_settings *settings, pool_on_change *on_change, void *owner,
                      char *error, size_t error_size) {
    struct server_address *address = server_address_new(settings->database_url, error, error_size);
    if (!address) {
        return NULL;
    }
    struct pool *pool = memory_allocate(sizeof *pool);
    *pool = (struct pool){
        .base = base,
        .logger = logger,
        .settings = *settings,
        .reader = settings->connection,
        .writer = settings->connection,
        .resolver = {.base = base},
        .address = address,
        .metrics = metrics_or_unseen(settings->metrics),
        .on_change = on_change,
        .owner = owner,
    };
    if (!open_standbys(pool, error, error_size)) {
        server_address_free(address);
        free(pool);
        return NULL;
    }
    timer_init(&pool->dispatch, base, on_dispatch, pool);
    struct connection_set_settings connections = {
        .base = base,
        .resolver = &pool->resolver,
        .address = address,
        .connection = &pool->reader,
        .events = &connection_events,
        .owner = pool,
    };
    connection_set_open(&pool->readers, settings->read_connections, &connections);
    pool->writer.overdue_limit = settings->overdue_writes_limit;
    connections.connection = &pool->writer;
    connection_set_open(&pool->writers, settings->write_connections, &connections);
    if (settings->looks_for_rivals) {
        pool->rivals = rivals_new(base, &pool->resolver, address, on_rival, pool);
        rivals_resume(pool->rivals);
    }
    open_lanes(pool);
    count_connections(pool);
    return pool;
}

void pool_close(struct pool *pool) {
    if (pool->standbys) {
        standbys_close(pool->standbys);
    }
    lane_set_close(&pool->lanes);
}

void pool_free(struct pool *pool) {
    timer_stop(&pool->dispatch);
    if (pool->rivals) {
        rivals_free(pool->rivals);
    }
    if (pool->standbys) {
        standbys_free(pool->standbys);
    }
    connection_set_close(&pool->readers);
    connection_set_close(&pool->writers);
    lane_set_free(&pool->lanes);
    resolver_close(&pool->resolver);
    server_address_free(pool->address);
    free(pool);
}
