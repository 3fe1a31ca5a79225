/* A lane: admission, queue, deadline and overload of one kind of calls. */
#include "db/lane.h"

#include "ops/clock.h"
#include "ops/memory.h"
#include "ops/timer.h"

#include <stdlib.h>

enum { SENDS_MAX = 4 /* of one read, when connections are lost under it */ };

struct lane {
    struct lane_settings settings;
    struct call_queue calls; /* that are not completed */
    size_t call_count;
    uint64_t arrivals; /* so far */
    struct call_queue waiting;
    int64_t waiting_since_ms; /* without a break; undefined while none waits */
    size_t busy;              /* connections */
    struct timer deadline;    /* of the call that arrived first */
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

int64_t lane_waits_since_ms(const struct lane *lane) {
    const struct call *first = TAILQ_FIRST(&lane->waiting);
    return first ? first->arrived_ms : INT64_MAX;
}

void lane_complete(struct lane *lane, struct call *call, enum query_outcome outcome,
                   const PGresult *result, int row) {
    if (call->state == CALL_WAITING) {
        TAILQ_REMOVE(&lane->waiting, call, in_queue);
    } else {
        call->group->calls[call->place] = NULL;
    }
    TAILQ_REMOVE(&lane->calls, call, in_lane);
    lane->call_count--;
    call_complete(call, outcome, result, row);
    free(call);
}

void lane_take(struct lane *lane, struct call *call, struct group *group) {
    TAILQ_REMOVE(&lane->waiting, call, in_queue);
    group_add(group, call);
    call->state = CALL_SENT;
}

void lane_wait_again(struct lane *lane, struct call *call) {
    call->group->calls[call->place] = NULL;
    call->group = NULL;
    call->state = CALL_WAITING;
    if (TAILQ_EMPTY(&lane->waiting)) {
        lane->waiting_since_ms = clock_ms();
    }
    struct call *next = TAILQ_FIRST(&lane->waiting);
    while (next && next->number < call->number) {
        next = TAILQ_NEXT(next, in_queue);
    }
    if (next) {
        TAILQ_INSERT_BEFORE(next, call, in_queue);
    } else {
        TAILQ_INSERT_TAIL(&lane->waiting, call, in_queue);
    }
}

void lane_reject_waiting(struct lane *lane) {
    struct call *call;
    while ((call = TAILQ_FIRST(&lane->waiting))) {
        lane_complete(lane, call, QUERY_REFUSED, NULL, -1);
    }
}

/* Completes what is still in a group. */
static void complete_group(struct lane *lane, const struct group *group,
                           enum query_outcome outcome) {
    for (size_t place = 0; place < group->count; place++) {
        if (group->calls[place]) {
            lane_complete(lane, group->calls[place], outcome, NULL, -1);
        }
    }
}

static bool is_overloaded(const struct lane *lane) {
    const struct lane_settings *settings = &lane->settings;
    if (lane->call_count < settings->short_queue) {
        return false;
    }
    const struct call *first = TAILQ_FIRST(&lane->waiting);
    while (first && first->sends > 0) {
        first = TAILQ_NEXT(first, in_queue);
    }
    int64_t now_ms = clock_ms();
    return first && now_ms - first->arrived_ms > settings->queue_wait_ms &&
           now_ms - lane->waiting_since_ms > settings->young_queue_ms;
}

static bool admits(const struct lane *lane) {
    return !lane->is_closed && lane_is_ready(lane) &&
           lane->call_count < lane->settings.call_limit && !is_overloaded(lane);
}

static void arm_deadline(struct lane *lane) {
    const struct call *first = TAILQ_FIRST(&lane->calls);
    if (first) {
        int64_t rest_ms = first->arrived_ms + lane->settings.timeout_ms - clock_ms();
        timer_start(&lane->deadline, rest_ms < 1 ? 1 : rest_ms);
    }
}

static void insert_by_arrival(struct lane *lane, struct call *call) {
    struct call *earlier = TAILQ_LAST(&lane->calls, call_queue);
    while (earlier && earlier->arrived_ms > call->arrived_ms) {
        earlier = TAILQ_PREV(earlier, call_queue, in_lane);
    }
    if (earlier) {
        TAILQ_INSERT_AFTER(&lane->calls, earlier, call, in_lane);
    } else {
        TAILQ_INSERT_HEAD(&lane->calls, call, in_lane);
    }
}

void lane_submit(struct lane *lane, struct call *wanted) {
    if (!admits(lane)) {
        call_complete(wanted, QUERY_REFUSED, NULL, -1);
        return;
    }
    struct call *call = memory_allocate(sizeof *call);
    *call = *wanted;
    call->state = CALL_WAITING;
    call->number = lane->arrivals++;
    call->arrived_ms = call->arrived_ms ? call->arrived_ms : clock_ms();
    if (TAILQ_EMPTY(&lane->waiting)) {
        lane->waiting_since_ms = clock_ms();
    }
    TAILQ_INSERT_TAIL(&lane->waiting, call, in_queue);
    insert_by_arrival(lane, call);
    lane->call_count++;
    if (call == TAILQ_FIRST(&lane->calls)) {
        arm_deadline(lane);
    }
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
    group->lane = lane;
    group->is_write = lane->settings.is_write;
    for (size_t place = 0; place < group->count; place++) {
        const struct call *call = group->calls[place];
        if (call->on_send) {
            call->on_send(call->owner);
        }
    }
    if (!connection_send(connection, group)) {
        wait_again(lane, group);
        group_free(group);
        connection_drop(connection, "the connection broke while sending");
        return;
    }
    lane->busy++;
    for (size_t place = 0; place < group->count; place++) {
        group->calls[place]->sends++;
    }
}

static void reject_late(struct lane *lane) {
    while (clock_ms() - lane->settings.longest_wait_ms > lane_waits_since_ms(lane)) {
        lane_complete(lane, TAILQ_FIRST(&lane->waiting), QUERY_REFUSED, NULL, -1);
    }
}

void lane_dispatch(struct lane *lane) {
    reject_late(lane);
    struct connection *connection;
    struct group *group;
    while (!TAILQ_EMPTY(&lane->waiting) && (connection = choose_connection(lane)) &&
           (group = lane->settings.combine->next(lane, &lane->waiting))) {
        send_group(lane, group, connection);
    }
}

void lane_settle(struct group *group, struct connection *connection, PGresult *result) {
    struct lane *lane = group->lane;
    bool is_outdated = query_is_outdated(result);
    lane->busy--;
    if (is_outdated) {
        /* Rolled back, so also a write may go again. Each try replaces a connection, and the
         * deadline ends them. */
        for (size_t place = 0; place < group->count; place++) {
            if (group->calls[place]) {
                group->calls[place]->sends = 0;
            }
        }
        wait_again(lane, group);
    } else {
        lane->settings.combine->settle(lane, group, result);
    }
    group_free(group);
    PQclear(result);
    if (is_outdated) {
        connection_drop(connection, "its prepared statements are out of date");
    }
}

void lane_lose(struct group *group) {
    struct lane *lane = group->lane;
    lane->busy--;
    for (size_t place = 0; place < group->count; place++) {
        struct call *call = group->calls[place];
        if (!call) {
            continue;
        }
        if (lane->settings.is_write) {
            lane_complete(lane, call, QUERY_UNKNOWN, NULL, -1);
        } else if (call->sends < SENDS_MAX) {
            lane_wait_again(lane, call);
        } else {
            lane_complete(lane, call, QUERY_REFUSED, NULL, -1);
        }
    }
    group_free(group);
}

static void on_deadline(void *owner) {
    struct lane *lane = owner;
    int64_t latest_ms = clock_ms() - lane->settings.timeout_ms;
    struct call *call;
    while ((call = TAILQ_FIRST(&lane->calls)) && call->arrived_ms <= latest_ms) {
        /* Of one that was sent, the statement timeout should have ended it: this server or this
         * link hangs. */
        struct connection *connection = call->group ? call->group->connection : NULL;
        bool is_unknown = connection && lane->settings.is_write;
        lane_complete(lane, call, is_unknown ? QUERY_UNKNOWN : QUERY_EXPIRED, NULL, -1);
        if (connection) {
            connection_drop(connection, "an answer is overdue");
        }
    }
    arm_deadline(lane);
}

struct lane *lane_new(struct event_base *base, const struct lane_settings *settings) {
    struct lane *lane = memory_allocate(sizeof *lane);
    *lane = (struct lane){.settings = *settings};
    TAILQ_INIT(&lane->calls);
    TAILQ_INIT(&lane->waiting);
    timer_init(&lane->deadline, base, on_deadline, lane);
    return lane;
}

void lane_close(struct lane *lane) {
    struct call *call;
    lane->is_closed = true;
    lane_reject_waiting(lane);
    while ((call = TAILQ_FIRST(&lane->calls))) {
        complete_group(lane, call->group, lane->settings.is_write ? QUERY_UNKNOWN : QUERY_REFUSED);
    }
}

void lane_free(struct lane *lane) {
    timer_stop(&lane->deadline);
    free(lane);
}
