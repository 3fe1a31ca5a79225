/* One PostgreSQL connection in pipeline mode, driven by the event loop. */
#include "db/connection.h"

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
    CONNECT_LIMIT_MS = 2000, /* name, TCP, TLS, authentication and preparing together */
    STEADY_AFTER_MS = 1000,  /* ready for so long, it may come back at once when lost */
    FIRST_BACKOFF_MS = 50,
    LONGEST_BACKOFF_MS = 2000
};

enum state {
    STATE_WAITING,   /* for the timer, to try again */
    STATE_SUSPENDED, /* until it is resumed */
    STATE_RESOLVING, /* the host's name */
    STATE_CONNECTING,
    STATE_PREPARING, /* session settings and statements */
    STATE_READY
};

struct connection {
    struct event_base *base;
    struct server_address *address;
    const struct connection_settings *settings;
    const struct connection_events *events;
    void *owner;

    enum state state;
    PGconn *session; /* from STATE_CONNECTING on */
    struct resolution *resolution;
    struct watch socket;   /* connecting: what libpq waits for; later: readable */
    struct watch writable; /* later: only while libpq holds unsent bytes */
    struct timer timer;    /* the connect limit, or the back-off */
    struct backoff backoff;
    int64_t ready_since_ms;
    char *setup_error; /* the first error while preparing; owned */
    char server_process[64];

    struct group_queue sent;     /* their results have not arrived */
    struct group_queue unproven; /* their results wait for the end of their transaction */
    bool result_open;            /* the first in `sent` has a result; NULL, its end, follows */
};

static void close_session(struct connection *connection) {
    if (connection->resolution) {
        resolution_cancel(connection->resolution);
        connection->resolution = NULL;
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

enum { REASON_SIZE = 512 };

/* A copy of a reason, which may live in what is closed now, as one line: the first, and of a server
 * with several addresses one for each attempt. What PostgreSQL adds in others may hold values. */
static void keep_reason(char kept[REASON_SIZE], const char *reason) {
    static const char attempt[] = "connection to server ";
    size_t length = 0;
    *kept = '\0';
    while (*reason && length < REASON_SIZE) {
        size_t line = strcspn(reason, "\n");
        if (length == 0 || strncmp(reason, attempt, sizeof attempt - 1) == 0) {
            length += (size_t)snprintf(kept + length, REASON_SIZE - length, "%s%.*s",
                                       length > 0 ? "; " : "", (int)line, reason);
        }
        reason += line + (reason[line] == '\n');
    }
}

static void give_up(struct connection *connection, const char *reason, bool at_once) {
    char kept[REASON_SIZE];
    keep_reason(kept, reason);
    close_session(connection);
    connect_later(connection);
    connection->events->on_failed(connection->owner, kept, at_once);
}

/* An attempt to connect failed. */
static void connect_failed(struct connection *connection, const char *reason) {
    give_up(connection, reason, true);
}

void connection_drop(struct connection *connection, const char *reason) {
    char kept[REASON_SIZE];
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

/* Whether a result tells what became of its group. An error without SQLSTATE is libpq's own, such
 * as out of memory: what the server did is not known. And what comes between the end of a write's
 * result and its sync is not the next group's but an error of the commit. */
static bool is_conclusive(const struct connection *connection, const PGresult *result) {
    bool is_from_server =
        query_has_succeeded(result) || PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL;
    return is_from_server && (connection->result_open || TAILQ_EMPTY(&connection->unproven));
}

/* All results of the first sent group are here. */
static void end_of_result(struct connection *connection) {
    struct group *group = TAILQ_FIRST(&connection->sent);
    connection->result_open = false;
    if (!group->is_write && query_has_succeeded(group->result)) {
        settle(connection, &connection->sent);
    } else {
        TAILQ_REMOVE(&connection->sent, group, in_connection);
        TAILQ_INSERT_TAIL(&connection->unproven, group, in_connection);
    }
}

static void become_ready(struct connection *connection) {
    timer_stop(&connection->timer);
    connection->state = STATE_READY;
    connection->ready_since_ms = clock_ms();
    connection->events->on_ready(connection->owner, connection);
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
            if (connection->state == STATE_PREPARING && connection->setup_error) {
                return false;
            }
            if (connection->state == STATE_PREPARING) {
                become_ready(connection);
            }
            while (!TAILQ_EMPTY(&connection->unproven)) {
                settle(connection, &connection->unproven);
            }
        } else if (connection->state == STATE_PREPARING) {
            connection->result_open = true;
            const char *reason = session_setup_failure(connection->session, result);
            if (reason && !connection->setup_error) {
                connection->setup_error = memory_strdup(reason);
            }
            if (PQresultStatus(result) == PGRES_TUPLES_OK) {
                snprintf(connection->server_process, sizeof connection->server_process, "%s",
                         PQgetvalue(result, 0, PQnfields(result) - 1));
            }
            PQclear(result);
        } else if (group && is_conclusive(connection, result)) {
            connection->result_open = true;
            PQclear(group->result);
            group->result = result;
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
        connect_failed(connection, reason);
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
    int socket = PQsocket(connection->session);
    connection->state = STATE_PREPARING;
    watch_init_descriptor(&connection->socket, connection->base, socket, EV_READ, on_readable,
                          connection);
    watch_init_descriptor(&connection->writable, connection->base, socket, EV_WRITE, on_writable,
                          connection);
    if (!watch_start(&connection->socket)) {
        connect_failed(connection, strerror(errno));
    } else if (!session_setup_send(connection->session, connection->settings->lock_timeout_ms,
                                   connection->settings->statement_timeout_ms) ||
               !flush(connection)) {
        connect_failed(connection, PQerrorMessage(connection->session));
    }
}

static void on_connecting(void *owner);

static void wait_while_connecting(struct connection *connection, short what) {
    /* libpq may have gone on to another socket. */
    watch_stop(&connection->socket);
    watch_init_descriptor(&connection->socket, connection->base, PQsocket(connection->session),
                          what, on_connecting, connection);
    if (!watch_start(&connection->socket)) {
        connect_failed(connection, strerror(errno));
    }
}

static void on_connecting(void *owner) {
    struct connection *connection = owner;
    switch (PQconnectPoll(connection->session)) {
    case PGRES_POLLING_READING:
        wait_while_connecting(connection, EV_READ);
        break;
    case PGRES_POLLING_WRITING:
        wait_while_connecting(connection, EV_WRITE);
        break;
    case PGRES_POLLING_OK:
        watch_stop(&connection->socket);
        begin_setup(connection);
        break;
    default:
        connect_failed(connection, PQerrorMessage(connection->session));
    }
}

static void on_resolved(void *owner, const char *const *keywords, const char *const *values,
                        const char *unresolved) {
    struct connection *connection = owner;
    connection->resolution = NULL;
    if (unresolved) {
        char reason[300];
        snprintf(reason, sizeof reason, "cannot resolve the host name '%.200s'", unresolved);
        connect_failed(connection, reason);
        return;
    }
    connection->state = STATE_CONNECTING;
    connection->session = PQconnectStartParams(keywords, values, 0);
    memory_demand(connection->session != NULL);
    notices_ignore(connection->session);
    if (PQstatus(connection->session) == CONNECTION_BAD) {
        connect_failed(connection, PQerrorMessage(connection->session));
        return;
    }
    wait_while_connecting(connection, EV_WRITE);
}

static void on_timer(void *owner) {
    struct connection *connection = owner;
    if (connection->state != STATE_WAITING) {
        give_up(connection, "no connection within the time limit", false);
        return;
    }
    connection->state = STATE_RESOLVING;
    timer_start(&connection->timer, CONNECT_LIMIT_MS);
    connection->resolution = server_address_resolve(connection->address, on_resolved, connection);
}

struct connection *connection_new(struct event_base *base, struct server_address *address,
                                  const struct connection_settings *settings,
                                  const struct connection_events *events, void *owner) {
    struct connection *connection = memory_allocate(sizeof *connection);
    *connection = (struct connection){
        .base = base,
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
    return connection->server_process;
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

bool connection_send(struct connection *connection, struct group *group) {
    if (PQsendQueryPrepared(connection->session, embedded_queries[group->statement].name,
                            group->parameter_count, group->parameters, NULL, NULL, 0) != 1) {
        return false;
    }
    group->connection = connection;
    TAILQ_INSERT_TAIL(&connection->sent, group, in_connection);
    /* The sync may have left even if this fails: what became of the group shows when the socket is
     * read, or at the deadline. */
    if (PQpipelineSync(connection->session) == 1) {
        (void)flush(connection);
    }
    return true;
}
