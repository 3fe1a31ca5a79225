/* A fake of libpq's sessions. */
#include "fake_libpq.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SESSIONS_MAX = 64, RESULTS_MAX = 64 };

struct pg_conn {
    size_t number;
    int descriptor; /* readable while the server has sent something */
    bool is_prepared;
    bool is_running;
    bool is_broken;
    bool is_silent, is_refused; /* while connecting */
    struct fake_statement sent;
    PGresult *results[RESULTS_MAX]; /* NULL: the end of a statement's results */
    size_t result_count;
    size_t results_taken;
};

bool fake_accepts = true;
bool fake_sends = true;
bool fake_mixes = false;
const char *fake_setup_error = NULL;
struct fake_server fake_server = {.timeline = 1, .started = 1};
const char *fake_silent_host = NULL;
const char *fake_refusing_host = NULL;

static PGconn *sessions[SESSIONS_MAX];
static struct fake_parameters tried[SESSIONS_MAX];
static size_t opened;
static size_t sent_count;
static char last_sqlstate[6];

PGconn *fake_session(size_t number) {
    return number < opened ? sessions[number] : NULL;
}

size_t fake_sessions_opened(void) {
    return opened;
}

size_t fake_sent_count(void) {
    return sent_count;
}

bool fake_is_running(const PGconn *session) {
    return session && session->is_running;
}

const struct fake_statement *fake_sent(const PGconn *session) {
    return &session->sent;
}

static void make_readable(const PGconn *session) {
    ck_assert_int_eq(eventfd_write(session->descriptor, 1), 0);
}

static void add_result(PGconn *session, PGresult *result) {
    ck_assert_uint_lt(session->result_count, RESULTS_MAX);
    session->results[session->result_count++] = result;
    make_readable(session);
}

/* What the server tells of itself while a session is prepared. */
static PGresult *facts(const PGconn *session) {
    static char names[][16] = {"cluster", "timeline", "started_us", "overdue", "server_process"};
    PGresAttDesc columns[5] = {{0}};
    char values[5][24];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    snprintf(values[0], sizeof values[0], "7");
    snprintf(values[1], sizeof values[1], "%d", fake_server.timeline);
    snprintf(values[2], sizeof values[2], "%d", fake_server.started);
    snprintf(values[3], sizeof values[3], "%d", fake_server.overdue);
    snprintf(values[4], sizeof values[4], "%zu", fake_mixes ? 0 : session->number);
    for (int i = 0; i < 5; i++) {
        columns[i].name = names[i];
    }
    ck_assert_int_eq(PQsetResultAttrs(result, 5, columns), 1);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(PQsetvalue(result, 0, i, values[i], (int)strlen(values[i])), 1);
    }
    return result;
}

static PGresult *rows_of_two(size_t rows, const char *const (*values)[2]) {
    static char first[] = "first", second[] = "second";
    PGresAttDesc columns[] = {{.name = first}, {.name = second}};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    ck_assert_int_eq(PQsetResultAttrs(result, 2, columns), 1);
    for (size_t row = 0; row < rows; row++) {
        for (int column = 0; column < 2; column++) {
            char value[256];
            int length = snprintf(value, sizeof value, "%s", values[row][column]);
            ck_assert_int_eq(PQsetvalue(result, (int)row, column, value, length), 1);
        }
    }
    return result;
}

void fake_return(PGconn *session, size_t rows, const char *const (*values)[2]) {
    ck_assert(fake_is_running(session));
    session->is_running = false;
    add_result(session, rows_of_two(rows, values));
    add_result(session, NULL);
}

void fake_sync(PGconn *session) {
    add_result(session, PQmakeEmptyPGresult(NULL, PGRES_PIPELINE_SYNC));
}

static void add_error(PGconn *session, const char *sqlstate) {
    ck_assert(fake_is_running(session));
    session->is_running = false;
    snprintf(last_sqlstate, sizeof last_sqlstate, "%s", sqlstate);
    add_result(session, PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR));
    add_result(session, NULL);
}

void fake_fail(PGconn *session, const char *sqlstate) {
    add_error(session, sqlstate);
    fake_sync(session);
}

void fake_fail_first(PGconn *session, const char *sqlstate) {
    add_error(session, sqlstate);
    add_result(session, PQmakeEmptyPGresult(NULL, PGRES_PIPELINE_ABORTED));
    add_result(session, NULL);
    fake_sync(session);
}

void fake_break(PGconn *session) {
    session->is_broken = true;
    make_readable(session);
}

const struct fake_parameters *fake_tried(size_t number) {
    return &tried[number];
}

size_t fake_sessions_open(void) {
    size_t count = 0;
    for (size_t i = 0; i < opened; i++) {
        count += sessions[i] != NULL;
    }
    return count;
}

/* libpq's functions. */

static void take_parameter(struct fake_parameters *parameters, const char *keyword,
                           const char *value) {
    const struct {
        const char *keyword;
        char *place;
    } kept[] = {
        {"host", parameters->host},
        {"hostaddr", parameters->hostaddr},
        {"port", parameters->port},
        {"user", parameters->user},
        {"password", parameters->password},
        {"dbname", parameters->dbname},
        {"target_session_attrs", parameters->attributes},
    };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (strcmp(keyword, kept[i].keyword) == 0) {
            snprintf(kept[i].place, FAKE_VALUE_SIZE, "%s", value);
        }
    }
}

PGconn *PQconnectStartParams(const char *const *keywords, const char *const *values,
                             int expand_dbname) {
    (void)expand_dbname;
    ck_assert_uint_lt(opened, SESSIONS_MAX);
    PGconn *session = calloc(1, sizeof *session);
    for (size_t i = 0; keywords[i]; i++) { /* the last one of a keyword counts */
        take_parameter(&tried[opened], keywords[i], values[i]);
    }
    session->is_silent = fake_silent_host && strcmp(tried[opened].host, fake_silent_host) == 0;
    session->is_refused = fake_refusing_host && strcmp(tried[opened].host, fake_refusing_host) == 0;
    session->number = opened;
    session->descriptor = eventfd(0, EFD_NONBLOCK);
    sessions[opened++] = session;
    return session;
}

PostgresPollingStatusType PQconnectPoll(PGconn *conn) {
    if (conn->is_silent) {
        eventfd_t count;
        (void)eventfd_read(conn->descriptor, &count);
        return PGRES_POLLING_READING;
    }
    return fake_accepts && !conn->is_refused ? PGRES_POLLING_OK : PGRES_POLLING_FAILED;
}

void PQfinish(PGconn *conn) {
    if (conn) {
        while (conn->results_taken < conn->result_count) {
            PQclear(conn->results[conn->results_taken++]);
        }
        sessions[conn->number] = NULL;
        close(conn->descriptor);
        free(conn);
    }
}

int PQsocket(const PGconn *conn) {
    return conn->descriptor;
}

ConnStatusType PQstatus(const PGconn *conn) {
    return conn->is_broken ? CONNECTION_BAD : CONNECTION_OK;
}

char *PQerrorMessage(const PGconn *conn) {
    static char message[] = "the connection is broken";
    (void)conn;
    return message;
}

int PQserverVersion(const PGconn *conn) {
    (void)conn;
    return 0;
}

PQnoticeReceiver PQsetNoticeReceiver(PGconn *conn, PQnoticeReceiver proc, void *arg) {
    (void)conn;
    (void)arg;
    return proc;
}

int PQsetnonblocking(PGconn *conn, int arg) {
    (void)conn;
    (void)arg;
    return 0;
}

int PQenterPipelineMode(PGconn *conn) {
    (void)conn;
    return 1;
}

int PQsendQueryParams(PGconn *conn, const char *command, int nParams, const Oid *paramTypes,
                      const char *const *paramValues, const int *paramLengths,
                      const int *paramFormats, int resultFormat) {
    (void)conn;
    (void)command;
    (void)nParams;
    (void)paramTypes;
    (void)paramValues;
    (void)paramLengths;
    (void)paramFormats;
    (void)resultFormat;
    return 1;
}

int PQsendPrepare(PGconn *conn, const char *stmtName, const char *query, int nParams,
                  const Oid *paramTypes) {
    (void)conn;
    (void)stmtName;
    (void)query;
    (void)nParams;
    (void)paramTypes;
    return 1;
}

int PQsendQueryPrepared(PGconn *conn, const char *stmtName, int nParams,
                        const char *const *paramValues, const int *paramLengths,
                        const int *paramFormats, int resultFormat) {
    (void)paramLengths;
    (void)paramFormats;
    (void)resultFormat;
    if (!fake_sends) {
        return 0;
    }
    conn->is_running = true;
    sent_count++;
    snprintf(conn->sent.name, sizeof conn->sent.name, "%s", stmtName);
    conn->sent.parameter_count = nParams;
    for (int i = 0; i < nParams; i++) {
        snprintf(conn->sent.parameters[i], FAKE_PARAMETER_SIZE, "%s", paramValues[i]);
    }
    return 1;
}

/* The first sync ends the preparation: the server tells who it is. */
int PQpipelineSync(PGconn *conn) {
    if (!conn->is_prepared) {
        conn->is_prepared = true;
        if (fake_setup_error) {
            snprintf(last_sqlstate, sizeof last_sqlstate, "%s", fake_setup_error);
            add_result(conn, PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR));
        } else {
            add_result(conn, facts(conn));
        }
        add_result(conn, NULL);
        fake_sync(conn);
    }
    return 1;
}

int PQflush(PGconn *conn) {
    (void)conn;
    return 0;
}

int PQconsumeInput(PGconn *conn) {
    eventfd_t count;
    (void)eventfd_read(conn->descriptor, &count);
    return !conn->is_broken;
}

int PQisBusy(PGconn *conn) {
    return conn->results_taken == conn->result_count;
}

PGresult *PQgetResult(PGconn *conn) {
    ck_assert(!PQisBusy(conn));
    PGresult *result = conn->results[conn->results_taken++];
    if (PQisBusy(conn)) {
        conn->results_taken = conn->result_count = 0;
    }
    return result;
}

char *PQresultErrorField(const PGresult *res, int fieldcode) {
    bool has_state = PQresultStatus(res) == PGRES_FATAL_ERROR && *last_sqlstate;
    return has_state && fieldcode == PG_DIAG_SQLSTATE ? last_sqlstate : NULL;
}
