/*
 * A fake of libpq's sessions, linked in place of the functions that talk to a server. Results are
 * libpq's own.
 *
 * A session connects and prepares by itself, unless fake_accepts is false. What it is sent is kept,
 * and a test says what the server returns.
 */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

enum { FAKE_PARAMETERS_MAX = 5, FAKE_PARAMETER_SIZE = 4096, FAKE_VALUE_SIZE = 128 };

/* Where a session was told to connect to; empty: not told. */
struct fake_parameters {
    char host[FAKE_VALUE_SIZE], hostaddr[FAKE_VALUE_SIZE], port[FAKE_VALUE_SIZE];
    char user[FAKE_VALUE_SIZE], password[FAKE_VALUE_SIZE], dbname[FAKE_VALUE_SIZE];
    char attributes[FAKE_VALUE_SIZE];
};

/* What the server tells of itself. */
struct fake_server {
    int timeline, started, overdue;
};

/* What a session was sent last. */
struct fake_statement {
    char name[64];
    int parameter_count;
    char parameters[FAKE_PARAMETERS_MAX][FAKE_PARAMETER_SIZE];
};

extern bool fake_accepts; /* connections; true at first */
extern bool fake_sends;   /* false: a session breaks when something is sent */
extern bool fake_mixes;   /* all sessions have one server process, as behind some poolers */
extern const char *fake_setup_error; /* SQLSTATE that preparing ends with; NULL: none */

extern const char *fake_silent_host;   /* accepts and never replies; NULL: none does */
extern const char *fake_refusing_host; /* refuses connections; likewise */
extern struct fake_server fake_server; /* the first run of a server, at first */

/* The session that was opened as the `number`th of all, from 0; NULL: it is closed. */
PGconn *fake_session(size_t number);

size_t fake_sessions_opened(void);

/* Where the session went that was opened as the `number`th of all; it may be closed. */
const struct fake_parameters *fake_tried(size_t number);

size_t fake_sessions_open(void);

/* How many statements all sessions were sent. */
size_t fake_sent_count(void);

/* Whether a session has been sent a statement that nothing was returned for. */
bool fake_is_running(const PGconn *session);

const struct fake_statement *fake_sent(const PGconn *session);

/* The server returns rows of two columns for what is running. */
void fake_return(PGconn *session, size_t rows, const char *const (*values)[2]);

/* The server ends the transaction. */
void fake_sync(PGconn *session);

/* The server returns an error of this state, and ends the transaction. */
void fake_fail(PGconn *session, const char *sqlstate);

/* The same for the first of two statements; the second is passed over. */
void fake_fail_first(PGconn *session, const char *sqlstate);

/* The connection is lost. */
void fake_break(PGconn *session);
