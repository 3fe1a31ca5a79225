/* What every session with the database has in common. */
#include "db/session_settings.h"

#include "db/embedded_sql.h"
#include "db/notices.h"
#include "db/one_off.h"
#include "db/session_statement_names.h"

#include <stdio.h>
#include <string.h>

enum { OLDEST_VERSION = 140000 };

static const char *text_of(enum session_statement statement) {
    return embedded_session_statements[statement].text;
}

bool session_settings_send(PGconn *session) {
    return PQsendQueryParams(session, text_of(SESSION_STATEMENT_PIN), 0, NULL, NULL, NULL, NULL,
                             0) == 1 &&
           PQsendQueryParams(session, text_of(SESSION_STATEMENT_VERIFY), 0, NULL, NULL, NULL, NULL,
                             0) == 1;
}

const char *session_settings_refusal(const PGconn *session, const PGresult *result) {
    int version = PQserverVersion(session);
    if (version != 0 && version < OLDEST_VERSION) {
        return "PostgreSQL 14 or newer is needed, and the server is older";
    }
    int column = PQfnumber(result, "refusal");
    bool is_refused = column >= 0 && PQntuples(result) == 1 && !PQgetisnull(result, 0, column);
    return is_refused ? PQgetvalue(result, 0, column) : NULL;
}

/* What is wrong, and whether it lasts. */
static bool apply(PGconn *session, bool *lasts, char *error, size_t error_size) {
    const char *refusal = session_settings_refusal(session, NULL);
    *lasts = refusal != NULL;
    PGresult *result = refusal ? NULL : PQexec(session, text_of(SESSION_STATEMENT_PIN));
    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        PQclear(result);
        result = PQexec(session, text_of(SESSION_STATEMENT_VERIFY));
    }
    if (!refusal && PQresultStatus(result) != PGRES_TUPLES_OK) {
        refusal = PQerrorMessage(session);
    } else if (!refusal) {
        refusal = session_settings_refusal(session, result);
        *lasts = refusal && strcmp(PQgetvalue(result, 0, PQfnumber(result, "lasts")), "t") == 0;
    }
    if (refusal) {
        snprintf(error, error_size, "%.*s", notices_line_length(refusal), refusal);
    }
    PQclear(result);
    return !refusal;
}

bool session_settings_apply(PGconn *session, char *error, size_t error_size) {
    bool lasts;
    return apply(session, &lasts, error, error_size);
}

bool session_settings_check(const char *database_url, const char *setting, char *error,
                            size_t error_size) {
    char reason[400];
    PGconn *session =
        one_off_connect(database_url, 3000, "atelier-qa check", reason, sizeof reason);
    bool lasts = false;
    bool is_of_use = !session || apply(session, &lasts, reason, sizeof reason);
    PQfinish(session);
    if (!is_of_use && lasts) {
        snprintf(error, error_size, "%s: %s", setting, reason);
    }
    return is_of_use || !lasts;
}
