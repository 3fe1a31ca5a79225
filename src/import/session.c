/* A session with the database, over libpq without blocking. */
#include "import/session.h"

#include "db/notices.h"
#include "db/one_off.h"
#include "db/query.h"
#include "db/session_settings.h"
#include "ops/clock.h"
#include "ops/stop_signals.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum {
    CONNECT_LIMIT_MS = 10000,
    POLL_MS = 100,
    GIVE_UP_MS = 5000, /* how long a cancelled statement may take to end */
};

static bool fail_with_result(struct session *session, const PGresult *result) {
    session->is_refused = PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL;
    const char *reason = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    reason = reason ? reason : PQresultErrorMessage(result); /* libpq's own */
    return failure_set(session->failure, "%.*s", notices_line_length(reason), reason);
}

static bool fail_with_connection(struct session *session) {
    const char *reason = PQerrorMessage(session->connection);
    return failure_set(session->failure, "%.*s", notices_line_length(reason), reason);
}

static bool must_give_up(const struct session *session) {
    return (session->heeds_stop && stop_signals_pending()) ||
           (session->abandoned && atomic_load_explicit(session->abandoned, memory_order_relaxed));
}

/* Waits until the socket can be read, or, with POLLOUT, also until it can be written. */
static bool wait_for(struct session *session, short events) {
    struct pollfd socket = {.fd = PQsocket(session->connection),
                            .events = (short)(POLLIN | events)};
    for (;;) {
        if (must_give_up(session)) {
            return failure_set(session->failure, "stopped");
        }
        int ready = poll(&socket, 1, POLL_MS);
        if (ready < 0 && errno != EINTR) {
            return failure_set(session->failure, "cannot wait for the database: %s",
                               strerror(errno));
        }
        if (session->progress.label) {
            progress_wait(&session->progress);
        }
        if (ready > 0) {
            return true;
        }
    }
}

/* Takes in what the server has sent. */
static bool consume(struct session *session) {
    return PQconsumeInput(session->connection) == 1 || fail_with_connection(session);
}

static bool flush(struct session *session) {
    int left;
    while ((left = PQflush(session->connection)) == 1) {
        if (!wait_for(session, POLLOUT) || !consume(session)) {
            return false;
        }
    }
    return left == 0 || fail_with_connection(session);
}

/* The next result, or NULL when there are no more, or on failure. */
static bool next_result(struct session *session, PGresult **result) {
    *result = NULL;
    while (PQisBusy(session->connection)) {
        if (!wait_for(session, 0) || !consume(session)) {
            return false;
        }
    }
    *result = PQgetResult(session->connection);
    return true;
}

/* COPY has begun: the results that follow come at its end. */
static bool is_copy(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT;
}

/* Goes on with a COPY that nobody wants any more, as far as that is possible now. */
static void end_copy(PGconn *connection, ExecStatusType status) {
    char *line;
    if (status == PGRES_COPY_IN) {
        PQputCopyEnd(connection, "stopped");
        return;
    }
    while (PQgetCopyData(connection, &line, 1) > 0) {
        PQfreemem(line);
    }
}

void session_give_up(struct session *session) {
    char error[256];
    PGcancel *cancel = PQgetCancel(session->connection);
    if (cancel) {
        PQcancel(cancel, error, sizeof error);
        PQfreeCancel(cancel);
    }
    struct pollfd socket = {.fd = PQsocket(session->connection), .events = POLLIN};
    for (int64_t end = clock_ms() + GIVE_UP_MS; clock_ms() < end;) {
        while (!PQisBusy(session->connection)) {
            PGresult *result = PQgetResult(session->connection);
            if (!result) {
                return;
            }
            ExecStatusType status = PQresultStatus(result);
            bool copies = is_copy(result);
            PQclear(result);
            if (copies) {
                end_copy(session->connection, status);
                break;
            }
        }
        PQflush(session->connection);
        if (poll(&socket, 1, POLL_MS) > 0 && PQconsumeInput(session->connection) == 0) {
            return;
        }
    }
}

bool session_open(struct session *session, const char *database_url, const atomic_bool *abandoned,
                  struct failure *failure) {
    char refusal[400];
    *session = (struct session){.connection =
                                    one_off_connect(database_url, CONNECT_LIMIT_MS,
                                                    "atelier-qa import", refusal, sizeof refusal),
                                .failure = failure,
                                .abandoned = abandoned,
                                .heeds_stop = true};
    if (!session->connection) {
        return failure_set(failure, "%s", refusal);
    }
    if (!session_settings_apply(session->connection, refusal, sizeof refusal)) {
        return failure_set(failure, "%s", refusal);
    }
    if (PQsetnonblocking(session->connection, 1) != 0) {
        return fail_with_connection(session);
    }
    return session_run_statement(session, IMPORT_STATEMENT_PREPARE_SESSION);
}

void session_announce(struct session *session, const char *what) {
    if (session->progress.label) {
        progress_finish(&session->progress);
    }
    progress_start(&session->progress, what);
}

void session_close(struct session *session) {
    PQfinish(session->connection);
    session->connection = NULL;
}

static bool is_good(const PGresult *result) {
    return query_has_succeeded(result) || is_copy(result);
}

/* The last result of what was sent; all are taken in, even after an error. */
static PGresult *last_result(struct session *session) {
    PGresult *last = NULL, *result;
    bool good = true;
    do {
        if (!next_result(session, &result)) {
            PQclear(last);
            session_give_up(session);
            return NULL;
        }
        if (result) {
            PQclear(last);
            last = result;
            good = good && (is_good(result) || fail_with_result(session, result));
        }
    } while (result && !is_copy(result));
    if (!good) {
        PQclear(last);
        return NULL;
    }
    return last;
}

PGresult *session_query(struct session *session, const char *sql, int parameter_count,
                        const char *const *parameters) {
    session->is_refused = false;
    int sent = parameter_count == 0 ? PQsendQuery(session->connection, sql)
                                    : PQsendQueryParams(session->connection, sql, parameter_count,
                                                        NULL, parameters, NULL, NULL, 0);
    if (!sent) {
        fail_with_connection(session);
        return NULL;
    }
    if (!flush(session)) {
        session_give_up(session);
        return NULL;
    }
    return last_result(session);
}

bool session_run(struct session *session, const char *sql) {
    PGresult *result = session_query(session, sql, 0, NULL);
    PQclear(result);
    return result != NULL;
}

bool session_ask(struct session *session, enum import_statement statement, int count, bool *yes) {
    PGresult *result = session_query(session, session_sql(statement), 0, NULL);
    for (int i = 0; result && i < count; i++) {
        yes[i] = strcmp(PQgetvalue(result, 0, i), "t") == 0;
    }
    PQclear(result);
    return result != NULL;
}

bool session_call(struct session *session, enum import_statement statement, int parameter_count,
                  const char *const *parameters) {
    PGresult *result = session_query(session, session_sql(statement), parameter_count, parameters);
    PQclear(result);
    return result != NULL;
}

bool session_run_statement(struct session *session, enum import_statement statement) {
    return session_run(session, session_sql(statement));
}

const char *session_sql(enum import_statement statement) {
    return embedded_import_statements[statement].text;
}

bool session_send(struct session *session, const char *bytes, size_t length) {
    int queued;
    /* What the server says meanwhile, that its disk is full for example, ends the COPY. */
    while ((queued = consume(session) ? PQputCopyData(session->connection, bytes, (int)length)
                                      : -1) == 0) {
        if (!wait_for(session, POLLOUT)) {
            return false;
        }
    }
    if (queued < 0) {
        PGresult *result = last_result(session);
        PQclear(result);
        return fail_with_connection(session);
    }
    return flush(session);
}

bool session_end_copy(struct session *session) {
    int queued;
    while ((queued = PQputCopyEnd(session->connection, NULL)) == 0) {
        if (!wait_for(session, POLLOUT)) {
            return false;
        }
    }
    if (queued < 0) {
        return fail_with_connection(session);
    }
    if (!flush(session)) {
        return false;
    }
    PGresult *result = last_result(session);
    PQclear(result);
    return result != NULL;
}

bool session_receive(struct session *session, char **line) {
    int length;
    *line = NULL;
    while ((length = PQgetCopyData(session->connection, line, 1)) == 0) {
        if (!wait_for(session, 0) || !consume(session)) {
            return false;
        }
    }
    if (length > 0) {
        return true;
    }
    PGresult *result = length == -1 ? last_result(session) : NULL;
    PQclear(result);
    return result != NULL || fail_with_connection(session);
}
