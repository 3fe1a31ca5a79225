/* What a pool counts, on a fake libpq. */
#include "db/combine_writes.h"
#include "fake_pool.h"
#include "ops/metrics.h"
#include "suites.h"

static struct metrics metrics;

static void open_with_limit(size_t queue_limit) {
    struct pool_settings settings = fake_pool_settings();
    settings.queue_limit = queue_limit;
    settings.metrics = &metrics;
    fake_pool_open(&settings);
}

static void read_number(size_t number) {
    read_page(number, LANE_READS, STATEMENT_LIST_QUESTIONS, 1);
}

static void vote(size_t number) {
    static const struct write_form form = {STATEMENT_VOTE_ANSWERS, STATEMENT_VOTE_ANSWER,
                                           STATEMENT_UNLOCKED_ANSWERS, 0};
    struct call call = noted_call(number, STATEMENT_COUNT);
    call.form = &form;
    call.row = 7;
    call_add_int64(&call, 7);
    pool_submit(pool, LANE_WRITES, &call);
}

static void assert_calls(enum pool_lane lane, uint64_t waiting, uint64_t running_ones) {
    ck_assert_uint_eq(metrics_get(&metrics.gauges.waiting_calls[lane]), waiting);
    ck_assert_uint_eq(metrics_get(&metrics.gauges.running_calls[lane]), running_ones);
}

static void assert_connections(size_t set, uint64_t connecting, uint64_t idle, uint64_t used) {
    const metrics_number *states = metrics.gauges.connections[set];
    ck_assert_uint_eq(metrics_get(&states[METRICS_CONNECTING]), connecting);
    ck_assert_uint_eq(metrics_get(&states[METRICS_IDLE]), idle);
    ck_assert_uint_eq(metrics_get(&states[METRICS_USED]), used);
}

static uint64_t count_of(const struct metrics_histogram *histogram) {
    uint64_t count = 0;
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        count += metrics_get(&histogram->buckets[i]);
    }
    return count;
}

START_TEST(a_call_waits_runs_and_completes) {
    open_with_limit(TOLD_MAX);
    assert_connections(METRICS_FOR_READS, 0, 1, 0);
    read_number(0);
    assert_calls(LANE_READS, 1, 0);
    turn();
    assert_calls(LANE_READS, 0, 1);
    assert_connections(METRICS_FOR_READS, 0, 0, 1);
    assert_connections(METRICS_FOR_WRITES, 0, 1, 0);
    read_number(1);
    turn();
    assert_calls(LANE_READS, 1, 1);
    return_row(running(0), "1");
    return_row(running(0), "1");
    assert_calls(LANE_READS, 0, 0);
    assert_connections(METRICS_FOR_READS, 0, 1, 0);
    ck_assert_uint_eq(metrics_get(&metrics.lanes.outcomes[LANE_READS][QUERY_DONE]), 2);
    ck_assert_uint_eq(count_of(&metrics.lanes.wait[LANE_READS]), 2);
    ck_assert_uint_eq(count_of(&metrics.statements[STATEMENT_LIST_QUESTIONS]), 2);
    ck_assert_uint_eq(metrics_get(&metrics.commits), 0);
    fake_pool_close(2);
}
END_TEST

START_TEST(calls_that_share_a_statement_are_one_group_and_one_commit) {
    open_with_limit(TOLD_MAX);
    for (size_t i = 0; i < 4; i++) {
        vote(i);
    }
    turn(); /* the first by itself or all: as the pool's loop turns */
    while (running_count() > 0) {
        return_row(running(0), "1");
    }
    const struct metrics_histogram *sizes = &metrics.lanes.group_size[LANE_WRITES];
    ck_assert_uint_eq(metrics_get(&sizes->sum), 4);
    ck_assert_uint_eq(count_of(sizes), metrics_get(&metrics.commits));
    ck_assert_uint_eq(count_of(&metrics.lanes.wait[LANE_WRITES]), 4);
    ck_assert_uint_eq(metrics_get(&metrics.lanes.outcomes[LANE_WRITES][QUERY_DONE]), 4);
    fake_pool_close(4);
}
END_TEST

START_TEST(what_is_rolled_back_is_no_commit) {
    open_with_limit(TOLD_MAX);
    vote(0);
    turn();
    fake_fail(running(0), "22003");
    turn();
    while (running_count() > 0) {
        fake_fail(running(0), "22003");
        turn();
    }
    ck_assert_uint_eq(metrics_get(&metrics.commits), 0);
    ck_assert_uint_eq(metrics_get(&metrics.lanes.outcomes[LANE_WRITES][QUERY_FAILED]), 1);
    assert_calls(LANE_WRITES, 0, 0);
    fake_pool_close(1);
}
END_TEST

START_TEST(calls_that_wait_for_the_end_of_a_pause_are_counted_once) {
    open_with_limit(TOLD_MAX);
    read_number(0);
    turn();
    pool_pause(pool);
    read_number(1);
    read_number(2);
    vote(3);
    return_row(running(0), "1"); /* it was sent before */
    ck_assert_uint_eq(metrics_get(&metrics.lanes.held[LANE_READS]), 0);
    pool_resume(pool);
    ck_assert_uint_eq(metrics_get(&metrics.lanes.held[LANE_READS]), 2);
    ck_assert_uint_eq(metrics_get(&metrics.lanes.held[LANE_WRITES]), 1);
    turn();
    while (running_count() > 0) {
        return_row(running(0), "1");
    }
    ck_assert_uint_eq(metrics_get(&metrics.lanes.held[LANE_READS]), 2);
    fake_pool_close(4);
}
END_TEST

START_TEST(rejections_have_their_reason) {
    open_with_limit(1);
    read_number(0);
    read_number(1);
    turn();
    const metrics_number *rejections = metrics.lanes.rejections[LANE_READS];
    ck_assert_uint_eq(metrics_get(&rejections[METRICS_QUEUE_FULL]), 1);
    pool_close(pool);
    read_number(2);
    ck_assert_uint_eq(metrics_get(&rejections[METRICS_STOPPING]), 1);
    ck_assert_uint_eq(metrics_get(&metrics.lanes.outcomes[LANE_READS][QUERY_REFUSED]), 3);
    assert_calls(LANE_READS, 0, 0);
    fake_pool_close(3);
}
END_TEST

START_TEST(an_outage_is_counted_once_and_is_over_when_all_connections_are_back) {
    open_with_limit(TOLD_MAX);
    ck_assert_uint_eq(metrics_get(&metrics.gauges.has_database), 1);
    ck_assert_uint_eq(metrics_get(&metrics.outages), 0);
    fake_accepts = false;
    fake_break(fake_session(0));
    turn();
    read_number(0);
    ck_assert_uint_eq(metrics_get(&metrics.gauges.has_database), 0);
    ck_assert_uint_eq(metrics_get(&metrics.gauges.has_outage), 1);
    ck_assert_uint_eq(metrics_get(&metrics.lost_connections), 1);
    while (metrics_get(&metrics.failed_connects) == 0) {
        wait_ms(5);
    }
    ck_assert_uint_eq(metrics_get(&metrics.lanes.rejections[LANE_READS][METRICS_NO_CONNECTION]), 1);
    assert_connections(METRICS_FOR_READS, 1, 0, 0);
    fake_accepts = true;
    while (!pool_is_ready(pool)) {
        wait_ms(5);
    }
    ck_assert_uint_eq(metrics_get(&metrics.gauges.has_database), 1);
    ck_assert_uint_eq(metrics_get(&metrics.gauges.has_outage), 0);
    ck_assert_uint_eq(metrics_get(&metrics.outages), 1);
    assert_connections(METRICS_FOR_READS, 0, 1, 0);
    fake_pool_close(1);
}
END_TEST

START_TEST(a_read_that_is_sent_again_has_waited_once) {
    open_with_limit(TOLD_MAX);
    read_number(0);
    turn();
    fake_break(running(0));
    turn();
    while (running_count() == 0) {
        wait_ms(5);
    }
    return_row(running(0), "1");
    ck_assert_uint_eq(count_of(&metrics.lanes.wait[LANE_READS]), 1);
    ck_assert_uint_eq(count_of(&metrics.lanes.group_size[LANE_READS]), 2);
    assert_calls(LANE_READS, 0, 0);
    fake_pool_close(1);
}
END_TEST

Suite *pool_metrics_suite(void) {
    Suite *suite = suite_create("pool_metrics");
    TCase *cases = tcase_create("pool_metrics");
    tcase_add_test(cases, a_call_waits_runs_and_completes);
    tcase_add_test(cases, calls_that_share_a_statement_are_one_group_and_one_commit);
    tcase_add_test(cases, what_is_rolled_back_is_no_commit);
    tcase_add_test(cases, calls_that_wait_for_the_end_of_a_pause_are_counted_once);
    tcase_add_test(cases, rejections_have_their_reason);
    tcase_add_test(cases, an_outage_is_counted_once_and_is_over_when_all_connections_are_back);
    tcase_add_test(cases, a_read_that_is_sent_again_has_waited_once);
    suite_add_tcase(suite, cases);
    return suite;
}
