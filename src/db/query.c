/* A query on its way: allocation, answer, and the meaning of PostgreSQL's error codes. */
#include "db/query.h"

#include "ops/memory.h"

#include <stdlib.h>
#include <string.h>

struct query *query_new(enum statement statement, int parameter_count,
                        const char *const *parameters) {
    size_t sizes[QUERY_PARAMETERS_MAX];
    size_t total = 0;
    for (int i = 0; i < parameter_count; i++) {
        sizes[i] = strlen(parameters[i]) + 1;
        total += sizes[i];
    }
    struct query *query = memory_calloc(1, sizeof *query + total);
    TAILQ_INIT(&query->members);
    query->statement = statement;
    query->parameter_count = parameter_count;
    char *text = query->text;
    for (int i = 0; i < parameter_count; i++) {
        query->parameters[i] = memcpy(text, parameters[i], sizes[i]);
        text += sizes[i];
    }
    return query;
}

void query_free(struct query *query) {
    struct query *member;
    while ((member = TAILQ_FIRST(&query->members))) {
        TAILQ_REMOVE(&query->members, member, line);
        query_free(member);
    }
    PQclear(query->result);
    free(query);
}

void query_answer(struct query *query, enum query_outcome outcome, PGresult *result) {
    query_on_done *on_done = query->on_done;
    query->on_done = NULL;
    if (on_done) {
        on_done(query->owner, outcome, result);
    } else {
        PQclear(result);
    }
}

enum query_outcome query_outcome_of_error(const PGresult *result) {
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
