/* A worker's pool of pipelined connections: who sends what where, and what a loss means. */
#include "db/pool.h"

#include "db/outage.h"
#include "db/pooling.h"
#include "db/read_batch.h"
#include "ops/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_PATIENCE_MS = 5, /* then a read may have a connection more; with clock_ms(), 5 to 9 */
    SENDS_MAX = 4,        /* of one read, when connections are lost under it */
    SHORT_QUEUE = 64,     /* reads for each connection, of which none is refused */
    YOUNG_QUEUE = 4       /* times the longest wait: what a stall has left is served by then */
};

struct lane {
    struct connection **connections;
    size_t connection_count;
    size_t busy_limit; /* connections that may be busy with this lane's queries */
    size_t busy;
    size_t short_queue;        /* unanswered queries, of which none is refused */
    int64_t patience_ms;       /* how long a query waits for a busy connection, if there is one */
    struct query_line waiting; /* not on any connection */
    int64_t waiting_since_ms;  /* somebody, without a break; of no meaning while nobody is */
    size_t unanswered;         /* waiting or in flight */
    bool refused;              /* by the server: read-only, say; until it takes one again */
};

struct pool {
    struct event_base *base;
    const struct logger *logger;
    struct pool_settings settings;
    struct server_address *address;
    pool_on_change *on_change;
    void *owner;
    struct lane reads;
    struct lane large; /* large reads: on the connections of the reads, but never on all of them */
    struct lane writes;
    struct query_line unanswered; /* by deadline */
    struct event *dispatch;
    struct event *deadline;
    bool ready;
    struct outage outage;
    bool closed;
};

static struct lane *lane_of(struct pool *pool, const struct query *query) {
    return query->is_write ? &pool->writes : query->is_large ? &pool->large : &pool->reads;
}

static bool lane_is_ready(const struct lane *lane) {
    for (size_t i = 0; i < lane->connection_count; i++) {
        if (connection_is_ready(lane->connections[i])) {
            return true;
        }
    }
    return false;
}

/* Tells the outcome of a query that is not answered yet; the query stays in its line. */
static void answer(struct pool *pool, struct query *query, enum query_outcome outcome,
                   PGresult *result) {
    lane_of(pool, query)->unanswered--;
    TAILQ_REMOVE(&pool->unanswered, query, by_deadline);
    query_answer(query, outcome, result);
}

/* The same for a query that is in no line any more; one that was answered before is only freed. */
static void finish(struct pool *pool, struct query *query, enum query_outcome outcome,
                   PGresult *result) {
    if (query->on_done) {
        answer(pool, query, outcome, result);
    } else {
        PQclear(result);
    }
    query_free(query);
}

static void refuse_waiting(struct pool *pool, struct lane *lane) {
    struct query *query;
    while ((query = TAILQ_FIRST(&lane->waiting))) {
        TAILQ_REMOVE(&lane->waiting, query, line);
        finish(pool, query, QUERY_REFUSED, NULL);
    }
}

static void tell_change(struct pool *pool) {
    bool ready = lane_is_ready(&pool->reads) && lane_is_ready(&pool->writes);
    if (ready != pool->ready) {
        pool->ready = ready;
        pool->on_change(pool->owner, ready);
    }
}

static void note_wait(struct lane *lane) {
    if (TAILQ_EMPTY(&lane->waiting)) {
        lane->waiting_since_ms = clock_ms();
    }
}

static void wait_first(struct lane *lane, struct query *query) {
    note_wait(lane);
    TAILQ_INSERT_HEAD(&lane->waiting, query, line);
}

static void wait_last(struct lane *lane, struct query *query) {
    note_wait(lane);
    TAILQ_INSERT_TAIL(&lane->waiting, query, line);
}

static void plan_dispatch(struct pool *pool) {
    event_active(pool->dispatch, EV_TIMEOUT, 0);
}

static void plan_dispatch_of_waiting(struct pool *pool) {
    if (!TAILQ_EMPTY(&pool->reads.waiting) || !TAILQ_EMPTY(&pool->large.waiting) ||
        !TAILQ_EMPTY(&pool->writes.waiting)) {
        plan_dispatch(pool);
    }
}

static int64_t waited_ms(const struct pool *pool, const struct query *query) {
    return clock_ms() - (query->deadline_ms - pool->settings.request_timeout_ms);
}

/*
 * The connection for what waits: an idle one, when none is busy with others of the lane or the
 * first has waited long enough. The more reads go together, and the fewer server processes take
 * turns, the less each costs. NULL: none yet.
 */
static struct connection *choose_connection(const struct pool *pool, const struct lane *lane) {
    bool is_patient =
        lane->busy > 0 && waited_ms(pool, TAILQ_FIRST(&lane->waiting)) < lane->patience_ms;
    if (is_patient || lane->busy >= lane->busy_limit) {
        return NULL;
    }
    for (size_t i = 0; i < lane->connection_count; i++) {
        struct connection *connection = lane->connections[i];
        if (connection_is_ready(connection) && !connection_is_busy(connection)) {
            return connection;
        }
    }
    return NULL;
}

/* What could not be sent waits again, before everything else. */
static void put_back(struct lane *lane, struct query *query) {
    struct query_line unsent = TAILQ_HEAD_INITIALIZER(unsent);
    read_batch_dissolve(query, &unsent);
    TAILQ_CONCAT(&unsent, &lane->waiting, line);
    TAILQ_CONCAT(&lane->waiting, &unsent, line);
}

static void tell_send(const struct query *query) {
    if (query->on_done && query->on_send) {
        query->on_send(query->owner);
    }
    const struct query *member;
    TAILQ_FOREACH(member, &query->members, line) {
        tell_send(member);
    }
}

/* Hands out what waits. */
static void send_waiting(struct pool *pool, struct lane *lane) {
    struct connection *connection;
    while (!TAILQ_EMPTY(&lane->waiting) && (connection = choose_connection(pool, lane))) {
        struct query *query = read_batch_take(&lane->waiting);
        tell_send(query);
        if (!connection_send(connection, query)) {
            put_back(lane, query);
            connection_drop(connection, "the connection broke while sending");
            continue;
        }
        lane->busy++;
    }
}

static void on_dispatch(evutil_socket_t descriptor, short what, void *argument) {
    (void)descriptor;
    (void)what;
    struct pool *pool = argument;
    const struct query *read = TAILQ_FIRST(&pool->reads.waiting);
    const struct query *large = TAILQ_FIRST(&pool->large.waiting);
    bool large_came_first = read && large && large->deadline_ms < read->deadline_ms;
    send_waiting(pool, large_came_first ? &pool->large : &pool->reads);
    send_waiting(pool, large_came_first ? &pool->reads : &pool->large);
    send_waiting(pool, &pool->writes);
    if (!TAILQ_EMPTY(&pool->reads.waiting)) {
        const struct timeval delay = clock_duration(READ_PATIENCE_MS);
        event_add(pool->dispatch, &delay);
    }
}

static bool is_complete(const struct lane *lane) {
    for (size_t i = 0; i < lane->connection_count; i++) {
        if (!connection_is_ready(lane->connections[i])) {
            return false;
        }
    }
    return true;
}

static void note_outage(struct pool *pool, const char *reason) {
    outage_note(&pool->outage, pool->logger, "a database connection failed; trying again", reason);
}

static void end_outage(struct pool *pool) {
    if (is_complete(&pool->reads) && is_complete(&pool->writes) && !pool->reads.refused &&
        !pool->writes.refused) {
        outage_end(&pool->outage, pool->logger);
    }
}

/* Connections may be well and the server take nothing: it is read-only, or its disk is full. */
static void note_result(struct pool *pool, const struct query *query, const PGresult *result) {
    struct lane *lane = query->is_write ? &pool->writes : &pool->reads;
    ExecStatusType status = PQresultStatus(result);
    if (query_is_refused_by_server(result)) {
        lane->refused = true;
        outage_note(&pool->outage, pool->logger, "the database refuses statements; trying again",
                    PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    } else if (lane->refused && (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)) {
        lane->refused = false;
        end_outage(pool);
    }
}

/* Whether another connection has the same server process, as a pooler that mixes sessions up does
 * it; one that was there at the start has been refused (db/pooling.h). */
static bool shares_server(const struct lane *lane, const struct connection *connection) {
    for (size_t i = 0; i < lane->connection_count; i++) {
        const struct connection *other = lane->connections[i];
        if (other != connection && connection_is_ready(other) &&
            strcmp(connection_server_process(other), connection_server_process(connection)) == 0) {
            return true;
        }
    }
    return false;
}

static void on_ready(void *owner, struct connection *connection) {
    struct pool *pool = owner;
    if (shares_server(&pool->reads, connection) || shares_server(&pool->writes, connection)) {
        connection_drop(connection, pooling_refusal);
        return;
    }
    end_outage(pool);
    tell_change(pool);
    plan_dispatch(pool);
}

/* The schema has changed under the statements that were prepared: 0A000, cached plan must not
 * change result type; 26000, there is no such statement. */
static bool is_outdated(const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state && (strcmp(state, "0A000") == 0 || strcmp(state, "26000") == 0);
}

/* Settles the members of a batch. When it was broken, each is sent again by itself, unless that
 * would break it as well. */
static void settle_batch(struct pool *pool, struct query *batch, PGresult *result) {
    bool succeeded = PQresultStatus(result) == PGRES_TUPLES_OK;
    enum query_outcome failure = succeeded ? QUERY_REFUSED : query_outcome_of_error(result);
    bool try_again = !succeeded && failure != QUERY_LOCKED && failure != QUERY_CONFLICT;
    struct query_line members = TAILQ_HEAD_INITIALIZER(members);
    read_batch_dissolve(batch, &members);
    struct query *query;
    for (int place = 1; (query = TAILQ_FIRST(&members)); place++) {
        TAILQ_REMOVE(&members, query, line);
        PGresult *own = succeeded ? read_batch_result(result, place) : NULL;
        if (own) {
            finish(pool, query, QUERY_DONE, own);
        } else if (try_again && query->on_done) {
            query->alone = true;
            wait_last(&pool->reads, query);
            plan_dispatch(pool);
        } else {
            finish(pool, query, failure, NULL);
        }
    }
    PQclear(result);
}

static void on_settled(void *owner, struct connection *connection, struct query *query,
                       PGresult *result) {
    struct pool *pool = owner;
    ExecStatusType status = PQresultStatus(result);
    note_result(pool, query, result);
    lane_of(pool, query)->busy--;
    plan_dispatch_of_waiting(pool);
    if (read_batch_is(query)) {
        settle_batch(pool, query, result);
    } else if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        finish(pool, query, QUERY_DONE, result);
    } else if (query->on_done && is_outdated(result)) {
        /* Rolled back, so also a write may go again; each try replaces a connection, and the
         * deadline ends them. */
        PQclear(result);
        query->sent = 0;
        wait_first(lane_of(pool, query), query);
        connection_drop(connection, "its prepared statements are out of date");
    } else {
        enum query_outcome outcome = query_outcome_of_error(result);
        if (outcome != QUERY_FAILED) {
            PQclear(result);
            result = NULL;
        }
        finish(pool, query, outcome, result);
    }
}

/* What waited for a connection that does not come is told at once, not at its deadline. */
static void on_failed(void *owner, const char *reason, bool at_once) {
    struct pool *pool = owner;
    note_outage(pool, reason);
    struct lane *lanes[] = {&pool->reads, &pool->large, &pool->writes};
    for (size_t i = 0; at_once && i < 3; i++) {
        if (!lane_is_ready(lanes[i])) {
            refuse_waiting(pool, lanes[i]);
        }
    }
}

static void on_lost(void *owner, struct connection *connection, struct query_line *unsettled,
                    const char *reason) {
    (void)connection;
    struct pool *pool = owner;
    note_outage(pool, reason);
    struct query *query;
    while ((query = TAILQ_LAST(unsettled, query_line))) {
        TAILQ_REMOVE(unsettled, query, line);
        lane_of(pool, query)->busy -= query->connection != NULL; /* not of a batch's member */
        if (read_batch_is(query)) {
            read_batch_dissolve(query, unsettled);
            continue;
        }
        query->connection = NULL;
        PQclear(query->result);
        query->result = NULL;
        if (query->is_write) {
            finish(pool, query, QUERY_UNKNOWN, NULL);
        } else if (query->on_done && query->sent < SENDS_MAX) {
            wait_first(lane_of(pool, query), query);
        } else {
            finish(pool, query, QUERY_REFUSED, NULL);
        }
    }
    /* What waits now may still be served: a new connection is on its way. */
    tell_change(pool);
    plan_dispatch(pool);
}

static const struct connection_events connection_events = {
    .on_ready = on_ready,
    .on_settled = on_settled,
    .on_lost = on_lost,
    .on_failed = on_failed,
};

static void arm_deadline(struct pool *pool) {
    const struct query *oldest = TAILQ_FIRST(&pool->unanswered);
    if (!oldest) {
        return;
    }
    int64_t rest = oldest->deadline_ms - clock_ms();
    rest = rest < 1 ? 1 : rest;
    const struct timeval delay = clock_duration(rest);
    event_add(pool->deadline, &delay);
}

static void on_deadline(evutil_socket_t descriptor, short what, void *argument) {
    (void)descriptor;
    (void)what;
    struct pool *pool = argument;
    int64_t now = clock_ms();
    struct query *query;
    while ((query = TAILQ_FIRST(&pool->unanswered)) && query->deadline_ms <= now) {
        struct connection *connection = query->batch ? query->batch->connection : query->connection;
        if (connection) {
            /* The statement timeout should have ended it: this server or this link hangs. */
            answer(pool, query, query->is_write ? QUERY_UNKNOWN : QUERY_EXPIRED, NULL);
            connection_drop(connection, "an answer is overdue");
        } else {
            TAILQ_REMOVE(&lane_of(pool, query)->waiting, query, line);
            finish(pool, query, QUERY_EXPIRED, NULL);
        }
    }
    arm_deadline(pool);
}

/* Puts a query among the unanswered. Most come in the order of their deadlines. */
static void insert_by_deadline(struct pool *pool, struct query *query) {
    struct query *earlier = TAILQ_LAST(&pool->unanswered, query_line);
    while (earlier && earlier->deadline_ms > query->deadline_ms) {
        earlier = TAILQ_PREV(earlier, query_line, by_deadline);
    }
    if (earlier) {
        TAILQ_INSERT_AFTER(&pool->unanswered, earlier, query, by_deadline);
    } else {
        TAILQ_INSERT_HEAD(&pool->unanswered, query, by_deadline);
        arm_deadline(pool);
    }
}

/* Whether many reads wait, and the first has waited too long: the next would wait as long. Not so
 * while the queue is young: what a stall of the database or the machine has left is soon served. */
static bool is_overloaded(const struct pool *pool, const struct lane *lane) {
    const struct query *first = TAILQ_FIRST(&lane->waiting);
    return first && lane->unanswered >= lane->short_queue &&
           waited_ms(pool, first) > pool->settings.queue_wait_ms &&
           clock_ms() - lane->waiting_since_ms > YOUNG_QUEUE * pool->settings.queue_wait_ms;
}

static void submit(struct pool *pool, struct lane *lane, enum statement statement,
                   int parameter_count, const char *const *parameters, int64_t deadline_ms,
                   query_on_send *on_send, query_on_done *on_done, void *owner) {
    struct query *query = NULL;
    if (!pool->closed && lane_is_ready(lane) && lane->unanswered < pool->settings.queue_limit &&
        (lane == &pool->writes || !is_overloaded(pool, lane))) {
        query = query_new(statement, parameter_count, parameters);
    }
    if (!query) {
        on_done(owner, QUERY_REFUSED, NULL);
        return;
    }
    query->on_send = on_send;
    query->on_done = on_done;
    query->owner = owner;
    query->is_write = lane == &pool->writes;
    query->is_large = lane == &pool->large;
    query->alone = lane != &pool->reads;
    query->deadline_ms = deadline_ms;
    lane->unanswered++;
    wait_last(lane, query);
    insert_by_deadline(pool, query);
    plan_dispatch(pool);
}

void pool_read(struct pool *pool, enum statement statement, int parameter_count,
               const char *const *parameters, bool is_large, query_on_send *on_send,
               query_on_done *on_done, void *owner) {
    submit(pool, is_large ? &pool->large : &pool->reads, statement, parameter_count, parameters,
           clock_ms() + pool->settings.request_timeout_ms, on_send, on_done, owner);
}

void pool_write(struct pool *pool, enum statement statement, int parameter_count,
                const char *const *parameters, int64_t deadline_ms, query_on_done *on_done,
                void *owner) {
    submit(pool, &pool->writes, statement, parameter_count, parameters, deadline_ms, NULL, on_done,
           owner);
}

bool pool_can_write(const struct pool *pool) {
    return lane_is_ready(&pool->writes);
}

bool pool_is_ready(const struct pool *pool) {
    return pool->ready;
}

static bool lane_open(struct pool *pool, struct lane *lane, size_t connection_count,
                      int64_t patience_ms) {
    lane->patience_ms = patience_ms;
    lane->busy_limit = connection_count;
    lane->short_queue = SHORT_QUEUE * connection_count;
    lane->connections = calloc(connection_count, sizeof(struct connection *));
    while (lane->connections && lane->connection_count < connection_count) {
        struct connection *connection = connection_new(
            pool->base, pool->address, &pool->settings.connection, &connection_events, pool);
        if (!connection) {
            return false;
        }
        lane->connections[lane->connection_count++] = connection;
    }
    return lane->connections != NULL;
}

/* On the connections of another lane, on all but one of them, or on its only one. */
static void lane_share(struct lane *lane, const struct lane *other) {
    lane->connections = other->connections;
    lane->connection_count = other->connection_count;
    lane->busy_limit = other->connection_count > 1 ? other->connection_count - 1 : 1;
    lane->short_queue = SHORT_QUEUE * lane->busy_limit;
}

static void lane_close(struct pool *pool, struct lane *lane) {
    refuse_waiting(pool, lane);
    for (size_t i = 0; i < lane->connection_count; i++) {
        connection_free(lane->connections[i]);
    }
    free(lane->connections);
}

struct pool *pool_new(struct event_base *base, const struct logger *logger,
                      const struct pool_settings *settings, pool_on_change *on_change, void *owner,
                      char *error, size_t error_size) {
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    pool->base = base;
    pool->logger = logger;
    pool->settings = *settings;
    pool->on_change = on_change;
    pool->owner = owner;
    TAILQ_INIT(&pool->unanswered);
    TAILQ_INIT(&pool->reads.waiting);
    TAILQ_INIT(&pool->large.waiting);
    TAILQ_INIT(&pool->writes.waiting);
    pool->address = server_address_new(base, settings->database_url, error, error_size);
    if (!pool->address) {
        free(pool);
        return NULL;
    }
    pool->dispatch = event_new(base, -1, 0, on_dispatch, pool);
    pool->deadline = evtimer_new(base, on_deadline, pool);
    if (!pool->dispatch || !pool->deadline ||
        !lane_open(pool, &pool->reads, settings->read_connections, READ_PATIENCE_MS) ||
        !lane_open(pool, &pool->writes, settings->write_connections, 0)) {
        snprintf(error, error_size, "out of memory");
        pool_free(pool);
        return NULL;
    }
    lane_share(&pool->large, &pool->reads);
    return pool;
}

void pool_close(struct pool *pool) {
    struct query *query;
    pool->closed = true;
    while ((query = TAILQ_FIRST(&pool->unanswered))) {
        bool may_be_applied = query->is_write && query->connection;
        answer(pool, query, may_be_applied ? QUERY_UNKNOWN : QUERY_REFUSED, NULL);
    }
}

void pool_free(struct pool *pool) {
    refuse_waiting(pool, &pool->large);
    lane_close(pool, &pool->reads);
    lane_close(pool, &pool->writes);
    if (pool->dispatch) {
        event_free(pool->dispatch);
    }
    if (pool->deadline) {
        event_free(pool->deadline);
    }
    server_address_free(pool->address);
    free(pool);
}
