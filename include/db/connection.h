/*
 * One PostgreSQL connection in pipeline mode, driven by the event loop; nothing in it blocks.
 *
 * It connects by itself, prepares every statement, and when it is lost it comes back by itself with
 * back-off. What is sent over it stays in its queue until it is settled:
 *
 *   - Each group has a sync of its own, so it is one transaction. A read that succeeded is settled
 * as soon as its result is here, everything else only at the sync: then a write without an error is
 *     committed, and a group with one is rolled back.
 *   - When the connection is lost, what is in its queue is unsettled for ever.
 *
 * What to do about that is the pool's decision, not the connection's.
 */
#pragma once

#include "db/group.h"
#include "db/server_address.h"
#include "db/server_run.h"
#include "ops/log.h"

/* What the connection tells its pool. None is called from within connection_send(). */
struct connection_events {
    /* It can take groups. */
    void (*on_ready)(void *owner, struct connection *connection);
    /* A group is settled, and out of the queue. The result, of status PGRES_TUPLES_OK,
     * PGRES_COMMAND_OK or PGRES_FATAL_ERROR, is handed over. */
    void (*on_settled)(void *owner, struct connection *connection, struct group *group,
                       PGresult *result);
    /* It was lost while ready; `unsettled` holds its groups in the order sent, to be taken out. */
    void (*on_lost)(void *owner, struct connection *connection, struct group_queue *unsettled,
                    const char *reason);
    /* An attempt to connect failed, by the time limit or, `at_once`, by a reply; another
     * follows. */
    void (*on_failed)(void *owner, const char *reason, bool at_once);
};

struct connection_settings {
    const char *application; /* what the server shows of its sessions; NULL: "atelier-qa" */
    int64_t lock_timeout_ms;
    int64_t statement_timeout_ms;
    /* Of sessions that have been given up, and that the server has not ended: none is begun beside
     * so many. 0: as many as you like. */
    size_t overdue_limit;
    bool is_to_standby; /* only a standby will do; it tells for each group what it has replayed */
    struct server_guard guard;
};

/* Starts to connect at once. The arguments must outlive the connection. */
struct connection *connection_new(struct event_base *base, struct resolver *resolver,
                                  struct server_address *address,
                                  const struct connection_settings *settings,
                                  const struct connection_events *events, void *owner);

/* Closes it and releases the groups in its queue, whose calls must have been completed. */
void connection_free(struct connection *connection);

bool connection_is_ready(const struct connection *connection);

/* What no two servers' processes have in common: which one prepared a connection that is ready. */
const char *connection_server_process(const struct connection *connection);

/* Whether there are groups in its queue. */
bool connection_is_busy(const struct connection *connection);

/* Whether its server still counts; false once it is known that another has taken over. */
bool connection_is_current(const struct connection *connection);

/* Why one is given up that is not current. */
extern const char connection_taken_over[];

/*
 * Sends a group: NULL. Otherwise why not, and nothing of it can take effect: the group is still the
 * caller's, who calls connection_drop() with that reason.
 */
__attribute__((warn_unused_result)) const char *connection_send(struct connection *connection,
                                                                struct group *group);

/* Gives a ready connection up and starts a new one; tells on_lost. */
void connection_drop(struct connection *connection, const char *reason);

/* Closes the session of a connection with nothing in its queue, whatever its state; tells nobody.
 * It stays closed until connection_resume(), which starts to connect at once and does nothing to a
 * connection that is not suspended. */
void connection_suspend(struct connection *connection);
void connection_resume(struct connection *connection);
bool connection_is_suspended(const struct connection *connection);

/* Gives a ready connection up likewise; another address is tried before this one. */
void connection_leave(struct connection *connection, const char *reason);
