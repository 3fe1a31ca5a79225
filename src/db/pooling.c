/* Is there a connection pooler on the way that lends server connections by transaction? */
#include "db/pooling.h"

#include "db/one_off.h"
#include "ops/clock.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    ROUNDS = 3, /* other clients of a pooler may have changed places with us by chance */
    ANSWER_WITHIN_MS = 2000,
    IDENTITY_SIZE = 64
};

const char pooling_refusal[] =
    "a connection pooler lends server connections by transaction or statement there; the program "
    "needs sessions of its own: pool_mode = session, or the address of PostgreSQL itself";

/* Of the server process: nothing else in the world has its start time and id. Some poolers leave a
 * session its server connection once it has settings of its own, and so may serve. */
static const char sql[] =
    "SET atelier_qa.session TO 'kept';"
    "SELECT pid || ' ' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()";

static bool wait_for_result(PGconn *session) {
    struct pollfd socket = {.fd = PQsocket(session), .events = POLLIN};
    int64_t end = clock_ms() + ANSWER_WITHIN_MS;
    while (PQisBusy(session)) {
        int64_t rest = end - clock_ms();
        if (rest <= 0 || (poll(&socket, 1, (int)rest) > 0 && PQconsumeInput(session) != 1)) {
            return false;
        }
    }
    return true;
}

/* Which server process serves a session at present; false when it does not say. */
static bool identify(PGconn *session, char identity[IDENTITY_SIZE]) {
    *identity = '\0';
    if (PQsendQuery(session, sql) != 1) {
        return false;
    }
    while (wait_for_result(session)) {
        PGresult *result = PQgetResult(session);
        if (!result) {
            return *identity != '\0';
        }
        if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
            snprintf(identity, IDENTITY_SIZE, "%s", PQgetvalue(result, 0, 0));
        }
        PQclear(result);
    }
    return false;
}

/* Who gets a server connection that was just given back depends on the pooler: the next, or, where
 * they take turns, nobody soon. The one shows between two sessions, the other in one. */
static bool are_mixed(PGconn *one, PGconn *other) {
    char first[IDENTITY_SIZE], now[IDENTITY_SIZE];
    PGconn *const turns[] = {other, one, one};
    if (!identify(one, first)) {
        return false;
    }
    for (int turn = 0; turn < 3 * ROUNDS; turn++) {
        PGconn *session = turns[turn % 3];
        if (!identify(session, now)) {
            return false;
        }
        if ((strcmp(first, now) == 0) != (session == one)) {
            return true;
        }
    }
    return false;
}

static PGconn *connect_to(const char *database_url, char *reason, size_t reason_size) {
    return one_off_connect(database_url, 3000, "atelier-qa check", reason, reason_size);
}

bool pooling_check(const char *database_url, const char *setting, char *error, size_t error_size) {
    char reason[400];
    PGconn *one = connect_to(database_url, reason, sizeof reason);
    bool mixed = false;
    if (one) {
        PGconn *other = connect_to(database_url, reason, sizeof reason);
        mixed = other && are_mixed(one, other);
        PQfinish(other);
    }
    PQfinish(one);
    if (mixed) {
        snprintf(error, error_size, "%s: %s", setting, pooling_refusal);
    }
    return !mixed;
}
