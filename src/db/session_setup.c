/* What a worker's session needs before it takes queries. */
#include "db/session_setup.h"

#include "db/embedded_sql.h"
#include "db/pooling.h"
#include "db/query.h"
#include "db/session_settings.h"
#include "db/session_statement_names.h"
#include "db/statement_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beside what all sessions have in common: time limits, and that plans are made once, by indexes,
 * or one that was made while a table was empty would read all of it when it is large. */
static const char settings_sql[] =
    "SELECT set_config('lock_timeout', $1, false), set_config('statement_timeout', $2, false),"
    " set_config('plan_cache_mode', 'force_generic_plan', false),"
    " set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false),"
    " set_config('enable_indexscan', 'on', false), set_config('enable_indexonlyscan', 'on', false),"
    " set_config('enable_nestloop', 'on', false), set_config('jit', 'off', false)";

static bool send(PGconn *session, const char *sql, int count, const char *const values[]) {
    return PQsendQueryParams(session, sql, count, NULL, values, NULL, NULL, 0) == 1;
}

/* Asks who the server is, and whether it is of use. */
static bool send_questions(PGconn *session, bool is_to_standby, const char *const overdue_after[]) {
    const struct embedded_sql *all = embedded_session_statements;
    if (is_to_standby) {
        return send(session, all[SESSION_STATEMENT_PIN].text, 0, NULL) &&
               send(session, all[SESSION_STATEMENT_IDENTIFY_STANDBY].text, 0, NULL);
    }
    return session_settings_send(session) &&
           send(session, all[SESSION_STATEMENT_IDENTIFY].text, 1, overdue_after);
}

bool session_setup_send(PGconn *session, const struct session_setup *setup) {
    char lock_timeout[24], statement_timeout[24];
    snprintf(lock_timeout, sizeof lock_timeout, "%" PRId64, setup->lock_timeout_ms);
    snprintf(statement_timeout, sizeof statement_timeout, "%" PRId64, setup->statement_timeout_ms);
    const char *const values[] = {lock_timeout, statement_timeout};
    const char *const overdue_after[] = {statement_timeout};
    if (PQsetnonblocking(session, 1) != 0 || PQenterPipelineMode(session) != 1 ||
        !send_questions(session, setup->is_to_standby, overdue_after) ||
        !send(session, settings_sql, 2, values)) {
        return false;
    }
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (PQsendPrepare(session, embedded_queries[i].name, embedded_queries[i].text, 0, NULL) !=
            1) {
            return false;
        }
    }
    return PQpipelineSync(session) == 1;
}

static uint64_t number_of(const PGresult *result, const char *column) {
    return strtoull(PQgetvalue(result, 0, PQfnumber(result, column)), NULL, 10);
}

static void take_facts(const PGresult *result, struct session_facts *facts) {
    int process = PQfnumber(result, "server_process");
    if (process < 0) {
        return;
    }
    snprintf(facts->server_process, sizeof facts->server_process, "%s",
             PQgetvalue(result, 0, process));
    facts->run = (struct server_run){.cluster = number_of(result, "cluster"),
                                     .timeline = number_of(result, "timeline"),
                                     .started_us = number_of(result, "started_us")};
    facts->overdue = number_of(result, "overdue");
}

const char *session_setup_take(const PGconn *session, const PGresult *result,
                               struct session_facts *facts) {
    if (query_has_succeeded(result)) {
        take_facts(result, facts);
        return session_settings_refusal(session, result);
    }
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    /* duplicate_prepared_statement, in a session that has just begun */
    bool is_shared = state && strcmp(state, "42P05") == 0;
    return is_shared ? pooling_refusal : PQresultErrorMessage(result);
}
