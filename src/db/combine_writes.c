/* Writes that share statements. */
#include "db/combine_writes.h"

#include "db/locked_rows.h"
#include "ops/clock.h"
#include "ops/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    CALLS_MAX = 200,         /* of a group: beyond it a commit costs little each, and waits grow */
    LOCKED_SHARE = 4,        /* of all calls, the part that may wait for locked rows */
    LONE_CONNECTION_REST = 2 /* lock timeouts after one for a locked row, where no other is left */
};

struct write_state {
    struct write_state_settings settings;
    struct locked_rows locked_rows;
    int64_t locked_rest_until_ms; /* no locked row is tried before that */
};

/* Locked rows */

static bool is_known_as_locked(struct write_state *state, const struct call *call) {
    return call->form && call->row != 0 && state->locked_rows.count > 0 &&
           locked_rows_noted_ms(&state->locked_rows, call->form->statement, call->row,
                                clock_ms()) >= 0;
}

/* Whether one more call may wait for a locked row. */
static bool has_room_for_locked(const struct write_state *state, const struct lane *lane) {
    size_t count = 0;
    const struct call *call;
    TAILQ_FOREACH(call, lane_calls(lane), in_lane) {
        count += call->company == COMPANY_LOCKED;
    }
    return count * LOCKED_SHARE < state->settings.call_limit;
}

static bool admits(void *state, const struct lane *lane, struct call *call) {
    if (!is_known_as_locked(state, call)) {
        return true;
    }
    call->company = COMPANY_LOCKED;
    return has_room_for_locked(state, lane);
}

static void note_locked(struct write_state *state, const struct call *call) {
    locked_rows_note(&state->locked_rows, call->form->statement, call->row, clock_ms());
}

/* From now on the call waits for its locked row. */
static void wait_for_lock(const struct write_state *state, struct lane *lane, struct call *call) {
    if (!has_room_for_locked(state, lane)) {
        lane_complete(lane, call, QUERY_REFUSED, NULL, -1);
        return;
    }
    call->company = COMPANY_LOCKED;
    if (call->state == CALL_SENT) {
        lane_wait_again(lane, call);
    }
}

/* Sets calls whose rows are known as locked apart from those that wait for a group. */
static void set_locked_apart(struct write_state *state, struct lane *lane) {
    struct call *next;
    for (struct call *call = TAILQ_FIRST(lane_waiting(lane)); call; call = next) {
        next = TAILQ_NEXT(call, in_queue);
        if (call->company == COMPANY_ANY && is_known_as_locked(state, call)) {
            wait_for_lock(state, lane, call);
        }
    }
}

static bool is_locked_in_flight(const struct lane *lane) {
    const struct call *call;
    TAILQ_FOREACH(call, lane_calls(lane), in_lane) {
        if (call->company == COMPANY_LOCKED && call->state == CALL_SENT) {
            return true;
        }
    }
    return false;
}

/* Of the calls for locked rows the one whose row was tried longest ago, so that each row has its
 * turn; NULL: none, or none may be tried now. */
static struct call *choose_locked(struct write_state *state, struct lane *lane) {
    struct call *chosen = NULL;
    int64_t chosen_ms = 0;
    int64_t now_ms = clock_ms();
    struct call *call;
    TAILQ_FOREACH(call, lane_waiting(lane), in_queue) {
        if (call->company == COMPANY_LOCKED) {
            int64_t noted_ms =
                locked_rows_noted_ms(&state->locked_rows, call->form->statement, call->row, now_ms);
            if (!chosen || noted_ms < chosen_ms) {
                chosen = call;
                chosen_ms = noted_ms;
            }
        }
    }
    if (!chosen || is_locked_in_flight(lane)) {
        return NULL;
    }
    if (now_ms < state->locked_rest_until_ms) {
        lane_dispatch_in(lane, state->locked_rest_until_ms - now_ms);
        return NULL;
    }
    return chosen;
}

/* The next group */

static bool is_equal(const struct call *a, const struct call *b) {
    const struct call_parameter *one = &a->parameters[0];
    const struct call_parameter *other = &b->parameters[0];
    return one->text && other->text ? strcmp(one->text, other->text) == 0
                                    : !one->text && !other->text && one->number == other->number;
}

static bool may_join(const struct call *first, const struct call *call) {
    if (call == first) {
        return true;
    }
    if (!first->form || call->form != first->form || call->company != first->company) {
        return false;
    }
    switch (first->company) {
    case COMPANY_EQUAL:
        return is_equal(first, call);
    case COMPANY_LOCKED:
        return call->row == first->row;
    default: /* what is free, as far as known, shares no group with what may meet a lock */
        return (call->sends > 0) == (first->sends > 0);
    }
}

/* Rejects calls that may have to wait for a lock once more and lack the time: they would end as
 * unknown, not as not written. A statement may wait twice for a row: for its turn, and then for the
 * lock. */
static void reject_without_time(const struct write_state *state, struct lane *lane) {
    const struct write_state_settings *settings = &state->settings;
    int64_t latest_ms = clock_ms() + settings->lock_timeout_ms * 5 / 2 - settings->timeout_ms;
    struct call *next;
    for (struct call *call = TAILQ_FIRST(lane_waiting(lane)); call && call->arrived_ms < latest_ms;
         call = next) {
        next = TAILQ_NEXT(call, in_queue);
        bool is_second_chance = call->company == COMPANY_ANY && call->sends > 0;
        if (is_second_chance || call->company == COMPANY_EQUAL || call->company == COMPANY_LOCKED) {
            lane_complete(lane, call, QUERY_REFUSED, NULL, -1);
        }
    }
}

/* The call that is sent next; NULL: none for now. */
static struct call *choose(struct write_state *state, struct lane *lane) {
    struct call *call = choose_locked(state, lane);
    if (call) {
        return call;
    }
    call = TAILQ_FIRST(lane_waiting(lane));
    while (call && call->company == COMPANY_LOCKED) {
        call = TAILQ_NEXT(call, in_queue);
    }
    return call;
}

static bool are_equal(struct call *const calls[], size_t count) {
    size_t equal = 1;
    while (equal < count && is_equal(calls[0], calls[equal])) {
        equal++;
    }
    return equal == count;
}

static struct group *make_group(struct lane *lane, struct call *const calls[], size_t count) {
    assert(count > 0);
    const struct write_form *form = calls[0]->form;
    if (!form) {
        return lane_group_of_one(lane, calls[0]);
    }
    struct group *group;
    if (calls[0]->company == COMPANY_LOOK) {
        group = lane_group(lane, GROUP_LOOK, form->unlocked, calls, count);
        group->when_lost = QUERY_REFUSED; /* it has written nothing */
        group_add_array(group, 0, "[]");
    } else if (form->for_equal != STATEMENT_COUNT && are_equal(calls, count)) {
        group = lane_group(lane, GROUP_EQUAL, form->for_equal, calls, count);
        const struct call_parameter number = {.number = (int64_t)count};
        group_add_parameter(group, &calls[0]->parameters[0]);
        group_add_parameter(group, &number);
    } else {
        group = lane_group(lane, GROUP_MANY, form->statement, calls, count);
        group_add_array(group, 0, "[]");
        for (int parameter = 1; parameter < calls[0]->parameter_count; parameter++) {
            group_add_array(group, parameter, "{}");
        }
    }
    return group;
}

static size_t calls_max(const struct call *first) {
    return first->form && first->form->calls_max > 0 ? first->form->calls_max : CALLS_MAX;
}

static struct group *next_group(void *state, struct lane *lane) {
    struct call *calls[CALLS_MAX];
    size_t count = 0;
    reject_without_time(state, lane);
    const struct call *first = choose(state, lane);
    if (!first) {
        return NULL;
    }
    size_t most = calls_max(first);
    struct call *call;
    TAILQ_FOREACH(call, lane_waiting(lane), in_queue) {
        if (count < most && may_join(first, call)) {
            calls[count++] = call;
        }
    }
    return make_group(lane, calls, count);
}

/* The result of a group, which is complete: a write that is overdue ends the connection, and with
 * it the group. */

/* The row of each place, -1 when it has none; the first column is the place, from 1. */
static void find_rows(const struct group *group, const PGresult *result, int rows[CALLS_MAX]) {
    for (size_t place = 0; place < group->count; place++) {
        rows[place] = group->kind == GROUP_EQUAL && PQntuples(result) > 0 ? 0 : -1;
    }
    for (int row = 0; group->kind != GROUP_EQUAL && row < PQntuples(result); row++) {
        size_t position = strtoul(PQgetvalue(result, row, 0), NULL, 10);
        if (position >= 1 && position <= group->count) {
            rows[position - 1] = row;
        }
    }
}

static void complete_rows(struct lane *lane, const struct group *group, const PGresult *result) {
    int rows[CALLS_MAX];
    find_rows(group, result, rows);
    for (size_t place = 0; place < group->count; place++) {
        lane_complete(lane, group->calls[place], QUERY_DONE, result, rows[place]);
    }
}

static void wait_again(struct lane *lane, const struct group *group, enum call_company company) {
    for (size_t place = 0; place < group->count; place++) {
        struct call *call = group->calls[place];
        call->company = company;
        lane_wait_again(lane, call);
    }
}

/* A statement has told which rows of a group that was rolled back for a lock are free. */
static void settle_look(struct write_state *state, struct lane *lane, const struct group *group,
                        const PGresult *result) {
    int rows[CALLS_MAX];
    find_rows(group, result, rows);
    for (size_t place = 0; place < group->count; place++) {
        struct call *call = group->calls[place];
        if (rows[place] < 0) {
            note_locked(state, call);
            wait_for_lock(state, lane, call);
        } else {
            call->company = COMPANY_ANY;
            lane_wait_again(lane, call);
        }
    }
    set_locked_apart(state, lane);
}

/* The first call, if all lock the same row; else NULL. */
static const struct call *common_row(const struct group *group) {
    const struct call *first = group->calls[0];
    for (size_t place = 0; place < group->count; place++) {
        if (group->calls[place]->row == 0 || group->calls[place]->row != first->row) {
            return NULL;
        }
    }
    return first;
}

/* What the outcome of a group tells about the row that all its calls lock. */
static void learn_about_row(struct write_state *state, struct lane *lane, const struct call *call,
                            enum query_outcome outcome) {
    if (outcome == QUERY_LOCKED) {
        note_locked(state, call);
        set_locked_apart(state, lane);
        if (state->settings.is_lone_connection) {
            state->locked_rest_until_ms =
                clock_ms() + LONE_CONNECTION_REST * state->settings.lock_timeout_ms;
        }
    } else if (outcome == QUERY_DONE && call->company == COMPANY_LOCKED) {
        locked_rows_forget(&state->locked_rows, call->form->statement, call->row);
    }
}

/* What becomes of a group that failed. */
static void settle_failure(struct lane *lane, const struct group *group, enum query_outcome outcome,
                           bool has_common_row, const PGresult *result) {
    const struct call *first = group->calls[0];
    assert(first);
    bool is_rolled_back =
        outcome == QUERY_FAILED || outcome == QUERY_LOCKED || outcome == QUERY_CONFLICT;
    bool all_met_the_lock = outcome == QUERY_LOCKED && has_common_row;
    if (outcome == QUERY_LOCKED && !has_common_row && first->company == COMPANY_ANY &&
        first->form->unlocked != STATEMENT_COUNT) {
        wait_again(lane, group, COMPANY_LOOK);
    } else if (is_rolled_back && !all_met_the_lock && group->count > 1 &&
               first->company != COMPANY_EQUAL) {
        wait_again(lane, group, COMPANY_EQUAL);
    } else {
        lane_complete_alike(lane, group, result);
    }
}

static void settle(void *state, struct lane *lane, const struct group *group,
                   const PGresult *result) {
    enum query_outcome outcome = query_outcome_of(result);
    const struct call *of_row = common_row(group);
    if (group->kind == GROUP_ONE) {
        lane_complete_alike(lane, group, result);
        return;
    }
    if (group->kind == GROUP_LOOK && outcome == QUERY_DONE) {
        settle_look(state, lane, group, result);
        return;
    }
    if (of_row) {
        learn_about_row(state, lane, of_row, outcome);
    }
    if (outcome == QUERY_DONE) {
        complete_rows(lane, group, result);
    } else {
        settle_failure(lane, group, outcome, of_row != NULL, result);
    }
}

const struct combine combine_writes = {.next = next_group, .settle = settle, .admits = admits};

struct write_state *combine_writes_state_new(const struct write_state_settings *settings) {
    struct write_state *state = memory_allocate(sizeof *state);
    *state = (struct write_state){.settings = *settings};
    return state;
}

void combine_writes_state_free(struct write_state *state) {
    free(state);
}
