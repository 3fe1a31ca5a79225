/* A connection of its own for a few statements; unlike db/connection.h it blocks. */
#pragma once

#include <libpq-fe.h>

/* Connects within some `seconds` for each address; PQfinish() releases it in every case. `name` is
 * what the server shows of it. */
PGconn *one_off_connect(const char *database_url, const char *seconds, const char *name);
