/* A lane: admission, queue, deadline and overload of one kind of calls. */
#include "db/lane.h"

#include "db/lane_queue.h"
#include "ops/clock.h"
#include "ops/memory.h"
#include "ops/timer.h"

#include <stdlib.h>
#include <string.h>

enum { SENDS_MAX = 4 /* of one read, when connections are lost under it */ };

struct lane {
    struct lane_settings settings;
    struct lane_queue queue;
    size_t busy;            /* connections */
    int64_t dispatch_in_ms; /* what the strategy said last; INT64_MAX: nothing */
    struct timer deadline;  /* of the call that arrived first */
    bool is_paused;
    bool is_awaited; /* a pause is over, and no connection has told yet whether there is one */
    bool is_closed;
};

bool lane_is_ready(const struct lane *lane) {
    for (size_t i = 0; i < lane->settings.connection_count; i++) {
        if (connection_is_ready(lane->settings.connections[i])) {
            return true;
        }
    }
    return false;
}

bool lane_is_held(const struct lane *lane) {
    return lane->is_paused || lane->is_awaited;
}

size_t lane_call_count(const struct lane *lane) {
    return lane->queue.count;
}

size_t lane_held_over(const struct lane *lane) {
    return lane->is_paused ? lane->queue.count : lane->queue.held_over;
}

int64_t lane_waits_since_ms(const struct lane *lane) {
    return lane_queue_waits_since_ms(&lane->queue);
}

/* Tells the outcome and releases the texts, but not the struct. */
static void tell(const struct lane *lane, struct call *call, enum query_outcome outcome,
                 const PGresult *result, int row) {
    bool has_result = outcome == QUERY_DONE || outcome == QUERY_FAILED;
    call->state = CALL_COMPLETED;
    call->times.completed_us = clock_us();
    lane_counts_complete(&lane->settings.counts, outcome);
    if (call->told) {
        *call->told = call->times;
    }
    call->on_done(call->owner, outcome, has_result ? result : NULL, row);
    for (int i = 0; i < call->parameter_count; i++) {
        free(call->parameters[i].text);
    }
}

void lane_complete(struct lane *lane, struct call *call, enum query_outcome outcome,
                   const PGresult *result, int row) {
    lane_counts_leave(&lane->settings.counts, call->state == CALL_WAITING);
    if (call->group) {
        call->group->calls[call->place] = NULL;
    }
    lane_queue_remove(&lane->queue, call);
    tell(lane, call, outcome, result, row);
    free(call);
}

const struct call_queue *lane_calls(const struct lane *lane) {
    return &lane->queue.calls;
}

const struct call_queue *lane_waiting(const struct lane *lane) {
    return &lane->queue.waiting;
}

void lane_dispatch_in(struct lane *lane, int64_t ms) {
    lane->dispatch_in_ms = ms;
}

struct group *lane_group(struct lane *lane, enum group_kind kind, enum statement statement,
                         struct call *const calls[], size_t count) {
    struct group *group = group_new(kind, statement, calls, count);
    group->lane = lane;
    group->is_write = lane->settings.is_write;
    lane_counts_group(&lane->settings.counts, count);
    for (size_t place = 0; place < count; place++) {
        lane_queue_take(&lane->queue, calls[place]);
    }
    return group;
}

struct group *lane_group_of_one(struct lane *lane, struct call *call) {
    struct group *group = lane_group(lane, GROUP_ONE, call->statement, &call, 1);
    for (int i = 0; i < call->parameter_count; i++) {
        group_add_parameter(group, &call->parameters[i]);
    }
    return group;
}

void lane_wait_again(struct lane *lane, struct call *call) {
    call->group->calls[call->place] = NULL;
    call->group = NULL;
    lane_counts_wait_again(&lane->settings.counts);
    lane_queue_return(&lane->queue, call);
}

void lane_reject_waiting(struct lane *lane) {
    struct call *call;
    while ((call = TAILQ_FIRST(&lane->queue.waiting))) {
        /* The analyzer does not see that a call that waits leaves the queue. */
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc)
        lane_complete(lane, call, QUERY_REFUSED, NULL, -1);
    }
}

/* Completes what is still in a group. A call by itself tells only whoever wants it that it may have
 * been applied. */
static void complete_group(struct lane *lane, const struct group *group, enum query_outcome outcome,
                           const PGresult *result) {
    int row = outcome == QUERY_DONE && PQntuples(result) > 0 ? 0 : -1;
    if (outcome == QUERY_UNKNOWN && group->kind != GROUP_ONE && lane->settings.on_uncertain) {
        lane->settings.on_uncertain(lane->settings.owner);
    }
    for (size_t place = 0; place < group->count; place++) {
        if (group->calls[place]) {
            /* The analyzer does not see that a call that was sent leaves its group. */
            // NOLINTNEXTLINE(clang-analyzer-unix.Malloc)
            lane_complete(lane, group->calls[place], outcome, result, row);
        }
    }
}

void lane_complete_alike(struct lane *lane, const struct group *group, const PGresult *result) {
    complete_group(lane, group, query_outcome_of(result), result);
}

/* For how long something has lasted, as far as overload counts it. */
static int64_t counted_ms(const struct lane *lane, int64_t since_ms) {
    int64_t from_ms = lane->queue.counts_from_ms;
    return clock_ms() - (since_ms > from_ms ? since_ms : from_ms);
}

static bool is_overloaded(const struct lane *lane) {
    const struct lane_settings *settings = &lane->settings;
    if (lane->queue.count < settings->short_queue) {
        return false;
    }
    const struct call *first = TAILQ_FIRST(&lane->queue.waiting);
    while (first && (first->sends > 0 || first->company != COMPANY_ANY)) {
        first = TAILQ_NEXT(first, in_queue);
    }
    return first && counted_ms(lane, first->arrived_ms) > settings->queue_wait_ms &&
           counted_ms(lane, lane->queue.waiting_since_ms) > settings->young_queue_ms;
}

static bool admits(const struct lane *lane, struct call *call) {
    const struct combine *combine = lane->settings.combine;
    const struct lane_counts *counts = &lane->settings.counts;
    if (lane->is_closed) {
        return lane_counts_reject(counts, METRICS_STOPPING);
    }
    if (!lane_is_held(lane) && !lane_is_ready(lane)) {
        return lane_counts_reject(counts, METRICS_NO_CONNECTION);
    }
    if (lane->queue.count >= lane->settings.call_limit) {
        return lane_counts_reject(counts, METRICS_QUEUE_FULL);
    }
    if (!lane_is_held(lane) && is_overloaded(lane)) {
        return lane_counts_reject(counts, METRICS_OVERLOAD);
    }
    return !combine->admits || combine->admits(lane->settings.combine_state, lane, call) ||
           lane_counts_reject(counts, METRICS_ROW_LOCKED);
}

/* The call whose deadline comes first; NULL: there is none. In a pause those that wait have none.
 */
static struct call *next_due(const struct lane *lane) {
    struct call *call = TAILQ_FIRST(&lane->queue.calls);
    while (call && lane->is_paused && call->state == CALL_WAITING) {
        call = TAILQ_NEXT(call, in_lane);
    }
    return call;
}

static void arm_deadline(struct lane *lane) {
    const struct call *first = next_due(lane);
    if (first && !timer_is_running(&lane->deadline)) {
        int64_t rest_ms = first->arrived_ms + lane->settings.timeout_ms - clock_ms();
        timer_start(&lane->deadline, rest_ms < 1 ? 1 : rest_ms);
    }
}

void lane_submit(struct lane *lane, struct call *call) {
    call->times.submitted_us = clock_us();
    if (!admits(lane, call)) {
        tell(lane, call, QUERY_REFUSED, NULL, -1);
        return;
    }
    call = memcpy(memory_allocate(sizeof *call), call, sizeof *call);
    lane_queue_add(&lane->queue, call);
    lane_counts_arrive(&lane->settings.counts);
    if (lane->is_paused) {
        return; /* it has no deadline yet, and those that were sent keep theirs */
    }
    if (call->spent_ms > 0) {
        timer_stop(&lane->deadline); /* it may be due before those that are there */
    }
    arm_deadline(lane);
}

/*
 * The connection for what waits: an idle one, when none is busy with others of the lane or the
 * first has waited long enough. The more reads go together, and the fewer server processes take
 * turns, the less each costs. NULL: none yet.
 */
static struct connection *choose_connection(const struct lane *lane) {
    const struct lane_settings *settings = &lane->settings;
    bool is_patient =
        lane->busy > 0 && clock_ms() - lane_waits_since_ms(lane) < settings->patience_ms;
    if (is_patient || lane->busy >= settings->busy_limit) {
        return NULL;
    }
    for (size_t i = 0; i < settings->connection_count; i++) {
        struct connection *connection = settings->connections[i];
        if (connection_is_ready(connection) && !connection_is_busy(connection)) {
            return connection;
        }
    }
    return NULL;
}

static void wait_again(struct lane *lane, const struct group *group) {
    for (size_t place = 0; place < group->count; place++) {
        if (group->calls[place]) {
            lane_wait_again(lane, group->calls[place]);
        }
    }
}

static void send_group(struct lane *lane, struct group *group, struct connection *connection) {
    for (size_t place = 0; place < group->count; place++) {
        const struct call *call = group->calls[place];
        if (call->on_send) {
            call->on_send(call->owner);
        }
    }
    const char *failure = connection_send(connection, group);
    if (failure) {
        connection_drop(connection, failure);
        wait_again(lane, group);
        group_free(group);
        return;
    }
    lane->busy++;
    group->sent_us = clock_us();
    lane_counts_send(&lane->settings.counts, group);
    for (size_t place = 0; place < group->count; place++) {
        group->calls[place]->sends++;
        group->calls[place]->times.sent_us = group->sent_us;
    }
}

static void reject_late(struct lane *lane) {
    while (clock_ms() - lane->settings.longest_wait_ms > lane_waits_since_ms(lane)) {
        (void)lane_counts_reject(&lane->settings.counts, METRICS_WAITED_LONG);
        lane_complete(lane, TAILQ_FIRST(&lane->queue.waiting), QUERY_REFUSED, NULL, -1);
    }
}

int64_t lane_dispatch(struct lane *lane) {
    const struct lane_settings *settings = &lane->settings;
    reject_late(lane);
    struct connection *connection;
    struct group *group;
    lane->dispatch_in_ms = INT64_MAX;
    while (!TAILQ_EMPTY(&lane->queue.waiting) && (connection = choose_connection(lane)) &&
           (group = settings->combine->next(settings->combine_state, lane))) {
        send_group(lane, group, connection);
    }
    bool is_patient = settings->patience_ms > 0 && !TAILQ_EMPTY(&lane->queue.waiting);
    return is_patient ? settings->patience_ms : lane->dispatch_in_ms;
}

/* Rolled back, so also a write may go again. Each try replaces a connection, and the deadline ends
 * them. */
static void send_anew(struct lane *lane, const struct group *group, struct connection *connection) {
    for (size_t place = 0; place < group->count; place++) {
        if (group->calls[place]) {
            group->calls[place]->sends = 0;
        }
    }
    connection_drop(connection, "its prepared statements are out of date");
    wait_again(lane, group);
}

static void tell_replayed(const struct group *group) {
    for (size_t place = 0; place < group->count; place++) {
        if (group->calls[place]) {
            group->calls[place]->times.replayed = group->replayed;
        }
    }
}

void lane_settle(struct group *group, struct connection *connection, PGresult *result) {
    struct lane *lane = group->lane;
    lane->busy--;
    lane_counts_settle(&lane->settings.counts, group, result);
    tell_replayed(group);
    if (query_is_outdated(result)) {
        send_anew(lane, group, connection);
    } else if (group->is_write && query_has_succeeded(result) &&
               !connection_is_current(connection)) {
        /* The other server may lack what this one has committed. */
        complete_group(lane, group, group->when_lost, NULL);
        connection_drop(connection, connection_taken_over);
    } else {
        lane->settings.combine->settle(lane->settings.combine_state, lane, group, result);
    }
    group_free(group);
    PQclear(result);
}

/* Reads go again, unless they have lost several connections already. */
static void read_again(struct lane *lane, const struct group *group) {
    for (size_t place = 0; place < group->count; place++) {
        struct call *call = group->calls[place];
        if (call && call->sends < SENDS_MAX) {
            lane_wait_again(lane, call);
        } else if (call) {
            lane_complete(lane, call, QUERY_REFUSED, NULL, -1);
        }
    }
}

void lane_lose(struct group *group) {
    struct lane *lane = group->lane;
    lane->busy--;
    if (lane->settings.is_write) {
        complete_group(lane, group, group->when_lost, NULL);
    } else {
        read_again(lane, group);
    }
    group_free(group);
}

static void on_deadline(void *owner) {
    struct lane *lane = owner;
    int64_t latest_ms = clock_ms() - lane->settings.timeout_ms;
    struct call *call;
    while ((call = next_due(lane)) && call->arrived_ms <= latest_ms) {
        struct connection *connection = call->group ? call->group->connection : NULL;
        if (!connection || !lane->settings.is_write) {
            lane_complete(lane, call, QUERY_EXPIRED, NULL, -1);
        }
        if (connection) {
            /* The statement timeout should have ended it: this server or this link hangs. */
            connection_drop(connection, "a result is overdue");
        }
    }
    arm_deadline(lane);
}

void lane_pause(struct lane *lane) {
    lane->is_paused = true;
    lane->is_awaited = false;
}

void lane_resume(struct lane *lane) {
    lane->is_paused = false;
    lane->is_awaited = true;
    lane_counts_hold(&lane->settings.counts, lane_queue_wait_anew(&lane->queue));
    timer_stop(&lane->deadline);
    arm_deadline(lane);
}

void lane_stop_awaiting(struct lane *lane) {
    if (lane->is_awaited) {
        lane->is_awaited = false;
        lane_queue_count_anew(&lane->queue);
    }
}

struct lane *lane_new(struct event_base *base, const struct lane_settings *settings) {
    struct lane *lane = memory_allocate(sizeof *lane);
    *lane = (struct lane){.settings = *settings};
    lane_queue_init(&lane->queue);
    timer_init(&lane->deadline, base, on_deadline, lane);
    return lane;
}

void lane_close(struct lane *lane) {
    const struct call *call;
    lane->is_closed = true;
    lane_reject_waiting(lane);
    while ((call = TAILQ_FIRST(&lane->queue.calls))) {
        const struct group *group = call->group;
        complete_group(lane, group, lane->settings.is_write ? group->when_lost : QUERY_REFUSED,
                       NULL);
    }
}

void lane_free(struct lane *lane) {
    timer_stop(&lane->deadline);
    free(lane);
}
