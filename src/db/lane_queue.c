/* The calls of a lane. */
#include "db/lane_queue.h"

#include "ops/clock.h"

void lane_queue_init(struct lane_queue *queue) {
    *queue = (struct lane_queue){0};
    TAILQ_INIT(&queue->calls);
    TAILQ_INIT(&queue->waiting);
}

void lane_queue_add(struct lane_queue *queue, struct call *call) {
    call->state = CALL_WAITING;
    call->number = queue->arrivals++;
    int64_t now_ms = clock_ms();
    call->arrived_ms = now_ms - call->spent_ms;
    if (TAILQ_EMPTY(&queue->waiting)) {
        queue->waiting_since_ms = now_ms;
    }
    TAILQ_INSERT_TAIL(&queue->waiting, call, in_queue);
    struct call *before = TAILQ_LAST(&queue->calls, call_queue);
    while (before && before->arrived_ms > call->arrived_ms) {
        before = TAILQ_PREV(before, call_queue, in_lane);
    }
    if (before) {
        TAILQ_INSERT_AFTER(&queue->calls, before, call, in_lane);
    } else {
        TAILQ_INSERT_HEAD(&queue->calls, call, in_lane);
    }
    queue->count++;
}

void lane_queue_take(struct lane_queue *queue, struct call *call) {
    TAILQ_REMOVE(&queue->waiting, call, in_queue);
    call->state = CALL_SENT;
}

void lane_queue_return(struct lane_queue *queue, struct call *call) {
    call->state = CALL_WAITING;
    if (TAILQ_EMPTY(&queue->waiting)) {
        queue->waiting_since_ms = clock_ms();
    }
    struct call *next = TAILQ_FIRST(&queue->waiting);
    while (next && next->number < call->number) {
        next = TAILQ_NEXT(next, in_queue);
    }
    if (next) {
        TAILQ_INSERT_BEFORE(next, call, in_queue);
    } else {
        TAILQ_INSERT_TAIL(&queue->waiting, call, in_queue);
    }
}

void lane_queue_remove(struct lane_queue *queue, struct call *call) {
    if (call->state == CALL_WAITING) {
        TAILQ_REMOVE(&queue->waiting, call, in_queue);
    }
    TAILQ_REMOVE(&queue->calls, call, in_lane);
    queue->count--;
    if (call->number < queue->resumed_at) {
        queue->held_over--;
        lane_queue_count_anew(queue);
    }
}

void lane_queue_count_anew(struct lane_queue *queue) {
    queue->counts_from_ms = clock_ms();
}

size_t lane_queue_wait_anew(struct lane_queue *queue) {
    struct call *call;
    size_t waiting = 0;
    queue->resumed_at = queue->arrivals;
    queue->held_over = queue->count;
    queue->waiting_since_ms = clock_ms();
    TAILQ_FOREACH(call, &queue->waiting, in_queue) {
        call->arrived_ms = queue->waiting_since_ms;
        TAILQ_REMOVE(&queue->calls, call, in_lane);
        TAILQ_INSERT_TAIL(&queue->calls, call, in_lane);
        waiting++;
    }
    return waiting;
}

int64_t lane_queue_waits_since_ms(const struct lane_queue *queue) {
    const struct call *first = TAILQ_FIRST(&queue->waiting);
    return first ? first->arrived_ms : INT64_MAX;
}
