/* Reads that are sent together. */
#include "db/combine_reads.h"

#include <stdlib.h>

enum {
    CALLS_MAX = 16, /* beyond it each costs little less, and the first waits for all */
    WEIGHT_MAX = 80 /* of all: as many first pages, however long, end in the statement's time */
};

/* The statement that does for many what a statement does for one; STATEMENT_COUNT: there is none.
 */
static enum statement for_many(enum statement statement) {
    switch (statement) {
    case STATEMENT_LIST_ANSWERS:
        return STATEMENT_LIST_ANSWERS_MANY;
    case STATEMENT_LIST_QUESTIONS:
        return STATEMENT_LIST_QUESTIONS_MANY;
    case STATEMENT_STANDBY_QUESTIONS:
        return STATEMENT_STANDBY_QUESTIONS_MANY;
    default:
        return STATEMENT_COUNT;
    }
}

static bool may_join(const struct call *first, const struct call *call) {
    return call == first ||
           (first->company == COMPANY_ANY && call->company == COMPANY_ANY &&
            call->statement == first->statement && for_many(first->statement) != STATEMENT_COUNT);
}

static struct group *next_group(void *state, struct lane *lane) {
    (void)state;
    struct call *first = TAILQ_FIRST(lane_waiting(lane));
    struct call *calls[CALLS_MAX];
    size_t count = 0;
    int64_t weight = 0;
    for (struct call *call = first; call && count < CALLS_MAX; call = TAILQ_NEXT(call, in_queue)) {
        if (may_join(first, call) && (call == first || weight + call->weight <= WEIGHT_MAX)) {
            calls[count++] = call;
            weight += call->weight;
        }
    }
    if (count == 1) {
        return lane_group_of_one(lane, first);
    }
    struct group *group = lane_group(lane, GROUP_MANY, for_many(first->statement), calls, count);
    for (int i = 0; i < first->parameter_count; i++) {
        group_add_array(group, i, "{}");
    }
    return group;
}

static struct group *next_lone(void *state, struct lane *lane) {
    (void)state;
    return lane_group_of_one(lane, TAILQ_FIRST(lane_waiting(lane)));
}

/* The row of a call, whose place, from 1, is in the second column; -1: there is none. */
static int row_of(const PGresult *result, size_t place) {
    int row = 0;
    while (row < PQntuples(result) && strtoul(PQgetvalue(result, row, 1), NULL, 10) != place + 1) {
        row++;
    }
    return row < PQntuples(result) ? row : -1;
}

static void settle_one_of_many(struct lane *lane, struct call *call, const PGresult *result) {
    enum query_outcome outcome = query_outcome_of(result);
    if (outcome == QUERY_DONE) {
        int row = row_of(result, call->place);
        lane_complete(lane, call, row >= 0 ? QUERY_DONE : QUERY_REFUSED, result, row);
    } else if (outcome == QUERY_LOCKED || outcome == QUERY_CONFLICT) {
        lane_complete(lane, call, outcome, NULL, -1); /* it would meet that alone as well */
    } else {
        call->company = COMPANY_EQUAL;
        lane_wait_again(lane, call);
    }
}

static void settle(void *state, struct lane *lane, const struct group *group,
                   const PGresult *result) {
    (void)state;
    if (group->kind == GROUP_ONE) {
        lane_complete_alike(lane, group, result);
        return;
    }
    for (size_t place = 0; place < group->count; place++) {
        if (group->calls[place]) {
            settle_one_of_many(lane, group->calls[place], result);
        }
    }
}

const struct combine combine_reads = {.next = next_group, .settle = settle};
const struct combine combine_large_reads = {.next = next_lone, .settle = settle};
