/*
 * A session of an import with the database: one statement after the other, each waited for, but
 * never so that a signal to stop, or the failure of another session, would have to wait too.
 *
 * Functions that can fail note the reason as the failure that session_open() was given.
 */
#pragma once

#include "db/embedded_sql.h"
#include "import/failure.h"
#include "import/statement_names.h"
#include "ops/progress.h"

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct session {
    PGconn *connection;
    struct failure *failure;
    const atomic_bool *abandoned; /* set by others: give up; NULL = nobody else can tell */
    bool heeds_stop;              /* gives up when a signal to stop has come */
    bool is_refused;              /* PostgreSQL itself reported an error of the last query */
    struct progress progress;     /* of what session_announce() has told; else without a label */
};

/* Connects. session_close() is due in any case. */
__attribute__((warn_unused_result)) bool session_open(struct session *session,
                                                      const char *database_url,
                                                      const atomic_bool *abandoned,
                                                      struct failure *failure);

/* Rolls back what is open, and waits for what is under way no longer than a few seconds. */
void session_close(struct session *session);

/* What the statements from here on are for, told while they take long; NULL = tell nothing. */
void session_announce(struct session *session, const char *what);

/* Cancels what is under way, which may take some seconds, so that other statements can be run. */
void session_give_up(struct session *session);

/*
 * Runs SQL and returns the last result, which is the caller's, or NULL when it failed. Giving up
 * cancels what runs; the session can be used further.
 */
__attribute__((warn_unused_result)) PGresult *session_query(struct session *session,
                                                            const char *sql, int parameter_count,
                                                            const char *const *parameters);

/* The same where the result does not matter. */
__attribute__((warn_unused_result)) bool session_run(struct session *session, const char *sql);
__attribute__((warn_unused_result)) bool session_run_statement(struct session *session,
                                                               enum import_statement statement);

__attribute__((warn_unused_result)) bool session_call(struct session *session,
                                                      enum import_statement statement,
                                                      int parameter_count,
                                                      const char *const *parameters);

/* Runs a query and reads `count` booleans of its row. */
__attribute__((warn_unused_result)) bool
session_ask(struct session *session, enum import_statement statement, int count, bool *yes);

/* The text of a file in sql/import. */
const char *session_sql(enum import_statement statement);

/* Sends bytes after a COPY FROM STDIN was run. */
__attribute__((warn_unused_result)) bool session_send(struct session *session, const char *bytes,
                                                      size_t length);

/* Ends that COPY. */
__attribute__((warn_unused_result)) bool session_end_copy(struct session *session);

/* The next line after a COPY TO STDOUT was run, to be released with PQfreemem(), NULL at the end.
 */
__attribute__((warn_unused_result)) bool session_receive(struct session *session, char **line);
