/* The state of a pause, as those see it who share it. */
#include "ops/pause.h"
#include "suites.h"

#include <sys/mman.h>
#include <unistd.h>

enum { LIMIT_MS = 10000, NOW_MS = 1000000 };

static struct pause *pause_state;
static int descriptor;

static void make(void) {
    pause_state = pause_create(&descriptor);
    ck_assert_ptr_nonnull(pause_state);
}

static enum pause_begin begin(int64_t now_ms) {
    return pause_begin(pause_state, now_ms, LIMIT_MS);
}

static void tell(size_t slot, uint64_t number, uint64_t sessions, uint64_t calls) {
    const struct pause_report report = {.number = number, .sessions = sessions, .calls = calls};
    pause_tell(pause_state, slot, &report);
}

START_TEST(at_first_there_is_none) {
    ck_assert_uint_eq(pause_number(pause_state, NOW_MS), 0);
    ck_assert(!pause_end(pause_state, NOW_MS));
    struct pause_progress progress = pause_look(pause_state, NOW_MS);
    ck_assert(!progress.is_on);
    ck_assert(!progress.is_reached);
    ck_assert_int_eq(progress.since_ms, 0);
}
END_TEST

START_TEST(every_process_sees_it_from_its_begin_to_its_end) {
    const struct pause *seen = pause_map(descriptor);
    ck_assert_ptr_nonnull(seen);
    ck_assert_int_eq(begin(NOW_MS), PAUSE_BEGUN);
    ck_assert_uint_ne(pause_number(seen, NOW_MS), 0);
    ck_assert_uint_ne(pause_number(seen, NOW_MS + LIMIT_MS - 1), 0);
    ck_assert(pause_end(pause_state, NOW_MS + 1));
    ck_assert_uint_eq(pause_number(seen, NOW_MS + 1), 0);
    ck_assert(!pause_end(pause_state, NOW_MS + 1));
}
END_TEST

START_TEST(it_ends_by_itself_and_is_not_prolonged) {
    ck_assert_int_eq(begin(NOW_MS), PAUSE_BEGUN);
    ck_assert_int_eq(begin(NOW_MS + LIMIT_MS - 1), PAUSE_IS_ON);
    ck_assert_uint_eq(pause_number(pause_state, NOW_MS + LIMIT_MS), 0);
    ck_assert(!pause_end(pause_state, NOW_MS + LIMIT_MS));
}
END_TEST

START_TEST(each_has_a_number_of_its_own) {
    ck_assert_int_eq(begin(NOW_MS), PAUSE_BEGUN);
    uint64_t first = pause_number(pause_state, NOW_MS);
    ck_assert(pause_end(pause_state, NOW_MS));
    ck_assert_int_eq(begin(NOW_MS), PAUSE_BEGUN);
    uint64_t second = pause_number(pause_state, NOW_MS);
    ck_assert_int_eq(begin(NOW_MS + LIMIT_MS), PAUSE_BEGUN);
    uint64_t third = pause_number(pause_state, NOW_MS + LIMIT_MS);
    ck_assert(first != 0 && first < second && second < third);
}
END_TEST

START_TEST(none_begins_while_calls_of_the_last_one_are_left) {
    struct pause_report report = {.sessions = 6, .calls = 5, .held_over = 1};
    ck_assert_int_eq(begin(NOW_MS), PAUSE_BEGUN);
    ck_assert(pause_end(pause_state, NOW_MS));
    pause_tell(pause_state, 3, &report);
    ck_assert_int_eq(begin(NOW_MS), PAUSE_TOO_SOON);
    report.held_over = 0;
    pause_tell(pause_state, 3, &report);
    ck_assert_int_eq(begin(NOW_MS), PAUSE_BEGUN);
    ck_assert(pause_end(pause_state, NOW_MS));
    report.held_over = 1;
    pause_tell(pause_state, 3, &report);
    pause_forget(pause_state, 3); /* they ended with their worker */
    ck_assert_int_eq(begin(NOW_MS), PAUSE_BEGUN);
}
END_TEST

START_TEST(it_is_reached_when_no_worker_has_a_session) {
    tell(0, 0, 6, 0);
    tell(7, 0, 6, 0);
    ck_assert_int_eq(begin(NOW_MS), PAUSE_BEGUN);
    uint64_t number = pause_number(pause_state, NOW_MS);
    tell(0, number, 0, 3);
    tell(7, number, 1, 4);
    struct pause_progress progress = pause_look(pause_state, NOW_MS);
    ck_assert(progress.is_on);
    ck_assert(!progress.is_reached);
    ck_assert_uint_eq(progress.workers, 2);
    ck_assert_uint_eq(progress.quiet, 1);
    ck_assert_uint_eq(progress.sessions, 1);
    ck_assert_uint_eq(progress.calls, 7);
    tell(7, number, 0, 5);
    ck_assert(pause_look(pause_state, NOW_MS).is_reached);

    ck_assert(pause_end(pause_state, NOW_MS + 1));
    tell(0, 0, 6, 0);
    progress = pause_look(pause_state, NOW_MS + 1);
    ck_assert(!progress.is_reached);
    ck_assert_uint_eq(progress.calls, 8); /* that waited */
    /* A worker that has not seen the end is not taken for one that has reached the next. */
    ck_assert_int_eq(begin(NOW_MS + 1), PAUSE_BEGUN);
    ck_assert_uint_eq(pause_look(pause_state, NOW_MS + 1).quiet, 0);
}
END_TEST

START_TEST(a_worker_that_drains_keeps_it_from_being_reached_until_it_has_ended) {
    ck_assert_int_eq(begin(NOW_MS), PAUSE_BEGUN);
    tell(5, 0, 0, 0);
    ck_assert(!pause_look(pause_state, NOW_MS).is_reached);
    pause_forget(pause_state, 5);
    ck_assert(pause_look(pause_state, NOW_MS).is_reached);
    ck_assert_uint_eq(pause_look(pause_state, NOW_MS).workers, 0);
}
END_TEST

START_TEST(it_is_counted_by_how_it_ended) {
    ck_assert_int_eq(begin(NOW_MS), PAUSE_BEGUN);
    ck_assert_uint_eq(pause_look(pause_state, NOW_MS).timed_out, 0);
    ck_assert_int_eq(begin(NOW_MS + 1), PAUSE_IS_ON);
    ck_assert_uint_eq(pause_look(pause_state, NOW_MS + LIMIT_MS).timed_out, 1);
    for (unsigned resumed = 0; resumed < 2; resumed++) {
        ck_assert_int_eq(begin(NOW_MS + LIMIT_MS), PAUSE_BEGUN);
        ck_assert_uint_eq(pause_look(pause_state, NOW_MS + LIMIT_MS).resumed, resumed);
        ck_assert(pause_end(pause_state, NOW_MS + LIMIT_MS));
    }
    ck_assert(!pause_end(pause_state, NOW_MS + LIMIT_MS));
    struct pause_progress progress = pause_look(pause_state, NOW_MS + LIMIT_MS);
    ck_assert_uint_eq(progress.resumed, 2);
    ck_assert_uint_eq(progress.timed_out, 1);
}
END_TEST

START_TEST(a_worker_is_quiet_from_its_last_session_to_its_next) {
    ck_assert(!pause_is_quiet(pause_state, 4));
    tell(4, 0, 6, 0);
    ck_assert(!pause_is_quiet(pause_state, 4));
    ck_assert_int_eq(begin(NOW_MS), PAUSE_BEGUN);
    uint64_t number = pause_number(pause_state, NOW_MS);
    tell(4, number, 1, 0);
    ck_assert(!pause_is_quiet(pause_state, 4));
    tell(4, number, 0, 9);
    ck_assert(pause_is_quiet(pause_state, 4));
    ck_assert(pause_end(pause_state, NOW_MS));
    ck_assert(pause_is_quiet(pause_state, 4)); /* it has not seen the end yet */
    tell(4, 0, 0, 9);
    ck_assert(!pause_is_quiet(pause_state, 4));
    pause_forget(pause_state, 4);
    ck_assert(!pause_is_quiet(pause_state, 4));
}
END_TEST

START_TEST(memory_of_another_size_is_not_taken) {
    int other = memfd_create("other", MFD_CLOEXEC);
    ck_assert_int_eq(ftruncate(other, 4096), 0);
    ck_assert_ptr_null(pause_map(other));
    close(other);
    ck_assert_ptr_null(pause_map(other));
}
END_TEST

Suite *pause_suite(void) {
    Suite *suite = suite_create("pause");
    TCase *cases = tcase_create("pause");
    tcase_add_checked_fixture(cases, make, NULL);
    tcase_add_test(cases, at_first_there_is_none);
    tcase_add_test(cases, every_process_sees_it_from_its_begin_to_its_end);
    tcase_add_test(cases, it_ends_by_itself_and_is_not_prolonged);
    tcase_add_test(cases, each_has_a_number_of_its_own);
    tcase_add_test(cases, none_begins_while_calls_of_the_last_one_are_left);
    tcase_add_test(cases, it_is_reached_when_no_worker_has_a_session);
    tcase_add_test(cases, a_worker_that_drains_keeps_it_from_being_reached_until_it_has_ended);
    tcase_add_test(cases, it_is_counted_by_how_it_ended);
    tcase_add_test(cases, a_worker_is_quiet_from_its_last_session_to_its_next);
    tcase_add_test(cases, memory_of_another_size_is_not_taken);
    suite_add_tcase(suite, cases);
    return suite;
}
