/* One PostgreSQL connection in pipeline mode, driven by the event loop. */
#include "db/connection.h"

#include "db/attempts.h"
#include "db/embedded_sql.h"
#include "db/notices.h"
#include "db/session_setup.h"
#include "ops/backoff.h"
#include "ops/clock.h"
#include "ops/memory.h"
#include "ops/timer.h"
#include "ops/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_LIMIT_MS = 2000, /* of each attempt: TCP, TLS and authentication */
    PREPARE_LIMIT_MS = 2000,
    STEADY_AFTER_MS = 1000, /* ready for so long, it may come back at once when lost */
    FIRST_BACKOFF_MS = 50,
    LONGEST_BACKOFF_MS = 2000
};

enum state {
    STATE_WAITING,   /* for the timer, to try again */
    STATE_SUSPENDED, /* until it is resumed */
    STATE_CONNECTING,
    STATE_PREPARING, /* session settings and statements */
    STATE_READY
};

const char connection_taken_over[] = "another server has taken over";

static const char too_many_overdue[] =
    "sessions that were given up are still at work on the server: commits wait, for a synchronous "
    "standby perhaps";

struct connection {
    struct event_base *base;
    struct resolver *resolver;
    struct server_address *address;
    const struct connection_settings *settings;
    const struct connection_events *events;
    void *owner;

    enum state state;
    struct attempts *attempts; /* in STATE_CONNECTING */
    PGconn *session;           /* from STATE_PREPARING on */
    struct endpoint endpoint;  /* that it is with */
    struct session_facts facts;
    uint64_t run;          /* the guard's number of the server */
    struct watch socket;   /* readable */
    struct watch writable; /* only while libpq holds unsent bytes */
    struct timer timer;    /* the limit of preparing, or the back-off */
    struct backoff backoff;
    int64_t ready_since_ms;
    char *setup_error; /* the first error while preparing; owned */

    struct group_queue sent;     /* their results have not arrived */
    struct group_queue unproven; /* their results wait for the end of their transaction */
    bool result_open;            /* the first in `sent` has a result; NULL, its end, follows */
};

static void close_session(struct connection *connection) {
    if (connection->attempts) {
        attempts_cancel(connection->attempts);
        connection->attempts = NULL;
    }
    watch_stop(&connection->socket);
    watch_stop(&connection->writable);
    timer_stop(&connection->timer);
    PQfinish(connection->session);
    connection->session = NULL;
    free(connection->setup_error);
    connection->setup_error = NULL;
    connection->result_open = false;
    connection->state = STATE_WAITING;
}

static void connect_later(struct connection *connection) {
    timer_start(&connection->timer, backoff_next_ms(&connection->backoff));
}

/* A copy, since a reason may live in what is closed now. */
static void keep_reason(char kept[ATTEMPTS_REASON_SIZE], const char *reason) {
    *kept = '\0';
    notices_add_reason(kept, ATTEMPTS_REASON_SIZE, reason);
}

static void connect_failed(struct connection *connection, const char *reason, bool at_once) {
    char kept[ATTEMPTS_REASON_SIZE];
    keep_reason(kept, reason);
    close_session(connection);
    connect_later(connection);
    connection->events->on_failed(connection->owner, kept, at_once);
}

/* A session that has begun is of no use; another address is tried before this one. */
static void prepare_failed(struct connection *connection, const char *reason, bool at_once) {
    server_address_avoid(connection->address, &connection->endpoint);
    connect_failed(connection, reason, at_once);
}

void connection_drop(struct connection *connection, const char *reason) {
    char kept[ATTEMPTS_REASON_SIZE];
    keep_reason(kept, reason);
    close_session(connection);
    if (clock_ms() - connection->ready_since_ms >= STEADY_AFTER_MS) {
        backoff_reset(&connection->backoff);
        timer_start(&connection->timer, 0);
    } else {
        connect_later(connection);
    }
    struct group_queue unsettled = TAILQ_HEAD_INITIALIZER(unsettled);
    TAILQ_CONCAT(&unsettled, &connection->unproven, in_connection);
    TAILQ_CONCAT(&unsettled, &connection->sent, in_connection);
    connection->events->on_lost(connection->owner, connection, &unsettled, kept);
}

/* Takes the first group with its result out of a queue and tells the pool. */
static void settle(struct connection *connection, struct group_queue *queue) {
    struct group *group = TAILQ_FIRST(queue);
    TAILQ_REMOVE(queue, group, in_connection);
    PGresult *result = group->result;
    group->result = NULL;
    group->connection = NULL;
    connection->events->on_settled(connection->owner, connection, group, result);
}

/* A page of a standby whose position, the group's result so far, has failed. */
static bool is_passed_over(const struct group *group, const PGresult *result) {
    return group->result && PQresultStatus(result) == PGRES_PIPELINE_ABORTED;
}

/* Whether a result tells what became of its group. An error without SQLSTATE is libpq's own, such
 * as out of memory: what the server did is not known. And what comes between the end of a write's
 * result and its sync is not the next group's but an error of the commit. */
static bool is_conclusive(const struct connection *connection, const struct group *group,
                          const PGresult *result) {
    bool is_from_server = query_has_succeeded(result) || is_passed_over(group, result) ||
                          PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL;
    return is_from_server && (connection->result_open || TAILQ_EMPTY(&connection->unproven));
}

/* An error stays that of the group: it tells why the rest was passed over. */
static void keep_result(struct group *group, PGresult *result) {
    if (is_passed_over(group, result)) {
        PQclear(result);
        return;
    }
    PQclear(group->result);
    group->result = result;
}

/* Of a standby, whose page follows. */
static void take_position(struct group *group) {
    const PGresult *result = group->result;
    bool is_known = PQresultStatus(result) == PGRES_TUPLES_OK && !PQgetisnull(result, 0, 0);
    group->replayed = is_known ? strtoull(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    group->awaits_position = false;
}

/* All results of the first statement that was sent are here. */
static void end_of_result(struct connection *connection) {
    struct group *group = TAILQ_FIRST(&connection->sent);
    connection->result_open = false;
    if (group->awaits_position) {
        take_position(group);
    } else if (!group->is_write && query_has_succeeded(group->result)) {
        settle(connection, &connection->sent);
    } else {
        TAILQ_REMOVE(&connection->sent, group, in_connection);
        TAILQ_INSERT_TAIL(&connection->unproven, group, in_connection);
    }
}

/* All is prepared; false when the session must not be used all the same. */
static bool become_ready(struct connection *connection) {
    const struct connection_settings *settings = connection->settings;
    const struct server_guard *guard = &settings->guard;
    if (settings->overdue_limit > 0 && connection->facts.overdue >= settings->overdue_limit) {
        connection->setup_error = memory_strdup(too_many_overdue);
        return false;
    }
    connection->run = guard->take ? guard->take(guard->owner, &connection->facts.run) : 0;
    if (guard->take && connection->run == 0) {
        connection->setup_error = memory_strdup(guard->refusal);
        return false;
    }
    server_address_prefer(connection->address, &connection->endpoint);
    timer_stop(&connection->timer);
    connection->state = STATE_READY;
    connection->ready_since_ms = clock_ms();
    connection->events->on_ready(connection->owner, connection);
    return true;
}

/* Takes every result that libpq has; false when the connection is of no use any more. */
static bool take_results(struct connection *connection) {
    while (connection->session && !PQisBusy(connection->session)) {
        PGresult *result = PQgetResult(connection->session);
        struct group *group = TAILQ_FIRST(&connection->sent);
        if (!result && !connection->result_open) {
            break; /* nothing is in flight */
        }
        if (!result && connection->state == STATE_READY) {
            end_of_result(connection);
        } else if (!result) {
            connection->result_open = false;
        } else if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            if (connection->state == STATE_PREPARING &&
                (connection->setup_error || !become_ready(connection))) {
                return false;
            }
            while (!TAILQ_EMPTY(&connection->unproven)) {
                settle(connection, &connection->unproven);
            }
        } else if (connection->state == STATE_PREPARING) {
            connection->result_open = true;
            const char *reason =
                session_setup_take(connection->session, result, &connection->facts);
            if (reason && !connection->setup_error) {
                connection->setup_error = memory_strdup(reason);
            }
            PQclear(result);
        } else if (group && is_conclusive(connection, group, result)) {
            connection->result_open = true;
            keep_result(group, result);
        } else {
            PQclear(result);
            return false;
        }
    }
    return connection->session && PQstatus(connection->session) == CONNECTION_OK;
}

/* Sends what libpq holds; what does not fit into the socket is sent when it is writable again. */
static bool flush(struct connection *connection) {
    int rest = PQflush(connection->session);
    return rest == 0 || (rest > 0 && watch_start(&connection->writable));
}

static void on_broken(struct connection *connection) {
    const char *reason =
        connection->setup_error ? connection->setup_error : PQerrorMessage(connection->session);
    if (connection->state == STATE_READY) {
        connection_drop(connection, reason);
    } else {
        prepare_failed(connection, reason, true);
    }
}

static void on_readable(void *owner) {
    struct connection *connection = owner;
    /* What arrived before the connection broke still counts. */
    bool consumed = PQconsumeInput(connection->session) == 1;
    bool usable = take_results(connection);
    /* A callback may have dropped this connection and begun a new one. */
    if (!connection->session) {
        return;
    }
    if (!consumed || !usable || !flush(connection)) {
        on_broken(connection);
    }
}

static void on_writable(void *owner) {
    struct connection *connection = owner;
    watch_stop(&connection->writable);
    if (!flush(connection)) {
        on_broken(connection);
    }
}

static void begin_setup(struct connection *connection) {
    const struct session_setup setup = {connection->settings->lock_timeout_ms,
                                        connection->settings->statement_timeout_ms,
                                        connection->settings->is_to_standby};
    int socket = PQsocket(connection->session);
    connection->state = STATE_PREPARING;
    connection->facts = (struct session_facts){0};
    timer_start(&connection->timer, PREPARE_LIMIT_MS);
    watch_init_descriptor(&connection->socket, connection->base, socket, EV_READ, on_readable,
                          connection);
    watch_init_descriptor(&connection->writable, connection->base, socket, EV_WRITE, on_writable,
                          connection);
    if (!watch_start(&connection->socket)) {
        prepare_failed(connection, strerror(errno), true);
    } else if (!session_setup_send(connection->session, &setup) || !flush(connection)) {
        prepare_failed(connection, PQerrorMessage(connection->session), true);
    }
}

static void on_attempts_done(void *owner, const struct attempts_result *result) {
    struct connection *connection = owner;
    connection->attempts = NULL;
    if (!result->session) {
        connect_failed(connection, result->reason, result->at_once);
        return;
    }
    connection->session = result->session;
    connection->endpoint = result->endpoint;
    begin_setup(connection);
}

static void on_timer(void *owner) {
    struct connection *connection = owner;
    if (connection->state == STATE_PREPARING) {
        prepare_failed(connection, "no connection within the time limit", false);
        return;
    }
    const char *application = connection->settings->application;
    const struct attempts_settings settings = {.application =
                                                   application ? application : "atelier-qa",
                                               .limit_ms = CONNECT_LIMIT_MS,
                                               .on_done = on_attempts_done,
                                               .owner = connection};
    connection->state = STATE_CONNECTING;
    connection->attempts =
        attempts_begin(connection->base, connection->resolver, connection->address, &settings);
}

struct connection *connection_new(struct event_base *base, struct resolver *resolver,
                                  struct server_address *address,
                                  const struct connection_settings *settings,
                                  const struct connection_events *events, void *owner) {
    struct connection *connection = memory_allocate(sizeof *connection);
    *connection = (struct connection){
        .base = base,
        .resolver = resolver,
        .address = address,
        .settings = settings,
        .events = events,
        .owner = owner,
        .backoff = {.first_ms = FIRST_BACKOFF_MS, .limit_ms = LONGEST_BACKOFF_MS},
    };
    TAILQ_INIT(&connection->sent);
    TAILQ_INIT(&connection->unproven);
    timer_init(&connection->timer, base, on_timer, connection);
    timer_start(&connection->timer, 0);
    return connection;
}

void connection_leave(struct connection *connection, const char *reason) {
    server_address_avoid(connection->address, &connection->endpoint);
    connection_drop(connection, reason);
}

void connection_suspend(struct connection *connection) {
    close_session(connection);
    connection->state = STATE_SUSPENDED;
}

void connection_resume(struct connection *connection) {
    if (connection->state == STATE_SUSPENDED) {
        connection->state = STATE_WAITING;
        backoff_reset(&connection->backoff);
        timer_start(&connection->timer, 0);
    }
}

bool connection_is_suspended(const struct connection *connection) {
    return connection->state == STATE_SUSPENDED;
}

const char *connection_server_process(const struct connection *connection) {
    return connection->facts.server_process;
}

static void free_groups(struct group_queue *queue) {
    struct group *group;
    while ((group = TAILQ_FIRST(queue))) {
        TAILQ_REMOVE(queue, group, in_connection);
        group_free(group);
    }
}

void connection_free(struct connection *connection) {
    close_session(connection);
    free_groups(&connection->unproven);
    free_groups(&connection->sent);
    free(connection);
}

bool connection_is_ready(const struct connection *connection) {
    return connection->state == STATE_READY;
}

bool connection_is_busy(const struct connection *connection) {
    return !TAILQ_EMPTY(&connection->sent) || !TAILQ_EMPTY(&connection->unproven);
}

bool connection_is_current(const struct connection *connection) {
    const struct server_guard *guard = &connection->settings->guard;
    return !guard->is_current || guard->is_current(guard->owner, connection->run);
}

/* The position before the page: the snapshot of each statement is taken when it begins. */
static bool send_statements(PGconn *session, const struct group *group) {
    const char *position = embedded_queries[STATEMENT_STANDBY_POSITION].name;
    return (!group->awaits_position ||
            PQsendQueryPrepared(session, position, 0, NULL, NULL, NULL, 0) == 1) &&
           PQsendQueryPrepared(session, embedded_queries[group->statement].name,
                               group->parameter_count, group->parameters, NULL, NULL, 0) == 1;
}

const char *connection_send(struct connection *connection, struct group *group) {
    /* After the versions were noted (call_on_send): a page that an old server makes is then of an
     * epoch that has passed. */
    if (!connection_is_current(connection)) {
        return connection_taken_over;
    }
    group->awaits_position = connection->settings->is_to_standby;
    if (!send_statements(connection->session, group)) {
        return "the connection broke while sending";
    }
    group->connection = connection;
    TAILQ_INSERT_TAIL(&connection->sent, group, in_connection);
    /* The sync may have left even if this fails: what became of the group shows when the socket is
     * read, or at the deadline. */
    if (PQpipelineSync(connection->session) == 1) {
        (void)flush(connection);
    }
    return NULL;
}
