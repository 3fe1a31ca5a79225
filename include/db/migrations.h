/*
 * Migrations: the versioned steps in sql/migrations that bring a database's schema up to date.
 *
 * Each file runs in one transaction, together with the note in schema_migrations that it has been
 * applied. One whose first line is `-- no transaction` runs outside (for CREATE INDEX CONCURRENTLY)
 * and must be fit to run again when it was interrupted. Several migrators at once are safe: an
 * advisory lock lets one work, the others poll for it.
 */
#pragma once

#include "ops/log.h"

#include <stdbool.h>

/* Applies what is missing, over a connection of its own; may block. False, logged, on failure. */
bool migrations_apply(const char *database_url, const struct logger *logger);

/* How many are missing; -1 where the role may not know, or the database does not respond. */
int migrations_missing(const char *database_url);
