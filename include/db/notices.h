/* What PostgreSQL tells besides results; libpq would print it among the lines of the log. */
#pragma once

#include <libpq-fe.h>
#include <stddef.h>

/* Drops it from now on. */
void notices_ignore(PGconn *session);

/* How long the first line of an error message is; the others may hold values. */
int notices_line_length(const char *message);

/* Adds what an error message says to a text, as one line: its first one, and of a server with
 * several addresses one for each attempt to connect. */
void notices_add_reason(char *text, size_t size, const char *message);
