/* A queue whose items leave a fixed time after they came. */
#include "ops/delay.h"

#include "ops/clock.h"
#include "suites.h"

enum { ITEMS = 40, DELAY_US = 2500, LONG_US = 3600000000 / 2 };

struct item {
    struct delayed delayed; /* first */
    int64_t came_us;
};

static struct event_base *base;
static struct delay delay;
static struct item items[ITEMS];
static int added, left;

static void add_next(void) {
    items[added].came_us = clock_us();
    delay_add(&delay, &items[added++].delayed);
}

/* In the order in which they came, and none too soon. */
static void take(void *owner, struct delayed *item) {
    ck_assert_ptr_eq(owner, &left);
    ck_assert_ptr_eq(item, &items[left].delayed);
    ck_assert_int_ge(clock_us() - items[left].came_us, delay.time_us);
    left++;
}

static void take_and_add_next(void *owner, struct delayed *item) {
    take(owner, item);
    if (added < ITEMS) {
        add_next();
    }
}

static void begin(int64_t time_us, void (*on_due)(void *owner, struct delayed *item)) {
    added = left = 0;
    delay_init(&delay, base, time_us, on_due, &left);
}

static void make_base(void) {
    base = event_base_new();
}

static void free_base(void) {
    event_base_free(base);
}

START_TEST(what_comes_together_leaves_in_order_and_not_early) {
    begin(DELAY_US, take);
    while (added < ITEMS) {
        add_next();
    }
    ck_assert_int_eq(left, 0);
    event_base_dispatch(base);
    ck_assert_int_eq(left, ITEMS);
}
END_TEST

/* The coarse clock of libevent's timers is then at any place within its step. */
START_TEST(what_comes_one_by_one_leaves_not_early_either) {
    begin(DELAY_US, take_and_add_next);
    add_next();
    event_base_dispatch(base);
    ck_assert_int_eq(left, ITEMS);
}
END_TEST

START_TEST(nobody_leaves_before_the_loop_runs_and_its_time_has_come) {
    begin(LONG_US, take);
    add_next();
    event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_int_eq(left, 0);
    timer_stop(&delay.timer);
}
END_TEST

START_TEST(in_the_end_all_leave_and_still_none_early) {
    begin(DELAY_US, take);
    while (added < ITEMS) {
        add_next();
    }
    delay_finish(&delay);
    ck_assert_int_eq(left, ITEMS);
    delay_finish(&delay);
    ck_assert(!timer_is_running(&delay.timer));
}
END_TEST

Suite *delay_suite(void) {
    Suite *suite = suite_create("delay");
    TCase *cases = tcase_create("delay");
    tcase_add_checked_fixture(cases, make_base, free_base);
    tcase_add_test(cases, what_comes_together_leaves_in_order_and_not_early);
    tcase_add_test(cases, what_comes_one_by_one_leaves_not_early_either);
    tcase_add_test(cases, nobody_leaves_before_the_loop_runs_and_its_time_has_come);
    tcase_add_test(cases, in_the_end_all_leave_and_still_none_early);
    suite_add_tcase(suite, cases);
    return suite;
}
