/* What a look at the database tells before workers start. */
#include "db/inspection.h"

#include "db/embedded_sql.h"
#include "db/migrations.h"
#include "db/one_off.h"
#include "db/pooling.h"
#include "db/query.h"
#include "db/server_address.h"
#include "db/session_settings.h"

#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char not_looked_at[] = "not looked at";

/* The first problem stands for all. */
__attribute__((format(printf, 2, 3))) static void note(char *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (!*text) {
        vsnprintf(text, INSPECTION_TEXT_SIZE, format, arguments);
    }
    va_end(arguments);
}

static void note_failure(struct inspection *inspection, PGconn *session, const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *reason = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    reason = reason ? reason : "the connection was lost";
    if (!state) {
        note(inspection->database, "%s", reason);
    } else if (strcmp(state, "42501") == 0) { /* insufficient_privilege */
        note(inspection->permissions, "%s; as the owner: GRANT atelier_qa_serving TO \"%s\"",
             reason, PQuser(session));
    } else {
        note(inspection->schema, "%s; run: atelier-qa migrate", reason);
    }
}

/* Explaining it asks for the same privileges as running it. */
static PGresult *explain(PGconn *session, const char *name) {
    char sql[1024];
    PGresult *description = PQdescribePrepared(session, name);
    size_t length = (size_t)snprintf(sql, sizeof sql, "EXPLAIN EXECUTE %s", name);
    for (int i = 0; i < PQnparams(description); i++) {
        length += (size_t)snprintf(sql + length, sizeof sql - length, "%s", i ? ", NULL" : "(NULL");
    }
    snprintf(sql + length, sizeof sql - length, "%s", PQnparams(description) > 0 ? ")" : "");
    PQclear(description);
    return PQexec(session, sql);
}

static void inspect_statement(struct inspection *inspection, PGconn *session,
                              const struct embedded_sql *statement) {
    PGresult *result = PQprepare(session, statement->name, statement->text, 0, NULL);
    if (PQresultStatus(result) == PGRES_COMMAND_OK) {
        PQclear(result);
        result = explain(session, statement->name);
    }
    if (!query_has_succeeded(result)) {
        note_failure(inspection, session, result);
    }
    PQclear(result);
}

static void look(struct inspection *inspection, const char *database_url,
                 const char *owner_database_url) {
    char reason[INSPECTION_TEXT_SIZE];
    PGconn *session =
        one_off_connect(database_url, 3000, "atelier-qa check", reason, sizeof reason);
    if (!session) {
        note(inspection->database, "%s; start the server, or set DATABASE_URL", reason);
    } else if (pooling_check(database_url, "DATABASE_URL", inspection->database,
                             sizeof inspection->database) &&
               session_settings_apply(session, inspection->database, sizeof inspection->database)) {
        /* Plans are made without a look at the values, which are NULL. */
        PQclear(PQexec(session, "SET plan_cache_mode = force_generic_plan"));
        for (const struct embedded_sql *one = embedded_queries; one->name; one++) {
            inspect_statement(inspection, session, one);
        }
        int missing = migrations_missing(owner_database_url);
        if (missing > 0) {
            note(inspection->schema, "migrations that are missing: %d; run: atelier-qa migrate",
                 missing);
        }
    }
    PQfinish(session);
}

void inspection_run(const char *database_url, const char *owner_database_url,
                    struct inspection *inspection) {
    *inspection = (struct inspection){0};
    if (server_address_check(database_url, inspection->database, sizeof inspection->database)) {
        look(inspection, database_url, owner_database_url);
    }
    if (*inspection->database) {
        note(inspection->schema, "%s", not_looked_at);
    }
    if (*inspection->schema) {
        note(inspection->permissions, "%s", not_looked_at);
    }
}
