/* Migrations: the versioned steps that bring a database's schema up to date. */
#include "db/migrations.h"

#include "db/embedded_sql.h"
#include "db/notices.h"
#include "db/one_off.h"
#include "db/query.h"
#include "db/session_settings.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Any number that no other program takes an advisory lock on in this database. */
#define LOCK_KEY "7281504417"

enum { LOCK_POLL_MS = 100, LOCK_PAUSE_MS = 500, CONNECT_LIMIT_MS = 10000 };

static const char name_shown[] = "atelier-qa migrate";

static const char is_applied[] = "SELECT EXISTS (SELECT FROM schema_migrations WHERE name = $1)";

static const char no_transaction[] = "-- no transaction\n";

static bool migration_failed(PGconn *session, const struct logger *logger, const char *name) {
    const char *reason = PQerrorMessage(session);
    log_write(logger, LOG_LEVEL_ERROR, "migration failed", "{s:s, s:s#}", "migration", name,
              "reason", reason, notices_line_length(reason));
    return false;
}

/* Runs statements; of the last one `*yes` says whether its first value is true. */
static bool run(PGconn *session, const char *sql, const char *parameter, bool *yes) {
    const char *const parameters[] = {parameter};
    PGresult *result = parameter ? PQexecParams(session, sql, 1, NULL, parameters, NULL, NULL, 0)
                                 : PQexec(session, sql);
    bool done = query_has_succeeded(result);
    if (yes) {
        *yes = done && PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    }
    PQclear(result);
    return done;
}

/* Waiting inside pg_advisory_lock() would hold a snapshot, for which CREATE INDEX CONCURRENTLY in
 * another migrator waits: a deadlock. So this polls. */
static bool lock(PGconn *session) {
    const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
    bool locked = false;
    while (run(session, "SELECT pg_try_advisory_lock(" LOCK_KEY ")", NULL, &locked) && !locked) {
        nanosleep(&pause, NULL);
    }
    return locked;
}

static bool note(PGconn *session, const char *name) {
    return run(session, "INSERT INTO schema_migrations (name) VALUES ($1)", name, NULL);
}

/* Runs a migration in the transaction that has begun; `*waits` when it lost patience for a lock. */
static bool run_migration(PGconn *session, const struct embedded_sql *migration, bool *waits) {
    PGresult *result = PQexec(session, migration->text);
    enum query_outcome outcome = query_outcome_of(result);
    *waits = outcome == QUERY_LOCKED;
    PQclear(result);
    return outcome == QUERY_DONE;
}

/* Everybody else would wait behind a wait for a table that is in use, say by pg_dump. So none is
 * long, and in the pauses others get through. */
static bool apply_in_transaction(PGconn *session, const struct logger *logger,
                                 const struct embedded_sql *migration) {
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
    bool waits = false, has_told = false;
    while (run(session, "BEGIN; SET LOCAL lock_timeout = '250ms'", NULL, NULL) &&
           !run_migration(session, migration, &waits) && waits &&
           run(session, "ROLLBACK", NULL, NULL)) {
        if (!has_told) {
            log_write(logger, LOG_LEVEL_WARNING, "migration waits for tables in use", "{s:s}",
                      "migration", migration->name);
            has_told = true;
        }
        nanosleep(&pause, NULL);
    }
    return PQtransactionStatus(session) == PQTRANS_INTRANS && note(session, migration->name) &&
           run(session, "COMMIT", NULL, NULL);
}

static bool apply(PGconn *session, const struct logger *logger,
                  const struct embedded_sql *migration) {
    if (strncmp(migration->text, no_transaction, sizeof no_transaction - 1) == 0) {
        return run(session, migration->text, NULL, NULL) && note(session, migration->name);
    }
    return apply_in_transaction(session, logger, migration);
}

static bool apply_missing(PGconn *session, const struct logger *logger) {
    if (!run(session,
             "CREATE TABLE IF NOT EXISTS schema_migrations ("
             " name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
             NULL, NULL)) {
        return migration_failed(session, logger, "schema_migrations");
    }
    for (const struct embedded_sql *migration = embedded_migrations; migration->name; migration++) {
        bool applied = false;
        if (!run(session, is_applied, migration->name, &applied)) {
            return migration_failed(session, logger, migration->name);
        }
        if (applied) {
            continue;
        }
        if (!apply(session, logger, migration)) {
            return migration_failed(session, logger, migration->name);
        }
        log_write(logger, LOG_LEVEL_INFO, "migration applied", "{s:s}", "migration",
                  migration->name);
    }
    return true;
}

bool migrations_apply(const char *database_url, const struct logger *logger) {
    char refusal[400];
    PGconn *session =
        one_off_connect(database_url, CONNECT_LIMIT_MS, name_shown, refusal, sizeof refusal);
    if (!session) {
        log_write(logger, LOG_LEVEL_ERROR, "migration failed", "{s:s, s:s}", "migration",
                  "connecting", "reason", refusal);
        return false;
    }
    /* Closing the session also gives the lock back. */
    bool ok;
    if (!session_settings_apply(session, refusal, sizeof refusal)) {
        ok = false;
        log_write(logger, LOG_LEVEL_ERROR, "the database cannot be used", "{s:s}", "reason",
                  refusal);
    } else {
        ok = lock(session) ? apply_missing(session, logger)
                           : migration_failed(session, logger, "connecting");
    }
    PQfinish(session);
    return ok;
}

int migrations_missing(const char *database_url) {
    char refusal[400];
    PGconn *session =
        one_off_connect(database_url, CONNECT_LIMIT_MS, name_shown, refusal, sizeof refusal);
    int missing = 0;
    if (!session || !session_settings_apply(session, refusal, sizeof refusal)) {
        PQfinish(session);
        return -1;
    }
    for (const struct embedded_sql *migration = embedded_migrations; migration->name; migration++) {
        bool applied = false;
        if (!run(session, is_applied, migration->name, &applied)) {
            missing = -1;
            break;
        }
        missing += !applied;
    }
    PQfinish(session);
    return missing;
}
