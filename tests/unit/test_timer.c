/* Timers and watches of the event loop. */
#include "ops/timer.h"

#include "ops/clock.h"
#include "ops/watch.h"
#include "suites.h"

#include <signal.h>
#include <unistd.h>

static struct event_base *base;
static int calls;

static void make_base(void) {
    base = event_base_new();
    calls = 0;
}

static void free_base(void) {
    event_base_free(base);
}

static void count(void *owner) {
    ck_assert_ptr_eq(owner, &calls);
    calls++;
}

START_TEST(a_timer_calls_once_and_not_early) {
    struct timer timer;
    timer_init(&timer, base, count, &calls);
    ck_assert(!timer_is_running(&timer));
    int64_t began_ms = clock_ms();
    timer_start(&timer, 50);
    ck_assert(timer_is_running(&timer));
    event_base_dispatch(base);
    ck_assert_int_eq(calls, 1);
    ck_assert_int_ge(clock_ms() - began_ms, 50);
    ck_assert(!timer_is_running(&timer));
}
END_TEST

START_TEST(a_timer_that_is_started_again_forgets_the_first_delay) {
    struct timer timer;
    timer_init(&timer, base, count, &calls);
    timer_start(&timer, 3600000);
    timer_start(&timer, 1);
    event_base_dispatch(base);
    ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(a_timer_that_is_started_now_calls_in_the_loop_only) {
    struct timer timer;
    timer_init(&timer, base, count, &calls);
    timer_start_now(&timer);
    timer_start_now(&timer);
    ck_assert_int_eq(calls, 0);
    event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(a_stopped_timer_never_calls) {
    struct timer timer, unused = {0};
    timer_init(&timer, base, count, &calls);
    timer_start(&timer, 0);
    timer_start_now(&timer);
    timer_stop(&timer);
    timer_stop(&timer);
    timer_stop(&unused);
    event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_int_eq(calls, 0);
}
END_TEST

START_TEST(a_watch_calls_as_often_as_its_descriptor_is_readable_until_it_is_stopped) {
    int ends[2];
    struct watch watch, unused = {0};
    ck_assert_int_eq(pipe(ends), 0);
    watch_init_descriptor(&watch, base, ends[0], EV_READ, count, &calls);
    ck_assert(watch_start(&watch));
    event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_int_eq(calls, 0);
    ck_assert_int_eq(write(ends[1], "", 1), 1);
    event_base_loop(base, EVLOOP_ONCE);
    event_base_loop(base, EVLOOP_ONCE);
    ck_assert_int_eq(calls, 2);
    watch_stop(&watch);
    watch_stop(&unused);
    event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_int_eq(calls, 2);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_watch_that_is_started_now_calls_once) {
    struct watch watch;
    watch_init_descriptor(&watch, base, STDIN_FILENO, EV_WRITE, count, &calls);
    watch_start_now(&watch);
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(a_watch_calls_at_each_signal) {
    struct watch watch;
    watch_init_signal(&watch, base, SIGUSR1, count, &calls);
    ck_assert(watch_start(&watch));
    for (int times = 1; times <= 2; times++) {
        raise(SIGUSR1);
        event_base_loop(base, EVLOOP_ONCE);
        ck_assert_int_eq(calls, times);
    }
    watch_stop(&watch);
}
END_TEST

Suite *timer_suite(void) {
    Suite *suite = suite_create("timer");
    TCase *cases = tcase_create("timer");
    tcase_add_checked_fixture(cases, make_base, free_base);
    tcase_add_test(cases, a_timer_calls_once_and_not_early);
    tcase_add_test(cases, a_timer_that_is_started_again_forgets_the_first_delay);
    tcase_add_test(cases, a_timer_that_is_started_now_calls_in_the_loop_only);
    tcase_add_test(cases, a_stopped_timer_never_calls);
    tcase_add_test(cases, a_watch_calls_as_often_as_its_descriptor_is_readable_until_it_is_stopped);
    tcase_add_test(cases, a_watch_that_is_started_now_calls_once);
    tcase_add_test(cases, a_watch_calls_at_each_signal);
    suite_add_tcase(suite, cases);
    return suite;
}
