/* Pool, lanes and connections, on a fake libpq: what is sent when, and what calls are told. */
#include "fake_pool.h"
#include "suites.h"

#include <string.h>

static void open_default(void) {
    struct pool_settings settings = fake_pool_settings();
    fake_pool_open(&settings);
}

static void open_with_readers(size_t read_connections) {
    struct pool_settings settings = fake_pool_settings();
    settings.read_connections = read_connections;
    fake_pool_open(&settings);
}

static void read_questions(size_t number, int64_t product) {
    read_page(number, LANE_READS, STATEMENT_LIST_QUESTIONS, product);
}

static void write_number(size_t number) {
    struct call call = noted_call(number, STATEMENT_NEXT_PAGE);
    call_add_int64(&call, 7);
    pool_submit(pool, LANE_WRITES, &call);
}

static void assert_sent(const PGconn *session, const char *name, const char *first,
                        const char *second) {
    const struct fake_statement *statement = fake_sent(session);
    ck_assert_str_eq(statement->name, name);
    ck_assert_int_eq(statement->parameter_count, 2);
    ck_assert_str_eq(statement->parameters[0], first);
    ck_assert_str_eq(statement->parameters[1], second);
}

/* Readiness */

START_TEST(a_pool_is_ready_while_reads_and_writes_have_a_connection) {
    open_default();
    ck_assert(pool_told_ready);
    ck_assert(pool_is_ready(pool));
    fake_break(fake_session(0));
    fake_accepts = false;
    turn();
    ck_assert(!pool_told_ready);
    ck_assert(!pool_is_ready(pool));
    fake_pool_close(0);
}
END_TEST

START_TEST(without_a_connection_a_call_is_rejected_at_once) {
    fake_accepts = false;
    open_default();
    read_questions(0, 1);
    write_number(1);
    assert_told(0, QUERY_REFUSED);
    assert_told(1, QUERY_REFUSED);
    fake_pool_close(2);
}
END_TEST

START_TEST(sessions_of_one_server_process_are_not_used_together) {
    fake_mixes = true;
    open_default();
    ck_assert(!pool_is_ready(pool));
    fake_mixes = false;
    while (!pool_is_ready(pool)) {
        wait_ms(5);
    }
    fake_pool_close(0);
}
END_TEST

START_TEST(a_session_whose_statements_cannot_be_prepared_is_not_used) {
    fake_setup_error = "42P01";
    open_default();
    size_t opened = fake_sessions_opened();
    ck_assert(!pool_is_ready(pool));
    while (fake_sessions_opened() < opened + 2) {
        wait_ms(5);
    }
    ck_assert(!pool_is_ready(pool));
    fake_setup_error = NULL;
    while (!pool_is_ready(pool)) {
        wait_ms(5);
    }
    fake_pool_close(0);
}
END_TEST

/* Reads */

START_TEST(a_lone_read_leaves_at_once) {
    open_default();
    read_questions(0, INT64_MAX);
    ck_assert_int_eq(told[0].sends, 0);
    turn();
    assert_sent(running(0), "list_questions", "9223372036854775807", "5");
    ck_assert_int_eq(told[0].sends, 1);
    return_row(running(0), "{\"a\":1}");
    assert_told(0, QUERY_DONE);
    ck_assert_str_eq(told[0].value, "{\"a\":1}");
    fake_pool_close(1);
}
END_TEST

/* Submits the read of a product's page whose times are asked for. */
static void read_timed(size_t number, struct call_times *times) {
    struct call call = noted_call(number, STATEMENT_LIST_QUESTIONS);
    call.told = times;
    call_add_int64(&call, 1);
    call_add_int64(&call, 5);
    pool_submit(pool, LANE_READS, &call);
}

START_TEST(a_call_is_told_how_long_it_waited_and_ran) {
    struct call_times first = {0}, second = {0};
    open_default();
    read_timed(0, &first);
    turn();
    read_timed(1, &second);
    wait_ms(20);
    return_row(running(0), "one");
    wait_ms(20);
    return_row(running(0), "two");
    assert_told(1, QUERY_DONE);
    ck_assert_int_ge(call_times_queue_us(&first), 0);
    ck_assert_int_ge(call_times_db_us(&first), 10000); /* clock_ms() goes in steps */
    ck_assert_int_ge(call_times_queue_us(&second), 10000);
    ck_assert_int_ge(call_times_db_us(&second), 10000);
    fake_pool_close(2);
}
END_TEST

START_TEST(a_call_that_was_never_sent_has_no_time_of_the_database) {
    struct call_times times = {.sent_us = 1};
    fake_accepts = false;
    open_default();
    read_timed(0, &times);
    assert_told(0, QUERY_REFUSED);
    ck_assert_int_eq(times.sent_us, 0);
    ck_assert_int_eq(call_times_db_us(&times), 0);
    ck_assert_int_ge(call_times_queue_us(&times), 0);
    fake_pool_close(1);
}
END_TEST

START_TEST(a_read_is_done_before_its_sync) {
    open_default();
    read_questions(0, 1);
    turn();
    fake_return(running(0), 1, &(const char *const[2]){"page", "1"});
    turn();
    assert_told(0, QUERY_DONE);
    fake_pool_close(1);
}
END_TEST

START_TEST(reads_that_come_while_one_is_in_flight_are_sent_together) {
    open_default();
    read_questions(0, 1);
    turn();
    read_questions(1, 7);
    read_page(2, LANE_READS, STATEMENT_LIST_ANSWERS, 8);
    read_questions(3, 2147483647);
    read_questions(4, 9);
    turn();
    ck_assert_uint_eq(fake_sent_count(), 1);
    return_row(running(0), "page");
    assert_sent(running(0), "list_questions_many", "{7,2147483647,9}", "{5,5,5}");
    ck_assert_int_eq(told[3].sends, 1);
    ck_assert_int_eq(told[2].sends, 0);

    /* The rows come in any order, and the third call has none. */
    static const char *const rows[][2] = {{"second", "2"}, {"first", "1"}};
    fake_return(running(0), 2, rows);
    turn();
    assert_told(1, QUERY_DONE);
    assert_told(3, QUERY_DONE);
    assert_told(4, QUERY_REFUSED);
    ck_assert_str_eq(told[1].value, "first");
    ck_assert_str_eq(told[3].value, "second");
    assert_sent(running(0), "list_answers", "8", "5");
    fake_pool_close(5);
}
END_TEST

START_TEST(a_group_of_reads_is_bounded) {
    open_default();
    for (size_t i = 0; i < 41; i++) {
        read_questions(i, 1);
        turn();
    }
    static const char *const rows[16][2];
    static const size_t sizes[] = {1, 16, 16, 8};
    for (size_t i = 0, done = 0; i < 4; i++) {
        PGconn *session = running(0);
        bool is_many = strcmp(fake_sent(session)->name, "list_questions_many") == 0;
        ck_assert_int_eq(is_many, sizes[i] > 1);
        size_t length = strlen(fake_sent(session)->parameters[0]);
        ck_assert_uint_eq(length, is_many ? 2 * sizes[i] + 1 : 1);
        fake_return(session, 0, rows);
        fake_sync(session);
        turn();
        done += sizes[i];
        ck_assert(told[done - 1].dones == 1 && told[done].dones == 0);
    }
    ck_assert_uint_eq(running_count(), 0);
    fake_pool_close(41);
}
END_TEST

START_TEST(long_pages_are_not_sent_in_one_group) {
    open_default();
    read_questions(0, 1);
    turn();
    static const int64_t weights[] = {49, 49, 5, 30, 26, 100, 5};
    for (size_t i = 0; i < 7; i++) {
        struct call call = noted_call(i + 1, STATEMENT_LIST_QUESTIONS);
        call.weight = weights[i];
        call_add_int64(&call, (int64_t)i + 2);
        call_add_int64(&call, weights[i]);
        pool_submit(pool, LANE_READS, &call);
    }
    static const char *const rows[][2] = {{"page", "1"}, {"page", "2"}, {"page", "3"}};
    PGconn *session = running(0);
    return_row(session, "page");
    assert_sent(session, "list_questions_many", "{2,4,6}", "{49,5,26}");
    fake_return(session, 3, rows);
    fake_sync(session);
    turn();
    assert_sent(session, "list_questions_many", "{3,5}", "{49,30}");
    fake_return(session, 2, rows);
    fake_sync(session);
    turn();
    assert_sent(session, "list_questions", "7", "100");
    return_row(session, "page");
    assert_sent(session, "list_questions", "8", "5");
    fake_pool_close(8);
}
END_TEST

START_TEST(a_read_that_has_waited_gets_another_connection) {
    open_with_readers(2);
    read_questions(0, 1);
    turn();
    read_questions(1, 2);
    turn();
    ck_assert_uint_eq(running_count(), 1);
    wait_ms(30);
    ck_assert_uint_eq(running_count(), 2);
    fake_pool_close(2);
}
END_TEST

/* One read in flight, and behind it a group of two, which is sent. */
static PGconn *send_group_of_two(void) {
    open_default();
    read_questions(0, 1);
    turn();
    read_questions(1, 2);
    read_questions(2, 3);
    return_row(running(0), "page");
    assert_sent(running(0), "list_questions_many", "{2,3}", "{5,5}");
    return running(0);
}

START_TEST(the_reads_of_a_failed_group_are_sent_again_one_by_one) {
    PGconn *session = send_group_of_two();
    fake_fail(session, "22012");
    turn();
    assert_sent(session, "list_questions", "2", "5");
    ck_assert_int_eq(told[1].sends, 2);
    return_row(session, "page");
    assert_told(1, QUERY_DONE);
    assert_sent(session, "list_questions", "3", "5");
    fake_fail(session, "22012");
    turn();
    assert_told(2, QUERY_FAILED);
    ck_assert_str_eq(told[2].error, "22012");
    fake_pool_close(3);
}
END_TEST

START_TEST(a_group_of_reads_in_conflict_is_not_sent_again) {
    PGconn *session = send_group_of_two();
    fake_fail(session, "40P01");
    turn();
    assert_told(1, QUERY_CONFLICT);
    assert_told(2, QUERY_CONFLICT);
    ck_assert_uint_eq(running_count(), 0);
    fake_pool_close(3);
}
END_TEST

START_TEST(a_read_whose_connection_was_lost_is_sent_again_but_not_for_ever) {
    open_default();
    read_questions(0, 1);
    for (int sends = 1; sends <= 4; sends++) {
        turn();
        while (running_count() == 0) {
            wait_ms(5);
        }
        ck_assert_int_eq(told[0].sends, sends);
        ck_assert_int_eq(told[0].dones, 0);
        fake_break(running(0));
    }
    turn();
    assert_told(0, QUERY_REFUSED);
    fake_pool_close(1);
}
END_TEST

START_TEST(the_reads_of_a_lost_group_keep_their_order) {
    PGconn *session = send_group_of_two();
    read_questions(3, 4);
    fake_break(session);
    turn();
    while (running_count() == 0) {
        wait_ms(5);
    }
    assert_sent(running(0), "list_questions_many", "{2,3,4}", "{5,5,5}");
    fake_pool_close(4);
}
END_TEST

START_TEST(what_could_not_be_sent_waits_for_another_connection) {
    open_default();
    fake_sends = false;
    read_questions(0, 1);
    read_questions(1, 2);
    turn();
    ck_assert_uint_eq(fake_sent_count(), 0);
    fake_sends = true;
    while (running_count() == 0) {
        wait_ms(5);
    }
    assert_sent(running(0), "list_questions_many", "{1,2}", "{5,5}");
    fake_pool_close(2);
}
END_TEST

START_TEST(what_waits_is_rejected_when_the_first_attempt_to_connect_anew_fails) {
    open_default();
    read_questions(0, 1);
    turn();
    read_questions(1, 2);
    fake_accepts = false;
    fake_break(running(0));
    while (told[1].dones == 0) {
        wait_ms(5);
    }
    assert_told(0, QUERY_REFUSED);
    assert_told(1, QUERY_REFUSED);
    ck_assert_uint_eq(fake_sent_count(), 1);
    fake_pool_close(2);
}
END_TEST

START_TEST(large_reads_are_sent_one_by_one_and_leave_a_connection_to_others) {
    open_with_readers(3);
    for (size_t i = 0; i < 4; i++) {
        read_page(i, LANE_LARGE_READS, STATEMENT_LIST_QUESTIONS, (int64_t)i);
    }
    wait_ms(30);
    ck_assert_uint_eq(running_count(), 2);
    read_questions(4, 44);
    turn();
    ck_assert_uint_eq(running_count(), 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(fake_sent(running(i))->name, "list_questions");
    }
    ck_assert_int_eq(told[4].sends, 1);
    fake_pool_close(5);
}
END_TEST

/* Writes */

START_TEST(a_write_is_done_at_its_sync) {
    open_default();
    write_number(0);
    turn();
    PGconn *session = running(0);
    fake_return(session, 1, &(const char *const[2]){"7", ""});
    turn();
    ck_assert_int_eq(told[0].dones, 0);
    fake_sync(session);
    turn();
    assert_told(0, QUERY_DONE);
    ck_assert_str_eq(told[0].value, "7");
    fake_pool_close(1);
}
END_TEST

START_TEST(a_write_waits_for_the_one_before_and_reads_wait_for_neither) {
    open_default();
    write_number(0);
    write_number(1);
    read_questions(2, 1);
    turn();
    ck_assert_int_eq(told[0].sends, 1);
    ck_assert_int_eq(told[1].sends, 0);
    ck_assert_int_eq(told[2].sends, 1);
    fake_pool_close(3);
}
END_TEST

START_TEST(a_write_whose_connection_was_lost_is_unknown_and_not_sent_again) {
    open_default();
    write_number(0);
    turn();
    PGconn *session = running(0);
    fake_return(session, 1, &(const char *const[2]){"7", ""});
    fake_break(session);
    turn();
    assert_told(0, QUERY_UNKNOWN);
    wait_ms(100);
    ck_assert_uint_eq(fake_sent_count(), 1);
    fake_pool_close(1);
}
END_TEST

START_TEST(an_error_that_the_server_did_not_send_leaves_a_write_unknown) {
    open_default();
    write_number(0);
    turn();
    fake_fail(running(0), "");
    turn();
    assert_told(0, QUERY_UNKNOWN);
    fake_pool_close(1);
}
END_TEST

START_TEST(what_meets_outdated_statements_is_sent_again_over_a_new_connection) {
    open_default();
    write_number(0);
    turn();
    fake_fail(running(0), "26000");
    turn();
    while (running_count() == 0) {
        wait_ms(5);
    }
    ck_assert_int_eq(told[0].sends, 2);
    ck_assert_uint_eq(fake_sessions_opened(), 3);
    return_row(running(0), "7");
    assert_told(0, QUERY_DONE);
    fake_pool_close(1);
}
END_TEST

/* Limits */

static void open_with_timeout(int64_t request_timeout_ms) {
    struct pool_settings settings = fake_pool_settings();
    settings.request_timeout_ms = request_timeout_ms;
    fake_pool_open(&settings);
}

START_TEST(a_deadline_covers_waiting_and_running) {
    open_with_timeout(100);
    read_questions(0, 1);
    write_number(1);
    turn();
    PGconn *reader = running(0);
    read_questions(2, 2);
    write_number(3);
    turn();
    ck_assert_uint_eq(running_count(), 2);
    wait_ms(300);
    assert_told(0, QUERY_EXPIRED);
    assert_told(1, QUERY_UNKNOWN);
    assert_told(2, QUERY_EXPIRED);
    assert_told(3, QUERY_REFUSED); /* its lane has lost its only connection */
    ck_assert_ptr_ne(fake_session(0), reader);
    ck_assert_ptr_ne(fake_session(1), reader);
    ck_assert_uint_eq(fake_sessions_opened(), 4);
    fake_pool_close(4);
}
END_TEST

START_TEST(what_a_call_has_spent_elsewhere_is_of_its_deadline) {
    open_with_timeout(10000);
    read_questions(0, 1);
    turn();
    struct call call = noted_call(1, STATEMENT_LIST_QUESTIONS);
    call.spent_ms = 9900;
    call_add_int64(&call, 2);
    call_add_int64(&call, 5);
    pool_submit(pool, LANE_READS, &call);
    wait_ms(300);
    assert_told(1, QUERY_EXPIRED);
    ck_assert_int_eq(told[0].dones, 0);
    fake_pool_close(2);
}
END_TEST

START_TEST(the_others_of_an_overdue_group_go_on) {
    open_with_timeout(200);
    read_questions(0, 1);
    turn();
    read_questions(1, 2);
    wait_ms(100);
    read_questions(2, 3);
    return_row(running(0), "page");
    assert_sent(running(0), "list_questions_many", "{2,3}", "{5,5}");
    wait_ms(130);
    assert_told(1, QUERY_EXPIRED);
    while (running_count() == 0 && told[2].dones == 0) {
        wait_ms(1);
    }
    if (told[2].dones == 0) { /* this machine may have been slow */
        assert_sent(running(0), "list_questions", "3", "5");
        return_row(running(0), "page");
        assert_told(2, QUERY_DONE);
    }
    fake_pool_close(3);
}
END_TEST

START_TEST(a_full_lane_rejects) {
    struct pool_settings settings = fake_pool_settings();
    settings.queue_limit = 2;
    fake_pool_open(&settings);
    for (size_t i = 0; i < 3; i++) {
        read_questions(i, 1);
        write_number(3 + i);
        turn();
    }
    assert_told(2, QUERY_REFUSED);
    assert_told(5, QUERY_REFUSED);
    ck_assert_int_eq(told[1].dones + told[4].dones, 0);
    read_page(6, LANE_LARGE_READS, STATEMENT_LIST_QUESTIONS, 1);
    ck_assert_int_eq(told[6].dones, 0);
    fake_pool_close(7);
}
END_TEST

static void open_with_queue_wait(int64_t queue_wait_ms) {
    struct pool_settings settings = fake_pool_settings();
    settings.queue_wait_ms = queue_wait_ms;
    fake_pool_open(&settings);
}

START_TEST(a_long_old_queue_whose_first_read_waits_too_long_rejects) {
    open_with_queue_wait(20);
    for (size_t i = 0; i < 65; i++) {
        read_questions(i, 1);
        turn();
    }
    wait_ms(110);
    read_questions(65, 1);
    assert_told(65, QUERY_REFUSED);
    fake_pool_close(66);
}
END_TEST

START_TEST(a_short_queue_rejects_nobody) {
    open_with_queue_wait(20);
    for (size_t i = 0; i < 63; i++) {
        read_questions(i, 1);
        turn();
    }
    wait_ms(110);
    read_questions(63, 1);
    ck_assert_int_eq(told[63].dones, 0);
    fake_pool_close(64);
}
END_TEST

START_TEST(a_young_queue_rejects_nobody) {
    open_with_queue_wait(1000);
    for (size_t i = 0; i < 65; i++) {
        read_questions(i, 1);
        turn();
    }
    wait_ms(1100);
    read_questions(65, 1);
    ck_assert_int_eq(told[65].dones, 0);
    fake_pool_close(66);
}
END_TEST

START_TEST(a_closed_pool_tells_every_call) {
    open_default();
    read_questions(0, 1);
    write_number(1);
    turn();
    read_questions(2, 1);
    write_number(3);
    pool_close(pool);
    assert_told(0, QUERY_REFUSED);
    assert_told(1, QUERY_UNKNOWN);
    assert_told(2, QUERY_REFUSED);
    assert_told(3, QUERY_REFUSED);
    read_questions(4, 1);
    write_number(5);
    assert_told(4, QUERY_REFUSED);
    assert_told(5, QUERY_REFUSED);
    fake_pool_close(6);
}
END_TEST

START_TEST(the_texts_of_a_call_are_the_pools) {
    open_default();
    static const char *const texts[] = {"", "a \"quoted\" text"};
    for (size_t i = 0; i < 2; i++) { /* LeakSanitizer sees to it that they are released. */
        struct call call = noted_call(i, STATEMENT_VOTE_ANSWER);
        call_add_text(&call, strdup(texts[i]));
        call_add_int64(&call, INT64_MIN);
        pool_submit(pool, LANE_WRITES, &call);
    }
    turn();
    assert_sent(running(0), "vote_answer", "", "-9223372036854775808");
    return_row(running(0), "7");
    assert_sent(running(0), "vote_answer", "a \"quoted\" text", "-9223372036854775808");
    fake_pool_close(2);
}
END_TEST

Suite *pool_suite(void) {
    Suite *suite = suite_create("pool");
    TCase *cases = tcase_create("pool");
    tcase_add_test(cases, a_pool_is_ready_while_reads_and_writes_have_a_connection);
    tcase_add_test(cases, without_a_connection_a_call_is_rejected_at_once);
    tcase_add_test(cases, sessions_of_one_server_process_are_not_used_together);
    tcase_add_test(cases, a_session_whose_statements_cannot_be_prepared_is_not_used);
    tcase_add_test(cases, a_lone_read_leaves_at_once);
    tcase_add_test(cases, a_call_is_told_how_long_it_waited_and_ran);
    tcase_add_test(cases, a_call_that_was_never_sent_has_no_time_of_the_database);
    tcase_add_test(cases, a_read_is_done_before_its_sync);
    tcase_add_test(cases, reads_that_come_while_one_is_in_flight_are_sent_together);
    tcase_add_test(cases, a_group_of_reads_is_bounded);
    tcase_add_test(cases, long_pages_are_not_sent_in_one_group);
    tcase_add_test(cases, a_read_that_has_waited_gets_another_connection);
    tcase_add_test(cases, the_reads_of_a_failed_group_are_sent_again_one_by_one);
    tcase_add_test(cases, a_group_of_reads_in_conflict_is_not_sent_again);
    tcase_add_test(cases, a_read_whose_connection_was_lost_is_sent_again_but_not_for_ever);
    tcase_add_test(cases, the_reads_of_a_lost_group_keep_their_order);
    tcase_add_test(cases, what_could_not_be_sent_waits_for_another_connection);
    tcase_add_test(cases, what_waits_is_rejected_when_the_first_attempt_to_connect_anew_fails);
    tcase_add_test(cases, large_reads_are_sent_one_by_one_and_leave_a_connection_to_others);
    tcase_add_test(cases, a_write_is_done_at_its_sync);
    tcase_add_test(cases, a_write_waits_for_the_one_before_and_reads_wait_for_neither);
    tcase_add_test(cases, a_write_whose_connection_was_lost_is_unknown_and_not_sent_again);
    tcase_add_test(cases, an_error_that_the_server_did_not_send_leaves_a_write_unknown);
    tcase_add_test(cases, what_meets_outdated_statements_is_sent_again_over_a_new_connection);
    tcase_add_test(cases, a_deadline_covers_waiting_and_running);
    tcase_add_test(cases, what_a_call_has_spent_elsewhere_is_of_its_deadline);
    tcase_add_test(cases, the_others_of_an_overdue_group_go_on);
    tcase_add_test(cases, a_full_lane_rejects);
    tcase_add_test(cases, a_long_old_queue_whose_first_read_waits_too_long_rejects);
    tcase_add_test(cases, a_short_queue_rejects_nobody);
    tcase_add_test(cases, a_young_queue_rejects_nobody);
    tcase_add_test(cases, a_closed_pool_tells_every_call);
    tcase_add_test(cases, the_texts_of_a_call_are_the_pools);
    suite_add_tcase(suite, cases);
    return suite;
}
