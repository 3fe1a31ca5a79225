/* What PostgreSQL tells besides results; libpq would print it among the lines of the log. */
#pragma once

#include <libpq-fe.h>

/* Drops it from now on. */
void notices_ignore(PGconn *session);
