/* Writes that share statements, on a fake libpq. */
#include "db/combine_writes.h"
#include "fake_pool.h"
#include "ops/memory.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

/* Votes for answers, with everything a form can have, and additions, with nothing. */
static const struct write_form votes = {STATEMENT_VOTE_ANSWERS, STATEMENT_VOTE_ANSWER,
                                        STATEMENT_UNLOCKED_ANSWERS, 0};
static const struct write_form additions = {STATEMENT_ADD_QUESTIONS, STATEMENT_COUNT,
                                            STATEMENT_COUNT, 0};

enum { LOCK_TIMEOUT_MS = 10, TIMEOUT_MS = 60000 };

/* Those of which each has a mark besides. */
static const struct write_form marked = {STATEMENT_VOTE_ANSWERS_ONCE, STATEMENT_COUNT,
                                         STATEMENT_UNLOCKED_ANSWERS, 20};

static void open_with(size_t write_connections, int64_t lock_timeout_ms, int64_t timeout_ms) {
    struct pool_settings settings = fake_pool_settings();
    settings.write_connections = write_connections;
    settings.connection.lock_timeout_ms = lock_timeout_ms;
    settings.request_timeout_ms = timeout_ms;
    fake_pool_open(&settings);
}

static void open_default(void) {
    open_with(1, LOCK_TIMEOUT_MS, TIMEOUT_MS);
}

static void vote(size_t number, int64_t answer) {
    struct call call = noted_call(number, STATEMENT_COUNT);
    call.form = &votes;
    call.row = answer;
    call_add_int64(&call, answer);
    pool_submit(pool, LANE_WRITES, &call);
}

static void add(size_t number, const char *json) {
    struct call call = noted_call(number, STATEMENT_COUNT);
    call.form = &additions;
    call_add_text(&call, memory_strdup(json));
    pool_submit(pool, LANE_WRITES, &call);
}

static void vote_marked(size_t number, int64_t answer, const char *mark) {
    struct call call = noted_call(number, STATEMENT_COUNT);
    call.form = &marked;
    call.row = answer;
    call_add_int64(&call, answer);
    call_add_text(&call, memory_strdup(mark));
    pool_submit(pool, LANE_WRITES, &call);
}

static void assert_sent(const PGconn *session, const char *name, const char *first) {
    ck_assert_str_eq(fake_sent(session)->name, name);
    ck_assert_str_eq(fake_sent(session)->parameters[0], first);
}

/* The server commits a group of which the calls at some places, from 1, took effect. */
static void commit(PGconn *session, const char *places) {
    const char *rows[200][2];
    char texts[200][8];
    size_t count = 0;
    for (const char *place = places; *place; place += strcspn(place, " "), place += *place == ' ') {
        snprintf(texts[count], sizeof texts[count], "%.*s", (int)strcspn(place, " "), place);
        rows[count][0] = rows[count][1] = texts[count];
        count++;
    }
    fake_return(session, count, (const char *const(*)[2])rows);
    fake_sync(session);
    turn();
}

static void roll_back(PGconn *session, const char *sqlstate) {
    fake_fail(session, sqlstate);
    turn();
}

/* Votes for some answers, in one group, which is running; another vote, told[0], went before. */
static PGconn *send_together(const int64_t *answers, size_t count) {
    vote(0, 1000);
    turn();
    for (size_t i = 0; i < count; i++) {
        vote(i + 1, answers[i]);
    }
    turn();
    commit(running(0), "1");
    return running(0);
}

/* What shares a statement */

START_TEST(a_lone_write_leaves_at_once_by_the_cheaper_statement) {
    open_default();
    vote(0, 7);
    turn();
    assert_sent(running(0), "vote_answer", "7");
    ck_assert_str_eq(fake_sent(running(0))->parameters[1], "1");
    commit(running(0), "1");
    assert_told(0, QUERY_DONE);
    ck_assert_int_eq(told[0].row, 0);
    fake_pool_close(1);
}
END_TEST

START_TEST(what_comes_while_a_group_is_in_flight_forms_the_next) {
    open_default();
    PGconn *session = send_together((const int64_t[]){7, 8, 7, 9}, 4);
    assert_sent(session, "vote_answers", "[7,8,7,9]");
    ck_assert_int_eq(fake_sent(session)->parameter_count, 1);
    commit(session, "4 1 3");
    for (size_t i = 1; i <= 4; i++) {
        assert_told(i, QUERY_DONE);
    }
    ck_assert_str_eq(told[1].value, "1");
    ck_assert_int_eq(told[2].row, -1);
    ck_assert_str_eq(told[3].value, "3");
    ck_assert_str_eq(told[4].value, "4");
    ck_assert_uint_eq(running_count(), 0);
    fake_pool_close(5);
}
END_TEST

START_TEST(equal_writes_take_the_cheaper_statement) {
    open_default();
    PGconn *session = send_together((const int64_t[]){7, 7, 7}, 3);
    assert_sent(session, "vote_answer", "7");
    ck_assert_str_eq(fake_sent(session)->parameters[1], "3");
    commit(session, "1");
    for (size_t i = 1; i <= 3; i++) {
        assert_told(i, QUERY_DONE);
        ck_assert_int_eq(told[i].row, 0);
    }
    fake_pool_close(4);
}
END_TEST

START_TEST(equal_writes_to_nothing_have_no_row) {
    open_default();
    PGconn *session = send_together((const int64_t[]){7, 7}, 2);
    commit(session, "");
    ck_assert(told[1].outcome == QUERY_DONE && told[1].row == -1);
    ck_assert(told[2].outcome == QUERY_DONE && told[2].row == -1);
    fake_pool_close(3);
}
END_TEST

START_TEST(a_group_holds_one_form_and_the_oldest_write_goes_first) {
    open_default();
    vote(0, 1);
    turn();
    vote(1, 2);
    add(2, "{\"a\":1}");
    vote(3, 4);
    add(4, "{\"b\":2}");
    turn();
    commit(running(0), "1");
    assert_sent(running(0), "vote_answers", "[2,4]");
    commit(running(0), "1 2");
    assert_sent(running(0), "add_questions", "[{\"a\":1},{\"b\":2}]");
    commit(running(0), "1 2");
    assert_told(4, QUERY_DONE);
    fake_pool_close(5);
}
END_TEST

START_TEST(a_group_is_bounded) {
    open_default();
    for (size_t i = 0; i <= 250; i++) {
        vote(i, (int64_t)i);
        turn();
    }
    static const int told_after[] = {1, 201, 251};
    for (size_t i = 0; i < 3; i++) {
        commit(running(0), "");
        int done = 0;
        for (size_t k = 0; k <= 250; k++) {
            done += told[k].dones;
        }
        ck_assert_int_eq(done, told_after[i]);
    }
    fake_pool_close(251);
}
END_TEST

/* A group that fails */

START_TEST(a_further_parameter_is_an_array_of_postgresql) {
    open_default();
    vote_marked(0, 7, "NULL");
    turn();
    assert_sent(running(0), "vote_answers_once", "[7]");
    ck_assert_str_eq(fake_sent(running(0))->parameters[1], "{NULL}");
    vote_marked(1, 8, "a");
    vote_marked(2, 9, "NULL");
    turn();
    commit(running(0), "1");
    assert_sent(running(0), "vote_answers_once", "[8,9]");
    ck_assert_str_eq(fake_sent(running(0))->parameters[1], "{a,NULL}");
    commit(running(0), "1 2");
    fake_pool_close(3);
}
END_TEST

START_TEST(a_form_may_bound_its_groups) {
    open_default();
    for (size_t i = 0; i <= 30; i++) {
        vote_marked(i, (int64_t)i, "a");
        turn();
    }
    static const int told_after[] = {1, 21, 31};
    for (size_t i = 0; i < 3; i++) {
        commit(running(0), "");
        int done = 0;
        for (size_t k = 0; k <= 30; k++) {
            done += told[k].dones;
        }
        ck_assert_int_eq(done, told_after[i]);
    }
    fake_pool_close(31);
}
END_TEST

START_TEST(the_writes_of_a_group_that_was_rolled_back_are_sent_once_more_by_themselves) {
    open_default();
    PGconn *session = send_together((const int64_t[]){7, 8, 7}, 3);
    roll_back(session, "22012");
    assert_sent(session, "vote_answer", "7");
    ck_assert_str_eq(fake_sent(session)->parameters[1], "2");
    commit(session, "1");
    assert_told(1, QUERY_DONE);
    assert_told(3, QUERY_DONE);
    assert_sent(session, "vote_answer", "8");
    roll_back(session, "22012");
    assert_told(2, QUERY_FAILED);
    ck_assert_str_eq(told[2].error, "22012");
    ck_assert_uint_eq(running_count(), 0);
    ck_assert_int_eq(pool_told_uncertain, 0);
    fake_pool_close(4);
}
END_TEST

START_TEST(a_group_whose_connection_was_lost_is_unknown_and_not_sent_again) {
    open_default();
    PGconn *session = send_together((const int64_t[]){7, 8}, 2);
    vote(3, 9);
    fake_break(session);
    turn();
    for (size_t i = 1; i <= 2; i++) {
        assert_told(i, QUERY_UNKNOWN);
        ck_assert_int_eq(told[i].uncertain, 1); /* told before */
    }
    ck_assert_int_eq(pool_told_uncertain, 1);
    assert_told(3, QUERY_REFUSED);
    wait_ms(100);
    ck_assert_uint_eq(fake_sent_count(), 2);
    fake_pool_close(4);
}
END_TEST

START_TEST(a_group_that_is_overdue_is_unknown) {
    open_with(1, LOCK_TIMEOUT_MS, 200);
    PGconn *session = send_together((const int64_t[]){7, 8}, 2);
    ck_assert(fake_is_running(session));
    wait_ms(300);
    assert_told(1, QUERY_UNKNOWN);
    assert_told(2, QUERY_UNKNOWN);
    ck_assert_int_eq(told[1].uncertain, 1);
    ck_assert_int_eq(pool_told_uncertain, 1);
    fake_pool_close(3);
}
END_TEST

START_TEST(a_group_in_flight_is_unknown_when_the_pool_closes) {
    open_default();
    send_together((const int64_t[]){7, 8}, 2);
    vote(3, 9);
    pool_close(pool);
    assert_told(1, QUERY_UNKNOWN);
    assert_told(2, QUERY_UNKNOWN);
    assert_told(3, QUERY_REFUSED);
    ck_assert_int_eq(told[1].uncertain, 1);
    fake_pool_close(4);
}
END_TEST

START_TEST(a_group_that_meets_outdated_statements_is_sent_again_whole) {
    open_default();
    PGconn *session = send_together((const int64_t[]){7, 8}, 2);
    roll_back(session, "0A000");
    while (running_count() == 0) {
        wait_ms(5);
    }
    assert_sent(running(0), "vote_answers", "[7,8]");
    fake_pool_close(3);
}
END_TEST

/* Locked rows */

/* A group of votes for answers 7 to 10 has met a lock: the server looks which of them is locked. */
static PGconn *look(size_t write_connections) {
    open_with(write_connections, LOCK_TIMEOUT_MS, TIMEOUT_MS);
    for (size_t i = 0; i < 4; i++) {
        vote(i, 7 + (int64_t)i);
    }
    turn();
    PGconn *session = running(0);
    assert_sent(session, "vote_answers", "[7,8,9,10]");
    roll_back(session, "55P03");
    assert_sent(session, "unlocked_answers", "[7,8,9,10]");
    return session;
}

START_TEST(a_locked_row_fails_only_its_own_writes) {
    PGconn *session = look(2);
    commit(session, "1 3 4"); /* not 8, the second */
    /* The locked one waits on one connection, the others go together on the other. */
    ck_assert_uint_eq(running_count(), 2);
    PGconn *one = running(0), *other = running(1);
    PGconn *locked = strcmp(fake_sent(one)->name, "vote_answer") == 0 ? one : other;
    PGconn *free_ones = locked == one ? other : one;
    assert_sent(locked, "vote_answer", "8");
    assert_sent(free_ones, "vote_answers", "[7,9,10]");
    commit(free_ones, "1 2 3");
    roll_back(locked, "55P03");
    for (size_t i = 0; i < 4; i++) {
        assert_told(i, i == 1 ? QUERY_LOCKED : QUERY_DONE);
    }
    fake_pool_close(4);
}
END_TEST

START_TEST(what_comes_during_a_look_knows_what_it_told) {
    PGconn *session = look(1);
    vote(4, 8);
    vote(5, 11);
    commit(session, "1 3 4");
    assert_sent(session, "vote_answer", "8");
    ck_assert_str_eq(fake_sent(session)->parameters[1], "2");
    commit(session, "1");
    /* What is free goes by itself: the other one may meet another lock. */
    assert_sent(session, "vote_answers", "[7,9,10]");
    commit(session, "1 2 3");
    assert_sent(session, "vote_answer", "11");
    fake_pool_close(6);
}
END_TEST

START_TEST(writes_to_a_locked_row_wait_on_one_connection_until_it_is_free) {
    open_with(2, LOCK_TIMEOUT_MS, TIMEOUT_MS);
    vote(0, 8);
    turn();
    roll_back(running(0), "55P03");
    assert_told(0, QUERY_LOCKED);
    vote(1, 8);
    turn();
    vote(2, 8);
    vote(3, 8);
    turn();
    ck_assert_uint_eq(running_count(), 1);
    vote(4, 9);
    turn();
    ck_assert_uint_eq(running_count(), 2);
    PGconn *locked =
        strcmp(fake_sent(running(0))->parameters[0], "8") == 0 ? running(0) : running(1);
    commit(locked, "1");
    assert_told(1, QUERY_DONE);
    assert_sent(locked, "vote_answer", "8");
    ck_assert_str_eq(fake_sent(locked)->parameters[1], "2");
    commit(locked, "1");
    /* It is known to be free: it shares groups again. */
    vote(5, 8);
    vote(6, 7);
    turn();
    assert_sent(locked, "vote_answers", "[8,7]");
    fake_pool_close(7);
}
END_TEST

START_TEST(what_waits_for_a_group_learns_that_its_row_is_locked) {
    open_default();
    vote(0, 8);
    turn();
    vote(1, 8);
    vote(2, 9);
    roll_back(running(0), "55P03");
    assert_sent(running(0), "vote_answer", "9");
    fake_pool_close(3);
}
END_TEST

START_TEST(each_locked_row_has_its_turn) {
    open_with(2, LOCK_TIMEOUT_MS, TIMEOUT_MS);
    for (size_t i = 0; i < 2; i++) {
        vote(i, 7 + (int64_t)i);
        turn();
        roll_back(running(0), "55P03");
        wait_ms(20);
    }
    vote(2, 7);
    vote(3, 8);
    vote(4, 7);
    turn();
    assert_sent(running(0), "vote_answer", "7");
    wait_ms(20);
    roll_back(running(0), "55P03");
    vote(5, 7);
    assert_sent(running(0), "vote_answer", "8");
    fake_pool_close(6);
}
END_TEST

START_TEST(a_quarter_of_the_writes_may_wait_for_locked_rows) {
    struct pool_settings settings = fake_pool_settings();
    settings.queue_limit = 8;
    settings.write_connections = 2;
    fake_pool_open(&settings);
    vote(0, 8);
    turn();
    roll_back(running(0), "55P03");
    for (size_t i = 1; i <= 3; i++) {
        vote(i, 8);
    }
    ck_assert_int_eq(told[1].dones + told[2].dones, 0);
    assert_told(3, QUERY_REFUSED);
    vote(4, 9);
    ck_assert_int_eq(told[4].dones, 0);
    fake_pool_close(5);
}
END_TEST

START_TEST(the_only_connection_rests_after_a_locked_row) {
    open_with(1, 100, TIMEOUT_MS);
    vote(0, 8);
    turn();
    roll_back(running(0), "55P03");
    vote(1, 8);
    turn();
    ck_assert_uint_eq(running_count(), 0);
    vote(2, 9);
    turn();
    assert_sent(running(0), "vote_answer", "9");
    commit(running(0), "1");
    ck_assert_uint_eq(running_count(), 0);
    wait_ms(300);
    assert_sent(running(0), "vote_answer", "8");
    fake_pool_close(3);
}
END_TEST

START_TEST(a_second_chance_that_lacks_the_time_is_rejected) {
    open_with(1, 100, 300);
    PGconn *session = send_together((const int64_t[]){7, 8}, 2);
    wait_ms(100);
    roll_back(session, "40P01");
    assert_told(1, QUERY_REFUSED);
    assert_told(2, QUERY_REFUSED);
    ck_assert_uint_eq(running_count(), 0);
    fake_pool_close(3);
}
END_TEST

START_TEST(a_look_whose_connection_was_lost_has_written_nothing) {
    PGconn *session = look(1);
    fake_break(session);
    turn();
    for (size_t i = 0; i < 4; i++) {
        assert_told(i, QUERY_REFUSED);
    }
    ck_assert_int_eq(pool_told_uncertain, 0);
    fake_pool_close(4);
}
END_TEST

/* Overload */

START_TEST(a_write_that_would_wait_too_long_is_rejected) {
    struct pool_settings settings = fake_pool_settings();
    settings.queue_wait_ms = 20;
    settings.connection.lock_timeout_ms = 500;
    fake_pool_open(&settings);
    vote(0, 1);
    turn();
    vote(1, 2);
    wait_ms(40);
    vote(2, 3);
    ck_assert_int_eq(told[2].dones, 0);
    wait_ms(600);
    vote(3, 4);
    assert_told(3, QUERY_REFUSED);
    fake_pool_close(4);
}
END_TEST

START_TEST(what_waits_for_locked_rows_is_no_overload) {
    struct pool_settings settings = fake_pool_settings();
    settings.queue_wait_ms = 20;
    settings.connection.lock_timeout_ms = 10;
    settings.write_connections = 2;
    fake_pool_open(&settings);
    vote(0, 8);
    turn();
    roll_back(running(0), "55P03");
    vote(1, 8);
    turn();
    vote(2, 8);
    wait_ms(100);
    vote(3, 9);
    ck_assert_int_eq(told[3].dones, 0);
    turn();
    ck_assert_int_eq(told[3].sends, 1);
    fake_pool_close(4);
}
END_TEST

Suite *combine_writes_suite(void) {
    Suite *suite = suite_create("combine_writes");
    TCase *cases = tcase_create("combine_writes");
    tcase_add_test(cases, a_lone_write_leaves_at_once_by_the_cheaper_statement);
    tcase_add_test(cases, what_comes_while_a_group_is_in_flight_forms_the_next);
    tcase_add_test(cases, equal_writes_take_the_cheaper_statement);
    tcase_add_test(cases, equal_writes_to_nothing_have_no_row);
    tcase_add_test(cases, a_group_holds_one_form_and_the_oldest_write_goes_first);
    tcase_add_test(cases, a_group_is_bounded);
    tcase_add_test(cases, a_further_parameter_is_an_array_of_postgresql);
    tcase_add_test(cases, a_form_may_bound_its_groups);
    tcase_add_test(cases,
                   the_writes_of_a_group_that_was_rolled_back_are_sent_once_more_by_themselves);
    tcase_add_test(cases, a_group_whose_connection_was_lost_is_unknown_and_not_sent_again);
    tcase_add_test(cases, a_group_that_is_overdue_is_unknown);
    tcase_add_test(cases, a_group_in_flight_is_unknown_when_the_pool_closes);
    tcase_add_test(cases, a_group_that_meets_outdated_statements_is_sent_again_whole);
    tcase_add_test(cases, a_locked_row_fails_only_its_own_writes);
    tcase_add_test(cases, what_comes_during_a_look_knows_what_it_told);
    tcase_add_test(cases, writes_to_a_locked_row_wait_on_one_connection_until_it_is_free);
    tcase_add_test(cases, what_waits_for_a_group_learns_that_its_row_is_locked);
    tcase_add_test(cases, each_locked_row_has_its_turn);
    tcase_add_test(cases, a_quarter_of_the_writes_may_wait_for_locked_rows);
    tcase_add_test(cases, the_only_connection_rests_after_a_locked_row);
    tcase_add_test(cases, a_second_chance_that_lacks_the_time_is_rejected);
    tcase_add_test(cases, a_look_whose_connection_was_lost_has_written_nothing);
    tcase_add_test(cases, a_write_that_would_wait_too_long_is_rejected);
    tcase_add_test(cases, what_waits_for_locked_rows_is_no_overload);
    suite_add_tcase(suite, cases);
    return suite;
}
