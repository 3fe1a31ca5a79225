/* Does the database have room for our connections? */
#include "db/budget.h"

#include "db/notices.h"
#include "db/one_off.h"

#include <stdio.h>
#include <stdlib.h>

/* The least of the limits that are set; -1 is none. */
static const char sql[] =
    "SELECT least(current_setting('max_connections')::int"
    "             - current_setting('superuser_reserved_connections')::int,"
    "             nullif(datconnlimit, -1), nullif(rolconnlimit, -1))"
    " FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user";

enum budget budget_check(const char *database_url, size_t needed, char *message,
                         size_t message_size) {
    PGconn *session =
        one_off_connect(database_url, 3000, "atelier-qa check", message, message_size);
    PGresult *result = session ? PQexec(session, sql) : NULL;
    enum budget budget = BUDGET_UNKNOWN;
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
        size_t limit = strtoul(PQgetvalue(result, 0, 0), NULL, 10);
        budget = needed <= limit ? BUDGET_FITS : BUDGET_EXCEEDED;
        snprintf(message, message_size,
                 "a reload needs %zu database connections (twice the workers times their read and "
                 "write connections), and the database allows %zu: lower QA_WORKERS, "
                 "QA_READ_CONNECTIONS or QA_WRITE_CONNECTIONS, or raise max_connections",
                 needed, limit);
    } else if (session) {
        const char *reason = PQerrorMessage(session);
        snprintf(message, message_size, "%.*s", notices_line_length(reason), reason);
    }
    PQclear(result);
    PQfinish(session);
    return budget;
}
