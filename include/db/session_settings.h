/*
 * What every session with the database has in common, whatever the defaults of its server, database
 * and role: sql/session/pin.sql sets what changes meaning, sql/session/verify.sql says what cannot
 * be set and is wrong.
 */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* Sends both statements in pipeline mode; false, with the session's error, when that fails. */
__attribute__((warn_unused_result)) bool session_settings_send(PGconn *session);

/* Why this session is of no use, as far as its server's version or this result of what was sent
 * tells: a line that lives as long as the result. NULL: nothing is wrong. The result may be NULL.
 */
const char *session_settings_refusal(const PGconn *session, const PGresult *result);

/* Sets and verifies, waiting for the server. False, with one line in `error`, when the session is
 * of no use. */
__attribute__((warn_unused_result)) bool session_settings_apply(PGconn *session, char *error,
                                                                size_t error_size);

/* Whether sessions there are of use. Where the server does not respond or is a standby, which may
 * change by itself, that is not known, and true. False, with one line in `error` that begins with
 * the name of the setting. */
__attribute__((warn_unused_result)) bool session_settings_check(const char *database_url,
                                                                const char *setting, char *error,
                                                                size_t error_size);
