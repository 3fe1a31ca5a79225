/* What PostgreSQL tells besides results; libpq would print it among the lines of the log. */
#pragma once

#include <libpq-fe.h>

/* Drops it from now on. */
void notices_ignore(PGconn *session);

/* How long the first line of an error message is; the others may hold values. */
int notices_line_length(const char *message);
