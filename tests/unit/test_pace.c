/* The pace of the maker. */
#include "pages/pace.h"
#include "suites.h"

enum { WORKERS = 2 };

static struct pace pace;
static struct pace_step step;

static void make_pace(void) {
    pace_init(&pace, WORKERS);
    step = (struct pace_step){0};
}

/* The rest after a step that took so long, of a worker that does nothing else or all it can, and
 * the step began after it had been so for a second. */
static int64_t rest_after(int64_t took_ms, bool busy, uint64_t queries, uint64_t made) {
    step.now_ms += 1000;
    step.cpu_ms += busy ? 1000 : 0;
    step.queries += queries;
    step.made = made;
    (void)pace_begin_step(&pace, step.now_ms, true);
    step.now_ms += took_ms;
    return pace_end_step(&pace, &step);
}

START_TEST(it_works_half_of_the_time_while_the_worker_has_little_to_do) {
    ck_assert_int_eq(rest_after(10, false, 0, 100), 10);
    ck_assert_int_eq(rest_after(0, false, 0, 100), 1);
}
END_TEST

START_TEST(else_it_works_a_fiftieth_of_the_time) {
    ck_assert_int_eq(rest_after(10, true, 0, 100), 490);
    ck_assert_int_eq(rest_after(10, false, 0, 100), 10);
}
END_TEST

START_TEST(else_it_works_a_third_of_the_time_as_long_as_queries_ask_for_as_many_pages) {
    ck_assert_int_eq(rest_after(1, true, 100, 100), 2); /* the other worker has sent as many */
    ck_assert_int_eq(rest_after(1, true, 0, 99), 2);
    ck_assert_int_eq(rest_after(1, true, 0, 1), 49);
    ck_assert_int_eq(rest_after(1, true, 50, 100), 49);
}
END_TEST

START_TEST(pages_made_while_none_was_wanted_are_no_debt) {
    ck_assert_int_eq(rest_after(1, true, 0, 100000), 49);
    ck_assert_int_eq(rest_after(1, true, 1, 1), 2);
}
END_TEST

START_TEST(queries_of_long_ago_do_not_count_for_ever) {
    ck_assert_int_eq(rest_after(1, true, 1000000, 0), 2);
    ck_assert_int_eq(rest_after(1, true, 0, 100000), 49);
}
END_TEST

START_TEST(the_time_of_others_who_use_the_processors_is_not_paid_for) {
    ck_assert_int_eq(rest_after(90, true, 1000, 10), 2);
    ck_assert_int_eq(rest_after(300, true, 0, 10), 600); /* so long takes its own work */
}
END_TEST

START_TEST(a_lap_takes_a_second_at_least) {
    ck_assert(pace_begin_step(&pace, 5000, true));
    step = (struct pace_step){.now_ms = 5010};
    ck_assert_int_eq(pace_end_step(&pace, &step), 10);
    ck_assert(pace_begin_step(&pace, 5020, false));
    step = (struct pace_step){.now_ms = 5030, .lap_ends = true};
    ck_assert_int_eq(pace_end_step(&pace, &step), 970);
    ck_assert(!pace_begin_step(&pace, 5999, true));
    ck_assert(pace_begin_step(&pace, 6000, true));
    ck_assert(pace_begin_step(&pace, 7500, false));
    step = (struct pace_step){.now_ms = 7510, .lap_ends = true};
    ck_assert_int_eq(pace_end_step(&pace, &step), 10);
}
END_TEST

START_TEST(steps_grow_while_they_are_short_and_shrink_when_long) {
    ck_assert_int_eq(pace.products, 1);
    for (int i = 0; i < 20; i++) {
        rest_after(5, false, 0, 1);
    }
    ck_assert_int_eq(pace.products, 200);
    rest_after(21, false, 0, 1);
    ck_assert_int_eq(pace.products, 100);
    rest_after(21, false, 0, 1);
    ck_assert_int_eq(pace.products, 100); /* others use the processors as well */
    for (int i = 0; i < 20; i++) {
        rest_after(251, false, 0, 1);
    }
    ck_assert_int_eq(pace.products, 1);
}
END_TEST

START_TEST(requests_wait_for_small_steps_only) {
    for (int i = 0; i < 20; i++) {
        rest_after(5, false, 0, 1);
    }
    ck_assert_int_eq(pace.products, 200);
    rest_after(50, true, 0, 1);
    ck_assert_int_eq(pace.products, 8);
    rest_after(250, true, 0, 1); /* not smaller where the processors are short */
    ck_assert_int_eq(pace.products, 8);
    rest_after(251, true, 0, 1);
    ck_assert_int_eq(pace.products, 4);
    rest_after(50, true, 0, 1);
    ck_assert_int_eq(pace.products, 8);
    rest_after(20, false, 0, 1);
    ck_assert_int_eq(pace.products, 16);
}
END_TEST

/* One of a lap that began at 10000, begun at `began_ms`. */
static void end_step_of_lap(int64_t began_ms) {
    (void)pace_begin_step(&pace, began_ms, began_ms == 10000);
    step.now_ms = began_ms + 4;
    step.cpu_ms += 1000;
    (void)pace_end_step(&pace, &step);
}

START_TEST(steps_grow_when_laps_take_long) {
    for (int64_t began_ms = 10000; began_ms <= 12000; began_ms += 200) {
        end_step_of_lap(began_ms);
    }
    ck_assert_int_eq(pace.products, 8);
    end_step_of_lap(12200);
    end_step_of_lap(12400);
    ck_assert_int_eq(pace.products, 32);
    end_step_of_lap(12600);
    ck_assert_int_eq(pace.products, 32);
    rest_after(4, true, 0, 1); /* the next lap */
    ck_assert_int_eq(pace.products, 8);
}
END_TEST

START_TEST(after_a_failure_a_step_is_of_one_product) {
    rest_after(5, false, 0, 1);
    rest_after(5, false, 0, 1);
    ck_assert_int_eq(pace.products, 4);
    pace_fail_step(&pace);
    ck_assert_int_eq(pace.products, 1);
    rest_after(50, false, 0, 1); /* does not stay so small where the machine is slow */
    ck_assert_int_eq(pace.products, 2);
}
END_TEST

Suite *pace_suite(void) {
    Suite *suite = suite_create("pace");
    TCase *cases = tcase_create("pace");
    tcase_add_checked_fixture(cases, make_pace, NULL);
    tcase_add_test(cases, it_works_half_of_the_time_while_the_worker_has_little_to_do);
    tcase_add_test(cases, else_it_works_a_fiftieth_of_the_time);
    tcase_add_test(cases,
                   else_it_works_a_third_of_the_time_as_long_as_queries_ask_for_as_many_pages);
    tcase_add_test(cases, pages_made_while_none_was_wanted_are_no_debt);
    tcase_add_test(cases, queries_of_long_ago_do_not_count_for_ever);
    tcase_add_test(cases, the_time_of_others_who_use_the_processors_is_not_paid_for);
    tcase_add_test(cases, a_lap_takes_a_second_at_least);
    tcase_add_test(cases, steps_grow_while_they_are_short_and_shrink_when_long);
    tcase_add_test(cases, requests_wait_for_small_steps_only);
    tcase_add_test(cases, steps_grow_when_laps_take_long);
    tcase_add_test(cases, after_a_failure_a_step_is_of_one_product);
    suite_add_tcase(suite, cases);
    return suite;
}
