/* The supervisor's states. */
#include "process/lifecycle.h"
#include "suites.h"

enum { STATES = LIFECYCLE_STOPPING + 1, EVENTS = LIFECYCLE_FAILED + 1 };

static enum lifecycle_state state;

static void begin(void) {
    state = LIFECYCLE_SERVING;
}

/* Whether the event is answered by this action. */
static bool leads_to(enum lifecycle_event event, enum lifecycle_action action) {
    return lifecycle_step(&state, event) == action;
}

START_TEST(a_reload_that_gets_ready_is_completed) {
    ck_assert(leads_to(LIFECYCLE_RELOAD, LIFECYCLE_START_NEXT));
    ck_assert(lifecycle_is_reloading(state));
    ck_assert(leads_to(LIFECYCLE_TICK, LIFECYCLE_NOTHING));
    ck_assert(leads_to(LIFECYCLE_READY, LIFECYCLE_COMPLETE));
    ck_assert_int_eq(state, LIFECYCLE_SERVING);
}
END_TEST

START_TEST(a_reload_that_fails_is_abandoned_once) {
    ck_assert(leads_to(LIFECYCLE_RELOAD, LIFECYCLE_START_NEXT));
    ck_assert(leads_to(LIFECYCLE_FAILED, LIFECYCLE_ABANDON));
    ck_assert_int_eq(state, LIFECYCLE_SERVING);
    ck_assert(leads_to(LIFECYCLE_FAILED, LIFECYCLE_NOTHING));
}
END_TEST

/* Settings that changed while a generation was starting are read by one more, however often they
 * changed. */
START_TEST(a_reload_in_the_middle_of_another_follows_it_once) {
    static const enum lifecycle_event ends[] = {LIFECYCLE_READY, LIFECYCLE_FAILED};
    for (size_t i = 0; i < 2; i++) {
        begin();
        ck_assert(leads_to(LIFECYCLE_RELOAD, LIFECYCLE_START_NEXT));
        ck_assert(leads_to(LIFECYCLE_RELOAD, LIFECYCLE_NOTHING));
        ck_assert(leads_to(LIFECYCLE_RELOAD, LIFECYCLE_NOTHING));
        ck_assert(lifecycle_is_reloading(state));
        ck_assert(leads_to(ends[i], i == 0 ? LIFECYCLE_COMPLETE : LIFECYCLE_ABANDON));
        ck_assert(!lifecycle_is_reloading(state));
        ck_assert(leads_to(LIFECYCLE_TICK, LIFECYCLE_START_NEXT));
        ck_assert(leads_to(LIFECYCLE_READY, LIFECYCLE_COMPLETE));
        ck_assert(leads_to(LIFECYCLE_TICK, LIFECYCLE_NOTHING));
    }
}
END_TEST

START_TEST(a_reload_that_may_not_begin_yet_is_due) {
    ck_assert(leads_to(LIFECYCLE_RELOAD_LATER, LIFECYCLE_NOTHING));
    ck_assert_int_eq(state, LIFECYCLE_RELOAD_DUE);
    ck_assert(leads_to(LIFECYCLE_RELOAD_LATER, LIFECYCLE_NOTHING));
    ck_assert(leads_to(LIFECYCLE_TICK, LIFECYCLE_START_NEXT));
    ck_assert(leads_to(LIFECYCLE_RELOAD_LATER, LIFECYCLE_NOTHING));
    ck_assert(lifecycle_is_reloading(state));
    ck_assert(leads_to(LIFECYCLE_READY, LIFECYCLE_COMPLETE));
    ck_assert(leads_to(LIFECYCLE_TICK, LIFECYCLE_START_NEXT));
}
END_TEST

START_TEST(a_reload_that_is_due_starts_at_once_when_it_is_asked_for_again) {
    (void)lifecycle_step(&state, LIFECYCLE_RELOAD);
    (void)lifecycle_step(&state, LIFECYCLE_RELOAD);
    (void)lifecycle_step(&state, LIFECYCLE_READY);
    ck_assert(leads_to(LIFECYCLE_RELOAD, LIFECYCLE_START_NEXT));
    ck_assert(leads_to(LIFECYCLE_READY, LIFECYCLE_COMPLETE));
    ck_assert(leads_to(LIFECYCLE_TICK, LIFECYCLE_NOTHING));
}
END_TEST

START_TEST(a_stop_ends_everything_from_every_state) {
    for (int first = 0; first < STATES; first++) {
        state = (enum lifecycle_state)first;
        ck_assert(leads_to(LIFECYCLE_STOP,
                           first == LIFECYCLE_STOPPING ? LIFECYCLE_NOTHING : LIFECYCLE_DRAIN_ALL));
        for (int event = 0; event < EVENTS; event++) {
            ck_assert(leads_to((enum lifecycle_event)event, LIFECYCLE_NOTHING));
            ck_assert_int_eq(state, LIFECYCLE_STOPPING);
        }
    }
}
END_TEST

/* A next generation exists from START_NEXT until COMPLETE, ABANDON or DRAIN_ALL, whatever the order
 * of events: it is never started twice, and never ended when there is none. */
START_TEST(in_every_order_of_events_there_is_at_most_one_next_generation) {
    enum { ORDERS = EVENTS * EVENTS * EVENTS * EVENTS * EVENTS * EVENTS };
    for (int order = 0; order < ORDERS; order++) {
        bool has_next = false;
        begin();
        for (int rest = order; rest > 0; rest /= EVENTS) {
            switch (lifecycle_step(&state, (enum lifecycle_event)(rest % EVENTS))) {
            case LIFECYCLE_START_NEXT:
                ck_assert(!has_next);
                has_next = true;
                break;
            case LIFECYCLE_COMPLETE:
            case LIFECYCLE_ABANDON:
                ck_assert(has_next);
                has_next = false;
                break;
            case LIFECYCLE_DRAIN_ALL:
                has_next = false;
                break;
            case LIFECYCLE_NOTHING:
                break;
            }
            ck_assert_int_eq(lifecycle_is_reloading(state), has_next);
        }
    }
}
END_TEST

START_TEST(only_workers_of_the_current_generation_are_replaced) {
    for (int first = 0; first < LIFECYCLE_STOPPING; first++) {
        state = (enum lifecycle_state)first;
        ck_assert_int_eq(lifecycle_on_exit(state, true, false), LIFECYCLE_REPLACE);
        ck_assert_int_eq(lifecycle_on_exit(state, false, true), LIFECYCLE_EXPECTED);
        ck_assert_int_eq(lifecycle_on_exit(state, false, false), LIFECYCLE_BREAKS);
    }
}
END_TEST

START_TEST(while_stopping_no_worker_is_replaced) {
    for (int kind = 0; kind < 4; kind++) {
        ck_assert_int_eq(lifecycle_on_exit(LIFECYCLE_STOPPING, kind & 1, kind & 2),
                         LIFECYCLE_EXPECTED);
    }
}
END_TEST

Suite *lifecycle_suite(void) {
    Suite *suite = suite_create("lifecycle");
    TCase *cases = tcase_create("lifecycle");
    tcase_add_checked_fixture(cases, begin, NULL);
    tcase_add_test(cases, a_reload_that_gets_ready_is_completed);
    tcase_add_test(cases, a_reload_that_fails_is_abandoned_once);
    tcase_add_test(cases, a_reload_in_the_middle_of_another_follows_it_once);
    tcase_add_test(cases, a_reload_that_may_not_begin_yet_is_due);
    tcase_add_test(cases, a_reload_that_is_due_starts_at_once_when_it_is_asked_for_again);
    tcase_add_test(cases, a_stop_ends_everything_from_every_state);
    tcase_add_test(cases, in_every_order_of_events_there_is_at_most_one_next_generation);
    tcase_add_test(cases, only_workers_of_the_current_generation_are_replaced);
    tcase_add_test(cases, while_stopping_no_worker_is_replaced);
    suite_add_tcase(suite, cases);
    return suite;
}
