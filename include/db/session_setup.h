/* What a worker's session needs before it takes queries, in one pipeline group. */
#pragma once

#include "db/server_run.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_setup {
    int64_t lock_timeout_ms;
    int64_t statement_timeout_ms;
    bool is_to_standby; /* nothing else will do; and the run is that of the primary it follows */
};

/* What the server tells of itself meanwhile. */
struct session_facts {
    char server_process[64]; /* what no two servers' processes have in common */
    struct server_run run;
    size_t overdue; /* sessions of our role that run for longer than the statement timeout */
};

/* Puts a session that has just begun into pipeline mode and sends its settings, all statements and
 * a sync. False when the connection is broken. */
__attribute__((warn_unused_result)) bool session_setup_send(PGconn *session,
                                                            const struct session_setup *setup);

/* What one of the results says against using the session; NULL: nothing. If it is the one that has
 * the facts, they are filled in. */
const char *session_setup_take(const PGconn *session, const PGresult *result,
                               struct session_facts *facts);
