/* A pool in a pause, on a fake libpq: what waits, what goes on, and how it goes on afterwards. */
#include "fake_pool.h"
#include "suites.h"

#include <string.h>

static void open_default(void) {
    struct pool_settings settings = fake_pool_settings();
    fake_pool_open(&settings);
}

static void open_with_timeout(int64_t request_timeout_ms) {
    struct pool_settings settings = fake_pool_settings();
    settings.request_timeout_ms = request_timeout_ms;
    fake_pool_open(&settings);
}

static void open_paused(const struct pool_settings *settings) {
    fake_pool_open(settings);
    pool_pause(pool);
}

static void read_questions(size_t number) {
    read_page(number, LANE_READS, STATEMENT_LIST_QUESTIONS, (int64_t)number + 1);
}

static void write_number(size_t number) {
    struct call call = noted_call(number, STATEMENT_NEXT_PAGE);
    call_add_int64(&call, 7);
    pool_submit(pool, LANE_WRITES, &call);
}

/* The session that runs a statement of this name. */
static PGconn *running_as(const char *name) {
    PGconn *session = running(0);
    return strcmp(fake_sent(session)->name, name) == 0 ? session : running(1);
}

static void assert_waiting(size_t number) {
    ck_assert_msg(told[number].dones == 0 && told[number].sends == 0,
                  "call %zu was sent %d times and told %d times", number, told[number].sends,
                  told[number].dones);
}

START_TEST(in_a_pause_sessions_are_closed_and_calls_wait_in_the_order_of_arrival) {
    open_default();
    pool_pause(pool);
    ck_assert_uint_eq(pool_load(pool).sessions, 0);
    ck_assert_ptr_null(fake_session(0));
    ck_assert_ptr_null(fake_session(1));
    for (size_t i = 0; i < 3; i++) {
        read_questions(i);
        turn();
    }
    write_number(3);
    turn();
    for (size_t i = 0; i < 4; i++) {
        assert_waiting(i);
    }
    ck_assert_uint_eq(pool_load(pool).calls, 4);
    ck_assert_uint_eq(pool_load(pool).held_over, 4);
    ck_assert_uint_eq(fake_sessions_opened(), 2);

    pool_resume(pool);
    turn();
    ck_assert_uint_eq(fake_sessions_opened(), 4);
    ck_assert_uint_eq(running_count(), 2);
    const struct fake_statement *read = fake_sent(running_as("list_questions_many"));
    ck_assert_str_eq(read->name, "list_questions_many");
    ck_assert_str_eq(read->parameters[0], "{1,2,3}");
    ck_assert_int_eq(pool_told_uncertain, 0);
    write_number(4);
    ck_assert_uint_eq(pool_load(pool).calls, 5);
    ck_assert_uint_eq(pool_load(pool).held_over, 4);
    return_row(running_as("next_page"), "value");
    ck_assert_uint_eq(pool_load(pool).held_over, 3);
    fake_pool_close(5);
}
END_TEST

START_TEST(what_is_in_flight_completes_before_its_session_is_closed) {
    open_default();
    write_number(0);
    read_questions(1);
    turn();
    PGconn *writer = running_as("next_page");
    pool_pause(pool);
    write_number(2);
    turn();
    ck_assert_uint_eq(pool_load(pool).sessions, 2);
    return_row(running_as("list_questions"), "value");
    assert_told(1, QUERY_DONE);
    ck_assert_uint_eq(pool_load(pool).sessions, 1);

    fake_return(writer, 1, &(const char *const[2]){"7", ""});
    turn();
    ck_assert_uint_eq(pool_load(pool).sessions, 1); /* not committed yet */
    fake_sync(writer);
    turn();
    assert_told(0, QUERY_DONE);
    ck_assert_uint_eq(pool_load(pool).sessions, 0);
    assert_waiting(2);

    pool_resume(pool);
    turn();
    return_row(running(0), "value");
    assert_told(2, QUERY_DONE);
    fake_pool_close(3);
}
END_TEST

START_TEST(a_write_that_is_lost_on_the_way_to_a_pause_is_unknown_and_its_session_stays_closed) {
    open_default();
    write_number(0);
    turn();
    pool_pause(pool);
    fake_break(running(0));
    wait_ms(100);
    assert_told(0, QUERY_UNKNOWN);
    ck_assert_uint_eq(pool_load(pool).sessions, 0);
    ck_assert_uint_eq(fake_sessions_opened(), 2);
    write_number(1);
    turn();
    assert_waiting(1);
    fake_pool_close(2);
}
END_TEST

START_TEST(a_read_that_is_lost_on_the_way_to_a_pause_is_sent_after_it) {
    open_default();
    read_questions(0);
    turn();
    pool_pause(pool);
    fake_break(running(0));
    wait_ms(100);
    ck_assert_int_eq(told[0].dones, 0);
    ck_assert_uint_eq(fake_sessions_opened(), 2);
    pool_resume(pool);
    turn();
    return_row(running(0), "value");
    assert_told(0, QUERY_DONE);
    fake_pool_close(1);
}
END_TEST

START_TEST(what_meets_outdated_statements_on_the_way_to_a_pause_is_sent_after_it) {
    open_default();
    write_number(0);
    turn();
    pool_pause(pool);
    fake_fail(running(0), "26000");
    wait_ms(100);
    ck_assert_int_eq(told[0].dones, 0);
    ck_assert_uint_eq(pool_load(pool).sessions, 0);
    pool_resume(pool);
    turn();
    return_row(running(0), "value");
    assert_told(0, QUERY_DONE);
    fake_pool_close(1);
}
END_TEST

START_TEST(a_pause_that_ends_before_it_is_reached_leaves_what_is_in_flight_alone) {
    open_default();
    read_questions(0);
    turn();
    pool_pause(pool);
    read_questions(1);
    pool_resume(pool);
    turn();
    ck_assert(pool_is_ready(pool));
    ck_assert_int_eq(told[0].sends, 1);
    PGconn *session = running(0);
    return_row(session, "value");
    assert_told(0, QUERY_DONE);
    ck_assert_ptr_eq(running(0), session);
    ck_assert_int_eq(told[1].sends, 1);
    fake_pool_close(2);
}
END_TEST

START_TEST(a_pause_counts_towards_no_deadline_of_what_waits) {
    open_with_timeout(100);
    read_questions(0);
    turn();
    return_row(running(0), "value");
    pool_pause(pool);
    read_questions(1);
    write_number(2);
    wait_ms(300);
    assert_waiting(1);
    assert_waiting(2);
    pool_resume(pool);
    turn();
    ck_assert_int_eq(told[1].sends + told[2].sends, 2);
    wait_ms(300); /* the server does not return anything */
    assert_told(1, QUERY_EXPIRED);
    assert_told(2, QUERY_UNKNOWN);
    fake_pool_close(3);
}
END_TEST

static void assert_the_first_expires_and_one_waits(void) {
    wait_ms(300);
    assert_told(0, QUERY_EXPIRED);
    assert_waiting(1);
    ck_assert_uint_eq(pool_load(pool).sessions, 0);
    fake_pool_close(2);
}

START_TEST(what_is_in_flight_keeps_its_deadline_in_a_pause) {
    open_with_timeout(100);
    read_questions(0);
    turn();
    read_questions(1);
    pool_pause(pool);
    assert_the_first_expires_and_one_waits();
}
END_TEST

START_TEST(what_comes_late_in_a_pause_takes_no_deadline_from_what_is_in_flight) {
    open_with_timeout(100);
    read_questions(0);
    turn();
    pool_pause(pool);
    struct call late = noted_call(1, STATEMENT_LIST_QUESTIONS); /* a standby had it before */
    late.spent_ms = 50;
    call_add_int64(&late, 2);
    call_add_int64(&late, 5);
    pool_submit(pool, LANE_READS, &late);
    assert_the_first_expires_and_one_waits();
}
END_TEST

START_TEST(who_has_waited_in_a_pause_makes_no_overload) {
    struct pool_settings settings = fake_pool_settings();
    settings.queue_wait_ms = 250;
    open_paused(&settings);
    for (size_t i = 0; i < 100; i++) {
        read_questions(i);
        write_number(100 + i);
    }
    wait_ms(1100);
    read_questions(200);
    write_number(201);
    pool_resume(pool);
    turn();
    read_questions(202);
    write_number(203);
    for (size_t i = 0; i < 204; i++) {
        ck_assert_int_eq(told[i].dones, 0);
    }
    fake_pool_close(204);
}
END_TEST

/* The server returns the pages of a group. */
static void return_pages(PGconn *session) {
    static const char *const rows[][2] = {
        {"page", "1"}, {"page", "2"}, {"page", "3"}, {"page", "4"}};
    fake_return(session, sizeof rows / sizeof *rows, rows);
    fake_sync(session);
    turn();
}

START_TEST(what_has_waited_in_a_pause_makes_no_overload_while_it_is_served) {
    struct pool_settings settings = fake_pool_settings();
    settings.queue_wait_ms = 50;
    open_paused(&settings);
    for (size_t i = 0; i < 200; i++) {
        read_questions(i);
    }
    pool_resume(pool);
    turn();
    for (int served = 0; served < 3; served++) {
        wait_ms(150);
        return_pages(running(0));
    }
    read_questions(200);
    ck_assert_int_eq(told[200].dones, 0);
    wait_ms(300);
    read_questions(201);
    assert_told(201, QUERY_REFUSED);
    fake_pool_close(202);
}
END_TEST

START_TEST(time_without_a_connection_after_a_pause_makes_no_overload) {
    struct pool_settings settings = fake_pool_settings();
    settings.database_url = "host=10.0.0.1,10.0.0.2 dbname=fake";
    settings.queue_wait_ms = 50;
    open_paused(&settings);
    for (size_t i = 0; i < 200; i++) {
        read_questions(i);
    }
    fake_silent_host = "10.0.0.1"; /* so the other one is tried after some time */
    pool_resume(pool);
    wait_ms(225);
    read_questions(200);
    ck_assert_int_eq(told[200].dones, 0);
    wait_ms(100);
    read_questions(201);
    ck_assert_int_eq(told[0].sends, 1);
    ck_assert_int_eq(told[201].dones, 0);
    fake_silent_host = NULL;
    fake_pool_close(202);
}
END_TEST

START_TEST(a_full_lane_rejects_in_a_pause_too) {
    struct pool_settings settings = fake_pool_settings();
    settings.queue_limit = 2;
    open_paused(&settings);
    for (size_t i = 0; i < 3; i++) {
        read_questions(i);
    }
    assert_told(2, QUERY_REFUSED);
    assert_waiting(0);
    assert_waiting(1);
    fake_pool_close(3);
}
END_TEST

START_TEST(after_a_pause_calls_are_admitted_until_an_attempt_to_connect_fails) {
    open_default();
    pool_pause(pool);
    read_questions(0);
    fake_accepts = false;
    pool_resume(pool);
    read_questions(1);
    write_number(2);
    ck_assert(pool_is_ready(pool));
    ck_assert_int_eq(told[0].dones + told[1].dones + told[2].dones, 0);
    turn();
    for (size_t i = 0; i < 3; i++) {
        assert_told(i, QUERY_REFUSED);
    }
    ck_assert(!pool_is_ready(pool));
    ck_assert(!pool_told_ready);
    write_number(3);
    assert_told(3, QUERY_REFUSED);
    fake_pool_close(4);
}
END_TEST

START_TEST(a_pool_stays_ready_in_a_pause_and_tells_anew_that_it_is_after_it) {
    open_default();
    int told_changes = pool_told_changes;
    pool_pause(pool);
    turn();
    ck_assert(pool_is_ready(pool));
    ck_assert_int_eq(pool_told_changes, told_changes);
    pool_resume(pool);
    turn();
    ck_assert(pool_told_ready);
    ck_assert_int_eq(pool_told_changes, told_changes + 1);
    fake_pool_close(0);
}
END_TEST

START_TEST(a_pool_that_begins_in_a_pause_connects_after_it) {
    struct pool_settings settings = fake_pool_settings();
    fake_pool_begin(&settings);
    pool_pause(pool);
    read_questions(0);
    wait_ms(20);
    ck_assert_uint_eq(fake_sessions_opened(), 0);
    ck_assert(pool_is_ready(pool));
    ck_assert(!pool_told_ready);
    pool_resume(pool);
    turn();
    ck_assert(pool_told_ready);
    return_row(running(0), "value");
    assert_told(0, QUERY_DONE);
    fake_pool_close(1);
}
END_TEST

START_TEST(a_pool_that_is_closed_in_a_pause_tells_every_call) {
    open_default();
    write_number(0);
    turn();
    pool_pause(pool);
    read_questions(1);
    pool_close(pool);
    assert_told(0, QUERY_UNKNOWN);
    assert_told(1, QUERY_REFUSED);
    fake_pool_close(2);
}
END_TEST

Suite *pool_pause_suite(void) {
    Suite *suite = suite_create("pool_pause");
    TCase *cases = tcase_create("pool_pause");
    tcase_add_test(cases, in_a_pause_sessions_are_closed_and_calls_wait_in_the_order_of_arrival);
    tcase_add_test(cases, what_is_in_flight_completes_before_its_session_is_closed);
    tcase_add_test(
        cases, a_write_that_is_lost_on_the_way_to_a_pause_is_unknown_and_its_session_stays_closed);
    tcase_add_test(cases, a_read_that_is_lost_on_the_way_to_a_pause_is_sent_after_it);
    tcase_add_test(cases, what_meets_outdated_statements_on_the_way_to_a_pause_is_sent_after_it);
    tcase_add_test(cases, a_pause_that_ends_before_it_is_reached_leaves_what_is_in_flight_alone);
    tcase_add_test(cases, a_pause_counts_towards_no_deadline_of_what_waits);
    tcase_add_test(cases, what_is_in_flight_keeps_its_deadline_in_a_pause);
    tcase_add_test(cases, what_comes_late_in_a_pause_takes_no_deadline_from_what_is_in_flight);
    tcase_add_test(cases, who_has_waited_in_a_pause_makes_no_overload);
    tcase_add_test(cases, what_has_waited_in_a_pause_makes_no_overload_while_it_is_served);
    tcase_add_test(cases, time_without_a_connection_after_a_pause_makes_no_overload);
    tcase_add_test(cases, a_full_lane_rejects_in_a_pause_too);
    tcase_add_test(cases, after_a_pause_calls_are_admitted_until_an_attempt_to_connect_fails);
    tcase_add_test(cases, a_pool_stays_ready_in_a_pause_and_tells_anew_that_it_is_after_it);
    tcase_add_test(cases, a_pool_that_begins_in_a_pause_connects_after_it);
    tcase_add_test(cases, a_pool_that_is_closed_in_a_pause_tells_every_call);
    suite_add_tcase(suite, cases);
    return suite;
}
