/*
 * A lane: admission, queue, deadline and overload of one kind of calls.
 *
 *   - Admission: a lane rejects calls while it has no connection, beyond a number of calls that are
 *     not completed, and while it is overloaded.
 *   - Queue: in the order of arrival. A strategy (struct combine) says which calls are sent next,
 *     and share a group.
 *   - Deadline: each call has one, which covers waiting and running. A connection that holds an
 *     overdue call is dropped.
 *   - Lateness: a call that has waited for longer than the lane's longest wait is rejected.
 *   - Overload: many calls wait, in a queue that has not been empty for long, and the first that
 *     was never sent has waited too long: one more would only wait longer. What a stall of the
 *     database or the machine has left in a young queue is soon served.
 *   - A read whose connection was lost is sent again, a write never: it may have been applied.
 *   - Pause: nothing is sent, and what comes waits, up to the same number. When the pause is over,
 *     times count anew for all that waits. For overload they do so again when the first connection
 *     is there, and with each call completed of those that have waited in the pause.
 */
#pragma once

#include "db/connection.h"
#include "db/group.h"
#include "db/lane_counts.h"

#include <event2/event.h>

struct lane;

/* A strategy: how calls share groups. What it remembers is its state. */
struct combine {
    /* Makes a group of calls that wait, of which there is one. NULL: not now. */
    struct group *(*next)(void *state, struct lane *lane);
    /* Passes each call that is still in the group to lane_complete() or lane_wait_again(). */
    void (*settle)(void *state, struct lane *lane, const struct group *group,
                   const PGresult *result);
    /* Whether a call that comes is admitted; NULL: all are. */
    bool (*admits)(void *state, const struct lane *lane, struct call *call);
};

struct lane_settings {
    const struct combine *combine;
    void *combine_state;
    struct connection *const *connections; /* other lanes may use them too */
    size_t connection_count;
    size_t busy_limit; /* connections that may be busy with this lane's groups */
    bool is_write;
    size_t call_limit; /* calls that are not completed */
    int64_t timeout_ms;
    int64_t longest_wait_ms; /* then a call is rejected instead of sent */
    int64_t patience_ms;     /* how long a call waits for a busy connection, if there is one */
    size_t short_queue;      /* of so many calls none is rejected as overload */
    int64_t queue_wait_ms;   /* what is too long */
    int64_t young_queue_ms;  /* a queue that was empty so shortly before is young */
    struct lane_counts counts;
    /* Told, unless NULL, before writes of a form are told that they may have been applied. */
    void (*on_uncertain)(void *owner);
    void *owner;
};

/* The connections must outlive the lane's use. */
struct lane *lane_new(struct event_base *base, const struct lane_settings *settings);

/* Completes every call (QUERY_REFUSED, or QUERY_UNKNOWN for a write that was sent), and rejects all
 * that come from now on. */
void lane_close(struct lane *lane);

/* After lane_close() or without calls. */
void lane_free(struct lane *lane);

/* Copies the call and takes over its texts. on_done is told exactly once, possibly before this
 * returns; on_send never before it returns. */
void lane_submit(struct lane *lane, struct call *call);

/* True while some connection is live. */
bool lane_is_ready(const struct lane *lane);

/* Calls that are not completed, and those of them that arrived before the last pause was over. */
size_t lane_call_count(const struct lane *lane);
size_t lane_held_over(const struct lane *lane);

/* A pause begins. What was sent goes on, deadlines included. */
void lane_pause(struct lane *lane);

/* It is over, and connections are on their way: calls are admitted until lane_stop_awaiting(), when
 * one is live or has failed. */
void lane_resume(struct lane *lane);
void lane_stop_awaiting(struct lane *lane);

/* True from the begin of a pause until lane_stop_awaiting(): whether it has a connection says
 * nothing. */
bool lane_is_held(const struct lane *lane);

/* When the first call that waits arrived; INT64_MAX: none waits. */
int64_t lane_waits_since_ms(const struct lane *lane);

/* Sends what waits, as far as connections are free. Returns in how many milliseconds to do so again
 * even if nothing happens; INT64_MAX: never. */
int64_t lane_dispatch(struct lane *lane);

/* What the connections tell of a group (db/connection.h), which is released. */
void lane_settle(struct group *group, struct connection *connection, PGresult *result);
void lane_lose(struct group *group);

/* Completes all that waits with QUERY_REFUSED. */
void lane_reject_waiting(struct lane *lane);

/* The rest is for strategies. */

/* All calls that are not completed, and those that wait, each in the order of arrival. */
const struct call_queue *lane_calls(const struct lane *lane);
const struct call_queue *lane_waiting(const struct lane *lane);

/* Takes calls from the queue into a group, whose parameters are still to be put; of one call, the
 * call's own. */
struct group *lane_group(struct lane *lane, enum group_kind kind, enum statement statement,
                         struct call *const calls[], size_t count);
struct group *lane_group_of_one(struct lane *lane, struct call *call);

/* There will be a group in so many milliseconds, even if nothing happens. */
void lane_dispatch_in(struct lane *lane, int64_t ms);

/* The call waits again, at the place of its arrival. */
void lane_wait_again(struct lane *lane, struct call *call);

/* Tells the outcome of a call and releases it. */
void lane_complete(struct lane *lane, struct call *call, enum query_outcome outcome,
                   const PGresult *result, int row);

/* Tells each call of a group the same, with the first row of the result if there is one. */
void lane_complete_alike(struct lane *lane, const struct group *group, const PGresult *result);
