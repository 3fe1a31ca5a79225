/* A moderator's session with the database. */
#include "moderation/session.h"

#include "db/embedded_sql.h"
#include "db/notices.h"
#include "db/one_off.h"
#include "db/query.h"
#include "db/session_settings.h"

#include <stdio.h>
#include <string.h>

enum { CONNECT_LIMIT_MS = 10000 };

/* A row that the service has locked is soon free; what somebody else keeps locked is told. */
static const char limits[] = "SET lock_timeout = '5s'";

bool moderation_open(struct moderation_session *session, const char *database_url,
                     enum moderation_role role) {
    session->is_owner = role == MODERATION_AS_OWNER;
    session->connection = one_off_connect(database_url, CONNECT_LIMIT_MS, "atelier-qa moderate",
                                          session->error, sizeof session->error);
    if (!session->connection ||
        !session_settings_apply(session->connection, session->error, sizeof session->error)) {
        return false;
    }
    PQclear(PQexec(session->connection, limits));
    return true;
}

void moderation_close(struct moderation_session *session) {
    PQfinish(session->connection);
    session->connection = NULL;
}

static void note_failure(struct moderation_session *session, const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *reason = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    reason = reason ? reason : PQerrorMessage(session->connection);
    bool may_not = state && strcmp(state, "42501") == 0;   /* insufficient_privilege */
    bool is_old = state && (strcmp(state, "42P01") == 0 || /* undefined table, function, type */
                            strcmp(state, "42883") == 0 || strcmp(state, "42704") == 0);
    if (may_not && session->is_owner) {
        snprintf(session->error, sizeof session->error,
                 "%.*s; QA_OWNER_DATABASE_URL must be of the role that owns the tables",
                 notices_line_length(reason), reason);
    } else if (may_not) {
        snprintf(session->error, sizeof session->error,
                 "%.*s; as the owner: GRANT atelier_qa_moderating TO %s",
                 notices_line_length(reason), reason, PQuser(session->connection));
    } else {
        snprintf(session->error, sizeof session->error, "%.*s%s", notices_line_length(reason),
                 reason, is_old ? "; run: atelier-qa migrate" : "");
    }
}

PGresult *moderation_ask(struct moderation_session *session, enum moderation_statement statement,
                         int count, const char *const *parameters) {
    bool was_open = PQstatus(session->connection) == CONNECTION_OK;
    PGresult *result =
        PQexecParams(session->connection, embedded_moderation_statements[statement].text, count,
                     NULL, parameters, NULL, NULL, 0);
    /* An error without SQLSTATE is libpq's own. One that ends the session may follow the commit. */
    session->is_unknown = was_open && !query_has_succeeded(result) &&
                          (PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL ||
                           PQstatus(session->connection) != CONNECTION_OK);
    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        return result;
    }
    note_failure(session, result);
    PQclear(result);
    return NULL;
}
