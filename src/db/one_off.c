/* A connection of its own for a few statements. */
#include "db/one_off.h"

#include "db/notices.h"

PGconn *one_off_connect(const char *database_url, const char *seconds, const char *name) {
    /* Later parameters win over those in the connection string. */
    const char *const keywords[] = {"dbname", "connect_timeout", "client_encoding",
                                    "fallback_application_name", NULL};
    const char *const values[] = {database_url, seconds, "UTF8", name, NULL};
    PGconn *session = PQconnectdbParams(keywords, values, 1);
    notices_ignore(session);
    return session;
}
