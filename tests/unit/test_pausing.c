/* A worker's part in a pause, with a pool on a fake libpq. */
#include "fake_pool.h"
#include "ops/clock.h"
#include "process/pausing.h"
#include "suites.h"

enum { SLOT = 3, LONG_MS = 600000 };

static struct pause *pause_state;
static struct pausing pausing;

static void make(void) {
    int descriptor;
    pause_state = pause_create(&descriptor);
    ck_assert_ptr_nonnull(pause_state);
}

static void begin_pause(int64_t limit_ms) {
    ck_assert_int_eq(pause_begin(pause_state, clock_ms(), limit_ms), PAUSE_BEGUN);
}

static void start_worker(void) {
    struct pool_settings settings = fake_pool_settings();
    fake_pool_begin(&settings);
    pausing_begin(&pausing, base, pause_state, SLOT, &pausing_pool, pool);
    turn();
}

static void stop_worker(size_t calls) {
    pausing_stop(&pausing);
    fake_pool_close(calls);
}

static struct pause_progress look(void) {
    return pause_look(pause_state, clock_ms());
}

static void wait_until_connected(void) {
    while (!pool_told_ready) {
        wait_ms(5);
    }
}

START_TEST(a_worker_pauses_and_resumes) {
    start_worker();
    ck_assert(pool_told_ready);
    ck_assert_uint_eq(look().sessions, 2);
    begin_pause(LONG_MS);
    ck_assert(!look().is_reached);
    while (!look().is_reached) {
        wait_ms(5);
    }
    ck_assert_uint_eq(pool_load(pool).sessions, 0);
    read_page(0, LANE_READS, STATEMENT_LIST_QUESTIONS, 1);
    while (look().calls == 0) {
        wait_ms(5);
    }
    ck_assert_int_eq(told[0].sends, 0);
    ck_assert(pause_end(pause_state, clock_ms()));
    ck_assert_int_eq(pause_begin(pause_state, clock_ms(), LONG_MS), PAUSE_TOO_SOON);
    while (told[0].sends == 0) {
        wait_ms(5);
    }
    ck_assert_uint_eq(look().calls, 1); /* that waited */
    stop_worker(1);
}
END_TEST

START_TEST(a_worker_that_starts_in_a_pause_begins_paused) {
    begin_pause(LONG_MS);
    start_worker();
    ck_assert_uint_eq(fake_sessions_opened(), 0);
    ck_assert(look().is_reached);
    ck_assert_uint_eq(look().workers, 1);
    ck_assert(pause_end(pause_state, clock_ms()));
    wait_until_connected();
    stop_worker(0);
}
END_TEST

START_TEST(a_pause_that_was_forgotten_ends_for_the_worker) {
    begin_pause(50);
    start_worker();
    wait_until_connected();
    ck_assert(!look().is_on);
    stop_worker(0);
}
END_TEST

/* The supervisor must not take a worker that has a session for one without. */
START_TEST(a_worker_is_quiet_only_while_it_has_no_session) {
    start_worker();
    begin_pause(LONG_MS);
    while (!look().is_reached) {
        ck_assert(!pause_is_quiet(pause_state, SLOT) || pool_load(pool).sessions == 0);
        wait_ms(5);
    }
    ck_assert(pause_is_quiet(pause_state, SLOT));
    ck_assert(pause_end(pause_state, clock_ms()));
    while (pool_load(pool).sessions == 0) {
        wait_ms(5);
    }
    ck_assert(!pause_is_quiet(pause_state, SLOT));
    stop_worker(0);
}
END_TEST

START_TEST(a_worker_that_drains_is_in_no_pause) {
    begin_pause(LONG_MS);
    start_worker();
    pausing_drain(&pausing);
    wait_until_connected();
    ck_assert(look().is_on);
    ck_assert(!look().is_reached);
    stop_worker(0);
}
END_TEST

START_TEST(what_never_began_can_be_stopped) {
    struct pausing never = {0};
    pausing_drain(&never);
    pausing_stop(&never);
}
END_TEST

Suite *pausing_suite(void) {
    Suite *suite = suite_create("pausing");
    TCase *cases = tcase_create("pausing");
    tcase_add_checked_fixture(cases, make, NULL);
    tcase_add_test(cases, a_worker_pauses_and_resumes);
    tcase_add_test(cases, a_worker_that_starts_in_a_pause_begins_paused);
    tcase_add_test(cases, a_pause_that_was_forgotten_ends_for_the_worker);
    tcase_add_test(cases, a_worker_is_quiet_only_while_it_has_no_session);
    tcase_add_test(cases, a_worker_that_drains_is_in_no_pause);
    tcase_add_test(cases, what_never_began_can_be_stopped);
    suite_add_tcase(suite, cases);
    return suite;
}
