/* What a worker's session needs before it takes queries, in one pipeline group. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

/* Puts a session that has just begun into pipeline mode and sends its settings, all statements and
 * a sync. False when the connection is broken. */
__attribute__((warn_unused_result)) bool
session_setup_send(PGconn *session, int64_t lock_timeout_ms, int64_t statement_timeout_ms);

/* What one of the results says against using the session; NULL: nothing. The last one with a row
 * has in its last column what no two servers' processes have in common. */
const char *session_setup_failure(const PGconn *session, const PGresult *result);
