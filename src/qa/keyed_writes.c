/* Forgets the records of keyed writes. */
#include "qa/keyed_writes.h"

#include "ops/memory.h"
#include "ops/timer.h"

#include <stdlib.h>

enum {
    MOST = 1000, /* records that a step removes: some milliseconds */
    SOON_MS = 200,
    LEAST_REST_MS = 10 * 1000,
    LONGEST_REST_MS = 3600 * 1000 /* others may have made records that become old sooner */
};

struct keyed_writes {
    struct pool *pool;
    struct timer next_step;
    bool in_flight;
    bool closed;
};

static void step_in(struct keyed_writes *records, int64_t ms) {
    if (!records->closed) {
        timer_start(&records->next_step, ms);
    }
}

static int64_t rest_ms(int64_t next_s) {
    int64_t ms = next_s < LONGEST_REST_MS / 1000 ? next_s * 1000 : LONGEST_REST_MS;
    return ms > LEAST_REST_MS ? ms : LEAST_REST_MS;
}

static void on_done(void *owner, enum query_outcome outcome, const PGresult *result, int row) {
    enum { FORGOTTEN, NEXT_S };
    struct keyed_writes *records = owner;
    records->in_flight = false;
    if (outcome != QUERY_DONE) {
        step_in(records, LEAST_REST_MS);
    } else if (strtoll(PQgetvalue(result, row, FORGOTTEN), NULL, 10) == MOST) {
        step_in(records, SOON_MS);
    } else if (!PQgetisnull(result, row, NEXT_S)) {
        step_in(records, rest_ms(strtoll(PQgetvalue(result, row, NEXT_S), NULL, 10)));
    }
}

static void on_step(void *owner) {
    struct keyed_writes *records = owner;
    if (pool_is_paused(records->pool)) {
        step_in(records, LEAST_REST_MS);
        return;
    }
    struct call call = {
        .statement = STATEMENT_FORGET_KEYED_WRITES, .on_done = on_done, .owner = records};
    call_add_int64(&call, MOST);
    records->in_flight = true;
    pool_submit(records->pool, LANE_WRITES, &call);
}

struct keyed_writes *keyed_writes_new(struct event_base *base, struct pool *pool) {
    struct keyed_writes *records = memory_calloc(1, sizeof *records);
    records->pool = pool;
    timer_init(&records->next_step, base, on_step, records);
    return records;
}

void keyed_writes_begin(struct keyed_writes *records) {
    if (!records->in_flight) {
        step_in(records, SOON_MS);
    }
}

void keyed_writes_note(struct keyed_writes *records) {
    if (!records->in_flight && !timer_is_running(&records->next_step)) {
        step_in(records, LONGEST_REST_MS);
    }
}

void keyed_writes_close(struct keyed_writes *records) {
    records->closed = true;
    timer_stop(&records->next_step);
}

void keyed_writes_free(struct keyed_writes *records) {
    free(records);
}
