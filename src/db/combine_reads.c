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
    default:
        return STATEMENT_COUNT;
    }
}

static bool may_join(const struct call *first, const struct call *call) {
    return call == first ||
           (!first->is_alone && !call->is_alone && call->statement == first->statement &&
            for_many(first->statement) != STATEMENT_COUNT);
}

static size_t text_size(struct call *const *calls, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        for (int k = 0; k < calls[i]->parameter_count; k++) {
            size += group_parameter_size(&calls[i]->parameters[k]) + sizeof "{}";
        }
    }
    return size;
}

/* The calls' numbers as an array, which need no quotes. */
static void put_array(struct group *group, int parameter) {
    for (size_t place = 0; place < group->count; place++) {
        group_put_text(group, place == 0 ? "{" : ",", 1);
        group_put_parameter(group, &group->calls[place]->parameters[parameter]);
    }
    group_put_text(group, "}", 1);
}

static void put_parameters(struct group *group) {
    const struct call *first = group->calls[0];
    for (int k = 0; k < first->parameter_count; k++) {
        group_begin_parameter(group);
        if (group->count > 1) {
            put_array(group, k);
        } else {
            group_put_parameter(group, &first->parameters[k]);
        }
    }
}

static struct group *next(struct lane *lane, const struct call_queue *waiting) {
    struct call *first = TAILQ_FIRST(waiting);
    struct call *calls[CALLS_MAX];
    size_t count = 0;
    int64_t weight = 0;
    for (struct call *call = first; call && count < CALLS_MAX; call = TAILQ_NEXT(call, in_queue)) {
        if (may_join(first, call) && (call == first || weight + call->weight <= WEIGHT_MAX)) {
            calls[count++] = call;
            weight += call->weight;
        }
    }
    enum statement statement = count > 1 ? for_many(first->statement) : first->statement;
    struct group *group = group_new(statement, count, text_size(calls, count));
    for (size_t i = 0; i < count; i++) {
        lane_take(lane, calls[i], group);
    }
    put_parameters(group);
    return group;
}

/* The row of a call, whose place, from 1, is in the second column; -1: there is none. */
static int row_of(const PGresult *result, size_t place) {
    int row = 0;
    while (row < PQntuples(result) && strtoul(PQgetvalue(result, row, 1), NULL, 10) != place + 1) {
        row++;
    }
    return row < PQntuples(result) ? row : -1;
}

static void settle_one(struct lane *lane, struct call *call, const PGresult *result) {
    if (query_has_succeeded(result)) {
        lane_complete(lane, call, QUERY_DONE, result, PQntuples(result) > 0 ? 0 : -1);
    } else {
        lane_complete(lane, call, query_outcome_of_error(result), result, -1);
    }
}

static void settle_one_of_many(struct lane *lane, struct call *call, const PGresult *result) {
    if (query_has_succeeded(result)) {
        int row = row_of(result, call->place);
        lane_complete(lane, call, row >= 0 ? QUERY_DONE : QUERY_REFUSED, result, row);
        return;
    }
    enum query_outcome outcome = query_outcome_of_error(result);
    if (outcome == QUERY_LOCKED || outcome == QUERY_CONFLICT) {
        lane_complete(lane, call, outcome, NULL, -1); /* it would meet that alone as well */
    } else {
        call->is_alone = true;
        lane_wait_again(lane, call);
    }
}

static void settle(struct lane *lane, const struct group *group, const PGresult *result) {
    for (size_t place = 0; place < group->count; place++) {
        struct call *call = group->calls[place];
        if (call && group->count == 1) {
            settle_one(lane, call, result);
        } else if (call) {
            settle_one_of_many(lane, call, result);
        }
    }
}

const struct combine combine_reads = {.next = next, .settle = settle};
