/* A pool whose server may be another one, or keeps sessions that were given up; on a fake libpq. */
#include "fake_pool.h"
#include "suites.h"

/* The guard: the timeline that counts. */
static uint64_t current;

static uint64_t take(void *owner, const struct server_run *run) {
    (void)owner;
    if (run->timeline < current) {
        return 0;
    }
    return current = run->timeline;
}

static bool is_current(void *owner, uint64_t number) {
    (void)owner;
    return number == current;
}

static void open_on(const char *database_url) {
    struct pool_settings settings = fake_pool_settings();
    settings.database_url = database_url;
    settings.connection.guard = (struct server_guard){take, is_current, NULL, "it is an older one"};
    settings.overdue_writes_limit = 2;
    fake_pool_open(&settings);
}

static void read_one(size_t number) {
    read_page(number, LANE_READS, STATEMENT_LIST_QUESTIONS, 1);
}

static void write_one(size_t number) {
    struct call call = noted_call(number, STATEMENT_NEXT_PAGE);
    call_add_int64(&call, 7);
    pool_submit(pool, LANE_WRITES, &call);
}

static void wait_until_ready(void) {
    while (!pool_is_ready(pool)) {
        wait_ms(5);
    }
}

START_TEST(an_older_server_is_not_used_and_another_host_is_tried) {
    current = 2;
    open_on("host=10.0.0.1,10.0.0.2");
    ck_assert(!pool_is_ready(pool));
    size_t before = fake_sessions_opened();
    fake_server.timeline = 2;
    wait_until_ready();
    ck_assert_str_eq(fake_tried(0)->host, "10.0.0.1");
    ck_assert_str_eq(fake_tried(before)->host, "10.0.0.2");
    fake_pool_close(0);
}
END_TEST

START_TEST(what_would_be_sent_to_a_server_that_was_replaced_goes_to_the_other_one) {
    open_on("host=10.0.0.1");
    wait_until_ready();
    size_t opened = fake_sessions_opened();
    fake_server.timeline = 2;
    current = 2; /* as another worker has seen */
    read_one(0);
    write_one(1);
    while (!told[0].dones || !told[1].dones) {
        wait_ms(5);
        for (size_t i = 0; i < fake_sessions_opened(); i++) {
            if (fake_is_running(fake_session(i))) {
                ck_assert_uint_ge(i, opened);
                return_row(fake_session(i), "1");
            }
        }
    }
    assert_told(0, QUERY_DONE);
    ck_assert(told[1].outcome == QUERY_DONE || told[1].outcome == QUERY_REFUSED);
    ck_assert_int_eq(pool_told_uncertain, 0);
    fake_pool_close(2);
}
END_TEST

START_TEST(a_write_that_a_replaced_server_acknowledges_is_unknown) {
    open_on("host=10.0.0.1");
    write_one(0);
    turn();
    current = 2;
    return_row(running(0), "1");
    assert_told(0, QUERY_UNKNOWN);
    fake_pool_close(1);
}
END_TEST

START_TEST(no_session_for_writes_begins_beside_many_that_were_given_up_and_reads_go_on) {
    fake_server.overdue = 2;
    open_on("host=10.0.0.1");
    ck_assert(!pool_is_ready(pool));
    read_one(0);
    turn();
    return_row(running(0), "1");
    assert_told(0, QUERY_DONE);
    write_one(1);
    assert_told(1, QUERY_REFUSED);
    fake_server.overdue = 1;
    wait_until_ready();
    fake_pool_close(2);
}
END_TEST

Suite *pool_servers_suite(void) {
    Suite *suite = suite_create("pool_servers");
    TCase *cases = tcase_create("pool_servers");
    tcase_add_test(cases, an_older_server_is_not_used_and_another_host_is_tried);
    tcase_add_test(cases, what_would_be_sent_to_a_server_that_was_replaced_goes_to_the_other_one);
    tcase_add_test(cases, a_write_that_a_replaced_server_acknowledges_is_unknown);
    tcase_add_test(cases,
                   no_session_for_writes_begins_beside_many_that_were_given_up_and_reads_go_on);
    suite_add_tcase(suite, cases);
    return suite;
}
