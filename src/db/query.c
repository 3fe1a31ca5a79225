/* What became of a query: the meaning of PostgreSQL's error codes. */
#include "db/query.h"

#include <stddef.h>
#include <string.h>

bool query_has_succeeded(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

enum query_outcome query_outcome_of(const PGresult *result) {
    /* SQLSTATE, PostgreSQL manual, appendix A. */
    static const struct {
        const char *prefix;
        enum query_outcome outcome;
    } meanings[] = {
        {"57014", QUERY_EXPIRED},  /* query_canceled: the statement timeout */
        {"55P03", QUERY_LOCKED},   /* lock_not_available: the lock timeout */
        {"40", QUERY_CONFLICT},    /* transaction rollback: deadlock, serialization failure */
        {"53", QUERY_CONFLICT},    /* insufficient resources: disk full, too many connections */
        {"57P", QUERY_CONFLICT},   /* the server shuts down or starts up */
        {"25006", QUERY_CONFLICT}, /* read_only_sql_transaction: a standby before its promotion */
    };
    if (query_has_succeeded(result)) {
        return QUERY_DONE;
    }
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    for (size_t i = 0; state && i < sizeof meanings / sizeof *meanings; i++) {
        if (strncmp(state, meanings[i].prefix, strlen(meanings[i].prefix)) == 0) {
            return meanings[i].outcome;
        }
    }
    return QUERY_FAILED;
}

bool query_is_refused_by_server(const PGresult *result) {
    /* Insufficient resources, such as a full disk, and read_only_sql_transaction. */
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state && (strncmp(state, "53", 2) == 0 || strcmp(state, "25006") == 0);
}

bool query_is_outdated(const PGresult *result) {
    /* 0A000: cached plan must not change result type; 26000: there is no such statement. */
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state && (strcmp(state, "0A000") == 0 || strcmp(state, "26000") == 0);
}
