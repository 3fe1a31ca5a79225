/* A connection of its own for a few statements; unlike db/connection.h it blocks. */
#pragma once

#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Connects within `limit_ms` for each address, as db/attempts.h does it. `name` is what the server
 * shows of it. NULL, with one line in `error`, when that fails.
 */
PGconn *one_off_connect(const char *database_url, int64_t limit_ms, const char *name, char *error,
                        size_t error_size);
